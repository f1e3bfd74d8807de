"""What can be wrong with a table: what it says of a graph, what it hides, and how it is laid out."""

import html
import re

import dask.array
import numpy as np
import pytest
from sheet import HOSTILE, graph_a

from autograd_engine import Table, adjoint_equations, evaluation_trace
from autograd_engine.formulas import Formula, symbol
from autograd_engine.notation import TEXT, print_formula
from autograd_nodes import Constant, Graph, Node, Variable


def column(table, index):
    return [print_formula(row[index], TEXT) for row in table.rows]


def test_the_trace_has_a_row_for_each_node_leaves_first():
    graph = graph_a()
    graph.backward()
    trace = evaluation_trace(graph)
    assert column(trace, 0) == [
        "a", "b", "c", "t1 = a + b", "t2 = c²", "t3 = t1 + t2", "t4 = √t3", "t5 = log t3", "t6 = t4 + t5", "t7 = b t2",
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
    for formula in ("∂t4/∂t3 = 1 / (2 t4)", "∂t5/∂t3 = 1 / t3", "∂t8/∂t3 = 1 / t7", "∂t8/∂t7 = −t8 / t7", "∂t2/∂c = 2 c"):
        assert formula in partials


def test_the_local_partials_are_those_of_the_rules():
    class Cube(Node):
        def forward(x): return x * x * x
        backward = (lambda grad, t, x: grad * 7.0 * x,)  # wrong, on purpose

    x = Variable(2.0, "x")
    assert column(adjoint_equations(Graph(Cube(x))), 1) == ["", "∂t1/∂x = 7 x"]


def test_a_value_used_twice_by_one_node_is_one_product_with_both_partials():
    x = Variable(3.0, "x")
    table = adjoint_equations(Graph(x * x))
    assert [column(table, 0)[1], column(table, 1)[1]] == ["x̄ = t̄1 ∂t1/∂x", "∂t1/∂x = x + x"]


def test_a_constant_without_a_name_stands_in_the_formulas_as_its_value():
    x = Variable(3.0, "x")
    trace = evaluation_trace(Graph(2 * x + Constant(4.0, "k")))
    assert column(trace, 0) == ["x", "k", "t1 = 2 x", "t2 = t1 + k"]


def test_of_arrays_the_vector_jacobian_product_is_shown():
    x = Variable([1.0, 2.0], "x")
    assert column(adjoint_equations(Graph(np.sum(np.exp(x)))), 1)[1:] == ["t̄2 ∂t2/∂t1 = t̄2", "t̄1 ∂t1/∂x = t̄1 t1"]


@pytest.mark.parametrize("view", [evaluation_trace, adjoint_equations])
def test_a_graph_of_several_outputs_has_no_adjoints(view):
    x = Variable(1.0)
    with pytest.raises(ValueError, match="one output"):
        view(Graph(x + 1, x * 2))


def test_html_escapes_and_italicises():
    cell = evaluation_trace(graph_a())._repr_html_()
    assert "<i>t</i><sub>8</sub> = <i>t</i><sub>3</sub> / <i>t</i><sub>7</sub>" in cell
    assert "log <i>t</i><sub>3</sub>" in cell


def test_text_tables_are_aligned():
    header, ruler, *rows = repr(adjoint_equations(graph_a())).splitlines()
    plain = [re.sub("[\u0304\u0305]", "", row) for row in rows[1:]]
    starts = {re.search("(?<=  )∂", row).start() for row in plain}
    assert starts == {header.index("local")} == {ruler.rindex("  ") + 2}


def test_markdown_has_latex_that_github_renders():
    markdown = adjoint_equations(graph_a()).markdown
    assert r"$\bar t_8 = \bar t_9 \frac{\partial t_9}{\partial t_8}$" in markdown
    assert r"\frac{\partial t_4}{\partial t_3} = \frac{1}{2 t_4}" in markdown
    assert r"$t_4 = \sqrt{t_3}$" in evaluation_trace(graph_a()).markdown
    assert not re.search("[·−√²̄]", markdown)


@pytest.mark.parametrize(
    ("build", "formula"),
    [
        (lambda x, y: (x + y) * x, "(x + y) x"),
        (lambda x, y: x - (y - x), "x − (y − x)"),
        (lambda x, y: x / (y / x), "x / (y / x)"),
        (lambda x, y: -(x + y), "−(x + y)"),
        (lambda x, y: np.sqrt(x * y), "√(x y)"),
        (lambda x, y: (x * y) ** 2, "(x y)²"),
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
        (lambda x: -1 * x, "t1 = −1 x"),
        (lambda x: x - (-3), "t1 = x − (−3)"),
        (lambda x: (-3) + x, "t1 = −3 + x"),
    ],
)
def test_what_was_typed_is_shown_as_typed(build, formula):
    assert column(evaluation_trace(Graph(build(Variable(2.0, "x")))), 0)[-1] == formula


def test_a_partial_derivative_leaves_out_what_a_person_would():
    x = Variable(2.0, "x")
    assert column(adjoint_equations(Graph(x**3)), 1)[1] == "∂t1/∂x = 3 x²"


def test_the_adjoint_of_the_result_is_1_or_the_seed():
    x = Variable(2.0, "x")
    graph = Graph(x * x)
    for seed, text in ((None, "1"), (5.0, "seed"), (1.0, "1")):
        graph.backward(seed)
        assert column(evaluation_trace(graph), 2)[-1] == f"t̄1 = {text}"
    graph.backward(5.0)
    x.value = 3.0
    assert column(evaluation_trace(graph), 2)[-1] == "t̄1 = 1"


def test_an_underscore_in_a_name_is_no_emphasis():
    assert "__" not in evaluation_trace(Graph(Variable(2.0, "__class__") * 2)).markdown


def test_a_hostile_name_is_shown_as_it_is_and_is_no_markup():
    trace = evaluation_trace(graph_a(("a", "b", HOSTILE)))
    assert f"v1: {HOSTILE}" in repr(trace)
    assert "<script" not in trace._repr_html_()
    row = next(line for line in trace.markdown.splitlines() if "v_1$: " in line)
    assert row.count("|") == 5
    assert "<" not in row
    assert row.count("$") == 6  # three formulas
    words = row.split(": ")[1].split(" | ")[0]
    assert html.unescape(words) == HOSTILE


def test_a_cell_of_text_is_free_text():
    table = Table(["path", "product"], [["b → t1", "-0.5"], [Formula("path", (symbol("b"), symbol("t1"))), HOSTILE]])
    assert repr(table).splitlines()[2:] == ["b → t1  -0.5", f"b → t1  {HOSTILE}"]
    assert table._repr_html_().count("<i>b</i> → <i>t</i><sub>1</sub>") == 1
    assert "<script" not in table._repr_html_() + table.markdown
    assert "<th>" not in Table(["<th>"], [])._repr_html_()
    assert r"$b \to t_1$" in table.markdown


def test_a_changed_leaf_is_followed_by_its_graph_and_the_old_adjoints_are_gone():
    x = Variable(2.0, "x")
    graph = Graph(x * x)
    graph.backward()
    x.value = 3.0
    trace = evaluation_trace(graph)
    assert column(trace, 1) == ["3", "9"]
    assert column(trace, 3) == ["", ""]


def test_a_table_shows_what_its_own_graph_has_found():
    x = Variable(2.0, "x")
    graph, other = Graph(x * x), Graph(3 * x)
    graph.backward()
    other.backward(7.0)
    trace = evaluation_trace(graph)
    assert column(trace, 3) == ["4", "1"]
    assert column(trace, 2)[-1] == "t̄1 = 1"
    y = x * 1
    graph, other = Graph(y * 2), Graph(y)
    graph.backward()
    x.value = 5.0
    other.forward()
    graph.backward()
    x.value = 7.0
    other.forward()
    assert column(evaluation_trace(graph), 1) == ["7", "7", "14"]


def test_of_lazy_arrays_the_shape_is_shown():
    x = Variable(dask.array.ones((1000, 3)), "x")
    assert column(evaluation_trace(np.sum(x * 2)), 1) == ["shape (1000, 3)", "shape (1000, 3)", "shape ()"]


def test_a_trace_can_be_made_where_no_derivative_exists():
    x = Variable(0.0, "x")
    assert column(evaluation_trace(np.sqrt(x)), 0) == ["x", "t1 = √x"]


@pytest.mark.parametrize("view", [evaluation_trace, adjoint_equations])
def test_a_node_has_the_tables_of_its_graph(view):
    x = Variable(2.0, "x")
    assert repr(view(np.exp(x) * x)) == repr(view(Graph(np.exp(x) * x)))
    with pytest.raises(TypeError, match="made of nodes"):
        view(2.0)


@pytest.mark.parametrize("name", ["\x00", "\x1b[31m", "\ufffe", "\ud800", "a\nb"], ids=ascii)
def test_what_cannot_be_shown_in_a_name_is_replaced(name):
    trace = evaluation_trace(Graph(Variable(2.0, name) * 2))
    assert name not in repr(trace)
    assert len(trace.markdown.splitlines()) == 4
