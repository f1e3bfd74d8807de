"""A program as machine code: runs of elementwise lines and full sums become loops, compiled by Numba; all else stays NumPy's.

    def program(w_0, w_1, x):
        t5, w_0_bar, w_1_bar = _fused1(w_1, x, w_0, y)
        return t5, w_0_bar, w_1_bar

Every value is computed as its line says; nothing is reassociated but the additions within a sum.
"""

import math
from functools import cache

import numpy as np
from numba import njit, prange, types

from autograd_engine.formulas import literal, symbol
from autograd_engine.notation import print_formula
from autograd_engine.numpy_engine import NUMPY, owned, watching
from autograd_engine.simplify import is_double, is_elementwise
from autograd_engine.source import SPELLING
from autograd_engine.undefined import UndefinedError, watch, watched
from autograd_engine.values import accept, precision, raising, shape
from autograd_nodes import BroadcastLike, Sum

BLOCK = 16384  # so many elements are added up before their sum is added to others, which keeps rounding errors small
LARGE = 1 << 15  # elements from which threads pay

# -------------------------------------------------------------------------------------------------- what is computed where


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


# ------------------------------------------------------------------------------------------------------------------- loops

LOOP = """\
def {name}({arguments}):
    size = {first}.size
    bad = 0.0
    {sums}
    for block in prange((size + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        count = min(BLOCK, size - start)
        w = 0.0
        {parts}
        for i in range(count):
            {elements}
        {added}
        bad += w
    {watched}
    if not bad == 0.0:
        raise _undefined
    return {results}
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
        lines = []
        for x in self.stored:
            place = f" if {places[x]} is None else {places[x]}" if x in places else ""
            lines += self.named(f"%s = np.empty({shape_text}){place}", [x])
        in_order = {x for x in self.given if not x.shape or (x.shape == self.shape and (not x.inputs or loop_shape(x)))}
        arguments = [self.named("%s" if x in in_order else f"_whole(%s, {shape_text})", [x])[0] for x in self.given]
        call = f"{self.name}({', '.join(arguments + self.named('%s', self.stored))})"
        return [*lines, f"{', '.join(self.named('%s', self.sums)) or '_'} = {call}"]

    def source(self):
        arguments = self.named("a_%s", [*self.given, *self.stored])
        arrays = [x for x in (*self.given, *self.stored) if x.shape]
        fields = {
            "sums": self.named("a_%s = 0.0", self.sums),
            "parts": self.named("b_%s = a_%s.reshape(-1)[start : start + count]", arrays) + self.named("b_%s = 0.0", self.sums),
            "elements": self.elements(),
            "added": self.named("a_%s += b_%s", self.sums),
            "watched": self.named("bad += 0.0 * a_%s", [x for x in self.watched if not x.shape]),
        }
        words = {
            "name": self.name,
            "arguments": ", ".join(arguments),
            "first": self.named("a_%s", arrays)[0],
            "results": ", ".join(self.named("a_%s", self.sums)) or "None",
        }
        return filled(LOOP, fields, words)

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
            array = types.Array(types.float64, len(self.shape), "C")
            kinds = [array.copy(readonly=True) if x.shape else types.float64 for x in self.given] + [array] * len(self.stored)
            known = {"np": np, "prange": prange, "log": compiled_log(), "plus": compiled_plus(), "BLOCK": BLOCK}
            self.code[parallel] = compiled(self.source(), self.name, known, kinds, self.lines, "e_", parallel)
        return self.code[parallel]

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


def compiled(text, name, known, arguments, lines, prefix="", parallel=False):
    """The function of this name in the text, compiled. Raises TypeError, with its line, for an operation Numba has not."""
    known = known | {"_undefined": UndefinedError}
    exec(compile(text, "<compiled>", "exec"), known)
    try:
        return njit(tuple(arguments), error_model="numpy", parallel=parallel)(known[name])
    except Exception as error:  # Numba's are of every kind
        number = error.loc.line if getattr(error, "loc", None) else 1
        assigned = text.splitlines()[number - 1].split(" = ")[0].strip()
        node = next((x for x, name in lines.names.items() if prefix + name == assigned), None)
        line = "this program" if node is None else lines.lines[lines.line_of[node]][0]
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise TypeError(f"Numba cannot compute {line}: {said[min(1, len(said) - 1)]}") from None


def function_of_numbers(lines):
    """A program of numbers alone, compiled as it is, and its text."""
    found = watched(lines.graph, lines.inputs)
    body = [*[line for x in lines.graph.operations for line in lines.step(x)], "_bad = 0.0"]
    body += [f"_bad += 0.0 * {name}" for x, name in lines.names.items() if x in found]
    text = lines.written([*body, "if not _bad == 0.0:", "    raise _undefined"], lines.results)
    return compiled(text, "program", {"np": np}, [types.float64] * len(lines.inputs), lines), text


# ---------------------------------------------------------------------------------------------------------------- programs


class Compiled:
    """A program as machine code; see Program.compile.

    source    what is run for the shapes it was made for: loops for Numba, and the lines around them

    The first call for inputs of some shapes is a sweep, which finds out which runs can be loops. `plans` remembers it:
    {shapes of inputs: (function, (shape, dtype) of each output)}.
    """

    def __init__(self, program):
        program.lines.refuse_opaque("Numba")
        self.program, self.lines = program, program.lines
        self.precisions = [precision(x) for x in program.inputs]
        self.of_numbers, self.functions, self.plans = None, {}, {}
        if not any([x.shape for x in (*program.graph.nodes, *program.inputs)]):
            self.of_numbers, self.source = function_of_numbers(self.lines)
            return
        self.groups, self.unwatched = [], watched(self.lines.graph, self.lines.inputs)
        self.runs = []
        for common, nodes in grouped(self.lines.graph):
            run = Run(f"_fused{len(self.runs) + 1}", common, nodes, self.lines, self.unwatched) if common else None
            self.groups.append((nodes, run))
            self.runs += [run] if run else []
            self.unwatched.difference_update(run.watched if run else ())
        self.source = "\n".join([*[run.source() for run in self.runs], self.text(set(self.runs))])
        self.function(dict.fromkeys(self.runs, False))
        self.plan([x.shape for x in program.inputs], {x: x.shape for x in program.graph.nodes})

    def __reduce__(self):
        return Compiled, (self.program,)

    def __call__(self, *values, out=None):
        try:
            results = self.of_numbers(*values) if self.of_numbers else self.by_plan(values, out)
        except (ArithmeticError, TypeError, ValueError, IndexError):
            results = self.program(*values)
        return results if out is None else put_into(out, results)

    def by_plan(self, values, out):
        values = [x if x.__class__ is float else prepared(x, kind) for x, kind in zip(values, self.precisions, strict=True)]
        shapes = tuple([() if x.__class__ is float else x.shape for x in values])
        function, kinds = self.plans.get(shapes, (None, None))
        if function is not None:
            if out is None:
                return function(*values)
            check_places(out, kinds)
            return function(*values, *usable(out, values))
        found = self.program.sweep(values)
        self.plan(shapes, {x: shape(value) for x, value in found.items()})
        return tuple([owned(found[y]) for y in self.program.graph.outputs])

    def plan(self, inputs, shapes):
        """Remember how to compute inputs of these shapes, if {node: shape} has no empty array, in which errors are hidden."""
        sizes = [(run, run.size(shapes)) for run in self.runs]
        loops = {run: size > LARGE for run, size in sizes if size is not None}
        if not any([0 in one for one in shapes.values()]):
            if len(self.plans) > 1000:
                self.plans.clear()
            self.plans[tuple(inputs)] = self.function(loops), [(shapes[y], precision(y)) for y in self.program.graph.outputs]

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


# ----------------------------------------------------------------------------------------------------- places for results


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
    """The arrays of `out` that loops can write to while they read the values, and None for the others."""
    read = [x for x in values if x.__class__ is not float]
    fit = [x is not None and x.ndim > 0 and x.dtype == np.float64 and x.flags.carray for x in out]
    return [x if is_fit and not any([np.may_share_memory(x, y) for y in read]) else None for x, is_fit in zip(out, fit)]


def put_into(out, results):
    """The results, those for which `out` has an array in that array."""
    check_places(out, [(shape(y), precision(y)) for y in results])
    for x, y in zip(out, results):
        if x is not None and x is not y:
            with raising():
                np.copyto(x, y, "same_kind")
    return tuple([y if x is None else x for x, y in zip(out, results)])


# --------------------------------------------------------------------------------------------------- functions within loops


@cache
def compiled_plus():
    """Addition, in any order: the only thing in a loop that need not be computed as it is written.

    Numba's permission holds for a function as a whole; this one is inlined, and the permission stays with its addition.
    """
    return njit(lambda total, x: total + x, fastmath={"reassoc"})


@cache
def compiled_log():
    """The natural logarithm without a branch or a call, so that loops with it are vectorised, as those with Numba's are not.

    x = 2^k (1 + f) with 1 + f between 1/√2 and √2, and log(1 + f) by a polynomial in s = f / (2 + f): the method and the
    coefficients of FreeBSD's e_log.c, whose error is below 1 unit in the last place.
    """

    @njit(error_model="numpy")
    def log(x):
        tiny = x < 2.2250738585072014e-308  # not normalised: the exponent is found after a multiplication by 2^54
        bits = np.float64(x * 18014398509481984.0 if tiny else x).view(np.int64) + 0x0009_5F62_0000_0000
        k = (bits >> 52) - 1023
        f = np.int64((bits & 0x000F_FFFF_FFFF_FFFF) + 0x3FE6_A09E_0000_0000).view(np.float64) - 1.0
        s = f / (2.0 + f)
        z = s * s
        w = z * z
        even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
        odd = 2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
        rest = even + z * (6.666666666666735130e-01 + w * odd)
        half = 0.5 * f * f
        power = np.float64(k - 54 if tiny else k)
        low = s * (half + rest) + power * 1.90821492927058770002e-10
        y = power * 6.93147180369123816490e-01 - ((half - low) - f)
        y = y if x > 0.0 else (-np.inf if x == 0.0 else np.nan)
        return y if x < np.inf else x

    return log
