"""HIPS autograd."""

from functools import partial

import autograd.numpy as anp
from autograd import value_and_grad

from benchmarks.formulas import equation_a, equation_b, product


def point(a, b, c):
    return partial(value_and_grad(lambda a, b, c: equation_a(a, b, c, anp.sqrt, anp.log), argnum=(0, 1, 2)), a, b, c)


def fit(w_0, w_1, x, y):
    return partial(value_and_grad(lambda *arguments: anp.sum(equation_b(*arguments)), argnum=(0, 1)), w_0, w_1, x, y)


def summed(a, b, c):
    return partial(value_and_grad(lambda a, b, c: anp.sum(equation_a(a, b, c, anp.sqrt, anp.log)), argnum=(0, 1, 2)), a, b, c)


def chain(x, n):
    return partial(value_and_grad(lambda x: product(x, n)), x)
