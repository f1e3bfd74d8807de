"""Labels: plain identifiers for the nodes of a graph, fit for code and for markup, whatever the nodes are called."""

import builtins
import keyword
import re
from collections import Counter


def labels(nodes):
    """{node: label}: t1, t2, ... for operations in the order given, a leaf's name where it can serve, else v1, v2, ...

    No two labels are printed alike, as x1 and x_1 would be.
    """
    leaves = [node for node in nodes if not node.inputs]
    printed = {leaf: letter_and_index(leaf.name) for leaf in leaves if is_plain(leaf.name)}
    uses = Counter(printed.values())
    named = {leaf: leaf.name for leaf in printed if uses[printed[leaf]] == 1}
    unnamed = [leaf for leaf in leaves if leaf not in named]
    operations = [node for node in nodes if node.inputs]
    found = named | counted(unnamed, "v") | counted(operations, "t")
    return {node: found[node] for node in nodes}


def counted(nodes, letter):
    return {node: f"{letter}{i}" for i, node in enumerate(nodes, 1)}


def letter_and_index(label):
    """What a label is printed as: ("t", "12") of t12, ("w", "0") of w0 and w_0; of a word the whole, and no index."""
    match = re.fullmatch(r"([A-Za-z])_?(\d*)", label)
    return match.groups() if match else (label, "")


def is_plain(name):
    """Whether a name can stand in code and markup, and is none of ours (t1, t_1, v1, t1_bar) or Python's."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
        and not re.fullmatch(r"[tv]_?\d+|.*_bar|np|math", name)
        and not keyword.iskeyword(name)
        and not hasattr(builtins, name)
    )
