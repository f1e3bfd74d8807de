"""Formulas typeset as SVG: a notation whose rows make boxes, put side by side, raised, lowered, over and under a rule.

Sizes are in px, for letters of 12 px, and come from a table of widths: no font of any machine is asked, so that a picture is
the same everywhere. A word stands in the middle of its width, so that it looks well in a narrower font, too.
"""

import html
from typing import NamedTuple

from autograd_engine.notation import (
    ATOM, FACTOR, POWER, PRODUCT, TEXT, decimals_and_exponent, entries, indexed, needs_dot,
)  # fmt: skip

SIZE, SMALL, SMALLEST = 12, 0.75, 8 / 12  # the height of the letters, how much smaller indices and exponents are, at the most
ABOVE, BELOW, AXIS = 9.0, 3.0, 4.2  # how far letters reach from their baseline, and where a minus and a rule stand above it
GAP, THIN, STROKE = 2.0, 2.2, 0.9  # between a rule and what it divides, between factors, and how thick rules are
LOWERED, ASUNDER = 3.5, 1.0  # how far an index is below its letter, and what keeps an exponent above it from it
WIDTHS = {  # of letters, in units of their height; of DejaVu Sans, rounded up
    0.30: "ijlIJ'", 0.36: " ,.·/:;|\\f-", 0.42: "()[]tr!²ᵀ", 0.56: 'sz∂?cL_*"`', 0.62: "FkvxyPTYaeo", 0.78: "ABCDGHKNOQRUVXZ&",
    0.84: "w#+<=>^~−→×", 0.87: "M", 1.0: "mW%@",
}  # fmt: skip
WIDTH = {letter: width for width, letters in WIDTHS.items() for letter in letters}
TALL = "bdfhijklt" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


LONGEST = 40  # letters of a name: longer ones would make boxes that no page has room for


class Mark(NamedTuple):
    """A word, or a line through points, and where its origin is. What is scaled is smaller than usual."""

    x: float
    y: float
    scale: float
    what: str | tuple
    width: float = 0.0
    is_italic: bool = False

    @property
    def is_line(self):
        return isinstance(self.what, tuple)

    def svg(self, colour):
        """With attributes for its colour."""
        if self.is_line:
            points = [f"{self.x + self.scale * x:.1f},{self.y + self.scale * y:.1f}" for x, y in self.what]
            width = f'stroke-width="{STROKE * self.scale:.2f}"'
            return f'<polyline points="{" ".join(points)}" {colour} fill="none" {width}/>'
        size = "" if self.scale == 1.0 else f' font-size="{SIZE * self.scale:.1f}"'
        style = ' font-style="italic"' if self.is_italic else ""
        centre = self.x + self.scale * self.width / 2
        return f'<text x="{centre:.1f}" y="{self.y:.1f}" {colour}{size}{style}>{html.escape(self.what)}</text>'


class Box(NamedTuple):
    """Something typeset: how wide it is, how far it reaches above and below its baseline, and its marks; of a letter with an
    index also these two, since an exponent goes above the index."""

    width: float
    above: float
    below: float
    marks: tuple
    parts: tuple = ()

    def at(self, x, y, scale=1.0):
        """The marks of the box with its baseline starting there."""
        return tuple([m._replace(x=x + scale * m.x, y=y + scale * m.y, scale=scale * m.scale) for m in self.marks])

    def scaled(self, scale):
        return Box(scale * self.width, scale * self.above, scale * self.below, self.at(0.0, 0.0, scale))


def width_of(letter):
    return SIZE * (1.0 if letter > "\u2e80" else WIDTH.get(letter, 0.65))


def word(letters, is_italic=False):
    width = sum(map(width_of, letters))
    return Box(width, ABOVE, BELOW, (Mark(0.0, 0.0, 1.0, letters, width, is_italic),) if letters.strip() else ())


def space(width):
    return Box(width, 0.0, 0.0, ())


def line(*points):
    return Mark(0.0, 0.0, 1.0, points)


def beside(pieces):
    """Boxes and words in a row, on one baseline. Spaces around a word are space."""
    if len(pieces) == 1 and isinstance(pieces[0], Box):
        return pieces[0]
    boxes, x, marks = [piece if isinstance(piece, Box) else padded(piece) for piece in pieces], 0.0, ()
    for box in boxes:
        marks += box.at(x, 0.0)
        x += box.width
    return Box(x, max([0.0, *[box.above for box in boxes]]), max([0.0, *[box.below for box in boxes]]), marks)


def padded(letters):
    before, after = [SIZE * WIDTH[" "] * (len(letters) - len(rest)) for rest in (letters.lstrip(), letters.rstrip())]
    inner = word(letters.strip())
    return Box(before + inner.width + after, inner.above, inner.below, inner.at(before, 0.0)) if inner.marks else space(before)


def shifted(base, small, rise):
    """A box with a smaller one behind it, that much higher."""
    small = small.scaled(max([SMALL, *[SMALLEST / mark.scale for mark in small.marks]]))
    above, below = max(base.above, rise + small.above), max(base.below, small.below - rise)
    return Box(base.width + small.width + 1.0, above, below, base.marks + small.at(base.width + 0.5, -rise))


def lowered(base, index):
    return shifted(base, index, -LOWERED)._replace(parts=(base, index))


def raised(base, exponent):
    if base.parts:
        return stacked(*base.parts, exponent)
    return shifted(base, exponent, base.above - ABOVE / 2 + SMALL * (exponent.below - BELOW))


def stacked(base, index, exponent):
    """The exponent above the index."""
    rise = base.above - ABOVE / 2 + SMALL * (exponent.below - BELOW) + ASUNDER
    over, under = shifted(base, exponent, rise), lowered(base, index)
    return Box(max(over.width, under.width), over.above, under.below, over.marks + under.marks[len(base.marks) :])


def fraction(over, under):
    width = max(over.width, under.width) + 5.0
    up, down = AXIS + GAP + over.below, GAP + under.above - AXIS
    marks = over.at((width - over.width) / 2, -up) + under.at((width - under.width) / 2, down)
    return Box(width, up + over.above, down + under.below, (*marks, line((1.0, -AXIS), (width - 1.0, -AXIS))))


def root(x):
    """A root's sign, as high as what is below its bar."""
    top, foot = -x.above - GAP, x.below - 1.0
    sign = line((0.5, foot - 5.0), (2.0, foot - 6.0), (4.5, foot), (8.0, top), (x.width + 10.0, top))
    return Box(x.width + 11.0, x.above + GAP + 1.0, x.below, (*x.at(9.0, 0.0), sign))


def barred(box, height):
    bar = line((1.0, -height), (box.width - 0.5, -height))
    return box._replace(above=max(box.above, height + 1.0), marks=(*box.marks, bar))


def letters(is_italic):
    def row(symbol, is_adjoint):
        box = word(shortened(symbol), is_italic)
        return barred(box, 10.5 if any([letter in TALL for letter in symbol]) else 8.5) if is_adjoint else box

    return row


def shortened(name):
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def is_shortened(box):
    return any([mark.what[-1:] == "…" for mark in box.marks])


def enclosed(formula, x):
    """In parentheses that are as high as what they enclose."""
    if x.above <= ABOVE + 3.0:
        return ["(", x, ")"]
    top, foot = -x.above, x.below
    left = line((4.0, top), (2.0, top + 4.0), (1.2, (top + foot) / 2), (2.0, foot - 4.0), (4.0, foot))
    right = left._replace(what=tuple([(5.0 - a, b) for a, b in left.what]))
    return [Box(5.0, x.above, x.below, (left,)), x, Box(5.0, x.above, x.below, (right,))]


def scientific(formula):
    decimals, exponent = decimals_and_exponent(formula)
    return [decimals, DOT, raised(word("10"), word(exponent))]


DOT = beside([space(THIN / 2), "·", space(THIN / 2)])


SVG = TEXT.but({
    **indexed(letters(True), letters(False), lambda x, index: lowered(x, word(index))),
    "scientific": (scientific, FACTOR, PRODUCT),
    "array": lambda formula: entries(formula.content, TEXT),
    "text": lambda formula: shortened(formula.content),
    "parentheses": enclosed,
    "partial": lambda formula, t, x: fraction(beside(["∂", t]), beside(["∂", x])),
    "multiply": lambda formula, x, y: [x, DOT if needs_dot(formula) else space(THIN), y],
    "matmul": lambda formula, x, y: [x, space(THIN), y],
    "divide": (lambda formula, x, y: fraction(x, y), FACTOR, FACTOR),
    "power": (lambda formula, x, y: raised(x, y), POWER, POWER, ATOM),
    "square": lambda formula, x: raised(x, word("2")),
    "transpose": lambda formula, x: raised(x, word("T")),
    "sqrt": (lambda formula, x: root(x), ATOM, ATOM),
}, beside)  # fmt: skip
