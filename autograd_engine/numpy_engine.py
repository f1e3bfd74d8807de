"""A program on numbers and arrays: `math` and NumPy stand for np, and every number is a Python float."""

import numpy as np

from autograd_engine.undefined import watch, watched
from autograd_nodes import cos, equal, exp, log, maximum, sin, sqrt, tanh


class NumPy:
    """NumPy's functions, of which those of numbers return Python floats."""

    def __init__(self):
        vars(self).update(sqrt=sqrt, exp=exp, log=log, sin=sin, cos=cos, tanh=tanh, maximum=maximum, equal=equal)

    def __getattr__(self, name):
        function = getattr(np, name)
        made = function if not isinstance(function, np.ufunc) else lambda *x: floated(function(*x))
        setattr(self, name, made)
        return made


def floated(x):
    return x if isinstance(x, np.ndarray) else float(x)


NUMPY = NumPy()


def function_of_values(lines):
    """A program as a function of floats and arrays, to be called where NumPy raises what it would warn of."""
    found = watched(lines.graph, lines.inputs)
    body = [watching(x, lines) for x in lines.inputs if x in found and not x.shape]
    for x in lines.graph.operations:
        body += lines.step(x)
        if x in found:
            body.append(watching(x, lines))
    return lines.function(lines.written(body, lines.results), {"np": NUMPY, "_watch": watch})


def watching(x, lines):
    return f"_watch({lines.names[x]})"


def owned(value):
    """A result that nobody else holds: a float, or a writable array."""
    watch(value)
    return np.array(value) if isinstance(value, np.ndarray) and value.ndim else float(value)
