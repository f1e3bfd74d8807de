"""This library, a program with its gradient as machine code."""

from functools import partial

import numpy as np

from autograd_nodes import Variable, gradient
from autograd_programs import Program
from benchmarks.formulas import equation_a, equation_b


def point(a, b, c):
    variables = [Variable(x) for x in (a, b, c)]
    y = equation_a(*variables, np.sqrt, np.log)
    return partial(Program([y, *gradient(y, variables)], variables).compile(), a, b, c)


def fit(w_0, w_1, x, y):
    variables = [Variable(w_0), Variable(w_1), Variable(x), Variable(y)]
    loss = np.sum(equation_b(*variables))
    return partial(Program([loss, *gradient(loss, variables[:2])], variables).compile(), w_0, w_1, x, y)


def summed(a, b, c, out=True):
    variables = [Variable(x) for x in (a, b, c)]
    y = np.sum(equation_a(*variables, np.sqrt, np.log))
    program = Program([y, *gradient(y, variables)], variables).compile()
    return partial(program, a, b, c, out=(None, *[np.empty_like(x) for x in (a, b, c)]) if out else None)
