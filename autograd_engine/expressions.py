"""How expressions become nodes: Python's operators and NumPy's functions look up what builds the node.

    operations    {NumPy's function, or the name of a class where NumPy has none: what builds the node}
"""

import inspect
import numbers
from types import MappingProxyType

import numpy as np

from autograd_engine.advice import Refusals, no_operation
from autograd_engine.rules import checked_rules, keywords, operand_names

operations = {}


def register(operation):
    """Enters the class of an operation under NumPy's function, or else under its own name.

    Its operands are the arguments of `forward` without a default, its parameters those with one. Raises TypeError if its
    backward rules do not fit them.
    """
    if inspect.isfunction(vars(operation).get("forward")):
        operation.defaults = MappingProxyType(keywords(operation.forward))  # which nodes share
        if "rules" not in vars(operation):
            operation.backward = checked_rules(operation)
        operation.forward = staticmethod(operation.forward)
        if vars(operation).get("function") is None:
            operations.setdefault(operation.__name__, operation)  # none of the same name replaces the engine's own
    if vars(operation).get("function") is not None:
        operations[operation.function] = operation
        operation.function = staticmethod(operation.function)


def unchangeable(parameter):
    """A parameter as a node keeps it: a list, or an array of integers, such as a shape, becomes a tuple."""
    if isinstance(parameter, np.ndarray) and parameter.dtype.kind == "i":
        parameter = parameter.tolist()
    return tuple(parameter) if isinstance(parameter, list) else parameter


def plain_index(i):
    """An index with Python's integers for NumPy's."""
    if isinstance(i, slice):
        return slice(*map(plain_index, (i.start, i.stop, i.step)))
    return int(i) if isinstance(i, numbers.Integral) and not isinstance(i, bool) else i


class Expression(Refusals):
    """What a node answers to as part of a Python expression.

    NumPy hands its functions over to objects with __array_ufunc__ (elementwise ones and matmul) and __array_function__
    (the others), so that np.sqrt(node) arrives here: https://numpy.org/neps/nep-0018-array-function-protocol.html
    """

    __slots__ = ()

    def __add__(self, other): return operations[np.add](self, other)
    def __radd__(self, other): return operations[np.add](other, self)
    def __sub__(self, other): return operations[np.subtract](self, other)
    def __rsub__(self, other): return operations[np.subtract](other, self)
    def __mul__(self, other): return operations[np.multiply](self, other)
    def __rmul__(self, other): return operations[np.multiply](other, self)
    def __truediv__(self, other): return operations[np.divide](self, other)
    def __rtruediv__(self, other): return operations[np.divide](other, self)
    def __matmul__(self, other): return operations[np.matmul](self, other)
    def __rmatmul__(self, other): return operations[np.matmul](other, self)
    def __rpow__(self, other): return operations[np.power](other, self)
    def __neg__(self): return operations[np.negative](self)
    def __pos__(self): return self
    def __abs__(self): return np.abs(self)

    def __pow__(self, other):
        if isinstance(other, (int, float, numbers.Real)) and other == 2:
            return operations[np.square](self)
        return operations[np.power](self, other)

    # Nodes can be keys of dicts although == builds a node: what has another hash is never compared, and these are by identity.
    def __eq__(self, other): return operations[np.equal](self, other)
    __hash__ = object.__hash__

    @property
    def ndim(self): return len(self.shape)

    @property
    def T(self): return operations[np.transpose](self)  # noqa: N802

    def sum(self, axis=None, keepdims=False): return np.sum(self, axis=axis, keepdims=keepdims)
    def mean(self, axis=None, keepdims=False): return np.mean(self, axis=axis, keepdims=keepdims)
    def reshape(self, *shape): return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def __len__(self):
        if not self.shape:
            raise TypeError("a scalar has no length and no entries: for np.stack, sum and the like, put it into a list, [x, y]")
        return self.shape[0]

    def __iter__(self): return map(self.__getitem__, range(len(self)))

    def __format__(self, spec): return super().__format__(spec) if spec else repr(self)

    def __getitem__(self, index):
        return operations["Index"](self, index=tuple(map(plain_index, index if isinstance(index, tuple) else (index,))))

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or kwargs or ufunc not in operations:
            raise TypeError(no_operation(ufunc, "" if method == "__call__" else f".{method}", kwargs))
        return operations[ufunc](*inputs)

    def __array_function__(self, function, types, args, kwargs):
        if function in (np.shape, np.ndim):
            return self.shape if function is np.shape else self.ndim
        if function not in operations:
            raise TypeError(no_operation(function))
        operation, signature = operations[function], inspect.signature(function)
        given = signature.bind(*args, **kwargs).arguments
        given = {name: x for name, x in given.items() if x is not signature.parameters[name].default}
        rule = getattr(operation, "forward", operation)
        known, names = keywords(rule), operand_names(rule)
        count = len(names) if names else 1  # any number of operands come in one list
        operands = [given.pop(name) for name in [name for name in given if name not in known][:count]]
        if not given.keys() <= known.keys():
            raise TypeError(no_operation(function, "", given.keys() - known.keys()))
        return operation(*(operands if names else operands[0]), **{name: unchangeable(x) for name, x in given.items()})
