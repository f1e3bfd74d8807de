"""Random programs at random points, a third of them extreme: every engine gives what the sweep gives, errors included."""

import contextlib
from functools import partial

import numpy as np
import pytest

from autograd_engine import Program, gradient, loops, numba_engine, scalar_code
from autograd_engine.values import raising
from autograd_nodes import Cos, Exp, Graph, Log, Power, Sigmoid, Sin, Tanh, Variable

UNARY = {
    "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "sigmoid": Sigmoid,
    "square": np.square, "negative": np.negative, "reciprocal": lambda x: 1.0 / x, "sum": np.sum, "max": np.max,
    "cube": lambda x: x**3.0, "root": lambda x: x**0.5, "equal to one": lambda x: x == 1.0, "plain": lambda x: 1.0 * x + 0.0,
    "relu": lambda x: np.maximum(x, 0.0), "tail": lambda x: x[1:] if x.shape else x, "first": lambda x: x[0] if x.shape else x,
    "reversed": lambda x: x[::-1] if x.shape else x,
}  # fmt: skip
BINARY = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "maximum": np.maximum,
    "equal": np.equal, "power": np.power,
}  # fmt: skip
ROUNDED = Exp, Log, Sin, Cos, Tanh, Sigmoid, Power  # in the last place by one engine so, by another so
EXTREME = [1e154, 1e-154, 1e300, 1e-300, 5e-324, 1e-310, 1.7e308, 0.0, 1.0, 36.0, 710.0, 1e170]


def random_program(rng, shapes):
    """(outputs, inputs): a random expression of a few steps, with its gradient if that exists where it is built."""
    variables = [Variable(np.full(shape, 0.7 + 0.2 * i) if shape else 0.7 + 0.2 * i) for i, shape in enumerate(shapes)]
    nodes = list(variables)
    for _ in range(rng.integers(2, 7)):
        x, y = [nodes[-1 - min(int(rng.exponential(1.5)), len(nodes) - 1)] for _ in "xy"]
        try:
            if rng.random() < 0.5:
                nodes.append(UNARY[rng.choice(list(UNARY))](x))
            else:
                nodes.append(BINARY[rng.choice(list(BINARY))](x, y))
        except (ArithmeticError, ValueError):
            continue
    outputs = [nodes[-1]]
    if rng.random() < 0.6:
        with contextlib.suppress(ArithmeticError):
            outputs += gradient(np.sum(nodes[-1]), variables)
    return outputs, variables


def random_point(rng, shapes):
    return [one(rng, shape) if shape else float(one(rng, (1,))[0]) for shape in shapes]


def one(rng, shape):
    x = rng.uniform(-2.0, 3.0, shape) if rng.random() < 0.5 else rng.uniform(0.1, 3.0, shape)
    if rng.random() < 1 / 3:
        extreme = rng.choice(EXTREME, shape) * rng.choice([1.0, 1.0, -1.0], shape)
        x = np.where(rng.random(shape) < 0.6, extreme, x)
    return x


def outcome(run, point):
    try:
        return run(*point)
    except (ArithmeticError, ValueError, IndexError) as error:
        return type(error)


def swept(outputs, variables):
    graph = Graph(*outputs)

    def run(*point, step=1.0):
        """The outputs, where step multiplies each input and each value that is rounded."""
        given = {x: value for x, value in zip(variables, point) if x in graph.values}

        def moved(node, *operands):
            t = node.apply(operands) if operands else given.get(node, node.value)
            return t * step if node in given or isinstance(node, ROUNDED) else t

        with raising():
            values = graph.evaluate(given) if step == 1.0 else graph.fold(moved)
        return tuple([values[y] for y in outputs])

    return run


def sensitivity(sweep, point, found):
    """How far the results move if every number moves by some units in the last place: what no engine can promise."""
    moved = [np.zeros(np.shape(x)) for x in found]
    for step in (1 + 4e-15, 1 - 4e-15):
        near = outcome(partial(sweep, step=step), point)
        if isinstance(near, type):
            return None
        moved = [np.maximum(m, np.abs(x - y)) for m, x, y in zip(moved, near, found)]
    return moved


def difference(result, expected, sweep, point):
    """What is different, in words; None if nothing is."""
    if isinstance(expected, type) or isinstance(result, type):
        same = result is expected or is_on_edge(sweep, point)
        return None if same else f"{result} instead of {expected}"
    for x, y in zip(result, expected, strict=True):
        if type(x) is not type(y) or np.shape(x) != np.shape(y) or getattr(x, "dtype", None) != getattr(y, "dtype", None):
            return f"{x!r} instead of {y!r}"
    moved = sensitivity(sweep, point, expected)
    if moved is None:
        return None
    for x, y, m in zip(result, expected, moved):
        with np.errstate(over="ignore"):
            if np.any(np.abs(x - y) > 1e-12 * np.abs(y) + 20 * m + 1e-320):
                return f"{x!r} instead of {y!r}"
    return None


def is_on_edge(sweep, point):
    near = [isinstance(outcome(partial(sweep, step=step), point), type) for step in (1 + 4e-15, 1 - 4e-15)]
    return near[0] != near[1]


SHAPES = [[()], [(), ()], [(3,)], [(3,), ()], [(3,), (3,)], [(2, 3), (3,)], [(2, 1), (3,)], [(9,), (), (9,)]]


ENGINES = {"NumPy": lambda program: program, "Numba": Program.compile}


def differences(seed, programs, points, kinds=SHAPES, engines=ENGINES):
    rng, found, total = np.random.default_rng(seed), [], 0
    for number in range(programs):
        shapes = kinds[number % len(kinds)]
        outputs, variables = random_program(rng, shapes)
        program, sweep = Program(outputs, variables), swept(outputs, variables)
        runs = {name: engine(program) for name, engine in engines.items()}
        at = [random_point(rng, shapes) for _ in range(points)]
        expected = [outcome(sweep, point) for point in at]
        for turn in (range(points), range(points), reversed(range(points))):
            for i in turn:
                for engine, run in runs.items():
                    total += 1
                    wrong = difference(outcome(run, at[i]), expected[i], sweep, at[i])
                    if wrong:
                        found.append(f"{engine}, program {number}: {wrong}\n{program.source} at {at[i]}")
    return found, total


@pytest.mark.parametrize("seed", range(4))
def test_every_engine_gives_what_the_sweep_gives(seed):
    found, total = differences(seed, 24, 9)
    assert not found, "\n".join(found[:3])
    assert total == 24 * 9 * 3 * 2


@pytest.mark.parametrize("length", [1, 4])
def test_programs_that_are_compiled_in_parts_give_what_the_sweep_gives(length, monkeypatch):
    monkeypatch.setattr(scalar_code, "LENGTH", length)
    found, total = differences(11, 16, 9, SHAPES[:2])
    assert not found, "\n".join(found[:3])
    assert total == 16 * 9 * 3 * 2


def test_loops_in_threads_give_what_the_sweep_gives(monkeypatch):
    monkeypatch.setattr(numba_engine, "LARGE", 0)
    monkeypatch.setattr(loops, "BLOCK", 2)
    found, total = differences(12, 18, 9, SHAPES[2:])
    assert not found, "\n".join(found[:3])
    assert total == 18 * 9 * 3 * 2


def test_jax_gives_what_the_sweep_gives():
    found, total = differences(21, 48, 9, engines={"JAX": lambda program: partial(on_the_host, program.to_jax())})
    assert not found, "\n".join(found[:3])
    assert total == 48 * 9 * 3


def on_the_host(run, *point):
    return tuple([np.asarray(y) if y.shape else float(y) for y in run(*point)])
