"""Which parts of a graph are equal, as the terms of a sum of squares are, so that views can show them alike."""

from collections import Counter

from autograd_engine.formulas import graph_of
from autograd_engine.values import fingerprint


def equal_terms(graph):
    """The equal terms of a graph: a list of groups, each a list of columns, each a tuple of nodes, leaves included.

    The term of an operation r is r and all that is used for nothing but r: every node each of whose paths to an output leads
    through r (the nodes that r dominates). What lies above or is used by others, too, belongs to no term.

    Two terms are equal if a one-to-one map f takes one to the other and keeps what a node is and where its operands come from:
    f(t) is of the class of t, with its parameters, and the i-th operand of f(t) is f of the i-th operand of t; a leaf is of the
    same kind and shape. Operands from outside, which terms may share, correspond one to one as well. Values do not matter.

    A column has at least two operations, and no node is in two columns. If equal terms contain equal terms, the outer count.
    Columns are in the order of the graph and list their nodes in it, so that zip(*columns) gives the nodes that correspond.
    The groups with most nodes come first. For w_0 + w_1 x_i - y_i, squared and summed over i = 1, 2, 3, there is one:

        [(x_1, t1, t2, y_1, t3, t4), (x_2, t5, t6, y_2, t7, t8), (x_3, t10, t11, y_3, t12, t13)]

    Equal terms have equal signatures, which say what is below a node and how often each node there is used; so only nodes with
    equal signatures are compared. None of these is below another, hence their terms are disjoint. Takes a Graph or a node.
    """
    graph = graph_of(graph)
    uses = Counter(graph.outputs) + Counter([x for node in graph.operations for x in node.inputs])
    place = {node: i for i, node in enumerate(graph.nodes)}
    kinds, taken, groups = signatures(graph, uses), set(), []
    for roots in candidates(graph, kinds):
        columns = {}
        for root in roots:
            if root not in taken:
                column = sorted(term(root, uses), key=place.get)
                columns.setdefault(wiring(column, kinds), []).append(tuple(column))
        for group in columns.values():
            if len(group) > 1 and sum([bool(node.inputs) for node in group[0]]) > 1:
                groups.append(group)
                taken.update(*group)
    return sorted(groups, key=lambda group: -len(group) * len(group[0]))


def signatures(graph, uses):
    """{node: a number}, the same for two nodes if what is below them looks the same, no matter which nodes are shared."""
    numbers = {}

    def signature(node, *below):
        if node.inputs:
            given = fingerprint(sorted(node.parameters.items())) if node.parameters else None
            kind = type(node), given, below, tuple([uses[x] for x in node.inputs])
        else:
            kind = type(node), node.shape
        return numbers.setdefault(kind, len(numbers))

    return graph.fold(signature)


def candidates(graph, kinds):
    """The operations that have their signature in common with another, as lists, the highest first."""
    height = graph.fold(lambda node, *below: 1 + max(below, default=0))
    alike = {}
    for node in graph.operations:
        alike.setdefault(kinds[node], []).append(node)
    return sorted([nodes for nodes in alike.values() if len(nodes) > 1], key=lambda nodes: -height[nodes[0]])


def term(root, uses):
    """The root and what is used by nothing else: a node joins when the last of its uses is one within the term."""
    found, used = [root], Counter()
    for node in found:  # grows meanwhile
        for x in node.inputs:
            used[x] += 1
            if used[x] == uses[x]:
                found.append(x)
    return found


def wiring(column, kinds):
    """Equal for equal terms only: what the nodes are, and which of them, or from outside, are their operands."""
    numbers = {node: i for i, node in enumerate(column)}
    return tuple([(kinds[x], *[numbers.setdefault(y, len(numbers)) for y in x.inputs]) for x in column])
