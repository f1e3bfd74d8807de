"""A program on Dask arrays: compiled, and run on each chunk, wherever the chunk is."""

import pickle
from functools import lru_cache

import dask
import dask.array as da
import numpy as np

from autograd_engine.numba_engine import Compiled
from autograd_engine.simplify import is_elementwise
from autograd_engine.values import precision, raising, shape
from autograd_nodes import Add, BroadcastLike, Divide, Multiply, Negative, Subtract, Sum

NUMBER, POINTS, TOTAL = "a number", "an array along the points", "a total over the points"
OF_TOTALS = {  # what can be computed of each chunk's total and then be added up
    (Add, TOTAL, TOTAL), (Subtract, TOTAL, TOTAL), (Negative, TOTAL), (Multiply, TOTAL, NUMBER), (Multiply, NUMBER, TOTAL),
    (Divide, TOTAL, NUMBER),
}  # fmt: skip


def kinds_of_outputs(program):
    """What each output is over the points; TypeError for a line that needs all points at once."""
    inputs = {*program.inputs}

    def kind(x, *of):
        if x.inputs and (type(x), *of) in OF_TOTALS:
            return TOTAL
        if x.inputs and type(x) is Sum and of == (POINTS,) and not x.shape:
            return TOTAL
        if x in inputs or (not x.inputs and not x.shape):
            return POINTS if len(x.shape) == 1 else NUMBER
        if x.inputs and TOTAL not in of and (is_elementwise(type(x)) or type(x) is BroadcastLike):
            return POINTS if POINTS in of else NUMBER
        line = program.lines.names[x] if not x.inputs else program.lines.lines[program.lines.line_of[x]][0]
        raise TypeError(f"no chunk can compute {line} by itself: it needs all points at once")

    for x in program.inputs:
        if len(x.shape) > 1:
            raise TypeError(f"Dask arrays have one axis here, {program.lines.names[x]} has {len(x.shape)}")
    found = program.graph.fold(kind)
    return [found[y] for y in program.graph.outputs]


class ForDask:
    """A program on the chunks of Dask arrays; see Program.to_dask."""

    def __init__(self, program):
        program.lines.refuse_opaque("Numba")
        self.program, self.kinds = program, kinds_of_outputs(program)

    def __reduce__(self):
        return ForDask, (self.program,)

    def __call__(self, *values):
        if [len(shape(x)) for x in values] != [len(x.shape) for x in self.program.inputs]:
            raise ValueError(f"shapes {[x.shape for x in self.program.inputs]} are wanted, not {[shape(x) for x in values]}")
        arrays = [x for x in values if isinstance(x, da.Array)]
        chunks = {x.chunks for x in arrays}
        if len(chunks) != 1 or len(arrays) < sum([bool(shape(x)) for x in values]):
            given = [getattr(x, "chunks", type(x).__name__) for x in values if shape(x)]
            raise ValueError(f"arrays are Dask arrays of the same chunks, one or more of them, not {given}")
        work, sizes = dask.delayed(results_of_chunk, nout=len(self.kinds)), chunks.pop()[0]
        blocks = zip(*[x.to_delayed(False) if isinstance(x, da.Array) else [x] * len(sizes) for x in values])
        pickled = dask.delayed(pickle.dumps(self.program))
        parts = [work(pickled, *block) for block in blocks]
        return tuple([self.together(k, [part[k] for part in parts], sizes) for k in range(len(self.kinds))])

    def together(self, k, parts, sizes):
        if self.kinds[k] == NUMBER:
            return da.from_delayed(parts[0], (), float)
        if self.kinds[k] == POINTS:
            kind = precision(self.program.graph.outputs[k])
            return da.concatenate([da.from_delayed(part, (size,), kind) for part, size in zip(parts, sizes)])
        return da.from_delayed(dask.delayed(added)(parts), (), float)


def added(totals):
    with raising():
        return np.sum(totals)


@lru_cache
def compiled(pickled):
    """Once in each process. Each chunk has a thread of Dask's already."""
    return Compiled(pickle.loads(pickled), in_threads=False)


def results_of_chunk(pickled, *values):
    return tuple([np.asarray(y) for y in compiled(pickled)(*values)])
