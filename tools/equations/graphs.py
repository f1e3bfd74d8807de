"""What task 2 asks of its assignments, adjoint equations and pictures, beyond their being true: each function says why not."""

import re
from itertools import chain
from xml.etree import ElementTree

from tools.equations.formulas import is_name, subtrees, walk, written

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


def users(node, part):
    """The nodes that use this one, in the order of their indices."""
    found = [user for user, made in steps(part).items() if node in part.names(made)]
    return sorted(found, key=lambda name: int(name[2][0][1]))


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
    return None if sorted(said) == sorted([(user, user, node) for user in users(node, part)]) else used_by(node, part)


def used_by(node, part):
    return f"the nodes that use {written(node)} are {', '.join(map(written, users(node, part))) or 'none'}"


def products(node, tree, part):
    """An adjoint said by numbers: [(node that uses this one, number for its adjoint, number for its partial derivative)], one
    for each such node, or None if it is not so; nothing if it is a number itself.
    """
    if not any(one[0] == "mul" for one in walk(tree)) or any(map(is_name, walk(tree))):
        return []
    using, said = users(node, part), terms(tree)
    if len(using) != len(said) or {term[0] for term in said} != {"mul"}:
        return None
    return [(user, *term[1:]) for user, term in zip(using, said)]


def decimals(tree):
    """The numbers in a tree that have decimals, with their powers of ten."""
    match tree:
        case ("num", digits) | ("mul", ("num", digits), ("pow", ("num", "10"), _)):
            yield from [tree] if "." in digits else []
        case _:
            yield from chain.from_iterable(map(decimals, subtrees(tree[1:])))


def put_in(tree, numbers):
    """[(name, number)] if the one tree is the other with numbers for its names; None if it is not."""
    if is_name(tree):
        return [(tree, numbers)]
    if not isinstance(tree, tuple) or not isinstance(numbers, tuple) or len(tree) != len(numbers):
        return [] if tree == numbers else None
    found = [put_in(*pair) for pair in zip(tree, numbers)]
    return None if None in found else list(chain.from_iterable(found))


def at_every_node(tex, part):
    r"""The adjoint equation of any t_i, a sum over j \in \mathrm{children}(i), as one claim about all nodes at once."""
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


def partials(row):
    """Beside adjoint equations stand the partial derivatives that are in them; `row` has each formula's sides, as trees."""
    beside = [tree for sides in row for tree in sides if sides[0][0] == "deriv"]
    equations = [tree for sides in row for tree in sides if sides[0][0] != "deriv"]
    if not beside or not any(one[0] == "bar" for tree in equations for one in walk(tree)):
        return None
    found = [{one for tree in trees for one in walk(tree) if one[0] == "deriv"} for trees in (equations, beside)]
    return None if found[0] == found[1] else "these are not the partial derivatives of the adjoint equation beside them"


def of_another_node(formulas):
    """In a row that begins with a node stands its own adjoint; given the sides of the first formula and of another."""
    (node, *_), (adjoint, *_) = formulas
    if is_name(node) and adjoint[0] == "bar" and adjoint[1] != node:
        return "this is not the adjoint of the node at the beginning of the row"
    return None


def picture(path, part):
    """Task 2(b): (why the drawn nodes and arrows are not those of the assignments, [what each node shows, in LaTeX], [what each
    arrow shows, as the equation that it is])."""
    drawn = list(ElementTree.parse(path).iter())
    nodes = {one.get("data-node"): one for one in drawn if one.get("data-node")}
    arrows = {tuple(one.get("data-edge").split()): one.get("data-partial") for one in drawn if one.get("data-edge")}
    asked = {(label(source), label(user)) for user, made in steps(part).items() for source in part.names(made)}
    if nodes and (set(arrows) != asked or set(nodes) != {node for arrow in asked for node in arrow}):
        return "the nodes and arrows of the picture are not those of the assignments", [], []
    names = {label: node.get("data-formula").split("=")[0] for label, node in nodes.items()}
    partials = [
        rf"\frac{{\partial {names[user]}}}{{\partial {names[x]}}} = {shown}" for (x, user), shown in arrows.items() if shown
    ]
    return None, [[one.get(f"data-{what}") for what in SHOWN if one.get(f"data-{what}")] for one in nodes.values()], partials


def label(name):
    return re.sub("^t_", "t", written(name))
