"""NumPy's functions that are made of others, and the methods that nodes share with arrays, against NumPy."""

import numpy as np
import pytest

from autograd_engine import gradient
from autograd_nodes import Graph, Node, Variable

MATRIX = np.array([[0.5, -1.5, 2.5], [3.0, -4.5, 1.0]])
OTHER = np.array([[1.0, -2.0, 2.0], [2.5, -4.0, 3.0]])
VECTOR = np.array([1.5, -0.5, 2.0])

FUNCTIONS = {
    "mean": (np.mean, [MATRIX]),
    "mean of a scalar": (np.mean, [1.5]),
    "mean along an axis": (lambda x: np.mean(x, axis=1), [MATRIX]),
    "mean along axes": (lambda x: np.mean(x, axis=(0, -1), keepdims=True), [MATRIX]),
    "mean by position": (lambda x: np.mean(x, 0), [MATRIX]),
    "dot of vectors": (np.dot, [VECTOR, VECTOR[::-1]]),
    "dot of a matrix and a vector": (np.dot, [MATRIX, VECTOR]),
    "dot of matrices": (np.dot, [MATRIX, OTHER.T]),
    "minimum": (np.minimum, [MATRIX, OTHER]),
    "minimum, broadcast": (np.minimum, [MATRIX, VECTOR]),
    "minimum and a number": (lambda x: np.minimum(x, 2), [MATRIX]),
    "minimum and a list": (lambda x: np.minimum([1.0, 2.0, 3.0], x), [MATRIX]),
    "min": (np.min, [MATRIX]),
    "amin": (np.amin, [MATRIX]),
    "min along an axis": (lambda x: np.min(x, axis=0, keepdims=True), [MATRIX]),
    "amax": (lambda x: np.amax(x, axis=1), [MATRIX]),
    "abs": (np.abs, [MATRIX]),
    "absolute of a number": (np.absolute, [-1.5]),
    "the built-in abs": (abs, [MATRIX]),
    ".sum()": (lambda x: x.sum(), [MATRIX]),
    ".sum(axis)": (lambda x: x.sum(axis=-1, keepdims=True), [MATRIX]),
    ".mean()": (lambda x: x.mean(), [MATRIX]),
    ".mean(axis)": (lambda x: x.mean(1), [MATRIX]),
    ".reshape(m, n)": (lambda x: x.reshape(3, -1), [MATRIX]),
    ".reshape((m, n))": (lambda x: x.reshape((3, 2)), [MATRIX]),
    ".T": (lambda x: x.T, [MATRIX]),
}
each_function = pytest.mark.parametrize("function, values", FUNCTIONS.values(), ids=FUNCTIONS.keys())


@each_function
def test_values_are_numpys(function, values):
    node = function(*[Variable(x) for x in values])
    expected = function(*[np.asarray(x) for x in values])
    assert isinstance(node, Node) and node.shape == np.shape(expected)
    np.testing.assert_allclose(node.value, expected, rtol=1e-15)


@each_function
def test_derivatives_are_those_of_central_differences(function, values):
    variables = [Variable(x) for x in values]
    y = np.sum(np.sin(function(*variables)))
    by_sweep, by_nodes = Graph(y).backward(), gradient(y, variables)
    for i, x in enumerate(variables):
        expected = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            step = np.zeros(x.shape)
            step[place] = 1e-6
            up, down = [[v + sign * step if j == i else v for j, v in enumerate(values)] for sign in (1, -1)]
            expected[place] = (np.sum(np.sin(function(*up))) - np.sum(np.sin(function(*down)))) / 2e-6
        np.testing.assert_allclose(by_sweep[x], expected, atol=1e-8)
        np.testing.assert_allclose(by_nodes[i].value, expected, atol=1e-8)


def test_a_kink_of_abs_and_minimum_shares_as_maximum_does():
    x, y = Variable(0.0), Variable(0.0)
    assert Graph(np.abs(x)).backward() == {x: 0.0}
    assert Graph(np.minimum(x, y)).backward() == {x: 0.5, y: 0.5}


def test_a_mean_freezes_no_count():
    x = Variable(np.ones(4))
    y = np.mean(x)
    leaves = {leaf: leaf.value for leaf in Graph(y).leaves} | {x: np.arange(6.0)}
    assert Graph(y).sweep_forward(leaves)[y] == 2.5


def test_a_node_has_the_length_and_the_number_of_axes_of_its_value():
    for value in (MATRIX, VECTOR):
        x = Variable(value)
        assert (len(x), x.ndim, np.ndim(x)) == (len(value), value.ndim, value.ndim)
    assert Variable(2.0).ndim == 0
    with pytest.raises(TypeError, match="scalar"):
        len(Variable(2.0))


@pytest.mark.parametrize("call, keyword", [
    (lambda x: np.mean(x, dtype=np.float32), "dtype"), (lambda x: np.min(x, initial=0.0), "initial"),
    (lambda x: np.minimum(x, x, out=np.ones(3)), "out"),
])  # fmt: skip
def test_a_keyword_that_a_composed_function_does_not_know_is_refused_by_its_name(call, keyword):
    with pytest.raises(TypeError, match=f"does not take .*{keyword}"):
        call(Variable(VECTOR))
