"""Settles claims: whether two sides are the same is asked of SymPy, and always of numbers at points of the stated domain."""

import random
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, product

import mpmath
import numpy as np
import sympy as sp

from tools.equations.context import Part
from tools.equations.formulas import ReadingError, at_index, is_name, walk, written
from tools.equations.meaning import DIGITS, GUARD, Numbers, RefutedError, Symbols, TooLargeError, shown

SPECIAL = [{i: value} for i in range(4) for value in (0, 1, -1)]  # one of the first four names, all names, or all but some
SPECIAL += [dict.fromkeys(range(first, 99), value) for first, value in ((0, 0), (0, 1), (2, 0), (3, 0))]
SIZES = [(2, 3, 4), (3, 4, 2), (4, 2, 3), (3, 3, 3), (5, 6, 7)]  # of what has n components, and other such letters
SCALES = [sp.Rational(1), sp.Rational(1, 3), sp.Rational(1, 30), sp.Rational(4), sp.Rational(40)]  # of random numbers, times 3
ROUNDED = 6  # the decimals of a number that has been rounded
SETTLED = {}  # all that has been settled, by what it depends on: nothing is checked twice


@dataclass
class Draw:
    """Numbers for free names, the same for the same seed: special ones by the order of the names, random ones otherwise."""

    seed: str
    given: dict
    special: dict
    stated: bool = False  # whether all names must be among the given ones
    scale: sp.Rational = SCALES[0]
    digits: int = 0  # that must agree here
    depth: int = 0  # of the quotients of quotients that are being computed

    def __call__(self, name):
        if name not in self.given:
            if self.stated:
                raise ReadingError(f"the value of {name}, which is not stated")
            drawn = sp.Rational(random.Random(f"{self.seed} {name}").randint(-300, 300) * 2 + 1, 211) * self.scale
            self.given[name] = self.special.get(len(self.given), drawn)
        value = sp.Rational(self.given[name])
        return mpmath.mpf(value.p) / value.q

    def __str__(self):
        return ", ".join([f"{name} = {value}" for name, value in self.given.items()]) or "every point"


@dataclass
class Claim:
    """left relation right, as it stands somewhere; or a remark on what stands there, which has its verdict from the start."""

    left: tuple
    relation: str
    right: tuple
    part: Part
    tex: str
    where: str
    section: str
    at_point: bool = False  # whether it is meant where the part's letters have their stated values, if there are such values
    verdict: str = ""  # "by symbols", "by numbers", "not checked" or "false"; of a domain, "too narrow"
    message: str = ""  # for the latter three

    def __post_init__(self):
        self.part = self.part.snapshot()

    @cached_property
    def context(self):
        """What the verdict depends on."""
        tables = [dict(getattr(self.part, table)) for table in Part.TABLES]
        return repr((self.left, self.relation, self.right, self.at_point, tables))

    def settle(self):
        if self.context not in SETTLED:
            self.at_point = self.at_point and bool(self.part.point)
            try:
                self.verdict = self.judged()
            except (ReadingError, RecursionError, ValueError, TypeError) as reason:
                self.verdict, self.message = "not checked", f"cannot read {reason}"
            except ArithmeticError as reason:
                self.verdict, self.message = "false", str(reason)
            SETTLED[self.context] = self.at_point, self.verdict, self.message
        self.at_point, self.verdict, self.message = SETTLED[self.context]

    def judged(self):
        if self.part.point and not self.at_point and (is_numeric(self.left) or is_numeric(self.right)):
            with suppress(RefutedError):
                return self.everywhere()
            self.at_point = True
        return self.everywhere()

    def everywhere(self):
        shown = [self.instance(*one) for one in self.instances()]
        if not shown:
            raise ReadingError("for which indices this is meant")
        return "by symbols" if all(shown) else "by numbers"

    def instances(self):
        """The claim with numbers for its indices and for the letters of dimensions, as (left, right, sizes, world)."""
        letters = sorted({one[1] for size in self.part.dimensions() for one in size if one[0] == "name"})
        for sizes in SIZES[: None if letters else 1]:
            world = {letter: sizes[i % 3] for i, letter in enumerate(letters)}
            both = ("both", self.left, self.right)
            free = self.free_indices(both, letters)
            for numbers in product(*[self.span(base, axis, world) for base, axis in free.values()]):
                one = both
                for letter, number in zip(free, numbers):
                    one = at_index(one, letter, number)
                yield one[1], one[2], self.sizes_in(one), world

    @staticmethod
    def free_indices(tree, letters):
        """{letter of an index that is bound by no sum: (name it stands at, axis)}."""
        found, bound = {}, {*letters, *[one[1] for one in walk(tree) if one[0] == "sum"]}
        for one in walk(tree):
            for axis, index in enumerate(one[2] if one[0] == "sub" else ()):
                if index[0] == "name" and index[1] not in bound:
                    found.setdefault(index[1], (one[1], axis))
        return found

    def span(self, base, axis, world):
        """The numbers that an index runs through."""
        family = [name for name in self.part.functions if name[:2] == ("sub", base)]
        if family:
            return [int(name[2][0][1]) for name in family]
        meaning = Symbols(self.part, self.sizes_in(base), world)
        shape = np.shape(meaning(base if base in self.part.functions else ("bold", base[1])))
        return range(1, (*shape, 1)[axis] + 1)

    def sizes_in(self, tree):
        """The dimensions of vectors, those of a function's arguments where the function is named."""
        functions = [self.part.functions.get(one) for one in walk(tree) if is_name(one)]
        return self.part.sizes | {letter: size for function in functions if function for letter, size in function.sizes.items()}

    def instance(self, left, right, sizes, world):
        """Whether symbols show it; raises if it is false at a point. SymPy has no say before numbers have confirmed it."""
        symbols = Symbols(self.part, sizes, world)
        if self.relation == r"\in":
            want, have = tuple(map(symbols.size, right)), np.shape(symbols(left))
            if have != ((*want, 1)[:2] if want else ()) and (want, have) != ((1,), ()):
                raise RefutedError(f"it has the dimension {shown(have)}, not {shown(want)}")
            return True
        try:
            sides = [np.array(symbols(side), dtype=object) if is_small(world) else np.array(0) for side in (left, right)]
        except (ArithmeticError, ReadingError):
            sides = None
        names, reason = 0, RefutedError("no point was found in the stated domain")
        for draw in self.points(sizes, world, symbols.poles()):
            if reason or min(draw.special, default=-1) < names:  # there may be fewer names than in SPECIAL
                try:
                    self.compare(left, right, sizes, world, draw)
                    names, reason = max(names, len(draw.given)), None
                except TooLargeError as large:
                    reason = reason and large
        if reason:
            raise reason
        return bool(sides) and not self.at_point and all(map(vanishes, np.ravel(sides[0] - sides[1])))

    def points(self, sizes, world, poles):
        """Points of the domain: the stated one; or the poles of SymPy's divisors, special ones, and some of each scale."""
        if self.at_point:
            return [stated_point(self.part)]

        def inside(draw):
            with mpmath.workdps(GUARD):
                try:
                    return all(Numbers(self.part, sizes, world, draw).holds(*condition) for condition in self.part.conditions)
                except (RefutedError, TooLargeError):
                    return False

        special = [Draw("a pole", pole, {}) for pole in poles]
        literals = [{i: value} for value in sorted(self.literals((self.left, self.right), set()))[:6] for i in range(2)]
        special += [Draw(f"{world}", {}, one) for one in SPECIAL + literals if min(world.values(), default=2) == 2]
        drawn = (Draw(f"{world} {i}", {}, {}, scale=SCALES[i % len(SCALES)]) for i in range(60))
        return chain(filter(inside, special), islice(filter(inside, drawn), len(SCALES) if is_small(world) else 1))

    def literals(self, tree, seen):
        """The numbers that stand in a tree and in what it is made of, for there may be a kink; and their inverses."""
        found = {sp.Rational(one[1]) for one in walk(tree) if one[0] == "num"} - {0, 1}
        found |= {1 / value for value in found}
        for name in {one for one in walk(tree) if is_name(one)} - seen:
            seen.add(name)
            found |= self.literals(self.part.made_of(name) or (), seen)
        return found

    def compare(self, *point):
        """Raises if the sides differ at this point; this is not said before more digits have been carried."""
        try:
            self.compare_with(GUARD, *point)
        except RefutedError:
            self.compare_with(20 * GUARD, *point)

    def compare_with(self, digits, left, right, sizes, world, draw):
        draw.digits, draw.depth = GUARD - DIGITS, 0
        with mpmath.workdps(digits):
            meaning = Numbers(self.part, sizes, world, draw)
            try:
                values = [meaning(side) for side in (left, right)]
            except ArithmeticError as reason:
                raise RefutedError(f"{reason or 'a value does not exist'}, at {draw}") from None
            shapes = [np.shape(value) for value in values]
            if shapes[0] != shapes[1]:
                raise RefutedError(f"the left side has the dimension {shown(shapes[0])}, the right side {shown(shapes[1])}")
            for place, a in np.ndenumerate(values[0]):
                b = np.array(values[1], dtype=object)[place]
                tolerance = mpmath.mpf(10) ** -draw.digits * (1 + abs(a) + abs(b))
                if self.at_point:
                    tolerance += rounding(left, meaning) + rounding(right, meaning)
                if not abs(a - b) <= tolerance:
                    entry = f"entry ({', '.join(str(i + 1) for i in place)}): " if place else ""
                    sides = f"{entry}left side {mpmath.nstr(a, 15)}, right side {mpmath.nstr(b, 15)} at {draw}"
                    raise RefutedError(f"{sides}; the right side should be {self.should_be(left, sizes, world, a)}")

    def should_be(self, left, sizes, world, value):
        if self.at_point:
            return mpmath.nstr(value, 10)
        try:
            found = Symbols(self.part, sizes, world)(left)
            return sp.latex(sp.Matrix(found) if isinstance(found, np.ndarray) else sp.simplify(found))
        except (ReadingError, ArithmeticError):
            return mpmath.nstr(value, 15)

    def holds_without(self, condition, draw):
        """Whether this point violates the condition, and the claim is true there nevertheless."""
        left, right, sizes, world = next(self.instances())
        try:
            with mpmath.workdps(GUARD):
                outside = not Numbers(self.part, sizes, world, draw).holds(*condition)
            if outside and self.relation == "=" and not self.at_point:
                self.compare(left, right, sizes, world, draw)
        except (ArithmeticError, ReadingError):
            return False
        return outside


def needless(condition, claims):
    """A point that a condition excludes, although all claims under this condition are true there; or None."""
    claims = [one for one in claims if condition in one.part.conditions and one.relation and one.verdict != "not checked"]
    if any(claim.verdict == "false" for claim in claims):
        return None  # that is to be said first
    context = repr((condition, [claim.context for claim in claims]))
    if context not in SETTLED:
        draws = [Draw(f"outside {i}", {}, SPECIAL[i] if i < len(SPECIAL) else {}) for i in range(60 if claims else 0)]
        SETTLED[context] = next((one for one in draws if all(claim.holds_without(condition, one) for claim in claims)), None)
    return SETTLED[context]


def is_small(world):
    """Large sizes are left to numbers, at one point."""
    return max(world.values(), default=0) < max(SIZES[-1])


def vanishes(difference):
    difference = sp.expand(difference)
    return difference == 0 or sp.simplify(difference) == 0


def is_numeric(tree):
    """Whether there are only numbers in a tree."""
    return not any(is_name(one) for one in walk(tree))


def is_rounded(tree):
    """Whether a tree of numbers has decimals."""
    return is_numeric(tree) and any(True for _ in nudged(tree, 1))


def rounding(tree, meaning):
    """How far a tree of numbers may be off. A decimal by itself is rounded to its last digit; in a formula, those with ROUNDED
    decimals or more are, and the others are exact."""
    if not is_numeric(tree):
        return 0
    least = 1 if tree[0] == "num" or (tree[0] == "neg" and tree[1][0] == "num") else ROUNDED
    return sum([max(np.ravel(abs(meaning(one) - meaning(tree)))) for one in nudged(tree, least)])


def nudged(tree, least):
    """The tree with one number half a unit of its last digit greater, for each of those with so many decimals at least."""
    if tree[0] == "num":
        yield from [("num", f"{tree[1]}5")] if len(tree[1].partition(".")[2]) >= least else []
        return
    for i, part in enumerate(tree):
        if isinstance(part, tuple):
            yield from ((*tree[:i], one, *tree[i + 1 :]) for one in nudged(part, least))


def value_at_point(tree, part):
    """The number that a formula is at the part's point."""
    with mpmath.workdps(GUARD):
        return Numbers(part, {}, {}, stated_point(part))(tree)


def stated_point(part):
    return Draw("the point", {written(name): value for name, value in part.point.items()}, {}, stated=True)
