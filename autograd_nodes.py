"""Automatic differentiation on computation graphs, in one file.

A node is a value in a computation graph: a leaf, or one operation applied to other nodes. Python operators and
NumPy functions build nodes; a `Graph` puts them in topological order and sweeps it forward (values) and backward
(adjoints). An operation is one short class that holds its rules side by side:

    function    the NumPy function it stands for (None if NumPy has none); calling that on a node builds this operation
    forward     (x, y, ...) -> the operation's value t
    backward    one rule for each operand, (grad, t, x, y, ...) -> grad · ∂t/∂x, the vector-Jacobian product:
                what the operand's adjoint gains from this use of it, where grad is the adjoint of t;
                None for an operand without derivative

Parameters of an operation (axis, keepdims, index) reach every rule as keywords. Rules are pure, never branch on values,
and are written with operators and NumPy functions only. Hence the same rule differentiates numbers, arrays, lazy
arrays and nodes: fed values it gives a number, fed nodes it builds the graph of the derivative.

Shapes are the sweep's business, not a rule's: a contribution may broadcast to its operand's shape, or be broadcast
from it, and the sweep expands it or sums it before it is used.

Source of the method: Baydin, Pearlmutter, Radul and Siskind, *Automatic Differentiation in Machine Learning: a
Survey*, JMLR 18 (2018), section 3.2.
"""

import builtins
import contextlib
import copy
import inspect
import keyword
import math
import numbers
import operator
import pickle
import re
from collections import Counter
from functools import partial
from math import isfinite

import numpy as np

__all__ = [
    "Node", "Variable", "Constant", "Graph", "gradient", "jacobian", "hessian", "eliminate_common_subexpressions",
    "Add", "Subtract", "Multiply", "Divide", "Negative", "Power", "Square", "Sqrt", "Exp", "Log", "Sin", "Cos", "Tanh",
    "Sigmoid", "Maximum", "Sum", "Max", "Matmul", "Transpose", "Equal", "Reshape", "ReshapeLike", "Index", "PlaceLike",
    "Stack", "BroadcastLike", "SumLike",
]  # fmt: skip

_clock = 0  # counts the changes of leaf values: what was evaluated before a leaf below it changed is stale
_NO_PARAMETERS, _NO_CHECKS = {}, contextlib.nullcontext()
_array_checks = partial(np.errstate, divide="raise", over="raise", invalid="raise")  # NumPy raises where it would warn
_operations = {}  # NumPy function -> the operation that stands for it


# ---------------------------------------------------------------------------------------------------------- nodes


class Node:
    """One operation applied to input nodes, evaluated as it is built. Subclasses are the operations.

    value       a Python float, or an array of `shape` (read-only: adjoints and other nodes may share its memory)
    grad        the adjoint of this node, of the same shape, after `Graph.backward`; None before
    inputs      tuple of the operands
    parameters  dict of the operation's keywords
    name        free text, or None
    adjoint_of  the node whose adjoint this node computes, in the graphs that `gradient` builds; None elsewhere
    active      whether a Variable is below this node, that is, whether it has an adjoint

    Raises an ArithmeticError where the operation is undefined, ValueError for shapes that do not fit, and TypeError
    for operands that are not real numbers or arrays.
    """

    __slots__ = ("inputs", "parameters", "name", "grad", "adjoint_of", "active", "_value", "_seen")
    function = None
    backward = ()
    _defaults = {}

    def __init_subclass__(cls):
        if inspect.isfunction(vars(cls).get("forward")):
            arguments = inspect.signature(cls.forward).parameters.values()
            cls._defaults = {p.name: p.default for p in arguments if p.default is not p.empty}
            operands = [p for p in arguments if p.default is p.empty]
            if not (isinstance(cls.backward, tuple) and len(cls.backward) == len(operands)) and "rules" not in vars(cls):
                raise TypeError(f"{cls.__name__}.backward is a tuple of {len(operands)} rules, or None for an operand without")
        if "forward" in vars(cls):
            cls.forward = staticmethod(cls.forward)
        if vars(cls).get("function") is not None:
            _operations[cls.function] = cls
            cls.function = staticmethod(cls.function)

    def __init__(self, *inputs, **parameters):
        self.inputs = tuple([x if isinstance(x, Node) else Constant(x) for x in inputs])
        self.parameters = {**self._defaults, **parameters} if self._defaults else parameters or _NO_PARAMETERS
        self.name = self.grad = self.adjoint_of = None
        self.active, scalar, operands = False, True, []
        for x in self.inputs:
            if x._seen != _clock and x.inputs:
                Graph(x)._refresh()
            self.active = self.active or x.active
            scalar = scalar and x._value.__class__ is float
            operands.append(x._value)
        try:
            with _NO_CHECKS if scalar else _array_checks():
                value = self.forward(*operands, **self.parameters)
                self._value = value if value.__class__ is float and isfinite(value) else _settled(value)
        except (ArithmeticError, ValueError, IndexError) as error:
            raise _explained(error, type(self).__name__, operands) from error
        self._seen = _clock

    @property
    def value(self):
        return self._value

    @property
    def shape(self):
        return getattr(self._value, "shape", ())

    @property
    def T(self):  # noqa: N802
        return Transpose(self)

    def rules(self):
        """The backward rules, one for each operand, with this node's parameters filled in."""
        if not self.parameters:
            return self.backward
        return tuple([rule and partial(rule, **self.parameters) for rule in self.backward])

    @classmethod
    def of(cls, *operands, **parameters):
        """What this operation makes of its operands: a node of nodes, a value of values."""
        return (cls if any(isinstance(x, Node) for x in operands) else cls.forward)(*operands, **parameters)

    def __add__(self, other): return Add(self, other)
    def __radd__(self, other): return Add(other, self)
    def __sub__(self, other): return Subtract(self, other)
    def __rsub__(self, other): return Subtract(other, self)
    def __mul__(self, other): return Multiply(self, other)
    def __rmul__(self, other): return Multiply(other, self)
    def __truediv__(self, other): return Divide(self, other)
    def __rtruediv__(self, other): return Divide(other, self)
    def __matmul__(self, other): return Matmul(self, other)
    def __rmatmul__(self, other): return Matmul(other, self)
    def __rpow__(self, other): return Power(other, self)
    def __pow__(self, other): return Square(self) if isinstance(other, numbers.Real) and other == 2 else Power(self, other)
    def __neg__(self): return Negative(self)
    def __pos__(self): return self
    def __eq__(self, other): return Equal(self, other)
    __hash__ = object.__hash__

    def __getitem__(self, index):
        index = index if isinstance(index, tuple) else (index,)
        for item in index:
            if isinstance(item, bool) or not isinstance(item, (numbers.Integral, slice, type(None), type(...))):
                raise TypeError(f"a node is indexed by integers, slices, None and ..., not by {type(item).__name__}")
        if not self.shape:
            raise TypeError("a scalar cannot be indexed")
        return Index(self, index=tuple([int(item) if isinstance(item, numbers.Integral) else item for item in index]))

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or kwargs or ufunc not in _operations:
            raise TypeError(_no_operation(ufunc, "" if method == "__call__" else f".{method}", kwargs))
        return _operations[ufunc](*inputs)

    def __array_function__(self, function, types, args, kwargs):
        if function in (np.shape, np.ndim):
            return self.shape if function is np.shape else len(self.shape)
        if function not in _operations:
            raise TypeError(_no_operation(function))
        operation, signature = _operations[function], inspect.signature(function)
        given = signature.bind(*args, **kwargs).arguments
        first, *rest = given
        parameters = {name: given[name] for name in rest if given[name] is not signature.parameters[name].default}
        if not parameters.keys() <= operation._defaults.keys():
            raise TypeError(_no_operation(function, "", parameters.keys() - operation._defaults.keys()))
        return operation(*(given[first] if operation is Stack else [given[first]]), **parameters)

    def __array__(self, *args, **kwargs):
        raise TypeError("a node is no array: take its .value, or put nodes together with np.stack([...])")

    def __bool__(self):
        raise TypeError("a node has no truth value: compare its .value instead")

    def __repr__(self):
        return f"{type(self).__name__}({_shown(self._value)}{f', name={self.name!r}' if self.name is not None else ''})"

    def __reduce__(self):
        raise TypeError("an operation cannot be pickled or copied by itself: pickle or copy Graph(node)")


class Leaf(Node):
    """A node that is given, not computed: a Variable or a Constant. `leaf.value = ...` gives it a new value.

    value   a real number or real array; arrays are copied, float32 stays float32, every other real type becomes float64.
            An array is read-only: write x.value = x.value - step. Whatever speaks NumPy's protocols may stand for one; what is
            lazy, as Dask arrays are, stays lazy, and its errors come when it is computed, as np.errstate says there
    name    free text for people, or None

    Raises TypeError if the value is not real or the name is not text; ValueError if it is NaN, infinite, or (for a new
    value) not of the old one's shape.
    """

    def __init__(self, value, name=None):
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"a name is text, not {type(name).__name__}")
        self.inputs, self.parameters = (), {}
        self.name, self.grad, self.adjoint_of = name, None, None
        self.active = isinstance(self, Variable)
        self._value, self._seen = _real(value), _clock

    @Node.value.setter
    def value(self, value):
        global _clock
        value = _real(value, self.shape)
        _clock += 1
        self._value, self._seen = value, _clock

    def __reduce__(self):
        return type(self), (self._value, self.name)


class Variable(Leaf):
    """A leaf that gradients are taken with respect to."""


class Constant(Leaf):
    """A leaf without gradient; plain numbers and arrays in an expression become one."""


# --------------------------------------------------------------------------- the functions that rules are written with


def _scalars_by(scalar_function, function):
    """NumPy's function, but Python floats go to `math`: ten times faster, an error instead of a NaN, and a float again."""

    def call(x):
        if x.__class__ is not float:
            return function(x)
        try:
            return scalar_function(x)
        except ValueError as error:
            raise FloatingPointError(str(error)) from None

    return call


sqrt, exp, log = _scalars_by(math.sqrt, np.sqrt), _scalars_by(math.exp, np.exp), _scalars_by(math.log, np.log)
sin, cos, tanh = _scalars_by(math.sin, np.sin), _scalars_by(math.cos, np.cos), _scalars_by(math.tanh, np.tanh)


def maximum(x, y):
    return max(x, y) if x.__class__ is y.__class__ is float else np.maximum(x, y)


def equal(x, y):
    """1.0 where x equals y, else 0.0. (Not a bool: NumPy's True + True is True, and a node's == must stay a node.)"""
    if x.__class__ is y.__class__ is float:
        return float(x == y)
    return x == y if isinstance(x, Node) else np.equal(x, y).astype(np.result_type(x, y))


def matmul(x, y):
    """x @ y, checked here: the threads of a BLAS keep their floating-point flags to themselves."""
    t = x @ y
    if isinstance(t, np.ndarray) and not np.isfinite(t).all():
        raise FloatingPointError("overflow in matmul")
    return t


def outer(x, y):
    """x_i y_j for vectors, x y where one of them is a scalar."""
    return x[:, None] * y if np.ndim(x) and np.ndim(y) else x * y


def keep_axes(t, x, axis, keepdims):
    """A reduction t of x over `axis`, as if made with keepdims=True, so that it broadcasts against x."""
    if keepdims or np.ndim(t) == 0:
        return t
    reduced = _axes(axis, np.ndim(x))
    return t[tuple([None if i in reduced else slice(None) for i in range(np.ndim(x))])]


def max_rule(grad, t, x, axis, keepdims):
    ties = equal(x, keep_axes(t, x, axis, keepdims))
    return keep_axes(grad, x, axis, keepdims) * ties / np.sum(ties, axis=axis, keepdims=True)


# -------------------------------------------------------------------------------------------------- arithmetic

class Add(Node):
    """t = x + y. The adjoint goes to both operands unchanged."""
    function = np.add
    def forward(x, y): return x + y
    backward = (lambda grad, t, x, y: grad,
                lambda grad, t, x, y: grad)

class Subtract(Node):
    """t = x − y. The adjoint goes to both operands, with its sign changed to y."""
    function = np.subtract
    def forward(x, y): return x - y
    backward = (lambda grad, t, x, y: grad,
                lambda grad, t, x, y: -grad)

class Multiply(Node):
    """t = x y. The adjoint goes to each factor, times the other factor."""
    function = np.multiply
    def forward(x, y): return x * y
    backward = (lambda grad, t, x, y: grad * y,
                lambda grad, t, x, y: grad * x)

class Divide(Node):
    """t = x / y. The adjoint over y goes to x, and −t times that to y."""
    function = np.divide
    def forward(x, y): return x / y
    backward = (lambda grad, t, x, y: grad / y,
                lambda grad, t, x, y: -grad * t / y)

class Negative(Node):
    """t = −x. The adjoint changes its sign."""
    function = np.negative
    def forward(x): return -x
    backward = (lambda grad, t, x: -grad,)

class Power(Node):
    """t = x ** y. The power rule for the base, the exponential rule for the exponent.

    The terms in `equal` are 0 but at x = y = 0, where they keep the constant x⁰ differentiable.
    """
    function = np.power
    def forward(x, y): return x ** y
    backward = (lambda grad, t, x, y: grad * y * (x + equal(x, 0.0) * equal(y, 0.0)) ** (y - 1.0),
                lambda grad, t, x, y: grad * t * log(x))

class Square(Node):
    """t = x². The adjoint times 2x goes to x: a product of equal factors."""
    function = np.square
    def forward(x): return x * x
    backward = (lambda grad, t, x: 2.0 * grad * x,)


# ------------------------------------------------------------------------------------------ elementary functions

class Sqrt(Node):
    """t = √x. The adjoint over 2t goes to x: at t = 0 there is no derivative."""
    function = np.sqrt
    def forward(x): return sqrt(x)
    backward = (lambda grad, t, x: grad / (2.0 * t),)

class Exp(Node):
    """t = eˣ. The adjoint times t: the exponential is its own derivative."""
    function = np.exp
    def forward(x): return exp(x)
    backward = (lambda grad, t, x: grad * t,)

class Log(Node):
    """t = ln x. The adjoint over x goes to x."""
    function = np.log
    def forward(x): return log(x)
    backward = (lambda grad, t, x: grad / x,)

class Sin(Node):
    """t = sin x. The adjoint times cos x."""
    function = np.sin
    def forward(x): return sin(x)
    backward = (lambda grad, t, x: grad * cos(x),)

class Cos(Node):
    """t = cos x. The adjoint times −sin x."""
    function = np.cos
    def forward(x): return cos(x)
    backward = (lambda grad, t, x: -grad * sin(x),)

class Tanh(Node):
    """t = tanh x. The adjoint times 1 − t²."""
    function = np.tanh
    def forward(x): return tanh(x)
    backward = (lambda grad, t, x: grad * (1.0 - t * t),)

class Sigmoid(Node):
    """t = 1 / (1 + e⁻ˣ), written so that nothing overflows. The adjoint times t (1 − t)."""
    def forward(x): return exp(-maximum(-x, 0.0)) / (1.0 + exp(-maximum(x, -x)))
    backward = (lambda grad, t, x: grad * t * (1.0 - t),)

class Maximum(Node):
    """t = max(x, y). The adjoint goes to the larger operand, half to each at a tie. ReLU is np.maximum(x, 0)."""
    function = np.maximum
    def forward(x, y): return maximum(x, y)
    backward = (lambda grad, t, x, y: grad * (equal(x, t) - 0.5 * equal(x, y)),
                lambda grad, t, x, y: grad * (equal(y, t) - 0.5 * equal(x, y)))

class Equal(Node):
    """t = 1.0 where x equals y, else 0.0. Piecewise constant: no derivative."""
    function = np.equal
    def forward(x, y): return equal(x, y)
    backward = (None, None)


# ----------------------------------------------------------------------------------- reductions, products of matrices

class Sum(Node):
    """t = Σ x over `axis` (all of them if None). Every summand receives the adjoint of its sum."""
    function = np.sum
    def forward(x, axis=None, keepdims=False): return np.sum(x, axis=axis, keepdims=keepdims)
    backward = (lambda grad, t, x, axis, keepdims: keep_axes(grad, x, axis, keepdims),)

class Max(Node):
    """t = max x over `axis` (all of them if None). The adjoint goes to the largest element, in equal parts at a tie."""
    function = np.max
    def forward(x, axis=None, keepdims=False): return np.max(x, axis=axis, keepdims=keepdims)
    backward = (max_rule,)


_operations[np.amax] = Max  # an older name, and another object

class Matmul(Node):
    """t = x @ y for vectors and matrices. ∂(x y) is grad yᵀ for x and xᵀ grad for y; with a vector, an outer product."""
    function = np.matmul
    def forward(x, y):
        if not (1 <= np.ndim(x) <= 2 and 1 <= np.ndim(y) <= 2):
            raise ValueError("matmul takes vectors and matrices")
        return matmul(x, y)
    backward = (lambda grad, t, x, y: outer(grad, y) if np.ndim(y) == 1 else matmul(grad, y.T),
                lambda grad, t, x, y: outer(x, grad) if np.ndim(x) == 1 else matmul(x.T, grad))


# ------------------------------------------------------------------------------------- shapes: each the other's adjoint

class Transpose(Node):
    """t = xᵀ: all axes in reverse. So is the adjoint."""
    function = np.transpose
    def forward(x): return np.transpose(x)
    backward = (lambda grad, t, x: np.transpose(grad),)

class Reshape(Node):
    """t = x in another shape. The adjoint goes back to the shape of x."""
    function = np.reshape
    def forward(x, shape=()): return np.reshape(x, tuple(shape) if isinstance(shape, (tuple, list)) else (shape,))
    backward = (lambda grad, t, x, shape: ReshapeLike.of(grad, x),)

class ReshapeLike(Node):
    """t = x in the shape of `like`."""
    def forward(x, like): return np.reshape(x, _shape(like))
    backward = (lambda grad, t, x, like: ReshapeLike.of(grad, x), None)

class Index(Node):
    """t = x[index]. The adjoint goes to the elements that were taken; the others receive zero."""
    def forward(x, index=()): return x[index]
    backward = (lambda grad, t, x, index: PlaceLike.of(grad, x, index=index),)

class PlaceLike(Node):
    """t = zeros of the shape of `like`, with x at `index`."""
    def forward(x, like, index=()):
        lazy = isinstance(like, np.ndarray) and not isinstance(x, (float, np.ndarray))
        t = np.zeros_like(x, shape=like.shape, dtype=like.dtype) if lazy else np.zeros_like(like)
        index = index if isinstance(index, tuple) else (index,)
        if None in index:  # Dask cannot assign to a new axis: it is taken off x instead
            x = x[tuple([0 if i is None else i if i is ... else slice(None) for i in index if not isinstance(i, int)])]
        t[tuple([i for i in index if i is not None])] = x
        return t
    backward = (lambda grad, t, x, like, index: grad[index], None)

class Stack(Node):
    """t = the operands side by side along a new `axis`. Each receives its slice of the adjoint."""
    function = np.stack
    def forward(*arrays, axis=0): return np.stack(arrays, axis=axis)
    def rules(self):
        before = (slice(None),) * (self.parameters["axis"] % len(self.shape))
        return tuple([partial(lambda grad, t, *x, index: grad[index], index=(*before, i)) for i in range(len(self.inputs))])

class BroadcastLike(Node):
    """t = x broadcast to the shape of `like`, in its precision."""
    def forward(x, like):
        if isinstance(x, (float, np.ndarray)) and isinstance(like, (float, np.ndarray)):
            return np.broadcast_to(np.asarray(x, getattr(like, "dtype", float)), _shape(like))
        ones = np.ones_like(like)  # Dask makes them chunk by chunk, but a broadcast_to in one piece
        return (x * ones).astype(ones.dtype)
    backward = (lambda grad, t, x, like: grad, None)

class SumLike(Node):
    """t = x summed over whatever was broadcast from the shape of `like`."""
    def forward(x, like):
        added = tuple(range(np.ndim(x) - np.ndim(like)))
        t = np.sum(x, axis=added) if added else x
        stretched = tuple([i for i, (n, m) in enumerate(zip(_shape(t), _shape(like))) if m == 1 != n])
        return np.sum(t, axis=stretched, keepdims=True) if stretched else t
    backward = (lambda grad, t, x, like: grad, None)


# -------------------------------------------------------------------------------------------------------- graphs


class Graph:
    """The computation graph below one or more output nodes, in topological order, and the two sweeps over it.

    outputs      tuple of the nodes it was made for
    nodes        tuple of every node below them, each after its inputs, in the order in which the operations are evaluated
    last_sweep   "forward", "backward" or None: what has been swept last

    The order is found once, here; every sweep costs a constant per node. Graphs can be pickled and deep-copied.
    Raises TypeError if an output is not a node, ValueError if there is none.
    """

    def __init__(self, *outputs):
        if not outputs:
            raise ValueError("a graph has at least one output")
        for y in outputs:
            if not isinstance(y, Node):
                raise TypeError(f"a graph is made of nodes, not of {type(y).__name__}")
        self.outputs, self.nodes, self.last_sweep = outputs, tuple(_topological_order(outputs)), None
        self._plan()

    def _plan(self):
        """What the sweeps run through, in columns. A step is an operation, an edge one operand of it that has an adjoint.

        steps   place of t, its forward rule, place of x, place of y
        edges   place of t, place of the operand, the operand's backward rule, place of x, place of y

        y is None for one operand; for more than two it is a function that takes all of them out of the list of values.
        The rules of a Stack see their own operand only, so that its edges do not each cost as much as all of it.
        """
        at = dict(zip(self.nodes, range(len(self.nodes))))
        self._steps = results, forwards, firsts, seconds = [], [], [], []
        self._edges = users, operands, rules, xs, ys = [], [], [], [], []
        for i, node in enumerate(self.nodes):
            inputs = node.inputs
            if inputs:
                x = at[inputs[0]]
                y = at[inputs[1]] if len(inputs) == 2 else operator.itemgetter(*[at[z] for z in inputs]) if inputs[1:] else None
                results.append(i)
                forwards.append(partial(node.forward, **node.parameters) if node.parameters else node.forward)
                firsts.append(x)
                seconds.append(y)
                for operand, rule in zip(inputs, node.rules()):
                    if operand.active and rule is not None:
                        users.append(i)
                        operands.append(at[operand])
                        rules.append(rule)
                        xs.append(x if node.backward else at[operand])
                        ys.append(y if node.backward else None)
        for column in self._edges:
            column.reverse()
        self._outputs_at = [at[y] for y in self.outputs]
        self._scalar = all([node._value.__class__ is float for node in self.nodes])
        self._seen = min([node._seen for node in self.nodes if node.inputs], default=_clock)
        self._labels = None

    def label(self, node):
        """A plain identifier for a node of this graph, unique in it: t1, t2, ... for operations in evaluation order;
        a leaf's name where that can serve (ASCII, no keyword or builtin, no other leaf's, no t1), else v1, v2, ...

        Raises ValueError if the node is not in the graph.
        """
        if self._labels is None:
            self._labels = _labels(self.nodes)
        if node not in self._labels:
            raise ValueError(f"{node!r} is not in this graph")
        return self._labels[node]

    def forward(self):
        """Re-evaluate every node from the leaves' present values; returns the output's value (a tuple if several).

        Raises an ArithmeticError that names the node where an operation is undefined or overflows; every node then
        holds what it held.
        """
        values = self._values()
        self._commit(values)
        self.last_sweep = "forward"
        result = tuple([values[place] for place in self._outputs_at])
        return result if len(result) > 1 else result[0]

    def backward(self, seed=None):
        """The adjoint of every node that depends on a Variable: ∂(seed · y)/∂node, in its `.grad`; the others' is None.

        seed   a value of the output's shape; 1.0 if y is a scalar and none is given

        Returns {Variable: gradient}, each of the Variable's shape. Re-evaluates first if a leaf has changed.
        Raises ValueError for several outputs, or a seed that is missing or of the wrong shape; an ArithmeticError that names
        the node where a derivative does not exist or overflows; every node then holds what it held.
        """
        if len(self.outputs) > 1:
            raise ValueError(f"a backward sweep starts at one output; this graph has {len(self.outputs)}")
        shape = self.outputs[0].shape
        if seed is None and shape:
            raise ValueError(f"the output has shape {shape}: give backward a seed of that shape, or sum it first")
        stale = self._is_stale()
        values = self._values() if stale else [node._value for node in self.nodes]
        adjoints = self._adjoints(values, 1.0 if seed is None else _fitted(_real(seed, shape), values[self._outputs_at[0]]))
        if stale:
            self._commit(values)
        for node, adjoint in zip(self.nodes, adjoints):
            node.grad = adjoint
        self.last_sweep = "backward"
        return {node: node.grad for node in self.nodes if isinstance(node, Variable)}

    def _values(self, given=()):
        """The forward sweep: the value of each node; `given` are pairs (place, value) of leaves that have others now."""
        values, place = [node._value for node in self.nodes], 0
        for leaf, value in given:
            values[leaf] = value
        try:
            with _NO_CHECKS if self._scalar else _array_checks():
                for place, forward, x, y in zip(*self._steps):
                    if y is None:
                        t = forward(values[x])
                    elif y.__class__ is int:
                        t = forward(values[x], values[y])
                    else:
                        t = forward(*y(values))
                    values[place] = t if t.__class__ is float and isfinite(t) else _settled(t)
        except (ArithmeticError, ValueError, IndexError) as error:
            raise self._explained(error, place, values) from error
        return values

    def _adjoints(self, values, seed):
        """The backward sweep: each node's adjoint, None if it has none. Given the nodes for values, adjoints are nodes."""
        adjoints, place = [None] * len(values), self._outputs_at[0]
        adjoints[place] = seed if self.nodes[place].active else None
        scalar = self._scalar and seed.__class__ is float
        try:
            with _NO_CHECKS if scalar else _array_checks():
                for place, operand, rule, x, y in zip(*self._edges):
                    grad = adjoints[place]
                    if grad is None:
                        continue
                    if y is None:
                        total = rule(grad, values[place], values[x])
                    elif y.__class__ is int:
                        total = rule(grad, values[place], values[x], values[y])
                    else:
                        total = rule(grad, values[place], *y(values))
                    if not scalar or total.__class__ is not float:
                        total = _fitted(total, values[operand])
                    if adjoints[operand] is not None:
                        total = adjoints[operand] + total
                    adjoints[operand] = total if total.__class__ is float and isfinite(total) else _settled(total)
        except (ArithmeticError, ValueError) as error:
            raise self._explained(error, place, values, "backward from ") from error
        for place, node in enumerate(self.nodes):
            if adjoints[place] is None and node.active:  # only derivatives that are zero everywhere lead to it
                adjoints[place] = _fitted(Constant(0.0) if isinstance(seed, Node) else 0.0, values[place])
        return adjoints

    def _commit(self, values):
        for place in self._steps[0]:
            node = self.nodes[place]
            node._value, node._seen = values[place], _clock
        self._seen = _clock

    def _is_stale(self):
        """Whether a leaf has changed since the nodes were evaluated."""
        return self._seen != _clock and any([node._seen > self._seen for node in self.nodes if not node.inputs])

    def _refresh(self):
        """Re-evaluate what is stale, and remember that nothing is; adjoints of former values count no longer."""
        if self._is_stale():
            self._commit(self._values())
            self.last_sweep = self.last_sweep and "forward"
        elif self._seen != _clock:
            self._commit([node._value for node in self.nodes])

    def _explained(self, error, place, values, where=""):
        node, at = self.nodes[place], dict(zip(self.nodes, values))
        return _explained(error, f"{where}{self.label(node)} = {type(node).__name__}", [at[x] for x in node.inputs])

    def __getstate__(self):
        at = {node: i for i, node in enumerate(self.nodes)}
        steps = [node if isinstance(node, Leaf) else _taken_apart(node, at) for node in self.nodes]
        adjoints = [(node.grad, at.get(node.adjoint_of)) for node in self.nodes]
        return steps, adjoints, self._outputs_at, self.last_sweep, self._is_stale()

    def __setstate__(self, state):
        steps, adjoints, outputs_at, self.last_sweep, stale = state
        nodes = []
        for step in steps:
            nodes.append(step if isinstance(step, Leaf) else _put_together(nodes, *step))
        for node, (grad, of) in zip(nodes, adjoints):
            node.grad, node.adjoint_of = None if grad is None else _settled(grad), None if of is None else nodes[of]
            node._seen = _clock - (stale and bool(node.inputs))
        self.nodes, self.outputs = tuple(nodes), tuple([nodes[i] for i in outputs_at])
        self._plan()

    def __deepcopy__(self, memo):
        steps, *rest = self.__getstate__()
        graph = memo[id(self)] = Graph.__new__(Graph)
        graph.__setstate__(([copy.deepcopy(step, memo) if isinstance(step, Leaf) else step for step in steps], *rest))
        return graph


def gradient(y, variables):
    """The graph of each derivative ∂y/∂x, built by the backward rules themselves: nodes, to be evaluated, drawn,
    differentiated again. Each node of it knows whose adjoint it is (`adjoint_of`).

    y           a scalar node
    variables   a list or tuple of Variables; one that y does not depend on has the gradient zero

    Returns a tuple of nodes, each of its Variable's shape. Raises ValueError if y is no scalar, TypeError if y is no node
    or something else than Variables is given.
    """
    graph = Graph(y)
    _check_variables(variables)
    if y.shape:
        raise ValueError(f"gradient takes a scalar, not shape {y.shape}: sum it first, or use jacobian")
    graph._refresh()
    adjoints = dict(zip(graph.nodes, graph._adjoints(graph.nodes, Constant(1.0))))
    adjoints |= {x: _fitted(Constant(0.0), x) for x in variables if x not in adjoints or not y.active}
    for node, adjoint in reversed(adjoints.items()):
        if adjoint is not None and adjoint.adjoint_of is None:
            adjoint.adjoint_of = node
    return tuple([adjoints[x] for x in variables])


def jacobian(y, x):
    """∂y/∂x as an array of shape y.shape + x.shape, one row (one backward sweep) for each element of y.

    Raises TypeError if y is not a node or x not a Variable.
    """
    graph = Graph(y)
    _check_variables([x])
    graph._refresh()
    values, at = [node._value for node in graph.nodes], dict(zip(graph.nodes, range(len(graph.nodes))))
    if x not in at or not y.active or 0 in y.shape:
        return np.zeros(y.shape + x.shape, getattr(x._value, "dtype", float))
    rows = []
    for k in range(math.prod(y.shape)):
        seed = np.zeros(y.shape)
        seed[np.unravel_index(k, y.shape)] = 1.0
        rows.append(graph._adjoints(values, _fitted(seed, y._value) if y.shape else 1.0)[at[x]])
    return np.reshape(np.stack(rows), y.shape + x.shape)


def hessian(y, variables):
    """The second derivatives ∂²y/∂a∂b of a scalar y by scalar Variables, a tuple of rows of nodes: gradients of the gradient.

    Raises ValueError if y or a Variable is no scalar, TypeError as `gradient` does.
    """
    _check_variables(variables)
    for x in variables:
        if x.shape:
            raise ValueError(f"hessian takes scalar variables, not shape {x.shape}: use jacobian on a gradient")
    return tuple([gradient(slope, variables) for slope in gradient(y, variables)])


def eliminate_common_subexpressions(*outputs):
    """Equal graphs in which equal operations on equal inputs are one node. Variables stay themselves.

    Returns one node, or a tuple if several are given. Raises TypeError if an output is not a node.
    """
    representative, known = {}, {}
    for node in Graph(*outputs).nodes:
        inputs = [representative[x] for x in node.inputs]
        if isinstance(node, Variable):
            key = id(node)
        elif isinstance(node, Constant):
            key = node.name, pickle.dumps(node._value)
        else:
            key = type(node), *map(id, inputs), *map(_parameter_key, sorted(node.parameters.items()))
        if key not in known:
            known[key] = node
            if any(x is not old for x, old in zip(inputs, node.inputs)):
                known[key] = new = type(node)(*inputs, **node.parameters)
                new.name, new.adjoint_of = node.name, representative.get(node.adjoint_of, node.adjoint_of)
        representative[node] = known[key]
    result = tuple([representative[y] for y in outputs])
    return result if len(result) > 1 else result[0]


# ------------------------------------------------------------------------------------------------------ behind them


def _topological_order(outputs):
    """Every node below the outputs, each after its inputs, in the order in which Python would evaluate the expression."""
    order, seen, stack = [], set(), list(reversed(outputs))
    while stack:
        node = stack.pop()
        if node is None:  # a marker: all the inputs of the node beneath it are in the order
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            if node.inputs:
                stack += (node, None, *reversed(node.inputs))
            else:
                order.append(node)
    return order


def _parameter_key(item):
    """A name and value to compare by; a tuple's elements by themselves, as pickle tells two equal slices from one twice."""
    name, value = item
    return name, *map(pickle.dumps, value if isinstance(value, tuple) else (value,))


def _axes(axis, ndim):
    """The axes that a reduction along `axis` (an integer, a tuple of them, or None for all) is over, in ascending order."""
    return sorted([i % ndim for i in (range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,))])


def _index_text(index):
    """What stands between the brackets of x[index]."""

    def text(item):
        if not isinstance(item, slice):
            return "..." if item is ... else str(item)
        start, stop, step = ["" if part is None else str(part) for part in (item.start, item.stop, item.step)]
        return f"{start}:{stop}" + (f":{step}" if step else "")

    return ", ".join(map(text, index if isinstance(index, tuple) else (index,))) or "()"


def _labels(nodes):
    uses = Counter([node.name for node in nodes if not node.inputs])
    labels, operations, unnamed = {}, 0, 0
    for node in nodes:
        if node.inputs:
            operations += 1
            labels[node] = f"t{operations}"
        elif _is_plain(node.name) and uses[node.name] == 1:
            labels[node] = node.name
        else:
            unnamed += 1
            labels[node] = f"v{unnamed}"
    return labels


def _is_plain(name):
    """Whether a name can stand in code and markup, and is none of ours (t1, v1, t1_bar) or Python's."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
        and not re.fullmatch(r"[tv]\d+|.*_bar|np|math", name)
        and not keyword.iskeyword(name)
        and not hasattr(builtins, name)
    )


def _real(value, shape=None):
    """The value of a leaf, or a seed: a finite Python float, or a float array of our own; of the given shape, if any."""
    if isinstance(value, numbers.Real):
        value = float(value)
    else:
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError("a masked array has values that do not count: fill it first")
        lazy = hasattr(value, "__array_function__") and not isinstance(value, (Node, np.ndarray))
        array = value if lazy else np.asarray(value)
        if array.dtype.kind not in "fiub":
            of = f" of {array.dtype}" if hasattr(value, "dtype") else ""
            raise TypeError(f"{type(value).__name__}{of} is not a real number or an array of them")
        with np.errstate(over="ignore"):  # what overflows here is refused below
            value = array.astype(np.float32 if array.dtype == np.float32 else np.float64)
    if shape is not None and _shape(value) != shape:
        raise ValueError(f"a value of shape {_shape(value)} cannot take the place of one of shape {shape}")
    if isinstance(value, (float, np.ndarray)) and not np.isfinite(value).all():
        raise ValueError("a value has to be finite, without NaN or infinity")
    return _settled(value)


def _settled(value):
    """A result as nodes hold it: a finite Python float, or an array that nobody can write to."""
    if isinstance(value, np.ndarray) and value.ndim:
        value.flags.writeable = False
    elif isinstance(value, (numbers.Real, np.ndarray)):
        value = float(value)
        if not isfinite(value):
            raise (FloatingPointError if value != value else OverflowError)(f"the result is {value}")
    elif isinstance(value, numbers.Complex):
        raise FloatingPointError("the result is not a real number")
    elif not hasattr(value, "__array_function__"):
        raise TypeError(f"{type(value).__name__} is not a number or an array")
    return value


def _fitted(grad, x):
    """A contribution in the shape and precision of its operand: expanded to it, or summed over what was broadcast from it."""
    if _shape(grad) != _shape(x):
        wider = np.broadcast_shapes(_shape(grad), _shape(x))
        grad = (BroadcastLike if wider == _shape(x) else SumLike).of(grad, x)
    return BroadcastLike.of(grad, x) if _shape(x) and _dtype(grad) != _dtype(x) else grad


def _dtype(x):
    return (x._value if isinstance(x, Node) else x).dtype


def _shape(x):
    return getattr(x, "shape", ())


def _explained(error, what, operands):
    """The same error in words that say which operation met which values, or which shapes."""
    if isinstance(error, ArithmeticError):
        kind = next((k for k in (ZeroDivisionError, OverflowError) if isinstance(error, k)), FloatingPointError)
        return kind(f"{what}({', '.join(map(_shown, operands))}): {error}")
    kind = ValueError if isinstance(error, ValueError) else IndexError
    return kind(f"{what} of shapes {' and '.join([str(_shape(x)) for x in operands])}: {error}")


def _shown(value):
    return np.array2string(value, threshold=6, edgeitems=2, separator=", ") if isinstance(value, np.ndarray) else repr(value)


def _no_operation(function, method="", unsupported=()):
    name = f"np.{function.__name__}{method}"
    if unsupported:
        return f"{name} of nodes does not take {', '.join(sorted(unsupported))}"
    return f"no operation stands for {name}: define a Node subclass with function = {name}, or use its .value for a number"


def _check_variables(variables):
    for x in [variables] if isinstance(variables, Node) else variables:
        if not isinstance(x, Variable):
            raise TypeError(f"derivatives are taken with respect to Variables, not {type(x).__name__}")
    if isinstance(variables, Node):
        raise TypeError("give the Variables as a list: [x]")


def _taken_apart(node, at):
    return type(node), [at[x] for x in node.inputs], node.parameters, node._value, node.name


def _put_together(nodes, operation, places, parameters, value, name):
    node = operation.__new__(operation)
    node.inputs, node.parameters, node.name = tuple([nodes[j] for j in places]), parameters, name
    node.active, node._value = any([x.active for x in node.inputs]), _settled(value)
    return node
