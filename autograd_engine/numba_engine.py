"""A program as machine code: runs of elementwise lines and full sums become loops, compiled by Numba; all else stays NumPy's.

    def program(w_0, w_1, x):
        t5, w_0_bar, w_1_bar = _fused1(w_1, x, w_0, y)
        return t5, w_0_bar, w_1_bar

Every value is computed as its line says; nothing is reassociated but the additions within a sum.
"""

import numpy as np

from autograd_engine.loops import Run, grouped
from autograd_engine.numpy_engine import NUMPY, owned, watching
from autograd_engine.places import Memory, check_places, put_into, usable
from autograd_engine.scalar_code import function_of_numbers
from autograd_engine.undefined import watch, watched
from autograd_engine.values import accept, precision, raising, shape

LARGE = 1 << 15  # elements from which threads pay, and memory that is used again


class Compiled:
    """A program as machine code; see Program.compile.

    source    what is run for the shapes it was made for: loops for Numba, and the lines around them

    The first call for inputs of some shapes is a sweep, which finds out which runs can be loops. `plans` remembers it:
    {shapes of inputs: (function, (shape, dtype) of each output, shape of each that memory is lent for, or None)}.
    """

    def __init__(self, program, in_threads=True):
        program.lines.refuse_opaque("Numba")
        self.program, self.lines, self.in_threads = program, program.lines, in_threads
        self.precisions = [precision(x) for x in program.inputs]
        self.memory = Memory(2 * sum([bool(y.shape) for y in program.graph.outputs]))
        self.of_numbers, self.functions, self.plans = None, {}, {}
        if not any([x.shape for x in (*program.graph.nodes, *program.inputs)]):
            self.of_numbers, self.source = function_of_numbers(self.lines), self.lines.source
            return
        self.groups, self.unwatched = [], watched(self.lines.graph, self.lines.inputs)
        self.runs = []
        for common, nodes in grouped(self.lines.graph):
            run = Run(f"_fused{len(self.runs) + 1}", common, nodes, self.lines, self.unwatched) if common else None
            self.groups.append((nodes, run))
            self.runs += [run] if run else []
            self.unwatched.difference_update(run.watched if run else ())
        self.source = "\n".join([*[run.source(parallel=False) for run in self.runs], self.text(set(self.runs))])
        self.plan([x.shape for x in program.inputs], {x: x.shape for x in program.graph.nodes})

    def __reduce__(self):
        return Compiled, (self.program, self.in_threads)

    def __call__(self, *values, out=None):
        try:
            results = self.of_numbers(*values) if self.of_numbers else self.by_plan(values, out)
        except (ArithmeticError, TypeError, ValueError, IndexError):
            results = self.program(*values)
        return results if out is None else put_into(out, results)

    def by_plan(self, given, out):
        values = [x if x.__class__ is float else prepared(x, kind) for x, kind in zip(given, self.precisions, strict=True)]
        shapes = tuple([() if x.__class__ is float else x.shape for x in values])
        function, kinds, large = self.plans.get(shapes, (None, None, None))
        if function is not None:
            if out is None:
                return function(*values, *[self.memory.array(size) if size else None for size in large])
            check_places(out, kinds)
            return function(*values, *usable(out, given))
        found = self.program.sweep(values)
        self.plan(shapes, {x: shape(value) for x, value in found.items()})
        return tuple([owned(found[y]) for y in self.program.graph.outputs])

    def plan(self, inputs, shapes):
        """Remember how to compute inputs of these shapes, if {node: shape} has no empty array, in which errors are hidden."""
        sizes, outputs = [(run, run.size(shapes)) for run in self.runs], self.program.graph.outputs
        is_large = {run: size > LARGE for run, size in sizes if size is not None}
        function = self.function({run: large and self.in_threads for run, large in is_large.items()})
        if not any([0 in one for one in shapes.values()]):
            if len(self.plans) > 1000:
                self.plans.clear()
            stored = {x for run, large in is_large.items() if large for x in run.stored}
            large = [shapes[y] if y in stored else None for y in outputs]
            self.plans[tuple(inputs)] = function, [(shapes[y], precision(y)) for y in outputs], large if any(large) else []

    def function(self, loops):
        """The program as a function of values and places, where `loops` are {run: whether it is parallel} for some runs."""
        key = frozenset(loops.items())
        if key not in self.functions:
            engine = {run.name: run.compiled(parallel) for run, parallel in loops.items()}
            function = self.lines.function(self.text(loops), engine | {"np": NUMPY, "_watch": watch, "_whole": whole})
            self.functions[key] = function if len(loops) == len(self.groups) else raising_where_numpy_warns(function)
        return self.functions[key]

    def text(self, loops):
        """The program, in which those runs are calls that are among `loops`."""
        outputs, stored = self.program.graph.outputs, {x for run in loops for x in run.stored}
        places = {y: f"_out{k}" for k, y in reversed([*enumerate(outputs)]) if y in stored}
        body = [watching(x, self.lines) for x in self.lines.inputs if x in self.unwatched]
        for nodes, run in self.groups:
            if run in loops:
                body += run.call(places)
            else:
                body += [line for x in nodes for line in self.lines.step(x)]
                body += [watching(x, self.lines) for x in (run.watched if run else nodes) if run or x in self.unwatched]
        is_own = [not y.shape or places.get(y) == f"_out{k}" for k, y in enumerate(outputs)]
        results = [text if own else f"np.array({text})" for text, own in zip(self.lines.results, is_own)]
        return self.lines.written(body, results, [f"_out{k}=None" for k in range(len(outputs))])


def raising_where_numpy_warns(function):
    def call(*arguments):
        with raising():
            return function(*arguments)

    return call


def whole(x, shape):
    """An array in the shape and the order that loops take."""
    if x.shape == shape and x.flags.c_contiguous and x.flags.aligned:
        return x
    t = np.empty(shape)
    t[...] = x
    return t


def prepared(x, kind):
    """A value as loops take it: a float, or an array that is contiguous, writable and of its input's precision."""
    if x.__class__ is np.ndarray and x.dtype == kind and x.flags.carray and x.ndim:
        return x
    x = accept(x)
    with raising():
        return np.array(x, kind, order="C") if isinstance(x, np.ndarray) else x


