"""What can be wrong with a view: what it says of a graph, what it hides, and how it treats names that are not ours."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from autograd_nodes import Constant, Graph, Node, Variable, eliminate_common_subexpressions
from autograd_views import adjoint_equations, draw, evaluation_trace

HOSTILE = '<script>alert("x")</script> | $x$ & \\t1'


def graph_a(names="abc"):
    a, b, c = [Variable(value, name) for value, name in zip((2.0, 3.0, 1.5), names, strict=True)]
    y = np.sqrt(a + b + c**2) + np.log(a + b + c**2) + (a + b + c**2) / (b * c**2)
    return Graph(eliminate_common_subexpressions(y))


def svg(graph):
    return ElementTree.fromstring(draw(graph).svg)


def drawn_nodes(graph):
    """{label: the lines of text in its box}, read back from the picture."""
    groups = [g for g in svg(graph).iter() if "data-node" in g.attrib]
    return {g.get("data-node"): ["".join(text.itertext()) for text in g if text.tag.endswith("text")] for g in groups}


def drawn_edges(graph):
    return sorted([g.get("data-edge") for g in svg(graph).iter() if "data-edge" in g.attrib])


def column(table, index):
    return ["".join(row[index]) for row in table.rows]


def test_the_picture_has_the_nodes_and_edges_of_the_graph():
    graph = graph_a()
    assert set(drawn_nodes(graph)) == {graph.label(node) for node in graph.nodes}
    assert drawn_edges(graph) == sorted([f"{graph.label(x)} {graph.label(node)}" for node in graph.nodes for x in node.inputs])
    assert len(drawn_nodes(graph)) == 12
    assert len(drawn_edges(graph)) == 15


def test_an_operand_that_is_used_twice_has_two_edges():
    x = Variable(2.0, "x")
    assert drawn_edges(Graph(x * x)) == ["x t1", "x t1"]


def test_a_box_says_what_is_computed_in_the_order_of_the_operands():
    assert drawn_nodes(graph_a())["t8"] == ["t8 = t3 / t7"]
    x, y = Variable(1.0, "x"), Variable(3.0, "y")
    assert drawn_nodes(Graph(y - x))["t1"] == ["t1 = y − x"]


def test_values_appear_after_a_forward_sweep_and_adjoints_after_a_backward_sweep():
    graph = graph_a()
    assert drawn_nodes(graph)["t7"] == ["t7 = b · t2"]
    graph.forward()
    assert drawn_nodes(graph)["t7"] == ["t7 = b · t2", "6.75"]
    graph.backward()
    assert drawn_nodes(graph)["t7"] == ["t7 = b · t2", "6.75", "t̄7 = −0.159122"]
    graph.forward()
    assert drawn_nodes(graph)["t7"] == ["t7 = b · t2", "6.75"]


def test_a_graph_that_was_never_swept_shows_no_values_even_if_a_leaf_has_changed():
    x = Variable(2.0, "x")
    graph = Graph(np.sqrt(x))
    x.value = 9.0
    assert drawn_nodes(graph) == {"x": ["x"], "t1": ["t1 = √x"]}


def test_leaves_operations_and_results_have_different_shapes():
    frames = {g.get("data-node"): g.findall("{*}rect") for g in svg(graph_a()).iter() if "data-node" in g.attrib}
    corner = {label: float(rectangles[0].get("rx")) for label, rectangles in frames.items()}
    assert corner["a"] > 2 * corner["t1"]
    assert frames["a"][0].get("fill") != frames["t1"][0].get("fill")
    assert [label for label, rectangles in frames.items() if len(rectangles) == 2] == ["t9"]


def test_no_boxes_overlap_and_every_text_fits_its_box():
    graph = graph_a()
    graph.backward()
    boxes = []
    for g in svg(graph).iter():
        if "data-node" in g.attrib:
            x, y, width, height = [float(g.find("{*}rect").get(key)) for key in ("x", "y", "width", "height")]
            boxes.append((x, y, x + width, y + height))
            for text in g.findall("{*}text"):
                assert y < float(text.get("y")) < y + height
                assert 12 * 0.55 * len("".join(text.itertext())) < width
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom in boxes[:i]:
            assert left > other_right or right < other_left or top > other_bottom or bottom < other_top


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


def test_a_saved_picture_is_the_one_that_is_shown(tmp_path):
    drawing = draw(graph_a())
    drawing.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == drawing._repr_svg_()


def test_a_picture_is_only_saved_as_svg(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg"):
        draw(graph_a()).save(tmp_path / "a.png")


def test_the_trace_has_a_row_for_each_node_leaves_first():
    graph = graph_a()
    graph.backward()
    trace = evaluation_trace(graph)
    assert column(trace, 0) == [
        "a", "b", "c", "t1 = a + b", "t2 = c²", "t3 = t1 + t2", "t4 = √t3", "t5 = log(t3)", "t6 = t4 + t5", "t7 = b · t2",
        "t8 = t3 / t7", "t9 = t6 + t8",
    ]  # fmt: skip
    assert column(trace, 1)[-1] == "5.74766"
    assert column(trace, 3)[:3] == ["0.471775", "0.11375", "−0.0167752"]


def test_the_trace_has_no_adjoints_before_a_backward_sweep():
    assert set(column(evaluation_trace(graph_a()), 3)) == {""}


def test_each_adjoint_equation_names_exactly_the_users_of_the_node():
    graph = graph_a()
    equations = column(adjoint_equations(graph), 0)
    assert len(equations) == 12
    assert equations[0] == "t̄9 = 1"
    assert "t̄3 = t̄4 ∂t4/∂t3 + t̄5 ∂t5/∂t3 + t̄8 ∂t8/∂t3" in equations
    for node in graph.nodes[:-1]:
        users = [graph.label(user) for user in graph.nodes if any(x is node for x in user.inputs)]
        label = graph.label(node)
        right = next(e.split(" = ")[1] for e in equations if e.startswith(label[0] + "\u0304" + label[1:] + " ="))
        assert re.findall(r"∂(\w+)/", right) == users


def test_local_partial_derivatives_are_evaluated():
    partials = " ".join(column(adjoint_equations(graph_a()), 1))
    for formula in ("∂t4/∂t3 = 1 / (2 · t4)", "∂t5/∂t3 = 1 / t3", "∂t8/∂t3 = 1 / t7", "∂t8/∂t7 = −t8 / t7", "∂t2/∂c = 2 · c"):
        assert formula in partials


def test_the_local_partials_are_those_of_the_rules():
    class Cube(Node):
        def forward(x): return x * x * x
        backward = (lambda grad, t, x: grad * 7.0 * x,)  # wrong, on purpose

    x = Variable(2.0, "x")
    assert column(adjoint_equations(Graph(Cube(x))), 1) == ["", "∂t1/∂x = 7 · x"]


def test_a_value_used_twice_by_one_node_is_one_product_with_both_partials():
    x = Variable(3.0, "x")
    table = adjoint_equations(Graph(x * x))
    assert [column(table, 0)[1], column(table, 1)[1]] == ["x̄ = t̄1 ∂t1/∂x", "∂t1/∂x = x + x"]


def test_a_constant_without_a_name_stands_in_the_formulas_as_its_value():
    x = Variable(3.0, "x")
    trace = evaluation_trace(Graph(2 * x + Constant(4.0, "k")))
    assert column(trace, 0) == ["x", "k", "t1 = 2 · x", "t2 = t1 + k"]


def test_of_arrays_the_vector_jacobian_product_is_shown():
    x = Variable([1.0, 2.0], "x")
    assert column(adjoint_equations(Graph(np.sum(np.exp(x)))), 1)[1:] == ["t̄2 ∂t2/∂t1 = t̄2", "t̄1 ∂t1/∂x = t̄1 · t1"]


@pytest.mark.parametrize("view", [evaluation_trace, adjoint_equations])
def test_a_graph_of_several_outputs_has_no_adjoints(view):
    x = Variable(1.0)
    with pytest.raises(ValueError, match="one output"):
        view(Graph(x + 1, x * 2))


def test_a_hostile_name_is_shown_as_it_is_and_is_no_markup():
    graph = graph_a(("a", "b", HOSTILE))
    assert drawn_nodes(graph)["v1"][0] == f"v1: {HOSTILE}"
    assert "<script" not in draw(graph).svg
    trace = evaluation_trace(graph)
    assert f"v1: {HOSTILE}" in repr(trace)
    assert "<script" not in trace._repr_html_()
    row = next(line for line in trace.markdown.splitlines() if "v_1: " in line)
    assert row.count("|") == 5
    assert "<" not in row


def test_html_escapes_and_italicises():
    cell = evaluation_trace(graph_a())._repr_html_()
    assert "<i>t</i><sub>8</sub> = <i>t</i><sub>3</sub> / <i>t</i><sub>7</sub>" in cell
    assert "log(<i>t</i><sub>3</sub>)" in cell


def test_text_tables_are_aligned():
    header, ruler, *rows = repr(adjoint_equations(graph_a())).splitlines()
    plain = [re.sub("[\u0304\u0305]", "", row) for row in rows[1:]]
    starts = {re.search("(?<=  )∂", row).start() for row in plain}
    assert starts == {header.index("local")} == {ruler.rindex("  ") + 2}


def test_markdown_has_latex_that_github_renders():
    markdown = adjoint_equations(graph_a()).markdown
    assert r"$\bar t_8 = \bar t_9 \frac{\partial t_9}{\partial t_8}$" in markdown
    assert r"\frac{\partial t_4}{\partial t_3} = 1 / (2 \cdot t_4)" in markdown
    assert r"$t_4 = \sqrt{t_3}$" in evaluation_trace(graph_a()).markdown
    assert not re.search("[·−√²̄]", markdown)


@pytest.mark.parametrize(
    ("build", "formula"),
    [
        (lambda x, y: (x + y) * x, "(x + y) · x"),
        (lambda x, y: x - (y - x), "x − (y − x)"),
        (lambda x, y: x / (y / x), "x / (y / x)"),
        (lambda x, y: -(x + y), "−(x + y)"),
        (lambda x, y: np.sqrt(x * y), "√(x · y)"),
        (lambda x, y: (x * y) ** 2, "(x · y)²"),
        (lambda x, y: x ** (y + 1), "x^(y + 1)"),
        (lambda x, y: np.exp(-x), "exp(−x)"),
    ],
)
def test_parentheses_stand_where_they_change_the_meaning(build, formula):
    class Hidden(Node):
        def forward(x, y): return build(x, y)
        backward = (lambda grad, t, x, y: build(x, y), None)

    table = adjoint_equations(Graph(Hidden(Variable(2.0, "x"), Variable(3.0, "y"))))
    assert column(table, 1)[1] == f"∂t1/∂x = {formula}"


@pytest.mark.parametrize(
    ("build", "formula"),
    [
        (lambda x: x * 1.0, "t1 = x · 1"),
        (lambda x: -1 * x, "t1 = −1 · x"),
        (lambda x: x - (-3), "t1 = x − (−3)"),
        (lambda x: (-3) + x, "t1 = −3 + x"),
    ],
)
def test_what_was_typed_is_shown_as_typed(build, formula):
    assert column(evaluation_trace(Graph(build(Variable(2.0, "x")))), 0)[-1] == formula


def test_a_partial_derivative_leaves_out_what_a_person_would():
    x = Variable(2.0, "x")
    assert column(adjoint_equations(Graph(x**3)), 1)[1] == "∂t1/∂x = 3 · x^2"


def test_a_changed_leaf_is_followed_by_its_graph_and_the_old_adjoints_are_gone():
    x = Variable(2.0, "x")
    graph = Graph(x * x)
    graph.backward()
    x.value = 3.0
    trace = evaluation_trace(graph)
    assert column(trace, 1) == ["3", "9"]
    assert column(trace, 3) == ["", ""]
    assert drawn_nodes(graph)["t1"] == ["t1 = x · x", "9"]


def test_the_adjoint_of_the_result_is_1_or_the_seed():
    x = Variable(2.0, "x")
    graph = Graph(x * x)
    for seed, text in ((None, "1"), (5.0, "seed"), (1.0, "1")):
        graph.backward(seed)
        assert column(evaluation_trace(graph), 2)[-1] == f"t̄1 = {text}"
    graph.backward(5.0)
    x.value = 3.0
    assert column(evaluation_trace(graph), 2)[-1] == "t̄1 = 1"


@pytest.mark.parametrize("name", ["\x00", "\x1b[31m", "\ufffe", "\ud800", "a\nb"], ids=ascii)
def test_what_cannot_be_shown_in_a_name_is_replaced(name, tmp_path):
    graph = Graph(Variable(2.0, name) * 2)
    draw(graph).save(tmp_path / "a.svg")
    assert "\ufffd" in drawn_nodes(graph)["v1"][0]
    assert name not in repr(evaluation_trace(graph))
    assert len(evaluation_trace(graph).markdown.splitlines()) == 4


def test_an_underscore_in_a_name_is_no_emphasis():
    assert "__" not in evaluation_trace(Graph(Variable(2.0, "__class__") * 2)).markdown
