"""The rows of a picture: which node stands in which row, and the slots of edges that pass through a row."""

from dataclasses import dataclass
from typing import NamedTuple

from autograd_engine.graph import Node

SLOT = 4.0  # half the width that an edge takes when it passes a row
LABEL = 6.0  # between an edge and the end of its label


@dataclass(eq=False)
class Item:
    """What stands in a row: a node's box, or the slot of an edge, with its label or without. How far it reaches to the left
    and to the right of its x, and how high it is."""

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
    """A piece of an edge, from an item to one in the next row; pieces are numbered in the order of the operands."""

    upper: Item
    lower: Item
    number: int
    share: float  # where along the lower item it belongs, 0 to 1: a first operand to the left of a second


@dataclass(eq=False)
class Column:
    """A term among equal ones. Keys are the same for what corresponds in another column of the group."""

    keys: dict  # {item: key}
    rows: list = None  # of items, in order

    def follow(self, other):
        """Be in the order of another column of the group."""
        items = {key: item for item, key in self.keys.items()}
        self.rows = [[items[other.keys[item]] for item in row] for row in other.rows]


@dataclass(eq=False)
class Rows:
    """entries: for each row its free items, each a tuple of one, and columns' tuples of items, in order."""

    items: list
    segments: list
    routes: dict  # {(user, place): its segments}
    groups: list  # of lists of Columns
    entries: list = None

    @property
    def columns(self):
        return [column for group in self.groups for column in group]

    def long_edges(self):
        """The slots of each long edge that is not a column's."""
        inside = {item for column in self.columns for item in column.keys}
        routes = [[segment.lower for segment in route[:-1]] for route in self.routes.values()]
        return [route for route in routes if route and route[0] not in inside]

    def start(self):
        """The entries in the order in which the graph was built."""
        column_of = {item: column for column in self.columns for item in column.keys}
        rows = [[] for _ in range(1 + max([item.row for item in self.items]))]
        for column in self.columns:
            for row in column.rows:
                rows[row[0].row].append(tuple(row))
        for item in self.items:
            if item not in column_of:
                rows[item.row].append((item,))
        place = {item: i for i, item in enumerate(self.items)}
        return [sorted(row, key=lambda entry: min([place[item] for item in entry])) for row in rows]


def layered(graph, groups, sizes, labels, delays):
    """The Rows of a graph, not yet in order. Labels have rows of their own, each just above the one of their users."""
    depth = depths(graph, delays)
    used = sorted({*depth.values(), *[depth[user] - 0.5 for user, _ in labels]})  # rows in which nothing stands are left out
    number = {level: i for i, level in enumerate(used)}
    row = {node: number[level] for node, level in depth.items()}
    boxes, items, segments, routes = {}, [], [], {}
    for node in graph.nodes:
        width, height = sizes[node]
        boxes[node] = Item(row[node], width / 2, width / 2, height, node)
        for place, x in enumerate(node.inputs):
            share = (place + 1) / (len(node.inputs) + 1)
            route, last = [], boxes[x]
            for between in range(row[x] + 1, row[node]):
                slot = Item(between, SLOT, SLOT, 0.0)
                if between == row[node] - 1 and (node, place) in labels:
                    width, height = labels[node, place]
                    slot = Item(between, SLOT, width + LABEL, height, is_label=True)
                items.append(slot)
                route.append(Segment(last, slot, len(segments) + len(route), 0.5))
                last = slot
            route.append(Segment(last, boxes[node], len(segments) + len(route), share))
            routes[node, place] = route
            segments += route
        items.append(boxes[node])
    return Rows(items, segments, routes, [[column_of(nodes, boxes, routes) for nodes in group] for group in groups])


def depths(graph, delays):
    """{node: depth}: an operation stands below all of its operands, a leaf just above its first user; each as many rows further
    from the others as its delay says, an operation downwards, a leaf upwards."""
    depth = graph.fold(lambda node, *below: 1 + max(below) + delays.get(node, 0) if below else 0)
    first = {}
    for node in graph.operations:
        for x in node.inputs:
            first[x] = min(depth[node], first.get(x, depth[node]))
    for leaf in graph.leaves:
        depth[leaf] = first.get(leaf, 1) - 1 - delays.get(leaf, 0)
    return depth


def column_of(nodes, boxes, routes):
    """The Column of these nodes and of the edges between them."""
    number = {node: i for i, node in enumerate(nodes)}
    column = Column({boxes[node]: (i,) for node, i in number.items()})
    for node, i in number.items():
        for place, x in enumerate(node.inputs):
            if x in number:
                for j, segment in enumerate(routes[node, place][:-1]):
                    column.keys[segment.lower] = (i, place, j)
    top, bottom = min([item.row for item in column.keys]), max([item.row for item in column.keys])
    order = sorted(column.keys, key=column.keys.get)
    column.rows = [[item for item in order if item.row == row] for row in range(top, bottom + 1)]
    return column
