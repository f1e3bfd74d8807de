"""What formulas mean: a tree becomes a value, in two ways that share no arithmetic: SymPy's symbols, and numbers at one point.

`Symbols` and `Numbers` are the two ways, `Meaning` is what they have in common; what the text has said is a context.Part.
"""

import random
from copy import copy
from functools import partial, reduce

import mpmath
import numpy as np
import sympy as sp

from tools.equations.formulas import CONSTANTS, ReadingError, at_index, is_name, walk, written

DIGITS = 50  # that must agree where derivatives are difference quotients
SIGNS = {"=": {0}, "<": {-1}, ">": {1}, r"\le": {-1, 0}, r"\ge": {0, 1}}  # of the difference of two sides
GUARD = 300  # the digits that are carried; the step of a difference quotient is 10^-60, so that quotients of quotients keep 50


class TooLargeError(ReadingError):
    """A number that nobody would want to compute."""


class RefutedError(ArithmeticError):
    """A claim that is false, or a value that does not exist at a point of the stated domain."""


def array(rows):
    if any(isinstance(cell, np.ndarray) for row in rows for cell in row):
        raise ReadingError("a vector or matrix among numbers")
    return np.array(rows, dtype=object)


def each(function, value):
    """Of a number, or of each entry."""
    return np.frompyfunc(function, 1, 1)(value)


def shown(shape):
    return " × ".join(map(str, shape)) if shape else "1"


class Meaning:
    """Trees as values: numbers, or object arrays of two dimensions (vectors are columns). Subclasses say what a number is."""

    def __init__(self, part, sizes, world, draw=None):
        self.part, self.sizes, self.world, self.draw = part, sizes, world, draw
        # sizes: {letter of a vector: its dimension}; world: {letter of a dimension: number}; draw gives numbers to free names
        self.values, self.known = {}, {}  # of names: those that are given, and those that have been found from definitions
        self.divisors = []  # all that was divided by

    def given(self, values):
        other = copy(self)
        other.values, other.known = self.values | values, {}
        return other

    def __call__(self, tree):
        match tree:
            case ("num", digits) | ("bold", "0" as digits):
                return self.number(digits)
            case ("name" | "bold" | "sub", *_):
                return self.named(self.indexed(tree))
            case ("call", ("prime", function), (argument,)):
                return self.derivative(lambda value: self.apply(function, [value]), self(argument))
            case ("call", function, arguments):
                return self.apply(function, [self(one) for one in arguments])
            case ("prime", function) if (known := self.part.function(function)) and len(known.arguments) == 1:
                return self(("call", tree, known.arguments))
            case ("fn", function, argument):
                return each(lambda one: self.real(getattr(self.library, function)(one), function), self(argument))
            case ("deriv", by, quantity, total):
                columns = self.gradient(by, quantity, total)
                return np.hstack([np.atleast_2d(one) for one in columns]) if by[0] == "bold" else columns[0]
            case ("nabla", by, quantity):
                notation = self.part.notations.get(tree)
                return self(notation).T if notation else self.partials(by, quantity)
            case ("at", ("nabla", by, quantity), fixed) if fixed != by and fixed in self.own(quantity):
                return self.partials(by, quantity)
            case ("bar", node) if ("bar",) in self.part.notations:
                return self.gradient(node, self.part.notations["bar",][2], total=True)[0]
            case ("path", steps):
                return self.along(steps)
        return self.arithmetic(tree)

    def arithmetic(self, tree):
        match tree:
            case ("neg", one):
                return -self(one)
            case ("subtract", left, right):
                return self.sum(self(left), -self(right))
            case ("add", left, right):
                return self.sum(self(left), self(right))
            case ("sum", index, first, last, body):
                numbers = range(self.size(first), self.size(last) + 1)
                terms = [self(at_index(body, index, i)) for i in numbers]
                return reduce(self.sum, terms) if terms else self.number("0")
            case ("mul", left, right):
                return self.product(self(left), self(right))
            case ("div", left, right):
                over, under = self(left), self(right)
                if isinstance(under, np.ndarray):
                    raise RefutedError("a division by a vector or matrix")
                return each(lambda one: self.ratio(one, under), over)
            case ("pow", ("name", "e"), exponent):
                return self(("fn", "exp", exponent))
            case ("pow", base, exponent):
                values = self(base), self(exponent)
                if any(isinstance(value, np.ndarray) for value in values):
                    raise ReadingError("a power of a vector or matrix")
                if getattr(values[1], "is_number", True) and abs(values[1]) > 10**4:
                    raise TooLargeError("a power as high as this")
                return self.power(*values)
            case ("cases", branches):
                found = [value for value, condition in branches if condition is None or self.holds(*condition)]
                if not found:
                    raise RefutedError("no case applies")
                return self(found[0])
            case ("tuple", entries):
                return array([[one] for one in self.entries(entries)])
            case ("diag", entries):
                return np.diag(np.concatenate([np.ravel(one) for one in self.entries(entries)])) + self.number("0")
            case ("matrix", rows):
                return array([list(map(self, row)) for row in rows])
            case ("T", one) if isinstance(value := self(one), np.ndarray):
                return value.T
        unread = {"bar": "an adjoint of which nobody said of what", "at": "what is held fixed here"}
        raise ReadingError(unread.get(tree[0], f"what {tree} means"))

    @staticmethod
    def sum(left, right):
        if np.shape(left) != np.shape(right):
            raise RefutedError(f"a sum of dimensions {shown(np.shape(left))} and {shown(np.shape(right))}")
        return left + right

    @staticmethod
    def product(left, right):
        if not (isinstance(left, np.ndarray) and isinstance(right, np.ndarray)):
            return left * right
        if left.shape[1] != right.shape[0]:
            raise RefutedError(f"a product of dimensions {shown(left.shape)} and {shown(right.shape)}")
        value = left @ right
        return value[0, 0] if value.shape == (1, 1) else value

    def entries(self, trees):
        """Their values, where dots stand for what goes on to the last one, as in (x_1, x_2, ..., x_n)."""
        if ("dots",) in trees:
            *first, _, last = trees
            letters = [one for one in walk(last) if one[0] == "name" and one[1] in self.world]
            runs = [[at_index(last, one[1], i + 1) for i in range(self.size(one))] for one in letters]
            runs = [run for run in runs if first and run[: len(first)] == first]
            if not runs:
                raise ReadingError("what these dots stand for")
            trees = runs[0]
        return [self(one) for one in trees]

    # --------------------------------------------------------------------------------------------- names and functions

    def size(self, tree):
        if tree[0] == "num" and len(tree[1]) < 4:
            return int(tree[1])
        if tree[1] in self.world:
            return self.world[tree[1]]
        raise ReadingError(f"the index {tree[1]}")

    def indexed(self, name):
        """The name with numbers for its indices."""
        if not is_name(name):
            raise ReadingError("a derivative by, or an index on, something that is no name")
        return ("sub", name[1], tuple(("num", str(self.size(one))) for one in name[2])) if name[0] == "sub" else name

    def whole(self, name):
        """The vector or matrix of which a name is a component, or else the name itself."""
        vector = ("bold", name[1][1]) if name[0] == "sub" else name
        return vector if vector in self.values or vector in self.part.definitions or vector[1] in self.sizes else name

    def named(self, name):
        if name in self.values:
            return self.values[name]
        if made := self.part.made_of(name):
            self.known[name] = self.known[name] if name in self.known else self(made)
            return self.known[name]
        if name[0] == "bold":
            return self.free_vector(name[1])
        if name[0] == "sub":
            whole = name[1] if name[1] in self.part.functions else self.whole(name)
            if whole != name:
                value = self(whole)
                return value[self.place(value, name[2])]
        if name[1] in self.world:
            return self.number(str(self.world[name[1]]))
        if name in CONSTANTS:
            return self.number("1") * (self.library.pi if name[1] == "pi" else self.library.exp(1))
        return self.free(name)

    def free_vector(self, letter):
        if not self.sizes.get(letter):
            raise ReadingError(f"the dimension of {letter}")
        shape = tuple(map(self.size, self.sizes[letter]))
        names = [("sub", ("name", letter), tuple(("num", str(i + 1)) for i in place)) for place in np.ndindex(shape)]
        return np.reshape(array([list(map(self.free, names))]), (*shape, 1)[:2])

    @staticmethod
    def place(value, index):
        place = (*[int(one[1]) - 1 for one in index], 0)[:2]
        if not isinstance(value, np.ndarray) or any(not 0 <= at < size for at, size in zip(place, value.shape)):
            raise ReadingError(f"the component {', '.join(one[1] for one in index)}")
        return place

    def apply(self, name, values):
        function = self.part.functions.get(name)
        if not function and self.part.function(name):
            value = self.apply(name[1], values)
            return value[self.place(value, name[2])]
        if not function:
            raise ReadingError(f"the function {written(name)}")
        if function.arguments and len(function.arguments) != len(values):
            raise RefutedError(f"{written(name)} takes {len(function.arguments)} arguments")
        if function.body is None:
            flat = [one for value in values for one in np.ravel(value)]
            if not function.dimension:
                return self.undefined(written(name), flat)
            return array([[self.undefined(f"{written(name)}_{i + 1}", flat)] for i in range(self.size(function.dimension[0]))])
        return self.given(dict(zip(function.arguments, values)))(function.body)

    # --------------------------------------------------------------------------------------------- derivatives

    def own(self, tree):
        """The names that a quantity is directly made of."""
        return set(map(self.whole, self.part.names(self.part.definitions.get(tree, tree))))

    def gradient(self, by, tree, total=False):
        """The derivatives of a quantity by a number, or by each component of a vector, as a list."""
        tree = self.indexed(tree) if is_name(tree) else tree
        tree, by = self.part.notations.get(tree, tree), self.indexed(by)
        own, whole = self.own(tree), self.whole(by)
        if own == {tree} != {by}:
            raise ReadingError(f"a derivative of {written(tree)}, of which nothing has been said")
        if by[0] == "bold" and by not in set(map(self.whole, self.part.origins(own))):
            raise RefutedError(f"this does not depend on {by[1]}")
        held = () if total or whole not in own else own  # so that no derivative goes through the definitions of these
        base, here = self.given({name: self.named(name) for name in held if name in self.part.definitions}), self.named(whole)
        if whole == by and by[0] != "bold":
            return [self.derivative(lambda value: base.given({by: value})(tree), here)]

        def moved(place, value):
            there = here.copy()
            there[place] = value
            return base.given({whole: there})(tree)

        places = np.ndindex(here.shape) if by[0] == "bold" else [self.place(here, by[2])]
        return [self.derivative(partial(moved, place), here[place]) for place in places]

    def partials(self, by, tree):
        """The gradient, as a column; without a variable, by all that the quantity is made of; by a vector of which the quantity
        knows only the components, w_0 and w_1, by these."""
        own = sorted(self.own(tree))
        variables = [one for one in own if one[:2] == ("sub", ("name", by[1]))] or [by] if by else own
        return array([[one] for variable in variables for one in self.gradient(variable, tree)])

    def along(self, path):
        """The product of the partial derivatives along a path."""
        value = self.number("1")
        for one, user in zip(path, path[1:]):
            if one not in self.own(self.part.notations.get(user, user)):
                raise RefutedError(f"there is no arrow from {written(one)} to {written(user)}")
            value = value * self.gradient(one, user)[0]
        return value


class Symbols(Meaning):
    """With SymPy's symbols for what is free and undefined functions for what is unknown."""

    library, number = sp, sp.Rational

    def poles(self):
        """Rational zeros of the divisors that are polynomials in one name, as {name: value}."""
        for divisor in {sp.sympify(one) for one in self.divisors}:
            for name in divisor.free_symbols:
                if divisor.free_symbols == {name} and divisor.is_polynomial(name):
                    yield from ({name.name: value} for value in sp.roots(divisor, name, filter="Q"))

    def free(self, name):
        return sp.Symbol(written(name), real=True)

    def undefined(self, name, arguments):
        return sp.Function(name)(*arguments)

    @staticmethod
    def real(value, _):
        return value

    def ratio(self, left, right):
        self.divisors.append(right)
        return left / right

    def power(self, base, exponent):
        if exponent.is_number and not base.is_number and abs(exponent) > 50:
            raise TooLargeError("a power that nobody would want to expand")
        return base**exponent

    def derivative(self, function, at):
        moved = sp.Dummy(str(at), real=True)  # by its own name, for the poles
        return each(lambda value: sp.sympify(value).diff(moved).subs(moved, at).doit(), function(moved))

    def holds(self, relation, left, right):
        difference = sp.simplify(self(left) - self(right))
        if difference.is_number and relation in ("=", r"\ne"):
            return (difference == 0) == (relation == "=")
        raise ReadingError("a case that is not decided by its indices")


class Numbers(Meaning):
    """As printed, at one point: with GUARD digits or more, and derivatives as the limit that defines them."""

    library, number = mpmath, mpmath.mpf

    def free(self, name):
        return self.draw(written(name))

    def undefined(self, name, arguments):
        """Some smooth function, the same one for each name throughout this point."""
        rng = random.Random(f"{name} {self.draw.seed}")
        weights = [mpmath.mpf(rng.randint(-9, 9)) / 7 for _ in arguments]
        inner = sum([weight * u for weight, u in zip(weights, arguments)], mpmath.mpf(rng.randint(-9, 9)))
        mixed = sum([u * v for u, v in zip(arguments, [*arguments[1:], arguments[0] * weights[0]])]) / 9
        return rng.randint(2, 5) + 3 * mpmath.sin(inner) + mixed

    def ratio(self, left, right):
        if right == 0:
            raise RefutedError("a division by zero")
        return left / right

    def power(self, base, exponent):
        return self.real(base**exponent, "power")

    @staticmethod
    def real(value, function):
        if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
            raise RefutedError(f"{function} is not real here")
        if mpmath.mag(value) > 10**5:
            raise TooLargeError("a number as large as this")
        return value

    def derivative(self, function, at):
        if self.draw.depth > 3:
            raise TooLargeError("a fifth derivative")  # its digits would not suffice
        self.draw.digits, self.draw.depth = DIGITS, self.draw.depth + 1
        step = mpmath.mpf(10) ** -(mpmath.mp.dps // 5)
        before, here, after = function(at - step), function(at), function(at + step)
        self.draw.depth -= 1
        central, forward = (after - before) / (2 * step), (after - here) / step
        for one, other in zip(np.ravel(central), np.ravel(forward)):
            if abs(one - other) > mpmath.sqrt(step) * (1 + abs(one)):
                raise RefutedError("a derivative that does not exist")
        return central

    def holds(self, relation, left, right):
        if relation == r"\ne":
            return not self.holds("=", left, right)
        if relation not in SIGNS:
            raise ReadingError(f"the condition {relation}")
        sides = np.broadcast_arrays(*[np.array(self(one), dtype=object) for one in (left, right)])
        return {int(mpmath.sign(a - b)) for a, b in zip(*map(np.ravel, sides))} <= SIGNS[relation]
