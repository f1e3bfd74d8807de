"""Graphs as they get shared, tied, changed, named, reduced, pickled and copied."""

import copy
import pickle

import numpy as np
import pytest
import sympy

from autograd_engine import eliminate_common_subexpressions, gradient, hessian, jacobian
from autograd_nodes import Constant, Equal, Graph, Square, Variable


def variables(*values):
    return [Variable(value) for value in values]


def edges(graph):
    return sum(len(node.inputs) for node in graph.nodes)


def operations(graph):
    return [node for node in graph.nodes if node.inputs]


def places(graph, nodes):
    """Where in the graph the nodes are; None for one that is not."""
    at = {node: i for i, node in enumerate(graph.nodes)}
    return [at.get(node) for node in nodes]


def grads(y, *of):
    result = Graph(y).backward()
    return [result[x] for x in of]


# -------------------------------------------------------------------------------------------------- the sheet's A and B


def a_as_typed(a, b, c, sqrt=np.sqrt, log=np.log):
    return sqrt(a + b + c**2) + log(a + b + c**2) + (a + b + c**2) / (b * c**2)


def b_as_typed(w, x, y):
    terms = [(w[0] + w[1] * x_i - y_i) ** 2 for x_i, y_i in zip(x, y, strict=True)]
    return terms[0] + terms[1] + terms[2]


def b_leaves():
    return variables(0.5, 2.0), variables(1.0, 2.0, -1.0), variables(1.0, 5.0, -4.0)


def by_sympy(function, values):
    """Value and gradient at exactly these floats, to 30 digits."""
    symbols = sympy.symbols(f"s:{len(values)}")
    at = dict(zip(symbols, map(sympy.Rational, values), strict=True))
    expression = function(*symbols)
    return [float(e.subs(at).evalf(30)) for e in (expression, *(expression.diff(s) for s in symbols))]


@pytest.mark.parametrize("c", [1.5, -1.5])
@pytest.mark.parametrize("reduce", [lambda y: y, eliminate_common_subexpressions], ids=["as typed", "reduced"])
def test_a_has_the_value_and_the_gradient_that_sympy_finds(c, reduce):
    leaves = variables(2.0, 3.0, c)
    y = reduce(a_as_typed(*leaves))
    expected = by_sympy(lambda a, b, c: a_as_typed(a, b, c, sympy.sqrt, sympy.log), (2.0, 3.0, c))
    for values in ([y.value, *grads(y, *leaves)], [y.value, *(slope.value for slope in gradient(y, leaves))]):
        assert values == pytest.approx(expected, rel=1e-14)
    rounded = [5.747658, 0.471775, 0.113750, -0.016775 if c > 0 else 0.016775]
    assert [round(v, 6) for v in expected] == rounded


def test_a_as_typed_has_16_operations_and_reduces_to_the_sheets_9():
    leaves = [Variable(v, name) for v, name in ((2.0, "a"), (3.0, "b"), (1.5, "c"))]
    y = a_as_typed(*leaves)
    assert len(operations(Graph(y))) == 16
    graph = Graph(eliminate_common_subexpressions(y))
    assert len(operations(graph)) == 9 and len(graph.nodes) == 12 and edges(graph) == 15
    assert set(leaves) <= set(graph.nodes)
    steps = [f"{graph.label(n)} = {type(n).__name__}({', '.join(map(graph.label, n.inputs))})" for n in operations(graph)]
    assert steps == [
        "t1 = Add(a, b)", "t2 = Square(c)", "t3 = Add(t1, t2)", "t4 = Sqrt(t3)", "t5 = Log(t3)", "t6 = Add(t4, t5)",
        "t7 = Multiply(b, t2)", "t8 = Divide(t3, t7)", "t9 = Add(t6, t8)",
    ]  # fmt: skip


def test_b_has_14_operations_8_leaves_25_edges_and_no_constants():
    w, x, y = b_leaves()
    for node in (b_as_typed(w, x, y), eliminate_common_subexpressions(b_as_typed(w, x, y))):
        graph = Graph(node)
        assert len(operations(graph)) == 14 and edges(graph) == 25
        assert {leaf for leaf in graph.nodes if not leaf.inputs} == {*w, *x, *y}


def test_b_has_the_value_and_the_gradient_that_sympy_finds():
    w, x, y = b_leaves()
    node = b_as_typed(w, x, y)
    expected = by_sympy(lambda *s: b_as_typed(s[:2], s[2:5], s[5:]), [leaf.value for leaf in (*w, *x, *y)])
    assert expected == [8.75, 7, -4, 6, -2, 10, -3, 1, -5]
    assert [node.value, *grads(node, *w, *x, *y)] == expected
    assert [slope.value for slope in gradient(node, [*w, *x, *y])] == expected[1:]
    assert [n.inputs[0].value for n in Graph(node).nodes if isinstance(n, Square)] == [1.5, -0.5, 2.5]


# ----------------------------------------------------------------------------------- shared, repeated and unused nodes


def test_a_variable_used_twice_in_one_operation_counts_twice():
    x = Variable(3.0)
    assert grads(x + x, x) == [2.0]
    assert grads(x * x, x) == [6.0]
    assert grads(x / x, x) == [0.0]
    assert grads(x - x, x) == [0.0]
    assert grads(x**x, x) == [pytest.approx(27.0 * (np.log(3.0) + 1.0), rel=1e-15)]
    assert grads(np.sum(np.stack([x, x, x])), x) == [3.0]


def test_a_matrix_times_itself_counts_both_factors():
    m = Variable([[1.0, 2.0], [3.0, 4.0]])
    seed = np.array([[1.0, 0.5], [-1.0, 2.0]])
    np.testing.assert_allclose(Graph(m @ m).backward(seed)[m], seed @ m.value.T + m.value.T @ seed, rtol=1e-15)


def test_fan_out_adds_the_adjoints_of_all_users():
    x = Variable(0.5)
    t = np.exp(x)
    y = t * 2 + t * 3 + np.sin(t)
    assert grads(y, x) == [pytest.approx(t.value * (5.0 + np.cos(t.value)), rel=1e-15)]
    assert t.grad == pytest.approx(5.0 + np.cos(t.value), rel=1e-15)


def test_a_diamond_is_the_sum_over_its_paths():
    x = Variable(2.0)
    t = x**2
    left, right = 3 * t, t * t
    assert grads(left * right, x) == [18 * 2.0**5]
    assert (left.grad, right.grad, t.grad) == (right.value, left.value, 9 * t.value**2)


def test_a_tower_of_diamonds_is_swept_in_one_pass():
    x = Variable(1.0)
    y = x
    for _ in range(1000):
        y = 0.5 * y + 0.5 * y
    assert grads(y, x) == [1.0] == [slope.value for slope in gradient(y, [x])]


def test_a_repeated_subexpression_is_counted_each_time():
    x = Variable(0.7)
    assert grads(np.sin(x) * np.sin(x), x) == [pytest.approx(np.sin(1.4), rel=1e-14)]


def test_a_constant_has_no_gradient():
    x, k = Variable(2.0), Constant(5.0)
    y = x * k + 1
    assert Graph(y).backward() == {x: 5.0}
    assert [node.grad for node in Graph(y).nodes if isinstance(node, Constant)] == [None, None]


def test_an_operation_on_constants_has_no_gradient():
    x, t = Variable(2.0), Constant(3.0) * 4.0
    assert Graph(x * t).backward() == {x: 12.0}
    assert t.grad is None and not t.active
    assert Graph(t).backward() == {} and t.grad is None


def test_an_unused_variable_has_the_gradient_zero_of_its_shape():
    x, unused = Variable(2.0), Variable(np.ones((2, 3)))
    _, zero = gradient(x**2, [x, unused])
    np.testing.assert_array_equal(zero.value, np.zeros((2, 3)), strict=True)
    assert unused not in Graph(x**2).backward() and unused.grad is None


@pytest.mark.parametrize("shape", [(), (3,)])
def test_a_variable_that_only_a_piecewise_constant_sees_has_the_gradient_zero(shape):
    x = Variable(np.ones(shape))
    y = np.sum(np.equal(x, 1.0) * 4.0)
    np.testing.assert_array_equal(Graph(y).backward()[x], np.zeros(shape))
    np.testing.assert_array_equal(gradient(y, [x])[0].value, np.zeros(shape))


def test_a_variable_is_a_graph_of_its_own():
    x = Variable(2.0)
    assert Graph(x).nodes == (x,) and Graph(x).forward() == 2.0
    assert Graph(x).backward() == {x: 1.0}
    assert [slope.value for slope in gradient(x, [x])] == [1.0]


def test_an_exponent_that_is_constant_never_meets_the_logarithm_of_its_base():
    for base in (-2.0, 0.0):
        x = Variable(base)
        assert grads(x**3, x) == [3 * base**2]
        assert gradient(x**3, [x])[0].value == 3 * base**2


def test_several_outputs_are_evaluated_together():
    x = Variable(2.0)
    t = x**2
    graph = Graph(t, t + x, x)
    assert graph.outputs[2] is x and len(graph.nodes) == 3
    x.value = 3.0
    assert graph.forward() == (9.0, 12.0, 3.0)


def test_a_seed_scales_the_adjoints():
    x = Variable([1.0, 2.0])
    graph = Graph(np.sum(x * x))
    np.testing.assert_array_equal(graph.backward(-2.0)[x], [-4.0, -8.0])
    assert graph.outputs[0].grad == -2.0


def test_nodes_come_in_the_order_in_which_python_evaluates_them():
    x, y = variables(2.0, 3.0)
    first, second = np.sin(y), np.cos(x)
    product = first * second
    assert Graph(product).nodes == (y, first, x, second, product)


# ------------------------------------------------------------------------------------------------------------ ties


def test_a_tie_of_maximum_is_shared_equally():
    x, y = variables(2.0, 2.0)
    assert grads(np.maximum(x, y), x, y) == [0.5, 0.5]
    assert [slope.value for slope in gradient(np.maximum(x, y), [x, y])] == [0.5, 0.5]
    assert grads(np.maximum(x, x), x) == [1.0]
    assert grads(np.maximum(x - 2.0, 0), x) == [0.5]


def test_a_tie_of_maximum_is_shared_element_by_element():
    x, y = Variable([1.0, 2.0, 3.0]), Variable(2.0)
    result = Graph(np.maximum(x, y)).backward(np.array([1.0, 10.0, 100.0]))
    np.testing.assert_array_equal(result[x], [0.0, 5.0, 100.0])
    assert result[y] == 6.0


TIED = [[3.0, 1.0, 3.0], [3.0, 2.0, 0.0]]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis, shares", [
    (None, [[1 / 3, 0, 1 / 3], [1 / 3, 0, 0]]),
    (0, [[0.5, 0, 1], [0.5, 1, 0]]),
    (-1, [[0.5, 0, 0.5], [1, 0, 0]]),
    ((0, 1), [[1 / 3, 0, 1 / 3], [1 / 3, 0, 0]]),
])  # fmt: skip
def test_a_tie_of_max_is_shared_equally_along_its_axis(axis, shares, keepdims):
    x = Variable(TIED)
    y = np.max(x, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(Graph(y).backward(np.ones(y.shape))[x], shares, rtol=1e-15)
    np.testing.assert_allclose(gradient(np.sum(y), [x])[0].value, shares, rtol=1e-15)


def test_ties_are_found_anew_at_every_evaluation_of_a_gradient_graph():
    x, y = variables(1.0, 2.0)
    slopes = gradient(np.maximum(x, y), [x, y])
    x.value = 2.0
    assert Graph(*slopes).forward() == (0.5, 0.5)
    x.value = 3.0
    assert Graph(*slopes).forward() == (1.0, 0.0)


# ------------------------------------------------------------------------------------------- gradients do not leak


def chain(value=2.0):
    x = Variable(value)
    t = x**2
    return x, t, t * 3


def test_each_backward_starts_afresh():
    x, t, y = chain()
    graph = Graph(y)
    assert graph.backward() == graph.backward() == {x: 12.0}
    assert t.grad == 3.0


def test_a_pass_over_one_graph_does_not_add_to_the_adjoints_of_another():
    x = Variable(2.0)
    y, z = x * 3.0, x * 5.0
    Graph(y).backward()
    assert Graph(z).backward() == {x: 5.0} and x.grad == 5.0


def test_what_backward_has_returned_stays_as_it_was():
    x = Variable([1.0, 2.0])
    graph = Graph(np.sum(x * x))
    first = graph.backward()
    x.value = [5.0, 6.0]
    graph.backward()
    np.testing.assert_array_equal(first[x], [2.0, 4.0])


def test_building_gradient_graphs_leaves_adjoints_alone():
    x, t, y = chain()
    Graph(y).backward(2.0)
    gradient(y, [x])
    jacobian(y, x)
    assert (x.grad, t.grad, y.grad) == (24.0, 6.0, 2.0)


# ------------------------------------------------------------------------------------------------------------ labels


def label(name, value=1.0):
    x = Variable(value, name)
    return Graph(x * 2.0).label(x)


@pytest.mark.parametrize("name", ["a", "b", "w_0", "x1", "Alpha", "weights", "x_y_z", "T1", "bar"])
def test_a_plain_name_is_its_own_label(name):
    assert label(name) == name


@pytest.mark.parametrize("name", [
    None, "", " ", "x; import os", "<script>", "t1", "t12", "v1", "v0", "w_bar", "t1_bar", "1a", "a b", "a-b", "a.b", "a\n",
    "lambda", "import", "None", "True", "print", "sum", "__import__", "float", "np", "math", "β", "ñ", "x²", "a'b",
    'a"b', "$a$", "{a}", "\\alpha",
])  # fmt: skip
def test_any_other_name_is_replaced_by_a_plain_label(name):
    assert label(name) == "v1"


@pytest.mark.parametrize("name", ["β", "x; import os", "", "t1"])
def test_a_name_stays_the_text_that_it_was(name):
    x = Variable(1.0, name)
    assert x.name == name and repr(name) in repr(x)


def test_leaves_of_one_name_both_lose_it_in_the_labels():
    first, second, third = Variable(1.0, "x"), Constant(2.0, "x"), Variable(3.0, "y")
    graph = Graph(first * second + third)
    assert [graph.label(leaf) for leaf in (first, second, third)] == ["v1", "v2", "y"]


def test_operations_are_numbered_in_the_order_of_evaluation():
    x = Variable(1.0, "x")
    y = np.sin(x) * np.cos(x) + 2.0
    graph = Graph(y)
    assert [graph.label(node) for node in graph.nodes] == ["x", "t1", "t2", "t3", "v1", "t4"]


def test_every_label_is_unique_and_plain_whatever_the_names():
    names = ["t1", "t2", "v1", "v2", "a", "a", None, "", "x_bar", "b", "v1"]
    y = Constant(0.0)
    for name in names:
        y = y + Variable(1.0, name)
    graph = Graph(y)
    labels = [graph.label(node) for node in graph.nodes]
    assert len(set(labels)) == len(labels) and all(text.isascii() and text.isidentifier() for text in labels)
    assert "b" in labels


def test_a_label_of_a_node_that_is_elsewhere_is_refused():
    with pytest.raises(ValueError, match="not in this graph"):
        Graph(Variable(1.0) * 2.0).label(Variable(1.0))


# -------------------------------------------------------------------------------------------------------- adjoint_of


def test_each_gradient_knows_whose_adjoint_it_is():
    _, b, c = leaves = variables(2.0, 3.0, 1.5)
    y = eliminate_common_subexpressions(a_as_typed(*leaves))
    slopes = gradient(y, leaves)
    Graph(y).backward()
    known = {node.adjoint_of: node for node in Graph(*slopes).nodes if node.adjoint_of is not None}
    assert {c, b} <= known.keys() <= set(Graph(y).nodes)
    assert all(adjoint.value == of.grad for of, adjoint in known.items())


def test_the_seed_is_the_adjoint_of_the_output():
    x = Variable(2.0)
    y = x * x
    (slope,) = gradient(y, [x])
    assert [node.adjoint_of for node in Graph(slope).nodes if node.value == 1.0] == [y]
    assert slope.adjoint_of is x


def test_the_gradient_of_a_variable_that_is_not_there_is_its_adjoint_all_the_same():
    x, absent = variables(2.0, 3.0)
    assert gradient(x * x, [absent])[0].adjoint_of is absent


def test_nodes_that_nobody_differentiated_are_nobodys_adjoint():
    x, _, y = chain()
    gradient(y, [x])
    assert [node.adjoint_of for node in Graph(y).nodes] == [None] * len(Graph(y).nodes)


# ------------------------------------------------------------------------------------ a gradient is what was asked for


def test_only_what_leads_to_the_variables_asked_for_is_differentiated():
    base, exponent = variables(-2.0, 2.0)
    (slope,) = gradient(base**exponent, [base])  # by the exponent there is no derivative: the logarithm of −2
    assert slope.value == -4.0 and jacobian(base**exponent, base) == -4.0
    with pytest.raises(ArithmeticError, match=r"backward from t1 = Power.*Log\(-2.0\)"):
        gradient(base**exponent, [base, exponent])


def test_the_gradient_of_b_by_its_weights_holds_no_adjoint_of_the_data():
    w, x, y = b_leaves()
    slopes = gradient(b_as_typed(w, x, y), w)
    owners = {node.adjoint_of for node in Graph(*slopes).nodes}
    assert set(w) <= owners and not owners & {*x, *y}
    assert [slope.value for slope in slopes] == [7.0, -4.0]


def test_variables_may_come_from_any_iterable():
    a, b = variables(2.0, 3.0)
    for some in ([a, b], (a, b), iter([a, b]), (v for v in (a, b)), {a: 1, b: 2}.keys()):
        assert [slope.value for slope in gradient(a * b, some)] == [3.0, 2.0]
    assert [[entry.value for entry in row] for row in hessian(a * b, (v for v in (a, b)))] == [[0.0, 1.0], [1.0, 0.0]]


# ------------------------------------------------------------------------------------------------- evaluate and fold


def test_a_graph_is_evaluated_at_other_values_and_keeps_nothing_of_it():
    x, t, y = chain()
    graph = Graph(y)
    graph.backward()
    before = [(node.value, node.grad) for node in graph.nodes], dict(graph.values), dict(graph.adjoints)
    assert graph.evaluate({x: 5.0}) == {x: 5.0, t: 25.0, y.inputs[1]: 3.0, y: 75.0}
    assert graph.evaluate({y.inputs[1]: 4.0})[y] == 16.0 and graph.evaluate({})[y] == 12.0
    assert ([(node.value, node.grad) for node in graph.nodes], graph.values, graph.adjoints) == before


def test_other_values_are_checked():
    x, t, y = chain()
    v = Variable([1.0, 2.0])
    graph = Graph(np.log(y))
    for stranger in (Variable(1.0), t):
        with pytest.raises(ValueError, match="not a leaf of this graph"):
            graph.evaluate({stranger: 1.0})
    with pytest.raises(ValueError, match=r"\(2,\).*\(\)"):
        graph.evaluate({x: [1.0, 2.0]})
    with pytest.raises(ValueError, match="finite"):
        graph.evaluate({x: np.inf})
    with pytest.raises(FloatingPointError, match=r"t3 = Log\(0.0\)"):
        graph.evaluate({x: 0.0})
    with pytest.raises(ValueError, match=r"\(\).*\(2,\)"):
        Graph(v * 2.0).evaluate({v: 3.0})


def test_a_fold_gives_each_node_and_what_became_of_its_inputs_to_the_rule():
    x, t, y = chain()
    depth = Graph(y).fold(lambda node, *inputs: 1 + max(inputs, default=-1))
    assert depth == {x: 0, t: 1, y.inputs[1]: 0, y: 2} and list(depth) == list(Graph(y).nodes)
    assert Graph(t * t).fold(lambda node, *inputs: (node, inputs))[t][1] == ((x, ()),)


def test_leaves_and_operations_are_the_two_kinds_of_nodes():
    x, t, y = chain()
    graph = Graph(y)
    assert (graph.leaves, graph.operations) == ((x, y.inputs[1]), (t, y))


# ---------------------------------------------------------------------------------- eliminate_common_subexpressions


def test_equal_operations_on_equal_inputs_become_one_node():
    x, y = variables(2.0, 3.0)
    reduced = eliminate_common_subexpressions(np.sin(x * y) + np.cos(x * y))
    assert len(operations(Graph(reduced))) == 4


def test_the_order_of_operands_counts():
    x, y = variables(2.0, 3.0)
    assert len(operations(Graph(eliminate_common_subexpressions(x / y + y / x)))) == 3


def test_equal_constants_become_one_and_others_stay_apart():
    x = Variable(2.0)
    constants = [Constant(k) for k in (3.0, 3.0, -3.0, 0.0, -0.0)] + [Constant([1.0, 2.0]) for _ in range(2)]
    y = x
    for k in constants:
        y = y * k
    kept = {n for n in Graph(eliminate_common_subexpressions(np.sum(y))).nodes if isinstance(n, Constant)}
    assert len(kept) == 5


def test_constants_of_different_names_stay_apart():
    x = Variable(2.0)
    y = eliminate_common_subexpressions(x * Constant(3.0, "g") + x * Constant(3.0, "h") + x * Constant(3.0, "g"))
    assert [n.name for n in Graph(y).nodes if isinstance(n, Constant)] == ["g", "h"]


def test_variables_stay_themselves_even_when_they_are_equal():
    x, twin = Variable(2.0, "x"), Variable(2.0, "x")
    reduced = eliminate_common_subexpressions(x * x + twin * twin)
    assert len(Graph(reduced).nodes) == 5 and {x, twin} <= set(Graph(reduced).nodes)
    assert Graph(reduced).backward() == {x: 4.0, twin: 4.0}


@pytest.mark.parametrize("one, other", [
    (lambda x: np.sum(x, axis=0), lambda x: np.sum(x, axis=1)),
    (lambda x: np.sum(x, axis=0, keepdims=True), lambda x: np.sum(x, axis=0)),
    (lambda x: np.max(x, axis=0), lambda x: np.sum(x, axis=0)),
    (lambda x: x[0], lambda x: x[1]),
    (lambda x: x[:, 1:], lambda x: x[:, :1]),
    (lambda x: np.reshape(x, (4,)), lambda x: np.reshape(x, (4, 1))),
    (lambda x: np.stack([x, x], axis=0), lambda x: np.stack([x, x], axis=1)),
])  # fmt: skip
def test_parameters_count_when_operations_are_compared(one, other):
    x = Variable([[1.0, 2.0], [3.0, 4.0]])
    apart = eliminate_common_subexpressions(one(x), other(x))
    assert apart[0] is not apart[1] and [y.shape for y in apart] == [one(x).shape, other(x).shape]
    together = eliminate_common_subexpressions(one(x), one(x))
    assert together[0] is together[1]


def test_equal_indices_are_equal_however_they_were_made():
    x, every = Variable(np.ones((2, 2, 2))), slice(None)
    first, second = eliminate_common_subexpressions(x[:, :, 0], x[(every, every, np.int64(0))])
    assert first is second


def test_several_outputs_are_reduced_together():
    x = Variable(2.0)
    first, second = eliminate_common_subexpressions(x**2 + 1.0, x**2 * 3.0)
    assert first.inputs[0] is second.inputs[0]
    assert (first.value, second.value) == (5.0, 12.0)


def test_reducing_builds_new_nodes_and_leaves_the_old_ones_alone():
    x = Variable(2.0)
    y = np.sin(x) * np.sin(x)
    before = Graph(y).nodes
    eliminate_common_subexpressions(y)
    assert Graph(y).nodes == before and len(before) == 4


def test_names_of_operations_and_whose_adjoint_they_are_survive_the_reduction():
    x = Variable(2.0)
    y = np.sin(x) * np.sin(x)
    y.name = "power"
    reduced = eliminate_common_subexpressions(y)
    assert reduced.name == "power"
    (slope,) = gradient(y, [x])
    assert eliminate_common_subexpressions(slope).adjoint_of is slope.adjoint_of is x


def test_a_stale_graph_is_reduced_to_a_graph_of_the_present_values():
    x = Variable(2.0)
    y = np.sin(x) * np.sin(x) + x * x
    x.value = 0.5
    reduced = eliminate_common_subexpressions(y)
    assert Graph(reduced).forward() == reduced.value == pytest.approx(np.sin(0.5) ** 2 + 0.25, rel=1e-15)


# ---------------------------------------------------------------------------------------------- pickle and deepcopy

TWINS = {"pickle": lambda thing: pickle.loads(pickle.dumps(thing)), "deepcopy": copy.deepcopy}
both_ways = pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS.keys())


@both_ways
def test_a_twin_has_equal_nodes_of_its_own(twin):
    x = Variable([1.0, 2.0], "x")
    t = np.max(x * Constant(3.0, "k"), axis=0, keepdims=True)
    t.name = "largest"
    graph = Graph(t, np.sum(x[1:]))
    other = twin(graph)
    assert not set(graph.nodes) & set(other.nodes)
    for old, new in zip(graph.nodes, other.nodes, strict=True):
        assert (type(new), new.name, new.parameters, new.active) == (type(old), old.name, old.parameters, old.active)
        np.testing.assert_array_equal(new.value, old.value, strict=True)
        assert places(other, new.inputs) == places(graph, old.inputs)
        assert graph.label(old) == other.label(new)
    assert places(other, other.outputs) == places(graph, graph.outputs)


@both_ways
def test_a_twin_lives_its_own_life(twin):
    x = Variable(2.0, "x")
    graph = Graph(x**3)
    other = twin(graph)
    (y,) = [node for node in other.nodes if node.name == "x"]
    y.value = 5.0
    assert other.backward() == {y: 75.0} and graph.backward() == {x: 12.0} and x.value == 2.0


@both_ways
def test_a_variable_copied_along_with_its_graph_is_the_one_in_the_graph(twin):
    x = Variable(2.0)
    graph, y = twin((Graph(x * x), x))
    assert y in graph.nodes and y is not x
    y.value = 3.0
    assert graph.backward() == {y: 6.0}


@both_ways
def test_graphs_that_share_a_variable_share_it_in_their_twins(twin):
    x = Variable(2.0)
    first, second = twin((Graph(x * x), Graph(x + 1.0)))
    shared = set(first.nodes) & set(second.nodes)
    assert [type(node) for node in shared] == [Variable]


@both_ways
def test_adjoints_survive(twin):
    x = Variable([1.0, 2.0])
    graph = Graph(np.sum(x * x))
    graph.backward()
    for old, new in zip(graph.nodes, twin(graph).nodes, strict=True):
        np.testing.assert_array_equal(new.grad, old.grad, strict=True)
        assert isinstance(new.grad, float) or not new.grad.flags.writeable


@both_ways
def test_a_graph_without_adjoints_has_a_twin_without_adjoints(twin):
    assert [node.grad for node in twin(Graph(Variable(2.0) * 3.0)).nodes] == [None] * 3


@both_ways
def test_staleness_survives(twin):
    x = Variable(2.0, "x")
    graph = Graph(x * x * 3.0)
    x.value = 5.0
    other = twin(graph)
    assert other.outputs[0].value == 12.0
    assert list(other.backward().values()) == [30.0] and other.outputs[0].value == 75.0


@both_ways
def test_a_gradient_graphs_twin_knows_whose_adjoints_its_nodes_are(twin):
    x, y = variables(2.0, 3.0)
    z = x * y
    graph = Graph(z, *gradient(z, [x, y]))
    other = twin(graph)
    owners = [places(g, [node.adjoint_of for node in g.nodes]) for g in (graph, other)]
    assert owners[0] == owners[1] and set(owners[0]) == {None, *places(graph, [x, y, z])}


@both_ways
def test_a_leaf_alone_can_be_copied(twin):
    for leaf in (Variable(2.0, "x"), Constant([1.0, 2.0]), Variable(np.ones(2, np.float32))):
        other = twin(leaf)
        assert type(other) is type(leaf) and other is not leaf and other.name == leaf.name
        np.testing.assert_array_equal(other.value, leaf.value, strict=True)


@both_ways
def test_an_operation_alone_says_how_to_copy_it(twin):
    with pytest.raises(TypeError, match=r"Graph\(node\)"):
        twin(Variable(2.0) * 3.0)


# ------------------------------------------------------------------------------------------------------ what a node tells


def test_a_node_shows_its_operation_its_value_and_its_name():
    x = Variable(2.0, "x")
    assert repr(x) == "Variable(2.0, name='x')" and repr(x * 3) == "Multiply(6.0)"
    assert repr(Constant(np.arange(3.0))) == "Constant([0., 1., 2.])"
    assert len(repr(Variable(np.ones((1000, 1000))))) < 200


def test_equality_of_nodes_is_an_operation_and_nodes_are_keys_by_identity():
    x, y = variables(2.0, 2.0)
    assert isinstance(x == y, Equal) and (x == y).value == 1.0 and ((x == 2.0) + (y == 2.0)).value == 2.0
    assert len({x, y, x}) == 2


def test_a_node_holds_its_operands_and_parameters():
    x = Variable([1.0, 2.0])
    y = np.max(x, keepdims=True)
    assert y.inputs == (x,) and y.parameters == {"axis": None, "keepdims": True} and y.shape == (1,) and y.grad is None
    assert x.inputs == () and x.parameters == {} and x.shape == (2,) and (x[0] * 1.0).shape == ()


def test_parameters_that_nodes_share_cannot_be_changed():
    x = Variable([1.0, 2.0])
    for node in (x, x + x, np.sum(x)):
        with pytest.raises(TypeError):
            node.parameters["axis"] = 0
