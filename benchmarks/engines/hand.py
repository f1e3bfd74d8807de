"""The limit: derivatives written by hand, in Python, in NumPy, and as one fused loop, in parallel where that pays."""

import math
from functools import partial

import numpy as np
from numba import njit, prange

from benchmarks.formulas import equation_b


def slopes_of_a(module):
    """What computes A and its gradient with a module's functions."""
    sqrt, log = module.sqrt, module.log

    def run(a, b, c):
        square = c * c
        t, bottom = a + b + square, b * square
        root = sqrt(t)
        slope = 0.5 / root + 1.0 / t + 1.0 / bottom
        ratio = t / bottom
        return root + log(t) + ratio, slope, slope - ratio / b, 2.0 * (c * slope - ratio / c)

    return run


def with_python(function, arguments, count):
    return partial(slopes_of_a(math), *arguments)


def with_numpy(function, arguments, count):
    if function is equation_b:
        return partial(slopes_of_b, *arguments)
    run, arguments = slopes_of_a(np), [np.asarray(x)[()] for x in arguments]

    def summed():
        values, *slopes = run(*arguments)
        return np.sum(values), *slopes

    return summed


def slopes_of_b(w_0, w_1, x, y):
    residual = w_0 + w_1 * x - y
    return np.dot(residual, residual), 2.0 * np.sum(residual), 2.0 * np.dot(residual, x)


def with_numba(function, arguments, count):
    size = np.size(arguments[-1])
    if size == 1:
        return partial(one_point, *arguments)
    loop = njit(fastmath=True, error_model="numpy", parallel=size > 1 << 15)(loop_b if function is equation_b else loop_a)
    return partial(loop, *arguments, *[np.empty_like(x) for x in arguments[:count] if np.ndim(x)])


one_point = njit(fastmath=True, error_model="numpy")(slopes_of_a(math))


def loop_a(a, b, c, a_bar, b_bar, c_bar):
    total = 0.0
    for i in prange(a.size):
        y, a_bar[i], b_bar[i], c_bar[i] = one_point(a[i], b[i], c[i])
        total += y
    return total, a_bar, b_bar, c_bar


def loop_b(w_0, w_1, x, y):
    total = w_0_bar = w_1_bar = 0.0
    for i in prange(x.size):
        residual = w_0 + w_1 * x[i] - y[i]
        total += residual * residual
        w_0_bar += 2.0 * residual
        w_1_bar += 2.0 * residual * x[i]
    return total, w_0_bar, w_1_bar
