"""Reads documents: Markdown becomes a list of events, and a `Document` takes these in order and makes claims of them."""

import json
import re
from dataclasses import replace
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pypandoc

from tools.equations import graphs
from tools.equations.claims import Claim, needless, rounding
from tools.equations.formulas import ARROWS, CONDITIONS, EQUALITIES, SIGNS, TOKEN, Reader, ReadingError
from tools.equations.formulas import flat, is_name, split, statements, tokens, walk, written
from tools.equations.meaning import CONSTANTS, Function, Part, Symbols, names, origins

COMMENT, ANSWER = re.compile(r"<!--(.*?)-->", re.DOTALL), re.compile(r"(\d\(\w\))$")
NUMBER = re.compile(r"\s*[-+]?\d+(\.\d+)?\s*")


class Event(NamedTuple):
    """A heading, comment, image, formula, other text (a word, raw HTML), or row of a table, each cell's events being inside."""

    kind: str
    text: str
    line: int
    inside: tuple = ()


def events(tree, line=1):
    """The events in pandoc's syntax tree, in the order of the text."""
    if isinstance(tree, list):
        for one in tree:
            yield from events(one, line)
    elif isinstance(tree, dict):
        kind, content = tree["t"], tree.get("c")
        if kind in ("Div", "Span", "Header", "Table"):  # what says where it stands
            attributes = dict(content[1 if kind == "Header" else 0][2])
            line = int(re.match(r"\d*", attributes.get("data-pos", ""))[0] or line)
        match kind:
            case "Header":
                yield Event("heading", f"{'#' * content[0]} {plain(content[2])}", line)
                yield from events(content[2], line)
            case "Math":
                yield Event("formula", content[1], line)
            case "CodeBlock" if "math" in content[0][1]:
                yield Event("formula", content[1], line + 1)
            case "Str":
                yield Event("text", content, line)
            case "RawInline" | "RawBlock":
                yield from (Event("comment", one, line) for one in COMMENT.findall(content[1]))
                yield Event("text", re.sub(r"<[^<>]*>", "", COMMENT.sub("", content[1])), line)
            case "Link" if plain(content[1]) == content[2][0]:
                pass  # an address
            case "Image":
                yield from events(content[1], line)
                yield Event("image", content[2][0], line)
            case "Table":
                for _, cells in chain(content[3][1], *[body[3] for body in content[4]]):
                    plainly = [NUMBER.fullmatch(plain(cell[4]).replace("−", "-")) for cell in cells]
                    found = [Event("number", number[0], line) if number else None for number in plainly]
                    found = tuple((one,) if one else tuple(events(cell[4], line)) for one, cell in zip(found, cells))
                    yield Event("row", plain(cells[0][4]), line, found)
            case _:
                yield from events(content, line)


def plain(tree):
    """The words in a part of pandoc's tree."""
    if isinstance(tree, list):
        return "".join(map(plain, tree))
    if not isinstance(tree, dict):
        return ""
    return {"Str": tree.get("c"), "Space": " ", "SoftBreak": " "}.get(tree["t"]) or plain(tree.get("c"))


def printed(path, text=None):
    """[(place, its events)] of a Markdown file, or of each Markdown cell of a notebook; `text` is what the file will hold."""
    text = text or Path(path).read_text(encoding="utf-8")
    texts = [("", text)]
    if Path(path).suffix == ".ipynb":
        cells = enumerate(json.loads(text)["cells"])
        texts = [(f" cell {i},", "".join(cell["source"])) for i, cell in cells if cell["cell_type"] == "markdown"]
    trees = [(place, json.loads(pypandoc.convert_text(one, "json", format="gfm+sourcepos"))) for place, one in texts]
    return [(place, [*events(tree["blocks"])]) for place, tree in trees]


class Document:
    """The claims of one document; `sheet` is the Document of the sheet, from which its parts start."""

    def __init__(self, path, sheet=None, source=None):
        self.path, self.sheet, self.parts = Path(path), sheet, {}
        self.claims, self.domains = [], []  # both Claims; a domain is one when it turns out to be needlessly narrow
        self.equations, self.defined = [], []  # (section, equals signs, formula); the sections of definitions
        self.paths, self.answers = [], []  # of a table of paths; rows of an answer sheet, which are read last
        self.part, self.section = self.enter("front"), "front"  # where we are: what is known there, and its heading
        self.headings = [(0, self.part)]
        self.tex, self.line = "", 0
        for self.place, found in source or printed(path):
            for event in found:
                self.take(event)
        for place, row in self.answers:
            self.place = place
            self.answer(row)

    def enter(self, name, above=None):
        """The part of this name. Its parent is what the sheet says there, or else the task it belongs to."""
        if name not in self.parts:
            task = re.match(r"\d+(?=\W)", name)
            parent = self.sheet.parts.get(name) if self.sheet else None
            self.parts[name] = Part(name, parent or (self.enter(task[0]) if task else above))
        return self.parts[name]

    def take(self, event):
        match event.kind:
            case "heading":
                self.heading(event)
            case "comment":
                self.comment(event)
            case "row":
                self.row(event)
            case "formula":
                self.formula(event)
            case "text" if count := signs(event.text):
                self.tex, self.line = event.text, event.line
                self.missed(count)
            case "image" if event.text.endswith(".svg"):
                self.attempt(self.picture, event)

    def heading(self, event):
        marks, text = event.text.split(" ", 1)
        named = re.match(r"\d(\(\w\))?(?=\s|$)", text)
        while self.headings[-1][0] >= len(marks):
            self.headings.pop()
        above = self.headings[-1][1]
        self.part = self.enter(named[0]) if named else self.enter(text or marks, above if above.name != "front" else None)
        self.headings.append((len(marks), self.part))
        inner = [part.name for _, part in reversed(self.headings)]
        self.section = next((name for name in inner if name[0].isdigit()), inner[0])

    def comment(self, event):
        told = re.fullmatch(r"\s*(in|let):\s*(.*?)\s*", event.text, re.DOTALL)
        if told and told[1] == "in":
            self.part = self.enter(told[2])
        elif told:
            for one in told[2].split(";"):
                self.formula(event._replace(text=one), hidden=True)

    # --------------------------------------------------------------------------------------------- tables, pictures

    def row(self, row):
        if ANSWER.match(row.text):
            self.answers.append((self.place, row))
            return
        outside, before = self.part, None
        self.part = Part(outside.name, outside)
        for cell in row.inside:
            formulas = [event for event in cell if event.kind in ("formula", "number")]
            if len(formulas) == 1 and before and is_value(formulas[0].text):
                self.attempt(self.value, before, formulas[0])
                continue
            formulas = [event for event in formulas if event.kind == "formula"]
            for event in cell:
                self.take(event)
            if formulas and before:
                self.attempt(self.partials, before, formulas[-1])
            before = formulas[-1] if formulas else before
        self.part = outside

    def value(self, before, cell):
        """A cell with only a number is the value of the formula before it: of a path, the product along it."""
        self.tex, self.line = f"{before.text} | {cell.text}", cell.line
        sides, _ = next(statements(tokens(before.text)[0]))
        if sides[0] == [r"\sum"]:
            left = ("bar", self.paths[0][1][0])
            self.claim(left, "=", reduce(lambda total, path: ("add", total, path), self.paths))
            self.paths = []
        else:
            left = self.read(sides[0])
            self.paths += [left] if left[0] == "path" else []
        self.equations.append((self.section, 2 if sides[0] == [r"\sum"] else 1, cell.text))
        self.claim(left, "=", self.read(tokens(cell.text)[0]), at_point=True)

    def partials(self, before, cell):
        self.tex, self.line = f"{before.text} | {cell.text}", cell.line
        both = [[self.read(side) for sides, _ in statements(tokens(one.text)[0]) for side in sides] for one in (before, cell)]
        self.remark(graphs.partials(*both))

    def answer(self, row):
        """In an answer sheet, a formula without an equals sign is the boxed answer of the part whose row it is."""
        self.section = ANSWER.match(row.text)[1]
        self.part = self.enter(self.section)
        for event in chain.from_iterable(row.inside):
            self.take(event)
            if event.kind == "formula" and not signs(event.text):
                self.attempt(self.boxed, event)

    def boxed(self, event):
        if not self.part.boxed:
            raise ReadingError("an answer to which nothing is boxed")
        sides, _ = next(statements(tokens(event.text)[0]))
        self.equations.append((self.section, 1, event.text))
        self.claim(self.read(sides[0]), "=", self.part.boxed[-1])

    def picture(self, event):
        """What is written in the nodes of a graph are claims."""
        self.tex, self.line = event.text, event.line
        path = self.path.parent / event.text
        if not path.exists():
            return self.remark("there is no such picture")
        reason, nodes = graphs.picture(path, self.part)
        self.remark(reason)
        for first, *values in nodes:
            name = first.split("=")[0]
            for tex in [first] * ("=" in first) + [value if "=" in value else f"{name} = {value}" for value in values]:
                sides, _ = next(statements(tokens(tex)[0]))
                self.tex = f"{tex} in {path.name}"
                self.equations.append((self.section, 1, self.tex))
                self.claim(self.read(sides[0]), "=", self.read(sides[1]), at_point=tex != first)

    # --------------------------------------------------------------------------------------------- formulas

    def formula(self, event, hidden=False):
        self.tex, self.line, before = event.text, event.line, len(self.claims)
        read = []
        self.attempt(self.read_formula, event, hidden, read)
        missed = signs(event.text) - len([one for one in flat(read) if one in SIGNS and one.seen])
        if missed:
            self.missed(0 if hidden else missed, any(claim.verdict for claim in self.claims[before:]))

    def missed(self, count, said=False):
        """Equals signs that no reading has consumed are not checked."""
        self.equations.append((self.section, count, self.tex))
        if not said:
            self.remark("an equals sign that was not read", "not checked")

    def attempt(self, read, *given):
        """What cannot be read is said to be not checked, and the reading goes on."""
        try:
            read(*given)
        except ReadingError as reason:
            self.remark(f"cannot read {reason}", "not checked")
        except (LookupError, ValueError, TypeError, SyntaxError, StopIteration):
            self.remark("cannot read a formula that breaks off", "not checked")

    def read_formula(self, event, hidden, read):
        pieces, frames = tokens(event.text)
        read += pieces
        for content, under in frames:
            if under is None:
                self.part.boxed.append(self.read(content))
            else:
                self.claim(self.read(content), r"\in", sizes(under))
        for sides, relations in statements(pieces):
            count = len([one for one in relations if one in SIGNS])
            if count and not hidden:
                self.equations.append((self.section, count, event.text))
            if relations:
                self.line = event.line + (sides[0] or sides[1])[0].line
                self.attempt(self.statement, sides, relations, event, hidden)
            elif sides[0][0].kind == "[":
                self.attempt(self.mention, sides[0])

    def mention(self, pieces):
        """A bracket by itself is no claim, but says of what brackets there are: [x = y]."""
        match self.read(pieces):
            case ("cases", ((("num", "1"), (_, left, right)), _)) if is_name(left) and is_name(right):
                return
        self.equations.append((self.section, 1, self.tex))
        raise ReadingError("what a bracket by itself says")

    def statement(self, sides, relations, event, hidden):
        first = relations[0]
        if ":" in relations:
            self.mapping(relations, sides[0], *split(sides[1], ARROWS)[0])
        elif CONDITIONS.issuperset(relations):
            trees = [self.read(side) for side in sides]
            for left, relation, right in zip(trees, relations, trees[1:]):
                self.condition(left, str(relation), right)
        elif relations == [r"\in"] and sides[0][0] == r"\mathbf" and len(sides[0]) == 2:
            self.dimension(self.read(sides[0])[1], space(sides[1]))
        else:
            defined = self.definition(sides, relations)
            if defined and first in EQUALITIES and not hidden:
                self.defined.append(self.section)
            if not defined or first in EQUALITIES:
                self.chain(sides, relations, defined, event)

    def condition(self, left, relation, right):
        """It states a domain; between numbers it is a claim."""
        if not any(map(is_name, walk((left, right)))):
            self.equations.append((self.section, 1, self.tex))
            return self.claim(("cases", ((("num", "1"), (relation, left, right)), (("num", "0"), None))), "=", ("num", "1"))
        self.part.conditions[relation, left, right] = True
        self.domains.append(self.made(left, relation, right))

    def chain(self, sides, relations, defined, event):
        """A claim for each relation; the first one is none if it has been a definition."""
        if any(one not in EQUALITIES for one in relations[:-1]) or relations[-1] not in EQUALITIES | {r"\in"}:
            raise ReadingError(f"{' '.join(relations)} in a chain")
        others = [self.read(side) for side, relation in zip(sides[1:], relations) if relation in EQUALITIES]
        trees = [defined or self.read(sides[0]), *others]
        for i, relation in enumerate(relations):
            self.line = event.line + (sides[i + 1] or sides[0])[0].line
            if relation == r"\in":
                self.claim(trees[i], r"\in", space(sides[i + 1]))
            elif i or not defined:
                decimal = any(rounding(tree) for tree in trees[i : i + 2]) or trees[i] in self.part.point
                self.claim(trees[i], "=", trees[i + 1], at_point=decimal)
        if trees[0][0] == "bar" and not defined:
            self.remark(graphs.adjoint(trees[0][1], trees[1], self.part))
        if defined and len(trees) > 2 and trees[-1] in self.part.definitions:
            self.part.notations[trees[-1]] = defined  # t_9 = t_6 + t_8 = A: so A is made of t_6 and t_8

    def mapping(self, relations, name, domain=(), codomain=()):
        """f : R^n -> R^m gives f and its argument their dimensions; a name that is not known yet becomes a function."""
        if len(relations) != 1:
            raise ReadingError(f"{' '.join(relations)} in a chain")
        name, domain, codomain = self.read(name), space(domain), space(codomain)
        function = self.part.functions.get(name)
        vectors = {one[1]: domain for one in function.arguments if one[0] == "bold"} if function else {}
        for letter in vectors:
            self.dimension(letter, domain)
        codomain = () if codomain == (("num", "1"),) else codomain
        if function:
            self.part.functions[name] = replace(function, sizes=vectors | function.sizes)
            self.claim(name, r"\in", codomain)
        else:
            self.part.functions[name] = Function(dimension=codomain)

    def dimension(self, letter, size):
        r"""\mathbf{x} \in \mathbb{R}^n: the dimension of x from here on, and of the functions of x that have been defined."""
        functions = self.part.functions
        known = [one[letter] for one in (self.part.sizes, *[one.sizes for one in functions.values()]) if letter in one]
        if self.sheet and known and size not in known:
            self.remark(f"the dimension of {letter} is another one")
        if ("bold", letter) in self.part.definitions:
            self.claim(("bold", letter), r"\in", size)
        self.part.sizes[letter] = size
        for function in functions.maps[0].values():
            if ("bold", letter) in function.arguments:
                function.sizes.setdefault(letter, size)

    def definition(self, sides, relations):
        """Defines what stands on the left, if it is new; returns its tree, or None if the equation is a claim."""
        part, left, relation = self.part, sides[0], relations[0]
        if left[-1].kind == "(" and len(left) > 1 and (relation in EQUALITIES or len(relations) == 1):
            return self.function(left, sides[1], relation)
        name = self.read(left)
        if relation == ":=" and name[0] == "bar":
            derivative = self.read(sides[1])
            if derivative[:2] != ("deriv", name[1]):
                raise ReadingError("an adjoint that is no derivative by its own node")
            part.notations["bar",] = derivative[2]
        elif relation == ":=" and name[0] == "nabla":
            derivative = self.read(sides[1])
            if derivative[:3] != ("deriv", *name[1:]):
                raise ReadingError("a gradient that is no derivative of the same by the same")
            part.notations[name] = derivative
        elif relation not in EQUALITIES or not self.is_new(name) or not self.named(name, self.read(sides[1])):
            return None
        return name

    def function(self, left, body, relation):
        """f(x) = ... or f(x) \\in R^n for a new f."""
        try:
            name = self.read(left[:-1])
        except ReadingError:
            return None
        if not self.is_new(name):
            return None
        call = Reader(left, self.part.letters() | {written(name).split("_")[0]})()
        if call[0] != "call" or not all(map(is_name, call[2])):
            return None
        if relation == r"\in":
            self.part.functions[name] = Function(call[2], dimension=space(body))
        else:
            self.part.functions[name] = Function(call[2], self.read(body))
        return call

    def is_new(self, name):
        """Whether nothing is known by this name, nor by another index where those of a letter are known already."""
        part = self.part
        if not is_name(name) or name in CONSTANTS or name in part.definitions or part.function(name):
            return False
        if name[0] != "sub":
            return True
        above = part.parent.definitions | part.parent.functions if part.parent else {}
        vector = ("bold", name[1][1]) in part.definitions or name[1][1] in part.sizes
        return not vector and not any(one[:2] == name[:2] for one in above)

    def named(self, name, tree):
        """A number for a free name is its value at the point, anything else is a definition; None if it is another value."""
        part, functions = self.part, self.part.functions.values()
        bodies = [*part.definitions.values(), *[one.body for one in functions if one.body]]
        used = set().union(*[names(body, part) for body in bodies])
        values = tree[1] if tree[0] == "tuple" else [tree]
        targets = sorted(one for one in used if one[0] == "sub" and one[1] == name) if tree[0] == "tuple" else [name]
        is_value = not any(is_name(one) for value in values for one in walk(value))
        if is_value and name[0] == "sub" and name not in used and any(one[:2] == name[:2] for one in used):
            return None  # another w_i than those that are used
        if any(one[:2] == ("sub", ("name", name[1])) for one in names(tree, part)):
            return None  # x = (x_1, ..., x_n), which only says what the components are called
        if name in origins(names(tree, part), part):
            return None  # x = x + 1
        if not targets or not used >= {*targets} or not is_value:
            if ("bar",) in part.notations and name[:2] == ("sub", ("name", "t")):
                self.remark(graphs.assignment(tree, part))
            part.definitions[name] = tree
            if name[0] == "bold" and name[1] in part.sizes:
                self.claim(name, r"\in", part.sizes[name[1]])
            return name
        if len(values) != len(targets):
            raise ReadingError(f"{len(values)} values for {', '.join(map(written, targets))}")
        found = {target: Symbols(part, {}, {})(value) for target, value in zip(targets, values)}
        if any(part.point.get(target, value) != value for target, value in found.items()):
            return None
        part.point.update(found)
        return name

    # --------------------------------------------------------------------------------------------- claims

    def read(self, pieces):
        return Reader(pieces, self.part.letters())()

    def made(self, left, relation, right, **given):
        where = f"{self.path.name},{self.place} line {self.line}"
        return Claim(left, relation, right, self.part, self.tex.strip(), where, self.section, **given)

    def claim(self, left, relation, right, at_point=False):
        self.claims.append(self.made(left, relation, right, at_point=at_point))

    def remark(self, reason, verdict="false"):
        if reason:
            self.claims.append(self.made((), "", (), verdict=verdict, message=reason))

    def verdicts(self):
        """The claims as they are settled one by one, and then the domains that are too narrow."""
        for claim in list(self.claims):
            if not claim.verdict:
                claim.settle()
            yield claim
        for domain in self.domains:
            if point := needless((domain.relation, domain.left, domain.right), self.claims):
                domain.verdict, domain.message = "too narrow", f"the domain is wider: everything is true at {point}, too"
                self.claims.append(domain)
                yield domain

    def settled(self):
        list(self.verdicts())
        return self


def is_value(text):
    """Whether a formula is a number, or a quotient, power or product of numbers."""
    return re.fullmatch(r"[-+]?(\s|[\d.{}^/-]|\\[dt]?frac|\\cdot|\\times)+", text) and re.search(r"\d", text)


def signs(text):
    return len([one for one in TOKEN.findall(text) if one in SIGNS])


def sizes(pieces):
    r"""2 \times n as (("num", "2"), ("name", "n"))."""
    return tuple(("num" if one.isdigit() else "name", str(one)) for one in flat(pieces) if one != r"\times")


def space(pieces):
    r"""\mathbb{R}^{2 \times n} as (("num", "2"), ("name", "n")); \mathbb{R} as ()."""
    found = flat(pieces)
    if found[:2] != [r"\mathbb", "R"]:
        raise ReadingError("the set on the right")
    return sizes(found[3:])
