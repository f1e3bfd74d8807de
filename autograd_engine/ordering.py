"""The order of what stands in the rows of a picture, for few crossings of edges.

A row is a list of entries, each a tuple of items that stay together in this order: one by itself, or those of a column.
"""

from bisect import bisect_right, insort
from collections import defaultdict

from autograd_engine.layering import in_rows, layered

SWEEPS = 8  # towards the results and back: more find fewer crossings in no graph of the sheet
EFFORT = 2500  # how many items are put in order, all in all, in search of fewer crossings: a second at most


def best_rows(graph, groups, sizes, labels):
    """Layers and their rows with as few crossings as are found when leaves that belong to no column may stand higher."""

    def tried(rises):
        layers = layered(graph, groups, sizes, labels, rises)
        rows = arranged(layers)
        return (crossings(rows, layers.segments), len(layers.items)), layers, rows

    inside = {node for group in groups for column in group for node in column}
    free = [leaf for leaf in graph.leaves if leaf not in inside]
    rises, best, effort, is_better = {}, tried({}), EFFORT, True
    while is_better and best[0][0]:
        base, few, is_better = rises, best[0][0], False
        for leaf in free:
            effort -= best[0][1]
            if effort < 0:
                break
            higher = base | {leaf: base.get(leaf, 0) + 1}
            new = tried(higher)
            if new[0] < best[0] and new[0][0] < few:
                rises, best, is_better = higher, new, True
    return best[1:]


def arranged(layers):
    """The rows in order: first those of a column, the same in all columns of its group, then all of them."""
    entry_of, rank = {}, {}
    for columns in layers.groups:
        first = columns[0]
        rows = ordered([[(item,) for item in row] for row in in_rows(first)], within(first, layers.segments), {})
        place = {first[item]: i for row in rows for i, (item,) in enumerate(row)}
        for column in columns:
            rank |= dict.fromkeys(column, len(rank))
            for row in in_rows(column):
                entry = tuple(sorted(row, key=lambda item: place[column[item]]))
                entry_of |= dict.fromkeys(entry, entry)
    rows = [list(dict.fromkeys([entry_of.get(item, (item,)) for item in row])) for row in in_rows(layers.items)]
    return ordered(rows, layers.segments, rank)


def within(column, segments):
    return [segment for segment in segments if segment.upper in column and segment.lower in column]


def flat(row):
    return [item for entry in row for item in entry]


def places(rows):
    """{item: its place in its row}."""
    return {item: i for row in rows for i, item in enumerate(flat(row))}


def crossings(rows, segments):
    """How many pairs of edges cross, each between two rows: their ends are in different orders there."""
    place, pairs, count = places(rows), defaultdict(list), 0
    for segment in segments:
        pairs[segment.upper.row].append((place[segment.upper], place[segment.lower]))
    for found in pairs.values():
        seen = []
        for _, lower in sorted(found):
            count += len(seen) - bisect_right(seen, lower)
            insort(seen, lower)
    return count


def ordered(rows, segments, rank):
    """The rows in the best order that sweeps towards the results and back have found. Each puts an entry at the mean of the
    places of its neighbours in the row before, and then exchanges neighbours in a row as long as that removes crossings.

    rank   {item: number of its column}: columns stay in this order, since each is one piece over several rows
    """
    upper, lower = defaultdict(list), defaultdict(list)
    for segment in segments:
        upper[segment.lower].append((segment.upper, 0.5))
        lower[segment.upper].append((segment.lower, segment.share))
    best, least = rows, len(segments) ** 2
    for sweep in range(min(SWEEPS, 2 + EFFORT // len(segments)) if segments else 0):
        neighbours, step = (lower, -1) if sweep % 2 == 0 else (upper, 1)
        rows = [list(row) for row in rows[::step]]
        for i in range(1, len(rows)):
            rows[i] = by_means(rows[i], rows[i - 1], neighbours, rank)
        rows = rows[::step]
        exchange(rows, upper, lower, rank)
        count = crossings(rows, segments)
        if count < least:
            best, least = rows, count
    return best


def by_means(row, before, neighbours, rank):
    """The row in the order of the mean places of its neighbours; what has none stays behind what is to its left."""
    place, wanted, last = places([before]), {}, -1.0
    for entry in row:
        found = [place[x] + share for item in entry for x, share in neighbours[item]]
        wanted[entry] = last = sum(found) / len(found) if found else last
    row = sorted(row, key=wanted.get)
    columns = iter(sorted([entry for entry in row if entry[0] in rank], key=lambda entry: rank[entry[0]]))
    return [next(columns) if entry[0] in rank else entry for entry in row]


def exchange(rows, upper, lower, rank):
    """Exchange neighbours within rows as long as that removes crossings."""
    place, is_better = places(rows), True
    while is_better:
        is_better = False
        for row in rows:
            for i in range(len(row) - 1):
                left, right = row[i : i + 2]
                if not (left[0] in rank and right[0] in rank) and gain(left, right, (upper, lower), place) > 0:
                    row[i], row[i + 1], is_better = right, left, True
                    place |= places([row])


def gain(left, right, sides, place):
    """How many crossings fewer there are if these two are exchanged."""
    fewer = 0
    for neighbours in sides:
        a, b = [[place[x] for item in entry for x, _ in neighbours[item]] for entry in (left, right)]
        fewer += sum([(i > j) - (i < j) for i in a for j in b])
    return fewer
