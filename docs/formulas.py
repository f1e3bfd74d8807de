"""Reads formulas: LaTeX as a good mathematician sets it becomes trees of tuples, ("add", ("name", "x"), ("num", "1"))."""

import re
from itertools import chain

# A reader of our own: sympy.parsing.latex knows no vectors, matrices, primes, gradients, adjoints or chains, and takes f(x)
# for a product and e for a letter; to rewrite LaTeX for it would take more than this. Tests compare the two where both can
# read.
TOKEN = re.compile(r"\\(?:begin|end)\{\w+\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|\S")
SPACING = {r"\left", r"\right", r"\big", r"\Big", r"\bigg", r"\Bigg", r"\displaystyle", r"\,", r"\;", r"\!", r"\:"}
FUNCTIONS = {r"\sin", r"\cos", r"\tan", r"\exp", r"\log", r"\ln", r"\tanh"}
GREEK = re.compile(
    r"\\(alpha|beta|gamma|delta|(var)?epsilon|zeta|eta|(var)?theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|(var)?phi|chi"
    r"|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega|ell)"
)
SIDE_BY_SIDE = {",", ";", r"\quad", r"\qquad"}
ARROWS = {r"\to", r"\rightarrow", r"\mapsto"}
RELATIONS = {"=", ":=", ":", "<", ">", r"\le", r"\ge", r"\leq", r"\geq", r"\ne", r"\neq", r"\in", r"\approx"} | ARROWS
OPERATORS = {r"\cdot", r"\times", r"\top", r"\partial"}
OPENING, CLOSING = {"(", "[", "{"}, {")", "]", "}"}


class ReadingError(Exception):
    """A formula that the checker does not understand; it is reported as not checked."""


def tokens(tex):
    r"""(token, line) pairs without spacing; \boxed{x} and \underbrace{x}_{y} are x, for they do not group. := is one token."""
    found = []
    for number, line in enumerate(tex.split("\n")):
        found += [(token, number) for token in TOKEN.findall(line) if token not in SPACING]
    merged = []
    for token, line in found:
        if token == "=" and merged and merged[-1][0] == ":":
            merged[-1] = (":=", line)
        else:
            merged.append((token, line))
    return without_frames(merged)


def without_frames(found):
    out = []
    while found:
        token, line = found.pop(0)
        if token in (r"\boxed", r"\underbrace"):
            inside = braced(found)
            if token == r"\underbrace" and found and found[0][0] == "_":
                found.pop(0)
                braced(found)
            out += without_frames(inside)
        elif token == "{" and found and found[0][0] == "}":
            found.pop(0)
        else:
            out.append((token, line))
    return out


def braced(found):
    depth, inside = 0, []
    while True:
        token = found.pop(0)
        depth += (token[0] == "{") - (token[0] == "}")
        inside.append(token)
        if not depth:
            return inside[1:-1] if inside[0][0] == "{" else inside


def split(found, marks):
    """Token lists between those marks that stand in no bracket and no environment, and the marks."""
    parts, seen, depth = [[]], [], 0
    for token, line in found:
        depth += (token in OPENING or token.startswith(r"\begin")) - (token in CLOSING or token.startswith(r"\end"))
        if token in marks and depth == 0:
            parts.append([])
            seen.append(token)
        else:
            parts[-1].append((token, line))
    return parts, seen


def statements(tex):
    """Each statement of a formula as (sides, relations), sides being token lists; lines of an `aligned` that begin with a
    relation continue the statement above them, in each pair of columns."""
    found = tokens(tex)
    if found and found[0][0] == r"\begin{aligned}" and found[-1][0] == r"\end{aligned}":
        chains, last = [], {}
        for row in split(found[1:-1], {r"\\"})[0]:
            cells = split(row, {"&"})[0]
            for pair in range(0, len(cells), 2):
                left, right = cells[pair], cells[pair + 1] if pair + 1 < len(cells) else []
                if not left and right and right[0][0] in RELATIONS and pair in last:
                    last[pair] += right
                elif left or right:
                    last[pair] = left + right
                    chains.append(last[pair])
    else:
        chains = [found]
    pending = []
    for part in chain.from_iterable(split(found, SIDE_BY_SIDE)[0] for found in chains):
        sides, relations = split(part, RELATIONS)
        if part and part[-1][0] == ".":
            sides[-1] = sides[-1][:-1]
        if not relations:
            pending += [part] if part else []
            continue
        if len(relations) == 1 and relations[0] not in ("=", ":=", ":"):
            yield from (([one, sides[1]], relations) for one in pending)  # x, y \in ... and p, q > 0
            pending = []
        yield sides, relations
    yield from (([part], []) for part in pending)


class Reader:
    """A side of an equation (tokens) as a tree of tuples; `functions` holds the letters that are followed by arguments."""

    def __init__(self, found, functions=()):
        self.tokens, self.functions = [token for token, _ in found], functions

    def __call__(self):
        tree = self.sum()
        if self.tokens:
            raise ReadingError(f"what {self.peek()} means here")
        return tree

    def peek(self):
        return self.tokens[0] if self.tokens else ""

    def take(self, expected=None):
        if not self.tokens or expected not in (None, self.tokens[0]):
            raise ReadingError(f"{self.peek() or 'the end'} where {expected or 'something'} should be")
        return self.tokens.pop(0)

    def sum(self):
        tree = None
        while tree is None or self.peek() in ("+", "-"):
            sign = self.take() if self.peek() in ("+", "-") else "+"
            term = self.term()
            if tree is None:
                tree = ("neg", term) if sign == "-" else term
            else:
                tree = ("add" if sign == "+" else "subtract", tree, term)
        return tree

    def term(self):
        tree = self.factor()
        while self.peek() in (r"\cdot", r"\times", "/", "|") or self.begins():
            if self.peek() == "|":
                self.take("|"), self.take("_")
                tree = ("at", tree, self.inner(self.group())())
                continue
            operator = self.take() if not self.begins() else r"\cdot"
            tree = ("div" if operator == "/" else "mul", tree, self.factor())
        return tree

    def begins(self):
        """Whether a factor begins here: what stands side by side is multiplied."""
        token = self.peek()
        if token.startswith("\\"):
            return token[1:2].isalpha() and not token.startswith(r"\end") and token not in RELATIONS | SIDE_BY_SIDE | OPERATORS
        return token[:1].isalnum() or token in OPENING

    def group(self):
        """What stands in braces, or one token; a number without braces is its first digit."""
        if self.peek() != "{":
            token = self.take()
            if token.isdigit() and len(token) > 1:
                self.tokens.insert(0, token[1:])
            return [token[0] if token.isdigit() else token]
        return [token for token, _ in braced([(self.take(), 0) for _ in range(_extent(self.tokens))])]

    def inner(self, found):
        return Reader([(token, 0) for token in found], self.functions)

    def factor(self):
        tree = self.atom()
        while True:
            if self.peek() == "_":
                self.take()
                index = tuple(self.inner([token]).factor() for token in self.group() if token != ",")
                tree = ("bar", ("sub", tree[1], index)) if tree[0] == "bar" else ("sub", tree, index)
            elif self.peek() == "'":
                self.take()
                tree = ("prime", tree)
            elif self.peek() == "(" and self.callable(tree):
                arguments = self.arguments()
                tree = tree if tree[0] == "deriv" else ("call", tree, arguments)
            elif self.peek() == "^":
                self.take()
                exponent = self.group()
                tree = ("T", tree) if exponent in (["T"], [r"\top"]) else ("pow", tree, self.inner(exponent)())
            else:
                return tree

    def callable(self, tree):
        if tree[0] == "deriv":  # \frac{\partial f}{\partial x}(x): at the point x, which is where it stands anyway
            return self.tokens[1 : _extent(self.tokens) - 1] == _flat(tree[1])
        letter = tree[1] if tree[0] in ("prime", "sub") else tree
        letter = letter[1] if letter[0] == "sub" else letter
        return tree[0] != "call" and letter[0] == "name" and letter[1] in self.functions

    def arguments(self):
        found = [self.take() for _ in range(_extent(self.tokens))][1:-1]
        return tuple(
            ("dots",)
            if [token for token, _ in part] in ([r"\dots"], [r"\ldots"])
            else self.inner([token for token, _ in part])()
            for part in split([(token, 0) for token in found], {","})[0]
        )

    def atom(self):
        token = self.take()
        if token[0].isdigit():
            return ("num", token)
        if token == "(":
            self.tokens.insert(0, token)
            items = self.arguments()
            return items[0] if len(items) == 1 else ("tuple", items)
        if token == "[":
            self.tokens.insert(0, token)
            return (
                "cases",
                ((("num", "1"), self.relation([self.take() for _ in range(_extent(self.tokens))][1:-1])), (("num", "0"), None)),
            )
        if token == "{":
            self.tokens.insert(0, token)
            return self.inner(self.group())()
        if token in (r"\mathbf", r"\boldsymbol"):
            return ("bold", "".join(self.group()))
        if token == r"\mathcal":
            return ("name", "cal " + "".join(self.group()))
        if token == r"\mathrm":
            word = "".join(self.group()).replace("\\", "")
            return ("diag", self.arguments()) if word == "diag" else ("name", word)
        if token == r"\bar":
            return ("bar", self.inner(self.group())())
        if token in (r"\frac", r"\dfrac", r"\tfrac"):
            return self.fraction(self.group(), self.group())
        if token == r"\sqrt":
            return ("fn", "sqrt", self.inner(self.group())())
        if token in FUNCTIONS:
            power = (self.take(), self.inner(self.group())())[1] if self.peek() == "^" else None
            tree = ("fn", token[1:].replace("ln", "log"), self.arguments()[0] if self.peek() == "(" else self.factor())
            return ("pow", tree, power) if power else tree
        if token == r"\sum":
            return self.summation()
        if token == r"\nabla":
            by = (self.take(), self.inner(self.group())())[1] if self.peek() == "_" else None
            return ("nabla", by, self.factor())
        if token == r"\partial":
            over, _, _, under = self.factor(), self.take("/"), self.take(r"\partial"), self.factor()
            return ("deriv", under, over, False)
        if token.startswith(r"\begin"):
            return self.environment(token[7:-1])
        if token.isalpha() or GREEK.fullmatch(token):
            return ("name", token.lstrip("\\"))
        raise ReadingError(f"what {token} means here")

    def fraction(self, over, under):
        if over and under and over[0] == under[0] and over[0] in (r"\partial", "d") and len(under) > 1:
            return ("deriv", self.inner(under[1:])(), self.inner(over[1:])(), over[0] == "d")
        return ("div", self.inner(over)(), self.inner(under)())

    def summation(self):
        self.take("_")
        index, first = split([(token, 0) for token in self.group()], {"="})[0]
        self.take("^")
        last = self.inner(self.group())()
        return ("sum", index[0][0], Reader(first)(), last, self.term())

    def relation(self, found):
        sides, relations = split([(token, 0) for token in found], RELATIONS)
        if len(relations) != 1:
            raise ReadingError("what stands in these brackets")
        (left, right), (relation,) = sides, relations
        return relation, Reader(left, self.functions)(), Reader(right, self.functions)()

    def environment(self, kind):
        depth, body = 1, []
        while depth:
            token = self.take()
            depth += token.startswith(r"\begin") - token.startswith(r"\end")
            body.append((token, 0))
        rows = [split(row, {"&"})[0] for row in split(body[:-1], {r"\\"})[0] if row]
        if kind == "cases":
            return ("cases", tuple((Reader(row[0], self.functions)(), self.relation([t for t, _ in row[1]])) for row in rows))
        if kind not in ("pmatrix", "bmatrix"):
            raise ReadingError(f"the environment {kind}")
        read = [
            [Reader(cell, self.functions)() if cell and "dots" not in cell[0][0] else cell and ("dots",) for cell in row]
            for row in rows
        ]
        return _dotted(read) if any(cell == ("dots",) for row in read for cell in row) else ("matrix", tuple(map(tuple, read)))


def _dotted(rows):
    r"""A matrix with \ddots from its first to its last entry, and nothing else but zeros in its corners, is diagonal."""
    rest = [cell for i, row in enumerate(rows) for j, cell in enumerate(row) if i != j]
    if len(rows) != 3 or rows[1][1] != ("dots",) or any(cell not in ([], ("num", "0")) for cell in rest):
        raise ReadingError("what these dots stand for")
    return ("diag", (rows[0][0], ("dots",), rows[2][2]))


def _extent(found):
    """How many tokens the bracket takes with which they begin."""
    depth = 0
    for count, token in enumerate(found, 1):
        depth += (token in OPENING) - (token in CLOSING)
        if not depth:
            return count
    raise ReadingError("a bracket that is not closed")


def _flat(tree):
    return [r"\mathbf", "{", tree[1], "}"] if tree and tree[0] == "bold" else [tree[1]] if tree and tree[0] == "name" else None
