"""What tables of the notebook and of the write-up show: operations, their number for a whole gradient, paths in a graph."""

import operator
from functools import reduce

import numpy as np

from autograd_engine import Table, contributions, eliminate_common_subexpressions, gradient
from autograd_engine.formulas import Formula, definition, equation, symbols
from autograd_nodes import Graph, Variable


def operation_table(nodes):
    """What each of these nodes computes from its leaves, and its local partial derivatives by its backward rules."""
    rows = []
    for node in nodes:
        names = symbols(Graph(node))
        partials = [
            equation(Formula("partial", (names[node], names[use.operand])), use.partial) for use in contributions(node)
        ]
        rows.append([type(node).__name__, definition(node, names), Formula("list", tuple(partials)) if partials else "none"])
    return Table(["operation", "forward", "local partial derivatives"], rows)


def least_squares(n):
    """Equation B with n terms, every x_i and y_i a Variable of its own: the graph's result, and its 2 n + 2 leaves."""
    w0, w1, *data = leaves = [Variable(value) for value in np.linspace(-1.0, 2.0, 2 * n + 2)]
    terms = [(w0 + w1 * x - y) ** 2 for x, y in zip(data[:n], data[n:], strict=True)]
    return reduce(operator.add, terms), leaves


def count_operations(n):
    """For equation B with n terms: how many inputs it has, and how many operations take its value, its value and whole
    gradient by a backward pass, and its gradient by central differences, with two evaluations for each input.
    """
    result, leaves = least_squares(n)
    value = len(Graph(result).operations)
    both = Graph(*eliminate_common_subexpressions(result, *gradient(result, leaves)))
    return len(leaves), value, len([node for node in both.operations if node.active]), 2 * len(leaves) * value


def table_of_paths(graph, header, paths, products):
    """Paths through a graph, each a list of nodes and with its product; the sum of the products comes last."""
    names = symbols(graph)
    rows = [[Formula("path", tuple([names[node] for node in path])), product] for path, product in zip(paths, products)]
    return Table(header, [*rows, [Formula("total"), sum(products)]])
