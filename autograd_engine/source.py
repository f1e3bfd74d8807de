"""The source text of a program: every operation spelled as NumPy has it, in lines to be read and in steps to be run."""

from collections import Counter
from types import FunctionType

from autograd_engine.formulas import Formula, literal, operation, symbol
from autograd_engine.graph import Constant, Graph
from autograd_engine.labels import labels
from autograd_engine.notation import PYTHON, index_text, print_formula
from autograd_nodes import PlaceLike

SPELLING = PYTHON.but({
    "float": "float(%s)",
    "BroadcastLike": lambda formula, x, like: f"np.full_like({like}, {x})",  # in the precision of `like`
})  # fmt: skip
FILE = "<program>"
LONGEST = 60  # letters of a formula that stands within another


class Lines:
    """The operations of a graph as Python, in the order of evaluation.

    source     to be read: forward operations are t1, t2, ..., an adjoint is called after what it is the adjoint of; what is
               neither, and short, and used only once stands within the line that uses it
    names      {node: what it is called}: plain identifiers that do not begin with an underscore
    line_of    {operation: the operation in whose line it stands}
    lines      {operation: its line}, for those that have one; in two parts for a PlaceLike
    steps      {operation: the same without others in it}
    results    the outputs as text
    constants  the arrays among the leaves, which the text refers to by name
    """

    def __init__(self, simplified):
        self.graph, self.inputs = simplified.graph, simplified.inputs
        named = [x for x in self.graph.leaves if isinstance(x, Constant) and (x.shape or x.name is not None)]
        self.constants, self.numbers = [x for x in named if x.shape], [x for x in named if not x.shape]
        self.names = labels([*self.inputs, *named])
        opaque = [x for x in self.graph.operations if x in simplified.opaque]
        self.opaque = {x: f"v{i}" for i, x in enumerate(opaque, len(self.names) + 1)}
        results = [y for y in self.graph.outputs if y.adjoint_of is None]
        owners = [x.adjoint_of for x in self.graph.nodes if x.adjoint_of is not None]
        self.forward = Graph(*results, *owners).operations if results or owners else ()
        self.name_operations(simplified.details)
        self.lines, self.line_of = {}, {}
        self.arrange()
        self.steps = {x: self.step(x) for x in self.graph.operations}
        self.source = "\n".join([*self.comments(), self.written(self.marked(), self.results)])

    def name_operations(self, details):
        plain = [x for x in self.forward if x.adjoint_of is None and x not in details]
        self.names |= {x: f"t{i}" for i, x in enumerate(plain, 1)}
        self.count = len(plain)
        for x in self.graph.operations:
            if x.adjoint_of in self.names:
                self.names[x] = f"{self.names[x.adjoint_of]}_bar"

    def arrange(self):
        """Put each operation into a line of its own or into the one that uses it, and name those that have no name yet."""
        uses = Counter([*[x for step in self.graph.operations for x in step.inputs], *[*self.graph.outputs] * 2])
        formulas, waiting = {x: self.atom(x) for x in (*self.graph.leaves, *self.inputs)}, []
        for x in self.graph.operations:
            operands = [formulas[y] for y in x.inputs]
            formula = self.formula(x, operands)
            if x not in self.names and uses[x] == 1 and type(x) is not PlaceLike and len(self.spelled(formula)) <= LONGEST:
                formulas[x] = formula
                waiting.append(x)
            else:
                self.name(x)
                formulas[x] = self.atom(x)
                self.lines[x] = self.assigned(x, operands)
        self.results = [self.spelled(self.atom(y)) for y in self.graph.outputs]
        self.line_of = {x: x for x in self.lines}
        for x in reversed(waiting):
            self.name(x)
        for user in reversed(self.graph.operations):
            for x in user.inputs:
                self.line_of.setdefault(x, self.line_of[user])

    def name(self, x):
        if x not in self.names:
            self.count += 1
            self.names[x] = f"t{self.count}"

    # --- text

    def atom(self, x):
        return symbol(self.names[x]) if x in self.names else literal(x.value)

    def formula(self, x, operands):
        return Formula(self.opaque[x], tuple(operands)) if x in self.opaque else operation(x, *operands)

    def spelled(self, formula, spelling=SPELLING):
        calls = {name: lambda formula, *x: f"{formula.head}({', '.join(x)})" for name in self.opaque.values()}
        return print_formula(formula, spelling.but(calls))

    def assigned(self, x, operands, formula=None):
        name = self.names[x]
        if type(x) is PlaceLike:
            placed, like = map(self.spelled, operands)
            return [f"{name} = np.zeros_like({like})", f"{name}[{index_text(**x.parameters)}] = {placed}"]
        return [f"{name} = {self.spelled(formula or self.formula(x, operands))}"]

    def step(self, x):
        """A number is a Python float, also where NumPy takes it from an array, so that it has no precision of its own."""
        operands = [self.atom(y) for y in x.inputs]
        formula = self.formula(x, operands)
        is_taken = not x.shape and (x in self.opaque or any([y.shape for y in x.inputs]))
        return self.assigned(x, operands, Formula("float", (formula,)) if is_taken else formula)

    def comments(self):
        about = [f"# {self.names[x]}: an array of shape {x.shape}" for x in self.constants]
        return about + [f"# {name}: the forward rule of {type(x).__name__!r}" for x, name in self.opaque.items()]

    def marked(self):
        """All lines, with a mark where the backward pass begins."""
        forward, marked = set(self.forward), []
        for x, lines in self.lines.items():
            if forward and x not in forward:
                marked.append("# backward")
                forward = ()
            marked += lines
        return marked

    def written(self, body, results, arguments=()):
        """A function `program` of the inputs and more arguments, each given with its default."""
        arguments = ", ".join([*[self.names[x] for x in self.inputs], *arguments])
        body = [*[f"{self.names[x]} = {x.value!r}" for x in self.numbers], *body]
        body.append(f"return {', '.join(results)}" if len(results) > 1 else f"return ({results[0]},)")
        return "\n".join([f"def program({arguments}):", *[f"    {line}" for line in body]]) + "\n"

    def function(self, text, engine):
        """The function that a text defines, where `engine` is {name: what stands for it}."""
        rules = {name: lambda *operands, x=x: x.apply(operands) for x, name in self.opaque.items()}
        made, known = {}, {self.names[x]: x.value for x in self.constants} | rules | engine
        exec(compile(text, FILE, "exec"), made)
        function = made.pop("program")  # which may be what a constant is called
        return FunctionType(function.__code__, made | known, None, function.__defaults__)

    # --- what an engine cannot do

    def operation_at(self, trace):
        """The operation in whose line of `source` an error has come up."""
        number = 0
        while trace is not None:
            number = trace.tb_lineno if trace.tb_frame.f_code.co_filename == FILE else number
            trace = trace.tb_next
        line = self.source.splitlines()[number - 1].strip()
        return next((x for x, lines in self.lines.items() if line in lines), None)

    def refusal(self, engine, x, reason):
        where = self.lines[self.line_of[x]][0] if x in self.line_of else "this program"
        return TypeError(f"{engine} cannot compute {where}: {reason}")

    def refuse_opaque(self, engine):
        for x in self.opaque:
            raise self.refusal(engine, x, f"{type(x).__name__!r} is no formula")
