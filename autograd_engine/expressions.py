"""How expressions become nodes: Python's operators and NumPy's functions look up what builds the node.

    operations    {NumPy's function, or the name of a class where NumPy has none: what builds the node}
"""

import inspect
import numbers

import numpy as np

operations = {}


def keywords(function):
    """{name: default} of the parameters that a function has defaults for."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def operand_count(function):
    """How many operands a function takes; None for any number of them."""
    operands = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    return None if any([p.kind is p.VAR_POSITIONAL for p in operands]) else len(operands)


class Expression:
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
            raise TypeError("a scalar has no length")
        return self.shape[0]

    def __getitem__(self, index):
        index = index if isinstance(index, tuple) else (index,)
        plain = [int(i) if isinstance(i, numbers.Integral) and not isinstance(i, bool) else i for i in index]
        return operations["Index"](self, index=tuple(plain))

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
        known, count = keywords(rule), operand_count(rule)
        operands = [given.pop(name) for name in [name for name in given if name not in known][: count or 1]]
        if not given.keys() <= known.keys():
            raise TypeError(no_operation(function, "", given.keys() - known.keys()))
        given = {name: tuple(x) if isinstance(x, list) else x for name, x in given.items()}  # nobody can change it then
        return operation(*(operands if count else operands[0]), **given)

    def __array__(self, *args, **kwargs):
        raise TypeError("a node is no array: take its .value, or put nodes together with np.stack([...])")

    def __bool__(self):
        raise TypeError("a node has no truth value: compare its .value instead")


def no_operation(function, method="", unsupported=()):
    name = f"np.{function.__name__}{method}"
    if unsupported:
        return f"{name} of nodes does not take {', '.join(sorted(unsupported))}"
    return f"no operation stands for {name}: define a Node subclass with function = {name}, or use its .value for a number"
