"""What task 2 asks of its assignments, adjoint equations and pictures, beyond their being true: each function says why not."""

import re
from xml.etree import ElementTree

from tools.equations.formulas import subtrees, walk, written

LEAVES = ("name", "sub", "num")
SHOWN = "formula", "value", "adjoint"


def steps(part):
    """{t_i: its assignment}."""
    return {name: tree for name, tree in part.definitions.items() if name[:2] == ("sub", ("name", "t"))}


def assignment(tree, part):
    """Task 2(a): each t_i is one operation, and no two are the same."""
    if tree[0] in LEAVES or any(one[0] not in LEAVES for one in subtrees(tree[1:])):
        return "this is not one operation"
    same = list(steps(part).values()).count(tree) > 1
    return "this is the same as another assignment" if same else None


def adjoint(node, tree, part):
    """Task 2(c): an adjoint said by partial derivatives has one product for each node that uses this one, and no other term."""
    if not any(one[0] == "deriv" for one in walk(tree)):
        return None
    said = []
    for term in terms(tree):
        match term:
            case ("mul", ("bar", bar), ("deriv", by, top, False)) | ("mul", ("deriv", by, top, False), ("bar", bar)):
                said.append((bar, top, by))
            case _:
                said.append(())
    users = [user for user, made in steps(part).items() if node in part.names(made)]
    if sorted(said) == sorted([(user, user, node) for user in users]):
        return None
    return f"the nodes that use {written(node)} are {', '.join(map(written, users)) or 'none'}"


def at_every_node(tex, part):
    r"""The adjoint equation for any node t_i, with a sum over j \in \mathrm{children}(i), as one claim about all nodes at once."""
    left, _, summand = re.fullmatch(r"(.*?)=\s*\\sum_{j \\in \\mathrm{children}\((i)\)}(.*)", tex.strip(), re.DOTALL).groups()
    users = {}
    for user, made in steps(part).items():
        for node in part.names(made):
            users.setdefault(index(node), []).append(index(user))
    sides = [], []
    for node, found in users.items():
        if node.isdigit():
            sides[0].append(at_index(left, i=node))
            sides[1].append(" + ".join([at_index(summand, i=node, j=user) for user in found]))
    return " = ".join([rf"\left({', '.join(side)}\right)" for side in sides])


def index(name):
    """That of t_i; of a leaf, its name."""
    return label(name).removeprefix("t")


def at_index(tex, **indices):
    return re.sub(r"_([ij])\b", lambda match: f"_{{{indices[match[1]]}}}", tex)


def terms(tree):
    return [*terms(tree[1]), *terms(tree[2])] if tree[0] == "add" else [tree]


def partials(adjoint_equation, beside):
    """Beside an adjoint equation stand the partial derivatives that are in it; both are lists of trees."""
    if adjoint_equation[0][0] != "bar" or beside[0][0] != "deriv":
        return None
    found = [{one for tree in trees for one in walk(tree) if one[0] == "deriv"} for trees in (adjoint_equation, beside)]
    return None if found[0] == found[1] else "these are not the partial derivatives of the adjoint equation beside them"


def picture(path, part):
    """Task 2(b): (why the drawn nodes and arrows are not those of the assignments, [what each node shows, in LaTeX])."""
    drawn = list(ElementTree.parse(path).iter())
    nodes = {one.get("data-node"): one for one in drawn if one.get("data-node")}
    arrows = {tuple(one.get("data-edge").split()) for one in drawn if one.get("data-edge")}
    asked = {(label(source), label(user)) for user, made in steps(part).items() for source in part.names(made)}
    if nodes and (arrows != asked or set(nodes) != {node for arrow in asked for node in arrow}):
        return "the nodes and arrows of the picture are not those of the assignments", []
    return None, [[one.get(f"data-{what}") for what in SHOWN if one.get(f"data-{what}")] for one in nodes.values()]


def label(name):
    return re.sub("^t_", "t", written(name))
