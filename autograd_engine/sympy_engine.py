"""A program as SymPy's expressions: what stands for np are SymPy's functions, and NumPy's own where only shapes count."""

import numpy as np
import sympy

NAMES = {"maximum": "Max", "minimum": "Min", "absolute": "Abs"}
OF_SHAPES = {"sum", "reshape", "transpose", "stack", "full_like", "shape", "zeros_like"}


class SymPy:
    """np for arrays of SymPy's expressions."""

    cbrt = np.frompyfunc(lambda x: sympy.real_root(x, 3), 1, 1)
    equal = np.frompyfunc(lambda x, y: sympy.Piecewise((1, sympy.Eq(x, y)), (0, True)), 2, 1)

    def max(self, x, axis=None, keepdims=False):
        return np.frompyfunc(sympy.Max, 2, 1, identity=None).reduce(x, axis=axis, keepdims=keepdims)

    def __getattr__(self, name):
        function = getattr(np, name)
        if name in OF_SHAPES:
            return function
        if not isinstance(function, np.ufunc):
            raise AttributeError(f"module 'sympy' has no function {name}")
        return np.frompyfunc(getattr(sympy, NAMES.get(name, name.replace("arc", "a"))), function.nin, function.nout)


def expressions(lines):
    """The outputs as expressions, those of arrays in object arrays. Raises TypeError for a line that SymPy cannot compute."""
    lines.refuse_opaque("SymPy")
    symbols = [symbols_of(lines.names[x], x.shape) for x in lines.inputs]
    try:
        return tuple([exact(y) for y in lines.function(lines.source, {"np": SymPy()})(*symbols)])
    except (AttributeError, TypeError, ValueError) as error:
        raise TypeError(f"SymPy cannot compute {lines.line_in(error.__traceback__)}: {error}") from None


def symbols_of(label, shape):
    if not shape:
        return sympy.Symbol(label)
    symbols, base = np.empty(shape, dtype=object), sympy.IndexedBase(label)
    for place in np.ndindex(shape):
        symbols[place] = base[place]
    return symbols


def exact(y):
    """With whole numbers and binary fractions for the floats that are such."""
    if isinstance(y, np.ndarray):
        return np.frompyfunc(exact, 1, 1)(y)
    y = sympy.sympify(y)
    fractions = {x: sympy.Rational(x) for x in y.atoms(sympy.Float)}
    return y.xreplace({x: fraction for x, fraction in fractions.items() if fraction.q <= 1024})
