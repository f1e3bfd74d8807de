"""Large results of compiled programs stand in memory that was used before, but never in what somebody still holds."""

import gc
import threading
import weakref

import numpy as np
import pytest

from autograd_engine import Program
from autograd_nodes import Variable

SIZE = 40_000  # large enough


def square_and_log():
    x = Variable(np.ones(SIZE), "x")
    return Program([x * x, np.log(x)], [x]).compile()


@pytest.fixture(scope="module")
def compiled():
    return square_and_log()


def results(compiled, x, size=SIZE):
    return compiled(np.full(size, x))


def addresses(*arrays):
    return {x.__array_interface__["data"][0] for x in arrays}


def use_all_memory(compiled):
    """Calls that would overwrite whatever is thought to be free."""
    kept = [results(compiled, 7.0) for _ in range(4)]
    del kept
    for _ in range(4):
        results(compiled, 8.0)


class Interface:
    def __init__(self, array):
        self.__array_interface__, self.array = array.__array_interface__, array


def in_a_cycle(array):
    cycle = [array]
    cycle.append(cycle)
    return cycle


HOLDERS = {
    "the array": lambda x: x,
    "a view": lambda x: x.view(),
    "a slice": lambda x: x[5:9],
    "a slice of a reversed view": lambda x: x[::-1][100:200:7],
    "a row of a reshaped view": lambda x: x.reshape(4, -1)[2],
    "a transpose": lambda x: x.reshape(4, -1).T[3],
    "a broadcast view": lambda x: np.broadcast_to(x, (2, SIZE))[1],
    "a subclass": lambda x: x.view(np.matrix).A1,
    "a flat iterator": lambda x: x.flat,
    "a memoryview": memoryview,
    "a part of a memoryview": lambda x: memoryview(x)[3:8],
    "an array on a memoryview": lambda x: np.asarray(memoryview(x)),
    "an array on a buffer": lambda x: np.frombuffer(x),
    "an array by the interface": lambda x: np.asarray(Interface(x)),
    "an array by DLPack": np.from_dlpack,
    "a generator": lambda x: (y for y in x),
    "an array of ctypes": lambda x: np.ctypeslib.as_ctypes(x),
    "a closure": lambda x: map(lambda i: x[i], range(3)),
    "a thing in a cycle": lambda x: iter(in_a_cycle(x)[0]),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_what_is_held_in_any_way_is_not_written_to(name, compiled):
    holder = HOLDERS[name](results(compiled, 3.0)[0])
    use_all_memory(compiled)
    assert set(holder) == {9.0}


def test_memory_that_nobody_holds_is_used_again():
    compiled = square_and_log()
    first = results(compiled, 3.0)
    there = addresses(*first)
    part = first[0][:5]
    del first
    second = results(compiled, 4.0)
    assert len(there & addresses(*second)) == 1  # a slice keeps the other one
    del part, second
    assert there <= addresses(*results(compiled, 5.0), *results(compiled, 5.0))


def test_a_result_may_be_an_input_of_the_next_call():
    x, y = Variable(np.full(SIZE, 1.5)), Variable(np.full(SIZE, 0.5))
    step = Program([x * y, x - y], [x, y]).compile()
    values = expected = np.linspace(1.0, 2.0, SIZE), np.linspace(0.5, 1.0, SIZE)
    for _ in range(6):
        values, expected = step(*values), (expected[0] * expected[1], expected[0] - expected[1])
        np.testing.assert_array_equal(values, expected)


def test_a_view_of_a_result_may_be_an_input_of_the_next_call(compiled):
    value = results(compiled, 1.5)[0][::-1]
    for _ in range(4):
        expected = value * value
        value = compiled(value)[0][::-1]
        np.testing.assert_array_equal(value, expected)


def test_what_is_written_into_a_result_stays_there(compiled):
    for change in (lambda x: x.fill(-1.0), lambda x: x.flags.__setattr__("writeable", False), lambda x: x.sort()):
        change(results(compiled, 3.0)[0])
        square, logarithm = results(compiled, 2.0)
        assert square.flags.carray and square.shape == (SIZE,)
        np.testing.assert_array_equal(square, 4.0)
        np.testing.assert_allclose(logarithm, np.full(SIZE, np.log(2.0)), 1e-14)


def test_sizes_may_alternate(compiled):
    kept = []
    for turn in range(12):
        size = SIZE + 1000 * (turn % 3)
        square, logarithm = results(compiled, float(turn + 1), size)
        kept.append((turn + 1, square[-10:] if turn % 2 else square))
        np.testing.assert_allclose(logarithm, np.full(size, np.log(turn + 1)), 1e-14)
    for x, square in kept:
        np.testing.assert_array_equal(square, x * x)


def test_an_error_in_a_call_spoils_no_result(compiled):
    square, logarithm = results(compiled, 3.0)
    for _ in range(3):
        with pytest.raises(FloatingPointError, match="Log"):
            compiled(np.r_[np.full(SIZE - 1, 2.0), -1.0])
        with pytest.raises(ValueError):
            compiled(np.full(SIZE, np.nan))
        results(compiled, 5.0)
    np.testing.assert_array_equal(square, 9.0)
    np.testing.assert_allclose(logarithm, np.full(SIZE, np.log(3.0)), 1e-14)


def test_threads_never_share_a_result(compiled):
    """Each checks what it holds while the others compute, and drops what others have computed."""
    wrong, handed = [], []

    def work(number):
        held = []
        for turn in range(60):
            x = float(1 + number + 10 * (turn % 7))
            held.append((x, results(compiled, x)[turn % 2 : turn % 2 + 1], turn % 2))
            handed.append(held[-1])
            if turn % 3 == 0:
                held.pop(0)
            if len(handed) > 5:
                del handed[0]
            for x, (array,), is_log in held[-3:]:
                if not np.allclose(array, np.log(x) if is_log else x * x, 1e-14, 0.0):
                    wrong.append((number, turn, x, array))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_generator_sees_its_own_results(compiled):
    def squares():
        for x in range(1, 6):
            yield x, results(compiled, float(x))[0]

    found = list(squares())
    assert [(x, set(array)) for x, array in found] == [(x, {float(x * x)}) for x in range(1, 6)]


def test_no_more_than_the_results_of_two_calls_are_kept(compiled):
    many = [results(compiled, 2.0) for _ in range(10)]
    del many
    gc.collect()
    assert sum([memory.nbytes for memory in compiled.memory.free]) == 2 * 2 * 8 * SIZE
    sizes = [results(compiled, 2.0, SIZE + i) for i in range(10)]
    del sizes
    assert len(compiled.memory.free) == 4


def test_a_result_can_die(compiled):
    square = results(compiled, 2.0)[0]
    reference = weakref.ref(square)
    del square
    assert reference() is None


def test_small_results_are_arrays_of_their_own():
    x = Variable(np.ones(3))
    double = Program([x * 2.0], [x]).compile()
    assert double(np.ones(3))[0].base is None


def test_results_outlive_the_program():
    x = Variable(np.ones(SIZE))
    (double,) = Program([x * 2.0], [x]).compile()(np.full(SIZE, 4.0))
    gc.collect()
    np.testing.assert_array_equal(double, 8.0)
