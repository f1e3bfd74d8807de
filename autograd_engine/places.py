"""Where compiled programs put their results: arrays that users give as `out`, and memory that is used again and again."""

from collections import deque
from contextlib import suppress

import numpy as np

from autograd_engine.values import precision, raising, shape


def check_places(out, kinds):
    """Raises ValueError or TypeError if `out` is not a tuple of None and arrays for outputs of these (shape, dtype)."""
    is_right = isinstance(out, (tuple, list)) and len(out) == len(kinds)
    if not is_right or any([not isinstance(x, (np.ndarray, type(None))) for x in out]):
        raise ValueError(f"out is a tuple with an array or None for each of the {len(kinds)} outputs")
    given = {k: x for k, x in enumerate(out) if x is not None}
    for k, x in given.items():
        wanted, kind = kinds[k]
        if x.shape != wanted or not x.flags.writeable:
            state = "" if x.flags.writeable else " and is read-only"
            raise ValueError(f"out[{k}] has shape {x.shape}{state}, the output has {wanted}")
        if not np.can_cast(kind, x.dtype, "same_kind"):
            raise TypeError(f"out[{k}] is of {x.dtype}, which cannot hold the output")
        if any([np.shares_memory(x, given[i]) for i in given if i < k]):
            raise ValueError("two arrays of out overlap")


def usable(out, values):
    """The arrays of `out` that loops can write to without changing the values as given, and None for the others."""
    given = [x for x in values if x.__class__ is not float]
    fit = [x is not None and x.ndim > 0 and x.dtype == np.float64 and x.flags.carray for x in out]
    return [x if is_fit and not any([np.may_share_memory(x, y) for y in given]) else None for x, is_fit in zip(out, fit)]


def put_into(out, results):
    """The results, those for which `out` has an array in that array."""
    check_places(out, [(shape(y), precision(y)) for y in results])
    for x, y in zip(out, results):
        if x is not None and x is not y:
            with raising():
                np.copyto(x, y, "same_kind")
    return tuple([y if x is None else x for x, y in zip(out, results)])


# --------------------------------------------------------------------------------------- memory that is used again and again


class Memory:
    """Memory for large results. A system clears what it gives to a program, which takes longer than most programs compute.

    Arrays are lent: whoever holds one, or anything that looks into it (a view, a memoryview), holds its loan. When the last
    holder has gone, Python deletes the loan, which gives the memory back. No memory is ever lent twice at a time, whatever
    threads do. Of what came back, the last `count` arrays are kept.
    """

    def __init__(self, count):
        self.free = deque(maxlen=count)

    def array(self, shape):
        """An array of doubles, whatever they may be."""
        for _ in range(len(self.free)):
            with suppress(IndexError):  # another thread may have been faster
                memory = self.free.popleft()
                if memory.shape == shape:
                    return np.asarray(Loan(memory, self.free))
                self.free.append(memory)
        return np.asarray(Loan(np.empty(shape), self.free))


class Loan:
    """What NumPy makes an array of that shares its memory, and that keeps this object alive."""

    def __init__(self, memory, free):
        self.memory, self.free, self.__array_interface__ = memory, free, memory.__array_interface__

    def __del__(self):
        self.free.append(self.memory)
