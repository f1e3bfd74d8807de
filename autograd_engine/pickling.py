"""A graph's nodes as a flat list, inputs by their places in it, so that no recursion limits how deep a graph is copied."""


def flattened(nodes):
    """A part for each node: a leaf itself; of an operation its class, its inputs' places, its parameters and its name."""
    place = {node: i for i, node in enumerate(nodes)}
    return [x if not x.inputs else (type(x), [place[y] for y in x.inputs], dict(x.parameters), x.name) for x in nodes]


def rebuilt(parts):
    """The nodes again, operations without values."""
    nodes = []
    for part in parts:
        nodes.append(unevaluated(nodes, *part) if isinstance(part, tuple) else part)
    return nodes


def unevaluated(nodes, operation, places, parameters, name):
    node = operation.__new__(operation)
    node.inputs, node.parameters, node.name = tuple([nodes[i] for i in places]), parameters, name
    node.active = any([x.active for x in node.inputs])
    return node
