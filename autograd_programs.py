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
import pickle
import re
from collections import Counter
from functools import lru_cache
from types import FunctionType, SimpleNamespace

import numpy as np

from autograd_nodes import (
    Add, BroadcastLike, Constant, Cos, Divide, Equal, Graph, Index, Log, Matmul, Max, Multiply, Negative, Node, PlaceLike,
    Power, Reshape, ReshapeLike, Sin, Sqrt, Square, Stack, Subtract, Sum, SumLike, Transpose, Variable, _array_checks, _axes,
    _index_text, _labels, _parameter_key, _real, _shape,
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
    A call raises an ArithmeticError that names the line where an output would not be finite, ValueError or IndexError for
    shapes, ValueError for NaN and infinity, TypeError for what is no number. A scalar that is infinite only on the way to
    finite outputs passes.
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
        self._set_up(Graph(*simplified.outputs), simplified.inputs, simplified.details, simplified.opaque)

    def _set_up(self, graph, inputs, details, opaque):
        self._graph, self._inputs = graph, inputs
        self._lines = _Lines(graph, inputs, details, opaque)
        self._graph._labels = self._lines.labels
        self.source = self._lines.source
        at = {x: i for i, x in enumerate(graph.nodes)}
        self._places = [at.get(x) for x in inputs]
        shapes = tuple([x.shape for x in inputs])
        self._stretched, self._fitting = self._broadcast([x.shape for x in graph.nodes]), {shapes}
        shown = _shown(graph)
        self._masked = [i for i, x in enumerate(inputs) if x not in shown]
        self._by_numpy = None if _may_be_complex(graph) else self._lines.function(np)
        is_scalar = graph._scalar and not any(shapes) and self._lines.functions <= vars(_MATH).keys()
        self._by_math = self._lines.function(_MATH) if is_scalar and self._by_numpy else None

    def __repr__(self):
        return f"Program({', '.join([self._lines.labels[x] for x in self._inputs])}) of {len(self._lines.statements)} lines"

    def __reduce__(self):
        sets = self._lines.details, self._lines.opaque
        places = [[i for i, x in enumerate(self._graph.nodes) if x in nodes] for nodes in sets]
        return _program, (self._graph, self._inputs, *places)

    def __call__(self, *values):
        try:
            if self._by_math is None or any([x.__class__ is not float for x in values]):
                values = self._accepted(values)
            if self._by_math is not None:
                results = self._by_math(*values)
                hidden = [values[i] for i in self._masked]
                if all([x.__class__ is float and math.isfinite(x) for x in (*results, *hidden)]):
                    return results
            elif self._by_numpy is not None and tuple(map(_shape, values)) in self._fitting:
                with _array_checks():
                    return tuple([_own(y) for y in self._by_numpy(*values)])
        except (ArithmeticError, ValueError, IndexError):  # math raises ValueError outside a function's domain
            pass
        results = self._sweep(self._accepted(values))
        return tuple([_own(results[place]) for place in self._graph._outputs_at])

    def _accepted(self, values):
        """The values as leaves hold them, if there is one for each input, of as many dimensions."""
        values = [_real(x) for x in values]
        if len(values) != len(self._inputs):
            raise TypeError(f"the program has {len(self._inputs)} inputs; {len(values)} values are given")
        if [len(_shape(x)) for x in values] != [len(x.shape) for x in self._inputs]:
            shapes = [x.shape for x in self._inputs], [_shape(x) for x in values]
            raise ValueError("a program made for shapes {} cannot take {}".format(*shapes))
        return values

    def _sweep(self, values):
        """The value of each node, by the graph's forward sweep, whose errors name the node.

        Raises ValueError for sizes that are broadcast otherwise than those for which the gradients were built.
        """
        results = self._graph._values([(place, x) for place, x in zip(self._places, values) if place is not None])
        shapes = tuple(map(_shape, values))
        if shapes not in self._fitting:
            if not self._fits([_shape(x) for x in results]):
                made = [x.shape for x in self._inputs]
                raise ValueError(f"shapes {list(shapes)} do not broadcast as {made} do, for which the program was made")
            self._fitting.add(shapes)
        return results

    def _broadcast(self, shapes):
        """For each axis of each operand of elementwise operations, whether it is stretched; None where that changes nothing."""
        at, found = dict(zip(self._graph.nodes, shapes)), []
        for node in self._graph.nodes:
            if node.inputs and _is_elementwise(type(node)):
                for x in node.inputs:
                    own = (1,) * (len(at[node]) - len(at[x])) + at[x]
                    found += [None if size == 1 else mine == 1 for mine, size in zip(own, at[node])]
        return found

    def _fits(self, shapes):
        """Whether the program is right for these shapes of its nodes: what is stretched was, and what had size 1 still has."""
        now = self._broadcast(shapes)
        larger = [m > n == 1 for new, x in zip(shapes, self._graph.nodes) for m, n in zip(new, x.shape)]
        return not any(larger) and all([a is None or a == b for a, b in zip(now, self._stretched)])

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


def _program(graph, inputs, *places):
    """A program from its parts, as pickles have them."""
    program = Program.__new__(Program)
    program._set_up(graph, inputs, *[{graph.nodes[i] for i in some} for some in places])
    return program


def _own(value):
    """A result that nobody else holds: a float, or a writable array."""
    if np.iscomplexobj(value) or not np.isfinite(value).all():
        raise FloatingPointError("the result is not a finite real number")
    return np.array(value) if isinstance(value, np.ndarray) and value.ndim else float(value)


def _shown(graph):
    """The nodes whose being NaN or infinite shows in an output."""
    shown = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node in shown and type(node) in _TRANSPARENT:
            shown.update(node.inputs)
    return shown


def _may_be_complex(graph):
    """Whether Python's ** of two floats could be complex."""
    powers = [x for x in graph.nodes if isinstance(x, Power) and not x.shape]
    return any([not (isinstance(x.inputs[1], Constant) and x.inputs[1].value.is_integer()) for x in powers])


# --------------------------------------------------------------------------------------------- simplification


class _Simplified:
    """The graph of a program, in nodes of its own.

    Broadcasting stays implicit: an operand is not expanded before an operation that broadcasts it anyway. `new` maps each old
    node to a new one, which may be narrower; `like` then names an old node of the full shape, for when it has to be expanded.
    `details` are the inner nodes of operations that are written out, `opaque` those that cannot be.
    """

    def __init__(self, graph, inputs):
        self.inputs = [Variable(x.value, x.name) for x in inputs]
        self.new, self.like, self.known = dict(zip(inputs, self.inputs)), {}, {}
        self.details, self.opaque = set(), set()
        nodes = [x for x in graph.nodes if x not in self.new]
        for node in nodes:
            self.new[node] = self.operation(node) if node.inputs else self.constant(node.value, node.name)
        plain = {self.new[node] for node in nodes if node.adjoint_of is None}
        self.details -= plain
        self.outputs = [self.full(y) for y in graph.outputs]
        self.name_adjoints(nodes, plain, dict(zip(graph.outputs, self.outputs)))

    def name_adjoints(self, nodes, plain, outputs):
        """Say of the new nodes what they are adjoints of. Of nodes that are one now, each has a part of the adjoint only."""
        targets = {}
        for node in nodes:
            if node.adjoint_of in self.new:
                targets.setdefault(self.new[node.adjoint_of], set()).add(node.adjoint_of)
        for node in nodes:
            new = outputs.get(node, self.new[node])
            target = self.new.get(node.adjoint_of)
            if target is not None and len(targets[target]) == 1 and new.adjoint_of is None and new.inputs and new not in plain:
                new.adjoint_of = target

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
        key = name, pickle.dumps(value)  # and so 0.0 and −0.0 are two
        if key not in self.known:
            self.known[key] = Constant(value, name)
        return self.known[key]

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
        if operation is SumLike:
            return self.summed(*operands)
        ndim = len(operands[0].shape)
        if operation is Sum and ndim and len(_axes(parameters["axis"], ndim)) == ndim:
            whole = self.once(Sum, operands, Sum._defaults)
            return self.once(Reshape, [whole], {"shape": (1,) * ndim}) if parameters["keepdims"] else whole
        if operation in (Transpose, Reshape) and not operands[0].shape and not parameters.get("shape"):
            return operands[0]
        if operation in (Index, PlaceLike):
            parameters = {"index": _explicit(parameters["index"], len(operands[operation is PlaceLike].shape))}
        if operation in _SPELLING or self.is_numpys(operation, operands, parameters):
            return self.once(operation, operands, parameters)
        return self.written_out(operation, operands, parameters)

    def summed(self, x, like):
        """SumLike, as its forward rule makes it of sums along the axes that are broadcast now."""
        t, sums = SumLike.forward(x, like), []
        while t is not x:
            sums.append(t)
            (t,) = t.inputs
        for t in reversed(sums):
            x = self.made(Sum, [x], t.parameters)
        return x

    @staticmethod
    def is_numpys(operation, operands, parameters):
        """Whether NumPy's function computes the same; of operations that are not ours, that is tried."""
        if not _has_numpy_function(operation) or operation.__module__ == Node.__module__:
            return _has_numpy_function(operation)
        values = [x.value for x in operands]
        return _same(operation.function(*values, **parameters), operation.forward(*values, **parameters))

    def written_out(self, operation, operands, parameters):
        """The operation as its own forward rule makes it of others; as it is, if that rule is no formula for all sizes."""
        values = [x.value for x in operands]
        formulas = [_formula(operation, each, parameters) for each in (values, [_larger(x) for x in values])]
        if formulas[0] is None or formulas[1] is None or _outline(formulas[0]) != _outline(formulas[1]):
            node = self.once(operation, operands, parameters)
            self.opaque.add(node)
            return node
        stand_ins, formula = formulas[0]
        new = dict(zip(stand_ins, operands))
        for x in Graph(formula).nodes:
            if x not in new:
                inputs = [new[y] for y in x.inputs]
                new[x] = self.made(type(x), inputs, x.parameters) if inputs else self.constant(x.value, x.name)
                self.details.add(new[x])
        return new[formula]


def _formula(operation, values, parameters):
    """(stand-ins for the operands, what the forward rule makes of them); None if that is not what it makes of values."""
    stand_ins = [Variable(x) for x in values]
    try:
        formula = operation.forward(*stand_ins, **parameters)
        nodes = Graph(formula).nodes
        right = _same(formula.value, operation.forward(*values, **parameters))
    except Exception:  # whatever a rule that is no formula does with nodes
        return None
    return (stand_ins, formula) if right and not any([type(x) is operation for x in nodes]) else None


def _outline(traced):
    """A formula without its values: the same for all sizes, if it does not depend on them."""
    stand_ins, formula = traced
    nodes, given = Graph(formula).nodes, set(stand_ins)
    at = {x: i for i, x in enumerate((*stand_ins, *nodes))}
    leaves = [None if x in given or x.inputs else pickle.dumps(x.value) for x in nodes]
    return [(type(x), [at[y] for y in x.inputs], repr(x.parameters), leaf) for x, leaf in zip(nodes, leaves)]


def _larger(value):
    """The same with one more element along each axis that has not just one."""
    return np.pad(value, [(0, int(n != 1)) for n in value.shape], mode="edge") if _shape(value) and value.size else value


def _same(x, y):
    """Whether two results are the same real numbers."""
    x, y = np.asarray(x), np.asarray(y)
    return x.dtype.kind == y.dtype.kind == "f" and x.shape == y.shape and np.allclose(x, y, 1e-12, 1e-300)


def _explicit(index, ndim):
    """An index without ...; what it leaves out is taken whole."""
    index = index if isinstance(index, tuple) else (index,)
    whole = (slice(None),) * (ndim - sum([x is not None and x is not ... for x in index]))
    place = next((i for i, x in enumerate(index) if x is ...), len(index))
    return index[:place] + whole + index[place + 1 :]


def _precision(node):
    return getattr(node.value, "dtype", None)


def _is_elementwise(operation):
    return _has_numpy_function(operation) and isinstance(operation.function, np.ufunc) and operation.function.signature is None


def _has_numpy_function(operation):
    """Whether NumPy's function is what it computes. (A subclass inherits the function, but may have another forward rule.)"""
    return vars(operation).get("function") is not None and getattr(np, operation.function.__name__, None) is operation.function


# --------------------------------------------------------------------------------------------------- spelling

_TRANSPARENT = {Add, Subtract, Multiply, Negative, Square, Sum, Sqrt, Log, Sin, Cos, Matmul}  # what is not finite remains so
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


# ------------------------------------------------------------------------------------------------------- lines


class _Lines:
    """The operations of a graph as Python, in the order of evaluation.

    Those of the forward sweep are t1, t2, ...; an adjoint is named after what it is the adjoint of. What is neither and is used
    only once stands in the line that uses it, if it is short.
    """

    LONGEST = 60  # letters of a formula that stands within another

    def __init__(self, graph, inputs, details, opaque):
        self.inputs, self.outputs, self.details = inputs, graph.outputs, details
        self.constants = [x for x in graph.nodes if isinstance(x, Constant) and (x.shape or x.name is not None)]
        self.labels, self.statements = _labels([*inputs, *self.constants]), {}
        self.opaque = {x: f"v{i}" for i, x in enumerate([x for x in graph.nodes if x in opaque], len(self.labels) + 1)}
        steps = [x for x in graph.nodes if x.inputs]
        adjoints = Counter([x.adjoint_of for x in steps if x.adjoint_of is not None])
        results = [y for y in graph.outputs if y.adjoint_of is None]
        forward = {*Graph(*results, *adjoints).nodes} if results or adjoints else set()
        numbered = [x for x in steps if x in forward and x not in details and adjoints.get(x.adjoint_of, 2) > 1]
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
        return f"{self.opaque[node]}({', '.join(operands)})" if node in self.opaque else _spelled(node, operands)

    def written(self, forward):
        about = [f"# {self.labels[x]}: an array of shape {x.shape}" for x in self.constants if x.shape]
        about += [f"# {name}: the forward rule of {type(node).__name__!r}" for node, name in self.opaque.items()]
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
        names |= {name: lambda *x, node=node: node.forward(*x, **node.parameters) for node, name in self.opaque.items()}
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
        for node in self.opaque:
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
    OF_SHAPES = {"sum", "reshape", "transpose", "stack", "broadcast_to", "shape", "zeros_like"}

    def __init__(self):
        import sympy

        self.sympy = sympy
        self.cbrt = np.frompyfunc(lambda x: sympy.real_root(x, 3), 1, 1)
        self.equal = np.frompyfunc(lambda x, y: sympy.Piecewise((1, sympy.Eq(x, y)), (0, True)), 2, 1)

    def __getattr__(self, name):
        if name == "max":
            return lambda x, **axes: np.frompyfunc(self.sympy.Max, 2, 1, identity=None).reduce(x, **{"axis": None} | axes)
        function = getattr(np, name)
        if name in self.OF_SHAPES:
            return function
        if not isinstance(function, np.ufunc):
            raise AttributeError(f"module 'sympy' has no function {name}")
        return np.frompyfunc(getattr(self.sympy, self.NAMES.get(name, name.replace("arc", "a"))), function.nin, function.nout)

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
        self.outputs = len(outputs)
        self.nothing = {k: np.empty((0,) * len(y.shape)) for k, y in enumerate(outputs) if y.shape}  # for: make an array
        self.narrow = {k: y.value.dtype for k, y in enumerate(outputs) if y.shape and y.value.dtype != np.float64}
        shapes = tuple([x.shape for x in program._inputs])
        self.kernels[_pattern(shapes), False] = kernel = self.compiled(shapes, [x.shape for x in program._graph.nodes], False)
        self.of_scalars = None if any(shapes) or self.nothing or self.captured else kernel

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
            if self.narrow:
                with _array_checks():
                    results = tuple([x.astype(self.narrow[k]) if k in self.narrow else x for k, x in enumerate(results)])
        except (_RunUncompiledError, ArithmeticError, TypeError, ValueError):
            results = self.program(*values)
        return results if out is None else self.into(out, results)

    def usable(self, out, values):
        """The arrays of `out` that a kernel can write to while it reads the values, and nothing for the others."""
        is_right = isinstance(out, (tuple, list)) and len(out) == self.outputs
        if not is_right or any([not isinstance(x, (np.ndarray, type(None))) for x in out]):
            raise ValueError(f"out is a tuple with an array or None for each of the {self.outputs} outputs")
        given = [x for x in out if x is not None]
        if any([np.shares_memory(x, y) for i, x in enumerate(given) for y in given[:i]]):
            raise ValueError("two arrays of out overlap")
        usable, read = dict(self.nothing), [x for x in values if isinstance(x, np.ndarray)]
        for k, empty in self.nothing.items():
            x = out[k]
            if x is not None and x.dtype == np.float64 and x.ndim == empty.ndim and x.flags.carray and k not in self.narrow:
                usable[k] = empty if any([np.may_share_memory(x, y) for y in read]) else x
        return usable

    @staticmethod
    def into(out, results):
        """The results, those for which `out` has an array in that array."""
        results = list(results)
        for k, array in enumerate(out):
            if array is not None:
                if array.shape != np.shape(results[k]):
                    raise ValueError(f"out[{k}] has shape {array.shape}, the output has {np.shape(results[k])}")
                if array is not results[k] and not np.may_share_memory(array, results[k]):
                    np.copyto(array, results[k])
                results[k] = array
        return tuple(results)

    def kernel(self, shapes, values):
        """The kernel for values of these shapes, compiled if no other has had their pattern."""
        large = any([math.prod(shape) > self.LARGE for shape in shapes])
        pattern = _pattern(shapes), large
        all_shapes = list(map(_shape, self.program._sweep(self.program._accepted(values))))
        if pattern not in self.kernels:
            try:
                self.kernels[pattern] = self.compiled(shapes, all_shapes, large)
            except TypeError:  # here alone: compile() has seen that Numba knows the operations
                self.kernels[pattern] = _run_uncompiled
        if len(self.seen) > 1000:
            self.seen.clear()
        self.seen[shapes] = self.kernels[pattern]
        return self.kernels[pattern]

    def compiled(self, shapes, all_shapes, large):
        from numba import njit, types

        self.program._lines.refuse_opaque("Numba")
        kernel = _Kernel(self.program._lines, self.program._graph, all_shapes)
        arguments = [*shapes, *[x.shape for x in (*self.captured, *self.nothing.values())]]
        signature = [types.Array(types.float64, len(shape), "C") if shape else types.float64 for shape in arguments]
        options = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp"}, "parallel": large}
        try:
            return njit(tuple(signature), **options)(kernel.function())
        except Exception as error:  # Numba's are of every kind
            raise kernel.refusal(error) from None


def _run_uncompiled(*_):
    raise _RunUncompiledError


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

    BLOCK, SLICES = 16384, 256  # so many elements, or slices of an array, are added up before their sum is added to others

    def __init__(self, lines, graph, shapes):
        self.graph, self.lines, self.text, self.depth, self.nodes_at = graph, lines, [], 1, []
        self.at = {x: i for i, x in enumerate(graph.nodes)}
        self.shape = dict(zip(graph.nodes, shapes))
        self.outputs, self.users = set(graph.outputs), {x: [] for x in graph.nodes}
        for x in graph.nodes:
            for operand in x.inputs:
                self.users[operand].append(x)
        self.arguments = [f"n{self.at[x]}" if x in self.at else f"unused{i}" for i, x in enumerate(lines.inputs)]
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
        shown = _shown(self.graph)
        for x, name in zip(self.lines.inputs, self.arguments):
            if x not in shown:
                self.line(f"bad += np.sum(0.0 * {name})" if x.shape else f"bad += 0.0 * {name}")
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
        if all([self.shape[y] == shape for y in arrays]):
            element = self.begin_blocks([*arrays, *stored], sizes)
        else:
            element = self.begin_rows(sizes, shape)
        self.each("s{} = 0.0", sums)
        self.line("w = 0.0")
        outer = self.depth
        self.line("for i in range(count):")
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
        self.block(" * ".join(sizes), "prange")
        self.each("b{0} = n{0}.reshape(-1)[start : start + count]", arrays)
        return lambda y: f"b{self.at[y]}[i]"

    def begin_rows(self, sizes, shape):
        """Loops over arrays some of which are broadcast, the last axis in blocks; returns how an element is written in them."""
        for k, size in enumerate(sizes[:-1]):
            self.line(f"for i{k} in {'range' if k else 'prange'}({size}):")
            self.depth += 1
        self.block(sizes[-1], "range" if len(sizes) > 1 else "prange")
        index = [*[f"i{k}" for k in range(len(sizes) - 1)], "start + i"]

        def element(y):
            axes = enumerate(self.shape[y], len(shape) - len(self.shape[y]))
            return f"n{self.at[y]}[{', '.join([index[k] if size == shape[k] else '0' for k, size in axes])}]"

        return element

    def block(self, size, loop):
        self.line(f"for block in {loop}(({size} + {self.BLOCK - 1}) // {self.BLOCK}):")
        self.depth += 1
        self.line(f"start = block * {self.BLOCK}")
        self.line(f"count = min({self.BLOCK}, {size} - start)")

    # ------------------------------------------------------------------------------------- statements

    def statement(self, x):
        """What is not elementwise, as Numba has it; arrays are made contiguous."""
        operands, n = [self.name(y) for y in x.inputs], f"n{self.at[x]}"
        first, shape = operands[0], self.shape[x.inputs[0]]
        if isinstance(x, (Index, PlaceLike)):
            self.demand(_in_bounds(operands[isinstance(x, PlaceLike)], x.parameters["index"]))
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
        axes = _axes(axis, ndim)
        if len(axes) == ndim:
            whole = f"np.{x.function.__name__}({operand})" if ndim else operand
            return f"np.full({(1,) * ndim}, {whole})" if keepdims and ndim else whole
        function = "np.add" if isinstance(x, Sum) else "np.maximum"
        for left, k in enumerate(reversed(axes)):
            part, t = f"{operand}[{':, ' * k}{{}}{', :' * (ndim - left - k - 1)}]", f"{n}_{k}"
            self.demand([f"{operand}.shape[{k}] > 0"])
            self.line(f"{t} = np.zeros_like({part.format(0)})" if isinstance(x, Sum) else f"{t} = {part.format(0)}.copy()", x)
            self.line(f"for start in range(0, {operand}.shape[{k}], {self.SLICES}):")
            self.line(f"    s = {part.format('start')}.copy()", x)
            self.line(f"    for k in range(start + 1, min(start + {self.SLICES}, {operand}.shape[{k}])):")
            self.line(f"        s[...] = {function}(s, {part.format('k')})", x)
            self.line(f"    {t}[...] = {function}({t}, s)", x)
            operand = t
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
        said = str(error).strip().splitlines() or [type(error).__name__]
        return self.lines.refusal("Numba", line, said[min(1, len(said) - 1)])


def _in_bounds(array, index):
    """Conditions under which the integers of an index are those of elements. (Numba does not check.)"""
    axes = enumerate([i for i in index if i is not None])
    return [f"{array}.shape[{k}] >= {i + 1 if i >= 0 else -i}" for k, i in axes if isinstance(i, int)]


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
