"""Where the items of rows stand, from left to right, once their order is known; and where edges end at boxes."""

import math
from collections import defaultdict

from autograd_engine.layering import Item
from autograd_engine.ordering import flat

APART = 14.0  # between neighbours in a row
PORTS_APART, HEADS_APART, CORNER = 22.0, 13.0, 11.0  # between ends of edges at a box: at first, at least; and from its corners
NUDGE = 10.0  # how far a box moves at most for an edge to be straight
ROUNDS, REPAIRS, SETTLINGS, SLIDES = 300, 4, 3, 6  # how often: more changes no picture of the sheet by a px
OTHER = {"upper": "lower", "lower": "upper"}


def placed(entries, segments, bodies):
    """{item: x}, for short edges: the least sum of squares of how far segments lead to the side, none too near its neighbour.

    bodies   {item: (whatever moves as one piece, the item's place in it)}, for items that do not move alone
    """
    bodies = joined(entries, segments, bodies)
    ports = ports_of(entries, segments)
    springs = []
    for segment in segments:
        (a, from_a), (b, from_b) = bodies[segment.upper], bodies[segment.lower]
        if a is not b:
            springs.append((a, b, from_a + ports[segment, "upper"] - from_b - ports[segment, "lower"]))
    walls = {}
    for row in map(flat, entries):
        for left, right in zip(row, row[1:]):
            (a, from_a), (b, from_b) = bodies[left], bodies[right]
            if a is not b:
                gap = left.right + APART + right.left + from_a - from_b
                walls[a, b] = max(gap, walls.get((a, b), gap))
    walls = [(a, b, gap) for (a, b), gap in walls.items()]
    x = relaxed({body: 0.0 for body, _ in bodies.values()}, springs, walls)
    for _ in range(SETTLINGS):
        settle(x, bodies, walls, entries, segments)
    return {item: x[body] + offset for item, (body, offset) in bodies.items()}


def settle(x, bodies, walls, entries, segments):
    """Move a box that is nearly straight beneath the start of an edge to where it is, and a long edge to straight beneath its
    start or straight above its end, whichever is nearer; as far as there is room."""
    at = ends(entries, segments, {item: x[body] + offset for item, (body, offset) in bodies.items()})
    moves = defaultdict(list)
    for segment in segments:
        a, b = bodies[segment.upper][0], bodies[segment.lower][0]
        aside = at[segment, "upper"] - at[segment, "lower"]
        if a is not b and (is_long_edge(b) or 0 < abs(aside) < NUDGE):
            moves[b].append(aside)
        if a is not b and is_long_edge(a):
            moves[a].append(-aside)
    before, behind = defaultdict(list), defaultdict(list)
    for a, b, gap in walls:
        before[b].append((a, gap))
        behind[a].append((b, gap))
    for body, found in moves.items():
        if isinstance(body, Item):
            left = max([x[a] + gap for a, gap in before[body]], default=-math.inf)
            right = min([x[b] - gap for b, gap in behind[body]], default=math.inf)
            x[body] = min(max(x[body] + min(found, key=abs), left), right)


def is_long_edge(body):
    return isinstance(body, Item) and body.is_slot


def joined(entries, segments, bodies):
    """The bodies, with those of long edges, which run straight down as far as none crosses another or a column."""
    bodies = {item: bodies.get(item, (item, 0.0)) for row in entries for item in flat(row)}
    place = {item: i for row in entries for i, item in enumerate(flat(row))}
    below_of = defaultdict(list)
    for segment in segments:
        if segment.upper.is_slot and segment.lower.is_slot:
            below_of[segment.upper].append(segment.lower)
    for row, below in zip(map(flat, entries), map(flat, entries[1:])):
        rigid = rigid_pairs(row, below, bodies, place)
        for a, b in [(upper, lower) for upper in row for lower in below_of[upper]]:
            is_free = all([(place[a] - i) * (place[b] - j) > 0 for i, j in rigid])
            if bodies[b][0] is b and is_free:
                rigid.append((place[a], place[b]))
                bodies[b] = bodies[a]
    return bodies


def rigid_pairs(row, below, bodies, place):
    first = defaultdict(list)
    for item in below:
        first[bodies[item][0]].append(place[item])
    return [(place[item], j) for item in row for j in first.get(bodies[item][0], [])]


def joints(entries, segments):
    """{(item, which end of its segments): the segments, in the order of what is at their other ends}."""
    place = {item: i for row in entries for i, item in enumerate(flat(row))}
    found = defaultdict(list)
    for segment in segments:
        found[segment.upper, "upper"].append(segment)
        found[segment.lower, "lower"].append(segment)
    for (_, end), meeting in found.items():
        meeting.sort(key=lambda segment: (place[getattr(segment, OTHER[end])], segment.number))
    return found


def ports_of(entries, segments):
    """{(segment, end): how far from the middle of its item}, evenly."""
    ports = {}
    for (item, end), meeting in joints(entries, segments).items():
        apart = min(PORTS_APART, (item.left + item.right - 2 * CORNER) / len(meeting))
        for i, segment in enumerate(meeting):
            ports[segment, end] = apart * (i - (len(meeting) - 1) / 2)
    return ports


def ends(entries, segments, x):
    """{(segment, end): x}: ends slide along their boxes to where the segment runs straight down, as far as there is room."""
    found, at = joints(entries, segments), {}
    for (segment, end), port in ports_of(entries, segments).items():
        at[segment, end] = x[getattr(segment, end)] + port
    for _ in range(SLIDES):
        for (item, end), meeting in found.items():
            if not item.is_slot:
                half = (item.left + item.right) / 2 - CORNER
                wanted = [at[segment, OTHER[end]] for segment in meeting]
                for segment, place in zip(meeting, spaced(wanted, x[item] - half, x[item] + half)):
                    at[segment, end] = place
    return at


def spaced(wanted, left, right):
    """The places between left and right, in this order and not too near each other, that are nearest to those wanted: where
    they are too near, groups of neighbours take the mean (isotonic regression)."""
    apart = min(HEADS_APART, (right - left) / max(len(wanted) - 1, 1))
    groups = []
    for i, place in enumerate(wanted):
        groups.append((place - i * apart, 1))
        while len(groups) > 1 and groups[-2][0] >= groups[-1][0]:
            (a, m), (b, n) = groups[-2:]
            groups[-2:] = [((a * m + b * n) / (m + n), m + n)]
    places = [place for place, count in groups for _ in range(count)]
    return [min(max(place, left), right - (len(wanted) - 1) * apart) + i * apart for i, place in enumerate(places)]


def relaxed(x, springs, walls):
    """The least sum of (x[a] + d − x[b])² over springs (a, b, d), with x[b] − x[a] ≥ gap for walls (a, b, gap).

    Each round moves everything half the way to where its springs would have it, and then repairs walls one by one after
    Hildreth (*A quadratic programming procedure*, Naval Research Logistics Quarterly 4, 1957).
    """
    pushed(x, walls)
    weights, forces = dict.fromkeys(x, 0), dict.fromkeys(walls, 0.0)
    for a, b, _ in springs:
        weights[a] += 1
        weights[b] += 1
    for _ in range(ROUNDS):
        pull = dict.fromkeys(x, 0.0)
        for a, b, d in springs:
            stretch = x[a] + d - x[b]
            pull[a] -= stretch
            pull[b] += stretch
        for wall in walls:  # forces of the last round, which are about right
            a, b, _ = wall
            pull[a] -= forces[wall]
            pull[b] += forces[wall]
        for body, weight in weights.items():
            x[body] += 0.5 * pull[body] / max(weight, 1)
        for _ in range(REPAIRS):
            for wall in walls:
                a, b, gap = wall
                give = 0.5 / max(weights[a], 1), 0.5 / max(weights[b], 1)
                force = max(0.0, forces[wall] + (gap - x[b] + x[a]) / (give[0] + give[1]))
                change, forces[wall] = force - forces[wall], force
                x[a] -= change * give[0]
                x[b] += change * give[1]
    pushed(x, walls)
    return x


def pushed(x, walls):
    """Everything moved to the right until no wall is too near."""
    is_done = False
    while not is_done:
        is_done = True
        for a, b, gap in walls:
            if x[b] < x[a] + gap - 1e-9:
                x[b], is_done = x[a] + gap, False
