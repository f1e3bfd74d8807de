"""This library, a program with its gradient as machine code."""

from functools import partial

import numpy as np

import autograd_engine.numba_engine  # noqa: F401  not when something is compiled, since imports are not measured
from autograd_engine import Program, gradient
from autograd_nodes import Variable


def compiled(function, arguments, count):
    run = compiled_without_out(function, arguments, count)
    if np.ndim(arguments[0]):
        run = partial(run, out=(None, *[np.empty_like(x) for x in arguments[:count]]))
    return run


def compiled_without_out(function, arguments, count):
    return partial(compile_graphs(partial(value_and_gradient, function, count=count), arguments), *arguments)


def uncompiled(function, arguments, count):
    variables = [Variable(x) for x in arguments]
    return partial(Program(value_and_gradient(function, *variables, count=count), variables), *arguments)


def value_and_gradient(function, *variables, count):
    """The graphs of both."""
    y = function(np, *variables)
    return [y, *gradient(y, variables[:count])]


def compile_graphs(build, values):
    """A program of what `build` makes of Variables with these values."""
    variables = [Variable(x) for x in values]
    return Program(build(*variables), variables).compile()
