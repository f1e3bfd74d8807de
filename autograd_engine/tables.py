"""A computation graph in two tables: the evaluation trace, and the equations of its adjoints.

They show themselves as HTML in a notebook and as aligned text in a terminal; `.markdown` is for GitHub, with LaTeX.
"""

import html
import re
import unicodedata
from functools import reduce

from autograd_engine.formulas import (
    Formula, adjoint, contributions, definition, equation, graph_of, literal, symbol, symbols, text, uses,
)  # fmt: skip
from autograd_engine.notation import HTML, LATEX, TEXT, print_formula


class Table:
    """Rows of formulas under a header. HTML in a notebook, aligned text when printed, GitHub's Markdown in `.markdown`.

    A cell is a Formula, or text that is shown as it is.
    """

    def __init__(self, header, rows):
        self.header, self.rows = header, [[x if isinstance(x, Formula) else text(x) for x in row] for row in rows]

    def __repr__(self):
        rows = [self.header, *[[print_formula(cell, TEXT) for cell in row] for row in self.rows]]
        widths = [max(map(width, column)) for column in zip(*rows)]
        rows.insert(1, ["─" * width for width in widths])
        padded = [[cell + " " * (size - width(cell)) for cell, size in zip(row, widths)] for row in rows]
        return "\n".join(["  ".join(row).rstrip() for row in padded])

    def _repr_html_(self):
        style = 'style="text-align: left; white-space: nowrap"'
        head = "".join([f"<th {style}>{html.escape(cell)}</th>" for cell in self.header])
        body = ["".join([f"<td {style}>{print_formula(cell, HTML)}</td>" for cell in row]) for row in self.rows]
        return f"<table>\n<tr>{head}</tr>\n" + "\n".join([f"<tr>{row}</tr>" for row in body]) + "\n</table>"

    @property
    def markdown(self):
        rows = [self.header, ["---"] * len(self.header), *[[in_markdown(cell) for cell in row] for row in self.rows]]
        return "\n".join([f"| {' | '.join(row)} |" for row in rows])


def in_markdown(cell):
    """Formulas between dollars; somebody's own words stand outside, with their punctuation made harmless."""
    if cell.head == "text":
        return re.sub(r"([^\w\s]|_)", lambda m: f"&#{ord(m[1])};", cell.content)
    if cell.head == "named":
        return ": ".join(map(in_markdown, cell.parts))
    formula = print_formula(cell, LATEX)
    return f"${formula}$" if formula else ""


def width(line):
    return len([letter for letter in line if not unicodedata.combining(letter)])


def evaluation_trace(graph):
    """The evaluation trace of a graph's last sweeps, laid out as in table 3 of Baydin et al. (JMLR 18, 2018).

    One row a node, leaves first. On the left the forward primal trace, to be read downwards: how a node is computed, and its
    value. On the right the reverse adjoint trace, to be read upwards: which adjoints it is made of, and its value, once
    `graph.backward()` has run. Takes a Graph or a node, returns a Table. Raises ValueError for a graph of several outputs.
    """
    graph = graph_of(graph)
    names, equations, rows = symbols(graph), chain_rule(graph), []
    for node in (*graph.leaves, *graph.operations):
        if names[node].head == "symbol":  # other constants stand in the formulas
            value, grad = [literal(found[node]) if node in found else "" for found in (graph.values, graph.adjoints)]
            rows.append([definition(node, names), value, equations.get(node, ""), grad])
    return Table(["forward ↓", "value", "backward ↑", "adjoint"], rows)


def adjoint_equations(graph):
    """The chain rule at every node that depends on a Variable, from the output to the leaves: each adjoint as the sum, over
    the nodes that use its value, of their adjoints times a partial derivative; and these partial derivatives evaluated.

    Takes a Graph or a node, returns a Table with one row a node. Raises ValueError for a graph of several outputs.
    """
    graph = graph_of(graph)
    names, equations, partials = symbols(graph), chain_rule(graph), {}
    for use in contributions(graph):
        found = partials.setdefault(use.operand, {})
        found[use.user] = Formula("add", (found[use.user], use.partial)) if use.user in found else use.partial
    rows = []
    for x in (*reversed(graph.operations), *graph.leaves):
        if x in equations:
            evaluated = [equation(derivative(user, x, names), formula) for user, formula in partials.get(x, {}).items()]
            rows.append([equations[x], Formula("list", tuple(evaluated))])
    return Table(["adjoint", "local partial derivatives"], rows)


def derivative(user, x, names):
    """∂user/∂x of scalars; of arrays, where that has another shape, its product with the adjoint of the user."""
    partial = Formula("partial", (names[user], names[x]))
    return Formula("multiply", (adjoint(names[user]), partial)) if any([y.shape for y in (user, *user.inputs)]) else partial


def chain_rule(graph):
    """{node: its adjoint equation}, for the nodes that have one."""
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
    return {x: equation(adjoint(names[x]), total(terms[x].values())) for x in terms}


def total(terms):
    return reduce(lambda x, y: Formula("add", (x, y)), terms) if terms else literal(0.0)
