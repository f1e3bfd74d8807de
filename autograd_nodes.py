"""The nodes of a computation graph: every operation with its forward rule and its backward rules side by side.

    function    the NumPy function that the operation stands for: np.sqrt(node) builds Sqrt(node). Where NumPy has none, the
                class is called: Sigmoid(node)
    forward     (x, y, ...) -> t, the operation's value, from the values of its operands
    backward    a rule for each operand, (grad, t, x, y, ...) -> grad · ∂t/∂x, the vector-Jacobian product: what this use of x
                adds to the adjoint of x. Here grad is the adjoint of t, t̄ in formulas. None where nothing is added: the
                derivative is zero, or only the operand's shape is used

Neither has a self, for they hold no state. Parameters (axis, keepdims, index) reach both as keywords.

A backward rule never branches on values and is written with operators, NumPy's functions, and the helpers below, which are
those functions made fast and strict for Python's floats; where NumPy has no function, `of` takes its place, as in
ReshapeLike.of(grad, x). Hence the same rule serves numbers, arrays, lazy arrays and nodes: given values it computes a value,
given nodes it builds the graph of the derivative.

What a rule returns may be smaller or larger than its operand: the backward sweep expands it to the operand's shape, or sums it
over what was broadcast from the operand. But it cannot know where an axis is missing. A rule for an operation that drops axes,
such as Sum, has to put them back by keep_axes, or a square matrix gets its gradient along the wrong axis.

The sweeps call these rules, forward in the order of the graph and backward in reverse: see autograd_engine/graph.py.
"""

import math
import numbers
from functools import partial

import numpy as np

from autograd_engine import composed  # noqa: F401  np.mean, np.dot and others, made of the operations below
from autograd_engine.graph import Constant, Graph, Node, Variable

__all__ = [
    "Node", "Variable", "Constant", "Graph",
    "Add", "Subtract", "Multiply", "Divide", "Square", "Sqrt", "Log", "Negative", "Power", "Exp", "Sin", "Cos", "Tanh",
    "Sigmoid", "Maximum", "Equal", "Sum", "Max", "Matmul", "Transpose", "Reshape", "ReshapeLike", "Index", "PlaceLike",
    "Stack", "BroadcastLike", "SumLike",
]  # fmt: skip


# ---------------------------------------------------------------------------------- the functions that rules are made of


def elementary(name):
    """NumPy's function, except that Python's floats go to that of `math`, which is ten times faster, raises an error instead
    of returning NaN, and returns a float. (The class is compared because NumPy's float64 is a subclass of float.)"""
    of_floats, of_arrays = getattr(math, name), getattr(np, name)

    def call(x):
        if x.__class__ is not float:
            return of_arrays(x)
        try:
            return of_floats(x)
        except ValueError as error:
            raise FloatingPointError(str(error)) from None

    return call


sqrt, exp, log, sin, cos, tanh = [elementary(name) for name in ("sqrt", "exp", "log", "sin", "cos", "tanh")]


def maximum(x, y):
    return max(x, y) if x.__class__ is y.__class__ is float else np.maximum(x, y)


def equal(x, y):
    """1.0 where x equals y, else 0.0. (Not a bool: NumPy's True + True is True, and a node's == must stay a node.)"""
    if x.__class__ is y.__class__ is float:
        return float(x == y)
    return x == y if isinstance(x, Node) or isinstance(y, Node) else np.equal(x, y).astype(np.result_type(x, y))


def matmul(x, y):
    """x @ y, with a look at the result, for np.errstate does not see what overflows in the threads of a BLAS."""
    t = x @ y
    if isinstance(t, (np.floating, np.ndarray)) and not np.isfinite(t).all():
        raise FloatingPointError("overflow in matmul")
    return t


def outer(x, y):
    """x_i y_j for vectors, x y where one of them is a scalar."""
    return x[:, None] * y if np.ndim(x) and np.ndim(y) else x * y


def keep_axes(t, x, axis, keepdims):
    """A reduction t of x over `axis`, as if made with keepdims=True, so that it broadcasts against x."""
    if keepdims or np.ndim(t) == 0:
        return t
    reduced = [i % np.ndim(x) for i in (axis if isinstance(axis, tuple) else (axis,))]
    return t[tuple([None if i in reduced else slice(None) for i in range(np.ndim(x))])]


# ------------------------------------------------------------------ arithmetic, as in the exercise sheet's equations A and B

class Add(Node):
    """t = x + y. Both operands receive t̄."""
    function = np.add
    def forward(x, y): return x + y
    backward = (lambda grad, t, x, y: grad,
                lambda grad, t, x, y: grad)

class Subtract(Node):
    """t = x − y. x receives t̄; y receives −t̄."""
    function = np.subtract
    def forward(x, y): return x - y
    backward = (lambda grad, t, x, y: grad,
                lambda grad, t, x, y: -grad)

class Multiply(Node):
    """t = x y. Each factor receives t̄ times the other factor."""
    function = np.multiply
    def forward(x, y): return x * y
    backward = (lambda grad, t, x, y: grad * y,
                lambda grad, t, x, y: grad * x)

class Divide(Node):
    """t = x / y. x receives t̄ / y; y receives −t̄ t / y."""
    function = np.divide
    def forward(x, y): return x / y
    backward = (lambda grad, t, x, y: grad / y,
                lambda grad, t, x, y: -grad * t / y)

class Square(Node):
    """t = x². x receives 2 t̄ x, what the two equal factors of a product receive together."""
    function = np.square
    def forward(x): return x * x
    backward = (lambda grad, t, x: 2.0 * grad * x,)

class Sqrt(Node):
    """t = √x. x receives t̄ / (2 t): there is no derivative at 0."""
    function = np.sqrt
    def forward(x): return sqrt(x)
    backward = (lambda grad, t, x: grad / (2.0 * t),)

class Log(Node):
    """t = ln x. x receives t̄ / x."""
    function = np.log
    def forward(x): return log(x)
    backward = (lambda grad, t, x: grad / x,)


# ---------------------------------------------------------------------------------------------- more elementwise functions

class Negative(Node):
    """t = −x. x receives −t̄."""
    function = np.negative
    def forward(x): return -x
    backward = (lambda grad, t, x: -grad,)

class Power(Node):
    """t = x ** y. x receives t̄ y x ** (y − 1); y receives t̄ t ln x.

    The product of the two equal(...) is 0 except at x = y = 0, where it keeps the constant x⁰ differentiable.
    """
    function = np.power
    def forward(x, y): return x ** y
    backward = (lambda grad, t, x, y: grad * y * (x + equal(x, 0.0) * equal(y, 0.0)) ** (y - 1.0),
                lambda grad, t, x, y: grad * t * log(x))

class Exp(Node):
    """t = eˣ. x receives t̄ t: the exponential is its own derivative."""
    function = np.exp
    def forward(x): return exp(x)
    backward = (lambda grad, t, x: grad * t,)

class Sin(Node):
    """t = sin x. x receives t̄ cos x."""
    function = np.sin
    def forward(x): return sin(x)
    backward = (lambda grad, t, x: grad * cos(x),)

class Cos(Node):
    """t = cos x. x receives −t̄ sin x."""
    function = np.cos
    def forward(x): return cos(x)
    backward = (lambda grad, t, x: -grad * sin(x),)

class Tanh(Node):
    """t = tanh x. x receives t̄ (1 − t²)."""
    function = np.tanh
    def forward(x): return tanh(x)
    backward = (lambda grad, t, x: grad * (1.0 - t * t),)

class Sigmoid(Node):
    """t = 1 / (1 + e⁻ˣ), computed as exp(min(x, 0)) / (1 + exp(−|x|)), which cannot overflow. x receives t̄ t (1 − t)."""
    def forward(x): return exp(-maximum(-x, 0.0)) / (1.0 + exp(-maximum(x, -x)))
    backward = (lambda grad, t, x: grad * t * (1.0 - t),)

class Maximum(Node):
    """t = max(x, y). The larger operand receives t̄; at a tie each receives half of it. ReLU is np.maximum(x, 0)."""
    function = np.maximum
    def forward(x, y): return maximum(x, y)
    backward = (lambda grad, t, x, y: grad * (equal(x, t) - 0.5 * equal(x, y)),
                lambda grad, t, x, y: grad * (equal(y, t) - 0.5 * equal(x, y)))

class Equal(Node):
    """t = 1.0 where x equals y, else 0.0. Piecewise constant: no derivative."""
    function = np.equal
    def forward(x, y): return equal(x, y)
    backward = (None, None)


# ------------------------------------------------------------------------------------- reductions and products of matrices

class Sum(Node):
    """t = Σ x over `axis` (all axes if None). Every summand receives the adjoint of its sum."""
    function = np.sum
    def forward(x, axis=None, keepdims=False): return np.sum(x, axis=axis, keepdims=keepdims)
    backward = (lambda grad, t, x, axis, keepdims: keep_axes(grad, x, axis, keepdims),)

def share_among_largest(grad, t, x, axis, keepdims):
    ties = equal(x, keep_axes(t, x, axis, keepdims))
    return keep_axes(grad, x, axis, keepdims) * ties / np.sum(ties, axis=axis, keepdims=True)

class Max(Node):
    """t = max x over `axis` (all axes if None). The largest element receives t̄, several at a tie equal parts of it."""
    function = np.max
    def forward(x, axis=None, keepdims=False): return np.max(x, axis=axis, keepdims=keepdims)
    backward = (share_among_largest,)

class Matmul(Node):
    """t = x @ y for vectors and matrices. x receives t̄ yᵀ; y receives xᵀ t̄. If the other operand is a vector, the product
    is an outer one."""
    function = np.matmul
    def forward(x, y):
        if not (1 <= np.ndim(x) <= 2 and 1 <= np.ndim(y) <= 2):
            raise ValueError("matmul takes vectors and matrices")
        return matmul(x, y)
    backward = (lambda grad, t, x, y: outer(grad, y) if np.ndim(y) == 1 else matmul(grad, y.T),
                lambda grad, t, x, y: outer(x, grad) if np.ndim(x) == 1 else matmul(x.T, grad))


# --------------------------------------------------------------------- shapes, mostly in pairs: each the other's adjoint

class Transpose(Node):
    """t = xᵀ, all axes in reverse. x receives t̄ᵀ."""
    function = np.transpose
    def forward(x): return np.transpose(x)
    backward = (lambda grad, t, x: np.transpose(grad),)

class Reshape(Node):
    """t = x in another shape. x receives t̄ in the shape of x."""
    function = np.reshape
    def forward(x, shape=()): return np.reshape(x, tuple(shape) if isinstance(shape, (tuple, list)) else (shape,))
    backward = (lambda grad, t, x, shape: ReshapeLike.of(grad, x),)

class ReshapeLike(Node):
    """t = x in the shape of `like`. x receives t̄ in the shape of x."""
    def forward(x, like): return np.reshape(x, np.shape(like))
    backward = (lambda grad, t, x, like: ReshapeLike.of(grad, x), None)

class Index(Node):
    """t = x[index], for integers, slices, None and `...`. The elements that were taken receive t̄, the others zero."""
    def forward(x, index=()):
        for item in index if isinstance(index, tuple) else (index,):
            if isinstance(item, bool) or not isinstance(item, (numbers.Integral, slice, type(None), type(...))):
                raise TypeError(f"a node is indexed by integers, slices, None and ..., not by {type(item).__name__}")
        if not np.ndim(x):
            raise TypeError("a scalar cannot be indexed")
        return x[index]
    backward = (lambda grad, t, x, index: PlaceLike.of(grad, x, index=index),)

class PlaceLike(Node):
    """t = zeros of the shape of `like`, with x at `index`. x receives t̄[index]."""
    def forward(x, like, index=()):
        # The shape and precision of `like`, but the array type of x, which may be lazy.
        t = np.zeros_like(x, shape=like.shape, dtype=like.dtype) if isinstance(like, np.ndarray) else np.zeros_like(like)
        index = index if isinstance(index, tuple) else (index,)
        if None in index:  # Dask cannot assign to a new axis: it is taken off x instead
            kept = [i for i in index if not isinstance(i, numbers.Integral)]
            x = x[tuple([0 if i is None else i if i is ... else slice(None) for i in kept])]
        t[tuple([i for i in index if i is not None])] = x
        return t
    backward = (lambda grad, t, x, like, index: grad[index], None)

class Stack(Node):
    """t = the operands, any number of them, side by side along a new `axis`. Each receives its slice of t̄."""
    function = np.stack
    def forward(*arrays, axis=0): return np.stack(arrays, axis=axis)
    def rules(self):
        before = (slice(None),) * (self.parameters["axis"] % len(self.shape))
        places = [(*before, i) for i in range(len(self.inputs))]
        return tuple([partial(lambda grad, t, *arrays, index: grad[index], index=place) for place in places])

class BroadcastLike(Node):
    """t = x broadcast to the shape of `like`, in its precision. x receives t̄ summed over what was repeated."""
    def forward(x, like):
        if isinstance(x, (float, np.ndarray)) and isinstance(like, (float, np.ndarray)):
            return np.broadcast_to(np.asarray(x, getattr(like, "dtype", float)), np.shape(like))
        ones = np.ones_like(like)  # Dask makes these chunk by chunk; np.broadcast_to would make one chunk of all
        return (x * ones).astype(ones.dtype)
    backward = (lambda grad, t, x, like: grad, None)  # which the sweep sums to the shape of x

class SumLike(Node):
    """t = x summed over what was broadcast from the shape of `like`. Every summand receives the adjoint of its sum."""
    def forward(x, like):
        added = tuple(range(np.ndim(x) - np.ndim(like)))
        t = np.sum(x, axis=added) if added else x
        sizes = zip(np.shape(t), np.shape(like)[np.ndim(like) - np.ndim(t):])
        stretched = tuple([i for i, (here, there) in enumerate(sizes) if there == 1 and here != 1])
        return np.sum(t, axis=stretched, keepdims=True) if stretched else t
    backward = (lambda grad, t, x, like: grad, None)  # which the sweep expands to the shape of x
