"""Equal terms: which parts of a graph are found to be isomorphic, and what corresponds to what in them."""


import numpy as np
import pytest
from sheet import graph_a

from autograd_engine import gradient
from autograd_engine.terms import equal_terms
from autograd_nodes import Constant, Graph, Variable


def graph_b(n=3):
    w0, w1 = Variable(0.5, "w_0"), Variable(2.0, "w_1")
    pairs = [(Variable(float(i), f"x_{i}"), Variable(i * i, f"y_{i}")) for i in range(1, n + 1)]
    terms = [(w0 + w1 * x - y) ** 2 for x, y in pairs]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return Graph(total)


def labels(graph):
    return [[[graph.label(node) for node in column] for column in group] for group in equal_terms(graph)]


def assert_isomorphic(group, graph):
    """Column by column the same operations, whose operands correspond within, and one to one outside."""
    assert len({len(column) for column in group}) == 1
    used_by = {x: [] for x in graph.nodes}
    for node in graph.operations:
        for x in node.inputs:
            used_by[x].append(node)
    for column in group:
        within, matched = set(column), {}
        inner = [x for x in column if not any([x is y for y in graph.outputs]) and within.issuperset(used_by[x])]
        assert len(inner) >= len(column) - 1, "all but the root are used within the column only"
        for x, first in zip(column, group[0], strict=True):
            assert type(x) is type(first)
            assert list(x.parameters.items()) == list(first.parameters.items())
            for operand, other in zip(x.inputs, first.inputs, strict=True):
                assert matched.setdefault(other, operand) is operand
        assert len(set(matched.values())) == len(matched)


def test_the_three_terms_of_b_correspond_node_by_node():
    (group,) = labels(graph_b())
    assert sorted(zip(*group, strict=True)) == [
        ("t1", "t5", "t10"), ("t2", "t6", "t11"), ("t3", "t7", "t12"), ("t4", "t8", "t13"),
        ("x_1", "x_2", "x_3"), ("y_1", "y_2", "y_3"),
    ]  # fmt: skip


def test_a_has_no_equal_terms():
    assert equal_terms(graph_a()) == []


def test_a_node_will_do_for_a_graph():
    graph = graph_b()
    assert equal_terms(graph.outputs[0]) == equal_terms(graph)


def test_the_neurons_of_each_layer_are_equal_terms():
    rng = np.random.default_rng(4)
    x = [Variable(value, f"x_{i}") for i, value in enumerate(rng.normal(size=2))]

    def neuron(below):
        total = Variable(rng.normal())
        for h in below:
            total = total + Variable(rng.normal()) * h
        return np.tanh(total)

    hidden = [neuron(x) for _ in range(3)]
    graph = Graph(*[neuron(hidden) for _ in range(2)])
    groups = equal_terms(graph)
    assert [len(group) for group in groups] == [3, 2]
    for group in groups:
        assert_isomorphic(group, graph)
    assert {node for node in graph.nodes} - {node for group in groups for column in group for node in column} == set(x)


def test_operands_count_by_which_they_are_and_not_only_by_what_they_are():
    a, b, c = [Variable(value) for value in (2.0, 3.0, 5.0)]
    assert len(equal_terms(np.sqrt(a + a) * np.sqrt(b + b))) == 1
    assert equal_terms(np.sqrt(a + a) * np.sqrt(b + c)) == []
    d, e, f, g = [Variable(1.0) for _ in range(4)]
    crossed, straight = np.sqrt((d + e) * (d + e)), np.sqrt((f + f) * (g + g))  # each leaf is used twice
    assert equal_terms(crossed - straight) == []
    assert len(equal_terms(crossed - np.sqrt((f + g) * (f + g)))) == 1


def test_operations_parameters_and_shapes_tell_terms_apart():
    x, y = Variable(np.ones((2, 3))), Variable(np.ones((2, 3)))
    z = Variable(np.ones((2, 1)))
    assert len(equal_terms(np.sum(np.exp(x), axis=0) + np.sum(np.exp(y), axis=0))) == 1
    assert equal_terms(np.sum(np.exp(x), axis=0) + np.sum(np.exp(y), axis=1, keepdims=True)) == []
    assert equal_terms(np.sum(np.exp(x), axis=0) + np.sum(np.sin(y), axis=0)) == []
    assert equal_terms(np.sum(np.exp(x)) + np.sum(np.exp(z))) == []
    assert equal_terms(np.exp(Variable(1.0) + 1) + np.exp(Constant(1.0) + 1)) == []


def test_one_operation_alone_is_no_term():
    a, b = Variable(2.0), Variable(3.0)
    assert equal_terms(np.sin(a) + np.sin(b)) == []
    assert len(equal_terms(np.sin(-a) + np.sin(-b))) == 1


def test_a_term_with_an_output_inside_ends_there():
    a, b = Variable(2.0), Variable(3.0)
    inside, other = np.exp(-a), np.exp(-b)
    y = np.sin(np.sqrt(inside)) + np.sin(np.sqrt(other))
    (group,) = equal_terms(y)
    assert [len(column) for column in group] == [5, 5]
    assert [sorted(map(len, group)) for group in equal_terms(Graph(y, inside, other))] == [[3, 3], [2, 2]]


def test_terms_may_have_different_neighbours():
    a, b, c = [Variable(value) for value in (2.0, 3.0, 5.0)]
    (group,) = equal_terms((a - b) ** 2 + (b - c) ** 2 + (c - a) ** 2)
    assert [len(column) for column in group] == [2, 2, 2]


def test_columns_of_a_gradient_are_isomorphic_and_disjoint():
    graph = graph_b(5)
    (y,) = graph.outputs
    both = Graph(y, *gradient(y, list(graph.leaves)))
    groups = equal_terms(both)
    assert groups
    for group in groups:
        assert_isomorphic(group, both)
    nodes = [node for group in groups for column in group for node in column]
    assert len(nodes) == len(set(nodes))


def test_the_largest_group_comes_first():
    pairs = [np.sin(-Variable(1.0)) for _ in range(2)]
    (first, second) = equal_terms(np.exp(pairs[0] * pairs[1]) + graph_b().outputs[0])
    assert [len(first), len(second)] == [3, 2]


@pytest.mark.parametrize("chains", [1, 2])
def test_chains_of_a_hundred_thousand_take_no_recursion(chains):
    ends = []
    for _ in range(chains):
        x = y = Variable(0.5)
        for _ in range(100_000 // chains):
            y = np.sin(y) if y.value > 0.1 else y + x
        ends.append(y)
    groups = equal_terms(Graph(*ends))
    assert [len(group) for group in groups] == [2] * (chains - 1)
    if groups:
        assert [len(column) for column in groups[0]] == [100_000 // chains + 1] * 2
