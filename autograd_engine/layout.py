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

from collections import defaultdict
from typing import NamedTuple

from autograd_engine.layering import layered
from autograd_engine.ordering import crossings, flat, ordered, swung
from autograd_engine.placement import ends, placed
from autograd_engine.terms import equal_terms

ROWS_APART, STEEPNESS = 16.0, 0.2  # between rows at least, and more for each px of the widest bend there
HEAD = 8.0  # the length of an arrow's head
EFFORT = 4000  # how many items are laid out in search of fewer crossings


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
    sizes, labels = alike(groups, sizes), alike_at_edges(groups, labels or {})
    rows = best_rows(graph, groups, sizes, labels)
    return drawn(rows, positions(rows))


def alike(groups, sizes):
    sizes = dict(sizes)
    for nodes in [nodes for group in groups for nodes in zip(*group)]:
        sizes.update(dict.fromkeys(nodes, largest([sizes[node] for node in nodes])))
    return sizes


def alike_at_edges(groups, sizes):
    sizes = dict(sizes)
    for nodes in [nodes for group in groups for nodes in zip(*group)]:
        for place in range(len(nodes[0].inputs)):
            edges = [(node, place) for node in nodes if (node, place) in sizes]
            sizes.update(dict.fromkeys(edges, largest([sizes[edge] for edge in edges])))
    return sizes


def largest(sizes):
    return tuple(map(max, zip(*sizes)))


# ------------------------------------------------------------------------------------------------------------------- rows


def best_rows(graph, groups, sizes, labels):
    """Rows with as few crossings as are found when operations may stand further down, and leaves further up."""

    def tried(delays):
        rows = layered(graph, groups, sizes, labels, delays)
        arrange(rows)
        return rows, (crossings(rows.entries, rows.segments), len(rows.segments))

    delays = {}
    best, least = tried(delays)
    together = {node: nodes for group in groups for nodes in zip(*group) for node in nodes}
    options = {together.get(node, (node,)): None for node in graph.nodes}
    effort, is_better = EFFORT, True
    while is_better and least[0]:
        base, is_better = delays, False
        for nodes in options:
            effort -= len(best.items)
            if effort < 0:
                return best
            more = base | {node: base.get(node, 0) + 1 for node in nodes}
            rows, cost = tried(more)
            if cost[0] < least[0] or (is_better and cost < least):
                best, least, delays, is_better = rows, cost, more, True
    best.entries = swung(best.entries, best.segments, best.long_edges())
    return best


def arrange(rows):
    """Order the rows: first those of a column, the same in all columns of its group, then all of them."""
    for first, *others in rows.groups:
        entries, segments = inside(first, rows)
        first.rows = [flat(row) for row in ordered(entries, segments)]
        for column in others:
            column.follow(first)
    rows.entries = ordered(rows.start(), rows.segments, rows.columns)


def inside(column, rows):
    """The entries and segments of a column by itself."""
    segments = [segment for segment in rows.segments if segment.upper in column.keys and segment.lower in column.keys]
    return [[(item,) for item in row] for row in column.rows], segments


def positions(rows):
    """{item: x}, where a column is one piece."""
    bodies = {}
    for group in rows.groups:
        x = placed(*inside(group[0], rows), {})
        within = {group[0].keys[item]: place for item, place in x.items()}
        bodies.update({item: (column, within[key]) for column in group for item, key in column.keys.items()})
    return placed(rows.entries, rows.segments, bodies)


# ------------------------------------------------------------------------------------------------------------------ curves


def drawn(rows, x):
    """The Layout of items at these x, and of rows one beneath the other, further apart where edges lead far to the side."""
    items = [item for row in rows.entries for item in flat(row)]
    shift = -min([x[item] - item.left for item in items])
    x = {item: round(x[item] + shift, 1) for item in items}
    at = ends(rows.entries, rows.segments, x)
    aside = defaultdict(float)
    for segment in rows.segments:
        bend = abs(at[segment, "upper"] - at[segment, "lower"])
        aside[segment.upper.row] = max(aside[segment.upper.row], bend)
    tops, y = [], 0.0
    for i, row in enumerate(rows.entries):
        height = max([item.height for item in flat(row)], default=0.0)
        tops.append((y, y + height))
        y += height + HEAD + ROWS_APART + min(STEEPNESS * aside[i], 3 * ROWS_APART)
    places = {}
    for item in items:
        if item.node is not None:
            top, bottom = tops[item.row]
            places[item.node] = Place(x[item], (top + bottom) / 2, item.left + item.right, item.height)
    curves = {edge: curve(route, at, tops, places, x) for edge, route in rows.routes.items()}
    return Layout(max([x[item] + item.right for item in items]), tops[-1][1], places, curves)


def curve(route, at, tops, places, x):
    source, target = places[route[0].upper.node], places[route[-1].lower.node]
    start, tip = source.y + source.height / 2, target.y - target.height / 2
    points, label = [Point(at[route[0], "upper"], start)], None
    for segment in route:
        above, below = at[segment, "upper"], at[segment, "lower"]
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
