"""What stands in which row of a picture: the boxes of nodes, and a slot for each edge in every row that it passes."""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from autograd_engine.graph import Node

SLOT = 4.0  # half the width of a slot: edges side by side can be told apart
MANY = 100  # nodes: in larger graphs the edges from one node share a slot in each row, or there were too many slots
LABEL = 6.0  # from an edge to the end of its label, with the space between the two


@dataclass(eq=False)
class Item:
    """A node's box, or the slot of an edge, with its label or without. How far it reaches to the left and to the right of its
    x, and how high it is."""

    row: int
    left: float
    right: float
    height: float
    node: Node | None = None
    is_label: bool = False

    @property
    def is_slot(self):
        return self.node is None


class Segment(NamedTuple):
    """A piece of an edge, from an item to one in the next row."""

    upper: Item
    lower: Item
    share: float  # where along the lower item it belongs, 0 to 1: a first operand to the left of a second


class Layers(NamedTuple):
    """The items of a graph, not yet in order.

    items     in the order in which the graph was built
    segments  those of an edge one after the other, and edges in the order of their operands
    routes    {(user, place of the operand): its segments}
    groups    of columns, which are equal terms: {item: key}, the same key for what corresponds in another column
    """

    items: list
    segments: list
    routes: dict
    groups: list


def in_rows(items):
    """Lists of those items that are in one row, from above."""
    rows = defaultdict(list)
    for item in items:
        rows[item.row].append(item)
    return [rows[row] for row in sorted(rows)]


def layered(graph, groups, sizes, labels, rises):
    """The Layers of a graph. Labels have rows of their own, each just above the one of their users."""
    depth = depths(graph, rises)
    levels = sorted({*depth.values(), *[depth[user] - 0.5 for user, _ in labels]})
    number = {level: i for i, level in enumerate(levels)}
    boxes, items, shared, routes, is_large = {}, {}, {}, {}, len(graph.nodes) > MANY
    for node in graph.nodes:
        width, height = sizes[node]
        boxes[node] = Item(number[depth[node]], width / 2, width / 2, height, node)
        for place, x in enumerate(node.inputs):
            above = boxes[x]
            slots = [Item(row, SLOT, SLOT, 0.0) for row in range(above.row + 1, boxes[node].row)]
            if is_large:
                slots = [shared.setdefault((x, slot.row), slot) for slot in slots]
            if (node, place) in labels:
                width, height = labels[node, place]
                slots[-1] = Item(slots[-1].row, SLOT, width + LABEL, height, is_label=True)
            shares = [0.5] * len(slots) + [(place + 1) / (len(node.inputs) + 1)]
            routes[node, place] = list(map(Segment, [above, *slots], [*slots, boxes[node]], shares))
            items |= dict.fromkeys(slots)
        items[boxes[node]] = None
    segments = list(dict.fromkeys([segment for route in routes.values() for segment in route]))
    return Layers(list(items), segments, routes, [[column_of(nodes, boxes, routes) for nodes in group] for group in groups])


def depths(graph, rises):
    """{node: depth}: an operation stands just below the lowest of its operands; but a leaf, and what is made of leaves only,
    just above its first user, or as many rows higher as rises says."""
    depth, first = graph.fold(lambda node, *below: 1 + max(below, default=-1)), {}
    for node in reversed(graph.nodes):
        if node in first and not any([x.inputs for x in node.inputs]):
            depth[node] = first[node] - 1 - rises.get(node, 0)
        first |= {x: min(depth[node], first.get(x, depth[node])) for x in node.inputs}
    return depth


def column_of(nodes, boxes, routes):
    """The column of these nodes and of the edges between them."""
    number = {node: i for i, node in enumerate(nodes)}
    column = {boxes[node]: (i,) for node, i in number.items()}
    for node, i in number.items():
        for place, x in enumerate(node.inputs):
            if x in number:
                column |= {segment.lower: (i, place, j) for j, segment in enumerate(routes[node, place][:-1])}
    return column
