r"""Proves every equals sign of the write-up and of the notebook's prose, as printed: exits with 1 if one of them is false.

    python -m docs.proof                  the write-up and the notebook        (in the project folder)
    python -m docs.proof a.md b.ipynb     other files

A chain `a = b = c` makes two claims, and the lines of an `aligned` are such a chain. Both sides of a claim are computed
twice: by SymPy with symbols; and as printed, with 50 digits, at random and at special points of the domain (0, 1, -1, zeros
of divisors), derivatives being quotients of differences. Where a side is not finite and real, the claim is false. What text
says to its readers it says to the checker:

    $u(x) = \cos(x^3)$, $s = \mathbf{x}^T \mathbf{x}$    a name that is new is defined; a name that is known makes a claim
    $x \ne 0$, $x_1^2 > x_3$, $p, q > 0$                 the domain of this part's equations
    $\mathbf{x} \in \mathbb{R}^n$                        a vector's dimension; of anything else, a claim
    $a = 2$ for a free $a$, $w = (0.5, 2)$               the point at which numbers are meant
    | $t_1 = a + b$ | $5$ |                              in a table, a cell with only a number is the value of that before it

A heading such as `1(a)` begins a part, which starts from what the sheet says there (sheet-equations.md); a table's row that
begins with `1(a)` belongs to it, and a formula there without a relation claims to be the part's boxed answer. What readers know
without being told stands in comments, in the same notation:

    <!-- let: a > 0; \mathbf{v} \in \mathbb{R}^2 -->     as if it were printed here
    <!-- in: 2, equation A -->                           what follows, up to the next heading, belongs to the part of this name

\partial holds fixed what the differentiated name is directly made of, and goes through definitions otherwise; d always does.
"""

import json
import random
import re
import sys
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from xml.etree import ElementTree

import mpmath
import numpy as np
import pypandoc
import sympy as sp

from docs.formulas import SPACING, TOKEN, Reader, ReadingError, braced, statements, tokens, without_frames
from docs.meaning import GUARD, NoValueError, Numbers, Part, Symbols, indices, key, replaced, shown, subtrees, walk

DOCS = Path(__file__).resolve().parent
SHEET, FILES = DOCS / "sheet-equations.md", [DOCS / "DL-Sheet01.md", DOCS.parent / "DL-Sheet01.ipynb"]
DIGITS = 50  # that must agree

VERDICTS = ["proved", "at points", "not checked", "false"]
SPECIAL = [{i: value} for i in range(4) for value in (0, 1, -1)] + [dict.fromkeys(range(99), value) for value in (0, 1)]


@dataclass
class Claim:
    """left relation right, as it stands somewhere."""

    left: tuple
    relation: str
    right: tuple
    part: Part
    sizes: dict
    tex: str
    where: str
    section: str
    at_point: bool = False
    verdict: str = ""
    message: str = ""

    def settle(self):
        """Sets the verdict ("proved", "at points", "false", "not checked") and, for the latter two, the message."""
        self.at_point = self.at_point and bool(self.part.all("point"))
        try:
            self.verdict = self.checked()
        except (ReadingError, RecursionError) as reason:
            self.verdict, self.message = "not checked", f"cannot read {reason}"
        except (NoValueError, ZeroDivisionError) as reason:
            self.verdict, self.message = "false", str(reason)
        except FalseClaimError as reason:
            self.verdict, self.message = "false", str(reason)

    def context(self):
        """What the verdict depends on."""
        tables = [self.part.all(name) for name in ("definitions", "functions", "notations", "conditions", "point")]
        return repr((self.left, self.relation, self.right, self.at_point, self.sizes, tables))

    def checked(self):
        if self.left[0] == "bar" and not self.at_point:
            self.names_the_users()
        number = self.right[0] == "num" or (self.right[0] == "neg" and self.right[1][0] == "num")
        if number and not self.at_point and self.part.all("point"):
            try:
                return self.everywhere()
            except FalseClaimError:
                self.at_point = True
        return self.everywhere()

    def everywhere(self):
        verdicts = {self.instance(left, right, sizes, world) for left, right, sizes, world in self.instances()}
        if not verdicts:
            raise ReadingError("for which indices this is meant")
        return "proved" if verdicts == {True} else "at points"

    def instances(self):
        """The claim with numbers for its indices and for the sizes of vectors."""
        stated = [*self.part.all("sizes").values(), *self.sizes.values()]
        stated += [size for function in self.part.all("functions").values() for size in (function[2], *function[3].values())]
        names = sorted({one[1] for size in stated for one in size or () if one[0] == "name"})
        for shift in range(3 if names else 1):
            world = {name: 2 + (i + shift) % 3 for i, name in enumerate(names)}
            both = ("both", self.left, self.right)
            free = indices(both, self.part)
            for numbers in product(*[self.span(*at, world) for at in free.values()]):
                one = both
                for letter, number in zip(free, numbers):
                    one = replaced(one, ("name", letter), ("num", str(number)))
                yield one[1], one[2], self.sizes | self.own_sizes(one), world

    def span(self, base, axis, world):
        family = [name for name in self.part.all("functions") if re.fullmatch(rf"{base[1]}_\d+", name)]
        if family:
            return [int(name.split("_")[1]) for name in family]
        meaning = Symbols(self.part, self.sizes | self.own_sizes(base), world)
        if base[0] == "name" and meaning.callable(base[1]):
            return range(1, len(np.atleast_1d(meaning(base))) + 1)
        return range(1, meaning.dimension(base[1])[axis] + 1)

    def own_sizes(self, tree):
        """Those of the arguments of the functions that are named."""
        named = [self.part.find("functions", key(one) or "") for one in walk(tree) if one[0] in ("name", "sub")]
        return {letter: size for function in named if function for letter, size in function[3].items()}

    def instance(self, left, right, sizes, world):
        """Whether SymPy proves it; raises if it is false at a point."""
        symbols = Symbols(self.part, sizes, world)
        if self.relation == r"\in":
            want, have = tuple(map(symbols.size, right)), np.shape(symbols(left))
            if (*(n for n in (*want, 1)[:2]),) != have and not (have == () and want in ((), (1,))):
                raise FalseClaimError(f"it has the dimension {shown(have)}, not {shown(want)}")
            return True
        proved = not self.at_point and vanishes(symbols, left, right)
        done = [self.compare(left, right, sizes, world, draw) for draw in self.points(sizes, world, list(symbols.poles()))]
        if not done:
            raise FalseClaimError("no point was found in the stated domain")
        return proved

    def points(self, sizes, world, poles):
        if self.at_point:
            yield Draw("the point", self.part.all("point"), only=True)
            return
        conditions = self.part.all("conditions")
        draws = [Draw("a pole", pole) for pole in poles]
        draws += [Draw(f"{world}", special=one) for one in SPECIAL if not world or min(world.values()) == 2]
        random_ones = 0
        for draw in chain(draws, (Draw(f"{world} {attempt}") for attempt in range(60))):
            with mpmath.workdps(GUARD):
                try:
                    meaning = Numbers(self.part, sizes, world, {}, draw)
                    inside = all(meaning.holds(*condition) for condition in conditions)
                except NoValueError:
                    inside = False
            if inside:
                random_ones += draw not in draws
                yield draw
            if random_ones == 4:
                return

    def compare(self, left, right, sizes, world, draw):
        with mpmath.workdps(GUARD):
            meaning, values = Numbers(self.part, sizes, world, {}, draw), []
            for side in (left, right):
                try:
                    values.append(meaning(side))
                except ArithmeticError as reason:
                    raise FalseClaimError(f"{reason or 'a value does not exist'}, at {draw}") from None
            if np.shape(values[0]) != np.shape(values[1]):
                raise FalseClaimError(
                    f"the left side has the dimension {shown(np.shape(values[0]))}, the right side {shown(np.shape(values[1]))}"
                )
            for a, b in zip(*map(np.ravel, values)):
                tolerance = mpmath.mpf(10) ** -DIGITS * (1 + abs(a) + abs(b))
                if self.at_point:
                    tolerance += max(map(rounding, (left, right)))
                if not abs(a - b) <= tolerance:
                    raise FalseClaimError(
                        f"left side {mpmath.nstr(a, 15)}, right side {mpmath.nstr(b, 15)} at {draw}; "
                        f"the right side should be {self.should_be(left, sizes, world, a)}"
                    )
        return True

    def should_be(self, left, sizes, world, value):
        if self.at_point:
            return mpmath.nstr(value, 10)
        try:
            found = Symbols(self.part, sizes, world)(left)
            return sp.latex(sp.Matrix(found) if isinstance(found, np.ndarray) else sp.simplify(found))
        except (ReadingError, ArithmeticError):
            return mpmath.nstr(value, 15)

    def names_the_users(self):
        r"""Task 2(c): \bar v = ... has one product for each node that uses v, and no other."""
        said = []
        for term in terms(self.right):
            match term:
                case ("mul", ("bar", bar), ("deriv", by, top, False)):
                    said.append((bar, top, by))
                case ("num", "1") if self.right == term:
                    continue
                case _:
                    return
        meaning = Symbols(self.part, {}, {})
        steps = {
            name: tree for name, tree in self.part.all("definitions").items() if name[0] == "sub" and name[1] == ("name", "t")
        }
        users = [name for name in steps if key(self.left[1]) in meaning.own(name)]
        if sorted(said) != sorted([(user, user, self.left[1]) for user in users]):
            raise FalseClaimError(f"the nodes that use {key(self.left[1])} are {', '.join(map(key, users)) or 'none'}")


class FalseClaimError(Exception):
    """The claim is wrong, and this is why."""


def terms(tree):
    return [*terms(tree[1]), *terms(tree[2])] if tree[0] == "add" else [tree]


def rounding(tree):
    """Half a unit of the last digit of a decimal number, if the tree is one."""
    tree = tree[1] if tree[0] == "neg" else tree
    decimals = len(tree[1].partition(".")[2]) if tree[0] == "num" else 0
    return mpmath.mpf(10) ** -decimals / 2 if decimals else mpmath.mpf(0)


def vanishes(symbols, left, right):
    """Whether SymPy sees that both sides are the same. It never says so of what numbers have not confirmed."""
    try:
        sides = [np.array(symbols(side), dtype=object) for side in (left, right)]
    except (ArithmeticError, ReadingError):
        return False
    if sides[0].shape != sides[1].shape:
        return False
    differences = np.ravel(sides[0] - sides[1])
    for one in differences:
        one = sp.expand(one)
        if one != 0 and sp.simplify(one) != 0:
            return False
    return True


class Draw:
    """Numbers for free names, the same for the same seed: special ones by the order of the names, random ones otherwise."""

    def __init__(self, seed, given=(), special=(), only=False):
        self.seed, self.given, self.special, self.only = seed, dict(given), dict(special), only

    def __call__(self, name):
        if name is None:
            return self.seed
        if name not in self.given:
            if self.only:
                raise ReadingError(f"the value of {name}, which is not stated")
            value = self.special.get(len(self.given))
            self.given[name] = (
                sp.Rational(random.Random(f"{self.seed} {name}").randint(-300, 300) * 2 + 1, 211)
                if value is None
                else sp.Integer(value)
            )
        value = sp.Rational(self.given[name])
        return mpmath.mpf(value.p) / value.q

    def __str__(self):
        return ", ".join([f"{name} = {value}" for name, value in self.given.items()]) or "every point"


# ------------------------------------------------------------------------------------------------- reading a document


def events(blocks, line=0):
    """What matters in pandoc's tree, in order: ("heading", level, text), ("math", tex, line), ("comment", text, line),
    ("image", path, line), ("row", cells), a cell being such events."""
    if isinstance(blocks, list):
        for one in blocks:
            yield from events(one, line)
    elif isinstance(blocks, dict):
        kind, content = blocks.get("t"), blocks.get("c")
        if kind in ("Div", "Span", "Header", "Table"):
            attributes = dict(content[1 if kind == "Header" else 0][2])
            line = int(re.match(r"\d*", attributes.get("data-pos", ""))[0] or line)
        if kind == "Header":
            yield "heading", content[0], plain(content[2])
        elif kind == "Math":
            yield "math", content[1], line
        elif kind in ("RawInline", "RawBlock") and content[1].startswith("<!--"):
            yield "comment", content[1], line
        elif kind == "Image":
            yield "image", content[2][0], line
        elif kind == "Table":
            for row in chain(content[3][1], *[body[3] for body in content[4]]):
                yield "row", [(plain(cell[4]), list(events(cell[4], line))) for cell in row[1]], line
            return
        if content is not None and kind not in ("Math", "Image", "RawInline", "RawBlock"):
            yield from events(content, line)


def plain(tree):
    if isinstance(tree, list):
        return "".join(map(plain, tree))
    if not isinstance(tree, dict):
        return ""
    leaf = {"Str": lambda c: c, "Space": lambda c: " ", "Math": lambda c: c[1]}.get(tree["t"])
    return (
        leaf(tree.get("c"))
        if leaf
        else plain(tree["c"][-1] if isinstance(tree.get("c"), list) and tree["t"] == "Span" else tree.get("c"))
    )


def number(tex):
    return re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", tex) is not None


def printed(path):
    """[(place, its events)] of a Markdown file, or of each Markdown cell of a notebook."""
    text = Path(path).read_text(encoding="utf-8")
    if Path(path).suffix == ".ipynb":
        cells = enumerate(json.loads(text)["cells"])
        texts = [(f" cell {i},", "".join(cell["source"])) for i, cell in cells if cell["cell_type"] == "markdown"]
    else:
        texts = [("", text)]
    return [
        (place, list(events(json.loads(pypandoc.convert_text(one, "json", format="gfm+sourcepos"))["blocks"])))
        for place, one in texts
    ]


class Document:
    """The claims of one document, in the order in which they are printed; `origin` is the Document of the sheet, or None."""

    def __init__(self, path, sheet=None, source=None):
        self.path, self.sheet, self.parts, self.claims, self.formulas = Path(path), sheet, {}, [], []
        self.signs, self.paths, self.later, self.domains, self.defined, self.section, self.place = 0, [], [], [], [], None, ""
        self.inside = self.enter("front")
        self.stack = [(0, self.inside)]
        for self.place, found in source or printed(path):
            for event in found:
                self.take(event, self.inside)
        for part in list(self.parts.values()):
            self.steps(part)
        for tex, line, part, place, section in self.later:
            self.place, self.section = place, section
            self.boxed(tex, line, part)

    def enter(self, name, above=None):
        """The part of this name. Its parent is what the sheet says there, or else the task it belongs to."""
        if name not in self.parts:
            task = re.match(r"\d+(?=\W)", name)
            parent = self.sheet.parts.get(name) if self.sheet else None
            self.parts[name] = Part(name, parent or (self.enter(task[0]) if task else above))
        return self.parts[name]

    def take(self, event, part):
        match event:
            case ("heading", level, text):
                named = re.match(r"\d(\(\w\))?(?=\s|$)", text)
                while self.stack[-1][0] >= level:
                    self.stack.pop()
                above = self.stack[-1][1]
                self.inside = self.enter(named[0]) if named else self.enter(text, above if above.name != "front" else None)
                self.stack.append((level, self.inside))
            case ("comment", text, line):
                if told := re.fullmatch(r"<!--\s*in:\s*(.*?)\s*-->\s*", text, re.DOTALL):
                    self.inside = self.enter(told[1])
                elif told := re.fullmatch(r"<!--\s*let:\s*(.*?)\s*-->\s*", text, re.DOTALL):
                    for one in told[1].split(";"):
                        self.formula(one, line, part, hidden=True)
            case ("image", path, line):
                if path.endswith(".svg"):
                    self.figure(self.path.parent / path, line, part)
            case ("row", cells, line):
                self.row(cells, part)
            case ("math", tex, line):
                self.formula(tex, line, part)

    def row(self, cells, part):
        named = re.fullmatch(r"\d\(\w\)", cells[0][0].strip())
        outside, part = part, Part(part.name, part) if not named else self.enter(named[0])
        self.inside, before, above, self.section = part, None, None, named and named[0]
        for _, found in cells:
            formulas = [event for event in found if event[0] == "math"]
            if len(formulas) == 1 and number(formulas[0][1]) and before:
                self.value(before, formulas[0], part)
                continue
            for event in found:
                if event[0] == "math" and named:
                    self.answer(event, self.inside)
                else:
                    self.take(event, self.inside)
            if formulas:
                if above:
                    self.partials(above, formulas[-1], part)
                before = above = formulas[-1]
        self.inside, self.section = outside, None

    def value(self, before, cell, part):
        """A cell with only a number is the value of the formula to its left: of a path, the product along it."""
        (sides, relations), *_ = statements(before[1])
        printed = f"{before[1]} | {cell[1]}"
        if relations and set(relations) == {r"\to"}:
            left = ("path", tuple(self.read(side, part) for side in sides))
            self.paths.append(left)
        elif before[1].strip() == r"\sum":
            left = ("bar", self.paths[0][1][0])
            right = self.paths[0]
            for path in self.paths[1:]:
                right = ("add", right, path)
            self.claim(left, "=", right, part, "the sum of the paths above", cell[2])
            self.paths = []
        else:
            left = self.read(sides[0], part)
        self.claim(left, "=", self.read(tokens(cell[1]), part), part, printed, cell[2], at_point=True)

    def answer(self, event, part):
        """In a row of an answer sheet, a formula without a relation is the part's boxed answer, or its dimension."""
        _, tex, line = event
        if any(relations for _, relations in statements(tex)):
            self.formula(tex, line, part)
            (first, *_), relations = next(statements(tex))
            if relations != [r"\in"] or first[0][0] in (r"\nabla", r"\frac"):
                return
            tex = tex[: tex.rindex(r"\in")]
        self.later.append((tex, line, part, self.place, self.section))

    def partials(self, above, cell, part):
        """Beside an adjoint equation stand the partial derivatives that are in it."""
        try:
            trees = [[self.read(side, part) for sides, _ in statements(event[1]) for side in sides] for event in (above, cell)]
        except ReadingError:
            return
        if trees[0][0][0] == "bar" and trees[1][0][0] == "deriv":
            found = [{one for tree in side for one in walk(tree) if one[0] == "deriv"} for side in trees]
            if found[0] != found[1]:
                self.fail(
                    f"{above[1]} | {cell[1]}",
                    cell[2],
                    part,
                    "these are not the partial derivatives of the adjoint equation beside them",
                )

    def read(self, side, part):
        return Reader(side, part.letters())()

    def claim(self, left, relation, right, part, tex, line, at_point=False):
        sizes = part.all("sizes")
        self.claims.append(Claim(left, relation, right, part, sizes, tex.strip(), self.at(line), self.section_name(), at_point))

    def fail(self, tex, line, part, reason, verdict="false"):
        self.claims.append(
            Claim((), "", (), part, {}, tex.strip(), self.at(line), self.section_name(), verdict=verdict, message=reason)
        )

    def section_name(self):
        """The part of the sheet that is being read, or else the heading."""
        headings = [part.name for _, part in reversed(self.stack)]
        return self.section or next((name for name in headings if name[0].isdigit()), headings[0])

    def at(self, line):
        return f"{self.path.name},{self.place} line {line}"

    # --------------------------------------------------------------------------------------------- statements

    def formula(self, tex, line, part, hidden=False):
        self.hidden = hidden
        try:
            for frame in re.finditer(r"\\(boxed|underbrace)(?=\{)", tex):
                after = [(token, 0) for token in TOKEN.findall(tex[frame.end() :]) if token not in SPACING]
                inside = self.read(without_frames(braced(after)), part)
                if frame[1] == "boxed":
                    part.boxed.append(inside)
                else:
                    size = dimension([(r"\mathbb", 0), ("R", 0), ("^", 0), *braced(after[1:])])
                    self.claim(inside, r"\in", size, part, tex, line)
            found = [one for one in statements(tex) if one[1]]
        except ReadingError as reason:
            return self.fail(tex, line, part, f"cannot read {reason}", "not checked")
        for sides, relations in found:
            signs = sum([one in ("=", ":=") for one in relations])
            if not hidden and (signs or r"\in" in relations):
                self.formulas.append((self.section_name(), signs))
                self.signs += signs
            try:
                self.statement(sides, relations, tex, line + (sides[0] or sides[1])[0][1], part)
            except ReadingError as reason:
                self.fail(tex, line, part, f"cannot read {reason}", "not checked")
        return None

    def statement(self, sides, relations, tex, line, part):
        if relations[0] == ":":
            return self.mapping(sides, part)
        if set(relations) <= {r"\to"}:
            return None
        if relations == [r"\in"] and sides[0][0][0] == r"\mathbf" and key_of_bold(sides[0]):
            return self.dimension(key_of_bold(sides[0]), dimension(sides[1]), tex, line, part)
        if len(relations) == 1 and relations[0] not in ("=", ":=", r"\in"):
            if relations[0] == r"\approx":
                raise ReadingError("how near is near enough")
            condition = (relations[0], self.read(sides[0], part), self.read(sides[1], part))
            part.conditions.append(condition)
            self.domains.append((condition, part, tex, line, self.section_name(), self.place))
            return None
        defined = self.definition(sides, relations, part)
        if defined and "=" in relations[0] and not self.hidden:
            self.defined.append(self.section_name())
        if defined and relations[0] == r"\in":
            return None
        trees = [
            None if defined and not i else self.read(side, part)
            for i, side in enumerate(sides)
            if i == 0 or relations[i - 1] != r"\in"
        ]
        for i, relation in enumerate(relations):
            where = line if not sides[i + 1] else line - (sides[0] or sides[1])[0][1] + sides[i + 1][0][1]
            if relation == r"\in":
                self.claim(trees[i] or self.read(sides[i], part), r"\in", dimension(sides[i + 1]), part, tex, where)
            elif relation not in ("=", ":="):
                raise ReadingError(f"{relation} in a chain")
            elif i or not defined:
                decimal = any(rounding(tree) for tree in trees[i : i + 2]) or key(trees[i]) in part.all("point")
                self.claim(trees[i], "=", trees[i + 1], part, tex, where, decimal)
        if len(sides) == 3 and defined and key(trees[2]) and part.find("definitions", trees[2]) is not None:
            part.definitions["same", trees[2]] = defined
        return None

    def mapping(self, sides, part):
        """f : R^n -> R^m gives the argument of f its dimension; a name that is not known yet becomes a function."""
        name, domain, codomain = key(self.read(sides[0], part)), dimension(sides[1]), dimension(sides[2])
        arguments, tree, _, sizes = part.find("functions", name) or ((), None, None, {})
        if arguments and arguments[0][0] == "bold":
            sizes = sizes | {arguments[0][1]: domain}
            part.sizes.setdefault(arguments[0][1], domain)
        part.functions[name] = (arguments, tree, codomain if codomain != (("num", "1"),) else (), sizes)

    def dimension(self, letter, size, tex, line, part):
        known = [function[3].get(letter) for function in part.all("functions").values()] + [part.all("sizes").get(letter)]
        if any(known) and size not in known and self.sheet:
            return self.fail(tex, line, part, f"the dimension of {letter} is another one")
        part.sizes[letter] = size
        for name, function in part.functions.items():  # those defined just before
            if ("bold", letter) in function[0] and name == list(part.functions)[-1]:
                function[3].setdefault(letter, size)
        return None

    def definition(self, sides, relations, part):
        """Defines what stands on the left, if it is new; returns its tree, or None if the equation is a claim."""
        first, body = sides[0], sides[1]
        call = first[-1][0] == ")" and first[0][0] != "(" and [t for t, _ in first].index("(")
        name = Reader(first[:call] if call else first, part.letters())() if not call or _plain_name(first[:call]) else None
        if call and name and not part.find("functions", key(name)) and key(name):
            reader = Reader(first, {*part.letters(), key(name).split("_")[0]})()
            if reader[0] == "call" and all(one[0] == "bold" or key(one) for one in reader[2]):
                if relations[0] == r"\in":
                    part.functions[key(name)] = (reader[2], None, dimension(body), {})
                    return name
                part.functions[key(name)] = (reader[2], self.read(body, part), None, {})
                return reader
            return None
        if call or name is None:
            return None
        if name[0] == "bar" and relations[0] == ":=":
            tree = self.read(body, part)
            if tree[:2] != ("deriv", name[1]):
                raise ReadingError("an adjoint that is no derivative by its own node")
            part.definitions["bar",] = tree[2]
            return name
        if relations[0] == ":=" and name[0] == "nabla":
            part.notations[name] = self.read(body, part)
            return name
        if name[0] not in ("name", "sub", "bold") or (name[0] != "bold" and not key(name)):
            return None
        if name[0] == "sub" and part.parent and any(one[:2] == name[:2] for one in part.parent.all("definitions")):
            return None  # another t_i where the t_i are known already
        if name[0] == "sub" and (part.find("definitions", ("bold", name[1][1])) or part.find("sizes", name[1][1])):
            return None  # a component
        if (
            part.find("definitions", name) is not None
            or part.find("functions", key(name) or "")
            or (name[0] == "sub" and name[1][1] in part.letters())
        ):
            return None
        if relations[0] == r"\in":
            return None
        return self.named(name, self.read(body, part), part)

    def named(self, name, tree, part):
        """A number for a free name is its value at the point; anything else is a definition."""
        bodies = [*part.all("definitions").values(), *[function[1] for function in part.all("functions").values()]]
        used = {key(one) for body in bodies if body
                for one in expanded_names(body)}  # fmt: skip
        items = tree[1] if tree[0] == "tuple" else [tree]
        if tree[0] == "tuple":
            targets = sorted(one for one in used if one and re.fullmatch(rf"{key(name)}_\d+", one))
        else:
            targets = [key(name)] if key(name) in used else []
        if targets and all(
            isinstance(one[-1], str) or not any(inner[0] in ("name", "sub", "bold") for inner in walk(one)) for one in items
        ):
            point, values = part.all("point"), [Symbols(part, {}, {})(one) for one in items]
            if len(values) != len(targets):
                raise ReadingError(f"{len(values)} values for {', '.join(targets)}")
            if not any(target in point for target in targets):
                part.point.update(zip(targets, values))
            elif [point.get(target) for target in targets] != values:
                return None
            return name
        part.definitions[name] = tree
        return name

    # --------------------------------------------------------------------------------------------- the graphs of task 2

    def steps(self, part):
        """Task 2(a): each of several t_i is one operation, and no two are the same."""
        found = {name: tree for name, tree in part.definitions.items() if name[0] == "sub" and name[1] == ("name", "t")}
        for name, tree in found.items() if len(found) > 1 else ():
            operands = list(subtrees(tree[1:]))
            if tree[0] in ("name", "sub", "num") or any(one[0] not in ("name", "sub", "num") for one in operands):
                self.fail(f"{key(name)} = ...", 0, part, "this is not one operation")
            if list(found.values()).count(tree) > 1:
                self.fail(f"{key(name)} = ...", 0, part, "this is the same as another assignment")

    def figure(self, path, line, part):
        """Task 2(b): the drawn nodes and arrows are those of the assignments; what is written in the nodes are claims."""
        drawn = [one for one in ElementTree.parse(path).iter() if "data-node" in one.attrib or "data-edge" in one.attrib]
        if not drawn:
            return
        steps = {name: tree for name, tree in part.all("definitions").items() if name[0] == "sub" and name[1] == ("name", "t")}
        arrows = sorted((label(source), label(name)) for name, tree in steps.items() for source in {*expanded_names(tree)})
        nodes = sorted({node for arrow in arrows for node in arrow})
        edges = sorted(tuple(one.get("data-edge").split()) for one in drawn if one.get("data-edge"))
        if nodes != sorted(one.get("data-node") for one in drawn if one.get("data-node")) or edges != arrows:
            self.fail(path.name, line, part, "the nodes and arrows of the picture are not those of the assignments")
        for one in drawn:
            if one.get("data-node"):
                first, *values = [latex("".join(text.itertext())) for text in one if text.tag.endswith("text")]
                name = first.split("=")[0]
                self.formulas += [(self.section_name(), int(tex.count("=") > 0)) for tex in (first, *values)]
                for tex in [first] * ("=" in first) + [value if "=" in value else f"{name} = {value}" for value in values]:
                    (sides, _), *_ = statements(tex)
                    left, right = self.read(sides[0], part), self.read(sides[1], part)
                    self.claim(left, "=", right, part, f"{tex} in {path.name}", line, at_point=tex != first)

    # --------------------------------------------------------------------------------------- the answer sheet, the verdicts

    def boxed(self, tex, line, part):
        try:
            box = part.boxed[-1] if part.boxed else None
            if re.fullmatch(r"\w *\\times *\w", tex):
                self.claim(box, r"\in", dimension(tokens(rf"\mathbb{{R}}^{{{tex}}}")), part, tex, line)
            elif box:
                self.claim(self.read(tokens(tex), part), "=", box, part, tex, line)
        except ReadingError as reason:
            self.fail(tex, line, part, f"cannot read {reason}", "not checked")

    def verdicts(self, known=None):
        """The claims, settled one by one (or looked up in `known`, by what a verdict depends on), and false domains."""
        known = {} if known is None else known
        for claim in list(self.claims):
            if not claim.verdict:
                same = claim.context()
                if same not in known:
                    claim.settle()
                    known[same] = claim.verdict, claim.message
                claim.verdict, claim.message = known[same]
            yield claim
        for condition, part, tex, line, section, place in self.domains:
            self.section, self.place = section, place
            claims = [one for one in self.claims if one.left and one.verdict != "not checked" and part in one.part.line()]
            same = repr((condition, [(claim.context(), claim.verdict) for claim in claims]))
            if same not in known:
                known[same] = self.too_narrow(condition, claims)
            if known[same]:
                self.fail(tex, line, part, known[same])
                yield self.claims[-1]

    def settled(self):
        for _ in self.verdicts():
            pass
        return self

    @staticmethod
    def too_narrow(condition, claims):
        """Why a condition is not needed: a point that it excludes although everything is true there. None if there is none."""
        if any(claim.verdict == "false" for claim in claims):
            return None  # say first what is wrong
        for attempt in range(60):
            draw, failed, outside = (
                Draw(f"outside {attempt}", special=SPECIAL[attempt] if attempt < len(SPECIAL) else {}),
                False,
                False,
            )
            for claim in claims:
                left, right, sizes, world = next(claim.instances())
                with mpmath.workdps(GUARD):
                    try:
                        outside = not Numbers(claim.part, sizes, world, {}, draw).holds(*condition)
                    except (ArithmeticError, ReadingError):
                        break
                    if not outside:
                        break
                    try:
                        if claim.relation == "=" and not claim.at_point:
                            claim.compare(left, right, sizes, world, draw)
                    except FalseClaimError:
                        failed = True
                        break
            if outside and not failed:
                return f"the domain is wider than that: everything is true at {draw}, too"
        return None


def label(tree):
    return re.sub("^t_", "t", key(tree))


def latex(text):
    """What is written in a node of a picture, as LaTeX."""
    text = re.sub(r"([A-Za-z])(\u0304?)_?(\d+)", r"\1\2_{\3}", text)
    text = re.sub(r"([A-Za-z])\u0304", r"\\bar \1", text)
    text = re.sub(r"√([A-Za-z](?:_\{\d+\})?)", r"\\sqrt{\1}", text)
    return text.replace("·", r"\cdot ").replace("−", "-").replace("²", "^2").replace("log", r"\log")


def key_of_bold(side):
    found = [token for token, _ in side]
    return found[2] if found[0] == r"\mathbf" and len(found) == 4 else None


def dimension(side):
    r"""\mathbb{R}^{2 \times 3} as (("num", "2"), ("num", "3")); \mathbb{R} as ()."""
    found = [token for token, _ in side if token not in ("{", "}")]
    if found[:2] != [r"\mathbb", "R"]:
        raise ReadingError("the set on the right")
    sizes = [one for one in found[3:] if one != r"\times"]
    return tuple(("num", one) if one.isdigit() else ("name", one) for one in sizes)


def _plain_name(found):
    return len(found) == 1 or (len(found) == 3 and found[1][0] == "_") or found[0][0].startswith(r"\math")


def expanded_names(tree):
    """The names in a tree, its sums written out."""
    if tree[0] == "sum" and tree[2][0] == tree[3][0] == "num":
        for i in range(int(tree[2][1]), int(tree[3][1]) + 1):
            yield from expanded_names(replaced(tree[4], ("name", tree[1]), ("num", str(i))))
    elif tree[0] in ("name", "sub"):
        yield tree
    else:
        for one in subtrees(tree[1:]):
            yield from expanded_names(one)


def checked(files=FILES):
    sheet = Document(SHEET)
    return [Document(path, sheet).settled() for path in files]


def counts(document):
    """{part: [equals signs, definitions, proved, at points, not checked, dimensions]}, those of the sheet first."""
    table = {}
    for section in document.defined:
        table.setdefault(row_of(section), [0] * 6)[1] += 1
    for claim in document.claims:
        row = table.setdefault(row_of(claim.section), [0] * 6)
        if claim.relation == r"\in":
            row[5] += 1
        elif claim.verdict != "false":
            row[VERDICTS.index(claim.verdict) + 2] += 1
    for row in table.values():
        row[0] = sum(row[1:5])
    return dict(sorted(table.items(), key=lambda item: (not item[0][0].isdigit(), item[0])))


def row_of(section):
    return section if section[0].isdigit() else "beyond"


def report(documents):
    """Markdown: for each part of the sheet, how many equals signs there are, and how they were checked."""
    head = ["part", "equals signs", "definitions", "proved by SymPy", "only by numbers", "not checked", "dimensions"]
    tables, total, rows = [counts(document) for document in documents], np.zeros(6, int), [head, ["---"] + ["--:"] * 6]
    for section in dict.fromkeys(chain.from_iterable(tables)):
        row = sum([np.array(table.get(section, [0] * 6)) for table in tables])
        total += row
        rows.append([section, *row])
    return "\n".join([f"| {' | '.join(map(str, row))} |" for row in [*rows, ["all", *total]]])


def proof_table():
    """The report on the write-up and the notebook, for the last page of the former."""
    return report(checked())


def main(arguments):
    documents = checked([Path(one) for one in arguments] or FILES)
    for document in documents:
        for claim in document.claims:
            if claim.message:
                print(f"{claim.where}, part {claim.section}: {claim.verdict}\n    {claim.tex}\n    {claim.message}")
        print(f"\n{document.path.name}\n\n{report([document])}\n")
    return any(claim.verdict == "false" for document in documents for claim in document.claims)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
