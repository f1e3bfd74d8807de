"""The limit: the derivative written by hand as one fused loop, in parallel where that pays."""

from functools import partial

import numpy as np
from numba import njit, prange

from benchmarks.engines.hand_python import equation_a


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


one_point = njit(fastmath=True, error_model="numpy")(equation_a)


def compiled(loop, size):
    return njit(fastmath=True, error_model="numpy", parallel=size > 1 << 15)(loop)


def point(a, b, c):
    return partial(one_point, a, b, c)


def fit(w_0, w_1, x, y):
    return partial(compiled(loop_b, x.size), w_0, w_1, x, y)


def summed(a, b, c):
    return partial(compiled(loop_a, a.size), a, b, c, *[np.empty_like(a) for _ in range(3)])
