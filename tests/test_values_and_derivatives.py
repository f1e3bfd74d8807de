"""Every operation: its value, its derivatives and their derivatives, in every shape, against 60-digit arithmetic."""

from functools import cache
from itertools import combinations, product

import numpy as np
import pytest
import reference as ref
import sympy

import autograd_nodes as op
from autograd_engine import gradient, hessian, jacobian
from autograd_nodes import Constant, Graph, Node, Variable

# What each operation means, said once more, independently, on arrays of precise numbers.
MEANING = {
    op.Add: lambda x, y: x + y,
    op.Subtract: lambda x, y: x - y,
    op.Multiply: lambda x, y: x * y,
    op.Divide: lambda x, y: x / y,
    op.Power: lambda x, y: x**y,
    op.Maximum: np.maximum,
    op.Equal: ref.equal,
    op.Negative: lambda x: -x,
    op.Square: lambda x: x * x,
    op.Sqrt: ref.sqrt,
    op.Exp: ref.exp,
    op.Log: ref.log,
    op.Sin: ref.sin,
    op.Cos: ref.cos,
    op.Tanh: ref.tanh,
    op.Sigmoid: ref.sigmoid,
    op.Sum: np.sum,
    op.Max: np.max,
    op.Matmul: np.matmul,
    op.Transpose: np.transpose,
    op.Reshape: np.reshape,
    op.ReshapeLike: lambda x, like: np.reshape(x, like.shape),
    op.Index: lambda x, index: x[index],
    op.PlaceLike: ref.place_like,
    op.Stack: lambda *x, axis=0: np.stack(x, axis=axis),
    op.BroadcastLike: lambda x, like: np.broadcast_to(x, like.shape),
    op.SumLike: ref.sum_like,
}
BINARY = [op.Add, op.Subtract, op.Multiply, op.Divide, op.Power, op.Maximum, op.Equal]
UNARY = [op.Negative, op.Square, op.Sqrt, op.Exp, op.Log, op.Sin, op.Cos, op.Tanh, op.Sigmoid, op.Transpose]
POSITIVE = [op.Sqrt, op.Log, op.Power]  # operations whose first operand has to be
SHAPES = [(), (1,), (3,), (1, 3), (2, 1), (2, 3), (2, 1, 3)]
INDICES = [0, -1, slice(1, None), slice(None, None, -1), slice(0, 0), None, ..., (), (None, -2), (..., None, slice(0, 2))]
INDICES_OF_A_MATRIX = [(1, 2), (slice(None), -1), (0, slice(2)), (..., 0), (slice(None), None, slice(None, None, 2)), (-1, ...)]


def axes_of(shape):
    """None, each axis counted from either end, and all tuples of axes."""
    axes = range(len(shape))
    return [None, *axes, *(-1 - i for i in axes), *(c for n in range(len(shape) + 1) for c in combinations(axes, n))]


def pick(shape, index):
    return np.zeros(shape)[index].shape


def cases():
    """(operation, shapes of its operands, parameters)"""
    yield from ((operation, (shape,), {}) for operation in UNARY for shape in SHAPES)
    yield from ((operation, shapes, {}) for operation in BINARY for shapes in product(SHAPES, SHAPES))
    for shape in ((), (1,), (3,), (2, 3), (2, 1, 3)):
        for axis, keepdims in product(axes_of(shape), (False, True)):
            yield op.Sum, (shape,), {"axis": axis, "keepdims": keepdims}
            if axis != ():
                yield op.Max, (shape,), {"axis": axis, "keepdims": keepdims}
    for x, y in product([(3,), (1, 3), (2, 3)], [(3,), (3, 1), (3, 2)]):
        yield op.Matmul, (x, y), {}
    for shape, index in [*product([(3,), (2, 3)], INDICES), *product([(2, 3)], INDICES_OF_A_MATRIX)]:
        yield op.Index, (shape,), {"index": index}
        yield op.PlaceLike, (pick(shape, index), shape), {"index": index}
    yield op.PlaceLike, ((), (2, 3)), {"index": slice(None)}
    for x, y in [((), (1, 1)), ((6,), (2, 3)), ((2, 3), (6,)), ((2, 3), (3, 2)), ((1,), ())]:
        yield op.Reshape, (x,), {"shape": y}
        yield op.ReshapeLike, (x, y), {}
    yield op.Reshape, ((2, 3),), {"shape": (-1, 2)}
    yield op.Reshape, ((2, 3),), {"shape": -1}
    for shape in ((), (3,), (2, 3)):
        for axis, count in product(range(-len(shape) - 1, len(shape) + 1), (1, 2, 3)):
            yield op.Stack, (shape,) * count, {"axis": axis}
    for narrow, wide in product(SHAPES, SHAPES):
        if np.broadcast_shapes(narrow, wide) == wide:
            yield op.BroadcastLike, (narrow, wide), {}
            yield op.SumLike, (wide, narrow), {}


CASES = list(cases())


def title(case):
    operation, shapes, parameters = CASES[case]
    return "-".join([operation.__name__, *map(str, shapes), *(f"{key}={value}" for key, value in parameters.items())])


every_case = pytest.mark.parametrize("case", range(len(CASES)), ids=title)


def numbers(rng, shape, positive=False):
    """Of magnitude 0.5 to 2, where every operation is smooth."""
    magnitudes = rng.uniform(0.5, 2.0, shape)
    return magnitudes if positive else magnitudes * rng.choice([-1.0, 1.0], shape)


def variable(i, x):
    return Variable(x)


class Case:
    """An operation on operands, a seed for the sweep, a direction for the second derivative, and what all should come to."""

    def __init__(self, operation, shapes, parameters, seed):
        rng = np.random.default_rng(seed)
        self.operation, self.parameters = operation, parameters
        self.operands = [numbers(rng, shape, operation in POSITIVE and not i) for i, shape in enumerate(shapes)]
        if operation is op.Equal:  # some elements are
            self.operands = [np.rint(x) for x in self.operands]
        precise = [ref.exact(x) for x in self.operands]

        def meaning(*x):
            return ref.array(MEANING[operation](*map(ref.array, x), **parameters))

        self.value = meaning(*precise)
        self.seed = numbers(rng, self.value.shape)
        self.directions = [numbers(rng, shape) for shape in shapes]
        self.first = ref.vector_jacobian_products(meaning, precise, self.seed)
        self.second = ref.second_derivatives(meaning, precise, self.seed, self.directions)

    def build(self, leaf=variable):
        leaves = [leaf(i, x) for i, x in enumerate(self.operands)]
        return leaves, self.operation(*leaves, **self.parameters)

    def slopes(self, leaf=variable):
        """The operands, and the graphs of the derivatives of Σ seed · t."""
        variables, t = self.build(leaf)
        return variables, gradient(np.sum(t * self.seed), variables)

    def slope_along(self):
        """The operands, and the node of the derivative of Σ seed · t in the direction of this case."""
        variables, slopes = self.slopes()
        along = [np.sum(slope * direction) for slope, direction in zip(slopes, self.directions, strict=True)]
        total = along[0]
        for term in along[1:]:
            total = total + term
        return variables, total


@cache
def the(case):
    return Case(*CASES[case], seed=case)


def assert_all_close(values, references):
    for value, reference in zip(values, references, strict=True):
        ref.assert_close(value, reference)


def test_every_operation_is_checked_here():
    classes = {cls for cls in vars(op).values() if isinstance(cls, type) and issubclass(cls, Node)}
    operations = {cls for cls in classes if hasattr(cls, "forward")}
    assert classes - operations == {Node, Variable, Constant}
    assert operations == set(MEANING) == {operation for operation, _, _ in CASES}


@every_case
def test_the_value_is_right(case):
    _, t = the(case).build()
    ref.assert_close(t.value, the(case).value)
    assert t.shape == the(case).value.shape


@every_case
def test_forward_gives_the_same_value_again(case):
    _, t = the(case).build()
    built = t.value
    np.testing.assert_array_equal(Graph(t).forward(), built, strict=True)


@every_case
def test_the_backward_sweep_is_right_for_any_seed(case):
    variables, t = the(case).build()
    grads = Graph(t).backward(the(case).seed)
    assert_all_close([grads[x] for x in variables], the(case).first)


@every_case
def test_each_operand_has_its_derivative_when_the_others_are_constant(case):
    for i, expected in enumerate(the(case).first):
        leaves, t = the(case).build(lambda k, x, i=i: (Variable if k == i else Constant)(x))
        assert_all_close(Graph(t).backward(the(case).seed).values(), [expected])
        assert all((leaf.grad is None) == (k != i) for k, leaf in enumerate(leaves))


@every_case
def test_the_gradient_graph_is_right(case):
    assert_all_close([slope.value for slope in the(case).slopes()[1]], the(case).first)


@every_case
def test_a_gradient_graph_built_at_one_point_is_right_at_another(case):
    variables, slopes = the(case).slopes(lambda i, x: Variable(np.abs(x) + 1.25))
    for x, value in zip(variables, the(case).operands, strict=True):
        x.value = value
    Graph(*slopes).forward()
    assert_all_close([slope.value for slope in slopes], the(case).first)


@every_case
def test_the_second_derivative_by_a_sweep_over_the_gradient_graph_is_right(case):
    variables, along = the(case).slope_along()
    grads = Graph(along).backward()
    assert_all_close([grads.get(x, np.zeros(x.shape)) for x in variables], the(case).second)


@every_case
def test_the_second_derivative_by_the_gradient_of_the_gradient_is_right(case):
    variables, along = the(case).slope_along()
    assert_all_close([slope.value for slope in gradient(along, variables)], the(case).second)


# ------------------------------------------------------------------------------- scalar functions, to third order, by SymPy

SYMPY = {
    op.Negative: lambda x: -x,
    op.Square: lambda x: x**2,
    op.Sqrt: sympy.sqrt,
    op.Exp: sympy.exp,
    op.Log: sympy.log,
    op.Sin: sympy.sin,
    op.Cos: sympy.cos,
    op.Tanh: sympy.tanh,
    op.Sigmoid: lambda x: 1 / (1 + sympy.exp(-x)),
}


@pytest.mark.parametrize("operation", SYMPY, ids=lambda operation: operation.__name__)
@pytest.mark.parametrize("at", [0.01, 0.7, 1.0, 3.0, 15.0, -0.3, -15.0])
def test_functions_of_one_number_agree_with_sympy_to_third_order(operation, at):
    if operation in (op.Sqrt, op.Log):
        at = abs(at)
    symbol, x = sympy.Symbol("x"), Variable(at)
    expected, node = SYMPY[operation](symbol), operation(x)
    for _ in range(4):
        value = float(expected.subs(symbol, sympy.Rational(at)).evalf(30))
        assert abs(node.value - value) <= 1e-12 * max(1.0, abs(value))
        expected, (node,) = expected.diff(symbol), gradient(node, [x])


@pytest.mark.parametrize("base", [1.3, -1.3, 0.0])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4])
def test_a_whole_power_has_all_its_derivatives_for_every_base(base, exponent):
    x = Variable(base)
    node, factor, rest = op.Power(x, float(exponent)), 1.0, exponent
    for _ in range(5):
        assert node.value == pytest.approx(factor * base ** max(rest, 0), rel=1e-13)
        (node,), factor, rest = gradient(node, [x]), factor * rest, rest - 1


@pytest.mark.parametrize("at", [(2.0, 0.0), (2.0, 1.0), (0.5, 2.0), (1.0, 0.0), (3.0, -1.0), (0.25, 1.5)])
def test_a_power_has_all_its_second_derivatives_for_every_exponent(at):
    symbols, variables = sympy.symbols("x y"), [Variable(value) for value in at]
    exact = sympy.hessian(symbols[0] ** symbols[1], symbols)
    exact = exact.subs(dict(zip(symbols, map(sympy.Rational, at), strict=True))).evalf(30)
    rows = hessian(variables[0] ** variables[1], variables)
    ref.assert_close([[entry.value for entry in row] for row in rows], np.array(exact.tolist()), 1e-14)


@pytest.mark.parametrize("exponent", [-3.0, -1.0, 5.0])
def test_a_negative_base_has_whole_powers_in_arrays_too(exponent):
    x = Variable(np.array([-2.0, -0.5, 1.5]))
    y = x**exponent
    np.testing.assert_allclose(y.value, x.value**exponent, rtol=1e-15)
    np.testing.assert_allclose(Graph(y).backward(np.ones(3))[x], exponent * x.value ** (exponent - 1), rtol=1e-15)


def test_a_power_of_zero_has_the_derivative_by_its_base():
    base = Variable(np.array([0.0, 0.0, 0.0, 2.0]))
    grads = Graph(base ** np.array([0.0, 1.0, 3.0, 0.0])).backward(np.ones(4))
    np.testing.assert_array_equal(grads[base], [0.0, 1.0, 0.0, 0.0])


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0])
def test_a_power_of_zero_is_not_differentiated_by_its_exponent(exponent):
    x, y = Variable(0.0), Variable(exponent)
    with pytest.raises(FloatingPointError, match="Power"):
        Graph(x**y).backward()
    with pytest.raises(FloatingPointError, match="Power"):
        gradient(x**y, [x, y])


@pytest.mark.parametrize("operation, limits", [(op.Sigmoid, (0.0, 1.0)), (op.Tanh, (-1.0, 1.0))])
@pytest.mark.parametrize("far", [np.float64(1000.0), np.array([40.0, 1000.0])], ids=["number", "array"])
def test_a_saturated_function_is_flat_and_overflows_nowhere(operation, limits, far):
    for sign, limit in zip((-1, 1), limits, strict=True):
        x = Variable(sign * far)
        t = operation(x)
        np.testing.assert_allclose(t.value, np.full(x.shape, limit), atol=1e-15)
        np.testing.assert_allclose(Graph(t).backward(np.ones(x.shape))[x], np.zeros(x.shape), atol=1e-15)


def test_a_sigmoid_keeps_its_relative_precision_far_to_the_left():
    x = Variable(np.array([-700.0, -40.0, -1.0]))
    exact = ref.sigmoid(ref.exact(x.value))
    np.testing.assert_allclose(op.Sigmoid(x).value, exact.astype(float), rtol=1e-14)
    assert op.Sigmoid(Variable(-700.0)).value == pytest.approx(float(exact[0]), rel=1e-14)


# -------------------------------------------------------------------------------------------------- Jacobians and Hessians


@pytest.mark.parametrize("x_shape", [(), (1,), (3,), (2, 3)])
@pytest.mark.parametrize("y_shape", [(), (1,), (3,), (2, 3)])
def test_a_jacobian_has_one_row_for_each_output(y_shape, x_shape):
    rng = np.random.default_rng(7)
    n, m = int(np.prod(y_shape)), int(np.prod(x_shape))
    weights, x = rng.normal(size=(n, m)), Variable(rng.normal(size=x_shape))
    y = np.reshape(np.sin(weights @ np.reshape(x, (m,))), y_shape)
    rows = np.cos(weights @ np.reshape(x.value, m))[:, None] * weights
    result = jacobian(y, x)
    assert isinstance(result, np.ndarray)
    ref.assert_close(result, rows.reshape(y_shape + x_shape))


def test_the_jacobian_of_the_sheet_agrees_with_sympy():
    symbols, at = sympy.symbols("x1:4"), (1.3, 0.4, 0.2)
    a, b, c = symbols
    function = sympy.Matrix([sympy.sqrt(a**2 - c), sympy.exp(b) * sympy.cos(4 * c)])
    exact = function.jacobian(symbols).subs(dict(zip(symbols, map(sympy.Rational, at), strict=True))).evalf(30)
    x = Variable(at)
    y = np.stack([np.sqrt(x[0] ** 2 - x[2]), np.exp(x[1]) * np.cos(4 * x[2])])
    ref.assert_close(jacobian(y, x), np.array(exact.tolist()), 1e-14)


@pytest.mark.parametrize("y_shape", [(), (2,), (2, 3)])
@pytest.mark.parametrize("x_shape", [(), (3,)])
def test_a_jacobian_is_zero_where_y_does_not_depend_on_x(y_shape, x_shape):
    x, other = Variable(np.ones(x_shape)), Variable(np.ones(y_shape))
    for y in (np.exp(other), Constant(np.ones(y_shape)), other + np.sum(op.Equal(x, 1.0))):
        np.testing.assert_array_equal(jacobian(y, x), np.zeros(y_shape + x_shape), strict=True)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_a_variable_has_the_identity_as_its_own_jacobian(shape):
    x = Variable(np.ones(shape))
    np.testing.assert_array_equal(jacobian(x, x), np.eye(x.value.size if shape else 1).reshape(shape * 2))


def test_a_jacobian_follows_a_changed_leaf_and_leaves_adjoints_alone():
    x = Variable([1.0, 2.0])
    y = x**2
    grads = Graph(y).backward([1.0, 1.0])
    x.value = [3.0, 4.0]
    np.testing.assert_array_equal(jacobian(y, x), [[6.0, 0.0], [0.0, 8.0]])
    assert x.grad is grads[x]


def test_the_jacobian_of_a_gradient_is_the_hessian():
    x = Variable([0.3, -0.7, 1.1])
    (slope,) = gradient(np.sum(x**2 * np.sin(x)) * np.sum(x), [x])
    function = lambda v: np.asarray(np.sum(v * v * ref.sin(v)) * np.sum(v))  # noqa: E731
    columns = [ref.second_derivatives(function, [ref.exact(x.value)], 1, [unit])[0] for unit in np.eye(3)]
    ref.assert_close(jacobian(slope, x), np.stack(columns))


def test_a_hessian_agrees_with_sympy():
    a, b, c = symbols = sympy.symbols("a b c")
    at = dict(zip(symbols, map(sympy.Rational, (2.0, 3.0, 1.5)), strict=True))
    expected = sympy.hessian(sympy.sqrt(a + b + c**2) * sympy.log(b) / c, symbols).subs(at).evalf(30)
    a, b, c = variables = [Variable(v) for v in (2.0, 3.0, 1.5)]
    rows = hessian(np.sqrt(a + b + c**2) * np.log(b) / c, variables)
    assert isinstance(rows, tuple) and all(isinstance(row, tuple) for row in rows)
    assert all(isinstance(entry, Node) for row in rows for entry in row)
    ref.assert_close([[entry.value for entry in row] for row in rows], np.array(expected.tolist()), 1e-14)


def test_a_hessian_is_zero_for_variables_that_are_linear_or_absent():
    x, y, absent = Variable(2.0), Variable(3.0), Variable(4.0)
    rows = hessian(x * 3 + y**2, [x, y, absent])
    assert [[entry.value for entry in row] for row in rows] == [[0, 0, 0], [0, 2, 0], [0, 0, 0]]
    assert hessian(x, []) == ()


def test_contributions_in_single_precision_to_a_number_are_added_up_in_double():
    x, s = Variable(np.array([0.5, 1.5, 2.5], np.float32)), Variable(1.7)
    y = np.sum(x**s) + np.sum(x * s) + np.sin(s)
    assert Graph(y).backward()[s] == gradient(y, [s])[0].value


def test_a_leaf_keeps_its_precision():
    x = Variable(np.ones(2, np.float32))
    x.value = [2.0, 3.0]
    assert x.value.dtype == np.float32 and Graph(x).evaluate({x: np.ones(2)})[x].dtype == np.float32
    z = Variable(np.ones(2))
    z.value = np.ones(2, np.float32)
    assert z.value.dtype == np.float64
    with pytest.raises(ValueError, match="finite"):
        x.value = [1e200, 1.0]
