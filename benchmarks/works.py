"""What every engine is asked for: value and gradient of a formula, at the same numbers for all."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmarks.formulas import FACTOR, demo_loss, equation_a, equation_b, expression, multiple, power, random_steps, sum_of_a

SEED = 2024


class Work(NamedTuple):
    kind: str  # an engine does all works of a kind, or none
    function: Callable  # of an engine's module and the arguments
    arguments: Callable  # makes them
    count: int  # the gradient is by so many of them, the first ones
    anew: bool = False  # whether every run starts from plain numbers, without a graph
    size: int = 1
    cold: bool = False  # whether what is timed is the first result of a process that has done nothing but import


def one_point():
    return 2.0, 3.0, 1.5


def many_points(n):
    return tuple(np.random.default_rng(SEED).uniform(1.0, 3.0, (3, n)))


def line(n):
    random = np.random.default_rng(SEED)
    x = random.uniform(0.0, 10.0, n)
    return 0.5, 1.5, x, 1.0 + 2.0 * x + random.normal(0.0, 0.5, n)


def chain(function, n):
    return Work("chain", partial(function, n=n), lambda: (FACTOR,), 1, anew=True, size=n)


def ten_leaves():
    return tuple(np.random.default_rng(SEED).uniform(0.5, 1.5, 10).tolist())


def weights():
    """Those of the demo's perceptron: for each unit those of its inputs and a constant."""
    return tuple(np.random.default_rng(SEED).uniform(-1.0, 1.0, 17 * 16 + 3 * 16 + 17).tolist())


def moons():
    """The points and labels of the demo: two half circles that reach into each other."""
    random = np.random.default_rng(SEED)
    angles, labels = random.uniform(0.0, np.pi, 50), np.repeat([1.0, -1.0], 25)
    points = np.stack([np.cos(angles) * labels + 0.5 * (labels < 0), np.sin(angles) * labels + 0.5 * (labels < 0)], axis=1)
    return {"points": (points + random.normal(0.0, 0.1, (50, 2))).tolist(), "labels": labels.tolist()}  # fmt: skip


def cold(kind, function, arguments, count, size=1):
    return Work(kind, function, arguments, count, size=size, cold=True)


SOONEST = "time to first result: "
BY_NUMBER = "chain of 1,000,000, by a number"

WORKS = {
    "A, one point": Work("point", equation_a, one_point, 3),
    "A, first gradient": Work("first", equation_a, one_point, 3, anew=True),
    "MLP, first gradient": Work("demo", partial(demo_loss, **moons()), weights, 337, anew=True),
    "MLP, a further step": Work("step", partial(demo_loss, **moons()), weights, 337),
    f"{SOONEST}A": cold("soon", equation_a, one_point, 3),
    f"{SOONEST}B, N = 1,000,000": cold("soon", equation_b, partial(line, 10**6), 2),
    **{f"{SOONEST}{n:,} operations": cold(kind, partial(expression, steps=random_steps(n, 10)), ten_leaves, 10, n)
       for n, kind in ((1000, "soon"), (10_000, "long"))},
    **{f"B, N = {n:,}": Work("fit", equation_b, partial(line, n), 2, size=n) for n in (10**3, 10**6, 10**7)},
    **{f"A at {n:,} points": Work("summed", sum_of_a, partial(many_points, n), 3, size=n) for n in (10**6, 10**7)},
    **{f"chain of {n:,}": chain(power, n) for n in (10**3, 10**4, 10**5, 10**6)},
    BY_NUMBER: chain(multiple, 10**6),
}  # fmt: skip
