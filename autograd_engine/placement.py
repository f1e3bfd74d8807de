"""Where the items of rows stand, from left to right, once their order is known; and where edges end at boxes."""

import math
from collections import defaultdict

from autograd_engine.ordering import flat, places

APART = 14.0  # between neighbours in a row: room for an arrow's head and a little more
HEADS_APART, CORNER = 13.0, 11.0  # between the ends of edges at a box, at least; and from its round corners
STIFF = 8.0  # a long edge is pulled to straight above its end so many times as strongly as beneath its start: it bends once
NUDGE = 24.0  # how far something is moved at most so that an edge is straight
SETTLINGS = 3  # how often, since one may make room for another
ROUNDS, REPAIRS = 300, 4  # how often springs pull, and how often walls push each time: more moves nothing of A or B by a px
WORK = 1_000_000  # springs and walls looked at, all in all: large graphs get fewer rounds
SLIDES = 6  # how often the two ends of an edge follow each other: they meet halfway
OTHER = {"upper": "lower", "lower": "upper"}


def placed(rows, segments, bodies):
    """{item: x}, for short edges: the least sum of squares of how far segments lead to the side, none too near its neighbour.

    bodies   {item: (the item with which it moves as one piece, how far to the right of that)}, for items that do not move alone
    """
    bodies = straightened(rows, segments, bodies)
    springs, walls = [], {}
    for segment in segments:
        (a, from_a), (b, from_b) = bodies[segment.upper], bodies[segment.lower]
        if a is not b:
            springs.append((a, b, from_a - from_b, STIFF if segment.upper.is_slot else 1.0))
    for row in map(flat, rows):
        for left, right in zip(row, row[1:]):
            (a, from_a), (b, from_b) = bodies[left], bodies[right]
            if a is not b:
                gap = left.right + APART + right.left + from_a - from_b
                walls[a, b] = max(gap, walls.get((a, b), gap))
    walls = [(a, b, gap) for (a, b), gap in walls.items()]
    x = relaxed([body for body, _ in bodies.values()], springs, walls)
    for _ in range(min(SETTLINGS, WORK // (10 * len(segments) + 1))):
        at = ends(rows, segments, {item: x[body] + offset for item, (body, offset) in bodies.items()})
        settle(x, {segment: (bodies[segment.upper][0], bodies[segment.lower][0]) for segment in segments}, walls, at)
    return {item: x[body] + offset for item, (body, offset) in bodies.items()}


def straightened(rows, segments, bodies):
    """The bodies, with those of long edges, whose slots are one piece as far as it crosses no other and no column."""
    bodies = {item: bodies.get(item, (item, 0.0)) for row in rows for item in flat(row)}
    place, below_of = places(rows), defaultdict(list)
    for segment in segments:
        if segment.upper.is_slot and segment.lower.is_slot and bodies[segment.lower][0] is segment.lower:
            below_of[segment.upper].append(segment.lower)
    for row, below in zip(map(flat, rows), map(flat, rows[1:])):
        members = defaultdict(list)
        for item in below:
            members[bodies[item][0]].append(place[item])
        rigid = [(place[item], j) for item in row for j in members[bodies[item][0]]]
        for a, b in [(upper, lower) for upper in row for lower in below_of[upper]]:
            if all([(place[a] - i) * (place[b] - j) > 0 for i, j in rigid]):
                rigid.append((place[a], place[b]))
                bodies[b] = bodies[a]
    return bodies


def relaxed(bodies, springs, walls):
    """{body: x} with the least sum of weight (x[a] + d − x[b])² over springs (a, b, d, weight), and x[b] − x[a] ≥ gap for
    walls (a, b, gap).

    Each round moves everything half the way to where its springs would have it, and then repairs walls one by one after
    Hildreth (*A quadratic programming procedure*, Naval Research Logistics Quarterly 4, 1957).
    """
    x, weights, forces = dict.fromkeys(bodies, 0.0), dict.fromkeys(bodies, 1e-3), [0.0] * len(walls)
    push(x, walls)
    for a, b, _, weight in springs:
        weights[a] += weight
        weights[b] += weight
    gives = {body: 0.5 / weight for body, weight in weights.items()}
    for _ in range(min(ROUNDS, WORK // (len(springs) + REPAIRS * len(walls) + 1))):
        pull = dict.fromkeys(x, 0.0)
        for a, b, d, weight in springs:
            stretch = weight * (x[a] + d - x[b])
            pull[a] -= stretch
            pull[b] += stretch
        for (a, b, _), force in zip(walls, forces):  # of the last round, which are about right
            pull[a] -= force
            pull[b] += force
        for body, give in gives.items():
            x[body] += give * pull[body]
        for _ in range(REPAIRS):
            for i, (a, b, gap) in enumerate(walls):
                force = max(0.0, forces[i] + (gap - x[b] + x[a]) / (gives[a] + gives[b]))
                change, forces[i] = force - forces[i], force
                x[a] -= change * gives[a]
                x[b] += change * gives[b]
    push(x, walls)
    return x


def settle(x, joined, walls, at):
    """Move what is nearly straight beneath the start of an edge to where it is, as far as there is room."""
    before, behind = defaultdict(list), defaultdict(list)
    for a, b, gap in walls:
        before[b].append((a, gap))
        behind[a].append((b, gap))
    for segment, (a, b) in joined.items():
        aside = at[segment, "upper"] - at[segment, "lower"]
        if a is not b and 0.0 < abs(aside) < NUDGE:
            left = max([x[a] + gap for a, gap in before[b]], default=-math.inf)
            right = min([x[c] - gap for c, gap in behind[b]], default=math.inf)
            x[b] = min(max(x[b] + aside, left), right)


def push(x, walls):
    """Move everything to the right until no wall is too near."""
    is_done = False
    while not is_done:
        is_done = True
        for a, b, gap in walls:
            if x[b] < x[a] + gap - 1e-9:
                x[b], is_done = x[a] + gap, False


def ends(rows, segments, x):
    """{(segment, "upper" or "lower"): x}: ends slide along their boxes to where the segment runs straight down, as far as there
    is room, in the order of what is at the other ends."""
    place, meetings, at = places(rows), defaultdict(list), {}
    for segment in segments:
        for end in OTHER:
            item = getattr(segment, end)
            at[segment, end] = x[item]
            if not item.is_slot:
                meetings[item, end].append(segment)
    for (_, end), meeting in meetings.items():
        meeting.sort(key=lambda segment: place[getattr(segment, OTHER[end])])
    for _ in range(SLIDES):
        for (item, end), meeting in meetings.items():
            half = (item.left + item.right) / 2 - CORNER
            found = spaced([at[segment, OTHER[end]] for segment in meeting], x[item] - half, x[item] + half)
            at.update(zip([(segment, end) for segment in meeting], found))
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
    nearest = [place for place, count in groups for _ in range(count)]
    return [min(max(place, left), right - (len(wanted) - 1) * apart) + i * apart for i, place in enumerate(nearest)]
