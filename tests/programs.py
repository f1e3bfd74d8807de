"""What tests of programs have in common."""

import numpy as np

from autograd_engine import Program, eliminate_common_subexpressions, gradient
from autograd_nodes import Variable

POINT = {"a": 2.0, "b": 3.0, "c": 1.5}

def with_gradient(y, variables):
    return Program([y, *gradient(y, variables)], variables)


def equation_a():
    variables = [Variable(value, name) for name, value in POINT.items()]
    return eliminate_common_subexpressions(typed_a(*variables)), variables


def typed_a(a, b, c):
    return np.sqrt(a + b + c**2) + np.log(a + b + c**2) + (a + b + c**2) / (b * c**2)


def values(variables):
    return [x.value for x in variables]


def assert_same_results(results, expected, error=1e-12):
    """Of the same kind and shape, and as near as rounding allows."""
    assert isinstance(results, tuple)
    for result, value in zip(results, expected, strict=True):
        assert type(result) is type(value)
        assert getattr(result, "dtype", None) == getattr(value, "dtype", None)
        np.testing.assert_allclose(result, value, error, error, strict=True)


def lines(program):
    return program.source.splitlines()[1:-1]
