"""Every engine computes from the source what the nodes compute: NumPy, SymPy, Numba; also operations that are new to them."""

import numpy as np
import pytest
import sympy as sp
from programs import assert_same_results, equation_a, lines, values, with_gradient
from test_random_graphs import built, random_expressions

from autograd_engine import Program, gradient, scalar_code
from autograd_nodes import Constant, Graph, Node, Sigmoid, Variable, exp, log


@random_expressions(200)
def test_numpy_and_math_compute_what_the_nodes_do(expression):
    variables, y = built(expression)
    outputs = [y, *gradient(y, variables)]
    assert_same_results(Program(outputs, variables)(*values(variables)), [node.value for node in outputs], 1e-9)


@random_expressions(40)
def test_sympy_computes_what_the_nodes_do(expression):
    variables, y = built(expression)
    outputs = [y, *gradient(y, variables)]
    at = {}
    for i, x in enumerate(variables, 1):
        base = sp.IndexedBase(f"v{i}")
        at |= {base[k]: sp.Float(x.value[k], 30) for k in np.ndindex(x.shape)} if x.shape else {sp.Symbol(f"v{i}"): x.value}
    for expressions, node in zip(Program(outputs, variables).to_sympy(), outputs):
        found = np.array([float(sp.sympify(one).subs(at)) for one in np.ravel(expressions)])
        np.testing.assert_allclose(found.reshape(node.shape), node.value, 1e-9, 1e-9)


@random_expressions(15)
def test_compiled_code_computes_what_the_nodes_do(expression):
    variables, y = built(expression)
    outputs = [y, *gradient(y, variables)]
    results = Program(outputs, variables).compile()(*values(variables))
    assert_same_results(results, [node.value for node in outputs], 1e-9)


def _variables(**shapes):
    rng = np.random.default_rng(7)
    return {name: Variable(rng.uniform(0.5, 2.0, shape) if shape else 1.3, name) for name, shape in shapes.items()}


V = _variables(s=(), x=(5,), y=(5,), u=(3,), v=(4,), M=(3, 4), N=(4, 2), T=(2, 3, 4), row=(1, 4), column=(3, 1), one=(1,))
s, x, y, u, v, M, N, T, row, column, one = V.values()
FUNCTIONS = {
    "a product of matrices": np.sum(np.sin(M @ N)),
    "a matrix times a vector": np.sum(np.sin(M @ v)),
    "a vector times a matrix": np.sum(np.sin(u @ M)),
    "a scalar product": np.sin(x @ y),
    "a transpose": np.sum(np.sin(M.T) @ u),
    "maxima along rows": np.sum(np.max(M, axis=1) ** 2),
    "maxima along columns, kept": np.sum(np.max(M, axis=0, keepdims=True) * M),
    "the maximum": np.max(M) * s,
    "the maximum, kept": np.sum(np.max(M, keepdims=True) * M),
    "sums along two axes": np.sum(np.sum(T, axis=(0, 2)) ** 2 + np.max(T, axis=(0, 2))),
    "sums along two axes, kept": np.sum(T * np.sum(T, axis=(0, -1), keepdims=True)),
    "the sum, kept": np.sum(np.sum(M, keepdims=True) * M),
    "slices": np.sum(x[1:4] * x[::2]) + x[-1],
    "new axes": np.sum(u[:, None] * v[None, :] + M),
    "an ellipsis": np.sum(T[..., 0] ** 2) + T[0, 1, 2],
    "vectors stacked": np.sum(np.stack([x, y], axis=1)[1:] ** 2),
    "scalars stacked": np.sum(np.stack([s, s * s, np.sin(s)]) ** 2),
    "reshaped": np.sum(np.reshape(M, (-1, 2)) @ np.reshape(N, (2, 4))),
    "reshaped from a number": np.sum(np.reshape(s, (1,)) * x),
    "reshaped to a number": np.sum(np.reshape(x[:1], ()) * x),
    "a row and a column": np.sum(np.exp(row * column)),
    "one element that is broadcast": np.sum(one * x),
    "a vector on a matrix": np.sum((M + v) * u[:, None]),
    "nothing but a sum": np.sum(x),
    "powers": np.sum(x**y) + s ** x[0] + np.sum(x**3),
    "sigmoid and maximum": np.sum(Sigmoid(x) * np.maximum(x, 1.0)),
    "a loop that waits for a sum": np.sum((x - np.sum(x) / 5.0) ** 2) / np.sum(np.exp(x - np.max(x))),
    "two sizes": np.sum(np.log(x)) * np.sum(np.log(v)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations_on_arrays_are_computed_as_the_nodes_do(name):
    f = FUNCTIONS[name]
    variables = [node for node in Graph(f).nodes if isinstance(node, Variable)]
    outputs = [f, *gradient(f, variables)]
    program = Program(outputs, variables)
    for run in (program, program.compile()):
        assert_same_results(run(*values(variables)), [node.value for node in outputs])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations_on_arrays_become_expressions(name):
    f = FUNCTIONS[name]
    variables = [node for node in Graph(f).nodes if isinstance(node, Variable)]
    expression, *_ = Program([f], variables).to_sympy()
    at = {}
    for node in variables:
        base = sp.IndexedBase(node.name)
        at |= {base[k]: node.value[k] for k in np.ndindex(node.shape)} if node.shape else {sp.Symbol(node.name): node.value}
    np.testing.assert_allclose(float(expression.subs(at)), f.value, 1e-12)


def test_numbers_of_any_real_type_are_taken():
    y, variables = equation_a()
    program = with_gradient(y, variables)
    for run in (program, program.compile()):
        assert_same_results(run(2, np.float32(3), np.float64(1.5)), program(2.0, 3.0, 1.5))


def test_sympys_expression_of_a_is_the_equation():
    y, variables = equation_a()
    a, b, c = sp.symbols("a b c")
    t = a + b + c**2
    expressions = with_gradient(y, variables).to_sympy()
    f = sp.sqrt(t) + sp.log(t) + t / (b * c**2)
    for found, expected in zip(expressions, [f, f.diff(a), f.diff(b), f.diff(c)], strict=True):
        assert sp.simplify(found - expected) == 0
    assert not expressions[0].atoms(sp.Float)


class Cosh(Node):
    function = np.cosh
    def forward(x): return np.cosh(x)
    backward = (lambda grad, t, x: grad * np.sinh(x),)


class Sinh(Node):
    function = np.sinh
    def forward(x): return np.sinh(x)
    backward = (lambda grad, t, x: grad * np.cosh(x),)


class Softplus(Node):
    def forward(x): return log(1.0 + exp(x))
    backward = (lambda grad, t, x: grad * Sigmoid.of(x),)


def written_by_numba(numpy_function):
    """An operation for which Numba compiles a function."""
    count = numpy_function.nin

    class Operation(Node):
        function = numpy_function
        forward = (lambda x: numpy_function(x)) if count == 1 else (lambda x, y: numpy_function(x, y))
        backward = (None,) * count

    return Operation


class Branching(Node):
    def forward(x): return x if np.all(x > 0.0) else -x
    backward = (lambda grad, t, x: grad,)


class Heaviside(Node):
    function = np.heaviside
    def forward(x, y): return np.heaviside(x, y)
    backward = (None, None)


@pytest.mark.parametrize("operation", [Cosh, Softplus])
def test_a_new_operation_works_everywhere(operation):
    for x in (Variable(0.7, "x"), Variable([0.7, -0.3], "x")):
        f = np.sum(operation(x) * 2.0)
        program = with_gradient(f, [x])
        expected = f.value, Graph(f).backward()[x]
        assert_same_results(program(x.value), expected)
        assert_same_results(program.compile()(x.value), expected)
        symbol = sp.IndexedBase("x")[0] if x.shape else sp.Symbol("x")
        result = np.ravel(program.to_sympy()[1])[0]
        assert float(result.subs(symbol, 0.7)) == pytest.approx(np.ravel(expected[1])[0], 1e-12)


@pytest.mark.parametrize("length", [1, 200])
@pytest.mark.parametrize("function", [np.hypot, np.cbrt, np.logaddexp, np.logaddexp2, np.arctan2, np.expm1])
def test_numbers_are_computed_by_functions_that_numba_has_to_compile(function, length, monkeypatch):
    monkeypatch.setattr(scalar_code, "LENGTH", length)
    x, y = Variable(3.0, "x"), Variable(4.0, "y")
    compiled = Program([2.0 * written_by_numba(function)(*[x, y][: function.nin]), np.exp(x)], [x, y]).compile()
    assert_same_results(compiled(1.5, 2.5), (2.0 * float(function(*[1.5, 2.5][: function.nin])), float(np.exp(1.5))))


def test_an_operation_that_is_no_formula_runs_by_its_own_rule_and_is_refused_elsewhere():
    x = Variable([0.7, 0.3], "x")
    program = with_gradient(np.sum(Branching(x) * 2.0), [x])
    assert_same_results(program(np.array([1.0, 2.0])), (6.0, np.full(2, 2.0)))
    for engine, refused in {"SymPy": program.to_sympy, "Numba": program.compile}.items():
        with pytest.raises(TypeError, match=rf"^{engine} cannot compute t1 = v\d+\(x\): 'Branching' is no formula"):
            refused()


def test_the_name_of_a_class_is_no_code():
    hostile = type("x\nimport os", (Branching,), {})
    program = Program([hostile(Variable([0.7], "x"))], [])
    assert "\nimport" not in program.source
    program = Program([hostile(x)], [x])
    assert "\nimport" not in program.source
    np.testing.assert_array_equal(program(np.array([2.0]))[0], [2.0])


def test_a_subclass_with_another_rule_is_not_taken_for_its_parent():
    class Halved(np.sqrt(x).__class__):
        def forward(x): return 0.5 * x
        backward = (lambda grad, t, x: 0.5 * grad,)

    assert lines(Program([Halved(x)], [x])) == ["    t1 = 0.5 * x"]


def test_a_function_that_an_engine_has_not_is_refused_with_its_line():
    x = Variable([0.7, -0.3], "x")
    program = Program([2.0 * Heaviside(np.sin(x), x)], [x])
    np.testing.assert_array_equal(program(np.array([1.0, -1.0]))[0], [2.0, 0.0])
    with pytest.raises(TypeError, match=r"^Numba cannot compute t2 = np.heaviside\(t1, x\): .*numpy.heaviside"):
        program.compile()
    with pytest.raises(TypeError, match=r"^SymPy cannot compute t2 = np.heaviside\(t1, x\): .*heaviside"):
        program.to_sympy()


def test_single_precision_stays_single():
    x = Variable(np.array([1.0, 2.0], np.float32), "x")
    program = with_gradient(np.sum(np.sqrt(x)), [x])
    for run in (program, program.compile()):
        value, slope = run(x.value)
        assert (type(value), slope.dtype) == (float, np.float32)
        np.testing.assert_allclose(slope, 0.5 / np.sqrt([1.0, 2.0]), 1e-6)


def test_a_program_may_have_no_inputs():
    program = Program([Constant([1.0, 2.0]), np.sum(np.log(Variable([1.0, 2.0])))], [])
    for run in (program, program.compile()):
        assert_same_results(run(), (np.array([1.0, 2.0]), float(np.log(2.0))))


class Mean(Node):
    def forward(x): return np.sum(x) / np.shape(x)[0]
    backward = (lambda grad, t, x: grad / np.shape(x)[0],)


class Tripled(Node):
    def forward(x): return x * 3.0 if isinstance(x, np.ndarray) else x
    backward = (lambda grad, t, x: 3.0 * grad,)


@pytest.mark.parametrize("operation", [Mean, Tripled])
def test_a_rule_that_depends_on_sizes_or_on_classes_is_no_formula(operation):
    x = Variable(np.ones(3), "x")
    program = Program([operation(x)], [x])
    np.testing.assert_array_equal(program(np.ones(6))[0], operation.forward(np.ones(6)))
    with pytest.raises(TypeError, match=f"{operation.__name__}' is no formula"):
        program.compile()


class Differs(Node):
    function = np.not_equal
    def forward(x, y): return np.not_equal(x, y) * 1.0
    backward = (None, None)


def test_a_function_that_computes_something_else_than_the_rule_is_not_used():
    x = Variable([1.0, 2.0, 3.0], "x")
    program = Program([np.not_equal(x, 0.0) + np.not_equal(x, 1.0)], [x])
    np.testing.assert_array_equal(program(x.value)[0], [1.0, 2.0, 2.0])
    with pytest.raises(TypeError, match="no formula"):
        program.compile()


class Clip(Node):
    function = np.clip
    def forward(x, low, high): return np.clip(x, low, high)
    backward = (None, None, None)


def test_sympy_refuses_what_it_would_take_for_something_else():
    x = Variable([1.0, 2.0, 3.0], "x")
    with pytest.raises(TypeError, match=r"SymPy cannot compute t1 = np.clip\(x, 0.0, 2.0\): "):
        Program([Clip(x, 0.0, 2.0)], [x]).to_sympy()


def test_numbers_may_be_transposed_and_reshaped():
    s = Variable(2.0, "s")
    program = Program([np.transpose(s) * np.reshape(s, ())], [s])
    assert program(3.0) == program.compile()(3.0) == (9.0,)


# Expressions of a vector x, a vector y and a number s, each of which loses or gains precision if numbers are NumPy's.
MIXTURES = {
    "a sum of cubes": lambda x, y, s: np.sum(x**3),
    "a product with a function of a number": lambda x, y, s: np.sum(x * np.sin(s)),
    "elements stacked": lambda x, y, s: np.sum(np.stack([x[0], x[1]]) * s),
    "elements as factors": lambda x, y, s: np.sum(x[0] * y + x[-1] * x),
    "the sum as a factor": lambda x, y, s: np.sum(np.sum(x) * y * s),
    "the maximum as a factor": lambda x, y, s: np.sum(np.max(x) * y),
    "a scalar product as a factor": lambda x, y, s: np.sum((x @ y) * x),
    "equal elements": lambda x, y, s: np.sum((x == y) * x + np.maximum(x, y)),
    "a difference": lambda x, y, s: np.sum((x - y) ** 2) / np.sum(x),
    "a mean": lambda x, y, s: np.mean(x) * np.mean(np.exp(y)) + s,
    "slices": lambda x, y, s: np.sum(x[1:] * y[:-1]) * s,
    "a norm": lambda x, y, s: np.sqrt(np.sum(x * x)) + np.log(np.sum(y)),
    "sigmoid": lambda x, y, s: np.sum(Sigmoid(x) * y + np.tanh(x * s)),
    "a power": lambda x, y, s: np.sum(x**s) + s ** x[0],
    "a matrix": lambda x, y, s: np.sum(np.reshape(x, (1, -1)) @ np.reshape(y, (-1, 1))) + np.sum(x[:, None] * y),
}
SINGLE, DOUBLE = np.float32, np.float64


@pytest.mark.parametrize("name", MIXTURES)
@pytest.mark.parametrize("precisions", [(SINGLE, SINGLE), (SINGLE, DOUBLE), (DOUBLE, SINGLE), (DOUBLE, DOUBLE)])
def test_every_engine_has_the_precision_of_the_nodes(precisions, name):
    x, y = [Variable(np.array(v, kind)) for v, kind in zip([[0.3, 1.7, 0.9], [1.1, 1.7, 0.2]], precisions)]
    s = Variable(1.3)
    f = MIXTURES[name](x, y, s)
    outputs = [f, f * x, y * f, *gradient(f, [x, y, s])]
    backward = Graph(f).backward()
    swept = [*Graph(*outputs[:3]).forward(), *[backward.get(v, 0.0 * v.value) for v in (x, y, s)]]
    program = Program(outputs, [x, y, s])
    compiled = program.compile()
    for run in (program, compiled, compiled):
        results = run(x.value, y.value, 1.3)
        assert_same_results(results, swept, 1e-12 if precisions == (DOUBLE, DOUBLE) else 1e-6)
        assert_same_results(results, [node.value for node in outputs], 1e-12)


def test_single_precision_is_left_to_numpy():
    x = Variable(np.array([1.0, 2.0], np.float32), "x")
    assert "_fused" not in with_gradient(np.sum(np.exp(x) * x), [x]).compile().source


def test_an_input_is_taken_in_the_precision_of_its_variable():
    x = Variable(np.array([1.0, 2.0], np.float32))
    program = Program([x * 0.1], [x])
    for run in (program, program.compile()):
        (result,) = run(np.array([1.0, 1e-3]))
        assert result.dtype == np.float32
        np.testing.assert_array_equal(result, np.array([1.0, 1e-3], np.float32) * 0.1)
        with pytest.raises(ArithmeticError):
            run(np.array([1.0, 1e300]))


def test_a_numpy_function_is_called_as_the_operation_calls_it():
    class Spread(Node):
        function = np.var
        def forward(x, ddof=1): return np.var(x, ddof=ddof)
        backward = (lambda grad, t, x, ddof: grad * x,)

    x = Variable([1.0, 2.0, 4.0])
    for y in (np.var(x), Spread(x, ddof=0)):
        program = Program([y], [x])
        for _ in range(2):
            assert_same_results(program(x.value), (y.value,))


def test_an_operation_whose_keywords_are_not_numpys_is_written_out():
    class Between(Node):
        function = np.clip
        def forward(x, low=0.0, high=1.0): return np.maximum(low, -np.maximum(-high, -x))
        backward = (lambda grad, t, x, low, high: grad * (x == t),)

    x = Variable([-1.0, 0.5, 2.0])
    assert_same_results(Program([Between(x)], [x])(x.value), (np.array([0.0, 0.5, 1.0]),))


def test_an_operation_in_another_precision_than_numpys_is_not_taken_for_it():
    class Double(Node):
        function = np.positive
        def forward(x): return x * np.float64(1.0)
        backward = (lambda grad, t, x: grad,)

    x = Variable(np.ones(2, np.float32))
    assert_same_results(Program([Double(x)], [x])(x.value), (np.ones(2),))


@pytest.mark.parametrize("build", [
    lambda a, b: np.mean(a[0]), lambda a, b: np.sum(a[0]) * np.mean(b), lambda a, b: (b * b).reshape(()) * a[1],
    lambda a, b: (b * b).reshape(()),
])  # fmt: skip
def test_shapes_of_numbers_are_no_matter_for_any_engine(build):
    a, b = Variable(np.ones(3)), Variable(1.5)
    y = build(a, b)
    outputs = [y, *gradient(y, [a, b])]
    for run in (Program(outputs, [a, b]), Program(outputs, [a, b]).compile()):
        assert_same_results(run(a.value, b.value), [x.value for x in outputs])
    assert_same_results(Program([(b * b).reshape(())], [b]).compile()(2.0), (4.0,))
