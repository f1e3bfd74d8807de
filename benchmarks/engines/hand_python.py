"""The limit in Python: the derivative written by hand."""

from functools import partial
from math import log, sqrt


def equation_a(a, b, c):
    square = c * c
    t, bottom = a + b + square, b * square
    root = sqrt(t)
    slope = 0.5 / root + 1.0 / t + 1.0 / bottom
    ratio = t / bottom
    return root + log(t) + ratio, slope, slope - ratio / b, 2.0 * (c * slope - ratio / c)


def point(a, b, c):
    return partial(equation_a, a, b, c)
