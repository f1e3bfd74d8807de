"""What formulas mean: a tree becomes a value, in two ways that share no arithmetic: SymPy's symbols, and numbers at one point.

`Part` holds what the text has said so far; `Symbols` and `Numbers` are the two ways, `Meaning` is what they have in common.
"""

import random
from dataclasses import dataclass, field
from itertools import chain

import mpmath
import numpy as np
import sympy as sp

from docs.formulas import ReadingError

GUARD, STEP = 100, 30  # the digits that are carried; the step of a difference quotient is 10^-30


class NoValueError(ArithmeticError):
    """A value that does not exist, or is no real number, at a point of the stated domain."""


@dataclass
class Part:
    """What is known in one part of a document; what it does not know itself, its parent may."""

    name: str
    parent: "Part | None" = None
    definitions: dict = field(default_factory=dict)  # ("name", "s"), ("sub", ...) or ("bold", "z"): tree
    functions: dict = field(default_factory=dict)  # "f" or "f_1": (arguments, tree or None, dimension, sizes of the arguments)
    sizes: dict = field(default_factory=dict)  # letter of a vector or matrix: its dimension, a tuple of trees, as last stated
    notations: dict = field(default_factory=dict)  # tree: the tree that it is short for
    conditions: list = field(default_factory=list)
    point: dict = field(default_factory=dict)  # "a": the number that a is where numbers are meant
    boxed: list = field(default_factory=list)

    def find(self, table, key):
        found = getattr(self, table).get(key)
        return found if found is not None or self.parent is None else self.parent.find(table, key)

    def line(self):
        return [self, *(self.parent.line() if self.parent else ())]

    def all(self, table):
        above = self.parent.all(table) if self.parent else type(getattr(self, table))()
        return above + getattr(self, table) if isinstance(above, list) else above | getattr(self, table)

    def letters(self):
        return {key.split("_")[0] for key in self.all("functions")}


def key(tree):
    """A name with its indices, written out: t_3, A_1_2. None if the tree is no name."""
    if tree[0] == "name":
        return tree[1]
    if tree[0] == "sub" and tree[1][0] == "name" and all(index[0] in ("num", "name") for index in tree[2]):
        return "_".join([tree[1][1], *[index[1] for index in tree[2]]])
    return None


def walk(tree):
    if isinstance(tree, tuple):
        if tree and isinstance(tree[0], str):
            yield tree
        yield from chain.from_iterable(map(walk, tree))


def subtrees(parts):
    for part in parts:
        if isinstance(part, tuple):
            yield from [part] if part and isinstance(part[0], str) else subtrees(part)


def replaced(tree, old, new):
    if tree == old:
        return new
    return tuple(replaced(part, old, new) for part in tree) if isinstance(tree, tuple) else tree


def indices(tree, part):
    """{letter of an index that is bound by no sum: (name it stands at, axis)}."""
    found, bound = {}, {one[1] for one in walk(tree) if one[0] == "sum"}
    sizes = {
        one for size in [*part.all("sizes").values(), *[f[2] for f in part.all("functions").values()]] for one in size or ()
    }
    for one in walk(tree):
        if one[0] == "sub":
            for axis, index in enumerate(one[2]):
                if index[0] == "name" and index not in sizes and index[1] not in bound:
                    found.setdefault(index[1], (one[1], axis))
    return found


def array(rows):
    out = np.empty((len(rows), len(rows[0])), dtype=object)
    for at in np.ndindex(out.shape):
        out[at] = rows[at[0]][at[1]]
    return out


class Meaning:
    """Trees as values: numbers, or object arrays of two dimensions (vectors are columns). Subclasses say what a number is."""

    def __init__(self, part, sizes, world, values=None):
        self.part, self.sizes, self.world, self.values, self.known = part, sizes, world, values or {}, {}

    def given(self, values, sizes=()):
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, values=self.values | values, sizes=self.sizes | dict(sizes), known={})
        return other

    def size(self, tree):
        if tree[0] == "num":
            return int(tree[1])
        if tree[1] in self.world:
            return self.world[tree[1]]
        raise ReadingError(f"the index {tree[1]}")

    def __call__(self, tree):
        return getattr(self, "read_" + tree[0], self.unknown)(*tree[1:])

    def once(self, definition):
        """The value of a definition; only that of a tree that lives as long as its part may be remembered by its identity."""
        if id(definition) not in self.known:
            self.known[id(definition)] = self(definition)
        return self.known[id(definition)]

    def unknown(self, *_):
        raise ReadingError("what these dots stand for")

    # --------------------------------------------------------------------------------------------- names

    def read_num(self, digits):
        return self.number(digits)

    def read_name(self, letter):
        return self.named(("name", letter))

    def read_sub(self, base, index):
        index = tuple(("num", str(self.size(one))) for one in index)
        if base[0] == "name" and not self.callable(key(("sub", base, index))) and self.callable(base[1]):
            return self.component(self(base), index)
        return self.named(("sub", base, index))

    def component(self, value, index):
        position = [int(one[1]) - 1 for one in index]
        if not isinstance(value, np.ndarray) or any(not 0 <= at < size for at, size in zip(position, value.shape)):
            raise ReadingError(f"the component {', '.join(one[1] for one in index)}")
        return value[tuple(position)] if len(position) == 2 else value[position[0], 0]

    def read_bold(self, letter):
        if letter == "0":
            return self.number("0")
        whole = self.part.find("definitions", ("bold", letter))
        if whole is not None and not any(name in self.values for name in self.components(letter)):
            return self.once(whole)
        rows, columns = (*self.dimension(letter), 1)[:2]
        return np.reshape(array([[self.named(tree, name) for name, tree in self.components(letter).items()]]), (rows, columns))

    def dimension(self, letter):
        """Of a vector, (n,), or of a matrix, (m, n)."""
        if self.sizes.get(letter):
            return tuple(map(self.size, self.sizes[letter]))
        whole = self.part.find("definitions", ("bold", letter))
        if whole is None:
            raise ReadingError(f"the dimension of {letter}")
        return self(whole).shape[:1]

    def components(self, letter):
        """{x_1: its tree, ...}, row by row."""
        trees = [("sub", ("name", letter), tuple(("num", str(i + 1)) for i in at)) for at in np.ndindex(self.dimension(letter))]
        return {key(tree): tree for tree in trees}

    def callable(self, name):
        return self.part.find("functions", name) is not None

    def named(self, tree, name=None):
        name = name or key(tree)
        if name is None:
            raise ReadingError("an index on something that is no name")
        if name in self.values:
            return self.values[name]
        defined = self.part.find("definitions", tree)
        if defined is not None:
            return self.once(defined)
        if self.callable(name):
            arguments, tree, *_ = self.part.find("functions", name)
            return self.once(tree) if tree else self.apply(name, [self(one) for one in arguments])
        if tree[0] == "sub":
            whole = self.part.find("definitions", ("bold", tree[1][1]))
            if whole is not None:
                return self.component(self.once(whole), tree[2])
            size = self.sizes.get(tree[1][1]) and self.dimension(tree[1][1])
            if size and (len(size) != len(tree[2]) or any(not 1 <= int(i[1]) <= n for i, n in zip(tree[2], size))):
                raise ReadingError(f"{name} is no component of {tree[1][1]}")
            if tree[1][1] in self.part.letters():
                raise NoValueError(f"there is no {name}")
        elif name in self.world:
            return self.number(str(self.world[name]))
        return self.free(name)

    # --------------------------------------------------------------------------------------------- functions

    def read_call(self, function, arguments):
        values = [self(one) for one in arguments]
        if function[0] == "prime":
            return self.derivative(lambda value: self.apply_tree(function[1], [value]), values[0])
        return self.apply_tree(function, values)

    def apply_tree(self, function, values):
        name = key(function)
        if name is not None and self.callable(name):
            return self.apply(name, values)
        if function[0] == "sub" and self.callable(function[1][1]):
            return self.component(self.apply(function[1][1], values), function[2])
        raise ReadingError(f"the function {name}")

    def apply(self, name, values):
        arguments, tree, dimension, _ = self.part.find("functions", name)
        if arguments and len(arguments) != len(values):
            raise NoValueError(f"{name} takes {len(arguments)} arguments")
        if tree is None:
            flat = [one for value in values for one in (value.flat if isinstance(value, np.ndarray) else [value])]
            if not dimension:
                return self.undefined(name, flat)
            return array([[self.undefined(f"{name}_{i}", flat)] for i in range(1, self.size(dimension[0]) + 1)])
        given, sizes = {}, {}
        for argument, value in zip(arguments, values, strict=True):
            if argument[0] == "bold":
                given |= {f"{argument[1]}_{i}": one for i, one in enumerate(value.flat, 1)}
                sizes[argument[1]] = (("num", str(len(value))),)
            else:
                given[key(argument)] = value
        return self.given(given, sizes)(tree)

    def read_prime(self, function):
        arguments, *_ = self.part.find("functions", key(function)) or [()]
        if len(arguments) != 1:
            raise ReadingError("a prime on something that is no function of one variable")
        return self.read_call(("prime", function), arguments)

    def read_fn(self, function, argument):
        return self.each(lambda one: self.elementary(function, one), self(argument))

    @staticmethod
    def each(function, value):
        return array([[function(one) for one in row] for row in value]) if isinstance(value, np.ndarray) else function(value)

    # --------------------------------------------------------------------------------------------- derivatives

    def own(self, tree):
        """What a quantity is directly made of: names of numbers, and ("bold", letter) for all components of a vector."""
        if tree[0] == "call":
            return set().union(*map(self.own_names, tree[2]))
        if tree[0] in ("name", "sub", "bold"):
            function = self.part.find("functions", key(tree) or "") or (
                tree[0] == "sub" and self.part.find("functions", tree[1][1])
            )
            if function:
                return set().union(*map(self.own_names, function[0]))
            body = self.part.find("definitions", tree)
            return self.own_names(tree if body is None else body)
        return set().union(*[self.own(part) for part in subtrees(tree[1:])])

    def own_names(self, tree):
        if tree[0] == "call":
            return self.own_names(("tuple", tree[2]))
        if tree[0] == "bold":
            return {tree}
        if tree[0] in ("name", "sub"):
            return {key(tree)} if not self.callable(key(tree) or "") else self.own(tree)
        return set().union(*[self.own_names(part) for part in subtrees(tree[1:])])

    def variables(self, tree):
        if tree[0] == "bold":
            return self.components(tree[1])
        if tree[0] == "sub":
            tree = ("sub", tree[1], tuple(("num", str(self.size(one))) for one in tree[2]))
        if key(tree) is None:
            raise ReadingError("a derivative by something that is no variable")
        return {key(tree): tree}

    def gradient(self, by, tree, total=False):
        """The derivatives of a quantity by each variable in `by`, as a list."""
        if tree[0] == "sub" and key(tree) and not self.callable(key(tree)):
            tree = ("sub", tree[1], tuple(("num", str(self.size(one))) for one in tree[2]))
        tree = self.part.find("definitions", ("same", tree)) or tree
        own, found = self.own(tree), []
        if own == {key(tree)} and not own & set(self.variables(by)):
            raise ReadingError(f"a derivative of {key(tree)}, of which nothing has been said")
        if by[0] == "bold" and by not in self.made_of(own):
            raise NoValueError(f"this does not depend on {by[1]}")
        for name, variable in self.variables(by).items():
            direct = name in own or (variable[0] == "sub" and ("bold", variable[1][1]) in own)
            base = self.given(self.held(own) if direct and not total else {})
            found.append(
                self.derivative(lambda value, base=base, name=name: base.given({name: value})(tree), base.named(variable, name))
            )
        return found

    def made_of(self, own):
        """The same, with what these are made of themselves."""
        for name in own:
            tree = name if isinstance(name, tuple) else self.as_tree(name)
            own = own | (self.made_of(self.own(tree)) if self.part.find("definitions", tree) is not None else set())
        return own

    def held(self, own):
        """The present values of those names that are defined, so that no derivative goes through their definitions."""
        single = {name: self.as_tree(name) for name in own if isinstance(name, str)}
        vectors = [one for one in own if isinstance(one, tuple) and self.part.find("definitions", one) is not None]
        held = {name: tree for name, tree in single.items() if self.part.find("definitions", tree) is not None}
        for _, letter in vectors:
            held |= self.components(letter)
        return {name: self.named(tree, name) for name, tree in held.items()}

    @staticmethod
    def as_tree(name):
        letter, *index = name.split("_")
        return ("sub", ("name", letter), tuple(("num", one) for one in index)) if index else ("name", letter)

    def read_deriv(self, by, tree, total):
        columns = self.gradient(by, tree, total)
        if by[0] != "bold":
            return columns[0]
        return np.hstack([one if isinstance(one, np.ndarray) else array([[one]]) for one in columns])

    def read_nabla(self, by, tree):
        short = self.part.find("notations", ("nabla", by, tree))
        if short is not None:
            return self(short).T
        return self.partial_gradient(by, tree)

    def partial_gradient(self, by, tree):
        by = [by] if by else [self.as_variable(name) for name in sorted(self.own(tree), key=str)]
        values = [one for variable in by for one in self.gradient(variable, tree)]
        if any(isinstance(one, np.ndarray) for one in values):
            raise ReadingError("the gradient of something that is no number")
        return array([[one] for one in values])

    def as_variable(self, name):
        return name if isinstance(name, tuple) else self.as_tree(name)

    def read_at(self, tree, _):
        if tree[0] != "nabla":
            raise ReadingError("what is held fixed here")
        return self.partial_gradient(*tree[1:])

    def read_bar(self, tree):
        result = self.part.find("definitions", ("bar",))
        if result is None:
            raise ReadingError("an adjoint of which nobody said of what")
        return self.gradient(tree, result, total=True)[0]

    def read_path(self, steps):
        value = self.number("1")
        for one, user in zip(steps, steps[1:]):
            user = self.part.find("definitions", ("same", user)) or user
            if key(one) not in self.own(user):
                raise NoValueError(f"there is no arrow from {key(one)} to {key(user)}")
            value = value * self.gradient(one, user)[0]
        return value

    # --------------------------------------------------------------------------------------------- arithmetic

    def read_add(self, left, right):
        left, right = self(left), self(right)
        if np.shape(left) != np.shape(right):
            raise NoValueError(f"a sum of dimensions {shown(np.shape(left))} and {shown(np.shape(right))}")
        return left + right

    def read_subtract(self, left, right):
        return self.read_add(left, ("neg", right))

    def read_neg(self, tree):
        return -self(tree)

    def read_mul(self, left, right):
        left, right = self(left), self(right)
        if not (isinstance(left, np.ndarray) and isinstance(right, np.ndarray)):
            return left * right
        if left.shape[1] != right.shape[0]:
            raise NoValueError(f"a product of dimensions {shown(left.shape)} and {shown(right.shape)}")
        value = left @ right
        return value[0, 0] if value.shape == (1, 1) else value

    def read_div(self, left, right):
        left, right = self(left), self(right)
        if isinstance(right, np.ndarray):
            raise NoValueError("a division by a vector")
        return self.each(lambda one: self.ratio(one, right), left)

    def read_pow(self, base, exponent):
        if base == ("name", "e"):
            return self.read_fn("exp", exponent)
        base, exponent = self(base), self(exponent)
        if isinstance(base, np.ndarray) or isinstance(exponent, np.ndarray):
            raise NoValueError("a power of a vector")
        return self.power(base, exponent)

    def read_T(self, tree):  # noqa: N802
        value = self(tree)
        if not isinstance(value, np.ndarray):
            raise ReadingError("the transpose of a number")
        return value.T

    def read_sum(self, index, first, last, body):
        total = self.number("0")
        for i in range(self.size(first), self.size(last) + 1):
            total = total + self(replaced(body, ("name", index), ("num", str(i))))
        return total

    def items(self, trees):
        """Their values, where dots stand for what changes from 1 to n."""
        if ("dots",) not in trees:
            return [self(one) for one in trees]
        first, last = trees[0], trees[-1]
        names = [
            one
            for one in walk(last)
            if one[0] == "name" and replaced(last, one, ("num", "1")) == first and one[1] in self.world
        ]
        if len(trees) != 3 or not names:
            raise ReadingError("what these dots stand for")
        return [self(replaced(last, names[0], ("num", str(i)))) for i in range(1, self.size(names[0]) + 1)]

    def read_tuple(self, trees):
        return array([[one] for one in self.items(trees)])

    def read_diag(self, trees):
        values = self.items(trees)
        values = list(values[0].flat) if isinstance(values[0], np.ndarray) else values
        return array([[one if i == j else self.number("0") for j in range(len(values))] for i, one in enumerate(values)])

    def read_matrix(self, rows):
        return array([[self(cell) for cell in row] for row in rows])

    def read_cases(self, branches):
        for value, condition in branches:
            if condition is None or self.holds(*condition):
                return self(value)
        raise NoValueError("no case applies")


def shown(shape):
    return " × ".join(map(str, shape)) if shape else "1"


class Symbols(Meaning):
    """With SymPy's symbols for what is free and undefined functions for what is unknown."""

    def __init__(self, *context):
        super().__init__(*context)
        self.divisors = []  # all that was divided by

    def poles(self):
        """Rational zeros of the divisors, each in one name, as {name: value}, the others being what Draw makes of them."""
        for divisor in {sp.sympify(one) for one in self.divisors}:
            for name in divisor.free_symbols:
                if divisor.free_symbols == {name} and divisor.is_polynomial(name):
                    yield from ({str(name): value} for value in sp.roots(divisor, name, filter="Q"))

    def number(self, digits):
        return sp.Rational(digits)

    def free(self, name):
        return sp.Symbol(name, real=True)

    def undefined(self, name, arguments):
        return sp.Function(name)(*arguments)

    def elementary(self, function, value):
        return getattr(sp, function)(value)

    def ratio(self, left, right):
        self.divisors.append(right)
        return left / right

    def power(self, base, exponent):
        return base**exponent

    def derivative(self, function, at):
        moved = sp.Dummy(real=True)
        return self.each(lambda value: sp.sympify(value).diff(moved).subs(moved, at).doit(), function(moved))

    def holds(self, relation, left, right):
        difference = sp.simplify(self(left) - self(right))
        if difference.is_number and relation in ("=", r"\ne"):
            return (difference == 0) == (relation == "=")
        raise ReadingError("a case that is not decided by its indices")


class Numbers(Meaning):
    """As printed, at one point: with some 100 digits, and derivatives as the limit that defines them."""

    def __init__(self, part, sizes, world, values, draw):
        super().__init__(part, sizes, world, values)
        self.drawn, self.draw = {}, draw

    def number(self, digits):
        return mpmath.mpf(digits)

    def free(self, name):
        if name not in self.drawn:
            self.drawn[name] = mpmath.mpf(self.draw(name))
        return self.drawn[name]

    def undefined(self, name, arguments):
        """Some smooth function, the same one for each name throughout this point."""
        rng = random.Random(f"{name} {self.draw(None)}")
        weights = [mpmath.mpf(rng.randint(-9, 9)) / 7 for _ in arguments]
        inner = sum([weight * u for weight, u in zip(weights, arguments)], mpmath.mpf(rng.randint(-9, 9)))
        return (
            rng.randint(2, 5)
            + 3 * mpmath.sin(inner)
            + sum([u * v for u, v in zip(arguments, [*arguments[1:], arguments[0] * weights[0]])]) / 9
        )

    def elementary(self, function, value):
        return self.real(getattr(mpmath, function)(value), function)

    def ratio(self, left, right):
        if right == 0:
            raise NoValueError("a division by zero")
        return left / right

    def power(self, base, exponent):
        if base == 0 and exponent <= 0:
            raise NoValueError(f"0 to the power of {mpmath.nstr(exponent)}")
        return self.real(base**exponent, "power")

    @staticmethod
    def real(value, function):
        if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
            raise NoValueError(f"{function} is not real here")
        return value

    def derivative(self, function, at):
        step = mpmath.mpf(10) ** -STEP
        before, here, after = function(at - step), function(at), function(at + step)
        central, forward = (after - before) / (2 * step), (after - here) / step
        for one, other in zip(np.ravel(central), np.ravel(forward)):
            if abs(one - other) > mpmath.mpf(10) ** (-STEP // 2) * (1 + abs(one)):
                raise NoValueError("a derivative that does not exist")
        return central

    def holds(self, relation, left, right):
        left, right = np.broadcast_arrays(*[np.array(self(one), dtype=object) for one in (left, right)])
        signs = [mpmath.sign(a - b) for a, b in zip(left.flat, right.flat)]
        match relation:
            case "=":
                return not any(signs)
            case r"\ne" | r"\neq":
                return any(signs)
            case "<" | r"\le" | r"\leq":
                return all(sign < 0 or (sign == 0 and relation != "<") for sign in signs)
            case ">" | r"\ge" | r"\geq":
                return all(sign > 0 or (sign == 0 and relation != ">") for sign in signs)
        raise ReadingError(f"the condition {relation}")
