"""Programs for JAX: the results of the nodes, in float64 whatever JAX is set to, and errors that name the line."""

import contextlib
import pickle
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from programs import assert_same_results, equation_a, values, with_gradient
from test_program_engines import FUNCTIONS, Branching

from autograd_engine import Program, gradient, jax_engine
from autograd_nodes import Constant, Graph, Node, Sigmoid, Variable


def on_the_host(results):
    """As the nodes have them."""
    assert all([isinstance(y, jax.Array) for y in results])
    return tuple([np.asarray(y) if y.shape else float(y) for y in results])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations_on_arrays_are_computed_as_the_nodes_do(name):
    f = FUNCTIONS[name]
    variables = [node for node in Graph(f).nodes if isinstance(node, Variable)]
    outputs = [f, *gradient(f, variables)]
    run = Program(outputs, variables).to_jax()
    for _ in range(2):
        assert_same_results(on_the_host(run(*values(variables))), [node.value for node in outputs])


def test_float32_is_refused():
    x = Variable(np.ones(2, np.float32), "x")
    with pytest.raises(TypeError, match="in float64, and x is in float32"):
        Program([x * 2.0], [x]).to_jax()


def test_doubles_are_used_only_within_a_call():
    y, variables = equation_a()
    program = with_gradient(y, variables)
    before = jax.numpy.ones(2).dtype
    assert_same_results(on_the_host(program.to_jax()(2.0, 3.0, 1.5)), program(2.0, 3.0, 1.5), 1e-14)
    assert jax.numpy.ones(2).dtype == before == np.float32


EXTREMES = {
    "log exp x is x": (lambda x, y, z: np.log(np.exp(x)), [1e-17, 800.0, -750.0]),
    "x / (y z)": (lambda x, y, z: x / y / z, [1e-300, 3.0, 1e300], [1e-200, 7.0, 1e200], [1e-200, 9.0, 1e200]),
    "exp(x + y)": (lambda x, y, z: np.exp(x) * np.exp(y), [800.0, -720.0, 1e-17], [-800.0, 700.0, 1e-17]),
    "y log x": (lambda x, y, z: np.log(x**y), [1e200, 1e-200, 1.0 + 1e-15], [3.0, 3.0, 0.1]),
    "the root of a square": (lambda x, y, z: np.sqrt(np.square(x)), [1e-200, 1e200, 3.0]),
    "what vanishes on the way": (lambda x, y, z: x * y * z, [1e-160, 1e-310, 5e-324], [1e-160, 2.0, 1.0], [1e160, 1.0, 1e300]),
    "an exponential that vanishes": (lambda x, y, z: np.exp(x) * y, [-720.0, -745.0, -1e300], [1e10, 1.0, 1.0]),
    "a sigmoid that vanishes": (lambda x, y, z: Sigmoid(x) * y, [-720.0, -745.0, 800.0], [1e10, 1.0, 1.0]),
    "a power that vanishes": (lambda x, y, z: x**y * z, [1e-100, 1e-300, 0.0], [3.15, 1.06, 2.0], [1e10, 1e300, 1.0]),
    "x times the reciprocal of 1e308": (lambda x, y, z: x / 1e308, [1e10, 1e-10, 1e300]),
    "a smallest constant": (lambda x, y, z: x * 1e-310, [1e10, 1e300, 1.0]),
    "a comparison with 0": (lambda x, y, z: np.maximum(x, 0.0) * (x == 0.0), [1e-310, -5e-324, 0.0]),
    "a difference of equals": (lambda x, y, z: np.sqrt(x * y - z), [0.1, 1e200], [0.3, 1.0], [0.1 * 0.3, 1e200]),
    "a division by 0": (lambda x, y, z: 1.0 / (x * y - z), [0.1, 1e-5], [0.3, 1e-5], [0.1 * 0.3, 1e-10]),
}


@pytest.mark.parametrize("form", EXTREMES)
def test_numbers_are_those_of_the_sweep_at_extreme_points(form):
    f, *points = EXTREMES[form]
    variables = [Variable(1.5, name) for name in "xyz"]
    program = Program([f(*variables)], variables)
    run = program.to_jax()
    for point in np.transpose([*points, *np.ones((3 - len(points), len(points[0])))]).tolist() * 2:
        try:
            expected = program.sweep(point)[program.graph.outputs[0]]
        except ArithmeticError as error:
            with pytest.raises(type(error)):
                run(*point)
        else:
            np.testing.assert_allclose(on_the_host(run(*point)), [expected], 4e-16)


def test_what_is_the_largest_is_not_computed_twice():
    table, factors, random = Variable(np.ones((4, 3))), Variable(np.ones(3)), np.random.default_rng(1)
    y = np.sum(np.maximum(np.max(table * factors) - table * factors, 0.0))
    program = Program([y, *gradient(y, [table, factors])], [table, factors])
    run = program.to_jax()
    for _ in range(20):
        point = random.random((4, 3)), random.random(3)
        assert_same_results(on_the_host(run(*point)), program(*point), 1e-14)


@pytest.mark.parametrize("shapes", [
    ((3,), ()), ((3,), (1,)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((), (3,)), ((3,), (3,)), ((), ()),
])  # fmt: skip
def test_quotients_are_rounded_once(shapes):
    x, y = [Variable(np.full(shape, 49.0)[()]) for shape in shapes]
    outputs = [x / y, x / 49.0 == 1.0, 1.0 / y, *gradient(np.sum(np.maximum(1.0 - x / y, 0.0)), [x, y])]
    program = Program(outputs, [x, y])
    run = program.to_jax()
    for number in (49.0, 98.0, 103.0, 107.0):
        point = [np.full(shape, number) if shape else number for shape in shapes]
        for result, expected in zip(on_the_host(run(*point)), program(*point), strict=True):
            np.testing.assert_array_equal(result, expected)


def test_the_hyperbolic_tangent_never_falls_and_comes_to_one():
    x = Variable(np.ones(3), "x")
    run = with_gradient(np.sum(np.tanh(x)), [x]).to_jax()
    assert_same_results(on_the_host(run(np.array([-19.5, 19.1, 21.0]))), (1.0, np.zeros(3)), 0.0)
    points = np.linspace(-20.0, 20.0, 200_001)
    (values,) = on_the_host(Program([np.tanh(x)], [x]).to_jax()(points))
    assert np.all(np.diff(values) >= 0.0)
    np.testing.assert_allclose(values, np.tanh(points), 1.2e-15)


def test_constants_are_watched_and_may_be_arrays():
    x, k = Variable([1.0, 2.0], "x"), Constant([2.0, 3.0], "k")
    program = Program([x * k, x * np.array([1e-310, 1.0]), k], [x])
    run = program.to_jax()
    for point in ([1.0, 2.0], [1e5, 1.0]):
        assert_same_results(on_the_host(run(np.array(point))), program(np.array(point)), 1e-15)


def test_zeros_are_usual_where_nothing_can_have_vanished():
    x, y = Variable(1.5, "x"), Variable([1.5, 0.0], "y")
    outputs = [(x - y) ** 2 + np.log(x - 0.5) + (x == y), np.sum(x * y[1:]), y**3.0, np.maximum(y, 0.0) / x, np.sin(-y)]
    run = Program(outputs, [x, y]).to_jax()
    expected = [node.value for node in outputs]
    run.program = None  # it need not be asked
    assert_same_results(on_the_host(run(1.5, np.array([1.5, 0.0]))), expected)


def test_settings_elsewhere_change_nothing():
    matrix, x = Variable([[1.0, 2.0], [3.0, 4.0]]), Variable([0.5, 1.5])
    program = with_gradient(np.sum(matrix @ matrix * x), [matrix, x])
    settings = [
        jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"), jax.default_matmul_precision("bfloat16"),
        jax.debug_nans(True), jax.debug_infs(True),
    ]  # fmt: skip
    with contextlib.ExitStack() as stack:
        for setting in settings:
            stack.enter_context(setting)
        results = program.to_jax()(matrix.value, x.value)
        with pytest.raises(ZeroDivisionError):
            Program([1.0 / (x[0] - 0.25)], [x]).to_jax()(np.array([0.25, 1.0]))
        with jax_engine.as_in_numpy():
            assert jax.config.jax_default_matmul_precision == "highest"  # which matters on accelerators
    assert_same_results(on_the_host(results), program(matrix.value, x.value), 1e-15)


def test_sums_that_overflow_on_the_way_are_an_error():
    x = Variable(np.ones(81), "x")
    run = Program([np.sum(x)], [x]).to_jax()
    with pytest.raises(FloatingPointError, match="overflow"):
        run(np.array([1e308, -1e308] * 40 + [1.0]))


def test_what_is_undefined_is_an_error_that_names_the_line():
    x = Variable(np.ones(3), "x")
    run = Program([np.tanh(1.0 / np.log(x + 1.0))], [x]).to_jax()
    for _ in range(2):
        assert_same_results(on_the_host(run(np.ones(3))), [np.tanh(1.0 / np.log(np.full(3, 2.0)))])
        with pytest.raises(FloatingPointError, match=r"t3 = Divide"):
            run(np.array([1.0, 0.0, 2.0]))  # tanh would hide it
        with pytest.raises(FloatingPointError, match=r"t2 = Log"):
            run(jax.numpy.array([1.0, -3.0, 2.0]))
        with pytest.raises(ValueError, match="NaN"):
            run(np.array([1.0, np.nan, 2.0]))


def test_an_input_without_use_has_to_be_finite():
    x, y = Variable(1.0, "x"), Variable([1.0], "y")
    with jax.enable_x64(True):
        undefined = jax.numpy.array([np.nan])
    with pytest.raises(ValueError, match="NaN"):
        Program([x * x], [x, y]).to_jax()(1.0, undefined)


def test_what_was_broadcast_has_to_be_still():
    x, y = Variable([1.0, 2.0, 3.0], "x"), Variable([2.0], "y")
    run = with_gradient(np.sum(x * y), [x, y]).to_jax()
    for _ in range(2):
        assert_same_results(on_the_host(run(np.ones(5), np.array([2.0]))), (10.0, np.full(5, 2.0), np.array([5.0])))
        for given in (np.ones, jax.numpy.ones):
            with pytest.raises(ValueError, match="broadcast"):
                run(given(5), given(5))


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.int32, np.uint8, bool])
def test_arrays_of_other_kinds_are_taken_as_doubles(kind):
    x = Variable([1.0, 2.0, 3.0], "x")
    run = with_gradient(np.sum(x / 3.0 * x), [x]).to_jax()
    for given in (jax.numpy.array([1, 0, 1], kind), np.array([1, 0, 1], kind)):
        assert_same_results(on_the_host(run(given)), (2.0 / 3.0, np.array([1.0, 0.0, 1.0]) / 1.5), 1e-15)


def test_smallest_numbers_of_float32_do_not_vanish():
    x = Variable([1.0], "x")
    smallest = np.array([1e-40], np.float32)
    (result,) = Program([x * 1e30], [x]).to_jax()(jax.numpy.array(smallest))
    np.testing.assert_allclose(result, smallest.astype(float) * 1e30, 1e-15)


@pytest.mark.parametrize("kind", [np.complex64, jax.numpy.bfloat16, "key<fry>"])
def test_arrays_of_jax_that_are_not_real_are_refused(kind):
    x = Variable([1.0, 2.0, 3.0], "x")
    given = jax.random.split(jax.random.key(0), 3) if kind == "key<fry>" else jax.numpy.ones(3, kind)
    with pytest.raises(TypeError):
        Program([x * x], [x]).to_jax()(given)


def test_wrong_values_are_refused_as_by_the_program():
    x, y = Variable(1.0, "x"), Variable([1.0, 2.0], "y")
    run = Program([x * y], [x, y]).to_jax()
    for wrong in [(1.0,), (1.0, np.ones(2), 1.0), (1.0, "no"), (None, np.ones(2)), (1j, np.ones(2))]:
        with pytest.raises(TypeError):
            run(*wrong)
    with pytest.raises(ValueError, match="shapes"):
        run(np.ones(2), np.ones(2))


SHARDED = """
import jax, numpy as np
jax.config.update("jax_num_cpu_devices", 2)
from autograd_engine import Program, gradient
from autograd_nodes import Variable
x = Variable(np.ones(4), "x")
total = np.sum(x**3)
run = Program([total, *gradient(total, [x])], [x]).to_jax()
sharding = jax.sharding.NamedSharding(jax.make_mesh((2,), ("points",)), jax.sharding.PartitionSpec("points"))
with jax.enable_x64(True):
    points = jax.device_put(np.arange(4.0), sharding)
value, slope = run(points)
print(value, slope, slope.sharding.is_equivalent_to(sharding, 1), len(slope.devices()))
"""


def test_sharded_arrays_stay_where_they_are():
    command = [sys.executable, "-c", SHARDED]
    said = subprocess.run(command, cwd=Path(__file__).parent.parent, check=True, capture_output=True, text=True).stdout
    assert said == "36.0 [ 0.  3. 12. 27.] True 2\n"


def test_the_function_can_be_jitted_mapped_and_differentiated():
    a, b = Variable(2.0, "a"), Variable(3.0, "b")
    y = np.sin(a * b) * a
    run = Program([y, *gradient(y, [a, b])], [a, b]).to_jax()
    with jax.enable_x64(True):
        points = jax.numpy.array([0.5, 1.0, 1.5])
        value, by_a, by_b = jax.jit(jax.vmap(run.function, (0, None)))(points, 3.0)
        slopes = jax.vmap(jax.grad(lambda a: run.function(a, 3.0)[0]))(points)
    points = np.asarray(points)
    np.testing.assert_allclose(value, np.sin(3.0 * points) * points, 1e-14)
    np.testing.assert_allclose(slopes, by_a, 1e-14)
    np.testing.assert_allclose(by_b, np.cos(3.0 * points) * points**2, 1e-13)


@pytest.mark.parametrize("transformed", [
    lambda run: jax.jit(run)(1.0, 2.0), lambda run: jax.jit(lambda x: run(1.0, 2.0)[0] * x)(1.0),
    lambda run: jax.grad(lambda x: run(x, 2.0)[0])(1.0), lambda run: jax.vmap(run)(np.ones(2), np.ones(2)),
])  # fmt: skip
def test_within_a_transformation_the_function_is_asked_for(transformed):
    a, b = Variable(2.0), Variable(3.0)
    with pytest.raises(TypeError, match=r"take the program's \.function"):
        transformed(Program([a * b], [a, b]).to_jax())


class Product(Node):
    function = np.prod
    def forward(x): return np.prod(x)
    backward = (None,)


def test_a_zero_of_somebody_elses_operation_is_not_trusted():
    x = Variable(np.ones(5))
    point = np.array([1e-140, 1e-140, 1e-35, 1e140, 1e35])
    assert_same_results(on_the_host(Program([Product(x)], [x]).to_jax()(point)), (float(np.prod(point)),), 0.0)


def test_a_long_program_is_not_slower_by_the_square():
    a, b = Variable(1.0), Variable(0.1)
    t = a
    for _ in range(200):
        t = np.sin(t) * b + a
    program = Program([t, *gradient(t, [a, b])], [a, b])
    assert_same_results(on_the_host(program.to_jax()(1.0, 0.1)), program(1.0, 0.1), 1e-13)


class Spacing(Node):
    function = np.spacing
    def forward(x): return np.spacing(x)
    backward = (None,)


def test_what_jax_cannot_compute_is_refused_with_its_line(monkeypatch):
    x = Variable([0.7, 0.3], "x")
    monkeypatch.delattr(jax.numpy, "spacing")
    with pytest.raises(TypeError, match=r"JAX cannot compute t1 = np.spacing\(x\): .*spacing"):
        Program([Spacing(x) * 2.0], [x]).to_jax()
    with pytest.raises(TypeError, match=r"JAX cannot compute t1 = v\d+\(x\): 'Branching' is no formula"):
        Program([Branching(x) * 2.0], [x]).to_jax()


def test_without_jax_it_is_said_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.delitem(sys.modules, "autograd_engine.jax_engine", raising=False)
    with pytest.raises(ImportError, match="pip install jax"):
        with_gradient(*equation_a()).to_jax()


def test_it_can_be_pickled():
    y, variables = equation_a()
    program = with_gradient(y, variables)
    copy = pickle.loads(pickle.dumps(program.to_jax()))
    assert_same_results(on_the_host(copy(2.0, 3.0, 1.5)), program(2.0, 3.0, 1.5), 1e-14)
