"""Random expressions with shared parts: their derivatives against 60-digit differences, and what must never change them."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import reference as ref
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import autograd_nodes as op
from autograd_engine import eliminate_common_subexpressions, gradient
from autograd_nodes import Constant, Graph, Variable

NODES = SimpleNamespace(
    sqrt=np.sqrt, exp=np.exp, log=np.log, sin=np.sin, cos=np.cos, tanh=np.tanh, sigmoid=op.Sigmoid,
    square=np.square, power=np.power,
)  # fmt: skip
PRECISE = SimpleNamespace(
    sqrt=ref.sqrt, exp=ref.exp, log=ref.log, sin=ref.sin, cos=ref.cos, tanh=ref.tanh, sigmoid=ref.sigmoid,
    square=lambda x: x * x, power=lambda x, y: x**y,
)  # fmt: skip

# A step makes a node of two earlier ones; f is the namespace it takes its functions from. None can leave its domain.
STEPS = {
    "x + y": lambda f, x, y: x + y,
    "x - y": lambda f, x, y: x - y,
    "x * y": lambda f, x, y: x * y,
    "-x": lambda f, x, y: -x,
    "x * x": lambda f, x, y: x * x,
    "3 - x": lambda f, x, y: 3.0 - x,
    "sin x": lambda f, x, y: f.sin(x),
    "cos x": lambda f, x, y: f.cos(x),
    "tanh x": lambda f, x, y: f.tanh(x),
    "sigmoid x": lambda f, x, y: f.sigmoid(x),
    "exp sin x": lambda f, x, y: f.exp(f.sin(x)),
    "x / (1 + y²)": lambda f, x, y: x / (1.0 + f.square(y)),
    "√(1 + x²)": lambda f, x, y: f.sqrt(1.0 + f.square(x)),
    "log(1 + x²)": lambda f, x, y: f.log(1.0 + f.square(x)),
    "(1 + x²) ** sin y": lambda f, x, y: f.power(1.0 + f.square(x), f.sin(y)),
    "max(x, y)": lambda f, x, y: np.maximum(x, y),
    "max x": lambda f, x, y: np.max(x),
    "sum x": lambda f, x, y: np.sum(x),
    "sum x along axis 0": lambda f, x, y: np.sum(x, axis=0, keepdims=True) if np.ndim(x) else x,
    "x reversed": lambda f, x, y: x[::-1] if np.ndim(x) else x,
    "x reshaped twice": lambda f, x, y: np.reshape(np.reshape(x, (-1, 1)), np.shape(x)),
    "x stacked on y, and summed": lambda f, x, y: np.sum(np.stack([x + 0 * y, y + 0 * x], axis=-1), axis=-1),
    "x twice transposed": lambda f, x, y: np.transpose(np.transpose(x) * 2.0),
}
SHAPES = [(), (3,), (2, 1), (2, 3)]  # each broadcasts against each
numbers = st.floats(-2.0, 2.0, width=32)


@st.composite
def expressions(draw, shapes=SHAPES):
    """(values of the leaves, steps, directions): a step names a function and the places of its two operands."""
    chosen = draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=3))
    values = [np.reshape([draw(numbers) for _ in range(int(np.prod(shape)))], shape) for shape in chosen]
    names, place = st.sampled_from(sorted(STEPS)), st.integers(0, 9)
    steps = draw(st.lists(st.tuples(names, place, place), min_size=1, max_size=9))
    directions = [np.cos(7.0 * i + np.arange(value.size)).reshape(value.shape) for i, value in enumerate(values)]
    return values, steps, directions


def assembled(steps, leaves, f):
    """The sum over the last node, the operands of each step counted back from it: shared parts are the rule."""
    nodes = list(leaves)
    for name, i, j in steps:
        nodes.append(STEPS[name](f, nodes[-1 - i % len(nodes)], nodes[-1 - j % len(nodes)]))
    return np.sum(nodes[-1])


def built(expression):
    """Variables and the node, unless a product of products has grown out of reach."""
    values, steps, _ = expression
    variables = [Variable(value) for value in values]
    y = assembled(steps, variables, NODES)
    if any(np.max(np.abs(node.value)) > 1e4 for node in Graph(y).nodes):
        reject()
    return variables, y


def is_smooth(y):
    """Whether no maximum is near a tie; what happens at ties is settled elsewhere."""
    for node in Graph(y).nodes:
        if isinstance(node, op.Maximum) and np.any(np.abs(node.inputs[0].value - node.inputs[1].value) < 1e-6):
            return False
        if isinstance(node, op.Max) and np.sum(node.inputs[0].value > node.value - 1e-6) > 1:
            return False
    return True


def random_expressions(examples):
    def decorate(test):
        quietly = [HealthCheck.filter_too_much, HealthCheck.too_slow]
        return settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=quietly)(
            given(expressions())(test)
        )

    return decorate


def grads_of(y, variables):
    grads = Graph(y).backward()
    return [grads.get(x, np.zeros(x.shape)) for x in variables]


def assert_same(values, others):
    for value, other in zip(values, others, strict=True):
        np.testing.assert_array_equal(value, other, strict=True)


def assert_close(values, references, error):
    for value, reference in zip(values, references, strict=True):
        ref.assert_close(value, reference, error)


@random_expressions(200)
def test_value_and_both_derivatives_are_right(expression):
    values, steps, directions = expression
    variables, y = built(expression)
    if not is_smooth(y):
        reject()

    def precisely(*leaves):
        return ref.array(assembled(steps, map(ref.array, leaves), PRECISE))

    leaves, one = [ref.exact(value) for value in values], ref.exact(1.0)
    ref.assert_close(y.value, precisely(*leaves), 1e-10)
    first = ref.vector_jacobian_products(precisely, leaves, one)
    assert_close(grads_of(y, variables), first, 1e-9)
    slopes = gradient(y, variables)
    assert_close([slope.value for slope in slopes], first, 1e-9)
    along = Constant(0.0)
    for slope, direction in zip(slopes, directions, strict=True):
        along = along + np.sum(slope * direction)
    scale = max(1.0, max(np.max(np.abs(node.value)) for node in Graph(along).nodes))
    assert_close(grads_of(along, variables), ref.second_derivatives(precisely, leaves, one, directions), 1e-10 * scale)


@random_expressions(100)
def test_every_node_comes_once_and_after_its_inputs(expression):
    _, y = built(expression)
    place = {node: i for i, node in enumerate(Graph(y).nodes)}
    assert len(place) == len(Graph(y).nodes)
    assert all(place[x] < i for node, i in place.items() for x in node.inputs)
    reached, waiting = set(), [y]
    while waiting:
        node = waiting.pop()
        reached.add(node)
        waiting += node.inputs
    assert reached == place.keys()


@random_expressions(100)
def test_forward_gives_the_values_that_building_gave(expression):
    _, y = built(expression)
    nodes = Graph(y).nodes
    before = [node.value for node in nodes]
    Graph(y).forward()
    assert_same([node.value for node in nodes], before)


@random_expressions(100)
def test_new_values_in_an_old_graph_are_the_same_as_a_new_graph(expression):
    values, steps, directions = expression
    old, y = built((directions, steps, directions))
    new, z = built(expression)
    graph = Graph(y)
    for x, value in zip(old, values, strict=True):
        x.value = value
    assert_same([graph.forward(), *grads_of(y, old)], [z.value, *grads_of(z, new)])


@random_expressions(100)
def test_a_sweep_and_a_gradient_graph_agree(expression):
    variables, y = built(expression)
    assert_close([slope.value for slope in gradient(y, variables)], grads_of(y, variables), 1e-12)


@random_expressions(150)
def test_eliminating_common_subexpressions_changes_neither_value_nor_gradient(expression):
    variables, y = built(expression)
    z = eliminate_common_subexpressions(y)
    assert z.value == y.value
    error = 1e-12 * max(1.0, *(np.max(np.abs(grad)) for grad in grads_of(y, variables)))
    assert_close(grads_of(z, variables), grads_of(y, variables), error)
    operations = [(type(node), node.inputs, repr(node.parameters)) for node in Graph(z).nodes if node.inputs]
    assert len({(t, *map(id, inputs), p) for t, inputs, p in operations}) == len(operations) <= len(Graph(y).nodes)
    assert Graph(eliminate_common_subexpressions(z)).nodes == Graph(z).nodes


@random_expressions(60)
def test_an_expression_built_twice_is_reduced_to_one(expression):
    _, steps, _ = expression
    variables, y = built(expression)
    twice = assembled(steps, variables, NODES) + y
    reduced = eliminate_common_subexpressions(twice)
    assert reduced.inputs[0] is reduced.inputs[1]


@random_expressions(60)
def test_a_graph_comes_back_from_pickle_and_deepcopy_as_it_was(expression):
    _, y = built(expression)
    graph = Graph(y)
    graph.backward()
    for twin in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
        assert [type(node) for node in twin.nodes] == [type(node) for node in graph.nodes]
        assert not set(twin.nodes) & set(graph.nodes)
        assert_same([node.value for node in twin.nodes], [node.value for node in graph.nodes])
        assert [node.grad is None for node in twin.nodes] == [node.grad is None for node in graph.nodes]
        assert_same([n.grad for n in twin.nodes if n.active], [n.grad for n in graph.nodes if n.active])
        assert_same([twin.forward(), *twin.backward().values()], [graph.forward(), *graph.backward().values()])


@random_expressions(60)
def test_numbers_are_python_floats_and_arrays_are_read_only_everywhere(expression):
    variables, y = built(expression)
    Graph(y).backward()
    for node in Graph(y, *gradient(y, variables)).nodes:
        assert isinstance(node, op.Node)
        for value in (node.value, node.grad):
            assert value is None or type(value) is float or (value.dtype == float and not value.flags.writeable)
            assert value is None or np.shape(value) == node.shape
