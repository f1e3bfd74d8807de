"""What can be wrong with a table: what it says of a graph, what it hides, and how it is laid out."""

import html
import re
from functools import reduce
from operator import add

import dask.array
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from sheet import HOSTILE, graph_a

from autograd_engine import Table, adjoint_equations, evaluation_trace
from autograd_engine.formulas import Formula, symbol
from autograd_engine.notation import LATEX, MATHML, TEXT, print_formula
from autograd_engine.tables import chain_rule
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
    assert column(trace, 2)[-1] == "5.747658"
    assert column(trace, 4)[:3] == ["0.471775", "0.113750", "−0.016775"]


def test_the_trace_puts_the_numbers_in_as_baydin_et_al_do():
    graph = graph_a()
    graph.backward()
    trace = evaluation_trace(graph)
    assert column(trace, 1) == [
        "", "", "", "2 + 3", "1.5²", "5 + 2.25", "√7.25", "log 7.25", "2.692582 + 1.981001", "3 · 2.25", "7.25 / 6.75",
        "4.673584 + 1.074074",
    ]  # fmt: skip
    assert column(trace, 3) == [
        "a\u0304 = 0.471775 · 1", "b̄ = 0.471775 · 1 + (−0.159122) · 2.25", "c̄ = (−0.005592) · (2 · 1.5)", "t̄1 = 0.471775 · 1",
        "t̄2 = 0.471775 · 1 + (−0.159122) · 3", "t̄3 = 1 · 0.185695 + 1 · 0.137931 + 1 · 0.148148", "t̄4 = 1 · 1",
        "t̄5 = 1 · 1", "t̄6 = 1 · 1", "t̄7 = 1 · (−1.074074 / 6.75)", "t̄8 = 1 · 1", "t̄9 = 1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("build", "forward", "backward"),
    [
        (lambda x: 1 / (x * 0.00012345678), "1 / 0.000123457", "t̄1 = 1 · (−8100.000664 / 0.000123457)"),
        (lambda x: np.log(x * 0.0012345678), "log 0.00123457", "t̄1 = 1 · (1 / 0.00123457)"),
        (lambda x: 3.0 * (x * 0.000125), "3 · 0.000125", "t̄1 = 1 · 3"),
        (lambda x: x * 1234567, "1 · 1234567", "t̄1 = 1"),
        (lambda x: (x * 20.0) * 0.0022345678, "20 · 0.00223457", "t̄1 = 1 · 0.00223457"),
    ],
)
def test_numbers_put_in_give_the_value_when_calculated_by_hand(build, forward, backward):
    graph = Graph(build(Variable(1.0, "x")))
    graph.backward()
    trace = evaluation_trace(graph)
    assert column(trace, 1)[-1] == forward
    assert column(trace, 3)[1] == backward


@pytest.mark.parametrize(
    ("factor", "slope", "backward"),
    [
        (9.0, 0.0022345678, "x̄ = 0.002235 · 9"),
        (900.0, 0.0022345678, "x̄ = 0.00223457 · 900"),
        (9.0, 0.00022345678, "x̄ = 0.000223457 · 9"),
        (900.0, 0.25, "x̄ = 0.25 · 900"),
    ],
)
def test_an_adjoint_put_in_has_the_decimals_of_its_column_unless_the_product_needs_more(factor, slope, backward):
    graph = Graph((Variable(1.0, "x") * factor) * slope)
    graph.backward()
    assert column(evaluation_trace(graph), 3)[0] == backward


def test_integers_are_exact():
    assert column(evaluation_trace(Variable(1234567.0, "x") + 1), 2) == ["1234567", "1234568"]


@pytest.mark.parametrize(
    ("build", "names", "product"),
    [
        (lambda x, y: x * y, ("x1", "x_1"), "t1 = v1 v2"),
        (lambda x, y: x * y, ("w01", "w_01"), "t1 = v1 v2"),
        (lambda x, y: x * y, ("v_1", None), "t1 = v1 v2"),
        (lambda x, y: x * x + y, ("t_1", "y"), "t1 = v1 v1"),
    ],
)
def test_no_two_nodes_are_printed_as_the_same_symbol(build, names, product):
    graph = Graph(build(*[Variable(2.0, name) for name in names]))
    for notation in (LATEX, MATHML):
        assert len({print_formula(symbol(graph.label(node)), notation) for node in graph.nodes}) == len(graph.nodes)
    trace = evaluation_trace(graph)
    assert product in column(trace, 0)
    assert f"v1: {names[0]}" in column(trace, 0)


@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_a_blank_name_is_not_shown(name):
    assert column(evaluation_trace(Variable(2.0, name) * 2), 0) == ["v1", "t1 = v1 · 2"]


@pytest.mark.parametrize(
    ("build", "value", "backward"),
    [
        (lambda x: 1e200 / x * 1e-100, 1e-3, "x̄ = 1e−100 · (−1e+203 / 0.001)"),
        (lambda x: 1 / x * 1e-300, 1e-160, "x̄ = 1e−300 · (−1e+160 / 1e−160)"),
        (lambda x: (1 / x + x) * 1e-300, 1e-160, "x̄ = 1e−300 · (−1e+160 / 1e−160) + 1e−300 · 1"),
        (lambda x: x / 1e-310 * 1e-300, 1e-300, "x̄ = 1e−300 · (1 / 1e−310)"),
    ],
)
def test_whatever_a_sweep_can_compute_has_a_trace(build, value, backward):
    graph = Graph(build(Variable(value, "x")))
    graph.backward()
    assert column(evaluation_trace(graph), 3)[0] == backward


@pytest.mark.parametrize(
    ("build", "partial"),
    [
        (lambda x: np.sqrt(x), "∂t1/∂x = 1 / (2 t1)"),
        (lambda x: x**0.5, "∂t1/∂x = 0.5 x^(−0.5)"),
        (lambda x: np.sqrt(x * Variable([1.0, 0.0])), "t̄1 ∂t1/∂x = t̄1 v1"),
        (lambda x: np.maximum(x, 1.7e308), "∂t1/∂x = [x > 1.7e+308] + 0.5 [x = 1.7e+308]"),
        (lambda x: np.maximum(x, -1.7e308), "∂t1/∂x = [x > −1.7e+308] + 0.5 [x = −1.7e+308]"),
    ],
)
def test_adjoint_equations_need_no_value_of_a_derivative(build, partial):
    assert partial in column(adjoint_equations(build(Variable(0.0, "x"))), 1)


def test_the_trace_has_no_adjoints_before_a_backward_sweep():
    assert len(evaluation_trace(graph_a()).header) == 3


def test_the_numbers_put_in_are_those_of_the_rules():
    class Cube(Node):
        def forward(x): return x * x * x
        backward = (lambda grad, t, x: grad * 7.0 * x,)  # wrong, on purpose

    graph = Graph(Cube(Variable(2.0, "x")))
    graph.backward()
    assert column(evaluation_trace(graph), 3)[0] == "x̄ = 1 · (7 · 2)"


@pytest.mark.parametrize(
    ("build", "forward", "backward"),
    [
        (lambda x: x * x, "(−3) · (−3)", "x̄ = 1 · (−3 + (−3))"),
        (lambda x: x - (-x), "−3 − 3", "x̄ = (−1) · (−1) + 1 · 1"),
        (lambda x: 20.0**x, "20^(−3)", "x̄ = 1 · (0.000125 · 2.995732)"),
        (lambda x: x * 1e-7, "(−3) · 1e−07", "x̄ = 1 · 1e−07"),
        (lambda x: np.maximum(x, 2 * x), "max(−3, −6)", "x̄ = 0 · 2 + 1 · 1"),
        (lambda x: np.maximum(x, 0), "max(−3, 0)", "x̄ = 1 · 0"),
    ],
)  # fmt: skip
def test_negative_numbers_put_in_stand_in_parentheses(build, forward, backward):
    graph = Graph(build(Variable(-3.0, "x")))
    graph.backward()
    trace = evaluation_trace(graph)
    assert (column(trace, 1)[-1], column(trace, 3)[0]) == (forward, backward)


def test_of_arrays_the_trace_shows_short_ones_and_the_chain_rule():
    x = Variable([1.0, 2.5], "x")
    graph = Graph(np.sum(np.exp(x) * Variable(np.ones(5000)[:1], "y")))
    graph.backward()
    trace = evaluation_trace(graph)
    assert column(trace, 1)[2:4] == ["exp([1.0, 2.5])", "[2.718282, 12.182494] · [1]"]
    assert column(trace, 3)[0] == "x̄ = t̄1 ∂t1/∂x"
    assert column(evaluation_trace(np.sum(Variable(np.ones(5), "x"))), 1) == ["", ""]


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


def squares(count):
    w = [Variable(value, name) for value, name in ((0.5, "w_0"), (2.0, "w_1"))]
    data = [(Variable(float(i), f"x_{i}"), Variable(1.0, f"y_{i}")) for i in range(1, count + 1)]
    return Graph(reduce(add, [(w[0] + w[1] * x - y) ** 2 for x, y in data]))


def test_equal_terms_stand_side_by_side_between_what_they_share():
    table = adjoint_equations(squares(3))
    assert column(table, 0) == [
        "t̄14 = 1", "t̄9 = t̄14 ∂t14/∂t9", "t̄4 = t̄9 ∂t9/∂t4", "t̄3 = t̄4 ∂t4/∂t3", "t̄2 = t̄3 ∂t3/∂t2", "t̄1 = t̄2 ∂t2/∂t1",
        "x̄_1 = t̄1 ∂t1/∂x_1", "y\u0304_1 = t̄3 ∂t3/∂y_1", "w̄_0 = t̄2 ∂t2/∂w_0", "w̄_1 = t̄1 ∂t1/∂w_1",
    ]  # fmt: skip
    assert column(table, 2) == [
        "", "", "t̄13 = t̄14 ∂t14/∂t13", "t̄12 = t̄13 ∂t13/∂t12", "t̄11 = t̄12 ∂t12/∂t11", "t̄10 = t̄11 ∂t11/∂t10",
        "x̄_3 = t̄10 ∂t10/∂x_3", "y\u0304_3 = t̄12 ∂t12/∂y_3", "+ t̄11 ∂t11/∂w_0", "+ t̄10 ∂t10/∂w_1",
    ]  # fmt: skip
    assert column(table, 5) == [
        "", "", "∂t14/∂t13 = 1", "∂t13/∂t12 = 2 t12", "∂t12/∂t11 = 1", "∂t11/∂t10 = 1", "∂t10/∂x_3 = w_1", "∂t12/∂y_3 = −1",
        "∂t11/∂w_0 = 1", "∂t10/∂w_1 = x_3",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_there_is_one_equation_for_each_adjoint_however_they_stand(count):
    graph = squares(count)
    table = adjoint_equations(graph)
    equations = [cell for row in table.rows for cell in row if cell.head == "equation"]
    assert len(equations) == len(chain_rule(graph)) == len(graph.nodes)
    assert len(table.header) == (2 * count if 1 < count < 4 else 2)


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


def test_a_notebook_shows_markdown_and_a_terminal_text():
    table = evaluation_trace(graph_a())
    formats = DisplayFormatter().format(table)[0]
    assert formats == {"text/markdown": table.markdown, "text/plain": repr(table)}


def test_numbers_of_a_column_have_the_same_decimals_and_stand_at_the_right():
    table = Table(["x", "number", "rounded"], [["a", 2, 1.0], ["b", -0.25, 1 / 3], ["c", 10.5, -1e-9]])
    assert repr(table).splitlines()[2:] == [
        "a    2.00  1.000000",
        "b   −0.25  0.333333",
        "c   10.50    −1e−09",
    ]
    assert table.markdown.splitlines()[1:3] == ["| :-- | --: | --: |", "| a | $2.00$ | $1.000000$ |"]
    assert Table(table.header, table.rows).markdown == table.markdown
    assert Table(["x"], [[1], ["none"]]).markdown.splitlines()[1] == "| :-- |"


def test_text_tables_are_aligned():
    header, ruler, *rows = repr(adjoint_equations(graph_a())).splitlines()
    plain = [re.sub("[\u0304\u0305]", "", row) for row in rows[1:]]
    starts = {re.search("(?<=  )∂", row).start() for row in plain}
    assert starts == {header.index("local")} == {ruler.rindex("  ") + 2}


def test_markdown_has_latex_that_github_renders():
    markdown = adjoint_equations(graph_a()).markdown
    assert r"$\bar t_8 = \bar t_9 \dfrac{\partial t_9}{\partial t_8}$" in markdown
    assert r"\dfrac{\partial t_4}{\partial t_3} = \dfrac{1}{2 t_4}" in markdown
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
    for seed, in_symbols, number in ((None, "1", "1"), (5.0, "seed", "5"), (1.0, "1", "1")):
        graph.backward(seed)
        assert column(evaluation_trace(graph), 3)[-1] == f"t̄1 = {number}"
        assert column(adjoint_equations(graph), 0)[0] == f"t̄1 = {in_symbols}"
    graph.backward(5.0)
    x.value = 3.0
    assert column(adjoint_equations(graph), 0)[0] == "t̄1 = 1"


def test_an_underscore_in_a_name_is_no_emphasis():
    assert "__" not in evaluation_trace(Graph(Variable(2.0, "__class__") * 2)).markdown


def test_a_hostile_name_is_shown_as_it_is_and_is_no_markup():
    trace = evaluation_trace(graph_a(("a", "b", HOSTILE)))
    assert f"v1: {HOSTILE}" in repr(trace)
    row = next(line for line in trace.markdown.splitlines() if "v_1$: " in line)
    assert row.count("|") == 4
    assert row.count("$") == 4  # two formulas
    words = row.split(": ")[1].split(" | ")[0]
    assert set(re.findall("<.*?>", words)) == {"<span>", "</span>"}
    assert "<span>&#36;</span>x<span>&#36;</span>" in words  # or MathJax, which reads the page itself, would find a formula
    assert html.unescape(re.sub("</?span>", "", words)) == HOSTILE


def test_a_cell_of_text_is_free_text():
    table = Table(["path", "product"], [["b → t1", "-0.5"], [Formula("path", (symbol("b"), symbol("t1"))), HOSTILE]])
    assert repr(table).splitlines()[2:] == ["b → t1  -0.5", f"b → t1  {HOSTILE}"]
    assert "<script" not in table.markdown
    assert "<th>" not in Table(["<th>"], []).markdown
    assert r"$b \to t_1$" in table.markdown


def test_a_changed_leaf_is_followed_by_its_graph_and_the_old_adjoints_are_gone():
    x = Variable(2.0, "x")
    graph = Graph(x * x)
    graph.backward()
    x.value = 3.0
    trace = evaluation_trace(graph)
    assert column(trace, 2) == ["3", "9"]
    assert len(trace.header) == 3


def test_a_table_shows_what_its_own_graph_has_found():
    x = Variable(2.0, "x")
    graph, other = Graph(x * x), Graph(3 * x)
    graph.backward()
    other.backward(7.0)
    trace = evaluation_trace(graph)
    assert column(trace, 4) == ["4", "1"]
    assert column(trace, 3)[-1] == "t̄1 = 1"
    y = x * 1
    graph, other = Graph(y * 2), Graph(y)
    graph.backward()
    x.value = 5.0
    other.forward()
    graph.backward()
    x.value = 7.0
    other.forward()
    assert column(evaluation_trace(graph), 2) == ["7", "7", "14"]


def test_of_lazy_arrays_the_shape_is_shown():
    x = Variable(dask.array.ones((1000, 3)), "x")
    total = np.sum(x * 2)
    assert column(evaluation_trace(total), 2) == ["shape (1000, 3)", "shape (1000, 3)", "shape ()"]
    graph = Graph(total * total)
    graph.backward()
    assert column(evaluation_trace(graph), 3)[2:] == ["t̄2 = t̄3 ∂t3/∂t2", "t̄3 = 1"]


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
