"""Labels: plain identifiers for the nodes of a graph, fit for code and for markup, whatever the nodes are called."""

import builtins
import keyword
import re
from collections import Counter


def labels(nodes):
    """{node: label}: t1, t2, ... for operations in the order given, a leaf's name where it can serve, else v1, v2, ..."""
    leaves = [node for node in nodes if not node.inputs]
    uses = Counter([leaf.name for leaf in leaves])
    named = {leaf: leaf.name for leaf in leaves if is_plain(leaf.name) and uses[leaf.name] == 1}
    unnamed = [leaf for leaf in leaves if leaf not in named]
    operations = [node for node in nodes if node.inputs]
    found = named | number(unnamed, "v") | number(operations, "t")
    return {node: found[node] for node in nodes}


def number(nodes, letter):
    return {node: f"{letter}{i}" for i, node in enumerate(nodes, 1)}


def is_plain(name):
    """Whether a name can stand in code and markup, and is none of ours (t1, v1, t1_bar) or Python's."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
        and not re.fullmatch(r"[tv]\d+|.*_bar|np|math", name)
        and not keyword.iskeyword(name)
        and not hasattr(builtins, name)
    )
