"""A computation graph in two tables: the evaluation trace, and the equations of its adjoints.

A notebook shows them as Markdown with LaTeX, which `.markdown` gives to documents; a terminal shows them as aligned text.
"""

import math
import numbers
import re
import unicodedata

from autograd_engine.formulas import (
    Formula, adjoint, as_factor, contributions, decimal, decimals, definition, equation, graph_of, literal, operation, symbol,
    symbols, text, total, uses, with_numbers,
)  # fmt: skip
from autograd_engine.graph import topological_order
from autograd_engine.notation import FULL_SIZE, NUMBERS, TEXT, print_formula
from autograd_engine.terms import equal_terms
from autograd_engine.values import shape

WIDEST = 3  # how many equal terms stand side by side; of more a page has no room


class Table:
    """Rows under a header. Real mathematics in a notebook, aligned text when printed, GitHub's Markdown in `.markdown`.

    A cell is a Formula, a number, an array, or text that is shown as it is. The numbers of a column have the same number of
    decimals, as many as `decimals` finds, and stand aligned at the point. In `.rows` every cell is a Formula.
    """

    def __init__(self, header, rows):
        self.header, columns = formulas(header), [formulas(column) for column in zip(*rows)]
        self.rows = [list(row) for row in zip(*columns)]
        self.is_right = [all(map(aligns, column)) for column in columns] or [False] * len(self.header)

    def __repr__(self):
        rows = [[print_formula(cell, TEXT) for cell in row] for row in (self.header, *self.rows)]
        widths = [max(map(width, column)) for column in zip(*rows)]
        rows.insert(1, ["─" * width for width in widths])
        return "\n".join(["  ".join(map(padded, row, widths, self.is_right)).rstrip() for row in rows])

    def _repr_markdown_(self):
        return self.markdown

    @property
    def markdown(self):
        rows = [[in_markdown(cell) for cell in row] for row in (self.header, *self.rows)]
        rows.insert(1, ["--:" if is_right else ":--" for is_right in self.is_right])
        return "\n".join([f"| {' | '.join(row)} |" for row in rows])


def formulas(column):
    """The cells of a column as formulas, its numbers with decimals that they have in common."""
    places = decimals(column)

    def formula(cell):
        if isinstance(cell, Formula):
            return cell
        if isinstance(cell, bool | str) or not (isinstance(cell, numbers.Real) or hasattr(cell, "shape")):
            return text(cell)
        return decimal(cell, places)

    return [formula(cell) for cell in column]


def aligns(cell):
    """Whether a cell may stand in a column of numbers, which align at the point."""
    size = cell.parts[0] if cell.head == "negative" else cell
    return size.head in (*NUMBERS, "array") or size.content == ""


def in_markdown(cell):
    """Formulas between dollars; somebody's own words stand outside, with their punctuation made harmless."""
    if cell.head == "text":
        return re.sub(r"[!-/:-@[-`{-~]", lambda m: harmless(m[0]), cell.content)
    if cell.head == "named":
        return ": ".join(map(in_markdown, cell.parts))
    formula = print_formula(cell, FULL_SIZE)
    return f"${formula}$" if formula else ""


def harmless(mark):
    """A punctuation mark that means nothing to Markdown, nor to MathJax, which would look for formulas in the page itself."""
    return f"<span>&#{ord(mark)};</span>" if mark in "$\\" else f"&#{ord(mark)};"


def padded(cell, size, is_right):
    space = " " * (size - width(cell))
    return space + cell if is_right else cell + space


def width(line):
    return len([letter for letter in line if not unicodedata.combining(letter)])


# ------------------------------------------------------------------------------------------------------ the evaluation trace


def evaluation_trace(graph):
    """The evaluation trace of a graph's last sweeps, laid out as in table 3 of Baydin et al. (JMLR 18, 2018).

    One row a node, leaves first. On the left the forward primal trace, to be read downwards: how a node is computed, the same
    with numbers put in, and its value. On the right, once `graph.backward()` has run, the reverse adjoint trace, to be read
    upwards: the adjoint of each node that uses this one times its partial derivative, as numbers, and their sum. For arrays
    the equations stay in symbols. Takes a Graph or a node, returns a Table. Raises ValueError for a graph of several outputs.
    """
    graph = graph_of(graph)
    names, equations, rows = symbols(graph), backward_trace(graph), []
    for node in (*graph.leaves, *graph.operations):
        if names[node].head == "symbol":  # other constants stand in the formulas
            row = [definition(node, names), forward_numbers(graph, node), graph.values[node]]
            rows.append(row + [equations.get(node, ""), graph.adjoints.get(node, "")] * bool(equations))
    return Table(["forward ↓", "with numbers", "value", *["backward ↑", "adjoint"] * bool(equations)], rows)


def forward_numbers(graph, node):
    """The operation of a node on its operands' values; nothing for a leaf, or where an operand is too large to be shown."""
    operands = [graph.values[x] for x in node.inputs]
    if not operands or any([shape(value) and not is_short(value) for value in operands]):
        return ""
    known = {place: decimal(value) for place, value in enumerate(operands)}
    return with_numbers(operation(node, *map(symbol, known)), known)


def is_short(value):
    return print_formula(literal(value), TEXT).startswith("[")


def backward_trace(graph):
    """{node: its adjoint equation with numbers put in}, for the nodes that have an adjoint; for arrays, in symbols."""
    symbolic = chain_rule(graph)
    if not graph.adjoints:
        return {}
    names, (result,), used = symbols(graph), graph.outputs, {}
    for use in contributions(graph):
        used.setdefault(use.operand, {}).setdefault(use.user, []).append(use)
    found = {}
    for x in symbolic:
        found[x] = symbolic[x]
        if x is result and isinstance(graph.adjoints[x], float):
            found[x] = equation(adjoint(names[x]), adjoint_number(graph.adjoints[x]))
        elif x in used and all([are_floats(graph, user) for user in used[x]]):
            terms = [term_in_numbers(graph, same_user, len(used[x]) == 1) for same_user in used[x].values()]
            found[x] = equation(adjoint(names[x]), total(terms))
    return found


def are_floats(graph, user):
    """Whether a node's adjoint, its value and those of its operands are, not arrays, lazy ones of no dimensions among them."""
    values = [graph.adjoints[user], graph.values[user], *[graph.values[x] for x in user.inputs]]
    return all([isinstance(value, float) for value in values])


def term_in_numbers(graph, same_user, is_only):
    """The adjoint of a user times its partial derivative, as numbers: put into the formula, if that is short, or worked out."""
    user, formula = same_user[0].user, total([use.partial for use in same_user])
    value = sum([math.nan if use.value is None else use.value for use in same_user])
    if (is_only and operations_in(formula) < 2) or not math.isfinite(value):
        partial = with_numbers(formula, {graph.label(x): decimal(graph.values[x]) for x in (user, *user.inputs)})
    else:
        partial = decimal(value)
    return Formula("multiply", (as_factor(adjoint_number(graph.adjoints[user], value)), as_factor(partial)))


def adjoint_number(value, factor=1.0):
    """An adjoint in a formula: as in its column, where a reader looks it up, but with more digits if it is very small or its
    factor large, since then the rounding would be seen in the product.
    """
    return decimal(value, decimals([value]) if abs(value) > 0.001 and abs(factor) <= 10 else None)


def operations_in(formula):
    return len([one for one in topological_order([formula]) if one.parts and one.head != "negative"])


# ------------------------------------------------------------------------------------------------------ the adjoint equations


def adjoint_equations(graph):
    """The chain rule at every node that depends on a Variable, from the output to the leaves: each adjoint as the sum, over
    the nodes that use its value, of their adjoints times a partial derivative; and these partial derivatives evaluated.

    Two or three equal terms of a graph (see terms.py) stand side by side, in a column each: first their equations, then their
    partial derivatives. What they share stands above and below them, its sum going on from one column to the next.

    Takes a Graph or a node, returns a Table. Raises ValueError for a graph of several outputs. In
    symbols it does not matter whether a derivative exists at the present values.
    """
    graph = graph_of(graph)
    names, products, partials = symbols(graph), chain_products(graph), local_partials(graph)
    terms = parallel_terms(graph)
    column = {node: place for place, term in enumerate(terms) for node in term}

    def cells(x, users, is_first):
        right = total([products[x][user] for user in users])
        evaluated = [equation(derivative(user, x, names), partials[x][user]) for user in users if user in partials.get(x, {})]
        left = equation(adjoint(names[x]), right) if is_first else Formula("plus", (right,))
        return [left, Formula("list", tuple(evaluated))]

    rows = []
    for nodes in together(graph, terms):
        if nodes[0] in products:
            row = {column[x]: (x, products[x]) for x in nodes} if len(nodes) > 1 else split(nodes[0], products, column)
            first, empty = min(row), ["", ""]
            found = [cells(*row[i], len(nodes) > 1 or i == first) if i in row else empty for i in range(max(1, len(terms)))]
            rows.append([cell for column in zip(*found) for cell in column])
    header = ["adjoint", "local partials" if terms else "local partial derivatives"]
    return Table([cell for word in header for cell in (word, *[""] * (len(terms) - 1))], rows)


def split(x, products, column):
    """{column: (x, the users there)} of a node that belongs to none."""
    row = {}
    for user in products[x]:
        row.setdefault(column.get(user, 0), (x, []))[1].append(user)
    return row or {0: (x, [])}


def parallel_terms(graph):
    """The equal terms that stand side by side, as tuples of nodes that correspond; none of a graph that has no such terms."""
    return next((terms for terms in equal_terms(graph) if len(terms) <= WIDEST), [])


def together(graph, terms):
    """Tuples of nodes, from the output to the leaves: those that correspond in equal terms are together, the others alone."""
    order = {x: place for place, x in enumerate((*reversed(graph.operations), *graph.leaves))}
    inside = {x for term in terms for x in term}
    rows = [*zip(*terms), *[(x,) for x in order if x not in inside]]
    return sorted(rows, key=lambda nodes: (not nodes[0].inputs and len(nodes) == 1, max([order[x] for x in nodes])))


def local_partials(graph):
    """{node: {node that uses it: the formula of their partial derivative}}."""
    found = {}
    for use in contributions(graph):
        found.setdefault(use.operand, {}).setdefault(use.user, []).append(use.partial)
    return {x: {user: total(partials) for user, partials in users.items()} for x, users in found.items()}


def derivative(user, x, names):
    """∂user/∂x of scalars; of arrays, where that has another shape, its product with the adjoint of the user."""
    partial = Formula("partial", (names[user], names[x]))
    return Formula("multiply", (adjoint(names[user]), partial)) if any([y.shape for y in (user, *user.inputs)]) else partial


def chain_rule(graph):
    """{node: its adjoint equation}, for the nodes that have one."""
    names = symbols(graph)
    return {x: equation(adjoint(names[x]), total(terms.values())) for x, terms in chain_products(graph).items()}


def chain_products(graph):
    """{node: {node that uses it: adjoint times partial derivative}}, for the nodes that depend on a Variable; the result's
    adjoint, which is given, is said to come from itself.
    """
    if len(graph.outputs) > 1:
        raise ValueError(f"adjoints belong to one output; this graph has {len(graph.outputs)}")
    names, (result,) = symbols(graph), graph.outputs
    seed = graph.adjoints.get(result, 1.0)
    terms = {node: {} for node in graph.nodes if node.active}
    if result in terms:
        terms[result][result] = literal(1.0) if seed.__class__ is float and seed == 1.0 else symbol("seed")
    for user, place in uses(graph):
        x = user.inputs[place]
        terms[x][user] = Formula("multiply", (adjoint(names[user]), Formula("partial", (names[user], names[x]))))
    return terms
