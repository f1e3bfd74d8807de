"""The order in which a graph is swept."""


def topological_order(outputs):
    """Every node that the outputs are computed from, each after its inputs, as Python would evaluate the expression."""
    order, waiting = {}, list(reversed(outputs))
    while waiting:
        node = waiting[-1]
        for x in reversed(node.inputs):
            if x not in order:
                waiting.append(x)
        if waiting[-1] is node:  # all its inputs are in the order
            order[waiting.pop()] = True
    return list(order)
