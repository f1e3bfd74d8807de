"""What there is to say of a graph, as formulas: tiny trees of a head and its parts, which notation.py writes down.

    operation(node, x, y)           what a node computes, of formulas for its operands
    expression(y, known, notation)  a whole graph as one formula
    contributions(graph)            what each use of a value adds to its adjoint, by the backward rules
"""

import math
import numbers
import re
import sys
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np

from autograd_engine.graph import Constant, Graph, Node, Variable, topological_order
from autograd_engine.values import explain, fingerprint, raising

HALF_OF_LARGEST = sys.float_info.max / 2


@dataclass(frozen=True, eq=False)
class Formula:
    """A head and its parts, which are formulas.

    head      an operation's name (NumPy's where it has one: "add", "sqrt", otherwise the class's: "Index"), or what else is
              written: number, array, symbol, text, parameter, adjoint, partial, equation, named, list, path, total, plus
    content   what a head without parts stands for: a number's size, an array, a symbol's label, somebody's own words, a
              parameter's name and value
    """

    head: str
    parts: tuple = ()
    content: object = None

    @property
    def inputs(self):  # a formula is walked as a graph is
        return self.parts


def symbol(label):
    return Formula("symbol", (), label)


def adjoint(formula):
    return Formula("adjoint", (formula,))


def equation(left, right):
    return Formula("equation", (left, right))


def text(words):
    """Somebody's own words, with � for what cannot be shown."""
    return Formula("text", (), re.sub("[^ -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(words)))


def literal(value):
    """A number or an array as a formula. A negative number is the negative of one, and binds as such."""
    if not isinstance(value, numbers.Real):
        return Formula("array", (), value)
    size = Formula("scientific" if is_scientific(value) else "number", (), abs(float(value)))
    return Formula("negative", (size,)) if math.copysign(1.0, value) < 0 else size


def is_scientific(value):
    """Whether a number is written with a power of ten, for its size. An integer of up to 15 digits is not if that rounds it."""
    short = f"{value:.6g}"
    return "e" in short and not (abs(value) < 1e15 and float(value).is_integer() and float(short) != value)


def decimals(values, most=6):
    """With how many digits behind the point these numbers stand together: as many as show all of them exactly, `most` if one
    has to be rounded. Those written with a power of ten, and arrays, do not count.
    """
    plain = [value for value in values if isinstance(value, numbers.Real) and not is_scientific(value)]
    return next((n for n in range(most) if all([abs(round(x, n) - x) <= 1e-12 * abs(x) for x in plain])), most)


def own_decimals(value):
    """With how many digits behind the point a number stands in a formula: if it has to be rounded, six, and more below 0.1,
    for six digits that count. Whoever calculates with 0.000123 instead of 0.000123457 gets another result.
    """
    exponent = int(f"{value:e}".partition("e")[2])
    return decimals([value], max(6, 5 - exponent))


def decimal(value, places=None):
    """A number with so many digits behind the point, or those of `own_decimals`; with a power of ten for its size."""
    if not isinstance(value, numbers.Real) or is_scientific(value):
        return literal(value)
    size = Formula("decimal", (), (abs(value), own_decimals(value) if places is None else places))
    return Formula("negative", (size,)) if value < 0 else size


def with_numbers(formula, known):
    """A formula with numbers put in: `known` is {what a symbol stands for: the formula of its number}."""
    made = {}
    for one in topological_order([formula]):
        parts = [made[part] for part in one.parts]
        parts = map(as_factor, parts) if one.head == "multiply" else parts
        number = known[one.content] if one.head == "symbol" else decimal(one.content) if one.head == "number" else None
        made[one] = number or Formula(one.head, tuple(parts), one.content)
    return made[formula]


def as_factor(number):
    """In parentheses where it is negative."""
    return Formula("parentheses", (number,)) if is_negative(number) else number


def operation(node, *operands):
    """The formula of a node's operation on formulas for its operands; parameters follow, where they are not the default."""
    given = changed_parameters(type(node), node.parameters)
    return Formula(head_of(type(node)), (*operands, *[Formula("parameter", (), item) for item in given.items()]))


def changed_parameters(operation, parameters):
    """Those that are not the operation's default."""
    usual = {name: fingerprint(value) for name, value in operation.defaults.items() if value != ()}
    return {name: value for name, value in parameters.items() if usual.get(name) != fingerprint(value)}


def head_of(operation):
    """NumPy's name in small letters; the class's begins with a capital, and so is never taken for one of NumPy's."""
    function, name = vars(operation).get("function"), re.sub(r"\W", "_", operation.__name__)
    if function is not None and getattr(np, function.__name__, None) is operation.function:
        return function.__name__
    return name[:1].upper() + name[1:]


def folded(y, known, write):
    """All that is below y as one formula, down to the nodes in `known`, {node: formula}; `write` makes those of the others."""
    return Graph(y).fold(lambda node, *parts: known[node] if node in known else write(node, *parts))[y]


def expression(y, known, notation):
    """All that is below y as one formula, down to the nodes in `known`, {node: formula}; other leaves stand as their values.

    An operation for which the notation has no row is written out, as its own forward rule makes it of others. Raises
    TypeError if that rule is no formula.
    """

    def write(node, *parts):
        if not node.inputs:
            return literal(node.value)
        return operation(node, *parts) if notation.row(head_of(type(node))) else written_out(node, parts, notation)

    return folded(y, known, write)


def written_out(node, operands, notation):
    stand_ins = [Variable(x.value) for x in node.inputs]
    try:
        y = node.forward(*stand_ins, **node.parameters)
        is_formula = not any([type(x) is type(node) for x in Graph(y).nodes])
    except Exception:  # whatever a rule that is no formula does with nodes
        is_formula = False
    if not is_formula:
        raise TypeError(f"{type(node).__name__} has no spelling in this notation, and its forward rule is no formula")
    return expression(y, dict(zip(stand_ins, operands)), notation)


# ------------------------------------------------------------------------------------------------------ the backward rules


class Contribution(NamedTuple):
    """What one use of a value adds to its adjoint.

    user, place   the node that uses the value, and as which of its operands
    formula       the contribution, by the rule of `user`
    partial       ∂user/∂operand, for people, if all are scalars; otherwise the same as `formula`, a vector-Jacobian product
    value         what `partial` is at the values of the graph, a float; None for arrays, lazy ones of no dimensions too, and
                  where it does not exist or is too large for a float
    """

    user: Node
    place: int
    formula: Formula
    partial: Formula
    value: float | None

    @property
    def operand(self):
        return self.user.inputs[self.place]


def contributions(graph):
    """A Contribution for each use of an operand that has an adjoint, two for a + a, in the order of the graph.

    Formulas come from the backward rules themselves, given stand-ins for the values. Where a derivative does not exist, they
    are those of other places. Takes a Graph or a node; raises an ArithmeticError that names the node if there are none either.
    """
    graph = graph_of(graph)
    names, found = symbols(graph), []
    for user, place in uses(graph):
        rule = traced(user, place, names, [graph.values[x] for x in (user, *user.inputs)])
        formula = rule.formula(adjoint(names[user]), plainly)
        found.append(Contribution(user, place, formula, rule.partial() if rule.is_scalar else formula, rule.value))
    return found


def traced(user, place, names, values):
    """A TracedRule. In symbols a rule is the same everywhere: where it is undefined for these values, it is given others."""
    try:
        return TracedRule(user, place, names, values)
    except ArithmeticError:
        pass
    try:
        return TracedRule(user, place, names, values, elsewhere=True)
    except ArithmeticError as error:
        raise explain(error, f"backward from {names[user].content} = {type(user).__name__}", values[1:]) from error


class TracedRule:
    """What a backward rule makes of stand-ins for an adjoint, the node's value and its operands.

    values      of the node and its operands
    elsewhere   whether the stand-ins have other values, 0.5 and a small adjoint; comparisons are still of the given ones
    """

    def __init__(self, user, place, names, values, elsewhere=False):
        self.user, self.place, self.names, self.values = user, place, names, values[1:]
        self.is_scalar = not any([np.shape(value) for value in values])
        formulas = [names[node] for node in (user, *user.inputs)]
        stand_ins = [
            Variable(0.0 * x + 0.5 if elsewhere else x) if formula.head == "symbol" else Constant(x)
            for formula, x in zip(formulas, values)
        ]
        self.grad = Variable(np.ones_like(values[0]) * (1e-30 if elsewhere else 1.0))
        made = user.rules()[place](self.grad, *stand_ins)
        self.made = made if isinstance(made, Node) else Constant(made)
        self.known = dict(zip(stand_ins, formulas))
        is_known = self.is_scalar and not elsewhere and isinstance(self.made.value, float)
        self.value = self.made.value if is_known else None
        if elsewhere:
            self.compare(stand_ins, values)

    def compare(self, stand_ins, values):
        """Give the comparisons in the rule the results that they have for these values."""
        for x, value in zip(stand_ins, values):
            x.value = value
        for node in Graph(self.made).nodes:
            if is_comparison(node):
                Graph(node).forward()

    def formula(self, grad, write):
        return folded(self.made, self.known | {self.grad: grad}, write)

    def partial(self):
        """The partial derivative. Brackets such as [x = 0] are worked out, by cases where they compare the operands."""
        nodes = Graph(self.made).nodes
        if len(self.values) == 2 and any([is_comparison(x) and self.known.keys() >= set(x.inputs) for x in nodes]):
            return self.by_cases()
        return self.formula(literal(1.0), worked_out)

    def by_cases(self):
        """A sum of three cases, x > y, y > x and x = y: each a bracket such as [x > y] times the derivative in that case."""
        names, limit = [self.names[operand] for operand in self.user.inputs], self.values[1 - self.place]
        limit = limit / 2 if abs(limit) > HALF_OF_LARGEST else limit  # there is room for a step
        x, y, step = names[self.place], names[1 - self.place], abs(limit) / 2 or 1.0
        cases = ("greater", (x, y), limit + step), ("greater", (y, x), limit - step), ("equal", tuple(names), limit)
        terms = []
        for head, parts, value in cases:
            there = self.moved(value, limit)
            if there is not None and not is_number(there, 0.0):
                terms.append(simplified(Formula("multiply", (there, Formula(head, parts)))))
        return total(terms)

    def moved(self, value, other):
        """The partial derivative where the operand has this value and the other one that; None where there is none."""
        operands = [value if place == self.place else other for place in range(2)]
        try:
            with raising():
                t = self.user.forward(*operands, **self.user.parameters)
                return TracedRule(self.user, self.place, self.names, [t, *operands]).formula(literal(1.0), worked_out)
        except ArithmeticError:
            return None


def is_comparison(node):
    return head_of(type(node)) == "equal"


def worked_out(node, *parts):
    """As a person would write it, with the values that comparisons have."""
    if is_comparison(node):
        return literal(node.value)
    sizes = [value_of(part) for part in parts]
    if parts and None not in sizes:
        try:
            return literal(node.apply(sizes))
        except ArithmeticError:  # too large for a float
            pass
    return plainly(node, *parts)


def value_of(formula):
    """The number that a formula is, or None."""
    sign, size = (-1.0, formula.parts[0]) if is_negative(formula) else (1.0, formula)
    return sign * size.content if size.head in ("number", "scientific") else None


def total(terms):
    """The sum of formulas."""
    return reduce(lambda x, y: Formula("add", (x, y)), terms) if terms else literal(0.0)


def uses(graph):
    """(user, place of the operand) for each use of a value that adds to its adjoint, in the order of the graph."""
    pairs = [(user, place) for user in graph.operations for place in range(len(user.inputs))]
    return [(user, place) for user, place in pairs if user.inputs[place].active and user.rules()[place] is not None]


def graph_of(graph):
    """The graph itself, or that of a node; evaluated anew if a leaf has changed."""
    graph = graph if isinstance(graph, Graph) else Graph(graph)
    graph.refresh()
    return graph


def symbols(graph):
    """{node: how formulas refer to it}: by its label; a scalar constant without a name is its value."""
    plain = {x for x in graph.leaves if isinstance(x, Constant) and x.name is None and not x.shape}
    return {x: literal(graph.values[x]) if x in plain else symbol(graph.label(x)) for x in graph.nodes}


def definition(node, names):
    """t8 = t3 / t7; of a leaf its label, and its name where that is something else."""
    if node.inputs:
        return equation(names[node], operation(node, *[names[x] for x in node.inputs]))
    is_named = (node.name or "").strip() not in ("", names[node].content)
    return Formula("named", (names[node], text(node.name))) if is_named else names[node]


def plainly(node, *parts):
    """A node as a person would write it: what depends on no value is worked out, what changes nothing left out."""
    return simplified(operation(node, *parts)) if node.active else literal(node.value)


def is_number(formula, value):
    return formula.head == "number" and formula.content == value


def is_negative(formula):
    return formula.head == "negative"


SIMPLER = [  # head, for which parts, what a person writes instead
    ("add", lambda x, y: is_number(x, 0.0), lambda x, y: y),
    ("add", lambda x, y: is_number(y, 0.0), lambda x, y: x),
    ("subtract", lambda x, y: is_number(y, 0.0), lambda x, y: x),
    ("multiply", lambda x, y: is_number(x, 0.0) or is_number(y, 1.0), lambda x, y: x),
    ("multiply", lambda x, y: is_number(y, 0.0) or is_number(x, 1.0), lambda x, y: y),
    ("multiply", lambda x, y: is_negative(x), lambda x, y: minus("multiply", x.parts[0], y)),
    ("multiply", lambda x, y: is_negative(y), lambda x, y: minus("multiply", x, y.parts[0])),
    ("multiply", lambda x, y: x is y and x.head == "symbol", lambda x, y: Formula("square", (x,))),
    ("divide", lambda x, y: is_number(y, 1.0), lambda x, y: x),
    ("divide", lambda x, y: is_negative(x), lambda x, y: minus("divide", x.parts[0], y)),
    ("negative", lambda x: is_negative(x), lambda x: x.parts[0]),
    ("power", lambda x, y: is_number(y, 2.0), lambda x, y: Formula("square", (x,))),
]


def minus(head, *parts):
    return simplified(Formula("negative", (simplified(Formula(head, parts)),)))


def simplified(formula):
    for head, is_meant, simpler in SIMPLER:
        if formula.head == head and is_meant(*formula.parts):
            return simpler(*formula.parts)
    return formula
