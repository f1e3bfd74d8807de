"""CasADi, scalars: a Function of symbols, called."""

from functools import partial

import casadi

from benchmarks.formulas import equation_a, product


def function(a, b, c):
    inputs = [casadi.SX.sym(name) for name in "abc"]
    y = equation_a(*inputs, casadi.sqrt, casadi.log)
    return casadi.Function("a", inputs, [y, *[casadi.gradient(y, x) for x in inputs]])


def point(a, b, c):
    return partial(function(a, b, c), a, b, c)


def chain(x, n):
    def run():
        symbol = casadi.SX.sym("x")
        y = product(symbol, n)
        return casadi.Function("chain", [symbol], [y, casadi.gradient(y, symbol)])(x)

    return run
