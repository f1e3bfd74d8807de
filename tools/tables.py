"""Two tables of the notebook: of operations, and of the paths in a graph."""

from autograd_engine import Table, contributions
from autograd_engine.formulas import Formula, definition, equation, symbols
from autograd_nodes import Graph


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


def table_of_paths(graph, header, paths, products):
    """Paths through a graph, each a list of nodes and with its product; the sum of the products comes last."""
    names = symbols(graph)
    rows = [[Formula("path", tuple([names[node] for node in path])), product] for path, product in zip(paths, products)]
    return Table(header, [*rows, [Formula("total"), sum(products)]])
