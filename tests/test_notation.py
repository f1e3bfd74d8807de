"""What can be wrong with a printed formula: its meaning, its parentheses, its look, and what a name does to it."""

import ast
import json
import math
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sheet import HOSTILE, graph_a
from sympy.parsing.latex import parse_latex

import autograd_nodes as op
from autograd_engine import contributions
from autograd_engine.formulas import (
    adjoint, decimal, decimals, definition, expression, literal, symbol, symbols, text, with_numbers,
)  # fmt: skip
from autograd_engine.notation import FULL_SIZE, JAVASCRIPT, LATEX, MATHML, PYTHON, TEXT, print_formula
from autograd_nodes import Constant, Graph, Node, Variable

x, y, t12, w_0, weights = [Variable(2.0, name) for name in ("x", "y", "t12", "w_0", "weights")]
KNOWN = {node: symbol(node.name) for node in (x, y, t12, w_0, weights)}


def printed(node, notation):
    return print_formula(expression(node, KNOWN, notation), notation)


@pytest.mark.parametrize(
    ("node", "in_text", "latex", "python"),
    [
        (x * y, "x y", "x y", "x * y"),
        (2 * x, "2 x", "2 x", "2.0 * x"),
        (x * 2, "x · 2", r"x \cdot 2", "x * 2.0"),
        (x * 2 * 3, "x · 2 · 3", r"x \cdot 2 \cdot 3", "x * 2.0 * 3.0"),
        (x * (2 / y), "x (2 / y)", r"x \frac{2}{y}", "x * (2.0 / y)"),
        (3 * (2 / y), "3 · (2 / y)", r"3 \cdot \frac{2}{y}", "3.0 * (2.0 / y)"),
        (-1 * x, "−1 x", "-1 x", "-1.0 * x"),
        (x - (-3), "x − (−3)", "x - (-3)", "x - (-3.0)"),
        ((-3) + x, "−3 + x", "-3 + x", "-3.0 + x"),
        ((x + y) * x, "(x + y) x", "(x + y) x", "(x + y) * x"),
        (x - (y - x), "x − (y − x)", "x - (y - x)", "x - (y - x)"),
        (x + y - x, "x + y − x", "x + y - x", "x + y - x"),
        (x + (y + x), "x + (y + x)", "x + (y + x)", "x + (y + x)"),
        (x + (-y), "x + (−y)", "x + (-y)", "x + (-y)"),
        (x + (-y * x), "x + (−y x)", "x + (-y x)", "x + (-y * x)"),
        (x * (y * x), "x (y x)", "x (y x)", "x * (y * x)"),
        (x * (-y), "x (−y)", "x (-y)", "x * (-y)"),
        (x / (y / x), "x / (y / x)", r"\frac{x}{\frac{y}{x}}", "x / (y / x)"),
        (x / y * x, "(x / y) x", r"\frac{x}{y} x", "x / y * x"),
        (x * y / x, "x y / x", r"\frac{x y}{x}", "x * y / x"),
        (-(x + y), "−(x + y)", "-(x + y)", "-(x + y)"),
        (-x * y, "−x y", "-x y", "-x * y"),
        (np.negative(-x), "−(−x)", "-(-x)", "-(-x)"),
        ((-x) ** 2, "(−x)²", "(-x)^2", "(-x) ** 2"),
        (-(x**2), "−x²", "-x^2", "-(x ** 2)"),
        ((x * y) ** 2, "(x y)²", "(x y)^2", "(x * y) ** 2"),
        ((x / y) ** 2, "(x / y)²", r"\left(\frac{x}{y}\right)^2", "(x / y) ** 2"),
        (x ** (y + 1), "x^(y + 1)", "x^{y + 1}", "x ** (y + 1.0)"),
        ((x**y) ** x, "(x^y)^x", "(x^y)^x", "(x ** y) ** x"),
        (x**t12, "x^t12", "x^{t_{12}}", "x ** t12"),
        (w_0**2, "w_0²", "w_0^2", "w_0 ** 2"),
        (np.sqrt(x * y), "√(x y)", r"\sqrt{x y}", "np.sqrt(x * y)"),
        (np.sqrt(np.sqrt(x)), "√(√x)", r"\sqrt{\sqrt{x}}", "np.sqrt(np.sqrt(x))"),
        (np.log(t12), "log t12", r"\log t_{12}", "np.log(t12)"),
        (np.log(x) * y, "(log x) y", r"(\log x) y", "np.log(x) * y"),
        (x * np.log(y), "x log y", r"x \log y", "x * np.log(y)"),
        ((x * np.log(y)) * x, "(x log y) x", r"(x \log y) x", "x * np.log(y) * x"),
        (np.exp(-x), "exp(−x)", "e^{-x}", "np.exp(-x)"),
        (np.maximum(x, 0), "max(x, 0)", r"\max(x, 0)", "np.maximum(x, 0.0)"),
        (weights * weights * x, "weights weights x", r"\mathrm{weights} \, \mathrm{weights} \, x", "weights * weights * x"),
        (x * weights**2, "x weights²", r"x \, \mathrm{weights}^2", "x * weights ** 2"),
        (2 * weights, "2 weights", r"2 \, \mathrm{weights}", "2.0 * weights"),
        (-weights * x, "−weights x", r"-\mathrm{weights} \, x", "-weights * x"),
        (x * 1e-12, "x · 1e−12", r"x \cdot 1 \cdot 10^{-12}", "x * 1e-12"),
        (
            1 / np.sqrt(1 - x * (x + 1) * 0.1),
            "1 / √(1 − x (x + 1) · 0.1)",
            r"\frac{1}{\sqrt{1 - x (x + 1) \cdot 0.1}}",
            "1.0 / np.sqrt(1.0 - x * (x + 1.0) * 0.1)",
        ),
    ],
)
def test_a_formula_is_written_as_a_person_would(node, in_text, latex, python):
    assert (printed(node, TEXT), printed(node, LATEX), printed(node, PYTHON)) == (in_text, latex, python)


@pytest.mark.parametrize(
    ("build", "python"),
    [
        (lambda m: np.sum(m, axis=0), "np.sum(m, axis=0)"),
        (lambda m: np.sum(m, axis=(0, 1), keepdims=True), "np.sum(m, axis=(0, 1), keepdims=True)"),
        (lambda m: m[0, 1:], "m[0, 1:]"),
        (lambda m: (m + m)[..., None, ::2], "(m + m)[..., None, ::2]"),
        (lambda m: np.stack((m[0], m[1])), "np.stack((m[0], m[1]))"),
        (lambda m: np.stack([m[0]], axis=1), "np.stack((m[0],), axis=1)"),
        (lambda m: np.reshape(m[0, 0], ()), "np.reshape(m[0, 0], shape=())"),
        (lambda m: (m @ m) @ m.T, "m @ m @ np.transpose(m)"),
        (lambda m: m @ (m * 2), "m @ (m * 2.0)"),
        (lambda m: m + np.array([0.1, 1e-30]), "m + np.array([0.1, 1e-30], np.float64)"),
        (lambda m: op.BroadcastLike(m[0], m), "np.broadcast_to(m[0], np.shape(m))"),
        (lambda m: op.ReshapeLike(m[0], m[1]), "np.reshape(m[0], np.shape(m[1]))"),
        (lambda m: m == 2.0, "np.equal(m, 2.0) * 1.0"),
        (lambda m: np.max(m), "np.max(m)"),
    ],
)
def test_python_is_exact_for_arrays(build, python):
    m = Variable([[1.0, 2.0], [3.0, 4.0]], "m")
    node = build(m)
    source = print_formula(expression(node, {m: symbol("m")}, PYTHON), PYTHON)
    assert source == python
    np.testing.assert_array_equal(eval(source, {"np": np, "m": m.value}), node.value)


@pytest.mark.parametrize(
    ("label", "latex", "barred"),
    [
        ("t8", "t_8", r"\bar t_8"),
        ("w_0", "w_0", r"\bar w_0"),
        ("x123", "x_{123}", r"\bar x_{123}"),
        ("x", "x", r"\bar x"),
        ("weights", r"\mathrm{weights}", r"\overline{\mathrm{weights}}"),
        ("my_w2", r"\mathrm{my\_w2}", r"\overline{\mathrm{my\_w2}}"),
    ],
)
def test_a_letter_has_an_index_and_a_word_stands_upright(label, latex, barred):
    assert print_formula(symbol(label), LATEX) == latex
    assert print_formula(adjoint(symbol(label)), LATEX) == barred
    assert print_formula(adjoint(symbol(label)), PYTHON) == f"{label}_bar"


@pytest.mark.parametrize(
    ("value", "in_text", "latex", "python"),
    [
        (2.0, "2", "2", "2.0"),
        (-0.0, "−0", "-0", "-0.0"),
        (1 / 3, "0.333333", "0.333333", "0.3333333333333333"),
        (1234567.0, "1234567", "1234567", "1234567.0"),
        (-123456789012345.0, "−123456789012345", "-123456789012345", "-123456789012345.0"),
        (1234567890123456.0, "1.23457e+15", r"1.23457 \cdot 10^{15}", "1234567890123456.0"),
        (1234567.5, "1.23457e+06", r"1.23457 \cdot 10^{6}", "1234567.5"),
        (1e12, "1e+12", r"1 \cdot 10^{12}", "1000000000000.0"),
        (1e-17, "1e−17", r"1 \cdot 10^{-17}", "1e-17"),
        (-2.5e20, "−2.5e+20", r"-2.5 \cdot 10^{20}", "-2.5e+20"),
        (np.array([1.0, -2e-9]), "[1, −2e−09]", r"[1, -2 \cdot 10^{-9}]", "np.array([1.0, -2e-09], np.float64)"),
        (np.zeros(5), "shape (5)", r"\text{shape (5)}", "np.array([0.0, 0.0, 0.0, 0.0, 0.0], np.float64)"),
    ],
)
def test_numbers_are_short_for_people_and_exact_in_code(value, in_text, latex, python):
    assert [print_formula(literal(value), notation) for notation in (TEXT, LATEX, PYTHON)] == [in_text, latex, python]


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([2.0, 3.0], 0),
        ([2.0, 0.25, -1.5], 2),
        ([2.0, 1 / 3], 6),
        ([0.1 + 0.2], 1),
        ([1e-9, 1e12, "no number", 0.5], 1),
        ([], 0),
        ([0.0], 0),
    ],
)
def test_numbers_that_belong_together_have_six_decimals_or_as_many_as_are_exact(values, places):
    assert decimals(values) == places


@pytest.mark.parametrize(
    ("formula", "in_text"),
    [
        (decimal(2.0), "2"),
        (decimal(-0.25), "−0.25"),
        (decimal(1 / 3), "0.333333"),
        (decimal(1 / 30), "0.0333333"),
        (decimal(-1 / 3000), "−0.000333333"),
        (decimal(0.000125), "0.000125"),
        (decimal(1 / 30, 6), "0.033333"),
        (decimal(2, 3), "2.000"),
        (decimal(-1.5e-7, 3), "−1.5e−07"),
        (decimal(np.array([1.0, 0.25])), "[1.00, 0.25]"),
    ],
)
def test_a_decimal_has_its_own_places_or_those_asked_for(formula, in_text):
    assert print_formula(formula, TEXT) == in_text


@pytest.mark.parametrize(
    ("build", "latex"),
    [
        (lambda a, b: a * b, r"2 \cdot (-0.5)"),
        (lambda a, b: b * a, r"(-0.5) \cdot 2"),
        (lambda a, b: a / b, r"\frac{2}{-0.5}"),
        (lambda a, b: a - b, "2 - (-0.5)"),
        (lambda a, b: b + a, "-0.5 + 2"),
        (lambda a, b: b**2, "(-0.5)^2"),
        (lambda a, b: np.log(a), r"\log 2"),
        (lambda a, b: 2 * (b / 3) * a, r"2 \cdot \frac{-0.5}{3} \cdot 2"),
    ],
)
def test_between_numbers_stands_a_dot_and_around_a_negative_one_parentheses(build, latex):
    formula = expression(build(x, y), KNOWN, TEXT)
    assert print_formula(with_numbers(formula, {"x": decimal(2.0), "y": decimal(-0.5)}), LATEX) == latex


def test_fractions_are_of_full_size_but_in_exponents():
    assert printed(np.exp(x / y) / x + op.Sigmoid(x), FULL_SIZE) == r"\dfrac{e^{\frac{x}{y}}}{x} + \dfrac{1}{1 + e^{-x}}"


# ------------------------------------------------------------------------------------------------- random formulas

BINARY = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: a**b,
    lambda a, b: np.maximum(a, b), lambda a, b: a == b,
]  # fmt: skip
UNARY = [
    lambda a: -a, lambda a: a**2, np.sqrt, np.exp, np.log, np.sin, np.cos, np.tanh, op.Sigmoid, lambda a: a**-2.0,
]  # fmt: skip
LEAVES = st.sampled_from([x, y, t12, w_0]) | st.sampled_from([2.0, -3.0, 0.1, 1e-7, 1.0]).map(Constant)


def extended(nodes):
    one = st.builds(lambda function, a: (function, a), st.sampled_from(UNARY), nodes)
    two = st.builds(lambda function, a, b: (function, a, b), st.sampled_from(BINARY), nodes, nodes)
    return one | two | two


def built(tree):
    return tree[0](*map(built, tree[1:])) if isinstance(tree, tuple) else tree


@st.composite
def scalar_expressions(draw):
    """A node of scalars, none of them so large that rounding would tell two right evaluations apart."""
    try:
        node = built(draw(st.recursive(LEAVES, extended, max_leaves=9)))
    except ArithmeticError:
        assume(False)
    assume(all(abs(one.value) < 1e3 for one in Graph(node).nodes))
    return node


def randomly(examples):
    quietly = [HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=quietly)


VALUES = {"x": 2.0, "y": 2.0, "t12": 2.0, "w_0": 2.0}


@randomly(200)
@given(scalar_expressions())
def test_python_gives_the_value_of_the_node(node):
    assert eval(printed(node, PYTHON), {"np": np} | VALUES) == pytest.approx(node.value, rel=1e-14, abs=1e-300)


@pytest.mark.skipif(not shutil.which("node"), reason="JavaScript is run by node, which is not on the PATH")
@randomly(4)
@given(st.lists(scalar_expressions(), min_size=20, max_size=30))
def test_javascript_gives_the_value_of_the_node(nodes):
    given = "".join([f"const {name} = {value};" for name, value in VALUES.items()])
    script = f"{given} console.log(JSON.stringify([{', '.join([printed(node, JAVASCRIPT) for node in nodes])}]))"
    result = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    for node, value in zip(nodes, json.loads(result.stdout), strict=True):
        assert value == pytest.approx(node.value, rel=1e-9, abs=1e-9), printed(node, JAVASCRIPT)


@randomly(100)
@given(scalar_expressions())
def test_latex_gives_the_value_of_the_node(node):
    latex = printed(node, LATEX)
    depth = 0
    for brace in re.findall(r"[{}]", latex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    if not re.search(r"\\max|\[", latex):  # SymPy reads all others
        found = parse_latex(latex)
        known = {name: sympy.E if name.name == "e" else 2 for name in found.free_symbols}
        value = complex(found.subs(known).evalf(30, maxn=1000))
        assert value == pytest.approx(node.value, rel=1e-9, abs=1e-9), latex


@randomly(100)
@given(scalar_expressions())
def test_markup_is_well_formed(node):
    parts = {"mfrac": 2, "msup": 2, "msub": 2, "mover": 2, "msqrt": 1}
    for element in ElementTree.fromstring(f"<math>{printed(node, MATHML)}</math>").iter():
        assert len(element) == parts.get(element.tag, len(element))
        if element.tag in ("mn", "mi", "mo", "mtext"):
            assert len(element) == 0
        else:
            assert not (element.text or "").strip()


def test_mathml_stands_as_latex_does():
    node = 1 / np.sqrt(x) + t12**2 * np.log(weights)
    assert printed(node, MATHML) == (
        "<mrow><mfrac><mrow><mn>1</mn></mrow><msqrt><mi>x</mi></msqrt></mfrac> <mo>+</mo> "
        "<mrow><msup><msub><mi>t</mi><mn>12</mn></msub><mn>2</mn></msup><mo>\u2062</mo>"
        "<mrow><mi>log</mi><mtext>\u2009</mtext><mi>weights</mi></mrow></mrow></mrow>"
    )


def test_a_long_formula_is_printed_without_recursion():
    node = x
    for _ in range(5000):
        node = node + 1
    assert printed(node, TEXT) == "x" + " + 1" * 5000


# ----------------------------------------------------------------------------------- names, and operations without a row


@pytest.mark.parametrize("words", [HOSTILE, "x; import os", "t1", "$", "|", "{", '"', "</script>", "50%", "%s"])
def test_free_text_is_shown_as_it_is_and_is_no_markup_or_code(words):
    formula = text(words)
    assert print_formula(formula, TEXT) == words
    assert "".join(ElementTree.fromstring(print_formula(formula, MATHML)).itertext()) == words
    assert ast.literal_eval(print_formula(formula, PYTHON)) == words
    assert json.loads(print_formula(formula, JAVASCRIPT)) == words
    assert not re.search(r"(?<!\\)[$&#%_]", print_formula(formula, LATEX))


@pytest.mark.parametrize("name", ["new", "var", "Math", "Number", "function"])
def test_a_label_that_javascript_has_taken_is_written_otherwise(name):
    leaf = Variable(2.0, name)
    graph = Graph(np.exp(leaf) * leaf)
    source = print_formula(expression(*graph.outputs, {leaf: symbol(graph.label(leaf))}, JAVASCRIPT), JAVASCRIPT)
    assert source == f"Math.exp(${name}) * ${name}"


def test_an_operation_without_a_row_is_written_out_by_its_forward_rule():
    assert printed(op.Sigmoid(x), TEXT) == "Sigmoid(x)"
    assert printed(op.Sigmoid(x), JAVASCRIPT) == "Math.exp(-Math.max(-x, 0.0)) / (1.0 + Math.exp(-Math.max(x, -x)))"

    class Cube(Node):
        def forward(x): return x * x * x
        backward = (lambda grad, t, x: 3.0 * grad * x * x,)

    assert printed(1 / Cube(x + y), PYTHON) == "1.0 / ((x + y) * (x + y) * (x + y))"


def test_an_equality_is_a_number_in_javascript():
    assert printed(2 * (x == y), JAVASCRIPT) == "2.0 * Number(x === y)"
    assert printed(x == y, JAVASCRIPT) == "Number(x === y)"


def test_a_class_is_not_taken_for_the_numpy_function_of_its_name():
    class sqrt(Node):  # noqa: N801
        def forward(a): return a * a * a
        backward = (None,)

    assert printed(sqrt(x), TEXT) == "Sqrt(x)"
    assert printed(sqrt(x), PYTHON) == printed(sqrt(x), JAVASCRIPT) == "x * x * x"


def test_what_cannot_be_written_is_refused():
    class Floor(Node):
        def forward(x): return float(math.floor(x))
        backward = (None,)

    with pytest.raises(TypeError, match="Floor"):
        printed(Floor(Variable(2.5)), PYTHON)
    with pytest.raises(TypeError, match="Transpose"):
        printed(np.transpose(Variable([[1.0]])), JAVASCRIPT)


def test_a_notation_overrides_a_few_rows_of_another():
    dots = TEXT.but({"multiply": "%s*%s"})
    assert printed(x * (y + x), dots) == "x*(y + x)"
    assert printed(x * (y + x), TEXT) == "x (y + x)"


# ---------------------------------------------------------------------------------------------------- contributions


def test_there_is_a_contribution_for_each_use_of_an_operand():
    a = Variable(2.0, "a")
    first, second = contributions(a + a)
    assert (first.place, second.place) == (0, 1)
    assert first.user is second.user
    assert first.operand is second.operand is a
    graph = graph_a()
    assert [(graph.label(use.user), graph.label(use.operand)) for use in contributions(graph)] == [
        (graph.label(node), graph.label(operand)) for node in graph.operations for operand in node.inputs
    ]


def test_a_contribution_has_the_value_of_its_partial_derivative():
    a, b = Variable(3.0, "a"), Variable(2.0, "b")
    assert [use.value for use in contributions(a / b)] == [0.5, -0.75]
    assert [use.value for use in contributions(np.sqrt(Variable(0.0)))] == [None]
    assert [use.value for use in contributions(np.sum(np.exp(Variable([1.0, 2.0]))))] == [None, None]


def test_a_rule_that_is_undefined_at_the_values_has_the_same_formula_and_compares_the_values():
    class Kinked(Node):
        def forward(x): return x * x
        backward = (lambda grad, t, x: grad * (1.0 + np.equal(x, 0.0)) / x,)

    assert [print_formula(use.partial, TEXT) for use in contributions(Kinked(Variable(0.0, "a")))] == ["2 / a"]
    assert [print_formula(use.partial, TEXT) for use in contributions(Kinked(Variable(3.0, "a")))] == ["1 / a"]


def test_a_rule_that_is_undefined_everywhere_is_named():
    class Hopeless(Node):
        def forward(x): return x
        backward = (lambda grad, t, x: grad * np.log(-x * x),)

    with pytest.raises(ArithmeticError, match=r"backward from t1 = Hopeless\(2.0\)"):
        contributions(Hopeless(Variable(2.0, "a")))


def test_constants_receive_nothing_and_rules_that_are_none_give_nothing():
    a = Variable(2.0, "a")
    (use,) = contributions(2.0 * a)
    assert use.operand is a
    assert contributions(op.Equal(a, 2.0)) == []


@randomly(100)
@given(scalar_expressions())
def test_contributions_add_up_to_the_adjoints(node):
    graph = Graph(node)
    try:
        graph.backward()
        uses = contributions(graph)
    except ArithmeticError:
        assume(False)
    known = {"np": np}
    for one in graph.nodes:
        known[graph.label(one)] = one.value
        known[f"{graph.label(one)}_bar"] = graph.adjoints.get(one)
    sums = {}
    for use in uses:
        contribution = eval(print_formula(use.formula, PYTHON), known)
        partial = eval(print_formula(use.partial, PYTHON), known)
        assert contribution == pytest.approx(graph.adjoints[use.user] * partial, rel=1e-9, abs=1e-12)
        sums[use.operand] = sums.get(use.operand, 0.0) + contribution
    for one, total in sums.items():
        assert total == pytest.approx(graph.adjoints[one], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("build", "partials"),
    [
        (lambda a, b: a**3, ["3 a²"]),
        (lambda a, b: a**-1.0, ["−a^(−2)"]),
        (lambda a, b: a / b, ["1 / b", "−t1 / b"]),
        (lambda a, b: a - b, ["1", "−1"]),
        (lambda a, b: np.cos(a), ["−sin a"]),
        (lambda a, b: np.sqrt(a), ["1 / (2 t1)"]),
        (lambda a, b: -a, ["−1"]),
        (lambda a, b: -3.0 * a, ["−3"]),
        (lambda a, b: op.Tanh(a), ["1 − t1²"]),
        (lambda a, b: a**b, ["b a^(b − 1)", "t1 log a"]),
        (lambda a, b: np.maximum(a, b), ["[a > b] + 0.5 [a = b]", "[b > a] + 0.5 [a = b]"]),
        (lambda a, b: np.maximum(a, 0), ["[a > 0] + 0.5 [a = 0]"]),
        (lambda a, b: np.maximum(0, a), ["[a > 0] + 0.5 [0 = a]"]),
        (lambda a, b: np.maximum(a, 1e20), ["[a > 1e+20] + 0.5 [a = 1e+20]"]),
    ],
)
def test_a_partial_derivative_leaves_out_what_a_person_would(build, partials):
    uses = contributions(build(Variable(2.0, "a"), Variable(3.0, "b")))
    assert [print_formula(use.partial, TEXT) for use in uses] == partials


@pytest.mark.parametrize(
    ("rule", "partial"),
    [
        (lambda grad, t, a: 0.0 * grad * a, "0"),
        (lambda grad, t, a: a * (0.0 * grad), "0"),
        (lambda grad, t, a: grad * a + 0.0 * a, "a"),
        (lambda grad, t, a: 0.0 * a + grad * a, "a"),
        (lambda grad, t, a: grad * a - 0.0, "a"),
        (lambda grad, t, a: grad * a / 1.0, "a"),
        (lambda grad, t, a: -(grad * (-a)), "a"),
        (lambda grad, t, a: grad * a * -1.0, "−a"),
        (lambda grad, t, a: grad * (2.0 + np.exp(Constant(0.0))), "3"),
        (lambda grad, t, a: 2.5, "2.5"),
    ],
)
def test_additions_of_0_and_factors_of_1_0_and_minus_1_are_left_out(rule, partial):
    class Hidden(Node):
        def forward(a): return a
        backward = (rule,)

    (use,) = contributions(Hidden(Variable(2.0, "a")))
    assert print_formula(use.partial, TEXT) == partial


def test_cases_outside_the_domain_are_left_out():
    class Ramp(Node):
        def forward(x, y): return np.sqrt(x - y) * (x - y)
        backward = (lambda grad, t, x, y: grad * (1.0 - np.equal(x, y)) * (x - y), None)

    (use,) = contributions(Ramp(Variable(2.0, "a"), Variable(1.0, "b")))
    assert print_formula(use.partial, TEXT) == "(a − b) [a > b]"


def test_the_formula_of_a_contribution_has_the_adjoint_of_the_user():
    a, b = Variable(2.0, "a"), Variable(3.0, "b")
    assert [print_formula(use.formula, LATEX) for use in contributions(a / b)] == [
        r"\frac{\bar t_1}{b}",
        r"-\frac{\bar t_1 t_1}{b}",
    ]
    v = Variable([1.0, 2.0], "v")
    (use,) = contributions(np.exp(v))
    assert use.formula is use.partial
    assert print_formula(use.formula, TEXT) == "t̄1 t1"


def test_definitions_name_each_operand():
    graph = graph_a(("a", "b", HOSTILE))
    written = [print_formula(definition(node, symbols(graph)), TEXT) for node in graph.nodes]
    assert f"v1: {HOSTILE}" in written
    assert "t2 = v1²" in written
