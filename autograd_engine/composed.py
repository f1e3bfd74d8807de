"""NumPy's functions that are made of others: a formula is enough, and has its derivative from the operations in it.

A mean divides by a sum of ones rather than by a count, which would freeze a shape into the graph.
"""

import numpy as np

from autograd_engine.expressions import operations


def mean(x, axis=None, keepdims=False):
    ones = operations["BroadcastLike"](1.0, x)
    return np.sum(x, axis=axis, keepdims=keepdims) / np.sum(ones, axis=axis, keepdims=keepdims)


operations.update({
    np.mean: mean,
    np.dot: lambda x, y: x @ y,
    np.absolute: lambda x: np.maximum(x, -x),
    np.minimum: lambda x, y: -np.maximum(np.negative(x), np.negative(y)),
    np.min: lambda x, axis=None, keepdims=False: -np.max(-x, axis=axis, keepdims=keepdims),
    np.amax: lambda x, axis=None, keepdims=False: np.max(x, axis=axis, keepdims=keepdims),
    np.amin: lambda x, axis=None, keepdims=False: np.min(x, axis=axis, keepdims=keepdims),
})  # fmt: skip
