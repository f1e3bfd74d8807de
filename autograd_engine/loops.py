"""What of a program can be computed in loops: runs of elementwise lines and full sums over one shape, as texts for Numba."""

import math

import numpy as np
from numba import types

from autograd_engine.formulas import literal, symbol
from autograd_engine.machine_code import compiled, compiled_log, compiled_plus
from autograd_engine.notation import print_formula
from autograd_engine.simplify import is_double, is_elementwise
from autograd_engine.source import SPELLING
from autograd_engine.undefined import UndefinedError
from autograd_nodes import BroadcastLike, Sum

BLOCK = 16384  # so many elements are added up before their sum is added to others, which keeps rounding errors small


def loop_shape(x):
    """The shape of the loop in which an operation can be computed, or None: a line of NumPy's, or one of numbers."""
    if not all([is_double(y) for y in (x, *x.inputs)]):
        return None
    if x.shape:
        return x.shape if is_elementwise(type(x)) or isinstance(x, BroadcastLike) else None
    return x.inputs[0].shape or None if isinstance(x, Sum) else None


def grouped(graph):
    """[(shape of a loop or None, its operations)], in an order in which they can be computed.

    A stage has lines first, then loops, one for each shape. What needs a loop's sum, or its array otherwise than element by
    element, belongs to the next stage.
    """
    stage, groups = {x: 0 for x in graph.leaves}, {}
    loops = {x: loop_shape(x) for x in graph.operations}
    for place, x in enumerate(graph.operations):
        waits = [bool(loops.get(y)) and (not y.shape or loops[x] != y.shape) for y in x.inputs]
        stage[x] = max([stage[y] + wait for y, wait in zip(x.inputs, waits)])
        key = (stage[x], 1, loops[x]) if loops[x] else (stage[x], 0, place)
        groups.setdefault(key, (loops[x], []))[1].append(x)
    return [groups[key] for key in sorted(groups)]


# For few elements one function, which is called quickly. For many, a function of one block, which NumPy calls in threads, as a
# generalised universal function: prange takes twice as long to compile. Both add up the blocks in the same order.
ALL = """\
def {name}({arguments}):
    size = {first}.size
    w = 0.0
    {sums}
    for start in range(0, size, BLOCK):
        count = min(BLOCK, size - start)
        {parts}
        for i in range(count):
            {elements}
        {added}
    {watched}
    if not w == 0.0:
        raise _undefined
    return {results}
"""
BLOCKWISE = """\
def {name}(start, results, {arguments}, sums):
    count = min(BLOCK, {first}.size - start)
    w = 0.0
    {parts}
    for i in range(count):
        {elements}
    {watched}
    {handed}
    sums[-1] = w
"""
IN_LOOP = SPELLING.but({"log": "log(%s)", "BroadcastLike": lambda formula, x, like: x})


class Run:
    """Operations over one shape in one loop: the text of a function for Numba, and of its call.

    There an array x is a_x, what a block has of it b_x, an element e_x; of a sum s, a block adds b_s to a_s. What is broadcast
    is expanded before.
    """

    def __init__(self, name, shape, nodes, lines, unwatched):
        self.name, self.shape, self.nodes, self.lines = name, shape, nodes, lines
        inside = set(nodes)
        used = set(lines.graph.outputs).union(*[x.inputs for x in lines.graph.operations if x not in inside])
        self.sums = [x for x in nodes if not x.shape]
        self.stored = [x for x in nodes if x.shape and x in used]
        self.given = list(dict.fromkeys([y for x in nodes for y in x.inputs if y not in inside and y in lines.names]))
        self.watched = [x for x in (*self.given, *nodes) if x in unwatched]
        self.code = {}

    def named(self, template, nodes):
        """The template for each of the nodes, with its name for %s."""
        return [template.replace("%s", self.lines.names[x]) for x in nodes]

    def call(self, places):
        """The lines that make its arrays and call it, where `places` are {array: the name of one to use unless it is None}."""
        arrays = [x for x in self.given if x.shape]
        whole = self.named("%s.shape", [x for x in arrays if x.shape == self.shape])
        shape_text = whole[0] if whole else f"np.broadcast_shapes({', '.join(self.named('%s.shape', arrays))})"
        flat = "%s" if len(self.shape) == 1 else "%s.reshape(-1)"
        lines = []
        for x in self.stored:
            place = f" if {places[x]} is None else {places[x]}" if x in places else ""
            lines += self.named(f"%s = np.empty({shape_text}){place}", [x])
        in_order = {x for x in self.given if not x.shape or (x.shape == self.shape and (not x.inputs or loop_shape(x)))}
        arguments = []
        for x in self.given:
            template = "%s" if x in in_order else f"_whole(%s, {shape_text})"
            arguments += self.named(flat.replace("%s", template) if x.shape else "%s", [x])
        call = f"{self.name}({', '.join(arguments + self.named(flat, self.stored))})"
        return [*lines, f"{', '.join(self.named('%s', self.sums)) or '_'} = {call}"]

    def source(self, parallel):
        arrays = [x for x in (*self.given, *self.stored) if x.shape]
        in_block = set(self.sums) if parallel else ()
        numbers = [("b" if x in in_block else "a", x) for x in self.watched if not x.shape]
        fields = {
            "sums": self.named("a_%s = 0.0", self.sums),
            "parts": self.named("b_%s = a_%s[start : start + count]", arrays) + self.named("b_%s = 0.0", self.sums),
            "elements": self.elements(),
            "added": self.named("a_%s += b_%s", self.sums),
            "handed": [f"sums[{k}] = b_{self.lines.names[x]}" for k, x in enumerate(self.sums)],
            "watched": [f"w += 0.0 * {prefix}_{self.lines.names[x]}" for prefix, x in numbers],
        }
        words = {
            "name": self.name,
            "arguments": ", ".join(self.named("a_%s", [*self.given, *self.stored])),
            "first": self.named("a_%s", arrays)[0],
            "results": ", ".join(self.named("a_%s", self.sums)) or "None",
        }
        return filled(BLOCKWISE if parallel else ALL, fields, words)

    def elements(self):
        text = self.named("e_%s = b_%s[i]", [x for x in self.given if x.shape])
        for x in self.nodes:
            operands = [self.operand(y) for y in x.inputs]
            if x.shape:
                text += self.named(f"e_%s = {print_formula(self.lines.formula(x, operands), IN_LOOP)}", [x])
            else:
                text += self.named(f"b_%s = plus(b_%s, {operands[0].content})", [x])
        text += self.named("b_%s[i] = e_%s", self.stored)
        return text + self.named("w = plus(w, 0.0 * e_%s)", [x for x in self.watched if x.shape])

    def operand(self, x):
        return symbol(*self.named("e_%s" if x.shape else "a_%s", [x])) if x in self.lines.names else literal(x.value)

    def compiled(self, parallel):
        if parallel not in self.code:
            array = types.Array(types.float64, 1, "C")
            kinds = [array.copy(readonly=not parallel) if x.shape else types.float64 for x in self.given]
            kinds += [array] * len(self.stored)
            known = {"np": np, "log": compiled_log(), "plus": compiled_plus(), "BLOCK": BLOCK}
            text, signature = self.source(parallel), None
            if parallel:
                shapes = ["(n)" if x.shape else "()" for x in (*self.given, *self.stored)]
                kinds, signature = [types.int64, array, *kinds, array], f"(),(m),{','.join(shapes)}->(m)"
            code = compiled(text, self.name, known, kinds, self.lines, "e_", signature)
            self.code[parallel] = self.in_threads(code) if parallel else code
        return self.code[parallel]

    def in_threads(self, kernel):
        """What calls a kernel for all blocks, and adds up what it returns: a sum of each kind, and a number that is 0."""
        first, results = [bool(x.shape) for x in (*self.given, *self.stored)].index(True), np.empty(len(self.sums) + 1)

        def call(*arguments):
            with np.errstate(all="ignore"):
                starts = np.arange(0, arguments[first].size, BLOCK)
                sums = np.add.reduce(kernel(starts, results, *arguments)).tolist()
            if not all(map(math.isfinite, sums)):
                raise UndefinedError("a value is not finite")
            return sums[0] if len(self.sums) == 1 else sums[:-1]

        return call

    def size(self, shapes):
        """How many elements the loop has for {node: shape}; None if there is no longer one shape for all."""
        found = {shapes[x] for x in (*self.given, *self.nodes) if x.shape == self.shape}
        return math.prod(*found) if len(found) == 1 else None


def filled(template, lists, words):
    """A template in which a line that is the name of a list becomes its elements, a line each."""
    lines = []
    for line in template.splitlines():
        indent, name = line[: len(line) - len(line.lstrip())], line.strip()[1:-1]
        lines += [indent + one for one in lists[name]] if name in lists else [line.format(**words)]
    return "\n".join(lines) + "\n"
