"""A program as machine code: runs of elementwise lines and full sums become loops, compiled by Numba; all else stays NumPy's.

    def program(w_0, w_1, x):
        t5, w_0_bar, w_1_bar = _fused1(w_1, x, w_0, y)
        return t5, w_0_bar, w_1_bar

Every value is computed as its line says: nothing is reassociated but the additions within a sum.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit, prange, types

from autograd_engine.formulas import literal, symbol
from autograd_engine.numpy_engine import NUMPY, owned, watching
from autograd_engine.simplify import is_double, is_elementwise
from autograd_engine.source import SPELLING
from autograd_engine.undefined import UndefinedError, watch, watched
from autograd_engine.values import accept, precision, raising, shape
from autograd_nodes import BroadcastLike, Sum

BLOCK = 16384  # so many elements are added up before their sum is added to others, which keeps rounding errors small
LARGE = 1 << 15  # elements from which threads pay
IN_LOOP = SPELLING.but({"log": "log(%s)", "BroadcastLike": lambda formula, x, like: x})


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
        needs_whole = [bool(loops.get(y)) and (not y.shape or loops[x] != y.shape) for y in x.inputs]
        stage[x] = max([stage[y] + whole for y, whole in zip(x.inputs, needs_whole)])
        key = (stage[x], 1, loops[x]) if loops[x] else (stage[x], 0, place)
        groups.setdefault(key, (loops[x], []))[1].append(x)
    return [groups[key] for key in sorted(groups)]


# ------------------------------------------------------------------------------------------------------------------- loops

LOOP = """\
def {name}({arguments}):
    {arrays}
    {sizes}
    blocks = ({last} + BLOCK - 1) // BLOCK
    bad = 0.0
    {sums}
    for block in prange({rows} * blocks):
        row, start = block // blocks, block % blocks * BLOCK
        count = min(BLOCK, {last} - start)
        {indices}
        {parts}
        {sums_of_block}
        w = 0.0
        for i in range(count):
            {elements}
        {added}
        bad += w
    {watched}
    if not bad == 0.0:
        raise UndefinedError
    return {results}
"""


class Run:
    """Operations over one shape in one loop: the text of a function for Numba, and of its call.

    In it an array x is a_x, what a block has of it b_x, an element e_x; of a sum s, a block adds s_s to a_s. Arrays of one
    shape are a single long axis. If some are broadcast, a block is within a row, and these stay at index 0.
    """

    def __init__(self, name, shape, nodes, lines):
        self.name, self.shape, self.nodes, self.lines = name, shape, nodes, lines
        inside = set(nodes)
        used = set(lines.graph.outputs).union(*[x.inputs for x in lines.graph.operations if x not in inside])
        self.sums = [x for x in nodes if not x.shape]
        self.stored = [x for x in nodes if x.shape and x in used]
        self.given = list(dict.fromkeys([y for x in nodes for y in x.inputs if y not in inside and y in lines.names]))
        self.arguments = [*self.given, *self.stored]
        self.arrays = [x for x in self.arguments if x.shape]
        self.is_flat = all([x.shape == shape for x in self.arrays])
        self.watched = []

    def named(self, template, nodes):
        """The template for each of the nodes, with its name for %s."""
        return [template.replace("%s", self.lines.names[x]) for x in nodes]

    def call(self, places):
        """The lines that make its arrays and call it, where `places` are {array: the name of one to use unless it is None}."""
        made = []
        for x in self.stored:
            place = f" if {places[x]} is None else {places[x]}" if x in places else ""
            made.append(f"{self.lines.names[x]} = np.empty({self.shape_text()}){place}")
        by_numpy = {x for x in self.given if x.shape and x.inputs and not loop_shape(x)}
        given = [self.named("np.ascontiguousarray(%s)" if x in by_numpy else "%s", [x])[0] for x in self.arguments]
        results = ", ".join(self.named("%s", self.sums))
        return [*made, f"{results or '_'} = {self.name}({', '.join(given)})"]

    def shape_text(self):
        whole = next((x for x in self.given if x.shape == self.shape), None)
        if whole is not None:
            return f"{self.lines.names[whole]}.shape"
        return f"({', '.join([self.size_text(axis, '%s', self.given) for axis in range(len(self.shape))])})"

    def size_text(self, axis, template, arrays):
        """The size along an axis, by an array that is not broadcast there."""
        for x in arrays:
            k = axis - len(self.shape) + len(x.shape)
            if x.shape and k >= 0 and x.shape[k] == self.shape[axis]:
                return f"{self.named(template, [x])[0]}.shape[{k}]"

    def source(self):
        axes = range(1 if self.is_flat else len(self.shape))
        numbers = [x for x in self.watched if not x.shape]
        fields = {
            "arrays": self.named("a_%s = a_%s.reshape(-1)", self.arrays) if self.is_flat else [],
            "sizes": [f"n{axis} = {self.size_text(axis, 'a_%s', self.arrays)}" for axis in axes],
            "sums": self.named("a_%s = 0.0", self.sums),
            "indices": [f"i{k} = row{''.join([f' // n{j}' for j in axes[k + 1 : -1]])} % n{k}" for k in axes[:-1]],
            "parts": [f"{self.named('b_%s', [x])[0]} = {self.part(x)}" for x in self.arrays],
            "sums_of_block": self.named("s_%s = 0.0", self.sums),
            "elements": self.elements(),
            "added": self.named("a_%s += s_%s", self.sums),
            "watched": self.named("bad += 0.0 * a_%s", numbers),
        }
        return filled(
            LOOP, fields, name=self.name, arguments=", ".join(self.named("a_%s", self.arguments)), last=f"n{axes[-1]}",
            rows=" * ".join([f"n{k}" for k in axes[:-1]]) or "1", results=", ".join(self.named("a_%s", self.sums)) or "None",
        )  # fmt: skip

    def part(self, x):
        """What a block has of an array: a part of the last axis, or one number where that is broadcast."""
        axes = [0] if self.is_flat else range(len(self.shape) - len(x.shape), len(self.shape))
        index = [f"i{axis}" if self.is_flat or n == self.shape[axis] else "0" for axis, n in zip(axes, x.shape)]
        index[-1] = "start : start + count" if index[-1] != "0" else "0"
        return f"a_{self.lines.names[x]}[{', '.join(index)}]"

    def elements(self):
        read, stored = [x for x in self.given if x.shape], set(self.stored)
        text = self.named("e_%s = b_%s[i]", [x for x in read if self.is_flat or x.shape[-1] == self.shape[-1]])
        text += self.named("e_%s = b_%s", [x for x in read if not (self.is_flat or x.shape[-1] == self.shape[-1])])
        for x in self.nodes:
            operands = [self.operand(y) for y in x.inputs]
            if x.shape:
                text += self.named(f"e_%s = {self.lines.spelled(self.lines.formula(x, operands), IN_LOOP)}", [x])
                text += self.named("b_%s[i] = e_%s", [x] if x in stored else [])
            else:
                text += self.named(f"s_%s = plus(s_%s, {operands[0].content})", [x])
        return text + self.named("w = plus(w, 0.0 * e_%s)", [x for x in self.watched if x.shape])

    def operand(self, x):
        if x not in self.lines.names:
            return literal(x.value)
        return symbol(*self.named("e_%s" if x.shape else "a_%s", [x]))

    def compiled(self, parallel):
        arguments = [types.Array(types.float64, len(x.shape), "C") if x.shape else types.float64 for x in self.arguments]
        known = {"np": np, "prange": prange, "log": compiled_log(), "plus": compiled_plus(), "BLOCK": BLOCK}
        known |= {"UndefinedError": UndefinedError}
        return compiled(self.source(), self.name, known, arguments, parallel, self.lines, "e_")

    def sizes(self, shapes):
        """What {node: shape} makes of the shape of the loop."""
        return next(shapes[x] for x in (*self.nodes, *self.given) if x.shape == self.shape)

    def fits(self, shapes):
        """Whether the loop can compute what has these shapes: there is one still, and broadcast is what was."""
        for x in (*self.given, *self.nodes):
            axes = zip(*map(reversed, (x.shape, self.shape, self.sizes(shapes), shapes[x])))
            if any([now != (1 if made == 1 != whole else size) for made, whole, size, now in axes]):
                return False
        return True


def filled(template, lists, **words):
    """A template in which a line that is the name of a list becomes its elements, a line each."""
    lines = []
    for line in template.splitlines():
        name = line.strip()[1:-1]
        indent = line[: len(line) - len(line.lstrip())]
        lines += [indent + one for one in lists[name]] if name in lists else [line.format(**words)]
    return "\n".join(lines) + "\n"


def compiled(text, name, known, arguments, parallel, lines, prefix):
    """The function of this name in the text, compiled. Raises TypeError, with its line, for an operation Numba has not."""
    exec(compile(text, "<compiled>", "exec"), known)
    try:
        return njit(tuple(arguments), error_model="numpy", parallel=parallel)(known[name])
    except Exception as error:  # Numba's are of every kind
        number = error.loc.line if getattr(error, "loc", None) else 1
        left = text.splitlines()[number - 1].split(" = ")[0].strip()
        where = next((x for x, name in lines.names.items() if prefix + name == left), None)
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise lines.refusal("Numba", where, said[min(1, len(said) - 1)]) from None


# ----------------------------------------------------------------------------------------------------- lines around loops


class Assembly:
    """A program as text in which runs may be calls of loops."""

    def __init__(self, lines):
        self.lines, self.groups, self.unwatched = lines, [], watched(lines.graph, lines.inputs)
        for whole, nodes in grouped(lines.graph):
            run = Run(f"_fused{len(self.runs) + 1}", whole, nodes, lines) if whole else None
            self.groups.append((nodes, run))
        for run in self.runs:
            run.watched = [x for x in (*run.given, *run.nodes) if x in self.unwatched]
            self.unwatched.difference_update(run.watched)
        stored = {x for run in self.runs for x in run.stored}
        self.places = {y: f"_out{k}" for k, y in reversed([*enumerate(lines.graph.outputs)]) if y in stored}

    @property
    def runs(self):
        return [run for _, run in self.groups if run]

    def text(self, loops):
        """The program, with those runs as calls that are among `loops`."""
        body = [watching(x, self.lines) for x in self.lines.inputs if x in self.unwatched]
        for nodes, run in self.groups:
            if run in loops:
                body += run.call(self.places)
            else:
                body += [line for x in nodes for line in self.lines.steps[x]]
                body += [watching(x, self.lines) for x in (run.watched if run else nodes) if run or x in self.unwatched]
        names, fresh = [f"_out{k}" for k in range(len(self.lines.results))], {x for run in loops for x in run.stored}
        results = []
        for y, name, text in zip(self.lines.graph.outputs, names, self.lines.results):
            is_own = not y.shape or (y in fresh and self.places[y] == name)
            results.append(text if is_own else f"np.array({text})")
        return self.lines.written(body, results, [f"{name}=None" for name in names])

    def function(self, kinds):
        """The program as a function of values and of arrays for the outputs; of each run's kind: None for NumPy's lines, or
        whether its loop is parallel."""
        loops = {run: kind for run, kind in zip(self.runs, kinds) if kind is not None}
        known = {run.name: run.compiled(parallel) for run, parallel in loops.items()}
        function = self.lines.function(self.text(loops), known | {"np": NUMPY, "_watch": watch})
        is_all_in_loops = len(loops) == len(self.groups)
        return function if is_all_in_loops else raising_where_numpy_warns(function)


def raising_where_numpy_warns(function):
    def call(*arguments):
        with raising():
            return function(*arguments)

    return call


def function_of_numbers(lines):
    """A program of numbers alone, compiled as it is."""
    found = watched(lines.graph, lines.inputs)
    body = [*[line for step in lines.steps.values() for line in step], "_bad = 0.0"]
    body += [f"_bad += 0.0 * {lines.names[x]}" for x in lines.names if x in found]
    body += ["if not _bad == 0.0:", "    raise _UndefinedError"]
    known = {"np": np, "_UndefinedError": UndefinedError}
    return compiled(lines.written(body, lines.results), "program", known, [types.float64] * len(lines.inputs), False, lines, "")


class Plan(NamedTuple):
    """What computes inputs of certain shapes, and of which shapes the outputs then are."""

    function: object
    shapes: list


class Compiled:
    """A program as machine code; see Program.compile."""

    def __init__(self, program):
        program.lines.refuse_opaque("Numba")
        self.program, self.plans, self.functions = program, {}, {}
        self.precisions = [precision(x) for x in program.inputs]
        shapes = {x: x.shape for x in program.graph.nodes}
        self.of_numbers = None
        if not any([x.shape for x in (*shapes, *program.inputs)]):
            self.of_numbers = function_of_numbers(program.lines)
            return
        self.assembly = Assembly(program.lines)
        self.function((False,) * len(self.assembly.runs))
        self.learn([x.shape for x in program.inputs], shapes)

    def __reduce__(self):
        return Compiled, (self.program,)

    def __call__(self, *values, out=None):
        if out is not None:
            check_places(out, len(self.program.graph.outputs))
        try:
            results = self.of_numbers(*values) if self.of_numbers else self.by_plan(values, out)
        except (ArithmeticError, TypeError, ValueError, IndexError):
            results = self.program(*values)
        return results if out is None else put_into(out, results)

    def by_plan(self, values, out):
        values = [x if x.__class__ is float else prepared(x, kind) for x, kind in zip(values, self.precisions, strict=True)]
        shapes = tuple([() if x.__class__ is float else x.shape for x in values])
        plan = self.plans.get(shapes)
        if plan is None:
            found = self.program.sweep(values)
            self.learn(shapes, {x: shape(value) for x, value in found.items()})
            return tuple([owned(found[y]) for y in self.program.graph.outputs])
        return plan.function(*values, *(() if out is None else usable(out, plan.shapes, values)))

    def learn(self, inputs, shapes):
        """Plan for inputs of these shapes, where {node: shape}. In empty arrays errors are hidden: those go another way."""
        kinds = [math.prod(run.sizes(shapes)) > LARGE if run.fits(shapes) else None for run in self.assembly.runs]
        is_empty = any([0 in one for one in shapes.values()])
        function = self.without_places if is_empty else self.function(tuple(kinds))
        if len(self.plans) > 1000:
            self.plans.clear()
        self.plans[tuple(inputs)] = Plan(function, [shapes[y] for y in self.program.graph.outputs])

    def function(self, kinds):
        if kinds not in self.functions:
            self.functions[kinds] = self.assembly.function(kinds)
        return self.functions[kinds]

    def without_places(self, *values_and_places):
        return self.program(*values_and_places[: len(self.precisions)])


def prepared(x, kind):
    """A value as loops take it: a float, or an array that is contiguous, writable and of its input's precision."""
    if x.__class__ is np.ndarray and x.dtype == kind and x.flags.carray and x.ndim:
        return x
    x = accept(x)
    with raising():
        return np.array(x, kind, order="C") if isinstance(x, np.ndarray) else x


def check_places(out, count):
    is_right = isinstance(out, (tuple, list)) and len(out) == count
    if not is_right or any([not isinstance(x, (np.ndarray, type(None))) for x in out]):
        raise ValueError(f"out is a tuple with an array or None for each of the {count} outputs")
    given = [x for x in out if x is not None]
    if any([np.shares_memory(x, y) for i, x in enumerate(given) for y in given[:i]]):
        raise ValueError("two arrays of out overlap")


def usable(out, shapes, values):
    """Of each array in `out`, whether loops can write to it while they read the values: the array or None."""
    if any([x is not None and x.shape != one for x, one in zip(out, shapes)]):
        raise ValueError("an array of out has the wrong shape")  # in which words, put_into knows
    read = [x for x in values if x.__class__ is not float]
    fit = [x is not None and x.ndim > 0 and x.dtype == np.float64 and x.flags.carray for x in out]
    return [x if is_fit and not any([np.may_share_memory(x, y) for y in read]) else None for x, is_fit in zip(out, fit)]


def put_into(out, results):
    """The results, those for which `out` has an array in that array. Nothing is written if one of them is not right."""
    for k, (array, result) in enumerate(zip(out, results)):
        if array is not None:
            if array.shape != np.shape(result):
                raise ValueError(f"out[{k}] has shape {array.shape}, the output has {np.shape(result)}")
            if not np.can_cast(precision(result), array.dtype, "same_kind"):
                raise TypeError(f"out[{k}] holds {array.dtype}, the output is real")
            if not array.flags.writeable:
                raise ValueError(f"out[{k}] is read-only")
    for array, result in zip(out, results):
        if array is not None and array is not result:
            np.copyto(array, result)
    return tuple([result if array is None else array for array, result in zip(out, results)])


# --------------------------------------------------------------------------------------------------- functions within loops


@lru_cache(maxsize=1)
def compiled_plus():
    """Addition, in any order: the only thing in a loop that is not computed exactly as it is written.

    Numba's permission holds for a function as a whole; this one is inlined, and the permission stays with its addition.
    """
    return njit(lambda total, x: total + x, fastmath={"reassoc"})


@lru_cache(maxsize=1)
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
