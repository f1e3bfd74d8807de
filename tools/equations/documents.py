"""Reads documents: a `Document` takes a text's events in order, knows to which part each belongs, and collects the claims."""

import re
from contextlib import suppress
from functools import reduce
from itertools import chain
from pathlib import Path

from tools.equations import graphs
from tools.equations.claims import is_numeric, needless
from tools.equations.context import Part
from tools.equations.events import printed
from tools.equations.formulas import ReadingError, signs_in, statements, tokens
from tools.equations.statements import Formula, Place

ANSWER = re.compile(r"(\d\(\w\))$")


class Document:
    """The claims of one document; `sheet` is the Document of the sheet, from which its parts start."""

    def __init__(self, path, sheet=None, source=None):
        self.path, self.sheet, self.parts = Path(path), sheet, {}
        self.claims, self.domains = [], []  # both Claims; a domain is one when it turns out to be needlessly narrow
        self.equations, self.defined = [], []  # (section, equals signs, formula); the sections of definitions
        self.paths, self.answers = [], []  # of a table of paths; rows of an answer sheet, which are read last
        self.part, self.section = self.enter("front"), "front"  # where we are: what is known there, and its heading
        self.headings = [(0, self.part)]
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
            case "row" if ANSWER.match(event.text):
                self.answers.append((self.place, event))
            case "row":
                self.row(event)
            case "formula":
                Formula(self, event)
            case "text" if count := signs_in(event.text):
                Place(self, event).missed(count)
            case "image" if event.text.endswith(".svg"):
                self.picture(event)

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
                Formula(self, event._replace(text=one), hidden=True)

    def row(self, row):
        """What a row defines is known in that row only."""
        outside, first, before, said = self.part, None, None, []
        self.part = Part(outside.name, outside)
        for cell in row.inside:
            formulas = [event for event in cell if event.kind in ("formula", "number")]
            if len(formulas) == 1 and before and self.is_numeric(formulas[0]):
                self.numbers(before, formulas[0])
                continue
            formulas = [event for event in formulas if event.kind == "formula"]
            for event in cell:
                if not goes_on(event):
                    self.take(whole(event, row))
            if formulas and before:
                self.compare([first, formulas[-1]], graphs.of_another_node)
            before = formulas[-1] if formulas else before
            first = first or before
            said += formulas
        if any(r"\partial" in formula.text for formula in said):
            self.compare(said, graphs.partials)
        self.part = outside

    def is_numeric(self, cell):
        """Whether there is nothing but a number, or an operation on numbers."""
        with suppress(ReadingError, LookupError, ValueError):
            trees = [self.part.read(side) for side in sides_of(cell.text)]
            return len(trees) == 1 and is_numeric(trees[0])
        return is_value(cell.text)

    def numbers(self, before, cell):
        """A cell of numbers is the formula before it with the values of its names put in, or else its value."""
        place, pairs = Place(self, cell, f"{before.text} | {cell.text}"), None
        with place.attempt():
            sides = sides_of(before.text)
            pairs = graphs.put_in(*map(self.part.read, (sides[1], tokens(cell.text)[0]))) if len(sides) == 2 else None
            for name, number in pairs or ():
                place.count(1, cell.text)
                place.claim(name, "=", number, at_point=True)
        if not pairs:
            self.value(before, cell)

    def value(self, before, cell):
        """A cell with only a number is the value of the formula before it: of a path, the product along it."""
        place = Place(self, cell, f"{before.text} | {cell.text}")
        with place.attempt():
            side = sides_of(before.text)[0]
            if side == [r"\sum"]:
                left = ("bar", self.paths[0][1][0])
                place.claim(left, "=", reduce(lambda total, path: ("add", total, path), self.paths))
                self.paths = []
            else:
                left = self.part.read(side)
                self.paths += [left] if left[0] == "path" else []
            place.count(2 if side == [r"\sum"] else 1, cell.text)
            place.claim(left, "=", self.part.read(tokens(cell.text)[0]), at_point=True)

    def compare(self, formulas, rule):
        """Remarks what a rule finds wrong with formulas of a row, given a list with the sides of each."""
        place = Place(self, formulas[-1], " | ".join([one.text for one in formulas]))
        with place.attempt():
            place.remark(rule([list(map(self.part.read, sides_of(one.text))) for one in formulas]))

    def answer(self, row):
        """In an answer sheet, a formula without an equals sign is the boxed answer of the part whose row it is."""
        self.section = ANSWER.match(row.text)[1]
        self.part = self.enter(self.section)
        for event in chain.from_iterable(row.inside):
            self.take(event)
            if event.kind == "formula" and not signs_in(event.text):
                place = Place(self, event)
                with place.attempt():
                    if not self.part.boxed:
                        raise ReadingError("an answer to which nothing is boxed")
                    place.count(1)
                    place.claim(self.part.read(sides_of(event.text)[0]), "=", self.part.boxed[-1])

    def picture(self, event):
        """What is written in the nodes of a graph, and on its arrows, are claims."""
        place, path = Place(self, event), self.path.parent / event.text
        place.picture = path.name
        with place.attempt():
            reason, nodes, partials = graphs.picture(path, self.part) if path.exists() else ("there is no such picture", [], [])
            place.remark(reason)
            for first, *values in nodes:
                name = first.split("=")[0]
                if "=" in first:
                    self.shown(place, first)
                for value in values:
                    self.shown(place, value if "=" in value else f"{name} = {value}", at_point=True)
            for partial in partials:
                self.shown(place, partial, at_point=True)

    def shown(self, place, tex, at_point=False):
        place.tex = f"{tex} in {place.picture}"
        trees = list(map(self.part.read, sides_of(tex)))
        for left, right in zip(trees, trees[1:]):
            place.count(1)
            place.claim(left, "=", right, at_point=at_point)

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


def sides_of(tex):
    """The sides of a formula's chains, as lists of pieces."""
    return [side for sides, _ in statements(tokens(tex)[0]) for side in sides]


def goes_on(event):
    r"""Whether a cell is the end of a sum that begins in another: {} + x."""
    return event.kind == "formula" and event.text.startswith("{}")


def whole(event, row):
    """The event, with what follows of its sum in other cells of the row."""
    rest = [one.text.removeprefix("{}") for cell in row.inside for one in cell if goes_on(one)]
    begins = event.kind == "formula" and event.text.startswith(r"\bar")
    return event._replace(text="".join([event.text, *rest])) if begins else event


def is_value(text):
    """Whether a formula is a number, or a quotient, power or product of numbers."""
    return re.fullmatch(r"[-+]?(\s|[\d.{}^/-]|\\[dt]?frac|\\cdot|\\times)+", text) and re.search(r"\d", text)
