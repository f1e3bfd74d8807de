"""A chain of a million operations: everything that walks a graph does so without recursion, in a constant stack."""

import copy
import pickle
import sys
import threading
import weakref

import numpy as np
import pytest

from autograd_engine import eliminate_common_subexpressions, gradient, jacobian
from autograd_engine.order import topological_order
from autograd_nodes import Constant, Graph, Node, Variable

MILLION = 1_000_000
STEP = 1.0 + 1e-7


def shallowly(function):
    """The function's result, computed in a thread with a stack of 256 KiB and room for a hundred nested calls."""
    outcome = []

    def run():
        sys.setrecursionlimit(100)
        try:
            outcome.append((function(), None))
        except BaseException as error:
            outcome.append((None, error))

    limit, size = sys.getrecursionlimit(), threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    result, error = outcome.pop()
    if error:
        raise error
    return result


def chain(length, start=STEP):
    """x and x ** (length + 1), by multiplications."""
    x = Variable(start, "x")
    y = x
    for _ in range(length):
        y = y * x
    return x, y


@pytest.fixture(scope="module")
def million():
    x, graph = shallowly(lambda: (lambda x, y: (x, Graph(y)))(*chain(MILLION)))
    yield x, graph
    shallowly(graph.__dict__.clear)


def test_the_stack_is_small_enough_to_notice_recursion():
    def recurse(depth):
        return depth and recurse(depth - 1)

    with pytest.raises(RecursionError):
        shallowly(lambda: recurse(200))


def test_a_million_operations_are_built_and_ordered(million):
    x, graph = million
    assert len(graph.nodes) == MILLION + 1 and graph.nodes[0] is x
    assert graph.label(graph.nodes[-1]) == f"t{MILLION}"
    assert graph.outputs[0].value == pytest.approx(STEP ** (MILLION + 1), rel=1e-9)


def test_a_million_operations_are_swept_both_ways(million):
    x, graph = million
    x.value = 1.0 - 1e-7
    assert shallowly(graph.forward) == pytest.approx(x.value ** (MILLION + 1), rel=1e-9)
    assert shallowly(graph.backward)[x] == pytest.approx((MILLION + 1) * x.value**MILLION, rel=1e-9)
    x.value = 1.0
    assert shallowly(graph.backward) == {x: MILLION + 1}


def test_a_million_stale_operations_are_evaluated_again_when_they_are_differentiated(million):
    x, graph = million
    x.value = STEP
    assert shallowly(lambda: jacobian(graph.outputs[0], x)) == pytest.approx((MILLION + 1) * STEP**MILLION, rel=1e-9)


def test_a_graph_asks_for_the_inputs_of_a_node_once_however_many_there_are():
    """A stack of thousands of numbers is ordered in a time that is linear in their number."""

    class Counted(tuple):
        reads = 0

        def __iter__(self):
            for x in super().__iter__():
                Counted.reads += 1
                yield x

    x = Variable(1.0)
    y = np.stack([np.sin(x) for _ in range(300)])
    y.inputs = Counted(y.inputs)
    topological_order([y])
    assert Counted.reads == 300


def test_building_is_linear_in_the_number_of_operations_whatever_changes_in_between(monkeypatch):
    evaluated = []
    apply = Node.apply
    monkeypatch.setattr(Node, "apply", lambda node, operands: evaluated.append(node) or apply(node, operands))
    a, other = Variable(1.5), Variable(0.0)
    z = a
    for step in range(2000):
        other.value = step
        z = z * 1.0
    assert len(evaluated) == 2000


def pickled(graph):
    return pickle.loads(pickle.dumps(graph))


@pytest.mark.parametrize("twin", [pickled, copy.deepcopy], ids=["pickled", "deep-copied"])
def test_a_graph_of_a_million_operations_is_copied(million, twin):
    x, graph = million
    x.value = 1.0
    shallowly(graph.backward)
    other = shallowly(lambda: twin(graph))
    y = other.nodes[0]
    assert len(other.nodes) == MILLION + 1 and y is not x and (y.name, y.grad) == ("x", MILLION + 1)
    assert other.outputs[0].value == 1.0
    shallowly(other.__dict__.clear)


def test_a_million_operations_are_freed_at_once_when_nobody_holds_them():
    x, y = chain(MILLION)
    left = weakref.ref(x)
    nodes = [y]
    del x, y
    assert left() is not None
    shallowly(nodes.clear)
    assert left() is None


def test_the_gradient_graph_of_a_deep_chain_is_built_and_swept():
    x, y = shallowly(lambda: chain(50_000, 1.0))
    (slope,) = shallowly(lambda: gradient(y, [x]))
    assert slope.value == 50_001
    assert shallowly(Graph(slope).backward) == {x: 50_001 * 50_000}
    assert shallowly(lambda: jacobian(y, x)) == 50_001


def test_a_deep_chain_typed_twice_is_reduced_to_one():
    x = Variable(1.0)

    def typed():
        y = x
        for _ in range(50_000):
            y = np.sin(y) + Constant(0.5)
        return y

    reduced = shallowly(lambda: eliminate_common_subexpressions(typed() + typed()))
    assert reduced.inputs[0] is reduced.inputs[1]
    assert len(Graph(reduced).nodes) == 2 + 2 * 50_000 + 1


def test_a_deep_chain_of_arrays_is_swept_and_copied():
    x = Variable(np.ones(2, np.float32))
    y = x
    for _ in range(20_000):
        y = y + x
    graph = shallowly(lambda: Graph(y))
    np.testing.assert_array_equal(shallowly(lambda: graph.backward(np.ones(2)))[x], [20_001.0] * 2)
    np.testing.assert_array_equal(shallowly(lambda: pickled(graph)).forward(), [20_001.0] * 2)
