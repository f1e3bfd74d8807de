"""What a value is: a real number as a Python float, or a real array; finite, and of one shape for the life of its node.

Arrays are float64, or float32 where the user's are, and read-only, since nodes and adjoints may share their memory. Whatever
else speaks NumPy's protocols, such as a lazy Dask array, is taken as it is.
"""

import numbers
import pickle
from contextlib import nullcontext
from math import inf, isfinite

import numpy as np

EXPLAINED = ArithmeticError, ValueError, IndexError  # the errors that `explain` puts into words
NO_CHECKS, FLOATS = nullcontext(), {float}


def shape(x):
    return getattr(x, "shape", ())


def precision(x):
    """The dtype of a value, or of a node's value."""
    return getattr(getattr(x, "value", x), "dtype", np.float64)


def raising(operands=(None,)):
    """A context in which NumPy raises an error where it would warn. Python's floats do so by themselves."""
    return NO_CHECKS if FLOATS.issuperset(map(type, operands)) else np.errstate(divide="raise", over="raise", invalid="raise")


def accept(value, like=None):
    """A given number or array as a leaf holds it, copied; of the shape and in the precision of `like`, if there is one.

    Raises TypeError for what is not real, ValueError for NaN and infinity and for another shape.
    """
    if value.__class__ is float and isfinite(value) and not shape(like):
        return value
    if isinstance(value, numbers.Real):
        try:
            value = float(value)
        except OverflowError:  # an integer may be larger than every float
            value = inf
    else:
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError("a masked array has values that do not count: fill it first")
        lazy = hasattr(value, "__array_function__") and hasattr(value, "dtype") and not isinstance(value, np.ndarray)
        array = value if lazy else np.asarray(value)
        if array.dtype.kind not in "fiub":
            of = f" of {array.dtype}" if hasattr(value, "dtype") else ""
            raise TypeError(f"{type(value).__name__}{of} is not a real number or an array of them")
        own = np.float32 if array.dtype == np.float32 else np.float64
        with np.errstate(over="ignore"):  # what overflows here is refused below
            value = array.astype(own if like is None else precision(like))
    if like is not None and shape(value) != shape(like):
        raise ValueError(f"a value of shape {shape(value)} cannot take the place of one of shape {shape(like)}")
    if not (isfinite(value) if value.__class__ is float else lazy or np.isfinite(value).all()):
        raise ValueError("a value has to be finite: no NaN, no infinity, nothing beyond the largest float, 1.8e308")
    return checked(value)


def checked(value):
    """The result of a rule as a node holds it: a finite float, or a read-only array.

    Raises an ArithmeticError for what is infinite, NaN or complex, TypeError for what is neither a number nor an array.
    """
    if value.__class__ is float and isfinite(value):
        return value
    if isinstance(value, np.ndarray) and value.ndim:
        if value.dtype.kind in "iub":
            value = value.astype(np.float64)
        elif value.dtype.kind != "f":
            raise FloatingPointError(f"the result is an array of {value.dtype}, not of real numbers")
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


def fingerprint(value):
    """What tells values and parameters apart: the same bytes for equal ones only. (0.0 and −0.0 are two.)"""
    if isinstance(value, (tuple, list)):
        return type(value), *map(fingerprint, value)
    return pickle.dumps(value)


def describe(value):
    """A value in a few words, for messages."""
    return np.array2string(value, threshold=6, edgeitems=2, separator=", ") if isinstance(value, np.ndarray) else repr(value)


def explain(error, what, operands, hint=""):
    """The same error in words that say which operation met which values, or which shapes, with a hint."""
    if isinstance(error, ArithmeticError):
        kind = next((k for k in (ZeroDivisionError, OverflowError) if isinstance(error, k)), FloatingPointError)
        return kind(f"{what}({', '.join(map(describe, operands))}): {error}{hint}")
    kind = ValueError if isinstance(error, ValueError) else IndexError
    return kind(f"{what} of shapes {' and '.join([str(shape(x)) for x in operands])}: {error}{hint}")
