"""A program on numbers and arrays: `math` and NumPy stand for np, and every number is a Python float."""

import math

import numpy as np

from autograd_engine.simplify import is_elementwise
from autograd_engine.undefined import watch, watched
from autograd_nodes import equal, maximum, scalars_by

ELEMENTARY = """sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh
                arcsin arccos arctan arcsinh arccosh arctanh"""


class NumPy:
    """NumPy's functions; those of numbers return Python floats."""

    equal, maximum = staticmethod(equal), staticmethod(maximum)

    def __getattr__(self, name):
        function = getattr(np, name)
        return returning_floats(function) if isinstance(function, np.ufunc) else function


def returning_floats(function):
    def call(*operands):
        t = function(*operands)
        return t if isinstance(t, np.ndarray) else float(t)

    return call


NUMPY = NumPy()
for name in ELEMENTARY.split():
    setattr(NUMPY, name, scalars_by(getattr(math, name.replace("arc", "a")), getattr(np, name)))


def function_of_values(lines):
    """A program as a function of floats and arrays. To be called where NumPy raises what it would warn of."""
    found = watched(lines.graph, lines.inputs)
    body = [watching(x, lines) for x in lines.inputs if x in found and not x.shape]
    for x, step in lines.steps.items():
        body += step
        if x in found and not (x.shape and is_elementwise(type(x))):  # for those NumPy raises
            body.append(watching(x, lines))
    return lines.function(lines.written(body, lines.results), {"np": NUMPY, "_watch": watch})


def watching(x, lines):
    return f"_watch({lines.names[x]})"


def owned(value):
    """A result that nobody else holds: a float, or a writable array."""
    watch(value)
    return np.array(value) if isinstance(value, np.ndarray) and value.ndim else float(value)
