"""A computation graph as a straight-line program: to be read, run on numbers and arrays, given to SymPy, compiled.

    program = Program([y, *gradient(y, [a, b])], [a, b])
    program.source              Python, one line a node: t1, t2, ... going forward, t2_bar, a_bar, ... going backward
    program(2.0, 3.0)           the outputs, by `math` for floats and by NumPy for arrays
    program.to_sympy()          the outputs as SymPy expressions, entry by entry for arrays
    program.compile()           the same as machine code, by Numba, arrays in parallel loops

Each operation is spelled once, as NumPy has it: np.log(x). An engine is what stands for `np`. An operation that NumPy has no
function for is written out: its own forward rule is applied to nodes.
"""

import ast
import math
import operator
import re
from collections import Counter
from functools import lru_cache
from types import FunctionType, SimpleNamespace

import numpy as np

from autograd_nodes import (
    Add, BroadcastLike, Constant, Divide, Equal, Graph, Index, Matmul, Max, Multiply, Negative, Node, PlaceLike, Power, Reshape,
    ReshapeLike, Square, Stack, Subtract, Sum, SumLike, Variable, _array_checks, _labels, _parameter_key, _real,
)  # fmt: skip

__all__ = ["Program"]


class Program:
    """What computes some nodes from some Variables, as a list of lines.

    outputs   nodes, typically [y, *gradient(y, [a, b])]
    inputs    the Variables that stay open; every other leaf is a constant of the program, with the value it has now
    source    the program as Python

    Equal subexpressions are computed once; what no output needs and multiplications by one are gone. A call takes a value
    for each input, with as many dimensions as the Variable has; sizes may differ, as long as what was broadcast still is and
    nothing else is. It returns a tuple of the outputs: floats, and arrays of their own.

    Raises TypeError if outputs are not nodes or inputs not Variables, ValueError if an input is given twice or no output is.
    A call raises what a graph's sweep does: an ArithmeticError that names the line, ValueError for shapes, NaN and infinity,
    TypeError for what is no number.
    """

    def __init__(self, outputs, inputs):
        if isinstance(outputs, Node) or isinstance(inputs, Node):
            raise TypeError("give the outputs and the inputs as lists: [y], [x]")
        for x in inputs:
            if not isinstance(x, Variable):
                raise TypeError(f"the inputs of a program are Variables, not {type(x).__name__}")
        if len(set(inputs)) < len(inputs):
            raise ValueError("an input is given twice")
        graph = Graph(*outputs)
        graph._refresh()
        simplified = _Simplified(graph, inputs)
        self._inputs, self._graph = simplified.inputs, Graph(*simplified.outputs)
        self._shapes = [x.shape for x in self._inputs]
        self._lines = _Lines(self._graph, self._inputs, simplified.details)
        self._graph._labels = self._lines.labels
        self.source = self._lines.source
        self._by_numpy, self._by_math = self._lines.function(np), None
        if self._graph._scalar and not any(self._shapes) and self._lines.functions <= vars(_MATH).keys():
            self._by_math = self._lines.function(_MATH)

    def __repr__(self):
        return f"Program({', '.join([self._lines.labels[x] for x in self._inputs])}) of {len(self._lines.statements)} lines"

    def __reduce__(self):
        return _program, (self._graph, self._inputs)

    def __call__(self, *values):
        try:
            if self._by_math is None or any([x.__class__ is not float for x in values]):
                values = self._accepted(values)
            if self._by_math is None:
                with _array_checks():
                    return tuple([_own(y) for y in self._by_numpy(*values)])
            results = self._by_math(*values)
            if all([y.__class__ is float and math.isfinite(y) for y in results]):
                return results
        except (ArithmeticError, ValueError):  # math raises ValueError outside a function's domain
            pass
        results = self._sweep(self._accepted(values))
        return tuple([_own(results[place]) for place in self._graph._outputs_at])

    def _accepted(self, values):
        """The values as leaves hold them, if there is one for each input and they broadcast as the inputs do."""
        values = [_real(x) for x in values]
        self._check_shapes([getattr(x, "shape", ()) for x in values])
        return values

    def _check_shapes(self, shapes):
        if len(shapes) != len(self._inputs):
            raise TypeError(f"the program has {len(self._inputs)} inputs; {len(shapes)} values are given")
        sizes = {1: {1}}
        for shape, made in zip(shapes, self._shapes):
            if len(shape) != len(made):
                raise ValueError(f"a program made for shapes {self._shapes} cannot take {list(shapes)}")
            for size, old in zip(shape, made):
                sizes.setdefault(old, set()).add(size)
        if any([1 in now and len(now) > 1 for now in sizes.values()]):
            raise ValueError(f"shapes {list(shapes)} do not broadcast as {self._shapes} do, for which the program was made")

    def _sweep(self, values):
        """The value of each node, by the graph's forward sweep, whose errors name the node."""
        for x, value in zip(self._inputs, values):
            x._value = value
        return self._graph._values()

    def to_sympy(self):
        """The outputs as SymPy expressions, arrays as object arrays of them. The inputs are symbols, named as in `source`; the
        entries of an array x are sympy.IndexedBase("x")[0], sympy.IndexedBase("x")[1], ...

        Raises TypeError, naming the line, for an operation that SymPy has no function for.
        """
        engine = _SymPy()
        self._lines.refuse_opaque("SymPy")
        symbols = [engine.symbols(self._lines.labels[x], x.shape) for x in self._inputs]
        try:
            outputs = self._lines.function(engine)(*symbols)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._lines.refusal("SymPy", self._lines.where(error), error) from None
        return tuple([engine.exact(y) for y in outputs])

    def compile(self):
        """The program as machine code: a callable that takes the same values and, as `out`, None or a tuple that has for each
        output an array to write it to, or None. It returns a tuple of the outputs, among them the arrays given as `out`.

        Elementwise operations and sums run in common loops, in parallel threads where arrays are large. If an output is not
        finite, the program itself is run, whose errors name the line.

        Raises TypeError, naming the line, for an operation that Numba does not know. Needs Numba, and SciPy for products of
        matrices.
        """
        return _Compiled(self)


def _program(graph, inputs):
    return Program(graph.outputs, inputs)


def _own(value):
    """A result that nobody else holds: a float, or a writable array."""
    if np.iscomplexobj(value) or not np.isfinite(value).all():
        raise FloatingPointError("the result is not a finite real number")
    return np.array(value) if isinstance(value, np.ndarray) and value.ndim else float(value)


# --------------------------------------------------------------------------------------------- simplification


class _Simplified:
    """The graph of a program, in nodes of its own.

    Broadcasting stays implicit: an operand is not expanded before an operation that broadcasts it anyway. `new` maps each old
    node to a new one, which may be narrower; `like` then names an old node of the full shape, for when it has to be expanded.
    `details` are the inner nodes of operations that are written out.
    """

    def __init__(self, graph, inputs):
        self.inputs = [Variable(x.value, x.name) for x in inputs]
        self.new, self.like, self.known, self.details = dict(zip(inputs, self.inputs)), {}, {}, set()
        nodes = [x for x in graph.nodes if x not in self.new]
        for node in nodes:
            self.new[node] = self.operation(node) if node.inputs else self.constant(node.value, node.name)
        plain = {self.new[node] for node in nodes if node.adjoint_of is None}
        self.details -= plain
        for node in nodes:
            if node.adjoint_of in self.new and self.new[node].adjoint_of is None and self.new[node] not in plain:
                self.new[node].adjoint_of = self.new[node.adjoint_of]
        self.outputs = [self.full(y) for y in graph.outputs]

    def operation(self, node):
        operation, operands = type(node), node.inputs
        if operation is BroadcastLike and _precision(self.new[operands[0]]) in (None, _precision(node)):
            self.like[node] = self.like.get(operands[1], operands[1])
            return self.new[operands[0]]
        if _is_elementwise(operation):
            whole = next((x for x in operands if x.shape == node.shape), None)
            if whole is not None:
                narrow = [self.new[x] for x in operands]
                if np.broadcast_shapes(*[x.shape for x in narrow]) != node.shape:
                    self.like[node] = self.like.get(whole, whole)
                return self.made(operation, narrow, node.parameters)
        return self.made(operation, [self.full(x) for x in operands], node.parameters)

    def full(self, node):
        """The new node in the old one's shape."""
        new = self.new[node]
        return new if new.shape == node.shape else self.once(BroadcastLike, [new, self.new[self.like[node]]], {})

    def constant(self, value, name=None):
        key = (name, value) if value.__class__ is float else id(value)
        return self.known.setdefault(key, Constant(value, name))

    def once(self, operation, operands, parameters):
        key = operation, *map(id, operands), *map(_parameter_key, sorted(parameters.items()))
        if key not in self.known:
            self.known[key] = operation(*operands, **parameters)
        return self.known[key]

    def made(self, operation, operands, parameters):
        """The operation on new operands, or what is the same: a constant, an operand, what is known already, a formula."""
        if not any([x.active for x in operands]):
            return self.constant(operation(*operands, **parameters).value)
        values = [x.value if isinstance(x, Constant) and x.name is None and not x.shape else None for x in operands]
        if (operation is Multiply and 1.0 in values) or (operation is Add and 0.0 in values):
            return operands[values.index(1.0 if operation is Multiply else 0.0) - 1]
        if (operation is Divide and values[1] == 1.0) or (operation is Subtract and values[1] == 0.0):
            return operands[0]
        if operation is Multiply and -1.0 in values:
            return self.once(Negative, [operands[values.index(-1.0) - 1]], {})
        if operation is SumLike and not operands[1].shape:
            return self.once(Sum, operands[:1], Sum._defaults)
        if operation in _SPELLING or _has_numpy_function(operation):
            return self.once(operation, operands, parameters)
        return self.written_out(operation, operands, parameters)

    def written_out(self, operation, operands, parameters):
        """The operation as its own forward rule makes it of others; as it is, if that rule is no formula."""
        stand_ins = [Variable(x.value) for x in operands]
        try:
            formula = operation.forward(*stand_ins, **parameters)
            steps = Graph(formula).nodes
        except (TypeError, ValueError, AttributeError, IndexError, ArithmeticError):
            steps = [None]
        if any([x is None or type(x) is operation for x in steps]):
            return self.once(operation, operands, parameters)
        new = dict(zip(stand_ins, operands))
        for x in steps:
            if x not in new:
                inputs = [new[y] for y in x.inputs]
                new[x] = self.made(type(x), inputs, x.parameters) if inputs else self.constant(x.value, x.name)
                self.details.add(new[x])
        return new[formula]


def _precision(node):
    return getattr(node.value, "dtype", None)


def _is_elementwise(operation):
    return _has_numpy_function(operation) and isinstance(operation.function, np.ufunc) and operation.function.signature is None


def _has_numpy_function(operation):
    """Whether NumPy's function is what it computes. (A subclass inherits the function, but may have another forward rule.)"""
    return vars(operation).get("function") is not None and getattr(np, operation.function.__name__, None) is operation.function


# --------------------------------------------------------------------------------------------------- spelling

_SPELLING = {  # what is not spelled np.function(x, y, parameter=...)
    Add: "({} + {})", Subtract: "({} - {})", Multiply: "({} * {})", Divide: "({} / {})", Matmul: "({} @ {})",
    Power: "({} ** {})", Square: "({} ** 2)", Negative: "(-{})", Equal: "(1.0 * np.equal({}, {}))",
    BroadcastLike: "np.broadcast_to({}, np.shape({}))", ReshapeLike: "np.reshape({}, np.shape({}))",
    Index: "{}[{index}]", PlaceLike: "np.zeros_like({1})",
}  # fmt: skip


def _spelled(node, operands):
    """A node's operation on operands that are spelled already, as text."""
    operation, parameters = type(node), node.parameters
    if operation in _SPELLING:
        return _SPELLING[operation].format(*operands, index=_index_text(parameters.get("index", ())))
    if operation is Stack:
        operands = [f"({', '.join(operands)},)"]
    changed = [f"{key}={value!r}" for key, value in parameters.items() if value is not None and value is not False]
    return f"np.{operation.function.__name__}({', '.join([*operands, *changed])})"


def _index_text(index):
    def text(item):
        if not isinstance(item, slice):
            return "..." if item is ... else repr(item)
        start, stop, step = ["" if part is None else str(part) for part in (item.start, item.stop, item.step)]
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"

    items = index if isinstance(index, tuple) else (index,)
    return ", ".join(map(text, items)) or "()"


# ------------------------------------------------------------------------------------------------------- lines


class _Lines:
    """The operations of a graph as Python, in the order of evaluation.

    Those of the forward sweep are t1, t2, ...; an adjoint is named after what it is the adjoint of. What is neither and is used
    only once stands in the line that uses it, if it is short.
    """

    LONGEST = 60  # letters of a formula that stands within another

    def __init__(self, graph, inputs, details):
        self.inputs, self.outputs = inputs, graph.outputs
        self.constants = [x for x in graph.nodes if isinstance(x, Constant) and (x.shape or x.name is not None)]
        self.labels, self.opaque, self.statements = _labels([*inputs, *self.constants]), {}, {}
        steps = [x for x in graph.nodes if x.inputs]
        adjoints = Counter([x.adjoint_of for x in steps if x.adjoint_of is not None])
        results = [y for y in graph.outputs if y.adjoint_of is None]
        forward = {*Graph(*results, *adjoints).nodes} - details if results or adjoints else set()
        numbered = [x for x in steps if x in forward and adjoints.get(x.adjoint_of, 2) > 1]
        self.labels |= {x: f"t{i}" for i, x in enumerate(numbered, 1)}
        for x in steps:
            if adjoints.get(x.adjoint_of) == 1 and x.adjoint_of in self.labels:
                self.labels[x] = f"{self.labels[x.adjoint_of]}_bar"
        self.texts = {x: f"({x.value!r})" for x in graph.nodes if not (x.inputs or x.shape)} | self.labels
        uses, count = Counter([x for step in steps for x in step.inputs] + [*graph.outputs] * 2), len(numbered)
        for x in steps:
            text = self.spelled(x)
            if x not in self.labels and uses[x] == 1 and len(text) <= self.LONGEST and type(x) is not PlaceLike:
                self.texts[x] = text
                continue
            if x not in self.labels:
                count += 1
                self.labels[x] = f"t{count}"
            label = self.texts[x] = self.labels[x]
            placed = [f"{label}[{_index_text(**x.parameters)}] = {self.texts[x.inputs[0]]}"] if type(x) is PlaceLike else []
            self.statements[x] = [_tidy(statement) for statement in (f"{label} = {text}", *placed)]
        self.line_of = {x: x for x in self.statements}
        for x in reversed(steps):
            for operand in x.inputs:  # what stands within a line shares its label
                self.labels.setdefault(operand, self.labels[x])
                self.line_of.setdefault(operand, self.line_of[x])
        self.source = self.written(forward)
        self.functions = set(re.findall(r"\bnp\.(\w+)", self.source))

    def spelled(self, node):
        operands = [self.texts[x] for x in node.inputs]
        if type(node) in _SPELLING or _has_numpy_function(type(node)):
            return _spelled(node, operands)
        name = f"v{len(self.labels) + len(self.opaque) + 1}"
        self.opaque[name] = node
        return f"{name}({', '.join(operands)})"

    def written(self, forward):
        about = [f"# {self.labels[x]}: an array of shape {x.shape}" for x in self.constants if x.shape]
        about += [f"# {name}: the forward rule of {type(node).__name__!r}" for name, node in self.opaque.items()]
        body = [f"{self.labels[x]} = {x.value!r}" for x in self.constants if not x.shape]
        turn = next((x for x in self.statements if x not in forward), None)
        for x, statements in self.statements.items():
            body += ["# backward"] * (x is turn and bool(forward)) + statements
        results = [_tidy(self.texts[y]) for y in self.outputs]
        body.append(f"return {', '.join(results)}" if len(results) > 1 else f"return ({results[0]},)")
        head = f"def program({', '.join([self.labels[x] for x in self.inputs])}):"
        return "\n".join([*about, head, *[f"    {statement}" for statement in body]]) + "\n"

    def function(self, engine):
        """The program, with `engine` for np."""
        names = {"np": engine} | {self.labels[x]: x.value for x in self.constants if x.shape}
        names |= {name: lambda *x, node=node: node.forward(*x, **node.parameters) for name, node in self.opaque.items()}
        made = {}
        exec(compile(self.source, "<program>", "exec"), made)
        return FunctionType(made["program"].__code__, names)

    def where(self, error):
        """The line of the source that an error comes from."""
        trace, number = error.__traceback__, 1
        while trace is not None:
            number = trace.tb_lineno if trace.tb_frame.f_code.co_filename == "<program>" else number
            trace = trace.tb_next
        return self.source.splitlines()[number - 1].strip()

    def refuse_opaque(self, engine):
        for node in self.opaque.values():
            raise self.refusal(engine, self.statements[self.line_of[node]][0], f"{type(node).__name__!r} is no formula")

    @staticmethod
    def refusal(engine, line, reason):
        return TypeError(f"{engine} cannot compute {line}: {reason}")


def _tidy(statement):
    """Without the parentheses that need not be."""
    return ast.unparse(ast.parse(statement))


# ----------------------------------------------------------------------------------------------------- engines

_ELEMENTARY = """sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh
                 arcsin arccos arctan arcsinh arccosh arctanh"""
_MATH = SimpleNamespace(maximum=max, minimum=min, absolute=abs, equal=operator.eq)
vars(_MATH).update({name: getattr(math, name.replace("arc", "a")) for name in _ELEMENTARY.split()})


class _SymPy:
    """np for arrays of SymPy's expressions: NumPy's own functions of shapes, SymPy's of numbers."""

    NAMES = {"maximum": "Max", "minimum": "Min", "absolute": "Abs"}

    def __init__(self):
        import sympy

        self.sympy = sympy
        self.equal = np.frompyfunc(lambda x, y: sympy.Piecewise((1, sympy.Eq(x, y)), (0, True)), 2, 1)

    def __getattr__(self, name):
        function = getattr(np, name)
        if function is np.max:
            return lambda x, **axes: np.frompyfunc(self.sympy.Max, 2, 1, identity=None).reduce(x, **{"axis": None} | axes)
        if not isinstance(function, np.ufunc):
            return function
        known = getattr(self.sympy, self.NAMES.get(name, name.replace("arc", "a")))
        return np.frompyfunc(known, function.nin, function.nout)

    def symbols(self, label, shape):
        if not shape:
            return self.sympy.Symbol(label)
        symbols, base = np.empty(shape, dtype=object), self.sympy.IndexedBase(label)
        for at in np.ndindex(shape):
            symbols[at] = base[at]
        return symbols

    def exact(self, y):
        """With whole numbers and binary fractions for the floats that are such."""
        if isinstance(y, np.ndarray):
            return np.frompyfunc(self.exact, 1, 1)(y)
        y = self.sympy.sympify(y)
        fractions = {x: self.sympy.Rational(x) for x in y.atoms(self.sympy.Float)}
        return y.xreplace({x: fraction for x, fraction in fractions.items() if fraction.q <= 1024})


# ------------------------------------------------------------------------------------------------ machine code


class _RunUncompiledError(Exception):
    """An output of compiled code is NaN or infinite, or a size is not what it was compiled for."""


class _Compiled:
    """A program as machine code: one kernel for each pattern of equal sizes, and for small and for large arrays."""

    LARGE = 1 << 15  # elements from which threads pay

    def __init__(self, program):
        self.program, self.kernels, self.seen = program, {}, {}
        outputs = program._graph.outputs
        self.captured = [np.array(x.value, np.float64) for x in program._lines.constants if x.shape]
        self.nothing = {k: np.empty((0,) * len(y.shape)) for k, y in enumerate(outputs) if y.shape}  # for: make an array
        self.narrow = {k: y.value.dtype for k, y in enumerate(outputs) if y.shape and y.value.dtype != np.float64}
        kernel = self.kernel(tuple(program._shapes), [x.value for x in program._inputs])
        self.of_scalars = None if any(program._shapes) or self.nothing or self.captured else kernel

    def __reduce__(self):
        return _Compiled, (self.program,)

    def __call__(self, *values, out=None):
        arrays = self.nothing if out is None else self.usable(out, values)
        try:
            if self.of_scalars:
                results = self.of_scalars(*values)
            else:
                plain = [x if x.__class__ is float else _plain(x) for x in values]
                shapes = tuple([() if x.__class__ is float else x.shape for x in plain])
                kernel = self.seen.get(shapes) or self.kernel(shapes, plain)
                results = kernel(*plain, *self.captured, *arrays.values())
        except (_RunUncompiledError, TypeError, ValueError):
            results = self.program(*values)
        return results if out is None and not self.narrow else self.into(out, results)

    def usable(self, out, values):
        """The arrays of `out` that a kernel can write to while it reads the values, and nothing for the others."""
        outputs = len(self.program._graph.outputs)
        is_right = isinstance(out, (tuple, list)) and len(out) == outputs
        if not is_right or any([not isinstance(x, (np.ndarray, type(None))) for x in out]):
            raise ValueError(f"out is a tuple with an array or None for each of the {outputs} outputs")
        usable, taken = dict(self.nothing), [x for x in (*values, *self.captured) if isinstance(x, np.ndarray)]
        for k, empty in self.nothing.items():
            if out[k] is None:
                continue
            if any([np.may_share_memory(out[k], x) for x in out[:k] if x is not None]):
                raise ValueError("two arrays of out overlap")
            if out[k].dtype == np.float64 and out[k].ndim == empty.ndim and out[k].flags.carray and k not in self.narrow:
                usable[k] = empty if any([np.may_share_memory(out[k], x) for x in taken]) else out[k]
        return usable

    def into(self, out, results):
        """The results in their own precision, those for which `out` has an array in that array."""
        results = [x.astype(self.narrow[k]) if k in self.narrow else x for k, x in enumerate(results)]
        for k, array in enumerate(out or ()):
            if array is not None:
                if array.shape != np.shape(results[k]):
                    raise ValueError(f"out[{k}] has shape {array.shape}, the output has {np.shape(results[k])}")
                if not np.may_share_memory(array, results[k]):
                    np.copyto(array, results[k])
                results[k] = array
        return tuple(results)

    def kernel(self, shapes, values):
        """The kernel for values of these shapes, compiled if no other has had their pattern."""
        large = any([math.prod(shape) > self.LARGE for shape in shapes])
        pattern = _pattern(shapes), large
        if pattern not in self.kernels:
            self.program._check_shapes(shapes)
            self.kernels[pattern] = self.compiled(shapes, [np.shape(x) for x in self.program._sweep(values)], large)
        if len(self.seen) > 1000:
            self.seen.clear()
        self.seen[shapes] = self.kernels[pattern]
        return self.kernels[pattern]

    def compiled(self, shapes, all_shapes, large):
        from numba import njit, types
        from numba.core.errors import NumbaError

        self.program._lines.refuse_opaque("Numba")
        kernel = _Kernel(self.program._lines, self.program._graph, all_shapes)
        arguments = [*shapes, *[x.shape for x in (*self.captured, *self.nothing.values())]]
        signature = [types.Array(types.float64, len(shape), "C") if shape else types.float64 for shape in arguments]
        options = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp"}, "parallel": large}
        try:
            return njit(tuple(signature), **options)(kernel.function())
        except NumbaError as error:
            raise kernel.refusal(error) from None


def _pattern(shapes):
    """The shapes with their sizes numbered: what two calls have in common that can run the same kernel."""
    numbers = {1: 1}
    return tuple([tuple([numbers.setdefault(size, -len(numbers)) for size in shape]) for shape in shapes])


def _plain(x):
    """A value as compiled code takes it: a float, or an array of float64, contiguous and writable."""
    if x.__class__ is np.ndarray and x.dtype == np.float64 and x.flags.carray and x.ndim:
        return x
    x = _real(x)
    return np.array(x, np.float64, order="C") if isinstance(x, np.ndarray) else x


class _Kernel:
    """A program in loops, as Python for Numba.

    What is elementwise and of one shape runs in one loop, with the sums over it, as far as nothing in it waits for such a sum:
    `level` counts these waits. Within a loop values are scalars e1, e2, ...; arrays n1, n2, ... are made only of what is needed
    elsewhere. Sums are added up block by block, which keeps their rounding errors small. All else is a statement of its own.
    """

    BLOCK = 4096  # elements

    def __init__(self, lines, graph, shapes):
        self.graph, self.lines, self.text, self.depth, self.nodes_at = graph, lines, [], 1, []
        self.at = {x: i for i, x in enumerate(graph.nodes)}
        self.shape = dict(zip(graph.nodes, shapes))
        self.outputs, self.users = set(graph.outputs), {x: [] for x in graph.nodes}
        for x in graph.nodes:
            for operand in x.inputs:
                self.users[operand].append(x)
        self.arguments = [*[f"n{self.at[x]}" if x in self.at else f"unused{i}" for i, x in enumerate(lines.inputs)]]
        self.arguments += [f"n{self.at[x]}" for x in lines.constants if x.shape]
        self.place = {}  # output array: its argument
        for k, y in enumerate(graph.outputs):
            if self.shape[y]:
                self.arguments.append(f"o{k}")
                if y.inputs:
                    self.place.setdefault(y, f"o{k}")
        self.write()

    def write(self):
        self.place_nodes()
        self.line("bad = 0.0")
        for key in sorted(self.contents):
            nodes, shape = self.contents[key], key[-1]
            if shape is None:
                self.statement(*nodes)
            elif shape == ():
                for x in nodes:
                    self.line(f"n{self.at[x]} = {_spelled(x, [self.name(y) for y in x.inputs])}", x)
            else:
                self.loop(nodes, shape)
        self.finish()

    def place_nodes(self):
        """Where each operation is computed, as (level, order, shape of the loop); None for the shape of a statement of its own.

        Within a level statements come first, then scalars, then loops, those before that may be broadcast in the others.
        """
        self.key, level = {}, {}
        for x in self.graph.nodes:
            below = max([level[y] for y in x.inputs], default=0)
            level[x] = below + (bool(x.inputs) and not _runs_in_loops(x))
            if _is_full_sum(x):
                shape = self.shape[x.inputs[0]]
                self.key[x] = below, (1, sum([size != 1 for size in shape]), len(shape)), shape
            elif _runs_in_loops(x):
                shape = self.shape[x]
                self.key[x] = level[x], (1, sum([size != 1 for size in shape]), len(shape)), shape
            elif x.inputs:
                self.key[x] = level[x], (0, self.at[x]), None
        self.contents = {}
        for x, key in self.key.items():
            self.contents.setdefault(key, []).append(x)

    def line(self, text, node=None):
        self.text.append("    " * self.depth + text)
        self.nodes_at.append(node)

    def each(self, template, nodes):
        for x in nodes:
            self.line(template.format(self.at[x]), x)

    def name(self, node):
        return f"({node.value!r})" if isinstance(node, Constant) and not node.shape else f"n{self.at[node]}"

    # ------------------------------------------------------------------------------------- loops

    def loop(self, nodes, shape):
        inside, sums = set(nodes), [x for x in nodes if isinstance(x, Sum)]
        made = [x for x in nodes if not isinstance(x, Sum)]
        arrays = list(dict.fromkeys([y for x in nodes for y in x.inputs if self.shape[y] and y not in inside]))
        stored = [x for x in made if x in self.outputs or any([self.key[user] != self.key[x] for user in self.users[x]])]
        sizes = self.sizes(arrays, shape)
        self.allocate(stored, sizes)
        self.each("n{} = 0.0", sums)
        in_blocks = all([self.shape[y] == shape for y in arrays])
        element = self.begin_blocks([*arrays, *stored], sizes) if in_blocks else self.begin_rows(sizes, shape)
        self.each("s{} = 0.0", sums)
        self.line("w = 0.0")
        outer = self.depth
        for index, size in [("i", "count")] if in_blocks else [(f"i{k}", size) for k, size in enumerate(sizes) if k]:
            self.line(f"for {index} in range({size}):")
            self.depth += 1
        read = {y for x in nodes for y in (x.inputs[:1] if isinstance(x, BroadcastLike) else x.inputs)}
        for y in [y for y in arrays if y in read]:
            self.line(f"e{self.at[y]} = {element(y)}")
        for x in made:
            operands = [f"e{self.at[y]}" if self.shape[y] else self.name(y) for y in x.inputs]
            self.line(f"e{self.at[x]} = {operands[0] if isinstance(x, BroadcastLike) else _in_loop(x, operands)}", x)
        for x in stored:
            self.line(f"{element(x)} = e{self.at[x]}")
        for x in sums:
            self.line(f"s{self.at[x]} += e{self.at[x.inputs[0]]}")
        self.each("w += 0.0 * e{}", [x for x in stored if x in self.outputs])
        self.depth = outer
        self.each("n{0} += s{0}", sums)
        self.line("bad += w")
        self.depth = 1

    def allocate(self, stored, sizes):
        for x in stored:
            n, fresh, given = f"n{self.at[x]}", f"np.empty(({', '.join(sizes)},))", self.place.get(x)
            self.line(f"{n} = {given} if {given}.size else {fresh}" if given else f"{n} = {fresh}")
            if given:
                self.demand([f"{n}.shape[{k}] == {size}" for k, size in enumerate(sizes)])

    def sizes(self, arrays, shape):
        """How the kernel writes the sizes of a loop, having checked that its arrays have them."""
        sizes, demands = [None] * len(shape), []
        for y in arrays:
            for k, axis in enumerate(range(len(shape) - len(self.shape[y]), len(shape))):
                here = f"n{self.at[y]}.shape[{k}]"
                if self.shape[y][k] != shape[axis]:
                    demands.append(f"{here} == 1")
                elif sizes[axis] is None:
                    sizes[axis] = here
                else:
                    demands.append(f"{here} == {sizes[axis]}")
        self.demand(demands)
        return sizes

    def demand(self, conditions):
        if conditions:
            self.line(f"if not ({' and '.join(conditions)}): raise RunUncompiled")

    def begin_blocks(self, arrays, sizes):
        """A loop over blocks of arrays of the same shape; returns how an element is written in it."""
        self.line(f"size = {' * '.join(sizes)}")
        self.line(f"for block in prange((size + {self.BLOCK - 1}) // {self.BLOCK}):")
        self.depth += 1
        self.line(f"start = block * {self.BLOCK}")
        self.line(f"count = min({self.BLOCK}, size - start)")
        self.each("b{0} = n{0}.reshape(-1)[start : start + count]", arrays)
        return lambda y: f"b{self.at[y]}[i]"

    def begin_rows(self, sizes, shape):
        """A loop over the first axis of arrays, some of which are broadcast; returns how an element is written in it."""
        self.line(f"for i0 in prange({sizes[0]}):")
        self.depth += 1

        def element(y):
            axes = enumerate(self.shape[y], len(shape) - len(self.shape[y]))
            return f"n{self.at[y]}[{', '.join([f'i{k}' if size == shape[k] else '0' for k, size in axes])}]"

        return element

    # ------------------------------------------------------------------------------------- statements

    def statement(self, x):
        """What is not elementwise, as Numba has it; arrays are made contiguous."""
        operands, n = [self.name(y) for y in x.inputs], f"n{self.at[x]}"
        first, shape = operands[0], self.shape[x.inputs[0]]
        if isinstance(x, (Sum, Max)):
            text = self.reduced(x, n, first, len(shape), **x.parameters)
        elif isinstance(x, Stack) and not shape:
            text = f"np.array([{', '.join(operands)}])"
        elif isinstance(x, (Reshape, ReshapeLike)) and not (shape and x.shape):
            text = f"np.full({x.shape}, {first})" if x.shape else f"{first}.reshape(-1)[0]"
        else:
            text = _spelled(x, operands)
        self.line(f"{n} = np.ascontiguousarray({text})" if x.shape else f"{n} = {text}", x)
        if isinstance(x, PlaceLike):
            self.line(f"{n}[{_index_text(**x.parameters)}] = {first}", x)

    def reduced(self, x, n, operand, ndim, axis, keepdims):
        """A sum or maximum over some axes, one after the other, slice by slice; what it is then called."""
        axes = range(ndim) if axis is None else sorted({k % ndim for k in np.ravel(axis).tolist()})
        if len(axes) == ndim:
            whole = f"np.{x.function.__name__}({operand})" if ndim else operand
            return f"np.full({(1,) * ndim}, {whole})" if keepdims and ndim else whole
        for left, k in enumerate(reversed(axes)):
            part = "{0}[" + ":, " * k + "{1}" + ", :" * (ndim - left - k - 1) + "]"
            self.demand([f"{operand}.shape[{k}] > 0"])
            self.line(f"{n}_{k} = {part.format(operand, 0)}.copy()", x)
            self.line(f"for k in range(1, {operand}.shape[{k}]):")
            function = "np.add" if isinstance(x, Sum) else "np.maximum"
            self.line(f"    {n}_{k}[...] = {function}({n}_{k}, {part.format(operand, 'k')})", x)
            operand = f"{n}_{k}"
        return f"{operand}[{', '.join(['None' if k in axes else ':' for k in range(ndim)])}]" if keepdims else operand

    def finish(self):
        results = []
        for k, y in enumerate(self.graph.outputs):
            name = self.name(y)
            if not self.shape[y]:
                self.line(f"bad += 0.0 * {name}")
            elif self.place.get(y) != f"o{k}" or self.key[y][-1] is None:
                self.line(f"r{k} = o{k} if o{k}.size else np.empty({name}.shape)")
                self.demand([f"r{k}.shape[{axis}] == {name}.shape[{axis}]" for axis in range(len(self.shape[y]))])
                self.line(f"r{k}[...] = {name}")
                self.line(f"bad += np.sum(0.0 * r{k})")
                name = f"r{k}"
            results.append(name)
        self.demand(["bad == 0.0"])
        self.line(f"return ({', '.join(results)},)")

    @property
    def source(self):
        return "\n".join([f"def kernel({', '.join(self.arguments)}):", *self.text]) + "\n"

    def function(self):
        from numba import prange

        names = {"np": np, "prange": prange, "log": _compiled_log(), "RunUncompiled": _RunUncompiledError}
        exec(compile(self.source, "<kernel>", "exec"), names)
        return names["kernel"]

    def refusal(self, error):
        """Numba's error as one that names the line."""
        node = self.nodes_at[error.loc.line - 2] if getattr(error, "loc", None) else None
        line = "this program" if node is None else self.lines.statements[self.lines.line_of[node]][0]
        return self.lines.refusal("Numba", line, str(error).strip().splitlines()[1])


def _runs_in_loops(node):
    return _is_elementwise(type(node)) or isinstance(node, BroadcastLike)


def _is_full_sum(node):
    """Whether this is the sum of all elements of an array, as a number."""
    return isinstance(node, Sum) and not node.shape and bool(node.inputs[0].shape) and not node.parameters["keepdims"]


def _in_loop(node, operands):
    return f"log({operands[0]})" if node.function is np.log else _spelled(node, operands)


@lru_cache(maxsize=1)
def _compiled_log():
    """The natural logarithm without a branch or a call, so that loops with it are vectorised, as those with Numba's are not.

    x = 2^k (1 + f) with 1 + f between 1/√2 and √2, and log(1 + f) by a polynomial in s = f / (2 + f): the method and the
    coefficients of FreeBSD's e_log.c, whose error is below 1 unit in the last place.
    """
    from numba import njit

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
