"""What is measured in pictures: equal columns, edges through boxes, crossings, edges that fuse, labels that overlap."""

import re
import cProfile
import pstats
from functools import cache, partial
from itertools import combinations
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.ft2font import FT2Font
from sheet import graph_a
from test_random_graphs import NODES, STEPS
from test_terms import graph_b

from autograd_engine import draw, gradient
from autograd_engine.layout import layout
from autograd_engine.placement import relaxed, spaced
from autograd_engine.terms import equal_terms
from autograd_nodes import Graph, Sigmoid, Variable

FONT = FT2Font(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf")


def graph_e():
    x, y = Variable(2.0, "x"), Variable(3.0, "y")
    product = x * y
    return Graph(product + product**2)


def neuron():
    w, x = [[Variable(value) for value in values] for values in ((2.0, -3.0, -3.0), (-1.0, -2.0))]
    return Graph(Sigmoid(w[0] * x[0] + w[1] * x[1] + w[2]))


def hidden_layer():
    rng = np.random.default_rng(3)
    x = [Variable(value, f"x_{i}") for i, value in enumerate(rng.normal(size=2))]
    h = [np.tanh(Variable(rng.normal()) + Variable(rng.normal()) * x[0] + Variable(rng.normal()) * x[1]) for _ in range(3)]
    return Graph(Variable(0.5) * h[0] + Variable(-0.5) * h[1] + Variable(0.25) * h[2])


def twice():
    a = Variable(2.0, "a")
    return Graph((a + a) * (a + a))


GRAPHS = {"A": graph_a, "B": graph_b, "E": graph_e, "neuron": neuron, "hidden layer": hidden_layer, "a + a": twice}
WAYS = {"formulas": (False, False), "swept": (True, False), "partials": (False, True), "swept, partials": (True, True)}


def random_graph(seed):
    rng = np.random.default_rng(seed)
    scalars = [name for name in STEPS if "axis" not in name and "transposed" not in name]
    nodes = [Variable(value) for value in rng.uniform(-1.0, 1.0, 3)]
    for _ in range(rng.integers(4, 12)):
        i, j = rng.integers(0, min(len(nodes), 6), 2)
        nodes.append(STEPS[rng.choice(scalars)](NODES, nodes[-1 - i], nodes[-1 - j]))
    return Graph(nodes[-1])


def pictured(graph, swept=False, partials=False):
    """Boxes {label: (left, top, right, bottom)}, edges {(user, place): points}, heads and labels {(user, place): rectangle},
    all read back from the SVG."""
    if swept:
        graph.backward()
    boxes, edges, heads, labels = {}, {}, {}, {}
    for g in ElementTree.fromstring(draw(graph, partials=partials).svg).iter():
        if "data-node" in g.attrib:
            x, y, width, height = [float(g.find("{*}rect").get(key)) for key in ("x", "y", "width", "height")]
            boxes[g.get("data-node")] = (x, y, x + width, y + height)
        if "data-edge" in g.attrib:
            source, user = g.get("data-edge").split()
            edge = source, user, int(g.get("data-place"))
            edges[edge] = along(g.find("{*}path").get("d"))
            heads[edge] = around(numbers(g.find("{*}polygon").get("points")))
            if "data-partial" in g.attrib:
                labels[edge] = around([point for mark in g.find("{*}g") for point in extent(mark)])
    assert len(boxes) == len(graph.nodes)
    assert len(edges) == sum([len(node.inputs) for node in graph.nodes])
    return SimpleNamespace(boxes=boxes, edges=edges, heads=heads, labels=labels)


@cache
def picture_of(name, way):
    return pictured(GRAPHS[name](), *WAYS[way])


def numbers(text):
    return np.array(re.findall(r"-?[\d.]+", text), float).reshape(-1, 2)


def along(path):
    """Points on cubic Bézier curves."""
    points, s = numbers(path), np.linspace(0.0, 1.0, 33)[:, None]
    curves = [points[i : i + 4] for i in range(0, len(points) - 1, 3)]
    pieces = [(1 - s) ** 3 * a + 3 * (1 - s) ** 2 * s * b + 3 * (1 - s) * s**2 * c + s**3 * d for a, b, c, d in curves]
    return np.concatenate(pieces)


def extent(mark):
    """Corners of a line, or of text in the font that is asked for."""
    if mark.get("points"):
        return numbers(mark.get("points"))
    size = float(mark.get("font-size", 12))
    FONT.set_size(size, 72)
    width = sum([FONT.load_char(ord(letter)).linearHoriAdvance / 65536 for letter in mark.text])
    x, y = float(mark.get("x")), float(mark.get("y"))
    return [(x - width / 2, y - 0.73 * size), (x + width / 2, y)]


def around(points):
    points = np.array(points)
    return (*points.min(axis=0), *points.max(axis=0))


def is_inside(points, rectangle, by=0.5):
    left, top, right, bottom = rectangle
    x, y = points.T
    return bool(((x > left + by) & (x < right - by) & (y > top + by) & (y < bottom - by)).any())


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def crossings(picture):
    """How often edges meet, as polygons of many corners."""
    return sum([len(meetings(a, b)) for a, b in combinations(picture.edges.values(), 2)])


def meetings(a, b):
    """Where two polygons cut each other."""
    p, r, q, s = a[:-1, None], np.diff(a, axis=0)[:, None], b[None, :-1], np.diff(b, axis=0)[None]
    turn = r[..., 0] * s[..., 1] - r[..., 1] * s[..., 0]
    gap = q - p
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (gap[..., 0] * s[..., 1] - gap[..., 1] * s[..., 0]) / turn
        u = (gap[..., 0] * r[..., 1] - gap[..., 1] * r[..., 0]) / turn
        return np.argwhere((t >= 0) & (t < 1) & (u >= 0) & (u < 1))


def assert_nothing_in_the_way(picture):
    """No box on another, no edge through a box, an arrow's head or a label, no label on anything."""
    things = [*picture.boxes.items(), *picture.heads.items(), *picture.labels.items()]
    for (name, a), (other, b) in combinations(things, 2):
        assert name == other or not overlap(a, b) or name in other, (name, other)
    for edge, points in picture.edges.items():
        for name, rectangle in things:
            assert not is_inside(points, rectangle), (edge, name)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_is_in_the_way_of_anything(name, way):
    assert_nothing_in_the_way(picture_of(name, way))


@pytest.mark.parametrize("seed", range(30))
def test_nothing_is_in_the_way_of_anything_in_random_graphs(seed):
    assert_nothing_in_the_way(pictured(random_graph(seed), *list(WAYS.values())[seed % 4]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["B", "hidden layer"])
def test_the_columns_of_equal_terms_are_congruent(name, way):
    graph = GRAPHS[name]()
    boxes = {label: np.array(box) for label, box in picture_of(name, way).boxes.items()}
    (group,) = equal_terms(graph)
    assert len(group) == 3
    for column in group:
        for node, first in zip(column, group[0], strict=True):
            aside = boxes[graph.label(node)] - boxes[graph.label(first)]
            root = boxes[graph.label(column[-1])] - boxes[graph.label(group[0][-1])]
            np.testing.assert_allclose(aside, root, atol=0.11)  # places are rounded to a tenth


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "least"), [("A", 0), ("B", 1), ("E", 0), ("neuron", 0), ("a + a", 0)])
def test_no_crossing_can_be_avoided(name, least, way):
    """B has K(3, 3) in it: three terms, each joined to w_0, to w_1 and to the sum. None can draw that without a crossing."""
    assert crossings(picture_of(name, way)) == least


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", GRAPHS)
def test_no_two_edges_share_a_piece_of_path(name, way):
    for a, b in combinations(picture_of(name, way).edges.values(), 2):
        lengths = np.linalg.norm(np.diff(a, axis=0), axis=1)
        near = np.linalg.norm(a[:-1, None] - b[None], axis=2).min(axis=1) < 3.0
        assert lengths[near].sum() < 20.0, "no longer than where two cross"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "most"), [("A", 9), ("B", 9), ("E", 3)])
def test_most_edges_run_straight_down(name, most, way):
    edges = picture_of(name, way).edges.values()
    assert sum([np.ptp(points[:, 0]) > 0.2 for points in edges]) <= most


def test_edges_end_at_their_boxes():
    picture = pictured(graph_b())
    for (source, user, _), points in picture.edges.items():
        left, _, right, bottom = picture.boxes[source]
        assert left < points[0, 0] < right
        assert points[0, 1] == pytest.approx(bottom, abs=0.11)
        left, top, right, _ = picture.boxes[user]
        assert left < points[-1, 0] < right
        assert points[-1, 1] == pytest.approx(top - 8, abs=0.11)


def test_each_operand_has_its_own_edge_in_the_layout():
    graph = twice()
    plan = layout(graph, dict.fromkeys(graph.nodes, (40.0, 20.0)))
    assert set(plan.curves) == {(node, place) for node in graph.operations for place in (0, 1)}
    assert set(plan.places) == set(graph.nodes)
    tips = {(graph.label(user), curve.tip.x) for (user, _), curve in plan.curves.items()}
    assert len(tips) == 6
    for curve in plan.curves.values():
        assert len(curve.points) % 3 == 1
        assert curve.points[-1].x == curve.tip.x
        assert curve.label is None


def squares(n):
    return Graph(sum([(Variable(i + 0.5) - 1) ** 2 for i in range(n)]))


def recurrent(n):
    w, h = Variable(0.5), Variable(0.1)
    for _ in range(n):
        h = np.tanh(w * h + Variable(0.1))
    return Graph(h)


def with_gradient(graph):
    (y,) = graph.outputs
    return Graph(y, *gradient(y, list(graph.leaves)))


def calls(work):
    """How many calls of Python's functions some work takes: a measure of its time that no other process disturbs."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile).total_calls


@pytest.mark.parametrize("make", [squares, recurrent])
def test_the_work_of_a_picture_does_not_explode_with_its_size(make):
    """Four times the nodes take at most sixteen times the work."""
    small, large = [calls(partial(draw, make(count), partials=True)) for count in (20, 80)]
    assert large < 16 * small


@pytest.mark.parametrize("make", [graph_a, graph_b])
def test_nothing_is_in_the_way_of_anything_in_the_graph_of_a_gradient(make):
    picture = pictured(with_gradient(make()), partials=True)
    assert_nothing_in_the_way(picture)


def test_a_graph_of_hundreds_of_nodes_can_be_laid_out():
    x = [Variable(0.1 * i) for i in range(8)]
    for _ in range(20):
        x = [np.sin(a + b) for a, b in zip(x, [*x[1:], x[0]], strict=True)]
    picture = pictured(Graph(*x))
    assert len(picture.boxes) == 8 + 20 * 16
    assert_nothing_in_the_way(SimpleNamespace(boxes=picture.boxes, edges={}, heads={}, labels={}))


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([20.0, 50.0], [20.0, 50.0]),
        ([50.0, 50.0], [43.5, 56.5]),  # 13 px apart, about the mean
        ([50.0, 40.0, 45.0], [32.0, 45.0, 58.0]),
        ([-30.0, 200.0], [0.0, 100.0]),
        ([0.0] * 11, [10.0 * i for i in range(11)]),  # no room for 13 px
    ],
)
def test_the_ends_of_edges_at_a_box_are_where_they_are_wanted_but_not_too_near_each_other(wanted, places):
    assert spaced(wanted, 0.0, 100.0) == pytest.approx(places)


def test_places_make_edges_short_as_far_as_there_is_room():
    springs, walls = [("a", "c", 0.0), ("b", "c", 0.0), ("c", "d", 10.0)], [("a", "b", 40.0)]
    x = relaxed(dict.fromkeys("abcd", 0.0), springs, walls)
    assert [x[key] - x["a"] for key in "bcd"] == pytest.approx([40.0, 20.0, 30.0], abs=0.01)
