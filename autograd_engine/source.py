"""The source text of a program: every operation spelled as NumPy has it, in lines to be read and in steps to be run."""

from collections import Counter
from traceback import extract_tb
from types import FunctionType

from autograd_engine.formulas import Formula, literal, operation, symbol
from autograd_engine.graph import Constant, Graph
from autograd_engine.labels import labels
from autograd_engine.notation import PYTHON, index_text, print_formula
from autograd_engine.simplify import is_spelled
from autograd_nodes import BroadcastLike, PlaceLike, ReshapeLike

SPELLING = PYTHON.but({
    "BroadcastLike": lambda formula, x, like: f"np.full_like({like}, {x})",  # in the precision of `like`
})  # fmt: skip
FILE = "<program>"
LONGEST = 60  # letters of a formula that stands within another


class Lines:
    """The operations of a graph as Python, in the order of evaluation.

    source     to be read: forward operations are t1, t2, ..., an adjoint is called after what it is the adjoint of; what is
               neither, and short, and used only once stands within the line that uses it
    names      {node: what it is called}: plain identifiers that do not begin with an underscore
    lines      {operation: its line}, for those that have one; in two parts for a PlaceLike
    line_of    {operation: the operation in whose line it stands}
    results    the outputs as text
    """

    def __init__(self, graph, inputs, details):
        self.graph, self.inputs, self.lines = graph, inputs, {}
        self.constants = [x for x in graph.leaves if isinstance(x, Constant) and (x.shape or x.name is not None)]
        self.names = labels([*inputs, *self.constants])
        opaque = [x for x in graph.operations if not is_spelled(type(x), x.inputs, x.parameters)]
        self.opaque = {x: f"v{i}" for i, x in enumerate(opaque, len(self.names) + 1)}
        calls = {name: lambda formula, *x: f"{formula.head}({', '.join(x)})" for name in self.opaque.values()}
        self.spelling = SPELLING.but(calls)
        results = [y for y in graph.outputs if y.adjoint_of is None]
        owners = [x.adjoint_of for x in graph.nodes if x.adjoint_of is not None]
        self.forward = set(Graph(*results, *owners).nodes if results or owners else ())
        self.name_operations(details)
        self.line_of = {x: x for x in self.lines}
        for user in reversed(graph.operations):
            self.line_of |= {x: self.line_of[user] for x in user.inputs if x not in self.line_of}
        self.results = [self.spelled(self.atom(y)) for y in graph.outputs]
        self.source = "\n".join([*self.comments(), self.written(self.marked(), self.results)])

    def name_operations(self, details):
        """Name each operation, and put it into a line of its own or into the one that uses it."""
        plain = [x for x in self.graph.operations if x in self.forward and x.adjoint_of is None and x not in details]
        self.names |= {x: f"t{i}" for i, x in enumerate(plain, 1)}
        for x in self.graph.operations:
            if x.adjoint_of in self.names:
                self.names[x] = f"{self.names[x.adjoint_of]}_bar"
        uses = Counter([*[x for step in self.graph.operations for x in step.inputs], *[*self.graph.outputs] * 2])
        formulas, within, count = {x: self.atom(x) for x in self.graph.leaves}, [], len(plain)
        for x in self.graph.operations:
            operands = [formulas[y] for y in x.inputs]
            formulas[x] = self.formula(x, operands)
            if x not in self.names and uses[x] == 1 and self.is_short(formulas[x]):
                within.append(x)
                continue
            if x not in self.names:
                count += 1
                self.names[x] = f"t{count}"
            self.lines[x], formulas[x] = self.assigned(x, operands), self.atom(x)
        self.names |= {x: f"t{i}" for i, x in enumerate(within, count + 1)}

    # --- text

    def atom(self, x):
        return symbol(self.names[x]) if x in self.names else literal(x.value)

    def formula(self, x, operands):
        return Formula(self.opaque[x], tuple(operands)) if x in self.opaque else operation(x, *operands)

    def is_short(self, formula):
        return formula.head != "PlaceLike" and len(self.spelled(formula)) <= LONGEST

    def spelled(self, formula):
        return print_formula(formula, self.spelling)

    def assigned(self, x, operands):
        if type(x) is PlaceLike:
            placed, like = map(self.spelled, operands)
            return [f"{self.names[x]} = np.zeros_like({like})", f"{self.names[x]}[{index_text(**x.parameters)}] = {placed}"]
        return [f"{self.names[x]} = {self.spelled(self.formula(x, operands))}"]

    def step(self, x):
        """The line without others in it. A number is a Python float, so that it has no precision of its own."""
        operands = [self.atom(y) for y in x.inputs]
        if isinstance(x, (BroadcastLike, ReshapeLike)) and not any([y.shape for y in x.inputs]):
            return [f"{self.names[x]} = {self.spelled(operands[0])}"]  # a number has one shape only
        if x.shape or not (x in self.opaque or any([y.shape for y in x.inputs])):
            return self.assigned(x, operands)
        return [f"{self.names[x]} = float({self.spelled(self.formula(x, operands))})"]

    def comments(self):
        about = [f"# {self.names[x]}: an array of shape {x.shape}" for x in self.constants if x.shape]
        return about + [f"# {name}: the forward rule of {type(x).__name__!r}" for x, name in self.opaque.items()]

    def marked(self):
        """All lines, with a mark where the backward pass begins."""
        turn = next((x for x in self.lines if x not in self.forward), None) if self.forward else None
        return [line for x, lines in self.lines.items() for line in ["# backward"] * (x is turn) + lines]

    def written(self, body, results, arguments=()):
        """A function `program` of the inputs and of more arguments."""
        body = [*[f"{self.names[x]} = {x.value!r}" for x in self.constants if not x.shape], *body]
        body.append(f"return {', '.join(results)}" if len(results) > 1 else f"return ({results[0]},)")
        head = f"def program({', '.join([*[self.names[x] for x in self.inputs], *arguments])}):"
        return "\n".join([head, *[f"    {line}" for line in body]]) + "\n"

    def function(self, text, engine):
        """What a text defines, where `engine` is {name: what stands for it}."""
        made, known = {}, {self.names[x]: x.value for x in self.constants if x.shape} | engine
        known |= {name: lambda *operands, x=x: x.apply(operands) for x, name in self.opaque.items()}
        exec(compile(text, FILE, "exec"), made)
        function = made.pop("program")  # which may be what a constant is called
        return FunctionType(function.__code__, made | known, None, function.__defaults__)

    # --- what an engine cannot do

    def refuse_opaque(self, engine):
        for x in self.opaque:
            raise TypeError(f"{engine} cannot compute {self.lines[self.line_of[x]][0]}: {type(x).__name__!r} is no formula")

    def line_in(self, trace, text=None):
        """The line of a function's text, which is `source` if none is given, in which an error has come up."""
        *_, number = [1, *[frame.lineno for frame in extract_tb(trace) if frame.filename == FILE]]
        return (text or self.source).splitlines()[number - 1].strip()
