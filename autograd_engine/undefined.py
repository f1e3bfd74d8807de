"""How a program notices what is undefined: an infinity or a NaN that no result would show is watched where it arises."""

from math import isfinite

import numpy as np

from autograd_nodes import (
    Add, BroadcastLike, Constant, Cos, Divide, Log, Matmul, Multiply, Negative, PlaceLike, Power, Reshape, ReshapeLike, Sin,
    Sqrt, Square, Stack, Subtract, Sum, Transpose,
)  # fmt: skip

# The operands that cannot be infinite or NaN without the result being so. All others hide it: 1/∞ is 0, tanh ∞ is 1, e^−∞ is 0,
# ∞ = 1 is false, 1^NaN is 1, the larger of −∞ and 1 is 1, an index passes over what it does not take.
LET_THROUGH = {
    **dict.fromkeys([Add, Subtract, Multiply, Matmul], slice(2)),
    **dict.fromkeys([Divide, Negative, Square, Sqrt, Log, Sin, Cos, Sum], slice(1)),
    **dict.fromkeys([Transpose, Reshape, ReshapeLike, PlaceLike, BroadcastLike], slice(1)),
    Stack: slice(None),
}


class UndefinedError(ArithmeticError):
    """A value is infinite, NaN or complex."""


def watched(graph, inputs):
    """What of a graph and its inputs has to be finite for all to be: nothing else would show that it is not.

    These are outputs, what is hidden from them, inputs without use, and powers of numbers, which Python makes complex. (An
    empty array hides everything: not for such.)
    """
    noticed, found = set(), {*inputs} - {*graph.nodes}
    for node in reversed(graph.nodes):
        if (node not in noticed and not isinstance(node, Constant)) or (isinstance(node, Power) and not node.shape):
            found.add(node)
        noticed.update(node.inputs[LET_THROUGH.get(type(node), slice(0))])
    return found


def watch(value):
    """Raises UndefinedError for a value that is not finite and real."""
    if not (isfinite(value) if value.__class__ is float else np.isrealobj(value) and np.isfinite(value).all()):
        raise UndefinedError("a value is not finite and real")
