"""The order of what stands in the rows of a picture, for few crossings of edges.

A row is a list of entries, each a tuple of items that stay together in this order: of one, or those of a column.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from itertools import product

PATIENCE = 4  # after how many sweeps without fewer crossings there are no more


def flat(row):
    return [item for entry in row for item in entry]


def crossings(rows, segments):
    """How many pairs of edges cross, each between two rows: their ends are in different orders there."""
    place = places(rows)
    pairs = defaultdict(list)
    for segment in segments:
        pairs[segment.upper.row].append((place[segment.upper], place[segment.lower]))
    return sum([inversions(sorted(found)) for found in pairs.values()])


def inversions(pairs):
    count, seen = 0, []
    for _, lower in pairs:
        count += len(seen) - bisect_right(seen, lower)
        insort(seen, lower)
    return count


def places(rows):
    return {item: i for row in rows for i, item in enumerate(flat(row))}


def ordered(rows, segments, columns=()):
    """The rows in the best order that sweeps towards the results and back to the leaves have found. Each puts an entry at the
    mean of the places of its neighbours in the row before, and then exchanges neighbours in a row as long as it helps.

    columns   those whose order among each other stays: they are one piece over several rows
    """
    upper, lower = defaultdict(list), defaultdict(list)
    for segment in segments:
        upper[segment.lower].append((segment.upper, 0.5))
        lower[segment.upper].append((segment.lower, segment.share))
    rank = {item: i for i, column in enumerate(columns) for item in column.keys}
    best, least = rows, None
    for first in (0, 1):
        now, idle, sweep = [list(row) for row in rows], 0, 0
        while idle < PATIENCE:
            is_down = (sweep + first) % 2 == 1
            for i in range(len(now)) if is_down else reversed(range(len(now))):
                now[i] = by_means(now, i, upper if is_down else lower, i - 1 if is_down else i + 1, rank)
            exchange(now, upper, lower, rank)
            count = crossings(now, segments)
            idle, sweep = idle + 1, sweep + 1
            if least is None or count < least:
                best, least, idle = [list(row) for row in now], count, 0
            if not least:
                return best
    return best


def by_means(rows, i, neighbours, other, rank):
    if not 0 <= other < len(rows):
        return rows[i]
    place, means = {item: j for j, item in enumerate(flat(rows[other]))}, {}
    for entry in rows[i]:
        found = [place[x] + share for item in entry for x, share in neighbours[item]]
        means[entry] = sum(found) / len(found) if found else None
    wanted = filled_in([means[entry] for entry in rows[i]])
    row = [entry for _, _, entry in sorted(zip(wanted, range(len(wanted)), rows[i]), key=lambda one: one[:2])]
    fixed = iter(sorted([entry for entry in row if entry[0] in rank], key=lambda entry: rank[entry[0]]))
    return [next(fixed) if entry[0] in rank else entry for entry in row]


def filled_in(means):
    """What has no neighbour there stays behind what is to its left."""
    last, filled = -1.0, []
    for mean in means:
        last = last if mean is None else mean
        filled.append(last)
    return filled


def exchange(rows, upper, lower, rank):
    """Exchange neighbours within rows as long as that removes crossings, or else brings together what is joined."""
    place = {}
    for row in rows:
        place.update(centred(row))
    is_better = True
    while is_better:
        is_better = False
        for row in rows:
            for i in range(len(row) - 1):
                left, right = row[i], row[i + 1]
                if not (left[0] in rank and right[0] in rank) and gain(left, right, (upper, lower), place) > (0, 1e-9):
                    row[i], row[i + 1], is_better = right, left, True
                    place.update(centred(row))


def centred(row):
    """{item: its place}, counted from the middle of the row."""
    items = flat(row)
    return {item: i - (len(items) - 1) / 2 for i, item in enumerate(items)}


def gain(left, right, sides, place):
    """How many crossings fewer there are if these two are exchanged, and how much shorter the edges at them get."""
    fewer, shorter = 0, 0.0
    for neighbours in sides:
        a, b = [[(place[item], place[x]) for item in entry for x, _ in neighbours[item]] for entry in (left, right)]
        fewer += sum([(i > j) - (i < j) for _, i in a for _, j in b])
        shorter += sum([abs(here - there) - abs(here + len(right) - there) for here, there in a])
        shorter += sum([abs(here - there) - abs(here - len(left) - there) for here, there in b])
    return fewer, shorter


def swung(rows, segments, routes):
    """The rows with pieces of long edges moved past what is beside them, where that makes fewer crossings or shorter edges.

    routes   the slots of each long edge that is not a column's
    """
    least, is_better = cost(rows, segments), True
    while is_better:
        is_better = False
        for route in routes:
            for side, i, j in product((1, -1), range(len(route)), range(len(route))):
                moved = moved_aside(rows, route[i : j + 1], side)
                new = cost(moved, segments)
                if new < least:
                    rows, least, is_better = moved, new, True
    return rows


def cost(rows, segments):
    place = {item: at for row in rows for item, at in centred(row).items()}
    length = sum([abs(place[segment.upper] - place[segment.lower]) for segment in segments])
    return crossings(rows, segments), length


def moved_aside(rows, route, side):
    """Each slot exchanged with its neighbour on that side; one at the end of its row stays."""
    moved = list(rows)
    for slot in route:
        row = moved[slot.row] = list(rows[slot.row])
        i = row.index((slot,))
        if 0 <= i + side < len(row):
            row[i], row[i + side] = row[i + side], row[i]
    return moved
