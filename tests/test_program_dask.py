"""Programs on Dask arrays: what they are of NumPy's arrays, chunk by chunk, and a refusal of what no chunk can compute."""

import pickle

import dask
import dask.array as da
import numpy as np
import pytest
from programs import equation_a, typed_a, with_gradient

from autograd_engine import Program, gradient, loops
from autograd_nodes import Variable


def line():
    w_0, w_1, x, y = Variable(0.5, "w_0"), Variable(1.5, "w_1"), Variable(np.ones(3), "x"), Variable(np.ones(3), "y")
    return np.sum((w_0 + w_1 * x - y) ** 2), [w_0, w_1, x, y]


@pytest.mark.parametrize("chunk", [1000, 300, 1])
def test_sums_are_added_up_and_arrays_stay_in_chunks(chunk):
    loss, variables = line()
    w_0, w_1, x, _ = variables
    program = Program([loss, *gradient(loss, variables), 2.0 * loss / w_1 - np.sum(x), w_0 * w_1], variables)
    random = da.random.default_rng(1)
    arrays = [random.uniform(0.0, 10.0, min(1000, 50 * chunk), chunks=chunk) for _ in "xy"]
    results = program.to_dask()(0.25, 2.0, *arrays)
    assert [result.shape for result in results] == [(), (), (), arrays[0].shape, arrays[0].shape, (), ()]
    assert results[3].chunks == arrays[0].chunks
    expected = program(0.25, 2.0, *dask.compute(*arrays))
    for result, value in zip(dask.compute(*results), expected, strict=True):
        np.testing.assert_allclose(result, value, 1e-12)


def test_a_can_be_summed_over_chunks():
    variables = [Variable(np.ones(2), name) for name in "abc"]
    total = np.sum(typed_a(*variables))
    program = Program([total, *[np.sum(slope) for slope in gradient(total, variables)]], variables)
    arrays = [da.random.default_rng(2).uniform(1.0, 3.0, 5000, chunks=700) for _ in "abc"]
    found = dask.compute(*pickle.loads(pickle.dumps(program.to_dask()))(*arrays))
    np.testing.assert_allclose(found, program(*dask.compute(*arrays)), 1e-12)


@pytest.mark.parametrize("build, message", [
    (lambda x, w: np.max(x) * w, r"np.max\(x\)"), (lambda x, w: np.sqrt(np.sum(x)), r"np.sqrt\(t1\)"),
    (lambda x, w: np.mean(x), "/"), (lambda x, w: np.sum(x) * np.sum(x), r"\*"), (lambda x, w: np.sum(x) + w, r"\+ w"),
    (lambda x, w: x - np.sum(x), "x - t1"), (lambda x, w: x[::-1] * w, "::-1"), (lambda x, w: w / np.sum(x), "w / t1"),
    (lambda x, w: np.sum(x * np.array([1.0, 2.0, 3.0])), r"v\d"), (lambda x, w: x @ x, "x @ x"),
])  # fmt: skip
def test_what_needs_all_points_is_refused_with_its_line(build, message):
    x, w = Variable([1.0, 2.0, 3.0], "x"), Variable(2.0, "w")
    with pytest.raises(TypeError, match=rf"no chunk can compute .*{message}.* by itself"):
        Program([build(x, w)], [x, w]).to_dask()


def test_wrong_arrays_are_refused():
    loss, variables = line()
    run = Program([loss], variables).to_dask()
    x = da.ones(10, chunks=5)
    for wrong in [(0.5, 1.5, x, da.ones(10, chunks=2)), (0.5, 1.5, x, np.ones(10)), (0.5, 1.5, x, 2.0), (0.5, 1.5, x),
                  (x, 1.5, x, x), (0.5, 1.5, np.ones(10), np.ones(10))]:  # fmt: skip
        with pytest.raises(ValueError):
            run(*wrong)
    table = Variable(np.ones((2, 2)), "table")
    with pytest.raises(TypeError, match="one axis here, table has 2"):
        Program([np.sum(table)], [table]).to_dask()
    with pytest.raises(ValueError, match="one or more"):
        with_gradient(*equation_a()).to_dask()(2.0, 3.0, 1.5)


def test_an_error_appears_when_the_result_is_computed():
    x = Variable([1.0, 2.0], "x")
    (total,) = Program([np.sum(np.log(x))], [x]).to_dask()(da.from_array(np.array([1.0, 2.0, -3.0]), chunks=2))
    with pytest.raises(FloatingPointError, match=r"t1 = Log\(\[-3.\]\)"):
        total.compute()


def test_totals_that_overflow_together_are_an_error():
    x = Variable([1.0, 2.0], "x")
    (total,) = Program([np.sum(x)], [x]).to_dask()(da.from_array(np.full(4, 1e308), chunks=1))
    with pytest.raises(FloatingPointError, match="overflow"):
        total.compute()


def test_chunks_run_in_threads_of_dasks_alone(monkeypatch):
    x = Variable([1.0, 2.0], "x")
    run = Program([np.sum(x)], [x]).to_dask()
    made = []
    monkeypatch.setattr(loops.Run, "in_threads", lambda run, kernel: made.append(kernel))  # what makes a loop parallel
    assert dask.compute(*run(da.ones(200_000, chunks=100_000))) == (200_000.0,)
    assert not made
