"""Reads formulas: LaTeX as a good mathematician sets it becomes trees of tuples, ("add", ("name", "x"), ("num", "1")).

`tokens` takes a formula to pieces, each bracket or environment being one piece; `statements` finds the chains `a = b = c` in
it, and a `Reader` makes a tree of one side.
"""

import re
from itertools import chain

# A reader of our own: sympy.parsing.latex knows no vectors, matrices, primes, gradients, adjoints or chains, and takes f(x)
# for a product and e for a letter; to rewrite LaTeX for it would take more than this. Tests compare the two where both can
# read.
TOKEN = re.compile(r"\\(?:begin|end)\{\w+\*?\}|\\[A-Za-z]+|\\.|\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?|[A-Za-z]|:=|\S")
SAME = {  # another spelling: the one that is read
    r"\dfrac": r"\frac", r"\tfrac": r"\frac", r"\boldsymbol": r"\mathbf", r"\ln": r"\log", r"\stackrel": r"\overset",
    r"\leq": r"\le", r"\geq": r"\ge", r"\neq": r"\ne", r"\rightarrow": r"\to", r"\mapsto": r"\to",
    r"\ldots": r"\dots", r"\ddots": r"\dots",
}  # fmt: skip
SPACING = {r"\left", r"\right", r"\big", r"\Big", r"\bigg", r"\Bigg", r"\displaystyle", r"\,", r"\;", r"\!", r"\:"}
FUNCTIONS = {r"\sin", r"\cos", r"\tan", r"\exp", r"\log", r"\tanh"}
GREEK = re.compile(
    r"\\(alpha|beta|gamma|delta|(var)?epsilon|zeta|eta|(var)?theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|(var)?phi|chi"
    r"|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega|ell)"
)
SIDE_BY_SIDE = {",", ";", r"\quad", r"\qquad"}
EQUALITIES = {"=", ":=", r"\equiv"}
SIGNS = EQUALITIES | {r"\approx", r"\simeq", r"\cong", r"\doteq", "≈", "≡"}  # those that must not be passed over
CONDITIONS = {"<", ">", r"\le", r"\ge", r"\ne"}
RELATIONS = SIGNS | CONDITIONS | {":", r"\in"}
OPERATORS = {r"\to", r"\cdot", r"\times", r"\top", r"\partial"}
CONSTANTS = {("name", "e"), ("name", "pi")}
BRACKETS = {"(": ")", "[": "]", "{": "}"}
LINES = {rf"\begin{{{name}}}" for name in ("aligned", "align", "align*", "split", "gathered", "gather", "gather*", "equation")}
BESIDE = {".", ",", r"\{", r"\}", r"\quad", r"\qquad", r"\nonumber", r"\notag"}  # what may stand beside such an environment


class ReadingError(Exception):
    """A formula that the checker does not understand; it is reported as not checked."""


class Token(str):
    """A piece of LaTeX: its line in the formula, whether it is a sign that has been read, and a letter that is a factor."""

    def __new__(cls, text, line):
        token = super().__new__(cls, SAME.get(text, text))
        token.kind, token.line, token.seen, token.factor = str(token), line, False, False
        return token


class Group(list):
    """The pieces in a bracket or an environment; its kind is what opens it."""

    def __init__(self, kind, line):
        super().__init__()
        self.kind, self.line = kind, line


def tokens(tex):
    r"""The pieces of a formula without spacing; and its frames, which stand among the pieces as if they were not there, as
    (pieces, None) for a \boxed{...} and (pieces, what stands under it) for an \underbrace{...}_{...}; without tags."""
    inside = [Group("", 0)]
    for number, line in enumerate(tex.split("\n")):
        for text in TOKEN.findall(line):
            if text in BRACKETS or text.startswith(r"\begin"):
                inside.append(Group(text, number))
            elif text in BRACKETS.values() or text.startswith(r"\end"):
                closed = inside.pop()
                if text != (BRACKETS.get(closed.kind) or closed.kind.replace("begin", "end")):
                    raise ReadingError(f"{text} that closes nothing")
                inside[-1].append(closed)
            elif text not in SPACING:
                inside[-1].append(Token(text, number))
    if len(inside) > 1:
        raise ReadingError(f"{inside[-1].kind} that is not closed")
    frames = []
    pieces = unframed(inside[0], frames)
    found = [*letters(pieces)]
    for piece, name, _ in found:  # before a parenthesis it is a factor if it also stands without one, as in p(1 - p)
        piece.factor = (name, False) in [one[1:] for one in found]
    return pieces, frames


def signs_in(text):
    return len([one for one in TOKEN.findall(text) if one in SIGNS])


def letters(pieces):
    """(piece, its name with indices, whether a parenthesis follows) of what may be a factor or a function."""
    for i, piece in enumerate(pieces):
        if i and pieces[i - 1] in ("_", r"\mathbf", r"\mathrm"):
            continue
        if isinstance(piece, Group):
            yield from letters(piece)
        elif piece.isalpha() or GREEK.fullmatch(piece) or piece == r"\mathrm":
            end = i + 1 + (piece == r"\mathrm")
            name = flat(pieces[i:end])
            while end < len(pieces) and pieces[end].kind in ("_", "^", "'"):
                name += flat(pieces[end : end + 2]) if pieces[end] == "_" else []
                end += 1 if pieces[end] == "'" else 2
            yield piece, name, end < len(pieces) and pieces[end].kind == "("


def unframed(pieces, frames):
    out, rest = [], iter(pieces)
    for piece in rest:
        if piece.kind in (r"\boxed", r"\underbrace"):
            content = unframed(next(rest), frames)
            under = [next(rest), next(rest)][1] if piece == r"\underbrace" else None
            frames.append((content, under))
            out += content
        elif piece == r"\overset":
            out += [next(rest), unframed(next(rest), frames)][1]
        elif piece.kind in (r"\tag", r"\label"):
            next(rest)
        elif isinstance(piece, Group):
            piece[:] = unframed(piece, frames)
            out += [piece] if piece or piece.kind != "{" else []
        else:
            out.append(piece)
    return out


def split(pieces, marks):
    """The lists of pieces between those marks, and the marks, which have now been seen."""
    parts, seen = [[]], []
    for piece in pieces:
        if piece.kind in marks:
            parts.append([])
            seen.append(piece)
            piece.seen = True
        else:
            parts[-1].append(piece)
    return parts, seen


def cells(environment):
    return [split(row, {"&"})[0] for row in split(environment, {r"\\"})[0] if row]


def flat(pieces):
    return [one for piece in pieces for one in (flat(piece) if isinstance(piece, Group) else [piece])]


def sizes(pieces):
    r"""2 \times n as (("num", "2"), ("name", "n"))."""
    return tuple(("num" if one.isdigit() else "name", str(one)) for one in flat(pieces) if one != r"\times")


def space(pieces):
    r"""\mathbb{R}^{2 \times n} as (("num", "2"), ("name", "n")); \mathbb{R} as ()."""
    found = flat(pieces)
    if found[:2] != [r"\mathbb", "R"]:
        raise ReadingError("the set on the right")
    return sizes(found[3:])


def lines(pieces):
    """The lines of a formula; it is one line itself if something else stands beside its environments of lines."""
    environments = [piece for piece in pieces if piece.kind in LINES]
    if not environments or {piece.kind for piece in pieces} - LINES - BESIDE:
        return [pieces]
    return chain.from_iterable(map(aligned, environments))


def aligned(environment):
    """The chains of an `aligned`; in each pair of columns, a line that begins with a relation continues the one above it."""
    if any(piece.kind in LINES for piece in environment):
        return chain.from_iterable(lines(row) for row in split(environment, {r"\\", "&"})[0])
    found, last = [], {}
    for row in cells(environment):
        for pair in range(0, len(row), 2):
            one = [*row[pair], *(row[pair + 1] if pair + 1 < len(row) else [])]
            if one and not row[pair] and one[0].kind in RELATIONS and pair in last:
                last[pair] += one
            elif one:
                last[pair] = one
                found.append(one)
    return found


def statements(pieces):
    r"""(sides, relations) of each chain in a formula, sides being lists of pieces; `p, q > 0` states the same of p and q."""
    pending = []
    for part in chain.from_iterable(split(found, SIDE_BY_SIDE)[0] for found in lines(pieces)):
        sides, relations = split(part[:-1] if part and part[-1].kind == "." else part, RELATIONS)
        if not relations:
            pending += [part] if part else []
            continue
        if len(relations) == 1 and relations[0] not in EQUALITIES | {":"}:
            yield from (([one, sides[1]], relations) for one in pending)
            pending = []
        yield sides, relations
    yield from (([part], []) for part in pending)


class Reader:
    """A side of an equation (pieces) as a tree of tuples; `functions` holds the letters that are followed by arguments."""

    def __init__(self, pieces, functions=()):
        self.pieces, self.functions = list(pieces), functions

    def __call__(self):
        steps, arrows = split(self.pieces, {r"\to"})
        if arrows:
            return ("path", tuple(map(self.read, steps)))
        tree = self.sum()
        if self.pieces:
            raise ReadingError(f"what {self.peek()} means here")
        return tree

    def read(self, pieces):
        return Reader(pieces, self.functions)()

    def peek(self):
        return self.pieces[0].kind if self.pieces else ""

    def take(self, expected=None):
        if not self.pieces or expected not in (None, self.peek()):
            raise ReadingError(f"{self.peek() or 'the end'} where {expected or 'something'} should be")
        return self.pieces.pop(0)

    def sum(self):
        sign = self.take() if self.peek() in ("+", "-") else "+"
        tree = ("neg", self.term()) if sign == "-" else self.term()
        while self.peek() in ("+", "-"):
            tree = ("add" if self.take() == "+" else "subtract", tree, self.term())
        return tree

    def term(self):
        tree = self.factor()
        while self.peek() in (r"\cdot", r"\times", "/", "|") or self.begins():
            if tree[0] == "num" and self.peek().isdecimal():
                raise ReadingError(f"two numbers side by side, {tree[1]} {self.peek()}")
            operator = r"\cdot" if self.begins() else self.take()
            if operator == "|":
                self.take("_")
                tree = ("at", tree, self.read(self.group()))
            else:
                tree = ("div" if operator == "/" else "mul", tree, self.factor())
        return tree

    def begins(self):
        """Whether a factor begins here: what stands side by side is multiplied."""
        token = self.peek()
        if token.startswith("\\"):
            return token[1].isalpha() and token not in RELATIONS | SIDE_BY_SIDE | OPERATORS
        return token[:1].isalnum() or token in BRACKETS

    def argument(self):
        """What a function without parentheses is taken of: one thing, or a product of numbers and letters."""
        plain = [*map(self.plain, self.pieces[:1])]
        tree = self.factor()
        while plain == [True] and tree[0] != "call" and self.pieces and self.plain(self.pieces[0]):
            tree = ("mul", tree, self.factor())
        return tree

    def plain(self, piece):
        letter = piece.kind.isalpha() or GREEK.fullmatch(piece.kind) or piece == r"\mathbf"
        return piece.kind not in self.functions and (letter or piece.kind[0].isdecimal())

    def group(self):
        """What stands in braces, or one piece; a number without braces is its first digit."""
        piece = self.take()
        if piece.kind == "{":
            return piece
        if piece.kind.isdecimal() and len(piece) > 1:
            self.pieces.insert(0, Token(piece[1:], piece.line))
            piece = Token(piece[0], piece.line)
        return [piece]

    def factor(self):
        first = self.pieces[:1]
        tree = self.atom()
        while True:
            if self.peek() == "_":
                self.take()
                index = tuple(Reader([one]).factor() for one in self.group() if one != ",")
                tree = ("bar", ("sub", tree[1], index)) if tree[0] == "bar" else ("sub", tree, index)
            elif self.peek() == "'":
                self.take()
                tree = ("prime", tree)
            elif self.peek() == "(" and tree[0] == "deriv" and self.arguments(self.pieces[0]) == (tree[1],):
                self.take()  # \frac{\partial f}{\partial x}(x): at the point x, which is where it stands anyway
            elif self.peek() == "(" and self.callable(tree):
                tree = ("call", tree, self.arguments(self.take()))
            elif self.peek() == "(" and self.unknown(tree, first[0]):
                raise ReadingError(f"whether {written(tree[1] if tree[0] == 'prime' else tree)} is a function or a factor")
            elif self.peek() == "^":
                self.take()
                exponent = self.group()
                function = self.peek() == "(" and (self.callable(tree) or self.unknown(tree, first[0]))
                if function or ([*map(len, exponent)] == [1] and exponent[0].kind == "("):
                    raise ReadingError("whether this is a power")  # x^{(2)}, f^{-1}(x)
                tree = ("T", tree) if exponent in (["T"], [r"\top"]) else ("pow", tree, self.read(exponent))
            else:
                return tree

    def callable(self, tree):
        letter = tree[1] if tree[0] == "prime" else tree
        letter = letter[1] if letter[0] == "sub" else letter
        return letter[0] == "name" and letter[1] in self.functions

    @staticmethod
    def unknown(tree, first):
        return tree[0] == "prime" or (tree[0] in ("name", "sub") and not getattr(first, "factor", True))

    def arguments(self, group):
        return tuple(self.entry(part) for part in split(group, {","})[0])

    def entry(self, pieces):
        return ("dots",) if pieces == [r"\dots"] else self.read(pieces)

    def atom(self):
        piece = self.take()
        match piece.kind:
            case "(":
                items = self.arguments(piece)
                return items[0] if len(items) == 1 else ("tuple", items)
            case "[":  # 1 where the relation holds, and 0 elsewhere
                return ("cases", ((("num", "1"), self.relation(piece)), (("num", "0"), None)))
            case "{":
                return self.read(piece)
            case r"\mathbf":
                return ("bold", "".join(self.group()))
            case r"\max" | r"\min":
                return ("name", piece[1:])
            case r"\mathcal":
                return ("name", "cal " + "".join(self.group()))
            case r"\mathrm":
                word = "".join(self.group())
                return ("diag", self.arguments(self.take("("))) if word == "diag" else ("name", word)
            case r"\bar":
                return ("bar", self.read(self.group()))
            case r"\frac":
                return self.fraction(self.group(), self.group())
            case r"\sqrt":
                return ("fn", "sqrt", self.read(self.group()))
            case r"\sum":
                return self.summation()
            case r"\nabla":
                by = self.read([self.take(), self.group()][1]) if self.peek() == "_" else None
                return ("nabla", by, self.factor())
            case r"\partial":
                over, _, _, under = self.factor(), self.take("/"), self.take(r"\partial"), self.factor()
                return ("deriv", under, over, False)
        if piece.kind in FUNCTIONS:
            power = self.read([self.take(), self.group()][1]) if self.peek() == "^" else None
            if power == ("neg", ("num", "1")):
                raise ReadingError("whether this is an inverse function or a power")
            tree = ("fn", piece[1:], self.read([self.take()]) if self.peek() == "(" else self.argument())
            return ("pow", tree, power) if power else tree
        if piece.kind.startswith(r"\begin"):
            return self.environment(piece)
        if piece.kind[0].isdecimal():
            if "," in piece:
                raise ReadingError(f"whether {piece} is one number")
            return ("num", str(piece))
        if piece.isalpha() or GREEK.fullmatch(piece):
            return ("name", piece.lstrip("\\"))
        raise ReadingError(f"what {piece} means here")

    def fraction(self, over, under):
        if over[0] == under[0] and over[0] in (r"\partial", "d") and len(under) > 1:
            return ("deriv", self.read(under[1:]), self.read(over[1:]), over[0] == "d")
        return ("div", self.read(over), self.read(under))

    def summation(self):
        self.take("_")
        (index, first), _ = split(self.group(), {"="})
        self.take("^")
        return ("sum", "".join(index), self.read(first), self.read(self.group()), self.term())

    def relation(self, pieces):
        sides, relations = split(pieces, RELATIONS)
        if len(relations) != 1:
            raise ReadingError("what stands in these brackets")
        return str(relations[0]), *map(self.read, sides)

    def environment(self, group):
        rows = cells(group)
        if group.kind == r"\begin{cases}":
            return ("cases", tuple((self.read(value), self.relation(condition)) for value, condition in rows))
        if group.kind not in (r"\begin{pmatrix}", r"\begin{bmatrix}"):
            raise ReadingError(f"the environment {group.kind}")
        entries = tuple(tuple(self.entry(cell) if cell else () for cell in row) for row in rows)
        match entries:
            case ((first, a, b), (c, ("dots",), d), (e, f, last)) if {a, b, c, d, e, f} <= {(), ("num", "0")}:
                return ("diag", (first, ("dots",), last))
        if len(set(map(len, entries))) > 1:
            raise ReadingError("rows of different lengths")
        if any(cell in ((), ("dots",)) for row in entries for cell in row):
            raise ReadingError("what these dots and empty places stand for")
        return ("matrix", entries)


# ------------------------------------------------------------------------------------------------- trees


def walk(tree):
    """The tree and all that is in it."""
    if isinstance(tree, tuple):
        if tree and isinstance(tree[0], str):
            yield tree
        yield from chain.from_iterable(map(walk, tree))


def subtrees(parts):
    """The trees that a tree is made of, parts being what follows its kind."""
    for part in parts:
        if isinstance(part, tuple):
            yield from [part] if part and isinstance(part[0], str) else subtrees(part)


def at_index(tree, letter, number):
    """The tree with a number in the place of a letter."""
    if tree == ("name", letter):
        return ("num", str(number))
    return tuple(at_index(part, letter, number) for part in tree) if isinstance(tree, tuple) else tree


def is_name(tree):
    r"""Whether it is x, t_3 or \mathbf{x}."""
    if tree[0] == "sub":
        return tree[1][0] == "name" and all(index[0] in ("num", "name") for index in tree[2])
    return tree[0] in ("name", "bold")


def written(name):
    """A name with its indices: t_3, A_1_2."""
    return "_".join([written(name[1]), *[index[1] for index in name[2]]]) if name[0] == "sub" else name[1]
