"""NumPy's own spelling builds nodes; numbers stay Python floats, float32 stays float32, arrays stay put, Dask stays lazy."""

from fractions import Fraction
from functools import partial

import dask
import dask.array as da
import numpy as np
import pytest
from dask.callbacks import Callback

import autograd_nodes as op
from autograd_engine import eliminate_common_subexpressions, expressions, gradient, jacobian
from autograd_nodes import Constant, Graph, Variable

VECTOR = np.array([0.5, 2.0, 3.0])
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])

# --------------------------------------------------------------------------------- operators and functions build nodes

OPERATORS = {
    "+": (lambda a, b: a + b, op.Add),
    "-": (lambda a, b: a - b, op.Subtract),
    "*": (lambda a, b: a * b, op.Multiply),
    "/": (lambda a, b: a / b, op.Divide),
    "**": (lambda a, b: a**b, op.Power),
    "==": (lambda a, b: a == b, op.Equal),
    "np.add": (np.add, op.Add),
    "np.subtract": (np.subtract, op.Subtract),
    "np.multiply": (np.multiply, op.Multiply),
    "np.divide": (np.divide, op.Divide),
    "np.true_divide": (np.true_divide, op.Divide),
    "np.power": (np.power, op.Power),
    "np.maximum": (np.maximum, op.Maximum),
    "np.equal": (np.equal, op.Equal),
}
OTHERS = {
    "an int": 3,
    "a float": 2.5,
    "a fraction": Fraction(1, 4),
    "a bool": True,
    "np.float64": np.float64(2.5),
    "np.float32": np.float32(2.5),
    "np.int64": np.int64(3),
    "an array without axes": np.array(2.5),
    "an array": VECTOR[::-1],
    "an array of integers": np.array([1, 2, 3]),
    "an array of bools": np.array([True, True, True]),
    "a matrix": MATRIX,
}


@pytest.mark.parametrize("value", [2.0, VECTOR], ids=["number", "vector"])
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize("apply, operation", OPERATORS.values(), ids=OPERATORS.keys())
def test_an_operator_takes_numbers_and_arrays_on_either_side(apply, operation, other, value):
    x, plain = Variable(value), np.asarray(other, float)
    for node, expected in ((apply(x, other), apply(x.value, plain)), (apply(other, x), apply(plain, x.value))):
        assert type(node) is operation
        np.testing.assert_allclose(node.value, expected, rtol=1e-15)
        (k,) = [leaf for leaf in node.inputs if leaf is not x]
        assert type(k) is Constant and type(k.value) is (np.ndarray if np.ndim(other) else float)


@pytest.mark.parametrize("apply", [lambda a, b: a @ b, np.matmul], ids=["@", "np.matmul"])
def test_matrices_multiply_on_either_side(apply):
    x, y = Variable(MATRIX), Variable(VECTOR)
    for node in (apply(MATRIX, y), apply(x, VECTOR), apply(x, y)):
        assert type(node) is op.Matmul
        np.testing.assert_array_equal(node.value, MATRIX @ VECTOR)


FUNCTIONS = {
    "np.negative(x)": (lambda x: np.negative(x), op.Negative),
    "-x": (lambda x: -x, op.Negative),
    "np.square(x)": (lambda x: np.square(x), op.Square),
    "np.sqrt(x)": (lambda x: np.sqrt(x), op.Sqrt),
    "np.exp(x)": (lambda x: np.exp(x), op.Exp),
    "np.log(x)": (lambda x: np.log(x), op.Log),
    "np.sin(x)": (lambda x: np.sin(x), op.Sin),
    "np.cos(x)": (lambda x: np.cos(x), op.Cos),
    "np.tanh(x)": (lambda x: np.tanh(x), op.Tanh),
    "np.maximum(x, 2)": (lambda x: np.maximum(x, 2), op.Maximum),
    "np.sum(x)": (lambda x: np.sum(x), op.Sum),
    "np.sum(x, 1)": (lambda x: np.sum(x, 1), op.Sum),
    "np.sum(x, axis=0)": (lambda x: np.sum(x, axis=0), op.Sum),
    "np.sum(x, (0, 1))": (lambda x: np.sum(x, (0, 1)), op.Sum),
    "np.sum(x, axis=-1, keepdims=True)": (lambda x: np.sum(x, axis=-1, keepdims=True), op.Sum),
    "np.sum(a=x)": (lambda x: np.sum(a=x), op.Sum),
    "np.max(x)": (lambda x: np.max(x), op.Max),
    "np.max(x, 0)": (lambda x: np.max(x, 0), op.Max),
    "np.amax(x, axis=1)": (lambda x: np.amax(x, axis=1), op.Max),
    "np.max(x, keepdims=True)": (lambda x: np.max(x, keepdims=True), op.Max),
    "np.transpose(x)": (lambda x: np.transpose(x), op.Transpose),
    "x.T": (lambda x: x.T, op.Transpose),
    "np.reshape(x, (3, 2))": (lambda x: np.reshape(x, (3, 2)), op.Reshape),
    "np.reshape(x, shape=-1)": (lambda x: np.reshape(x, shape=-1), op.Reshape),
    "np.stack([x, x])": (lambda x: np.stack([x, x]), op.Stack),
    "np.stack((x, MATRIX), 1)": (lambda x: np.stack((x, MATRIX), 1), op.Stack),
    "np.stack([MATRIX, x], axis=-1)": (lambda x: np.stack([MATRIX, x], axis=-1), op.Stack),
    "x[0]": (lambda x: x[0], op.Index),
    "x[np.int64(1)]": (lambda x: x[np.int64(1)], op.Index),
    "x[:, 1:]": (lambda x: x[:, 1:], op.Index),
    "x[..., None, -1]": (lambda x: x[..., None, -1], op.Index),
}


@pytest.mark.parametrize("apply, operation", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_a_numpy_function_of_a_node_is_an_operation_with_numpys_value(apply, operation):
    node = apply(Variable(MATRIX))
    assert type(node) is operation
    np.testing.assert_allclose(node.value, apply(MATRIX), rtol=1e-15)
    assert node.shape == np.shape(apply(MATRIX))


def test_a_square_is_an_operation_of_its_own_and_another_exponent_is_a_power():
    x = Variable(3.0)
    assert [type(x**two) for two in (2, 2.0, np.float64(2), np.int64(2), Fraction(2))] == [op.Square] * 5
    others = [3, 2.5, Constant(2.0), Variable(2.0), np.array([2.0]), -2]
    assert [type(x**other) for other in others] == [op.Power] * 6
    assert type(2**x) is op.Power and (2**x).value == 8.0


def test_a_plus_sign_changes_nothing():
    x = Variable(3.0)
    assert +x is x


def test_shape_and_ndim_answer_for_nodes():
    for value in (2.0, VECTOR, MATRIX):
        x = Variable(value)
        assert np.shape(x) == x.shape == (x * 2.0).shape == np.shape(value) and np.ndim(x) == np.ndim(value)


def test_an_assignment_with_an_operator_builds_a_node():
    x = Variable(2.0)
    y = x
    y *= 3
    y += 1
    assert y.value == 7.0 and x.value == 2.0


def test_operations_can_be_built_by_name_from_plain_numbers():
    assert op.Sigmoid(0.0).value == 0.5 and op.Max([1.0, 5.0]).value == 5.0 and op.Divide(1, 4).value == 0.25


def test_a_new_operation_is_six_lines_and_works_at_once():
    class Tan(op.Node):
        function = np.tan

        def forward(x):
            return np.tan(x)

        backward = (lambda grad, t, x: grad * (1.0 + t * t),)

    x = Variable([0.5, 1.0])
    y = np.tan(x)
    assert type(y) is Tan and type(np.tan(Variable(0.5)).value) is float
    np.testing.assert_allclose(Graph(y).backward([1.0, 1.0])[x], 1 / np.cos(x.value) ** 2, rtol=1e-15)
    (slope,) = gradient(np.sum(y), [x])
    np.testing.assert_allclose(jacobian(slope, x), np.diag(2 * np.tan(x.value) / np.cos(x.value) ** 2), rtol=1e-14)


# --------------------------------------------------------------------------------------------------- numbers are floats


def model(w, x):
    """Something of everything: a loss of a small network."""
    hidden = np.tanh(x * w) + op.Sigmoid(x) - np.maximum(x, 0.75) / (1.0 + x**2) + np.sqrt(x) ** w
    return np.sum(hidden**2) + np.max(hidden) * np.log(w) + np.sum(np.stack([x, x * w]))


@pytest.mark.parametrize(
    "number", [2, 2.0, True, np.float64(2), np.float32(2), np.int32(2), np.array(2.0), np.array(2), Fraction(5, 2)]
)
def test_a_number_of_any_kind_becomes_a_python_float(number):
    for leaf in (Variable(number), Constant(number), (Variable(1.0) * number).inputs[1]):
        assert type(leaf.value) is float and leaf.value == float(number) and leaf.shape == ()
    x = Variable(1.0)
    x.value = number
    assert type(x.value) is float


@pytest.mark.parametrize("x_value", [0.5, VECTOR, VECTOR.astype(np.float32)], ids=["numbers", "float64", "float32"])
def test_scalars_are_python_floats_in_every_node_and_adjoint(x_value):
    w, x = Variable(1.5), Variable(x_value)
    y = model(w, x)
    graph = Graph(y, *gradient(y, [w, x]))
    for _ in range(2):
        grads = Graph(y).backward()
        scalars = [node for node in graph.nodes if node.shape == ()]
        assert len(scalars) > 10
        assert {type(node.value) for node in scalars} == {float}
        assert {type(node.grad) for node in scalars} == {float, type(None)}
        assert type(grads[w]) is float
        graph.forward()


def test_a_forward_sweep_of_numbers_returns_a_python_float():
    x = Variable(VECTOR)
    for build in (np.sum, np.max, lambda x: x[0], lambda x: x @ x, lambda x: np.reshape(x[:1], ())):
        assert type(build(x).value) is type(Graph(build(x)).forward()) is float


# ------------------------------------------------------------------------------------------------------ float32 stays


@pytest.mark.parametrize("values", [[1, 2], [1.0, 2.0], (True, False), np.array([1, 2]), np.ones(2, np.float16), np.ones(2)])
def test_every_other_array_becomes_float64(values):
    assert Variable(values).value.dtype == Constant(values).value.dtype == np.float64


def arrays_of(nodes):
    return [value for node in nodes for value in (node.value, node.grad) if isinstance(value, np.ndarray)]


def test_float32_stays_float32_in_values_adjoints_and_gradient_graphs():
    w, x = Variable(1.5), Variable(VECTOR.astype(np.float32))
    y = model(w, x)
    graph = Graph(y, *gradient(y, [w, x]))
    Graph(y).backward()
    assert len(arrays_of(graph.nodes)) > 30
    assert {array.dtype for array in arrays_of(graph.nodes)} == {np.dtype(np.float32)}
    graph.forward()
    assert {array.dtype for array in arrays_of(graph.nodes)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("build", [
    lambda x: x * 2, lambda x: 2 / x, lambda x: x**1.5, lambda x: 2.0**x, lambda x: np.maximum(x, 1), lambda x: x == 1.0,
    lambda x: op.Equal(1.0, x), op.Sigmoid, lambda x: np.sum(x, axis=0, keepdims=True), lambda x: np.max(x, axis=0),
    lambda x: x.T @ x, lambda x: np.stack([x, x]), lambda x: np.reshape(x, -1), lambda x: x[:, 0],
    lambda x: op.BroadcastLike(1.0, x), lambda x: op.PlaceLike(x[0], x, index=1), lambda x: op.SumLike(x, x[0]),
    lambda x: op.ReshapeLike(x, x.T),
])  # fmt: skip
def test_each_operation_keeps_float32_even_under_a_float64_seed(build):
    x = Variable(np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3))
    y = build(x)
    grads = Graph(y).backward(np.ones(y.shape))
    assert y.value.dtype == grads[x].dtype == np.float32
    (slope,) = gradient(np.sum(y), [x])
    assert slope.value.dtype == np.float32
    np.testing.assert_allclose(slope.value, grads[x], rtol=1e-6)


def test_a_seed_takes_the_precision_of_the_output():
    x = Variable(np.ones(3, np.float32))
    for y in (x * 2.0, x):
        Graph(y).backward(np.ones(3))
        assert y.grad.dtype == np.float32


def test_the_jacobian_of_float32_is_float32():
    x, other = Variable(np.ones(2, np.float32)), Variable(np.ones(2, np.float32))
    assert {jacobian(y, x).dtype for y in (x * 2, x, other * 2)} == {np.dtype(np.float32)}


def test_an_adjoint_has_the_precision_of_its_node_where_precisions_meet():
    single, double = Variable(np.ones(3, np.float32)), Variable(np.ones(3))
    y = np.sum(single * double)
    grads = Graph(y).backward()
    slopes = dict(zip((single, double), gradient(y, [single, double]), strict=True))
    for x in (single, double):
        assert grads[x].dtype == slopes[x].value.dtype == x.value.dtype


# ----------------------------------------------------------------------------------------- arrays stay as they are


def test_a_leaf_has_a_copy_of_its_array():
    array = VECTOR.copy()
    x, k = Variable(array), Constant(array)
    y = x * array
    x.value = array
    array[0] = 99.0
    for node in (x, k, y.inputs[1]):
        np.testing.assert_array_equal(node.value, VECTOR)


def test_a_seed_is_copied_too():
    seed = np.ones(3)
    x = Variable(VECTOR)
    grads = Graph(x + 1.0).backward(seed)
    seed[0] = 99.0
    np.testing.assert_array_equal(grads[x], np.ones(3))
    assert seed.flags.writeable


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_value_and_no_adjoint_can_be_written_to(dtype):
    w, x = Variable(1.5), Variable(VECTOR.astype(dtype))
    y = model(w, x) + np.sum(np.reshape(x, (3, 1)).T @ x)
    graph = Graph(y, *gradient(y, [w, x]))
    for sweep in (lambda: None, graph.forward, Graph(y).backward):
        sweep()
        assert not any(array.flags.writeable for array in arrays_of(graph.nodes))
    with pytest.raises(ValueError):
        x.value[0] = 1.0
    with pytest.raises(ValueError):
        x.grad += 1.0


# --------------------------------------------------------------------------------------------------------------- Dask


class Computations(Callback):
    """Counts the computations that Dask starts."""

    def __init__(self):
        super().__init__(start=self.count)
        self.started = 0

    def count(self, dsk):
        self.started += 1


DATA = np.linspace(0.2, 2.0, 35).reshape(7, 5)
WEIGHTS = np.linspace(0.5, 1.5, 5)
lazily = partial(da.from_array, chunks=(3, 2))  # chunks of 3, 3, 1 rows and 2, 2, 1 columns
values_of = partial(dask.compute, scheduler="synchronous")

# Functions of data x (7, 5), weights w (5,) and a number s.
MODELS = {
    "least squares": lambda x, w, s: np.sum((x @ w - s) ** 2),
    "logistic": lambda x, w, s: np.sum(np.log(1.0 + np.exp(-(x @ w + s)))),
    "a network": lambda x, w, s: np.sum(np.tanh(x * w) * op.Sigmoid(x - s) / np.sqrt(x)),
    "rectified": lambda x, w, s: np.sum(np.maximum(x * w - s, 0)),
    "largest": lambda x, w, s: np.max(x * w) + np.sum(np.max(x * s, axis=0)) + np.sum(np.max(x, axis=1, keepdims=True) * x),
    "powers": lambda x, w, s: np.sum(x**w + x**2 + x**3 + 2.0**x + s**x),
    "waves": lambda x, w, s: np.sum(np.sin(x) * np.cos(x * s)) - np.sum(-x),
    "normal equations": lambda x, w, s: w @ (x.T @ x) @ w,
    "rows and columns": lambda x, w, s: np.sum(x[0] * w) + np.sum(x[1:, -1]) * s + np.sum(x[::2, 1:3] ** 2),
    "a new axis": lambda x, w, s: np.sum(x[:, None, :] * x[None, ..., 0][..., None, None]),
    "reshaped": lambda x, w, s: np.sum(np.reshape(x, (35,)) ** 2) * s + np.sum(np.reshape(x, -1)),
    "stacked": lambda x, w, s: np.sum(np.stack([x, x * w], axis=1) ** 2) + np.sum(np.stack([x[0], w]) * s),
    "sums along axes": lambda x, w, s: np.sum(np.sum(x, axis=0) * w) + np.sum(np.sum(x, axis=-1, keepdims=True) * x),
    "ties": lambda x, w, s: np.sum((x == x[0]) * x) + np.sum(np.maximum(x, x)),
    "one weight": lambda x, w, s: np.sum(x * w[0]) + np.sum(x[:, 1:] * w[1:]),
    "all weights": lambda x, w, s: np.sum(x * np.sum(w)) + np.sum(x) * np.max(w),
    "weights reshaped": lambda x, w, s: np.sum(x * np.reshape(w, (1, 5))) + np.sum(x @ np.stack([w, w], axis=1)),
    "numbers stacked": lambda x, w, s: np.sum(np.stack([s, s * 2])[0] * x),
    "like another": lambda x, w, s: np.sum(op.BroadcastLike(w, x) * op.ReshapeLike(x, x)) + np.sum(op.SumLike(x, w) * w),
}  # fmt: skip
each_model = pytest.mark.parametrize("function", MODELS.values(), ids=MODELS.keys())


def results(function, data):
    """Value, gradient by sweep and by graph, and second derivatives, of the model with these data."""
    leaves = [Variable(data), Variable(WEIGHTS), Variable(1.2)]
    y = function(*leaves)
    grads = Graph(y).backward()
    slopes = gradient(y, leaves)
    curvature = Graph(np.sum(slopes[0] * slopes[0])).backward()
    reduced = eliminate_common_subexpressions(y)
    return [y.value, Graph(y).forward(), reduced.value, *(x.value for x in slopes), *grads.values(), *curvature.values()]


@each_model
def test_dask_arrays_give_the_same_numbers_with_uneven_chunks_too(function):
    for lazy, expected in zip(values_of(*results(function, lazily(DATA))), results(function, DATA), strict=True):
        assert np.shape(lazy) == np.shape(expected)
        np.testing.assert_allclose(lazy, expected, rtol=1e-12, atol=1e-12)


@each_model
def test_nothing_is_computed_before_it_is_asked_for(function):
    with Computations() as computations:
        lazy = results(function, lazily(DATA))
    assert computations.started == 0
    assert isinstance(lazy[0], da.Array)
    with computations:
        values_of(*lazy)
    assert computations.started == 1


@pytest.mark.parametrize("apply", [pair[0] for pair in OPERATORS.values()], ids=OPERATORS.keys())
def test_a_dask_array_may_stand_on_either_side_of_an_operator(apply):
    x = Variable(WEIGHTS)
    for node, expected in ((apply(lazily(DATA), x), apply(DATA, WEIGHTS)), (apply(x, lazily(DATA)), apply(WEIGHTS, DATA))):
        assert isinstance(node, op.Node) and isinstance(node.value, da.Array)
        np.testing.assert_allclose(node.value.compute(), expected, rtol=1e-15)


def test_a_dask_array_may_be_a_factor_of_a_matrix_product():
    pairs = (lazily(DATA) @ Variable(WEIGHTS), DATA @ WEIGHTS), (Variable(DATA) @ lazily(DATA).T, DATA @ DATA.T)
    for node, expected in pairs:
        np.testing.assert_allclose(node.value.compute(), expected, rtol=1e-14)


def test_a_new_dask_array_in_a_leaf_is_swept_lazily():
    x = Variable(lazily(DATA))
    graph = Graph(np.sum(x**2))
    with Computations() as computations:
        x.value = lazily(DATA * 2.0)
        value, grad = graph.forward(), graph.backward()[x]
    assert computations.started == 0
    value, grad = values_of(value, grad)
    assert value == pytest.approx(4.0 * np.sum(DATA**2), rel=1e-14)
    np.testing.assert_allclose(grad, 4.0 * DATA, rtol=1e-15)


@pytest.mark.parametrize("build", [lambda x: x[0], lambda x: np.sum(x, axis=0), lambda x: np.sum(x, axis=1, keepdims=True)])
def test_a_small_seed_grows_to_the_adjoint_of_a_dask_array_lazily(build):
    x = Variable(lazily(DATA))
    y = build(x)
    grad = Graph(y).backward(np.ones(y.shape))[x]
    assert isinstance(grad, da.Array) and grad.shape == x.shape


def test_float32_stays_float32_in_dask_arrays():
    x = Variable(lazily(DATA.astype(np.float32)))
    y = np.sum(op.Sigmoid(-x) * x**2)
    grads, (slope,) = Graph(y).backward(), gradient(y, [x])
    assert [v.dtype for v in values_of(x.value, y.value, grads[x], slope.value)] == [np.float32] * 4


@pytest.mark.parametrize("apply, bad", [
    (np.log, -1.0), (np.sqrt, -1.0), (np.exp, 1e4), (lambda x: 1.0 / x, 0.0), (lambda x: x * 1e300, 1e300),
])  # fmt: skip
def test_an_undefined_value_in_a_dask_array_is_numpys_error_when_it_is_computed(apply, bad):
    node = apply(Variable(lazily(np.full((7, 5), bad))))
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        node.value.compute(scheduler="synchronous")


def test_dask_arrays_that_do_not_fit_are_refused_at_once():
    x = Variable(lazily(DATA))
    for build in (lambda: x + np.ones(4), lambda: x @ np.ones(4), lambda: np.sum(x, axis=2)):
        with pytest.raises(ValueError):
            build()
    with pytest.raises(ValueError, match=r"\(6, 5\).*\(7, 5\)"):
        x.value = lazily(DATA[1:])


@pytest.mark.parametrize("dtype", [complex, object, "U3"])
def test_a_dask_array_of_no_real_numbers_is_refused(dtype):
    with pytest.raises(TypeError, match=r"not a real number"):
        Variable(da.from_array(np.full(3, "1").astype(dtype), chunks=2))


def test_numpys_function_finds_an_operation_of_ones_own_however_it_takes_its_operands():
    before = dict(expressions.operations)

    class Clip(op.Node):
        function = np.clip
        def forward(x, a_min, a_max): return np.clip(x, a_min, a_max)
        backward = (lambda grad, t, x, a_min, a_max: grad * op.equal(x, t), None, None)

    class Where(op.Node):
        function = np.where
        def forward(condition, x, y): return np.where(condition, x, y)
        backward = (None, lambda grad, t, c, x, y: grad * c, lambda grad, t, c, x, y: grad * (1.0 - c))

    class Concatenate(op.Node):
        function = np.concatenate
        def forward(*arrays, axis=0): return np.concatenate(arrays, axis=axis)
        def rules(self): return (None,) * len(self.inputs)

    class Greater(op.Node):
        function = np.greater
        def forward(x, y): return x > y
        backward = (None, None)

    x = Variable([-1.0, 0.5, 2.0])
    try:
        np.testing.assert_array_equal(np.clip(x, 0.0, 1.0).value, [0.0, 0.5, 1.0])
        np.testing.assert_array_equal(np.where(np.greater(x, 0.0), x, -x).value, [1.0, 0.5, 2.0])
        np.testing.assert_array_equal(np.concatenate([x, x], axis=0).value, [-1.0, 0.5, 2.0, -1.0, 0.5, 2.0])
        np.testing.assert_array_equal((np.greater(x, 0.0) + np.greater(x, 0.0)).value, [0.0, 2.0, 2.0], strict=True)
    finally:
        expressions.operations.clear()
        expressions.operations.update(before)


def test_a_list_that_is_a_parameter_may_change_afterwards():
    shape = [3, 2]
    y = np.reshape(Variable(np.arange(6.0)), shape)
    shape[:] = [6, 1]
    assert Graph(y).forward().shape == (3, 2)


def test_integers_of_numpy_in_an_index_become_pythons():
    x = Variable(MATRIX)
    (row, columns), given = x[np.int64(1), np.int8(-2) : : np.int32(1)].parameters["index"], x[np.uint8(0)].parameters["index"]
    assert [type(i) for i in (row, columns.start, columns.stop, columns.step, *given)] == [int, int, type(None), int, int]
    assert (row, columns, given) == (1, slice(-2, None, 1), (0,))
