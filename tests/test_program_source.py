"""What a program's source says: labels, adjoints, simplification, and that no name becomes code."""

import ast
import copy
import pickle

import numpy as np
import pytest
import sympy as sp
from programs import POINT, assert_same_results, equation_a, lines, typed_a, with_gradient
from test_random_graphs import built, random_expressions

from autograd_engine import Program, draw, gradient, hessian
from autograd_nodes import Constant, Graph, Node, Sigmoid, Variable

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


TWINS = {"itself": lambda graph: graph, "pickled": lambda graph: pickle.loads(pickle.dumps(graph))}


@pytest.mark.parametrize("twin", [*TWINS.values(), copy.copy, copy.deepcopy], ids=[*TWINS, "copied", "deeply copied"])
def test_a_programs_graph_can_be_drawn_with_the_labels_of_its_lines(twin):
    x = Variable(2.0, "x")
    program = Program([np.sin(3.0 * x) + 4.0, x + Constant(5.0, "shift")], [x])
    graph = twin(program.graph)
    labels = [graph.label(node) for node in graph.nodes]
    assert labels == [program.graph.label(node) for node in program.graph.nodes]
    leaves = [graph.label(node) for node in graph.leaves]
    assert {"x", "shift"} < {*leaves} and len({*leaves}) == len(graph.leaves) == 4
    computed = {label for node, label in zip(graph.nodes, labels) if node.inputs}
    assert computed | {"shift"} == {line.split()[0] for line in lines(program)}
    drawing = draw(graph)
    assert all([f'data-node="{label}"' in drawing.svg for label in labels])


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
    y = 1.0 * np.sin(x) / 1.0 + np.sin(x) * 1.0 - 0.0
    _ = np.exp(y)
    assert lines(Program([y], [x])) == ["    t1 = np.sin(x)", "    t2 = t1 + t1"]
    assert lines(Program([-1.0 * x * (2.0 * Constant(3.0))], [x])) == ["    t1 = -x", "    t2 = t1 * 6.0"]


def test_an_addition_of_zero_stays_since_it_changes_the_sign_of_zero():
    x = Variable(-0.0, "x")
    assert str(Program([x + 0.0], [x])(-0.0)) == str(((x + 0.0).value,)) == "(0.0,)"


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


HOSTILE = ["x; import os", "t1", "v1", "np", "", "def", "a b", "x_bar", "print", "e\u0301", "t1\nimport os", "np.log"]


OURS = ["program", "float", "fused1", "log", "a_x", "e_x", "size", "block", "plus", "bad", "w", "count", "start", "prange"]


@pytest.mark.parametrize("name", [*HOSTILE, *OURS])
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


def test_an_adjoint_of_merged_nodes_is_not_called_theirs():
    a, w = Variable(1.0, "a"), Variable(2.0, "w")
    program = with_gradient(np.exp(np.sin(a) * w + np.sin(a) * w), [a, w])
    assert "t1 = np.sin(a)" in program.source
    assert "t1_bar" not in program.source


def assert_bars_are_adjoints(program):
    """Whatever is called x_bar or t3_bar is the derivative of the first output by x or t3, or that before it is expanded."""
    names = {name: x for x, name in program.lines.names.items()}
    Graph(program.graph.outputs[0]).backward()
    for name, x in names.items():
        if name.endswith("_bar"):
            node = names[name.removesuffix("_bar")]
            grad = np.zeros(node.shape) if node.grad is None else node.grad
            np.testing.assert_allclose(np.broadcast_to(x.value, np.shape(grad)), grad, 1e-8, 1e-8)


@random_expressions(200)
def test_a_bar_is_the_whole_adjoint_of_its_node(expression):
    variables, y = built(expression)
    assert_bars_are_adjoints(with_gradient(y, variables))


def test_pickles_keep_the_source():
    x, table, z = Variable([1.0, 2.0], "x"), Variable(np.ones((2, 2)), "table"), Variable([1.0, 2.0], "z")
    f = np.sum(Sigmoid(table) * x) + 0.0 * np.sum(x)
    program = with_gradient(f, [table, x, z])
    assert pickle.loads(pickle.dumps(program)).source == program.source
    assert "z_bar = np.full_like(z, 0.0)" in program.source


def test_the_program_of_a_as_it_is_typed_calls_nothing_an_adjoint_that_is_not():
    variables = [Variable(value, name) for name, value in POINT.items()]
    y = typed_a(*variables)
    program = with_gradient(y, variables)
    named = {line.split()[0] for line in lines(program)}
    assert not {"t1_bar", "t2_bar", "t3_bar"} & named  # each is several of the nodes that were typed
    assert {"a_bar", "b_bar", "c_bar", "t7_bar"} <= named
    assert_bars_are_adjoints(program)


def test_a_derivative_of_a_derivative_is_not_called_the_adjoint():
    x = Variable(0.7, "x")
    y = np.exp(np.sin(x) * x)
    (slope,) = gradient(y, [x])
    program = Program([y, slope, *gradient(slope, [x])], [x])
    assert "x_bar" not in program.lines.names.values()
