"""The limit in NumPy: the derivative written by hand."""

from functools import partial

import numpy as np


def equation_a(a, b, c):
    square = c * c
    t, bottom = a + b + square, b * square
    root = np.sqrt(t)
    slope = 0.5 / root + 1.0 / t + 1.0 / bottom
    ratio = t / bottom
    return np.sum(root + np.log(t) + ratio), slope, slope - ratio / b, 2.0 * (c * slope - ratio / c)


def equation_b(w_0, w_1, x, y):
    residual = w_0 + w_1 * x - y
    return np.dot(residual, residual), 2.0 * np.sum(residual), 2.0 * np.dot(residual, x)


def point(a, b, c):
    return partial(equation_a, *map(np.float64, (a, b, c)))


def fit(w_0, w_1, x, y):
    return partial(equation_b, w_0, w_1, x, y)


def summed(a, b, c):
    return partial(equation_a, a, b, c)
