"""What a worker does with one chunk of points by compiled programs; each process compiles a program once."""

from functools import lru_cache

import numba
import numpy as np

from benchmarks.engines.program import compile_graphs, value_and_gradient
from benchmarks.formulas import equation_b, sum_of_a

LINE = 0.5, 1.5  # w_0 and w_1


def loss_and_slopes(w_0, w_1, x, y):
    """B and its derivatives by w_0 and w_1."""
    return value_and_gradient(equation_b, w_0, w_1, x, y, count=2)


def total_and_slopes(a, b, c):
    """A summed over all points, and the sum over each of its three gradients, arrays that are as long as the data."""
    total, *slopes = value_and_gradient(sum_of_a, a, b, c, count=3)
    return [total, *[np.sum(slope) for slope in slopes]]


@lru_cache
def compiled(function, scalars, count):
    return compile_graphs(function, [*scalars, *[np.ones(2)] * count])


def partial_sums(*arrays, function, scalars=()):
    """The outputs of the function for these points, as an array; a worker's thread keeps to its own core."""
    numba.set_num_threads(1)
    return np.array(compiled(function, scalars, len(arrays))(*scalars, *arrays))
