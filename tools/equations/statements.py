"""Reads one formula where it stands: what it says of its part becomes known there, and the rest becomes claims."""

from contextlib import contextmanager
from dataclasses import replace

from tools.equations import graphs
from tools.equations.claims import Claim, is_rounded, value_at_point
from tools.equations.context import Function
from tools.equations.formulas import CONDITIONS, EQUALITIES, SIGNS, ReadingError
from tools.equations.formulas import flat, is_name, signs_in, sizes, space, split, statements, tokens, walk


class Place:
    """Where something stands in a document, with its text: what is said there is added to the document's lists."""

    def __init__(self, document, event, text=None):
        self.document, self.part, self.section = document, document.part, document.section
        self.tex, self.line, self.start = text or event.text, event.line, event.line

    @contextmanager
    def attempt(self):
        """What cannot be read is said to be not checked, and the reading goes on."""
        try:
            yield
        except ReadingError as reason:
            self.remark(f"cannot read {reason}", "not checked")
        except (LookupError, ValueError, TypeError, SyntaxError, StopIteration):
            self.remark("cannot read a formula that breaks off", "not checked")

    def made(self, left, relation, right, **given):
        where = f"{self.document.path.name},{self.document.place} line {self.line}"
        return Claim(left, relation, right, self.part, self.tex.strip(), where, self.section, **given)

    def claim(self, left, relation, right, at_point=False):
        self.document.claims.append(self.made(left, relation, right, at_point=at_point))

    def remark(self, reason, verdict="false"):
        if reason:
            self.document.claims.append(self.made((), "", (), verdict=verdict, message=reason))

    def count(self, signs, text=None):
        self.document.equations.append((self.section, signs, text or self.tex))

    def missed(self, signs, said=False):
        """Equals signs that no reading has consumed are not checked."""
        self.count(signs)
        self.remark("" if said else "an equals sign that was not read", "not checked")


class Formula(Place):
    """A formula: definitions, dimensions, conditions and claims; one that readers know without being told is not counted."""

    def __init__(self, document, event, hidden=False):
        super().__init__(document, event)
        self.hidden, self.pieces = hidden, []
        before = len(document.claims)
        with self.attempt():
            self.take()
        missed = signs_in(self.tex) - len([one for one in flat(self.pieces) if one in SIGNS and one.seen])
        if missed:
            self.missed(0 if hidden else missed, any(claim.verdict for claim in document.claims[before:]))

    def take(self):
        every = r"\mathrm{children}" in self.tex
        self.pieces, frames = tokens(graphs.at_every_node(self.tex, self.part) if every else self.tex)
        for content, under in frames:
            if under is None:
                self.part.boxed.append(self.part.read(content))
            else:
                self.claim(self.part.read(content), r"\in", sizes(under))
        for sides, relations in statements(self.pieces):
            count = len([one for one in relations if one in SIGNS])
            if count and not self.hidden:
                self.count(count)
            with self.attempt():
                if relations:
                    self.line = self.start + (sides[0] or sides[1])[0].line
                    self.statement(sides, relations)
                elif sides[0][0].kind == "[":
                    self.mention(sides[0])

    def mention(self, pieces):
        """A bracket by itself is no claim, but says of what brackets there are: [x = y]."""
        match self.part.read(pieces):
            case ("cases", ((("num", "1"), (_, left, right)), _)) if is_name(left) and is_name(right):
                return
        self.count(1)
        raise ReadingError("what a bracket by itself says")

    def statement(self, sides, relations):
        if ":" in relations:
            self.mapping(relations, sides[0], *split(sides[1], {r"\to"})[0])
        elif CONDITIONS.issuperset(relations):
            trees = [self.part.read(side) for side in sides]
            for left, relation, right in zip(trees, relations, trees[1:]):
                self.condition(left, str(relation), right)
        elif relations == [r"\in"] and sides[0][0] == r"\mathbf" and len(sides[0]) == 2:
            self.dimension(self.part.read(sides[0])[1], space(sides[1]))
        else:
            defined = self.definition(sides, relations)
            if defined and relations[0] in EQUALITIES and not self.hidden:
                self.document.defined.append(self.section)
            if not defined or relations[0] in EQUALITIES:
                self.chain(sides, relations, defined)

    def condition(self, left, relation, right):
        """It states a domain; between numbers it is a claim."""
        if not any(map(is_name, walk((left, right)))):
            self.count(1)
            return self.claim(("cases", ((("num", "1"), (relation, left, right)), (("num", "0"), None))), "=", ("num", "1"))
        self.part.conditions[relation, left, right] = True
        self.document.domains.append(self.made(left, relation, right))

    def chain(self, sides, relations, defined):
        """A claim for each relation; the first one is none if it has been a definition."""
        if any(one not in EQUALITIES for one in relations[:-1]) or relations[-1] not in EQUALITIES | {r"\in"}:
            raise ReadingError(f"{' '.join(relations)} in a chain")
        others = [self.part.read(side) for side, relation in zip(sides[1:], relations) if relation in EQUALITIES]
        trees = [defined or self.part.read(sides[0]), *others]
        for i, relation in enumerate(relations):
            self.line = self.start + (sides[i + 1] or sides[0])[0].line
            if relation == r"\in":
                self.claim(trees[i], r"\in", space(sides[i + 1]))
            elif i or not defined:
                decimal = any(is_rounded(tree) for tree in trees[i : i + 2]) or trees[i] in self.part.point
                self.claim(trees[i], "=", trees[i + 1], at_point=decimal)
        if trees[0][0] == "bar" and not defined:
            self.remark(graphs.adjoint(trees[0][1], trees[1], self.part))
            self.numbers(trees[0][1], trees[1])
        if defined and len(trees) > 2 and trees[-1] in self.part.definitions:
            self.part.notations[trees[-1]] = defined  # t_9 = t_6 + t_8 = A: so A is made of t_6 and t_8

    def numbers(self, node, tree):
        """The numbers in an adjoint are those of the adjoints and partial derivatives that it is made of."""
        products = graphs.products(node, tree, self.part)
        if products is None:
            self.remark(graphs.used_by(node, self.part))
        for user, adjoint, partial in products or ():
            self.number(("bar", user), adjoint)
            self.number(("deriv", node, user, False), partial)
            size = partial[1] if partial[0] == "neg" else partial
            for one in set(graphs.decimals(size)) - {size}:
                self.number(self.nearest(one, {user, *self.part.names(self.part.definitions[user])}), one)

    def nearest(self, number, names):
        """The one of these names that has nearly this value at the point, or its negative."""
        values = {name: value_at_point(name, self.part) for name in names}
        size = value_at_point(number, self.part)
        name = min(values, key=lambda one: abs(abs(values[one]) - size))
        return ("neg", name) if values[name] < 0 else name

    def number(self, quantity, number):
        self.count(1, "a number put in")
        self.claim(quantity, "=", number, at_point=True)

    def mapping(self, relations, name, domain=(), codomain=()):
        """f : R^n -> R^m gives f and its argument their dimensions; a name that is not known yet becomes a function."""
        if len(relations) != 1:
            raise ReadingError(f"{' '.join(relations)} in a chain")
        name, domain, codomain = self.part.read(name), space(domain), space(codomain)
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
        r"""\mathbf{x} \in \mathbb{R}^n: it may not be another one than before, but on the sheet."""
        known = self.part.dimensions(letter)
        if self.document.sheet and known and size not in known:
            self.remark(f"the dimension of {letter} is another one")
        if ("bold", letter) in self.part.definitions:
            self.claim(("bold", letter), r"\in", size)
        self.part.state_dimension(letter, size)

    def definition(self, sides, relations):
        """Defines what stands on the left, if it is new; returns its tree, or None if the equation is a claim."""
        part, left, relation = self.part, sides[0], relations[0]
        if left[-1].kind == "(" and len(left) > 1 and (relation in EQUALITIES or len(relations) == 1):
            return part.define_function(left, sides[1], relation)
        name = part.read(left)
        if relation == ":=" and name[0] in ("bar", "nabla"):
            part.define_notation(name, part.read(sides[1]))
            return name
        if relation not in EQUALITIES or not part.is_new(name) or not part.define(name, part.read(sides[1])):
            return None
        if ("bar",) in part.notations and name in graphs.steps(part):
            self.remark(graphs.assignment(part.definitions[name], part))
        if name[0] == "bold" and name[1] in part.sizes:
            self.claim(name, r"\in", part.sizes[name[1]])
        return name
