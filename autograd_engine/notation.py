r"""How formulas are written: as text, MathML, LaTeX, Python, JavaScript (and as SVG, by typesetting.py).

    print_formula(formula, LATEX)      r"t_8 = \frac{t_3}{t_7}"
    print_formula(formula, PYTHON)     "t8 = t3 / t7"

A notation is a table: how each head is written, and how strongly it binds. One printer puts the parentheses. Another notation
overrides a few rows. For people, numbers have six digits; Python and JavaScript are exact.
"""

import html
import json
import re
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from autograd_engine.formulas import decimal, decimals, text
from autograd_engine.graph import topological_order
from autograd_engine.labels import letter_and_index

# ------------------------------------------------------------------------------------------------------------- the printer

# How strongly something holds together at an edge, in increasing order.
ANY, SUM, SIGN, APPLIED, QUOTIENT, PRODUCT, FACTOR, POWER, ATOM, LETTER = range(10)


class Printed(NamedTuple):
    """What was made of a formula, and how strongly it holds at its two edges: −x is weak at the left, log x at the right."""

    shown: object
    left: int = ATOM
    right: int = ATOM


class Notation:
    """How formulas are written: {head: row}.

    A row is a template with %s for each part, or a function of the formula and its printed parts that gives an object or pieces
    of one, to be joined; or a tuple of that, how strongly it binds at its left and at its right edge, and what it asks of each
    part, which is put in parentheses if it binds less. A part of which nothing is asked is enclosed by the head itself, as a
    numerator is. "call" is for operations without a row: a function of the head and the number of parts, to a template or None.
    """

    def __init__(self, rows, join="".join):
        self.rows, self.join = rows, join

    def but(self, rows, join=None):
        """The same but for a few rows. A row that is not a tuple keeps its old binding."""
        bound = {head: self.rows.get(head, (None, ATOM, ATOM))[1:] for head in rows}
        tuples = {head: row if isinstance(row, tuple) else (row, *bound[head]) for head, row in rows.items()}
        return Notation(self.rows | tuples, join or self.join)

    def row(self, head, count=0):
        """How a head is written; None if this notation cannot."""
        return self.rows.get(head, (None,))[0] or self.rows["call"][0](head, count)

    def write(self, formula, *parts):
        """A formula, printed, of its printed parts. They have to be strong where they meet; the whole has their outer edges."""
        _, left, right, *needs = self.rows.get(formula.head, (None, ATOM, ATOM))
        shown, last = [], len(parts) - 1
        for i, (part, need) in enumerate(zip_longest(parts, needs, fillvalue=ANY)):
            facing = min(part.left, part.right) if last == 0 else part.right if i == 0 else part.left
            if facing < need:
                part = Printed(self.assembled(self.row("parentheses"), None, part.shown))
            if need > ANY and i == 0:
                left = min(left, part.left)
            if need > ANY and i == last:
                right = min(right, part.right)
            shown.append(part.shown)
        return Printed(self.assembled(self.row(formula.head, len(parts)), formula, *shown), left, right)

    def assembled(self, row, formula, *parts):
        if callable(row):
            made = row(formula, *parts)
            return self.join(made if isinstance(made, list) else [made])
        return self.join([piece for pair in zip(row.split("%s"), (*parts, "")) for piece in pair])


def print_formula(formula, notation):
    """A formula in a notation. Raises TypeError for an operation that the notation has no row for."""
    printed = {}
    for one in topological_order([formula]):
        if notation.row(one.head) is None:
            raise TypeError(f"{one.head} has no spelling in this notation")
        printed[one] = notation.write(one, *[printed[part] for part in one.parts])
    return printed[formula].shown


# ----------------------------------------------------------------------------------------------- what rows are made of


def bar_over(letters):
    """With combining overlines: t̄."""
    return f"{letters}\u0304" if len(letters) == 1 else "".join([letter + "\u0305" for letter in letters])


def indexed(letter, word, index):
    """The rows of symbols and of their adjoints, of what writes a letter, or a word (with a bar?), and what adds an index."""

    def row(formula, *_):
        barred = formula.head == "adjoint"
        letters, below = letter_and_index((formula.parts[0] if barred else formula).content)
        written = (letter if len(letters) == 1 else word)(letters, barred)
        return index(written, below) if below else written

    return dict.fromkeys(["symbol", "adjoint"], row)


def needs_dot(product):
    """Whether factors cannot stand side by side: before a number, before a fraction that would make a mixed one, and where
    both are numbers."""
    left, right = product.parts
    if is_numeric(left) and is_numeric(right):
        return True
    while right.head in ("power", "square"):
        right = right.parts[0]
    return right.head in NUMBERS or (right.head == "divide" and {left.head, right.parts[0].head} <= NUMBERS)


def is_numeric(formula):
    """Whether there are only numbers in it."""
    return all([one.parts or one.head in (*NUMBERS, "array") for one in topological_order([formula])])


def needs_gap(product):
    """Whether a word is among the factors, which would run together with its neighbour."""
    left, right = product.parts
    while left.head in ("multiply", "negative"):
        left = left.parts[-1]
    while right.head in ("power", "square"):
        right = right.parts[0]
    return is_word(left) or is_word(right)


def is_word(formula):
    formula = formula.parts[0] if formula.head == "adjoint" else formula
    return formula.head == "symbol" and len(letter_and_index(formula.content)[0]) > 1


def side_by_side(dot, gap, space):
    return lambda formula, x, y: [x, dot if needs_dot(formula) else gap if needs_gap(formula) else space, y]


def applied(name, space=" "):
    """A function's name before its argument, without parentheses around one letter."""
    return lambda formula, x: [name, space if formula.parts[0].head in LETTERS else "", x]


def joined(separator):
    return lambda formula, *parts: [piece for part in parts for piece in (separator, part)][1:]


def short(number):
    """Six digits, or all those of an integer without a power of ten."""
    digits = 15 if number.head == "number" and number.content.is_integer() else 6
    return f"{number.content:.{digits}g}".replace("-", "−")


def decimals_and_exponent(number, minus="−"):
    decimals, exponent = f"{number.content:.6g}".split("e")
    return decimals, str(int(exponent)).replace("-", minus)


def entries(array, notation):
    """A small array entry by entry, of a large one the shape."""
    if not (isinstance(array, np.ndarray) and array.size <= 4):
        return print_formula(text(f"shape {array.shape}".replace(",)", ")")), notation)
    places = decimals(array.ravel().tolist())
    numbers = {"float_kind": lambda x: print_formula(decimal(x, places), notation)}
    return np.array2string(array, separator=", ", formatter=numbers).replace("\n", "")


def index_text(index):
    """An index as it is typed: 0, 1:."""
    items = index if isinstance(index, tuple) else (index,)
    return ", ".join(["..." if i is ... else slice_text(i) if isinstance(i, slice) else repr(i) for i in items]) or "()"


def slice_text(i):
    ends = [i.start, i.stop] if i.step is None else [i.start, i.stop, i.step]
    return ":".join(["" if end is None else repr(end) for end in ends])


def stacked(formula, *parts):
    """np.stack takes its operands as one tuple."""
    count = len([part for part in formula.parts if part.head != "parameter"])
    return ["np.stack((", ", ".join(parts[:count]), ",)" if count == 1 else ")", *[f", {part}" for part in parts[count:]], ")"]


def tagged(pieces):
    """Pieces side by side in MathML: numbers, words, signs and thin spaces without a tag are given theirs."""
    if all([piece[:1] in ("", "<") for piece in pieces]):
        return "".join(pieces)

    def tag(m):
        return f"<{m.lastgroup}>{html.escape(m[0])}</{m.lastgroup}>"

    row = [piece if piece[:1] == "<" else re.sub(TOKEN_IN_MATHML, tag, piece) for piece in pieces]
    return f"<mrow>{''.join(row)}</mrow>"


def exponent(latex):
    """In braces where it is more than a letter, and its fractions small."""
    return f"^{latex}" if len(latex) == 1 else f"^{{{latex.replace('dfrac', 'frac')}}}"


def escaped_for_tex(words):
    return "".join([SPECIAL_TO_TEX.get(letter, letter) for letter in words])


THIN_SPACE, INVISIBLE_TIMES = "\u2009", "\u2062"
TOKEN_IN_MATHML = rf"(?P<mn>\d[\d.]*(?:e[+−]\d+)?)|(?P<mi>[A-Za-z]\w*)|(?P<mtext>{THIN_SPACE})|(?P<mo>\S)"
SPECIAL_TO_TEX = {letter: f"\\{letter}" for letter in "#$%&_{}"}
SPECIAL_TO_TEX |= {"\\": r"\backslash ", "~": r"\sim ", "^": r"\wedge ", "|": r"\vert "}
NUMBERS = {"number", "scientific", "decimal"}
LETTERS = {"symbol", "adjoint", "number", "decimal"}
FUNCTIONS = ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")

# ------------------------------------------------------------------------------------------------------------ the notations

TEXT = Notation({}).but({
    "number": (short, LETTER, LETTER),
    "scientific": short,
    "decimal": (lambda formula: "{:.{}f}".format(*formula.content), LETTER, LETTER),
    "array": lambda formula: entries(formula.content, TEXT),
    "symbol": (lambda formula: formula.content, LETTER, LETTER),
    "adjoint": (lambda formula, x: bar_over(x) if is_word(formula) else bar_over(x[0]) + x[1:], LETTER, LETTER),
    "text": lambda formula: formula.content,
    "parameter": lambda formula: "{}={}".format(*formula.content),
    "partial": "∂%s/∂%s",
    "equation": "%s = %s",
    "named": "%s: %s",
    "list": joined(",   "),
    "path": joined(" → "),
    "total": "Σ",
    "plus": "+ %s",
    "parentheses": "(%s)",
    "call": lambda head, count: f"{head}({', '.join(['%s'] * count)})",
    "add": ("%s + %s", SUM, SUM, SUM, APPLIED),
    "subtract": ("%s − %s", SUM, SUM, SUM, APPLIED),
    "negative": ("−%s", SIGN, PRODUCT, APPLIED),
    "multiply": (side_by_side(" · ", " ", " "), PRODUCT, PRODUCT, PRODUCT, FACTOR),
    "divide": ("%s / %s", QUOTIENT, QUOTIENT, QUOTIENT, FACTOR),
    "matmul": ("%s @ %s", QUOTIENT, QUOTIENT, QUOTIENT, FACTOR),
    "power": ("%s^%s", POWER, POWER, ATOM, ATOM),
    "square": ("%s²", POWER, POWER, ATOM),
    "sqrt": ("√%s", ATOM, APPLIED, ATOM),
    "transpose": ("%sᵀ", POWER, POWER, ATOM),
    "equal": "[%s = %s]",
    "greater": "[%s > %s]",
    "maximum": "max(%s, %s)",
    "Index": (lambda formula, x, _: [x, f"[{index_text(formula.parts[1].content[1])}]"], ATOM, ATOM, ATOM),
    **{name: (applied(name), ATOM, APPLIED, LETTER) for name in FUNCTIONS},
})  # fmt: skip

MATHML = TEXT.but({
    **indexed(
        *[lambda letters, barred: BAR_IN_MATHML.format(letters) if barred else f"<mi>{letters}</mi>"] * 2,
        lambda x, index: f"<msub>{x}<mn>{index}</mn></msub>",
    ),
    "scientific": (lambda formula: TEN_IN_MATHML.format(*decimals_and_exponent(formula)), FACTOR, PRODUCT),
    "text": lambda formula: f"<mtext>{html.escape(formula.content)}</mtext>",
    "partial": "<mfrac><mrow><mo>∂</mo>%s</mrow><mrow><mo>∂</mo>%s</mrow></mfrac>",
    "multiply": side_by_side(" · ", THIN_SPACE, INVISIBLE_TIMES),
    "matmul": f"%s{THIN_SPACE}%s",
    "divide": ("<mfrac>%s%s</mfrac>", FACTOR, FACTOR),
    "power": ("<msup>%s%s</msup>", POWER, POWER, ATOM),
    "square": "<msup>%s<mn>2</mn></msup>",
    "sqrt": ("<msqrt>%s</msqrt>", ATOM, ATOM),
    "transpose": "<msup>%s<mo>⊤</mo></msup>",
    **{name: applied(name, THIN_SPACE) for name in FUNCTIONS},
    "exp": ("<msup><mi>e</mi>%s</msup>", POWER, POWER),
}, tagged)  # fmt: skip
BAR_IN_MATHML = '<mover accent="true"><mi>{}</mi><mo>¯</mo></mover>'
TEN_IN_MATHML = "<mrow><mn>{}</mn><mo>·</mo><msup><mn>10</mn><mn>{}</mn></msup></mrow>"

LATEX = TEXT.but({
    **indexed(
        lambda letter, barred: rf"\bar {letter}" if barred else letter,
        lambda word, barred: (r"\overline{\mathrm{%s}}" if barred else r"\mathrm{%s}") % word.replace("_", r"\_"),
        lambda x, index: f"{x}_{index}" if len(index) == 1 else f"{x}_{{{index}}}",
    ),
    "scientific": (lambda formula: r"{} \cdot 10^{{{}}}".format(*decimals_and_exponent(formula, "-")), FACTOR, PRODUCT),
    "array": lambda formula: entries(formula.content, LATEX),
    "text": lambda formula: rf"\text{{{escaped_for_tex(formula.content)}}}",
    "parameter": lambda formula: rf"\mathrm{{{escaped_for_tex('{}={}'.format(*formula.content))}}}",
    "partial": r"\frac{\partial %s}{\partial %s}",
    "list": joined(r",\quad "),
    "path": joined(r" \to "),
    "total": r"\sum",
    "plus": "{} + %s",
    "parentheses": lambda formula, x: [r"\left(", x, r"\right)"] if "frac" in x else ["(", x, ")"],
    "call": lambda head, count: rf"\mathrm{{{escaped_for_tex(head)}}}({', '.join(['%s'] * count)})",
    "subtract": "%s - %s",
    "negative": "-%s",
    "multiply": side_by_side(r" \cdot ", r" \, ", " "),
    "divide": (r"\frac{%s}{%s}", FACTOR, FACTOR),
    "matmul": r"%s \, %s",
    "power": (lambda formula, x, y: [x, exponent(y)], POWER, POWER, ATOM),
    "square": "%s^2",
    "sqrt": (r"\sqrt{%s}", ATOM, ATOM),
    "transpose": r"%s^{\top}",
    "maximum": r"\max(%s, %s)",
    **{name: rf"\{name} %s" for name in FUNCTIONS},
    "exp": (lambda formula, x: ["e", exponent(x)], POWER, POWER),
    "Sigmoid": (r"\frac{1}{1 + e^{-%s}}", FACTOR, FACTOR, APPLIED),
})  # fmt: skip

# As LaTeX, but fractions within a line of text, or in a table, are as large as on a line of their own.
FULL_SIZE = LATEX.but({head: LATEX.row(head).replace("frac", "dfrac", 1) for head in ("divide", "partial", "Sigmoid")})

PYTHON = TEXT.but({
    **dict.fromkeys(["number", "scientific"], lambda formula: repr(formula.content)),
    "array": lambda formula: f"np.array({formula.content.tolist()!r}, np.{formula.content.dtype})",
    "text": lambda formula: repr(formula.content),
    "parameter": lambda formula: "{}={!r}".format(*formula.content),
    "adjoint": "%s_bar",
    "call": lambda head, count: f"np.{head}({', '.join(['%s'] * count)})" if hasattr(np, head) else None,
    "subtract": "%s - %s",
    "negative": ("-%s", SIGN, PRODUCT, ATOM),
    "multiply": "%s * %s",
    "divide": ("%s / %s", PRODUCT, PRODUCT, PRODUCT, FACTOR),
    "matmul": ("%s @ %s", PRODUCT, PRODUCT, PRODUCT, FACTOR),
    "power": "%s ** %s",
    "square": "%s ** 2",
    "equal": ("np.equal(%s, %s) * 1.0", PRODUCT, PRODUCT),
    "stack": stacked,
    "BroadcastLike": "np.broadcast_to(%s, np.shape(%s))",
    "ReshapeLike": "np.reshape(%s, np.shape(%s))",
    **dict.fromkeys(["sqrt", "transpose", "maximum", *FUNCTIONS], (None, ATOM, ATOM)),  # are called
})  # fmt: skip

TAKEN_IN_JAVASCRIPT = """
    arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally
    for function if implements import in instanceof interface let new null package private protected public return static super
    switch this throw true try typeof undefined var void while with yield Infinity Math NaN Number
"""

JAVASCRIPT = PYTHON.but({
    "symbol": lambda formula: f"${formula.content}" if formula.content in TAKEN_IN_JAVASCRIPT.split() else formula.content,
    "text": lambda formula: json.dumps(formula.content),
    "call": lambda head, count: None,
    "equal": ("Number(%s === %s)", ATOM, ATOM),
    "maximum": "Math.max(%s, %s)",
    **{name: f"Math.{name}(%s)" for name in ["sqrt", *FUNCTIONS]},
    **dict.fromkeys(["matmul", "transpose", "Index", "stack", "BroadcastLike", "ReshapeLike"]),  # of scalars alone
})  # fmt: skip
