"""What a worker does with one chunk of points by compiled programs; each process compiles a program once."""

from functools import lru_cache

import numba
import numpy as np

from autograd_nodes import Variable, gradient
from autograd_programs import Program
from benchmarks.formulas import equation_a, equation_b

LINE = 0.5, 1.5  # w_0 and w_1


def loss_and_slopes(w_0, w_1, x, y):
    """B and its derivatives by w_0 and w_1."""
    loss = np.sum(equation_b(w_0, w_1, x, y))
    return [loss, *gradient(loss, [w_0, w_1])]


def total_and_slopes(a, b, c):
    """A summed over all points, and the sum over each of its three gradients, arrays that are as long as the data."""
    total = np.sum(equation_a(a, b, c, np.sqrt, np.log))
    return [total, *[np.sum(slope) for slope in gradient(total, [a, b, c])]]


@lru_cache
def compiled(function, scalars, count):
    inputs = [*map(Variable, scalars), *[Variable(np.ones(2)) for _ in range(count)]]
    return Program(function(*inputs), inputs).compile()


def partial_sums(*arrays, function, scalars=()):
    """The outputs of the function for these points, as an array; a worker's thread keeps to its own core."""
    numba.set_num_threads(1)
    return np.array(compiled(function, scalars, len(arrays))(*scalars, *arrays))
