"""The order in which a graph is swept."""


def topological_order(outputs):
    """Every node that the outputs are computed from, each after its inputs, as Python would evaluate the expression."""
    order, path = {}, [(None, iter(outputs))]  # from an output to the present node, each with the rest of its inputs
    while path:
        node, inputs = path[-1]
        for x in inputs:
            if x not in order:
                if x.inputs:
                    path.append((x, iter(x.inputs)))
                    break
                order[x] = True
        else:  # all its inputs are in the order
            order[node] = True
            path.pop()
    return list(order)[:-1]  # the last is None
