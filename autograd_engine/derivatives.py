"""Derivatives as graphs: the backward rules, given nodes instead of numbers, build the graph of the derivative."""

import numpy as np

from autograd_engine.graph import Constant, Graph, Node, Variable, fit
from autograd_engine.values import checked, fingerprint, precision


def gradient(y, variables):
    """The graph of each derivative ∂y/∂x, built by the backward rules themselves: nodes, to be evaluated, drawn,
    differentiated again. Each node of it knows whose adjoint it is (`adjoint_of`).

    y           a scalar node
    variables   any iterable of Variables; one that y does not depend on has the gradient zero

    Only what leads to these variables is built. Returns a tuple of nodes, each of its Variable's shape. Raises ValueError if
    y is not a scalar, TypeError if y is not a node or anything but Variables is given.
    """
    graph, variables = Graph(y), checked_variables(variables)
    if y.shape:
        raise ValueError(f"gradient takes a scalar, not shape {y.shape}: sum it first, or use jacobian")
    graph.refresh()
    adjoints = graph.sweep_backward({x: x for x in graph.nodes}, Constant(1.0), leading_to(variables, graph))
    for x in variables:
        adjoints.setdefault(x, fit(Constant(0.0), x))
    for node, adjoint in adjoints.items():
        if adjoint.adjoint_of is None:
            adjoint.adjoint_of = node
    return tuple([adjoints[x] for x in variables])


def jacobian(y, x):
    """∂y/∂x as an array of shape y.shape + x.shape, one row (one backward sweep) for each element of y.

    Raises TypeError if y is not a node or x not a Variable.
    """
    graph = Graph(y)
    checked_variables([x])
    graph.refresh()
    wanted, zero, rows = leading_to([x], graph), fit(0.0, x.value), []
    if x not in wanted or 0 in y.shape:
        return np.zeros(y.shape + x.shape, precision(x))
    for place in np.ndindex(y.shape):
        seed = np.zeros(y.shape)
        seed[place] = 1.0
        adjoints = graph.sweep_backward(graph.values, fit(checked(seed), y.value), wanted)
        rows.append(adjoints.get(x, zero))
    return np.reshape(np.stack(rows), y.shape + x.shape)


def hessian(y, variables):
    """The second derivatives ∂²y/∂a∂b of a scalar y by scalar Variables, a tuple of rows of nodes: gradients of the gradient.

    Raises ValueError if y or a Variable is not a scalar, TypeError as `gradient` does.
    """
    variables = checked_variables(variables)
    for x in variables:
        if x.shape:
            raise ValueError(f"hessian takes scalar variables, not shape {x.shape}: use jacobian on a gradient")
    return tuple([gradient(slope, variables) for slope in gradient(y, variables)])


def eliminate_common_subexpressions(*outputs):
    """Equal graphs in which equal operations on equal inputs are one node. Variables stay themselves.

    Returns one node, or a tuple if several are given. Raises TypeError if an output is not a node.
    """
    graph, known, new = Graph(*outputs), {}, []
    graph.refresh()

    def representative(node, *inputs):
        if isinstance(node, Variable):
            return node
        if node.inputs:
            key = type(node), *map(id, inputs), fingerprint(sorted(node.parameters.items()))
        else:
            key = node.name, fingerprint(node.value)
        if key not in known:
            known[key] = node
            if any([x is not old for x, old in zip(inputs, node.inputs)]):
                known[key] = type(node)(*inputs, **node.parameters)
                known[key].name, known[key].adjoint_of = node.name, node.adjoint_of
                new.append(known[key])
        return known[key]

    found = graph.fold(representative)
    for node in new:
        node.adjoint_of = found.get(node.adjoint_of, node.adjoint_of)
    return found[outputs[0]] if len(outputs) == 1 else tuple([found[y] for y in outputs])


def leading_to(variables, graph):
    """The nodes of a graph that depend on one of the variables, which are among them."""
    chosen = set(variables)
    depends = graph.fold(lambda node, *inputs: node in chosen or any(inputs))
    return {node for node, found in depends.items() if found}


def checked_variables(variables):
    """The Variables as a tuple. Raises TypeError if anything else is among them."""
    if isinstance(variables, Node):
        raise TypeError("give the Variables as a list: [x]")
    variables = tuple(variables)
    for x in variables:
        if not isinstance(x, Variable):
            raise TypeError(f"derivatives are taken with respect to Variables, not {type(x).__name__}")
    return variables
