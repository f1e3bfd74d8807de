"""Programs for JAX: the results of the nodes, in float64 whatever JAX is set to, and errors that name the line."""

import pickle

import numpy as np
import pytest
from programs import assert_same_results, equation_a, values, with_gradient
from test_program_engines import FUNCTIONS, MIXTURES, Branching

from autograd_engine import Program, gradient, jax_engine
from autograd_nodes import Graph, Node, Variable


def test_without_jax_it_is_said_what_is_missing(monkeypatch):
    monkeypatch.setattr(jax_engine, "jax", None)
    y, variables = equation_a()
    with pytest.raises(ImportError, match="to_jax needs JAX: pip install jax"):
        with_gradient(y, variables).to_jax()


@pytest.fixture
def jax():
    return pytest.importorskip("jax", reason="JAX is optional")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations_on_arrays_are_computed_as_the_nodes_do(name, jax):
    f = FUNCTIONS[name]
    variables = [node for node in Graph(f).nodes if isinstance(node, Variable)]
    outputs = [f, *gradient(f, variables)]
    run = Program(outputs, variables).to_jax()
    for _ in range(2):
        assert_same_results(run(*values(variables)), [node.value for node in outputs])


@pytest.mark.parametrize("name", MIXTURES)
def test_results_have_the_precision_of_the_nodes(name, jax):
    x, y, s = Variable(np.array([0.3, 1.7, 0.9], np.float32)), Variable([1.1, 1.7, 0.2]), Variable(1.3)
    f = MIXTURES[name](x, y, s)
    outputs = [f, f * x, *gradient(f, [x, y, s])]
    assert_same_results(Program(outputs, [x, y, s]).to_jax()(x.value, y.value, 1.3), [node.value for node in outputs], 1e-5)


def test_doubles_are_used_only_within_a_call(jax):
    y, variables = equation_a()
    program = with_gradient(y, variables)
    before = jax.numpy.ones(2).dtype
    assert_same_results(program.to_jax()(2.0, 3.0, 1.5), program(2.0, 3.0, 1.5), 1e-14)
    assert jax.numpy.ones(2).dtype == before == np.float32


def test_what_is_undefined_is_an_error_that_names_the_line(jax):
    x = Variable(np.ones(3), "x")
    run = Program([np.tanh(1.0 / np.log(x + 1.0))], [x]).to_jax()
    for _ in range(2):
        assert_same_results(run(np.ones(3)), [np.tanh(1.0 / np.log(np.full(3, 2.0)))])
        with pytest.raises(FloatingPointError, match=r"t3 = Divide"):
            run(np.array([1.0, 0.0, 2.0]))  # tanh would hide it
        with pytest.raises(FloatingPointError, match=r"t2 = Log"):
            run(jax.numpy.array([1.0, -3.0, 2.0]))
        with pytest.raises(ValueError, match="NaN"):
            run(np.array([1.0, np.nan, 2.0]))


def test_what_was_broadcast_has_to_be_still(jax):
    x, y = Variable([1.0, 2.0, 3.0], "x"), Variable([2.0], "y")
    run = with_gradient(np.sum(x * y), [x, y]).to_jax()
    assert_same_results(run(np.ones(5), np.array([2.0])), (10.0, np.full(5, 2.0), np.array([5.0])))
    for given in (np.ones, jax.numpy.ones):
        with pytest.raises(ValueError, match="broadcast"):
            run(given(5), given(5))


def test_arrays_of_jax_stay_such_and_where_they_are(jax):
    x = Variable(np.ones(4), "x")
    run = with_gradient(np.sum(x**3), [x]).to_jax()
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("points",))
    place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("points"))
    value, slope = run(jax.device_put(jax.numpy.arange(4.0), place))
    assert isinstance(slope, jax.Array) and slope.sharding.is_equivalent_to(place, 1)
    np.testing.assert_array_equal(slope, 3.0 * np.arange(4.0) ** 2)
    assert float(value) == 36.0


def test_the_function_can_be_traced_mapped_and_differentiated(jax):
    a, b = Variable(2.0, "a"), Variable(3.0, "b")
    y = np.sin(a * b) * a
    run = Program([y, *gradient(y, [a, b])], [a, b]).to_jax()
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        points = jax.numpy.array([0.5, 1.0, 1.5])
        value, by_a, by_b, is_finite = jax.vmap(run.function, (0, None))(points, 3.0)
        slopes = jax.vmap(jax.grad(lambda a: run.function(a, 3.0)[0]))(points)
    assert is_finite.all()
    points = np.asarray(points)
    np.testing.assert_allclose(value, np.sin(3.0 * points) * points, 1e-14)
    np.testing.assert_allclose(slopes, by_a, 1e-14)
    np.testing.assert_allclose(by_b, np.cos(3.0 * points) * points**2, 1e-13)


class Remainder(Node):
    function = np.spacing
    def forward(x): return np.spacing(x)
    backward = (None,)


def test_what_jax_cannot_compute_is_refused_with_its_line(jax, monkeypatch):
    x = Variable([0.7, 0.3], "x")
    monkeypatch.delattr(jax.numpy, "spacing", raising=False)
    with pytest.raises(TypeError, match=r"JAX cannot compute t1 = np.spacing\(x\): .*spacing"):
        Program([Remainder(x) * 2.0], [x]).to_jax()
    with pytest.raises(TypeError, match=r"JAX cannot compute t1 = v\d+\(x\): 'Branching' is no formula"):
        Program([Branching(x) * 2.0], [x]).to_jax()


def test_it_can_be_pickled(jax):
    y, variables = equation_a()
    program = with_gradient(y, variables)
    assert_same_results(pickle.loads(pickle.dumps(program.to_jax()))(2.0, 3.0, 1.5), program(2.0, 3.0, 1.5), 1e-14)
