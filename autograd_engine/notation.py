r"""A graph's formulas in many notations: text, HTML, MathML, LaTeX, Python and JavaScript (and SVG: see typesetting.py).

    print_formula(formula, LATEX)      "t_8 = \frac{t_3}{t_7}"
    print_formula(formula, PYTHON)     "t8 = t3 / t7", exactly

A formula is a tiny tree: a head and its parts. A head is an operation's name (NumPy's where it has one) or `number`, `array`,
`symbol`, `adjoint`, `partial`, `equation`, `text` and what else is written beside formulas. A notation says for each head how
it is written, and how strongly it binds: one printer puts the parentheses. Another notation overrides a few rows.
"""

import html
import json
import math
import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from autograd_engine.graph import Constant, Graph, Node, Variable, topological_order
from autograd_engine.values import fingerprint

# ---------------------------------------------------------------------------------------------------------------- formulas


@dataclass(frozen=True, eq=False)
class Formula:
    """A head and its parts, which are formulas; what a head without parts stands for is its content.

    number: a float ≥ 0   array: an array   symbol: a label   text: somebody's own words   parameter: (name, value)
    """

    head: str
    parts: tuple = ()
    content: object = None

    @property
    def inputs(self):  # a formula is walked as a graph is
        return self.parts


def symbol(label):
    return Formula("symbol", (), label)


def text(words):
    """Somebody's own words, with � for what cannot be shown."""
    return Formula("text", (), re.sub("[^ -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(words)))


def literal(value):
    """A number or an array as a formula. A negative number is the negative of one, and binds as such."""
    if getattr(value, "shape", ()):
        return Formula("array", (), value)
    size = Formula("scientific" if "e" in f"{value:.6g}" else "number", (), abs(float(value)))
    return Formula("negative", (size,)) if math.copysign(1.0, value) < 0 else size


def operation(node, *operands):
    """The formula of a node's operation on formulas for its operands; parameters follow, where they are not the default."""
    given = [item for item in node.parameters.items() if item[1] == () or not is_default(node, *item)]
    return Formula(head_of(type(node)), (*operands, *[Formula("parameter", (), item) for item in given]))


def is_default(node, name, value):
    return name in node.defaults and fingerprint(value) == fingerprint(node.defaults[name])


def head_of(operation):
    function = vars(operation).get("function")
    if function is not None and getattr(np, function.__name__, None) is operation.function:
        return function.__name__
    return re.sub(r"\W", "_", operation.__name__)


def expression(y, known, notation):
    """All that is below y as one formula, down to the nodes in `known`, {node: formula}; other leaves stand as their values.

    An operation for which the notation has no row is written out, as its own forward rule makes it of others. Raises
    TypeError if that rule is no formula.
    """

    def rule(node, *parts):
        if node in known:
            return known[node]
        if not node.inputs:
            return literal(node.value)
        formula = operation(node, *parts)
        return formula if notation.row(formula.head) else written_out(node, parts, notation)

    return Graph(y).fold(rule)[y]


def written_out(node, operands, notation):
    stand_ins = [Variable(x.value) for x in node.inputs]
    y = node.forward(*stand_ins, **node.parameters)
    if not isinstance(y, Node) or any([type(x) is type(node) for x in Graph(y).nodes]):
        raise TypeError(f"{type(node).__name__} has no spelling in this notation, and its forward rule is no formula")
    return expression(y, dict(zip(stand_ins, operands)), notation)


# ------------------------------------------------------------------------------------------------------------- the printer

# How strongly something holds together at an edge, in increasing order.
ANY, SUM, SIGN, APPLIED, QUOTIENT, PRODUCT, FACTOR, POWER, ATOM, LETTER = range(10)


class Printed(NamedTuple):
    shown: object
    left: int = ATOM  # how strongly it holds together at its left edge: −x less than x does
    right: int = ATOM  # and at its right edge: log x less than log(x) does


class Notation:
    """How formulas are written.

    rows      {head: a template with %s for each part, or a function of the formula and its printed parts}; both give an object,
              or pieces of one to be put side by side. "call" is for operations without a row: a template for (head, how many
              parts), or None; "parentheses" encloses a part
    binding   {head: (how strongly it binds at its left edge, at its right edge, what each part needs so as not to be enclosed)};
              a part that needs nothing is enclosed by the head itself, as a numerator is
    """

    def __init__(self, rows, binding, join="".join):
        self.rows, self.binding, self.join = rows, binding, join

    def but(self, rows, binding=(), join=None):
        """The same but for a few rows."""
        return Notation(self.rows | rows, self.binding | dict(binding), join or self.join)

    def row(self, head, count=0):
        return self.rows.get(head) or self.rows["call"](head, count)

    def write(self, formula, *parts):
        """A formula, printed, of its printed parts. One that binds less than is needed where another piece follows is enclosed."""
        left, right, *needs = self.binding.get(formula.head, (ATOM, ATOM))
        shown, last = [], len(parts) - 1
        for i, (part, need) in enumerate(zip_longest(parts, needs, fillvalue=ANY)):
            facing = min(part.left, part.right) if last == 0 else part.right if i == 0 else part.left
            if facing < need:
                part = Printed(self.assemble(self.rows["parentheses"], None, part.shown))
            if need and i == 0:
                left = min(left, part.left)
            if need and i == last:
                right = min(right, part.right)
            shown.append(part.shown)
        return Printed(self.assemble(self.row(formula.head, len(parts)), formula, *shown), left, right)

    def assemble(self, row, formula, *parts):
        if callable(row):
            made = row(formula, *parts)
            return self.join(made) if isinstance(made, list) else made
        literals = row.split("%s")
        return self.join([piece for pair in zip(literals, (*parts, "")) for piece in pair if piece != ""])


def print_formula(formula, notation):
    """A formula in a notation. Raises TypeError for an operation that the notation has no row for."""
    printed = {}
    for one in topological_order([formula]):
        if notation.row(one.head) is None:
            raise TypeError(f"{one.head} has no spelling in this notation")
        printed[one] = notation.write(one, *[printed[part] for part in one.parts])
    return printed[formula].shown


# ------------------------------------------------------------------------------------------------------------ the notations


def letter_and_index(label):
    """("t", "12") of t12 and ("w", "0") of w_0; the whole label and no index if it is a word."""
    match = re.fullmatch(r"([A-Za-z])_?(\d*)", label)
    return match.groups() if match else (label, "")


def needs_dot(product):
    """Whether a factor begins with a number, which has to be kept from what precedes it."""
    factor = product.parts[1]
    while factor.head in ("power", "square"):
        factor = factor.parts[0]
    return factor.head in ("number", "scientific")


def index_text(index):
    """An index as it is typed: 0, 1:."""
    items = index if isinstance(index, tuple) else (index,)
    return ", ".join(["..." if i is ... else slice_text(i) if isinstance(i, slice) else repr(i) for i in items]) or "()"


def slice_text(i):
    ends = [":".join(["" if end is None else repr(end) for end in (i.start, i.stop)])]
    return ":".join(ends if i.step is None else [*ends, repr(i.step)])


def array_text(array):
    if isinstance(array, np.ndarray) and array.size <= 4:
        numbers = {"float_kind": lambda x: print_formula(literal(x), TEXT)}
        return np.array2string(array, separator=", ", formatter=numbers).replace("\n", "")
    return f"shape {array.shape}".replace(",)", ")")


def exponent_form(formula):
    """The decimals and the exponent of ten of a number that is written with one."""
    decimals, exponent = f"{formula.content:.6g}".split("e")
    return decimals, int(exponent)


def bar_over(letters):
    """The letters with combining overlines: t̄."""
    return f"{letters}\u0304" if len(letters) == 1 else "".join([letter + "\u0305" for letter in letters])


def applied(name):
    """A function's name before its argument, without parentheses around one letter."""
    return lambda formula, x: [name, "" if formula.parts[0].head not in LETTERS else " ", x]


def stacked(formula, *parts):
    """np.stack takes its operands as one tuple."""
    count = len([part for part in formula.parts if part.head != "parameter"])
    return ["np.stack((", ", ".join(parts[:count]), ",)" if count == 1 else ")", *[f", {part}" for part in parts[count:]], ")"]


LETTERS = {"symbol", "adjoint", "number"}
FUNCTIONS = ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")

ON_ONE_LINE = {
    "add": (SUM, SUM, SUM, APPLIED),
    "subtract": (SUM, SUM, SUM, APPLIED),
    "negative": (SIGN, PRODUCT, APPLIED),
    "multiply": (PRODUCT, PRODUCT, PRODUCT, FACTOR),
    "divide": (QUOTIENT, QUOTIENT, QUOTIENT, FACTOR),
    "matmul": (QUOTIENT, QUOTIENT, QUOTIENT, FACTOR),
    "power": (POWER, POWER, ATOM, ATOM),
    "square": (POWER, POWER, ATOM),
    "transpose": (POWER, POWER, ATOM),
    "sqrt": (ATOM, APPLIED, ATOM),
    "Index": (ATOM, ATOM, ATOM),
    **dict.fromkeys(FUNCTIONS, (ATOM, APPLIED, LETTER)),
    **dict.fromkeys(LETTERS, (LETTER, LETTER)),
}
STANDING = ON_ONE_LINE | {  # fractions have their rule, roots their bar, exponents their height
    "divide": (FACTOR, FACTOR),
    "power": (POWER, POWER, ATOM),
    "sqrt": (ATOM, ATOM),
    "scientific": (PRODUCT, PRODUCT),
}
IN_CODE = ON_ONE_LINE | {
    "negative": (SIGN, PRODUCT, ATOM),
    "divide": (PRODUCT, PRODUCT, PRODUCT, FACTOR),
    "matmul": (PRODUCT, PRODUCT, PRODUCT, FACTOR),
} | dict.fromkeys(["sqrt", "transpose", *FUNCTIONS], (ATOM, ATOM))

TEXT = Notation({
    "number": lambda formula: f"{formula.content:.6g}",
    "scientific": lambda formula: f"{formula.content:.6g}".replace("-", "−"),
    "array": lambda formula: array_text(formula.content),
    "symbol": lambda formula: formula.content,
    "text": lambda formula: formula.content,
    "parameter": lambda formula: "{}={}".format(*formula.content),
    "adjoint": lambda formula, x: re.sub(r"^[A-Za-z](?=_?\d*$)|^.{2,}$", lambda m: bar_over(m[0]), x),
    "partial": "∂%s/∂%s",
    "equation": "%s = %s",
    "named": "%s: %s",
    "list": lambda formula, *parts: ",   ".join(parts),
    "path": lambda formula, *parts: " → ".join(parts),
    "parentheses": "(%s)",
    "call": lambda head, count: f"{head}({', '.join(['%s'] * count)})",
    "add": "%s + %s",
    "subtract": "%s − %s",
    "negative": "−%s",
    "multiply": lambda formula, x, y: [x, " · " if needs_dot(formula) else " ", y],
    "divide": "%s / %s",
    "matmul": "%s @ %s",
    "power": "%s^%s",
    "square": "%s²",
    "sqrt": "√%s",
    "transpose": "%sᵀ",
    "equal": "[%s = %s]",
    "maximum": "max(%s, %s)",
    "Index": lambda formula, x, _: f"{x}[{index_text(formula.parts[1].content[1])}]",
    **{name: applied(name) for name in FUNCTIONS},
}, ON_ONE_LINE)  # fmt: skip

PYTHON = TEXT.but({
    "number": lambda formula: repr(formula.content),
    "scientific": lambda formula: repr(formula.content),
    "array": lambda formula: f"np.array({formula.content.tolist()!r}, np.{formula.content.dtype})",
    "text": lambda formula: repr(formula.content),
    "parameter": lambda formula: "{}={!r}".format(*formula.content),
    "adjoint": "%s_bar",
    "call": lambda head, count: f"np.{head}({', '.join(['%s'] * count)})" if hasattr(np, head) else None,
    "subtract": "%s - %s",
    "negative": "-%s",
    "multiply": "%s * %s",
    "power": "%s ** %s",
    "square": "%s ** 2",
    "equal": "np.equal(%s, %s) * 1.0",
    "stack": stacked,
    "BroadcastLike": "np.broadcast_to(%s, np.shape(%s))",
    "ReshapeLike": "np.reshape(%s, np.shape(%s))",
    **dict.fromkeys(["sqrt", "transpose", "maximum", *FUNCTIONS]),
}, IN_CODE | {"equal": (PRODUCT, PRODUCT)})  # fmt: skip
