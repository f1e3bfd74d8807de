"""What every engine is asked for: value and gradient of a formula, at the same numbers for all."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmarks.formulas import FACTOR, equation_a, equation_b, multiple, power, sum_of_a

SEED = 2024


class Work(NamedTuple):
    kind: str  # an engine does all works of a kind, or none
    function: Callable  # of an engine's module and the arguments
    arguments: Callable  # makes them
    count: int  # the gradient is by so many of them, the first ones
    anew: bool = False  # whether every run starts from plain numbers, without a graph
    size: int = 1


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


BY_NUMBER = "chain of 1,000,000, by a number"

WORKS = {
    "A, one point": Work("point", equation_a, one_point, 3),
    "A, first gradient": Work("first", equation_a, one_point, 3, anew=True),
    **{f"B, N = {n:,}": Work("fit", equation_b, partial(line, n), 2, size=n) for n in (10**3, 10**6, 10**7)},
    **{f"A at {n:,} points": Work("summed", sum_of_a, partial(many_points, n), 3, size=n) for n in (10**6, 10**7)},
    **{f"chain of {n:,}": chain(power, n) for n in (10**3, 10**4, 10**5, 10**6)},
    BY_NUMBER: chain(multiple, 10**6),
}
