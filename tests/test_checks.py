"""The notebook's checks pass what is right, whatever a reader types, and refuse what is wrong."""

from unittest import mock

import numpy as np
import pytest
import sympy as sp

from autograd_engine.expressions import operations
from autograd_nodes import Graph, Node, Sigmoid, Variable
from tools.checks import check_derivative, check_graph, check_rules, same_graph, sheet_equation

RIGHT = ["< 1e-12", "< 1e-12", "< 1e-8"]


def scalars():
    return Variable(0.4, "x"), Variable(-0.7, "y")


EXPRESSIONS = {
    "sin(x y)": lambda x, y: np.sin(x * y),
    "an operation without a NumPy function": lambda x, y: Sigmoid(x) * y,
    "a power, and numbers that are no binary fractions": lambda x, y: (x + 0.1) ** 3.3 * y,
    "a node that is used twice": lambda x, y: x * y + (x * y) ** 2,
    "the same operand twice": lambda x, y: x * x - y / y,
    "an odd name": lambda x, y: Variable(2.0, "x; import os") * x,
    "two leaves of one name": lambda x, y: np.exp(Variable(0.3, "x") * x),
    "arrays": lambda x, y: np.sum(np.tanh(Variable([0.1, -0.2, 0.3], "v")) * x),
    "a product of matrices": lambda x, y: np.sum(Variable([[0.1, 0.2], [0.3, 0.4]], "M") @ np.stack([x, y])),
}  # fmt: skip


@pytest.mark.parametrize("build", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_any_expression_that_a_reader_types_can_be_checked(build):
    graph = Graph(build(*scalars()))
    assert check_graph(graph) == [str(len([x for x in graph.nodes if x.active])), *RIGHT]


def test_large_values_are_compared_by_their_digits():
    x = Variable(3e4, "x")
    assert check_graph(Graph(x**3 / 7))[1:] == RIGHT


def node_with(forward_rule, *rules):
    """An operation without a name in NumPy."""

    class Operation(Node):
        forward = forward_rule
        backward = rules

    return Operation


def divide(x, y):
    return x / y


def right_for_x(grad, t, x, y):
    return grad / y


def right_for_y(grad, t, x, y):
    return -grad * t / y


@pytest.mark.parametrize("rule", [lambda grad, t, x, y: grad * t / y, lambda grad, t, x, y: -t / y, None])
def test_a_wrong_rule_spoils_the_adjoints_but_no_value(rule):
    x, y = scalars()
    _, values, adjoints, differences = check_graph(Graph(3 * node_with(divide, right_for_x, rule)(x, y)))
    assert values == RIGHT[0]
    assert not {adjoints, differences} & set(RIGHT)


def test_a_wrong_forward_rule_is_seen_in_the_equation():
    x, y = scalars()
    wrong = node_with(lambda x, y: x / y + 1, right_for_x, lambda grad, t, x, y: -grad * x / y / y)
    equation = sp.Symbol("x", real=True) / sp.Symbol("y", real=True)
    assert check_graph(Graph(x / y), equation)[0] == "yes"
    assert check_graph(Graph(wrong(x, y)), equation)[0] == "no"


def test_the_equations_of_the_sheet_are_read_as_printed():
    a, b, c = sp.symbols("a b c", real=True)
    t = a + b + c**2
    assert sheet_equation("A") == sp.sqrt(t) + sp.log(t) + t / (b * c**2)
    w, x, y = [sp.symbols(names, real=True) for names in ("w_0:2", "x_1:4", "y_1:4")]
    assert sheet_equation("B") == sum([(w[0] + w[1] * x[i] - y[i]) ** 2 for i in range(3)])


def test_an_answer_is_compared_with_sympys_derivative():
    x, y = scalars()
    assert check_derivative(np.sin(x) * y, x, np.cos(x) * y) == ["by symbols", "< 1e-12"]
    assert check_derivative(np.sin(x) * y, x, np.cos(x)) == ["no", "< 1e-12"]
    assert check_derivative(x / y, x, 1 / y)[1] == "< 1e-12"


def test_an_answer_that_is_right_at_the_point_only_is_refused():
    x = Variable(0.5, "x")
    assert check_derivative(x**2, x, 2 * x + 0 * x) == ["by symbols", "< 1e-12"]
    assert check_derivative(x**2, x, 4 * x**2) == ["no", "< 1e-12"]
    assert check_derivative(x**2, x, 1.0) == ["no", "< 1e-12"]


ANSWERS = {
    "simplified to no common form": lambda x, y: (Sigmoid(x), Sigmoid(x) * (1 - Sigmoid(x))),
    "a quotient for a sign": lambda x, y: (np.sqrt(x * x), x / np.sqrt(x * x)),
    "a bracket": lambda x, y: (np.maximum(x, y), np.equal(np.maximum(x, y), x)),
    "decimal fractions": lambda x, y: (0.1 * x * x + 0.2 * x * x, 0.6 * x),
    "a number": lambda x, y: (0.1 * x + 0.2 * x, 0.3),
    "a whole number": lambda x, y: (3 * x + y, 3),
}  # fmt: skip


@pytest.mark.parametrize("build", ANSWERS.values(), ids=ANSWERS)
def test_a_right_answer_is_taken_in_any_form(build):
    x, y = scalars()
    expression, answer = build(x, y)
    assert check_derivative(expression, x, answer)[0] in ("by symbols", "by numbers")
    assert check_derivative(expression, x, answer + 1e-6)[0] == "no"


def test_an_answer_may_be_an_array_and_must_have_the_shape_of_the_derivative():
    v = Variable([0.1, 0.2, 0.3], "v")
    assert check_derivative(np.sum(v) / 3, v, np.ones(3) / 3)[0] != "no"
    assert check_derivative(np.sum(v) * 3, v, np.full(3, 2.0))[0] == "no"
    for answer in (np.ones(2) / 3, v[0], 1 / 3):
        with pytest.raises(ValueError, match=r"the answer has shape \(.*\), but the derivative has shape \(3,\)"):
            check_derivative(np.sum(v) / 3, v, answer)


@pytest.mark.parametrize("build", [lambda x, y: 3 * x, lambda x, y: x * y, lambda x, y: x**3 * y])
def test_the_rules_of_an_expression_with_simple_derivatives_can_be_checked(build):
    x, y = scalars()
    assert check_rules(build(x, y), x) == ["< 1e-12", "< 1e-12"]


def test_differences_stay_within_the_domain():
    assert check_graph(Graph(np.sqrt(Variable(1e-6, "x"))))[1:] == RIGHT


def test_a_node_can_be_checked_as_well_as_its_graph():
    x, y = scalars()
    assert check_graph(x * y) == check_graph(Graph(x * y))


def test_graphs_are_the_same_if_their_operations_and_inputs_are():
    x, y = scalars()
    t, also = x * y, x * y
    assert same_graph(t + t**2, also + also**2)
    assert not same_graph(t + t**2, also + t**2)  # the product is computed twice
    assert not same_graph(x - y, y - x)
    assert not same_graph(np.sin(x), np.cos(x))


def test_what_a_sweep_has_left_makes_no_graph_another():
    x, y = scalars()
    swept = x * y
    Graph(swept).backward()
    assert same_graph(swept, x * y)


def test_our_own_derivative_is_measured_too():
    x, y = scalars()
    wrong = node_with(divide, lambda grad, t, x, y: grad / y + 0.25, right_for_y)
    assert check_derivative(wrong(x, y), x, 1 / y) == ["by symbols", "0.18"]


@pytest.fixture
def registry():
    """Puts np.tan back to what it was."""
    with mock.patch.dict(operations):
        yield


def test_what_sympy_cannot_compute_is_said_to_be_so():
    off = node_with(lambda x: x + 0.1 * isinstance(x, float), lambda grad, t, x: grad)
    with pytest.raises(TypeError, match="SymPy cannot compute"):
        check_graph(Graph(off(Variable(0.7, "x"))))


def tangent(rule):
    """What the exercise's check finds with this rule."""

    class Tan(Node):
        function = np.tan

        def forward(x):
            return np.tan(x)

        backward = (rule,)

    x = Variable(0.7, "x")
    return check_rules(np.sin(Tan(x)), x)


@pytest.mark.parametrize("rule", [
    lambda grad, t, x: grad * (1.0 + t * t),
    lambda grad, t, x: grad * (1 + np.tan(x) ** 2),
    lambda grad, t, x: grad / np.cos(x) ** 2,
    lambda grad, t, x: grad + grad * t**2,
    lambda grad, t, x: 2 * grad / (1 + np.cos(2 * x)),
])  # fmt: skip
def test_the_exercise_takes_the_right_answer_in_any_form(rule, registry):
    assert tangent(rule) == ["< 1e-12", "< 1e-12"]


@pytest.mark.parametrize("rule", [
    lambda grad, t, x: grad * 0.0,
    lambda grad, t, x: 1 + np.tan(x) ** 2,
    lambda grad, t, x: grad * (1 - t * t),
    lambda grad, t, x: grad / np.cos(x),
    lambda grad, t, x: grad * grad * (1 + t * t),
    lambda grad, t, x: grad * (1 + np.tan(0.7) ** 2),
    lambda grad, t, x: grad * (1 + t * 0.8422883804630794),
    lambda grad, t, x: grad * (1 + getattr(t, "value", t) ** 2),
])  # fmt: skip
def test_the_exercise_refuses_wrong_answers(rule, registry):
    assert "< 1e-12" not in tangent(rule)


def test_the_exercise_refuses_a_rule_whose_own_derivative_is_wrong(registry):
    square = node_with(lambda x: x * x, lambda grad, t, x: grad * x)
    assert tangent(lambda grad, t, x: grad * (1 + square.of(t)))[0] == "< 1e-12"
    assert tangent(lambda grad, t, x: grad * (1 + square.of(t)))[1] != "< 1e-12"
