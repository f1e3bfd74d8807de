"""This library, uncompiled: a forward and a backward sweep."""

import numpy as np

from autograd_nodes import Graph, Variable


def uncompiled(function, arguments, count):
    graph, variables = graph_of(function, arguments, count)
    known = [graph.values[graph.outputs[0]]]

    def run():
        value = known.pop() if known else graph.forward()  # a graph has been evaluated as it was built
        gradients = graph.backward()
        return value, *[gradients[x] for x in variables]

    return run


def with_new_values(function, arguments, count):
    """Every run gives all Variables new values."""
    graph, variables = graph_of(function, arguments, count)

    def run():
        for x, value in zip(variables, arguments):
            x.value = value
        gradients = graph.backward()
        return graph.values[graph.outputs[0]], *[gradients[x] for x in variables]

    return run


def graph_of(function, arguments, count):
    variables = [Variable(x) for x in arguments[:count]]
    return Graph(function(np, *variables, *arguments[count:])), variables
