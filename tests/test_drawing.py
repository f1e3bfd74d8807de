"""What can be wrong with a picture: what it shows of a graph, what runs into what, and how it treats names of others."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.ft2font import FT2Font
from sheet import HOSTILE, graph_a

from autograd_engine import draw
from autograd_engine.drawing import COLOURS
from autograd_engine.formulas import expression, symbol
from autograd_engine.notation import print_formula
from autograd_engine.typesetting import SVG, fraction, root, width_of, word
from autograd_nodes import Graph, Variable

ROOT = Path(__file__).parent.parent


def svg(graph):
    return ElementTree.fromstring(draw(graph).svg)


def groups(graph):
    """{label: the group of its box} in the picture."""
    return {g.get("data-node"): g for g in svg(graph).iter() if "data-node" in g.attrib}


def said(graph):
    """{label: the formula, the value and the adjoint of its box, in LaTeX}, read back from the picture."""
    kinds = ("data-formula", "data-value", "data-adjoint")
    return {label: [g.get(kind) for kind in kinds if kind in g.attrib] for label, g in groups(graph).items()}


def seen(graph):
    """{label: the letters in each line of its box}."""
    return {label: ["".join(line.itertext()) for line in g.findall("{*}g")] for label, g in groups(graph).items()}


def partials(graph):
    """{the edge, as its start, its tip and the operand's place: what it says, in LaTeX}."""
    edges = [g for g in ElementTree.fromstring(draw(graph, partials=True).svg).iter() if "data-edge" in g.attrib]
    return {f"{g.get('data-edge')} {g.get('data-place')}": g.get("data-partial") for g in edges}


def drawn_edges(graph):
    return sorted([g.get("data-edge") for g in svg(graph).iter() if "data-edge" in g.attrib])


def test_the_picture_has_the_nodes_and_edges_of_the_graph():
    graph = graph_a()
    assert set(groups(graph)) == {graph.label(node) for node in graph.nodes}
    assert drawn_edges(graph) == sorted([f"{graph.label(x)} {graph.label(node)}" for node in graph.nodes for x in node.inputs])
    assert len(groups(graph)) == 12
    assert len(drawn_edges(graph)) == 15


def test_an_operand_that_is_used_twice_has_two_edges():
    x = Variable(2.0, "x")
    assert drawn_edges(Graph(x * x)) == ["x t1", "x t1"]


def test_a_box_says_what_is_computed_in_the_order_of_the_operands():
    assert said(graph_a())["t8"] == [r"t_8 = \frac{t_3}{t_7}"]
    x, y = Variable(1.0, "x"), Variable(3.0, "y")
    assert said(Graph(y - x))["t1"] == ["t_1 = y - x"]
    assert seen(Graph(y - x))["t1"] == ["t1=y−x"]


def test_values_appear_after_a_forward_sweep_and_adjoints_after_a_backward_sweep():
    graph = graph_a()
    assert said(graph)["t7"] == ["t_7 = b t_2"]
    graph.forward()
    assert said(graph)["t7"] == ["t_7 = b t_2", "6.75"]
    graph.backward()
    assert said(graph)["t7"] == ["t_7 = b t_2", "6.75", r"\bar t_7 = -0.159122"]
    assert seen(graph)["t7"] == ["t7=bt2", "6.75", "t7=−0.159122"]
    graph.forward()
    assert said(graph)["t7"] == ["t_7 = b t_2", "6.75"]


def test_what_is_seen_is_what_the_attributes_say():
    graph = graph_a()
    graph.backward()
    for label, lines in said(graph).items():
        letters = [re.sub(r"\\(frac|sqrt|bar)|[\\ {}_^]", "", line).replace("-", "−") for line in lines]
        assert seen(graph)[label] == letters


def test_a_graph_that_was_never_swept_shows_no_values_even_if_a_leaf_has_changed():
    x = Variable(2.0, "x")
    graph = Graph(np.sqrt(x))
    x.value = 9.0
    assert said(graph) == {"x": ["x"], "t1": [r"t_1 = \sqrt{x}"]}


def test_a_changed_leaf_is_followed_and_the_old_adjoints_are_gone():
    x = Variable(2.0, "x")
    graph = Graph(x * x)
    graph.backward()
    x.value = 3.0
    assert said(graph)["t1"] == ["t_1 = x x", "9"]


def test_a_picture_shows_what_its_own_graph_has_found():
    x = Variable(2.0, "x")
    graph, other = Graph(x * x), Graph(3 * x)
    graph.backward()
    other.backward()
    assert said(graph)["x"] == ["x", "2", r"\bar x = 4"]
    x.value = 5.0
    other.backward()
    assert said(graph)["x"] == ["x", "5"]


def test_a_node_can_be_drawn_without_a_graph_of_it():
    x = Variable(2.0, "x")
    assert draw(x * x).svg == draw(Graph(x * x)).svg
    with pytest.raises(TypeError, match="made of nodes"):
        draw(2.0)


def test_numbers_have_six_decimals_at_most():
    x = Variable(7.25, "x")
    graph = Graph(np.sqrt(x) * 1e-9)
    graph.backward()
    assert said(graph)["t1"] == [r"t_1 = \sqrt{x}", "2.692582", r"\bar t_1 = 1 \cdot 10^{-9}"]
    assert said(graph)["x"] == ["x", "7.25", r"\bar x = 1.85695 \cdot 10^{-10}"]
    assert said(graph)["t2"][1] == r"2.69258 \cdot 10^{-9}"


def test_arrows_show_partial_derivatives_before_a_sweep_as_formulas():
    graph = graph_a()
    assert set(partials(graph).values()) == {
        "1", "2 c", "b", "t_2", r"\frac{1}{2 t_4}", r"\frac{1}{t_3}", r"\frac{1}{t_7}", r"-\frac{t_8}{t_7}",
    }  # fmt: skip
    assert partials(graph)["t2 t7 1"] == "b"
    assert partials(graph)["b t7 0"] == "t_2"


def test_arrows_show_partial_derivatives_after_a_sweep_with_their_values():
    graph = graph_a()
    graph.forward()
    shown = partials(graph)
    assert shown["c t2 0"] == "2 c = 3"
    assert shown["t3 t8 0"] == r"\frac{1}{t_7} = 0.148148"
    assert shown["a t1 0"] == "1"


def test_partial_derivatives_and_adjoints_in_a_picture_obey_the_chain_rule():
    graph = graph_a()
    graph.backward()
    adjoints = {label: float(lines[2].split(" = ")[1]) for label, lines in said(graph).items()}
    sums = dict.fromkeys(adjoints, 0.0) | {"t9": 1.0}
    for edge, partial in partials(graph).items():
        operand, user, _ = edge.split()
        sums[operand] += adjoints[user] * float(partial.split(" = ")[-1])
    assert sums == pytest.approx(adjoints, abs=5e-6)


def test_a_long_partial_derivative_gives_way_to_its_value():
    x, y = Variable(2.0, "x"), Variable(3.0, "exponent")
    graph = Graph(x**y)
    assert "x" in partials(graph)["x t1 0"]
    graph.forward()
    assert partials(graph)["x t1 0"] == "12"


def test_both_uses_of_an_operand_have_a_partial_derivative():
    x = Variable(2.0, "x")
    graph = Graph(x * x)
    graph.forward()
    assert partials(graph) == {"x t1 0": "x = 2", "x t1 1": "x = 2"}


def test_arrows_without_a_partial_derivative_show_none():
    x = Variable(np.array([1.0, 2.0]), "x")
    total = Graph(3.0 * np.sum(x * x))
    assert partials(total) == {"x t1 0": None, "x t1 1": None, "t1 t2 0": None, "v1 t3 0": None, "t2 t3 1": "3"}
    assert set(partials(Graph(np.sum(x))).values()) == {None}


def test_a_partial_derivative_that_does_not_exist_is_shown_as_a_formula_only():
    root = Graph(np.sqrt(Variable(0.0, "x")))
    root.forward()
    assert list(partials(root).values()) == [r"\frac{1}{2 t_1}"]


def test_a_notebook_shows_the_picture_without_being_run_and_says_it_in_words():
    graph = graph_a()
    graph.backward()
    drawing = draw(graph)
    bundle = drawing._repr_mimebundle_()
    image = ElementTree.fromstring(bundle["text/html"].replace("%\">", "%\"/>"))
    assert image.tag == "img"
    kind, encoded = image.get("src").split(",")
    assert kind == "data:image/svg+xml;base64"
    assert b64decode(encoded).decode() == bundle["image/svg+xml"] == drawing.svg
    assert bundle["text/plain"] == "computation graph of 12 nodes and 15 edges"
    assert image.get("alt").startswith("Computation graph: a, value 2, adjoint 0.471775; b, value 3")
    assert "; t7 = b t2, value 6.75, adjoint −0.159122; " in image.get("alt")
    assert ElementTree.fromstring(drawing.svg).get("aria-label") == image.get("alt")


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", [1, 2], ids=["light", "dark"])
def test_contrasts_suffice_on_light_and_on_dark_pages(page):
    """As WCAG 2 has it: 4.5 for text, 3 for lines."""
    colour = {name: values[page] for name, values in COLOURS.items()}
    for text, ground in [("ink", "leaf"), ("ink", "operation"), ("adjoint-ink", "leaf"), ("adjoint-ink", "operation")]:
        assert contrast(colour[text], colour[ground]) >= 4.5, (text, ground)
    assert contrast(colour["partial-ink"], colour["paper"]) >= 4.5
    for line, ground in [("edge", "paper"), ("head", "paper"), ("leaf-frame", "leaf"), ("operation-frame", "operation")]:
        assert contrast(colour[line], colour[ground]) >= 3, (line, ground)


BLIND = {  # to red, green and blue: linear RGB as it is seen. Machado, Oliveira and Fernandes (2009), severity 1
    "red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array([[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0177, 0.1095, 0.8728]])  # of linear RGB, white is 1


def lab(colour, blindness):
    """CIELAB, in which a difference of 2.3 is just noticeable."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]) ** 2.2
    x, y, z = np.cbrt(XYZ @ np.clip(np.array(BLIND[blindness]) @ rgb, 0.001, 1.0))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("blindness", BLIND)
@pytest.mark.parametrize("page", [1, 2], ids=["light", "dark"])
def test_colour_blind_readers_tell_colours_apart(page, blindness):
    inks = combinations(["ink", "adjoint-ink", "partial-ink"], 2)
    for pair in [*inks, ("leaf-frame", "operation-frame")]:
        one, other = [lab(COLOURS[name][page], blindness) for name in pair]
        assert np.linalg.norm(one - other) > 15, pair


def test_everything_that_is_drawn_has_a_colour_for_both_pages_and_one_for_readers_without_style_sheets():
    graph = graph_a()
    graph.backward()
    root = ElementTree.fromstring(draw(graph, partials=True).svg)
    (style,) = root.iterfind("{*}style")
    shapes = [one for one in root.iter() if one.tag.split("}")[1] in ("rect", "path", "polygon", "polyline", "text")]
    assert len(shapes) > 100
    for shape in shapes:
        for name in shape.get("class").split():
            what, light, dark = COLOURS[name]
            assert shape.get(what) == light
            assert f".{name} {{ {what}: light-dark({light}, {dark}) }}" in style.text


def test_leaves_operations_and_results_have_different_shapes():
    frames = {g.get("data-node"): g.findall("{*}rect") for g in svg(graph_a()).iter() if "data-node" in g.attrib}
    corner = {label: float(rectangles[0].get("rx")) for label, rectangles in frames.items()}
    assert corner["a"] > 2 * corner["t1"]
    assert frames["a"][0].get("fill") != frames["t1"][0].get("fill")
    assert [label for label, rectangles in frames.items() if len(rectangles) == 2] == ["t9"]


def test_no_boxes_overlap_and_what_is_in_a_box_fits():
    graph = graph_a()
    graph.backward()
    boxes = []
    for g in groups(graph).values():
        x, y, width, height = [float(g.find("{*}rect").get(key)) for key in ("x", "y", "width", "height")]
        boxes.append((x, y, x + width, y + height))
        for text in g.iterfind(".//{*}text"):
            centre, size = float(text.get("x")), float(text.get("font-size", 12))
            half = 0.55 * size * len(text.text) / 2
            assert y + 0.8 * size < float(text.get("y")) < y + height - 0.2 * size
            assert x < centre - half < centre + half < x + width
        for line in g.iterfind(".//{*}polyline"):
            for point in line.get("points").split():
                across, down = map(float, point.split(","))
                assert x < across < x + width
                assert y < down < y + height
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom in boxes[:i]:
            assert left > other_right or right < other_left or top > other_bottom or bottom < other_top


def test_letters_do_not_run_into_each_other():
    x, y, weights = Variable(2.0, "x"), Variable(3.0, "y_12"), Variable(1.0, "weights")
    node = np.sqrt(np.log(x * weights) / (weights * y)) + x ** (y / x) * 1e-17
    box = print_formula(expression(node, {z: symbol(z.name) for z in (x, y, weights)}, SVG), SVG)
    for m in box.marks:
        for left, top in m.what if isinstance(m.what, tuple) else ():
            assert 0.0 <= m.x + m.scale * left <= box.width
            assert -box.above <= m.y + m.scale * top <= box.below
    placed = [(m.x, m.y - 0.7 * 12 * m.scale, m.x + m.width * m.scale, m.y) for m in box.marks if isinstance(m.what, str)]
    for i, (left, top, right, bottom) in enumerate(placed):
        assert -0.01 <= left < right <= box.width + 0.01
        assert -box.above <= top < bottom <= box.below
        for other_left, other_top, other_right, other_bottom in placed[:i]:
            across = min(right, other_right) - max(left, other_left)
            down = min(bottom, other_bottom) - max(top, other_top)
            assert across < 0.01 or down < 0.01


def test_a_fraction_has_its_rule_between_and_a_root_its_bar_above():
    x, y = word("x"), word("y")
    over, under, (*_, rule) = fraction(x, y).marks[0], fraction(x, y).marks[1], fraction(x, y).marks
    (left, height), (right, _) = rule.what
    assert over.y < height < under.y
    assert left <= min(over.x, under.x)
    assert right >= max(over.x, under.x) + x.width
    inside, sign = root(x).marks
    assert -root(x).above < sign.what[-1][1] < inside.y - 9
    assert sign.what[-1][0] >= inside.x + x.width
    assert sign.what[-2][0] <= inside.x


def test_an_exponent_stands_above_an_index():
    x = Variable(2.0, "t_12")
    base, index, exponent = print_formula(expression(x**2, {x: symbol("t_12")}, SVG), SVG).marks
    exponent, index = sorted([index, exponent], key=lambda mark: mark.y)
    assert (base.what, index.what, exponent.what) == ("t", "12", "2")
    assert index.x == exponent.x == pytest.approx(base.x + base.width, abs=1)
    assert exponent.y < index.y - 0.73 * 12 * index.scale


def test_small_letters_are_not_under_8_px():
    x, y = Variable(2.0, "x_1"), Variable(3.0, "y_2")
    box = print_formula(expression(x ** (y ** (x / y)) * 1e-17, {z: symbol(z.name) for z in (x, y)}, SVG), SVG)
    assert min([12 * mark.scale for mark in box.marks if isinstance(mark.what, str)]) == pytest.approx(8)


def test_there_are_no_gaps_around_the_dot():
    x = Variable(2.0, "x")
    left, dot, right = print_formula(expression(x * 7.0, {x: symbol("x")}, SVG), SVG).marks
    assert dot.what == "·"
    assert 0 < dot.x - left.x - left.width < 2
    assert 0 < right.x - dot.x - dot.width < 2


def test_the_table_of_widths_is_that_of_the_font_which_is_asked_for_first():
    font = FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")))
    font.set_size(1200, 72)
    for letter in map(chr, (*range(32, 127), *map(ord, "−·∂√²ᵀ→"))):
        true = font.load_char(ord(letter)).linearHoriAdvance / 65536 / 1200
        assert true - 0.01 <= width_of(letter) / 12 <= true + 0.13, letter


def test_the_picture_prints_at_8_points_or_more_on_a4():
    w0, w1 = Variable(1.0, "w_0"), Variable(1.0, "w_1")
    terms = [(w0 + w1 * Variable(i, f"x_{i}") - Variable(i, f"y_{i}")) ** 2 for i in (1, 2, 3)]
    graph = Graph(terms[0] + terms[1] + terms[2])
    graph.backward()
    picture = svg(graph)
    on_paper = min(160 / 25.4 * 72 / float(picture.get("width")), 0.75)  # points a pixel, 160 mm wide at most
    assert float(picture.get("font-size")) * on_paper >= 8


def test_the_same_graph_gives_the_same_picture():
    assert draw(graph_a()).svg == draw(graph_a()).svg


def test_the_same_graph_gives_the_same_picture_in_every_process():
    script = "from sheet import graph_a; from autograd_engine import draw; import sys; sys.stdout.write(draw(graph_a()).svg)"
    path = os.pathsep.join(["tests", "."])
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        process = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, cwd=ROOT, check=True)
        assert process.stdout.decode() == draw(graph_a()).svg


def test_a_saved_picture_is_the_one_that_is_shown(tmp_path):
    drawing = draw(graph_a())
    drawing.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == drawing._repr_svg_()


def test_a_picture_is_only_saved_as_svg(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg"):
        draw(graph_a()).save(tmp_path / "a.png")


def test_a_hostile_name_is_shown_as_it_is_and_is_no_markup():
    graph = graph_a(("a", "b", HOSTILE))
    assert seen(graph)["v1"] == [f"v1:{HOSTILE}"]
    assert said(graph)["v1"] == ["v_1"]  # attributes have labels only
    assert "<script" not in draw(graph).svg


@pytest.mark.parametrize("name", ["n" * 120, "the rate of growth, " * 20], ids=["one word", "a sentence"])
def test_a_long_name_is_shortened_in_its_box_but_not_in_words(name):
    graph = Graph(Variable(2.0, name) * 3.0)
    drawing = draw(graph)
    assert drawing.layout.width < 500
    (leaf,) = [g for g in groups(graph).values() if g.find("{*}title") is not None and g.get("data-node") != "t1"]
    assert any([letters.endswith("…") for letters in seen(graph)[leaf.get("data-node")]])
    assert name in leaf.find("{*}title").text
    assert name in drawing.alternative


def test_a_picture_within_a_page_takes_the_page_for_light_or_dark_and_one_by_itself_the_choice_of_the_reader():
    assert re.findall(r"(\S+) { color-scheme: light dark }", draw(graph_a()).svg) == [":root.computation-graph"]


def test_a_node_alone_and_graphs_that_share_nothing_can_be_drawn():
    assert set(groups(Graph(Variable(2.0, "x")))) == {"x"}
    outputs = [np.sqrt(Variable(2.0, "x")), np.exp(Variable(3.0, "y")), Variable(1.0, "z")]
    assert set(groups(Graph(*outputs))) == {"x", "y", "z", "t1", "t2"}


@pytest.mark.parametrize("name", ["\x00", "\x1b[31m", "\ufffe", "\ud800", "a\nb"], ids=ascii)
def test_what_cannot_be_shown_in_a_name_is_replaced(name, tmp_path):
    graph = Graph(Variable(2.0, name) * 2)
    draw(graph).save(tmp_path / "a.svg")
    assert "\ufffd" in seen(graph)["v1"][0]
