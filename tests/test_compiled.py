"""Compiled code: places for results, layouts, threads, exactness."""

import copy
import pickle

import numpy as np
import pytest
from programs import assert_same_results, equation_a, typed_a, with_gradient

from autograd_engine import Program, eliminate_common_subexpressions, gradient, scalar_code
from autograd_nodes import Graph, Node, Variable


@pytest.fixture(scope="module")
def doubled():
    x = Variable([1.0, 2.0, 3.0], "x")
    return Program([x * 2.0, np.sum(x), x, np.exp(x)[::-1]], [x]).compile()


def expected(x):
    return x * 2.0, float(np.sum(x)), x.copy(), np.exp(x)[::-1]


def test_results_are_written_to_out(doubled):
    x, out = np.arange(4.0), (np.empty(4), None, np.empty(4), np.empty(4))
    results = doubled(x, out=out)
    assert_same_results(results, expected(x))
    assert all([result is array for result, array in zip(results, out) if array is not None])


@pytest.mark.parametrize("array", [
    np.empty(8)[::2], np.empty(4, dtype=np.float32), np.empty((2, 4))[1], np.empty(8)[3:7], np.empty(4)[::-1],
], ids=["strided", "single", "row", "part", "reversed"])  # fmt: skip
def test_out_may_be_any_array_of_the_shape(array, doubled):
    for k in (0, 2, 3):
        results = doubled(np.arange(4.0), out=[array if i == k else None for i in range(4)])
        assert results[k] is array
        np.testing.assert_allclose(array, expected(np.arange(4.0))[k], 1e-6)


def test_out_may_be_an_input(doubled):
    for k in (0, 2, 3):
        x = np.arange(4.0)
        results = doubled(x, out=[x if i == k else None for i in range(4)])
        assert results[k] is x
        for i, wanted in enumerate(expected(np.arange(4.0))):
            np.testing.assert_allclose(results[i], wanted)


@pytest.mark.parametrize("step", [-1, 2])
@pytest.mark.parametrize("size", [8, 100_000])
def test_an_error_reaches_the_caller_although_out_is_part_of_an_input_that_loops_cannot_read(size, step):
    x = Variable([1.0, 2.0], "x")
    compiled = Program([x * x, np.log(x)], [x]).compile()
    both = np.arange(1.0, abs(step) * size + 1)
    value, out = both[::step], (both[:size], None)
    assert_same_results(compiled(value.copy(), out=(np.empty(size), None)), (value**2, np.log(value)))
    value[3] = -1.0
    for given in (value, memoryview(value)):
        with pytest.raises(FloatingPointError, match="Log"):
            compiled(given, out=out)
        assert value[3] == -1.0


def test_an_error_reaches_the_caller_although_there_is_out(doubled):
    with pytest.raises(FloatingPointError, match=r"t\d = Exp"):
        doubled(np.array([1.0, 1000.0]), out=(np.empty(2), None, None, None))


@pytest.mark.parametrize("out, error", [
    (np.empty(4), ValueError), ((None, None), ValueError), ([[1.0] * 4, None, None, None], ValueError),
    ((np.empty(5), None, None, None), ValueError), ((np.empty((4, 1)), None, None, None), ValueError),
    ((None, np.empty(1), None, None), ValueError), ((np.empty(4, dtype=int), None, None, None), TypeError),
])  # fmt: skip
def test_a_wrong_out_is_refused(out, error, doubled):
    with pytest.raises(error):
        doubled(np.arange(4.0), out=out)


def test_arrays_of_out_must_not_overlap(doubled):
    both = np.empty(5)
    with pytest.raises(ValueError, match="overlap"):
        doubled(np.arange(4.0), out=(both[:4], None, both[1:], None))


def test_arrays_in_any_layout_are_taken():
    x = Variable(np.ones((2, 3)), "x")
    program = with_gradient(np.sum(np.sin(x) @ x.T), [x])
    compiled, value = program.compile(), np.arange(12.0).reshape(2, 6)
    read_only = value[:, :3].copy()
    read_only.flags.writeable = False
    others = value.astype(np.float32), value.astype(int)
    for array in (value[:, ::2], np.asfortranarray(value), value[:, ::-1], read_only, *others):
        assert_same_results(compiled(array), program(array.astype(float)))


@pytest.mark.parametrize("n", [10, 4096, 4097, 100_000])
def test_large_arrays_are_added_up_as_exactly_as_they_should(n):
    """To 1e-13 of the sum of the absolute values of what is added up; small ones by one thread, large ones by several."""
    rng = np.random.default_rng(1)
    variables = [Variable(np.ones(2), name) for name in "abc"]
    program = with_gradient(eliminate_common_subexpressions(np.sum(typed_a(*variables))), variables)
    a, b, c = arrays = [rng.uniform(0.5, 2.0, n) for _ in "abc"]
    value, *slopes = program.compile()(*arrays)
    exact, *exact_slopes = program(*arrays)
    assert abs(value - exact) < 1e-13 * exact
    t = a + b + c**2
    shared = 1 / (2 * np.sqrt(t)) + 1 / t + 1 / (b * c**2)
    added = shared, shared + t / (b * c) ** 2, 2 * c * (shared + t / (b * c**4))
    for slope, exact_slope, terms in zip(slopes, exact_slopes, added):
        assert np.all(np.abs(slope - exact_slope) <= 1e-13 * terms)


def test_rows_run_in_threads_too():
    x, v = Variable(np.ones((2, 3)), "x"), Variable(np.ones(3), "v")
    program = with_gradient(np.sum(np.sin(x * v) + v), [x, v])
    rng = np.random.default_rng(2)
    arguments = rng.uniform(size=(300, 400)), rng.uniform(size=400)
    assert_same_results(program.compile()(*arguments), program(*arguments), 1e-11)


def test_compiled_logarithms_are_right_to_one_unit_in_the_last_place():
    import mpmath

    x = Variable([1.0, 2.0], "x")
    compiled, rng = Program([np.log(x)], [x]).compile(), np.random.default_rng(3)
    arguments = np.concatenate([
        10 ** rng.uniform(-307, 308, 3000), 1 + rng.uniform(-1e-3, 1e-3, 3000), rng.uniform(0.1, 5.0, 3000),
        2.0 ** np.arange(-1074, 1024), [1e-310, 1.7976931348623157e308, np.nextafter(1, 0), np.nextafter(1, 2)],
    ])  # fmt: skip
    (found,) = compiled(arguments)
    with mpmath.workdps(40):
        exact = [mpmath.log(mpmath.mpf(float(one))) for one in arguments]
        assert max([abs(a - b) / np.spacing(abs(float(b))) for a, b in zip(found, exact) if b]) < 1.0
    assert found[arguments == 1.0] == 0.0


def test_programs_and_compiled_code_can_be_pickled_and_copied():
    y, variables = equation_a()
    program = with_gradient(y, variables)
    for twin in (pickle.loads(pickle.dumps(program)), copy.deepcopy(program), pickle.loads(pickle.dumps(program.compile()))):
        assert_same_results(twin(2.0, 3.0, 1.5), program(2.0, 3.0, 1.5))
    assert pickle.loads(pickle.dumps(program)).source == program.source
    assert repr(program) == "Program(a, b, c) of 14 lines"


def test_an_output_may_be_given_twice():
    x = Variable([1.0, 2.0], "x")
    compiled, out = Program([x * 2.0, x * 2.0], [x]).compile(), (np.empty(2), np.empty(2))
    for results in (compiled(x.value), compiled(x.value, out=out)):
        np.testing.assert_array_equal(results, [[2.0, 4.0]] * 2)
        assert not np.shares_memory(*results)


def test_sums_along_an_axis_are_as_exact_as_others():
    table, column = Variable(np.full((2, 3), 0.1), "table"), Variable(np.ones((2, 1)), "column")
    program = Program([np.sum(table, axis=1), np.sum(table, keepdims=True), np.sum(np.tanh(table) * column)], [table, column])
    value = np.random.default_rng(5).uniform(size=(2, 10**6)), np.ones((2, 1))
    for result, exact in zip(program.compile()(*value), program(*value)):
        assert np.all(np.abs(result - exact) < 1e-13 * exact)


def test_a_large_array_may_be_reshaped():
    table = Variable(np.ones((2, 3)), "table")
    program = Program([np.reshape(table.T, (1, -1)) * 1.5], [table])
    value = np.random.default_rng(5).uniform(size=(190, 190))
    assert_same_results(program.compile()(value), program(value))


def test_elementwise_lines_become_a_loop_and_the_others_stay_numpys():
    M, x = Variable(np.ones((2, 3)), "M"), Variable(np.ones(3), "x")  # noqa: N806
    compiled = Program([M @ np.tanh(x * x)], [M, x]).compile()
    assert compiled.source.splitlines()[-6:] == [
        "def program(M, x, _out0=None):",
        "    t2 = np.empty(x.shape)",
        "    _ = _fused1(x, t2)",
        "    t3 = M @ t2",
        "    _watch(t3)",
        "    return (np.array(t3),)",
    ]
    assert "e_t1 = e_x * e_x" in compiled.source


def test_a_program_of_numbers_is_its_kernel():
    y, variables = equation_a()
    program = with_gradient(y, variables)
    assert "fused" not in program.compile().source
    assert_same_results(program.compile()(2.0, 3.0, 1.5), program(2.0, 3.0, 1.5), 1e-15)


def test_lines_that_wait_for_nothing_in_a_loop_do_not_split_it():
    x, s = Variable(np.ones(3), "x"), Variable(1.3, "s")
    f = np.sum(np.sin(x * np.sin(s)) * np.exp(s)) * np.cos(s)
    assert Program([f], [x, s]).compile().source.count("def _fused") == 1


TINY = 5e-324
EXACT = {  # what must not be computed in another order: the expression of x, y, z, and points
    "quotients": (lambda x, y, z: x / y / z, [(1.0, 1e-300, 1e300), (1e-200, 1e200, 1e-200), (1e300, 1e-5, 1e10)]),
    "products": (lambda x, y, z: x * y * z, [(1e200, 1e-200, 1e-200), (1e-200, 1e200, 1e200), (1e-160, 1e-160, 1e300)]),
    "the log of an exp": (lambda x, y, z: np.log(np.exp(-x)) + 0.0 * (y + z), [(700.0, 1.0, 1.0), (1e-17, 1.0, 1.0)]),
    "sums": (lambda x, y, z: x + y - z, [(1.0, 1e16, 1e16), (1e-20, 1.0, 1.0), (1e308, -1e308, 1e308)]),
    "quotients by constants": (lambda x, y, z: x / 1e300 / 1e300 * y * z, [(1e300, 1.0, 1e300), (TINY, 1.0, 1.0)]),
    "the root of a square": (lambda x, y, z: np.sqrt(x**2) + 0.0 * y * z, [(1e-170, 1.0, 1.0), (3.3, 1.0, 1.0)]),
}  # fmt: skip


def assert_within_4_ulp(found, right):
    assert np.all(np.abs(found - right) <= 4 * np.spacing(np.abs(right))), f"{found} instead of {right}"


@pytest.mark.parametrize("size", [None, 3, 67, 40_000])
@pytest.mark.parametrize("name", EXACT)
def test_elementwise_lines_are_computed_as_they_are_written(name, size):
    function, points = EXACT[name]
    variables = [Variable(x if size is None else np.full(size, x)) for x in (2.0, 3.0, 1.5)]
    compiled = Program([function(*variables)], variables).compile()
    for point in points:
        right = function(*[np.float64(x) for x in point])
        assert_within_4_ulp(compiled(*[x if size is None else np.full(size, x) for x in point])[0], right)


@pytest.mark.parametrize("x, y", [(1e200, 1e170), (1e60, 1e156), (3.0, 7.0)])
def test_the_derivative_of_a_quotient_does_not_underflow(x, y):
    for size in (None, 5):
        variables = [Variable(2.0 if size is None else np.full(size, 2.0), name) for name in "xy"]
        program = Program(gradient(np.sum(variables[0] / variables[1]), variables), variables)
        for run in (program, program.compile()):
            slopes = run(*[v if size is None else np.full(size, v) for v in (x, y)])
            assert_within_4_ulp(slopes[0], 1.0 / y)
            assert_within_4_ulp(slopes[1], -(x / y) / y)


def test_nothing_is_written_if_an_array_of_out_is_wrong(doubled):
    for wrong in (np.zeros(5), np.zeros((4, 1)), np.zeros(4, dtype=int), np.broadcast_to(0.0, 4)):
        for k in (2, 3):
            good = np.zeros(4)
            with pytest.raises((ValueError, TypeError), match=rf"out\[{k}\]"):
                doubled(np.arange(1.0, 5.0), out=tuple([good if i == 0 else wrong if i == k else None for i in range(4)]))
            np.testing.assert_array_equal(good, 0.0)


def test_only_the_additions_within_a_sum_may_be_reassociated_and_they_are_vectorised():
    x = Variable(np.ones(3), "x")
    (run,) = Program([np.sum(x * x * 3.0 + x)], [x]).compile().runs
    (code,) = run.compiled(False).inspect_llvm().values()
    flagged = [line.split("=")[-1].split()[:2] for line in code.splitlines() if " reassoc " in line]
    assert {head for head, *_ in flagged} <= {"fadd", "call", "tail"}
    assert "fadd reassoc <" in code and "fmul <" in code


@pytest.mark.parametrize("build", [
    lambda x, m: m + x, lambda x, m: m * np.array([1.0, 2.0, 3.0]) + m, lambda x, m: np.sum(x * np.array([1.0, 2.0, 3.0])),
], ids=["broadcast", "broadcast constant", "constant"])  # fmt: skip
def test_loops_take_what_is_broadcast_and_constants(build, monkeypatch):
    x, m = Variable(np.arange(3.0)), Variable(np.ones((4, 3)))
    y = build(x, m)
    compiled = Program([y], [x, m]).compile()
    assert "_fused1" in compiled.source
    monkeypatch.setattr(Program, "__call__", None)  # which is what runs if a loop refuses its arguments
    assert_same_results(compiled(x.value, m.value), (y.value,))


def test_an_input_may_be_called_as_anything_in_the_compiled_text():
    for name in ("UndefinedError", "prange", "BLOCK", "plus", "size", "bad", "w", "i", "program", "NUMPY", "watch", "whole"):
        for value in (2.0, np.full(3, 2.0)):
            x = Variable(value, name)
            y = np.sum(np.exp(x) * x)
            assert_same_results(Program([y], [x]).compile()(value), (y.value,))


class Round(Node):
    function = np.round
    def forward(x, decimals=0): return np.round(x, decimals=decimals)
    backward = (None,)


class Heaviside(Node):
    function = np.heaviside
    def forward(x, y): return np.heaviside(x, y)
    backward = (None, None)


def test_a_program_of_numbers_takes_whatever_function_numba_has():
    x = Variable(1.5, "x")
    compiled = Program([Round(x * 2.0, decimals=1) + Round(x)], [x]).compile()
    assert compiled(1.56) == (3.1 + 2.0,) and compiled(0.43) == (0.9,)
    with pytest.raises(TypeError, match=r"^Numba cannot compute t2 = np.heaviside\(t1, x\): "):
        Program([Heaviside(np.sin(x), x) * 2.0], [x]).compile()


def test_a_long_program_is_cut_into_parts_that_compute_what_the_sweep_does():
    variables = [Variable(0.3 + 0.1 * i, f"x{i}") for i in range(10)]
    y = variables[0]
    for i in range(400):
        y = np.sin(y * variables[i % 10]) + variables[(7 * i) % 10] if i % 3 else np.tanh(y) - 0.5 * variables[i % 10]
    program = with_gradient(y, variables)
    assert len(program.lines.lines) > 3 * scalar_code.LENGTH
    compiled = program.compile()
    for shift in (0.0, 0.2):
        point = [x.value + shift for x in variables]
        values = Graph(y).evaluate(dict(zip(variables, point)))
        assert_same_results(compiled(*point), program(*point), 1e-9)
        assert compiled(*point)[0] == pytest.approx(values[y], rel=1e-12)


@pytest.mark.parametrize("build", [lambda x, y: [x, y, x], lambda x, y: [x * 1.0, y - y], lambda x, y: [x]])
def test_outputs_of_a_program_of_numbers_may_be_inputs_or_constants(build):
    x, y = Variable(2.0, "x"), Variable(3.0, "y")
    outputs = build(x, y)
    assert Program(outputs, [x, y]).compile()(4.0, 5.0) == Program(outputs, [x, y])(4.0, 5.0)
    assert Program([x, y], []).compile()() == (2.0, 3.0)
