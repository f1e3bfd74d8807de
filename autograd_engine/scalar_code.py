"""A program of numbers as machine code: Numba is given each operation as such, not a text to be read, typed and translated.

That is most of what Numba does otherwise. LLVM's work remains, which grows faster than a function's length: a long program is
cut into parts, functions that leave in memory what others use.
"""

import operator
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.cgutils import alloca_once, unpack_tuple
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from autograd_engine.formulas import operation, symbol
from autograd_engine.machine_code import compiled, refusal
from autograd_engine.notation import print_formula
from autograd_engine.simplify import is_elementwise
from autograd_engine.source import SPELLING
from autograd_engine.undefined import watched
from autograd_engine.values import fingerprint
from autograd_nodes import (
    Add, BroadcastLike, Constant, Cos, Divide, Equal, Exp, Log, Maximum, Multiply, Negative, Power, ReshapeLike, Sin, Sqrt,
    Square, Subtract, Tanh,
)  # fmt: skip

LENGTH = 200  # operations of one part
FLOAT, DOUBLE = types.float64, ir.DoubleType()
ZERO = DOUBLE(0.0)
FUNCTIONS = {  # of the others, NumPy's
    Add: operator.add, Subtract: operator.sub, Multiply: operator.mul, Divide: operator.truediv, Negative: operator.neg,
}  # fmt: skip
PLAIN = {*FUNCTIONS, Cos, Equal, Exp, Log, Maximum, Power, Sin, Sqrt, Square, Tanh}  # for which Numba compiles no function

CALL = """\
def program({inputs}):
    {results} _bad, = _kernel(({inputs}))
    if not _bad == 0.0:
        raise _undefined
    return {results}
"""


def function_of_numbers(lines):
    """A program of numbers alone, compiled."""
    inputs, results = [lines.names[x] for x in lines.inputs], [f"_{k}" for k in range(len(lines.results))]
    text = CALL.format(inputs=" ".join([f"{x}," for x in inputs]), results=" ".join([f"{y}," for y in results]))
    return compiled(text, "program", {"_kernel": Kernel(lines).intrinsic()}, [FLOAT] * len(inputs), lines)


class Kernel:
    """The operations of a graph of numbers as a function for Numba: of a tuple of the inputs, to a tuple of the outputs and a
    number that is 0 if everything was finite.

    parts      the operations, LENGTH at a time
    places     {node: where in memory it is}, for inputs and for what is used in a later part; 0 is the place of that number
    """

    def __init__(self, lines):
        graph, self.lines = lines.graph, lines
        self.parts = [graph.operations[i : i + LENGTH] for i in range(0, len(graph.operations), LENGTH)]
        part_of = {x: i for i, part in enumerate(self.parts) for x in part}
        crossing = {y for x in graph.operations for y in x.inputs if part_of.get(y) != part_of[x]}.union(graph.outputs)
        kept = [*lines.inputs, *[x for x in graph.operations if x in crossing]]
        self.places = {x: i for i, x in enumerate(kept, 1)}
        self.watched = watched(graph, lines.inputs)
        self.written = []
        self.keys = {x: (type(x), fingerprint(sorted(x.parameters.items()))) for x in graph.operations if not is_itself(x)}
        self.is_plain = PLAIN.issuperset([kind for kind, _ in self.keys.values()])
        self.functions = {key: self.function(x) for key, x in {self.keys[x]: x for x in reversed(self.keys)}.items()}

    def function(self, x):
        """The type that Numba gives to an operation's function, and that of a call with floats."""
        typing, function = cpu_target.typing_context, FUNCTIONS.get(type(x), x.function)
        try:
            if not is_elementwise(type(x)):
                names = [f"x{i}" for i in range(len(x.inputs))]
                text = print_formula(operation(x, *map(symbol, names)), SPELLING)
                function = njit(eval(f"lambda {', '.join(names)}: {text}", {"np": np}))
                self.written.append(function)  # which its type does not keep alive
            typing.refresh()
            kind = typing.resolve_value_type(function)
            return kind, kind.get_call_type(typing, (FLOAT,) * len(x.inputs), {})
        except Exception as error:  # Numba's are of every kind
            raise refusal(error, self.lines, x) from None

    def intrinsic(self):
        @intrinsic
        def kernel(typing, inputs):
            return types.UniTuple(FLOAT, len(self.lines.results) + 1)(inputs), self.write

        return kernel

    def write(self, context, builder, signature, arguments):
        """The machine code of a call: one part after the other, around memory for what is in `places`."""
        memory = Memory(builder, alloca_once(builder, DOUBLE, 1 + len(self.places)), self.places)
        calls = {key: (context.get_function(*function), function[1].return_type) for key, function in self.functions.items()}
        inputs = dict(zip(self.lines.inputs, unpack_tuple(builder, arguments[0])))
        bad = ZERO
        for x, value in inputs.items():
            memory.store(x, value)
            bad = self.added(builder, bad, x, value)
        memory.store(None, bad)
        for number, part in enumerate(self.parts):
            if not self.is_plain:  # what Numba has compiled may raise errors, and only to what Numba has made
                self.fill(context, calls, memory, part)
            else:
                builder.call(self.part(context, calls, builder, f"part{number}", part), [memory.start])
        results = [memory.load(x) for x in (*self.lines.graph.outputs, None)]
        return context.make_tuple(builder, signature.return_type, results)

    def part(self, context, calls, builder, name, operations):
        """A function of its own, which LLVM does not put into its caller again if there are several."""
        kind = ir.FunctionType(ir.VoidType(), [DOUBLE.as_pointer()])
        function = ir.Function(builder.module, kind, f"{builder.function.name}.{name}")
        function.linkage = "internal"
        if len(self.parts) > 1:
            function.attributes.add("noinline")
        builder = ir.IRBuilder(function.append_basic_block())
        self.fill(context, calls, Memory(builder, function.args[0], self.places), operations)
        builder.ret_void()
        return function

    def fill(self, context, calls, memory, operations):
        builder, values, bad = memory.builder, {}, memory.load(None)
        for x in operations:
            for y in x.inputs:
                values[y] = values[y] if y in values else memory.load(y)
            operands = [values[y] for y in x.inputs]
            if is_itself(x):
                values[x] = operands[0]
            else:
                call, kind = calls[self.keys[x]]
                values[x] = context.cast(builder, call(builder, operands), kind, FLOAT)
            bad = self.added(builder, bad, x, values[x])
            if x in self.places:
                memory.store(x, values[x])
        memory.store(None, bad)

    def added(self, builder, bad, x, value):
        """What is 0 as long as all that is watched is finite."""
        return builder.fadd(bad, builder.fmul(ZERO, value)) if x in self.watched else bad


def is_itself(x):
    """Whether an operation on a number gives that number: it has one shape only."""
    return isinstance(x, (BroadcastLike, ReshapeLike))


class Memory(NamedTuple):
    """Numbers in memory, from where `start` points on, each in the place of its node; None stands for the number that is 0."""

    builder: ir.IRBuilder
    start: ir.Value
    places: dict

    def at(self, x):
        return self.builder.gep(self.start, [ir.Constant(ir.IntType(64), 0 if x is None else self.places[x])])

    def load(self, x):
        return DOUBLE(x.value) if isinstance(x, Constant) else self.builder.load(self.at(x))

    def store(self, x, value):
        self.builder.store(value, self.at(x))
