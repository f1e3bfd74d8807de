"""Where the nodes and edges of a graph stand in a picture: in rows, from the leaves to the results.

    layout(graph, sizes, labels)   a Layout: a place for each node, a curve and a place for its label for each edge

After Sugiyama, Tagawa and Toda, *Methods for Visual Understanding of Hierarchical System Structures*, IEEE Transactions on
Systems, Man, and Cybernetics 11 (1981): every edge goes through a slot of its own in each row that it passes (layering.py), the
order within the rows is chosen for few crossings (ordering.py), and then the places for short edges. Equal terms (terms.py)
are columns of one shape: a column is laid out by itself and then moved as one piece.

In a row an edge runs straight down. It bends between rows only, where all curves are the same function of the height but for
their ends: (1 − h) from + h to, with h rising from 0 to 1. Hence two of them meet where their ends are in different orders
at the two rows, once, and nowhere else; and no edge runs through a box. All is computed with +, −, * and / on floats: the same
on every machine.
"""

from typing import NamedTuple

from autograd_engine.ordering import best_rows, flat, within
from autograd_engine.placement import ends, placed
from autograd_engine.terms import equal_terms

ROWS_APART = 16.0  # between rows, at least: room for a curve
STEEPNESS = 0.2  # so much further for each px of the widest bend there, or it would be too flat to follow
HEAD = 8.0  # the length of an arrow's head


class Point(NamedTuple):
    x: float
    y: float


class Place(NamedTuple):
    """The middle of a node's box, and its size."""

    x: float
    y: float
    width: float
    height: float


class Curve(NamedTuple):
    """An edge: a start and cubic Bézier curves from there, three points each, to the foot of the arrow's head; its tip; and
    the left end of its label's middle line, or None without one."""

    points: list
    tip: Point
    label: Point | None


class Layout(NamedTuple):
    """A picture's plan, in px from its upper left corner.

    places  {node: Place}
    curves  {(user, place of the operand): Curve}: two for a + a
    """

    width: float
    height: float
    places: dict
    curves: dict


def layout(graph, sizes, labels=None):
    """The Layout of a graph whose boxes have these sizes, {node: (width, height)}, and whose edges have labels of these,
    {(user, place): (width, height)}. What corresponds in equal terms gets the size of the largest of them.
    """
    groups = equal_terms(graph)
    corresponding = [nodes for group in groups for nodes in zip(*group)]
    edges = [[(node, place) for node in nodes] for nodes in corresponding for place in range(len(nodes[0].inputs))]
    layers, rows = best_rows(graph, groups, alike(sizes, corresponding), alike(labels or {}, edges))
    return drawn(layers, rows, positions(layers, rows))


def alike(sizes, corresponding):
    sizes = dict(sizes)
    for keys in corresponding:
        found = [sizes[key] for key in keys if key in sizes]
        if found:
            sizes.update(dict.fromkeys(keys, tuple(map(max, zip(*found)))))
    return sizes


def positions(layers, rows):
    """{item: x}: columns are laid out by themselves, and then moved as one piece."""
    bodies = {}
    for columns in layers.groups:
        first = columns[0]
        inner = [[(item,) for item in flat(row) if item in first] for row in rows]
        x = placed(inner, within(first, layers.segments), {})
        leader = next(iter(first))
        inside = {key: x[item] - x[leader] for item, key in first.items()}
        for column in columns:
            leader = next(iter(column))
            bodies |= {item: (leader, inside[key]) for item, key in column.items()}
    return placed(rows, layers.segments, bodies)


# ------------------------------------------------------------------------------------------------------------------ curves


def drawn(layers, rows, x):
    """The Layout of items at these x, and of rows one beneath the other, further apart where edges lead far to the side."""
    shift = -min([x[item] - item.left for item in layers.items])
    x = {item: round(x[item] + shift, 1) for item in layers.items}
    at = ends(rows, layers.segments, x)
    bends = [0.0] * len(rows)
    for segment in layers.segments:
        row = segment.upper.row
        bends[row] = max(bends[row], abs(at[segment, "upper"] - at[segment, "lower"]))
    tops, y = [], 0.0
    for row, bend in zip(rows, bends):
        height = max([item.height for item in flat(row)])
        tops.append((y, y + height))
        y += height + HEAD + ROWS_APART + min(STEEPNESS * bend, 3 * ROWS_APART)
    places = {
        item.node: Place(x[item], sum(tops[item.row]) / 2, item.left + item.right, item.height)
        for item in layers.items if not item.is_slot
    }  # fmt: skip
    curves = {edge: curve(route, at, tops, places, x) for edge, route in layers.routes.items()}
    return Layout(max([x[item] + item.right for item in layers.items]), tops[-1][1], places, curves)


def curve(route, at, tops, places, x):
    source, target = places[route[0].upper.node], places[route[-1].lower.node]
    start, tip = source.y + source.height / 2, target.y - target.height / 2
    points, label = [Point(at[route[0], "upper"], start)], None
    for segment in route:
        above, below = at[segment, "upper"], at[segment, "lower"]
        if above != below:
            top, bottom = tops[segment.upper.row][1], tops[segment.lower.row][0] - HEAD
            half = (top + bottom) / 2
            points += straight(points[-1], Point(above, top))
            points += [Point(above, half), Point(below, half), Point(below, bottom)]
        if segment.lower.is_label:
            label = Point(x[segment.lower] + 4.0, sum(tops[segment.lower.row]) / 2)
    points += straight(points[-1], Point(points[-1].x, tip - HEAD))
    return Curve(points, Point(points[-1].x, tip), label)


def straight(a, b):
    """A line as a cubic Bézier curve; nothing if it has no length."""
    return [] if a == b else [Point(a.x, (2 * a.y + b.y) / 3), Point(a.x, (a.y + 2 * b.y) / 3), b]
