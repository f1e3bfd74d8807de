"""Programs: what their source says, and that every engine computes from it what the nodes compute."""

import ast
import copy
import pickle

import numpy as np
import pytest
import sympy as sp
from test_random_graphs import random_expressions, built

from autograd_nodes import (
    Constant, Graph, Node, Sigmoid, Variable, exp, log,
)  # fmt: skip
from autograd_engine import Program, eliminate_common_subexpressions, gradient, hessian

POINT = {"a": 2.0, "b": 3.0, "c": 1.5}
SOURCE_OF_A = """\
def program(a, b, c):
    t1 = a + b
    t2 = c ** 2
    t3 = t1 + t2
    t4 = np.sqrt(t3)
    t5 = np.log(t3)
    t6 = t4 + t5
    t7 = b * t2
    t8 = t3 / t7
    t9 = t6 + t8
    # backward
    t3_bar = 1.0 / t7 + 1.0 / t3 + 1.0 / (2.0 * t4)
    t7_bar = -t8 / t7
    b_bar = t7_bar * t2 + t3_bar
    t2_bar = t7_bar * b + t3_bar
    c_bar = 2.0 * t2_bar * c
    return t9, t3_bar, b_bar, c_bar
"""


def with_gradient(y, variables):
    return Program([y, *gradient(y, variables)], variables)


def equation_a():
    variables = [Variable(value, name) for name, value in POINT.items()]
    return eliminate_common_subexpressions(_typed(*variables)), variables


def _typed(a, b, c):
    return np.sqrt(a + b + c**2) + np.log(a + b + c**2) + (a + b + c**2) / (b * c**2)


def values(variables):
    return [x.value for x in variables]


def assert_same_results(results, expected, error=1e-12):
    """Of the same kind and shape, and as near as rounding allows."""
    assert isinstance(results, tuple)
    for result, value in zip(results, expected, strict=True):
        assert type(result) is type(value)
        assert getattr(result, "dtype", None) == getattr(value, "dtype", None)
        np.testing.assert_allclose(result, value, error, error, strict=True)


def lines(program):
    return program.source.splitlines()[1:-1]


# ------------------------------------------------------------------------------------------------- the source


def test_the_program_of_a_is_the_answer_to_2a_and_2c():
    y, variables = equation_a()
    assert with_gradient(y, variables).source == SOURCE_OF_A


def test_the_source_is_python_that_runs_by_itself():
    names = {"np": np}
    exec(SOURCE_OF_A, names)
    y, _ = equation_a()
    np.testing.assert_allclose(names["program"](**POINT), (y.value, *Graph(y).backward().values()), 1e-14)


def test_labels_are_those_of_the_graph():
    y, variables = equation_a()
    graph, program = Graph(y), with_gradient(y, variables)
    assert [line.split()[0] for line in lines(program)[:9]] == [graph.label(x) for x in graph.nodes if x.inputs]


def test_broadcasting_stays_implicit_and_data_are_captured():
    w0, w1, x = Variable(0.5, "w_0"), Variable(2.0, "w_1"), Variable([1.0, 2.0, -1.0], "x")
    y = Constant([1.0, 5.0, -4.0], "y")
    program = with_gradient(np.sum((w0 + w1 * x - y) ** 2), [w0, w1, x])
    assert program.source == (
        "# y: an array of shape (3,)\n"
        "def program(w_0, w_1, x):\n"
        "    t1 = w_1 * x\n    t2 = w_0 + t1\n    t3 = t2 - y\n    t4 = t3 ** 2\n    t5 = np.sum(t4)\n    # backward\n"
        "    t3_bar = 2.0 * t3\n    w_0_bar = np.sum(t3_bar)\n    w_1_bar = np.sum(t3_bar * x)\n    x_bar = t3_bar * w_1\n"
        "    return t5, w_0_bar, w_1_bar, x_bar\n"
    )
    assert_same_results(program(0.5, 2.0, x.value), (8.75, 7.0, -4.0, np.array([6.0, -2.0, 10.0])))


def test_equal_subexpressions_dead_code_and_multiplications_by_one_are_gone():
    x = Variable(0.5, "x")
    y = 1.0 * np.sin(x) / 1.0 + np.sin(x) * 1.0 + 0.0 - 0.0
    _ = np.exp(y)
    assert lines(Program([y], [x])) == ["    t1 = np.sin(x)", "    t2 = t1 + t1"]
    assert lines(Program([-1.0 * x * (2.0 * Constant(3.0))], [x])) == ["    t1 = -x", "    t2 = t1 * 6.0"]


def test_a_partial_adjoint_is_not_called_the_adjoint():
    a = Variable(2.0, "a")
    program = with_gradient(np.sqrt(a + 1.0) * np.log(a + 1.0), [a])
    assert [line.split()[0] for line in lines(program)] == ["t1", "t2", "t3", "t4", "#", "a_bar"]
    assert_same_results(program(3.0), (2 * np.log(4.0).item(), np.log(4.0).item() / 4 + 0.5))


def test_what_is_not_open_is_a_constant_from_the_moment_of_construction():
    a, b = Variable(2.0, "a"), Variable(3.0, "b")
    program = Program([a * b], [a])
    b.value = 7.0
    assert program.source == "def program(a):\n    b = 3.0\n    t1 = a * b\n    return (t1,)\n"
    assert program(5.0) == (15.0,)
    assert (a.value, b.value) == (2.0, 7.0)


def test_a_stale_graph_is_evaluated_first():
    a = Variable(2.0)
    y = np.sum(np.log(a) * Constant([1.0, 2.0]))
    a.value = 3.0
    assert Program([y], [])() == (3 * np.log(3.0).item(),)


def test_a_negative_constant_keeps_its_sign_under_a_power():
    a = Variable(2.0, "a")
    assert Program([np.power(Constant(-3.0, "k"), a) + (-2.0) ** np.round(2.0) * a], [a])(2.0) == (17.0,)
    assert "(-2.0) ** a" in Program([np.power(Constant(-2.0), a)], [a]).source


def test_a_constant_or_an_input_may_be_an_output():
    x = Variable([1.0, 2.0], "x")
    program = Program([x, Constant(2.0), *gradient(np.sum(x), [x])], [x])
    value = np.array([3.0, 4.0, 5.0])
    results = program(value)
    assert_same_results(results, (value, 2.0, np.ones(3)))
    assert not np.shares_memory(results[0], value)
    results[2][0] = 7.0


def test_second_derivatives_are_programs_too():
    x, y = Variable(0.5, "x"), Variable(2.0, "y")
    f = np.sin(x * y) * x**3
    entries = [entry for row in hessian(f, [x, y]) for entry in row]
    program = Program([f, *gradient(f, [x, y]), *entries], [x, y])
    assert_same_results(program(0.5, 2.0), [node.value for node in (f, *gradient(f, [x, y]), *entries)])
    u, v = sp.symbols("x y")
    assert sp.simplify(program.to_sympy()[3] - sp.diff(sp.sin(u * v) * u**3, u, 2)) == 0


def test_a_long_chain_is_no_problem():
    x = y = Variable(0.3, "x")
    for i in range(3000):
        y = y * x if i % 2 else np.sin(y) + x
    assert_same_results(with_gradient(y, [x])(0.4), _after(x, 0.4, y))


def _after(x, value, y):
    x.value = value
    slope = Graph(y).backward()[x]
    return y.value, slope


# ------------------------------------------------------------------------------------------------- names


HOSTILE = ["x; import os", "t1", "v1", "np", "", "def", "a b", "x_bar", "print", "e\u0301", "t1\nimport os", "np.log"]


@pytest.mark.parametrize("name", [*HOSTILE, "program", "kernel", "n0", "log", "e1", "size", "block", "prange"])
def test_no_name_becomes_code(name):
    x, k, s = Variable([1.0, 2.0], name), Constant([3.0, 4.0], name + "k"), Constant(2.0, name + "s")
    program = with_gradient(np.sum(np.log(x * k) * s), [x])
    (function,) = ast.parse(program.source).body
    kinds = {type(node) for node in ast.walk(function)}
    assert kinds <= {
        ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.Return, ast.Tuple, ast.Name, ast.Load, ast.Store, ast.Constant,
        ast.BinOp, ast.Mult, ast.Div, ast.Call, ast.Attribute,
    }  # fmt: skip
    assert {node.func.value.id for node in ast.walk(function) if isinstance(node, ast.Call)} == {"np"}
    if name in HOSTILE and name != "v1":
        assert name not in {node.arg for node in function.args.args}
    for run in (program, program.compile()):
        assert_same_results(run(np.array([1.0, 2.0])), (2 * np.log(24.0).item(), np.array([2.0, 1.0])))
    assert len(program.to_sympy()) == 2


def test_inputs_of_one_name_stay_apart():
    x, y = Variable(2.0, "x"), Variable(3.0, "x")
    assert Program([x / y], [x, y])(6.0, 2.0) == (3.0,)


# ------------------------------------------------------------------------------------------------- engines agree


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


# ------------------------------------------------------------------------------------------------- new operations


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


def test_an_operation_that_is_no_formula_runs_by_its_own_rule_and_is_refused_elsewhere():
    x = Variable([0.7, 0.3], "x")
    program = with_gradient(np.sum(Branching(x) * 2.0), [x])
    assert_same_results(program(np.array([1.0, 2.0])), (6.0, np.full(2, 2.0)))
    for engine, refused in {"SymPy": program.to_sympy, "Numba": program.compile}.items():
        with pytest.raises(TypeError, match=rf"^{engine} cannot compute t1 = v\d+\(x\): 'Branching' is no formula"):
            refused()


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


def test_the_name_of_a_class_is_no_code():
    hostile = type("x\nimport os", (Branching,), {})
    program = Program([hostile(Variable([0.7], "x"))], [])
    assert "\nimport" not in program.source
    program = Program([hostile(x)], [x])
    assert "\nimport" not in program.source
    np.testing.assert_array_equal(program(np.array([2.0]))[0], [2.0])


# ------------------------------------------------------------------------------------------------- errors


@pytest.fixture(scope="module")
def runs():
    y, variables = equation_a()
    program = with_gradient(y, variables)
    return program, program.compile()


@pytest.mark.parametrize("point, error, message", [
    ((-9.0, 3.0, 1.5), FloatingPointError, r"t4 = Sqrt\(-3.75\)"),
    ((2.0, 0.0, 1.5), ZeroDivisionError, r"t8 = Divide\(4.25, 0.0\)"),
    ((1e308, 1e308, 1.5), OverflowError, r"t1 = Add\(1e\+308, 1e\+308\)"),
    ((1.0, -1.0, 1e-160), OverflowError, r"t3_bar = Divide\(1.0, -1e-320\)"),
    ((float("nan"), 3.0, 1.5), ValueError, "finite"),
    ((float("inf"), 3.0, 1.5), ValueError, "finite"),
    (("2", 3.0, 1.5), TypeError, "str is not a real number"),
    ((2.0, 3.0, 1.5j), TypeError, "complex is not a real number"),
    ((2.0, 3.0), TypeError, "argument|inputs"),
    ((2.0, 3.0, 1.5, 1.5), TypeError, "argument|inputs"),
    ((np.ones(2), 3.0, 1.5), ValueError, r"made for shapes \[\(\), \(\), \(\)\] cannot take"),
])  # fmt: skip
def test_a_call_says_what_is_wrong(point, error, message, runs):
    for run in runs:
        with pytest.raises(error, match=message):
            run(*point)


def test_errors_in_arrays_name_the_line():
    x, y = Variable([1.0, 2.0], "x"), Variable([1.0, 2.0], "y")
    program = with_gradient(np.sum(np.log(x) / y), [x, y])
    for run in (program, program.compile()):
        with pytest.raises(FloatingPointError, match=r"t1 = Log\(\[ 1., -2.\]\)"):
            run(np.array([1.0, -2.0]), np.ones(2))
        with pytest.raises(FloatingPointError, match="t2 = Divide"):
            run(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
        with pytest.raises(ValueError, match="could not be broadcast"):
            run(np.ones(2), np.ones(3))
        with pytest.raises(ValueError, match="NaN"):
            run(np.array([1.0, np.nan]), np.ones(2))


def test_a_power_that_is_not_real_is_refused():
    x, k = Variable(8.0, "x"), Variable([1.0, 2.0], "k")
    program = Program([x ** (1 / 3), k * x ** (1 / 3)], [x, k])
    for run in (program, program.compile()):
        with pytest.raises(FloatingPointError, match=r"t1 = Power\(-8.0, 0.33"):
            run(-8.0, np.ones(2))


def test_wrong_outputs_and_inputs_are_refused():
    x = Variable(2.0)
    for outputs, inputs, error, message in [
        (x * 2, [x], TypeError, r"\[y\]"), ([x * 2], x, TypeError, r"\[x\]"), ([x], [x * 2], TypeError, "Multiply"),
        ([x], [Constant(1.0)], TypeError, "Constant"), ([2.0], [x], TypeError, "float"), ([], [x], ValueError, "at least one"),
        ([x], [x, x], ValueError, "twice"),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            Program(outputs, inputs)


def test_what_was_broadcast_has_to_be_still():
    x, y = Variable([1.0, 2.0, 3.0], "x"), Variable([2.0], "y")
    program = with_gradient(np.sum(x * y), [x, y])
    for run in (program, program.compile()):
        assert_same_results(run(np.ones(5), np.array([2.0])), (10.0, np.full(5, 2.0), np.array([5.0])))
        for shapes in [(5, 5), (5, 2), (3, 3)]:
            with pytest.raises(ValueError, match="broadcast"):
                run(*map(np.ones, shapes))
        with pytest.raises(ValueError, match="made for shapes"):
            run(np.ones((5, 1)), np.ones(1))


def test_sizes_that_happened_to_be_equal_may_differ():
    x, y = Variable([1.0, 2.0, 3.0], "x"), Variable([2.0, 2.0, 2.0], "y")
    program = with_gradient(np.sum(x**2) * np.sum(y**3), [x, y])
    compiled = program.compile()
    for sizes in [(4, 4), (2, 3), (1, 1), (0, 0), (5, 7), (9, 0)]:
        arguments = [np.linspace(1.0, 2.0, n) for n in sizes]
        assert_same_results(compiled(*arguments), program(*arguments))


def test_parts_of_equal_sizes_may_become_unequal():
    x, y = Variable([1.0, 2.0, 3.0, 4.0], "x"), Variable([2.0, 2.0, 2.0], "y")
    program = with_gradient(np.sum(np.exp(x[1:])) + np.sum(np.exp(y)), [x, y])
    compiled = program.compile()
    for sizes in [(4, 3), (4, 4), (6, 3), (40, 3)]:
        arguments = [np.linspace(1.0, 2.0, n) for n in sizes]
        assert_same_results(compiled(*arguments), program(*arguments))


# ------------------------------------------------------------------------------------------------- compiled code


@pytest.fixture(scope="module")
def doubled():
    x = Variable([1.0, 2.0, 3.0], "x")
    return Program([x * 2.0, np.sum(x), x, np.exp(x)[::-1]], [x]).compile()


def expected(x):
    return x * 2.0, float(np.sum(x)), x.copy(), np.exp(x)[::-1]


def test_results_are_written_to_out(doubled):
    x, out = np.arange(4.0), (np.empty(4), None, np.empty(4), np.empty(4))
    results = doubled(x, out=out)
    assert_same_results(results, expected(x))
    assert all([result is array for result, array in zip(results, out) if array is not None])


@pytest.mark.parametrize("array", [
    np.empty(8)[::2], np.empty(4, dtype=np.float32), np.empty((2, 4))[1], np.empty(8)[3:7], np.empty(4)[::-1],
], ids=["strided", "single", "row", "part", "reversed"])  # fmt: skip
def test_out_may_be_any_array_of_the_shape(array, doubled):
    for k in (0, 2, 3):
        results = doubled(np.arange(4.0), out=[array if i == k else None for i in range(4)])
        assert results[k] is array
        np.testing.assert_allclose(array, expected(np.arange(4.0))[k], 1e-6)


def test_out_may_be_an_input(doubled):
    for k in (0, 2, 3):
        x = np.arange(4.0)
        results = doubled(x, out=[x if i == k else None for i in range(4)])
        assert results[k] is x
        for i, wanted in enumerate(expected(np.arange(4.0))):
            np.testing.assert_allclose(results[i], wanted)


def test_an_error_reaches_the_caller_although_there_is_out(doubled):
    with pytest.raises(FloatingPointError, match=r"t\d = Exp"):
        doubled(np.array([1.0, 1000.0]), out=(np.empty(2), None, None, None))


@pytest.mark.parametrize("out, error", [
    (np.empty(4), ValueError), ((None, None), ValueError), ([[1.0] * 4, None, None, None], ValueError),
    ((np.empty(5), None, None, None), ValueError), ((np.empty((4, 1)), None, None, None), ValueError),
    ((None, np.empty(1), None, None), ValueError), ((np.empty(4, dtype=int), None, None, None), TypeError),
])  # fmt: skip
def test_a_wrong_out_is_refused(out, error, doubled):
    with pytest.raises(error):
        doubled(np.arange(4.0), out=out)


def test_arrays_of_out_must_not_overlap(doubled):
    both = np.empty(5)
    with pytest.raises(ValueError, match="overlap"):
        doubled(np.arange(4.0), out=(both[:4], None, both[1:], None))


def test_arrays_in_any_layout_are_taken():
    x = Variable(np.ones((2, 3)), "x")
    program = with_gradient(np.sum(np.sin(x) @ x.T), [x])
    compiled, value = program.compile(), np.arange(12.0).reshape(2, 6)
    read_only = value[:, :3].copy()
    read_only.flags.writeable = False
    others = value.astype(np.float32), value.astype(int)
    for array in (value[:, ::2], np.asfortranarray(value), value[:, ::-1], read_only, *others):
        assert_same_results(compiled(array), program(array.astype(float)))


def test_single_precision_stays_single():
    x = Variable(np.array([1.0, 2.0], np.float32), "x")
    program = with_gradient(np.sum(np.sqrt(x)), [x])
    for run in (program, program.compile()):
        value, slope = run(x.value)
        assert (type(value), slope.dtype) == (float, np.float32)
        np.testing.assert_allclose(slope, 0.5 / np.sqrt([1.0, 2.0]), 1e-6)


@pytest.mark.parametrize("n", [10, 4096, 4097, 100_000])
def test_large_arrays_are_added_up_as_exactly_as_they_should(n):
    """To 1e-13 of the sum of the absolute values of what is added up; small ones by one thread, large ones by several."""
    rng = np.random.default_rng(1)
    variables = [Variable(np.ones(2), name) for name in "abc"]
    program = with_gradient(eliminate_common_subexpressions(np.sum(_typed(*variables))), variables)
    a, b, c = arrays = [rng.uniform(0.5, 2.0, n) for _ in "abc"]
    value, *slopes = program.compile()(*arrays)
    exact, *exact_slopes = program(*arrays)
    assert abs(value - exact) < 1e-13 * exact
    t = a + b + c**2
    shared = 1 / (2 * np.sqrt(t)) + 1 / t + 1 / (b * c**2)
    added = shared, shared + t / (b * c) ** 2, 2 * c * (shared + t / (b * c**4))
    for slope, exact_slope, terms in zip(slopes, exact_slopes, added):
        assert np.all(np.abs(slope - exact_slope) <= 1e-13 * terms)


def test_rows_run_in_threads_too():
    x, v = Variable(np.ones((2, 3)), "x"), Variable(np.ones(3), "v")
    program = with_gradient(np.sum(np.sin(x * v) + v), [x, v])
    rng = np.random.default_rng(2)
    arguments = rng.uniform(size=(300, 400)), rng.uniform(size=400)
    assert_same_results(program.compile()(*arguments), program(*arguments), 1e-11)


def test_compiled_logarithms_are_right_to_one_unit_in_the_last_place():
    import mpmath

    x = Variable([1.0, 2.0], "x")
    compiled, rng = Program([np.log(x)], [x]).compile(), np.random.default_rng(3)
    arguments = np.concatenate([
        10 ** rng.uniform(-307, 308, 3000), 1 + rng.uniform(-1e-3, 1e-3, 3000), rng.uniform(0.1, 5.0, 3000),
        2.0 ** np.arange(-1074, 1024), [1e-310, 1.7976931348623157e308, np.nextafter(1, 0), np.nextafter(1, 2)],
    ])  # fmt: skip
    (found,) = compiled(arguments)
    with mpmath.workdps(40):
        exact = [mpmath.log(mpmath.mpf(float(one))) for one in arguments]
        assert max([abs(a - b) / np.spacing(abs(float(b))) for a, b in zip(found, exact) if b]) < 1.0
    assert found[arguments == 1.0] == 0.0


def test_programs_and_compiled_code_can_be_pickled_and_copied():
    y, variables = equation_a()
    program = with_gradient(y, variables)
    for twin in (pickle.loads(pickle.dumps(program)), copy.deepcopy(program), pickle.loads(pickle.dumps(program.compile()))):
        assert_same_results(twin(2.0, 3.0, 1.5), program(2.0, 3.0, 1.5))
    assert pickle.loads(pickle.dumps(program)).source == program.source
    assert repr(program) == "Program(a, b, c) of 14 lines"


def test_empty_arrays_broadcast_against_one_element():
    x, one = Variable(np.ones(3), "x"), Variable([2.0], "one")
    program = with_gradient(np.sum(np.sin(one) * x), [x, one])
    compiled = program.compile()
    for n in (0, 4, 0):
        assert_same_results(compiled(np.ones(n), np.ones(1)), program(np.ones(n), np.ones(1)))


def test_an_output_may_be_given_twice():
    x = Variable([1.0, 2.0], "x")
    compiled, out = Program([x * 2.0, x * 2.0], [x]).compile(), (np.empty(2), np.empty(2))
    for results in (compiled(x.value), compiled(x.value, out=out)):
        np.testing.assert_array_equal(results, [[2.0, 4.0]] * 2)
        assert not np.shares_memory(*results)


def test_a_program_may_have_no_inputs():
    program = Program([Constant([1.0, 2.0]), np.sum(np.log(Variable([1.0, 2.0])))], [])
    for run in (program, program.compile()):
        assert_same_results(run(), (np.array([1.0, 2.0]), float(np.log(2.0))))


# ------------------------------------------------------------------------------------------------- what was wrong once


def test_constants_are_told_apart_by_what_they_hold():
    k, x = Constant(np.arange(4.0) + 1, "k"), Variable(np.ones(4), "x")
    g = (np.sin(k) + np.cos(k) * np.exp(k) + (k + 1.0) * (k * k)) * x
    assert_same_results(Program([g], [x])(x.value), [g.value])


class Copysign(Node):
    function = np.copysign
    def forward(x, y): return np.copysign(x, y)
    backward = (None, None)


def test_zero_and_minus_zero_are_two_constants():
    x = Variable([3.0], "x")
    assert Program([Copysign(x, 0.0) + Copysign(x, -0.0)], [x])(np.array([3.0]))[0] == 0.0


def test_an_index_out_of_bounds_is_an_error_in_compiled_code_too():
    x, k = Variable(np.ones(10), "x"), Variable(1.0, "k")
    for outputs in ([x[7]], [x[-7]], gradient(k * x[9], [x])):
        program = Program(outputs, [x, k])
        for run in (program, program.compile()):
            with pytest.raises(IndexError, match=r"Index|PlaceLike"):
                run(np.ones(3), 1.0)
    table = Variable(np.ones((4, 5)), "table")
    for index in ((..., 4), (3, None), (None, -4)):
        program = Program([np.sum(table[index])], [table])
        for run in (program, program.compile()):
            assert_same_results(run(np.ones((4, 5))), [np.sum(np.ones((4, 5))[index]).item()])
            with pytest.raises(IndexError):
                run(np.ones((2, 2)))


def test_slices_and_constants_have_to_broadcast_as_they_did():
    x, y, k = Variable([1.0, 2.0], "x"), Variable(np.ones(5), "y"), Constant([1.0, 2.0, 3.0], "k")
    z = Variable(np.ones(3), "z")
    for program, arguments in [
        (with_gradient(np.sum(x[1:] * y), [x, y]), (np.arange(6.0), np.ones(5))),
        (with_gradient(np.sum(z * k), [z]), (np.ones(1),)),
    ]:
        for run in (program, program.compile()):
            with pytest.raises(ValueError, match="broadcast"):
                run(*arguments)


def test_sizes_may_become_one_where_nothing_is_broadcast_then():
    table, v = Variable(np.ones((3, 3)), "table"), Variable(np.ones(3), "v")
    program = with_gradient(np.sum(table * v), [table, v])
    arguments = np.full((1, 3), 2.0), np.arange(3.0)
    for run in (program, program.compile()):
        assert_same_results(run(*arguments), (6.0, np.arange(3.0)[None], np.full(3, 2.0)))


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


class Greater(Node):
    function = np.greater
    def forward(x, y): return np.greater(x, y) * 1.0
    backward = (None, None)


def test_a_function_that_computes_something_else_than_the_rule_is_not_used():
    x = Variable([1.0, 2.0, 3.0], "x")
    program = Program([np.greater(x, 0.0) + np.greater(x, 1.5)], [x])
    np.testing.assert_array_equal(program(x.value)[0], [1.0, 2.0, 2.0])
    with pytest.raises(TypeError, match="no formula"):
        program.compile()


@pytest.mark.parametrize("function", [np.tanh, lambda x: np.maximum(0.0, x), lambda x: 1.0 / x, lambda x: Constant(2.0)])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), -float("inf")])
def test_what_is_not_finite_is_refused_although_no_output_shows_it(function, value):
    for x, given in ((Variable(1.0, "x"), value), (Variable([1.0, 2.0], "x"), np.array([1.0, value]))):
        program = Program([function(x)], [x])
        for run in (program, program.compile()):
            with pytest.raises(ValueError, match="finite"):
                run(given)


def test_an_overflow_of_single_precision_is_an_error():
    x = Variable(np.array([1.0, 2.0], np.float32), "x")
    program = Program([np.exp(x)], [x])
    for run in (program, program.compile()):
        with pytest.raises(FloatingPointError, match="Exp"):
            run(np.array([1.0, 100.0], np.float32))


def test_a_failed_call_leaves_no_trace():
    x, v = Variable(1.0, "x"), Variable([1.0, 2.0], "v")
    for variable, wrong, right in ((x, -1.0, 2.0), (v, np.array([1.0, -1.0, 2.0]), np.array([3.0]))):
        program = Program([np.log(variable)], [variable])
        with pytest.raises(FloatingPointError):
            program(wrong)
        for run in (program.compile(), pickle.loads(pickle.dumps(program))):
            assert_same_results(run(right), [np.log(right) if np.ndim(right) else float(np.log(right))])
        assert np.size(program.to_sympy()[0]) == np.size(variable.value)


def test_an_adjoint_of_merged_nodes_is_not_called_theirs():
    a, w = Variable(1.0, "a"), Variable(2.0, "w")
    program = with_gradient(np.exp(np.sin(a) * w + np.sin(a) * w), [a, w])
    assert "t1 = np.sin(a)" in program.source
    assert "t1_bar" not in program.source


@random_expressions(100)
def test_a_bar_is_the_whole_adjoint_of_its_node(expression):
    """Whatever is called x_bar or t3_bar is the derivative of the output by x or t3, or that before it is expanded."""
    variables, y = built(expression)
    program = with_gradient(y, variables)
    nodes = {name: x for x, name in program.lines.names.items()}
    Graph(program.graph.outputs[0]).backward()
    for label, x in nodes.items():
        if label.endswith("_bar"):
            node = nodes[label.removesuffix("_bar")]
            grad = np.zeros(node.shape) if node.grad is None else node.grad
            np.testing.assert_allclose(np.broadcast_to(x.value, np.shape(grad)), grad, 1e-8, 1e-8)


def test_pickles_keep_the_source():
    x, table, z = Variable([1.0, 2.0], "x"), Variable(np.ones((2, 2)), "table"), Variable([1.0, 2.0], "z")
    f = np.sum(Sigmoid(table) * x) + 0.0 * np.sum(x)
    program = with_gradient(f, [table, x, z])
    assert pickle.loads(pickle.dumps(program)).source == program.source
    assert "z_bar = np.full_like(z, 0.0)" in program.source


class Clip(Node):
    function = np.clip
    def forward(x, low, high): return np.clip(x, low, high)
    backward = (None, None, None)


def test_sympy_refuses_what_it_would_take_for_something_else():
    x = Variable([1.0, 2.0, 3.0], "x")
    with pytest.raises(TypeError, match=r"SymPy cannot compute t1 = np.clip\(x, 0.0, 2.0\): "):
        Program([Clip(x, 0.0, 2.0)], [x]).to_sympy()


def test_sums_along_an_axis_are_as_exact_as_others():
    table, column = Variable(np.full((2, 3), 0.1), "table"), Variable(np.ones((2, 1)), "column")
    program = Program([np.sum(table, axis=1), np.sum(table, keepdims=True), np.sum(np.tanh(table) * column)], [table, column])
    value = np.random.default_rng(5).uniform(size=(2, 10**6)), np.ones((2, 1))
    for result, exact in zip(program.compile()(*value), program(*value)):
        assert np.all(np.abs(result - exact) < 1e-13 * exact)


def test_a_large_array_may_be_reshaped():
    table = Variable(np.ones((2, 3)), "table")
    program = Program([np.reshape(table.T, (1, -1)) * 1.5], [table])
    value = np.random.default_rng(5).uniform(size=(190, 190))
    assert_same_results(program.compile()(value), program(value))


def test_numbers_may_be_transposed_and_reshaped():
    s = Variable(2.0, "s")
    program = Program([np.transpose(s) * np.reshape(s, ())], [s])
    assert program(3.0) == program.compile()(3.0) == (9.0,)
