"""What a text has said so far: what is defined and stated in one part of it, and in the part that this belongs to."""

from collections import ChainMap
from copy import copy
from dataclasses import dataclass, field, replace

from tools.equations.formulas import CONSTANTS, Reader, ReadingError, at_index, is_name, space, subtrees, walk, written
from tools.equations.meaning import Symbols


@dataclass
class Function:
    """What is known of a function; without a body it is any smooth one."""

    arguments: tuple = ()
    body: tuple | None = None
    dimension: tuple = ()  # of its values
    sizes: dict = field(default_factory=dict)  # letter of an argument: its dimension


class Part:
    """What has been said in one part of a document; what is looked up and not found there is looked up in its parent."""

    TABLES = ["definitions", "functions", "notations", "sizes", "conditions", "point"]

    def __init__(self, name, parent=None):
        self.name, self.parent = name, parent
        for table in self.TABLES:
            setattr(self, table, getattr(parent, table).new_child() if parent else ChainMap())
        # definitions: {name: tree}; functions: {name: Function}; notations: {tree: what it is short for};
        # sizes: {letter of a vector or matrix: its dimension, as last stated}; conditions: {(relation, left, right): True};
        # point: {name: the number that it is where numbers are meant}
        self.boxed = []

    def snapshot(self):
        """The part as it stands now; only its domain and its point may still be stated later."""
        now = copy(self)
        for table in ("definitions", "notations", "sizes"):
            setattr(now, table, dict(getattr(self, table)))
        now.functions = {name: replace(one, sizes=dict(one.sizes)) for name, one in self.functions.items()}
        return now

    def read(self, pieces):
        return Reader(pieces, self.letters())()

    def letters(self):
        """Those that are followed by arguments."""
        return {written(name).split("_")[0] for name in self.functions}

    def function(self, name):
        """The function of this name, or the one of which it is a component."""
        return self.functions.get(name) or (self.functions.get(name[1]) if name[0] == "sub" else None)

    def made_of(self, name):
        """The tree that a name stands for, if it has been defined."""
        function = self.functions.get(name)
        return self.definitions.get(name) or (function and (function.body or ("call", name, function.arguments)))

    def dimensions(self, letter=None):
        """Those that have been stated, here or of a function's arguments and values; or those of one letter."""
        tables = [self.sizes, *[{**one.sizes, None: one.dimension} for one in self.functions.values()]]
        return [size for table in tables for name, size in table.items() if letter in (None, name)]

    def names(self, tree):
        """Those that a tree is made of: a function is made of its arguments, a derivative of what its quantity is made of."""
        function = self.function(tree) if is_name(tree) else None
        if function or tree[0] == "call":
            return self.names(("tuple", function.arguments if function else tree[2]))
        if is_name(tree):
            return {tree} - CONSTANTS
        if tree[0] in ("deriv", "nabla"):
            by, quantity = tree[1:3]
            return self.names(self.definitions.get(quantity, quantity)) | (self.names(by) if by else set())
        if tree[0] == "sum" and tree[2][0] == tree[3][0] == "num":
            numbers = range(int(tree[2][1]), int(tree[3][1]) + 1)
            return set().union(*[self.names(at_index(tree[4], tree[1], i)) for i in numbers])
        return set().union(*map(self.names, subtrees(tree[1:])))

    def origins(self, names):
        """These names, and all that they are made of themselves."""
        made = [self.names(self.definitions[name]) for name in names if name in self.definitions]
        return names.union(*[self.origins(one - names) for one in made])

    def is_new(self, name):
        """Whether nothing is known by this name, nor by another index where those of a letter are known already."""
        if not is_name(name) or name in CONSTANTS or name in self.definitions or self.function(name):
            return False
        if name[0] != "sub":
            return True
        above = self.parent.definitions | self.parent.functions if self.parent else {}
        vector = ("bold", name[1][1]) in self.definitions or name[1][1] in self.sizes
        return not vector and not any(one[:2] == name[:2] for one in above)

    def define(self, name, tree):
        """Takes a number for a name in use as its value at the point, and anything else as a definition; whether it is new."""
        made = self.names(tree)
        if name in self.origins(made) or any(one[:2] == ("sub", ("name", name[1])) for one in made):
            return False  # x = x + 1; or x = (x_1, ..., x_n), which only says what the components are called
        bodies = [*self.definitions.values(), *[one.body for one in self.functions.values() if one.body]]
        used = set().union(*map(self.names, bodies))
        values = tree[1] if tree[0] == "tuple" else [tree]
        if not any(is_name(one) for value in values for one in walk(value)):
            if name[0] == "sub" and name not in used and any(one[:2] == name[:2] for one in used):
                return False  # another w_i than those that are used
            components = sorted(one for one in used if one[0] == "sub" and one[1] == ("name", name[1]))
            targets = components if tree[0] == "tuple" else [one for one in used if one == name]
            if targets:
                return self.set_point(targets, values)
        self.definitions[name] = tree
        return True

    def set_point(self, names, values):
        """Takes these numbers as the values of names at the point, unless they have others there."""
        if len(values) != len(names):
            raise ReadingError(f"{len(values)} values for {', '.join(map(written, names))}")
        found = {name: Symbols(self, {}, {})(value) for name, value in zip(names, values)}
        if any(self.point.get(name, value) != value for name, value in found.items()):
            return False
        self.point.update(found)
        return True

    def define_notation(self, name, tree):
        r"""\bar t_i or \nabla_x f, by derivatives."""
        if tree[: len(name)] != ("deriv", *name[1:]):
            raise ReadingError("an adjoint or a gradient that is no derivative of the same by the same")
        self.notations[name if name[0] == "nabla" else ("bar",)] = tree

    def define_function(self, left, right, relation):
        r"""f(x) = ... or f(x) \in R^n for a new f; returns its call, or None."""
        try:
            name = self.read(left[:-1])
        except ReadingError:
            return None
        call = Reader(left, self.letters() | {written(name).split("_")[0]})() if self.is_new(name) else ()
        if call[:1] != ("call",) or not all(map(is_name, call[2])):
            return None
        known = {"dimension": space(right)} if relation == r"\in" else {"body": self.read(right)}
        self.functions[name] = Function(call[2], **known)
        return call

    def state_dimension(self, letter, size):
        """That of a vector or matrix from here on, and of the functions of it that have been defined in this part."""
        self.sizes[letter] = size
        for function in self.functions.maps[0].values():
            if ("bold", letter) in function.arguments:
                function.sizes.setdefault(letter, size)
