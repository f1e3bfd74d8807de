"""The order in which a graph is swept."""


def topological_order(outputs):
    """Every node that the outputs are computed from, each after its inputs, as Python would evaluate the expression."""
    order, path, rest = {}, [None], [iter(outputs)]  # the way to the present node, and what is left of each one's inputs
    while path:
        for x in rest[-1]:
            if x not in order:
                if x.inputs:
                    path.append(x)
                    rest.append(iter(x.inputs))
                    break
                order[x] = True
        else:  # all inputs of the present node are in the order
            order[path.pop()] = True
            rest.pop()
    return list(order)[:-1]  # the last is None
