"""micrograd: scalars, in a graph that is built for every gradient."""

import math
from types import SimpleNamespace

import numpy as np
from micrograd.engine import Value


def log(x):
    """micrograd has no logarithm: one in its own style."""
    out = Value(math.log(x.data), (x,), "log")

    def backward():
        x.grad += out.grad / x.data

    out._backward = backward
    return out


functions = SimpleNamespace(sqrt=lambda x: x**0.5, log=log, sum=np.sum, relu=Value.relu)


def eager(function, arguments, count):
    def run():
        leaves = [Value(x) for x in arguments[:count]]
        y = function(functions, *leaves, *arguments[count:])
        y.backward()
        return y.data, *[x.grad for x in leaves]

    return run
