"""The checker of equations: it finds all of the write-up true, and refuses what is false, or true only somewhere."""

import json
import re
import shutil
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
import sympy as sp
from sympy.parsing.latex import parse_latex

from tools import equations, mutants_of_formulas
from tools.equations.claims import Draw
from tools.equations.context import Part
from tools.equations.documents import Document
from tools.equations.events import printed
from tools.equations.formulas import Reader, tokens, walk
from tools.equations.meaning import Numbers, Symbols

TESTS = Path(__file__).resolve().parent
SHEET = Document(equations.SHEET)


def claims(tmp_path, markdown):
    path = tmp_path / "text.md"
    path.write_text(markdown, encoding="utf-8")
    return Document(path, SHEET).settled().claims


def verdicts(tmp_path, markdown):
    return [claim.verdict for claim in claims(tmp_path, markdown)]


# ------------------------------------------------------------------------------------------------- the documents


@pytest.fixture(scope="module")
def write_up():
    return Document(equations.FILES[0], SHEET).settled()


@pytest.fixture(scope="module")
def notebook():
    return Document(equations.FILES[1], SHEET).settled()


def said(document, verdict):
    return [f"{claim.where}: {claim.tex}: {claim.message}" for claim in document.claims if claim.verdict == verdict]


def test_every_equation_of_the_write_up_is_true(write_up):
    assert not said(write_up, "false")


def test_every_equation_of_the_notebook_is_true_and_can_be_read(notebook):
    assert not said(notebook, "false") + said(notebook, "not checked")


def test_nothing_is_unread_and_no_domain_too_narrow(write_up):
    assert not said(write_up, "not checked") + said(write_up, "too narrow")


def test_as_many_equals_signs_are_read_as_stand_in_the_texts(write_up, notebook):
    """Counted without reading them; those in sums, brackets and cases are notation."""
    cells = json.loads(notebook.path.read_text(encoding="utf-8"))["cells"]
    prose = "\n\n".join(["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"])
    assert counted(notebook) == count_of(prose)
    assert counted(write_up) == count_of(write_up.path.read_text(encoding="utf-8"))


def counted(document):
    return sum([signs for _, signs, tex in document.equations if "=" in tex and ".svg" not in tex])


def count_of(text):
    text = re.sub(r"<!--.*?-->|```.*?```", "", text, flags=re.DOTALL)
    inner = r"\\sum_\{.*?\}|\[[^][]*=[^][]*\]|\\begin\{cases\}.*?\\end\{cases\}"
    formulas = [re.sub(inner, "", one, flags=re.DOTALL) for one in re.findall(r"\$\$.*?\$\$|\$[^$]+\$", text, re.DOTALL)]
    return sum([one.count("=") for one in formulas])


def test_all_parts_of_task_1_are_shown_by_symbols(write_up):
    for part in "abcdefgh":
        found = [claim.verdict for claim in write_up.claims if claim.section == f"1({part})"]
        assert len(found) > 4
        assert set(found) == {"by symbols"}


def test_the_sheets_equations_are_those_of_the_sheet():
    sheet = TESTS.parents[1] / "shared" / "exercise-sheet-01.md"
    if not sheet.exists():
        pytest.skip("the sheet is not part of the project")
    plain = re.sub(r"\s|&", "", sheet.read_text(encoding="utf-8"))
    for place, events in printed(equations.SHEET):
        for event in events:
            if event.kind == "formula" and "=" in event.text:
                for line in event.text.replace(r"\begin{aligned}", "").replace(r"\end{aligned}", "").split(r"\\"):
                    assert re.sub(r"\s|&", "", line) in plain, place


# ------------------------------------------------------------------------------------------------- what it must refuse

X, S = r"$\mathbf{x} \in \mathbb{R}^n$", r"$s = \mathbf{x}^T \mathbf{x}$"
FALSE = {
    "a quotient that is 0/0 at a point": r"$f(x) = \frac{x^2}{x}$ and $f(x) = x$",
    "a quotient that is 0/0 far from 0": r"$g(x) = x + 2$, $g(x) = \frac{x^2 - 4}{x - 2}$",
    "a root that is the modulus": r"$g(x) = x$, $g(x) = \sqrt{x^2}$",
    "a logarithm of a negative number": r"$g(x) = 2 \log x$, $g(x) = \log(x^2)$",
    "what holds only at 0": r"$g(x) = \sin x$, $g(x) = x$",
    "what holds only at integers": r"$g(x) = x - x$, $g(x) = \sin(3.14159265358979323846264338327950288419716939937510582 x)$",
    "a derivative across a kink": r"$g(x) = \sqrt{x^2}$, $g'(x) = \frac{x}{\sqrt{x^2}}$",
    "a wrong link in a chain": r"$g(x) = 2x$, $g'(x) = 1 + 1 = 3 - 1 = 2x$",
    "a wrong dimension": f"{X}, {S}, " + r"$\frac{\partial s}{\partial \mathbf{x}} \in \mathbb{R}^n$",
    "a row for a column": f"{X}, {S}, " + r"$\nabla_{\mathbf{x}} s = 2\mathbf{x}^T$",
    "what holds for n = 2 only": f"{X}, {S}, " + r"$s = x_1^2 + x_2^2$",
    "an empty domain": r"for $x > 0$ and $x < 0$, $g(x) = x^2$, $g'(x) = 2x$",
    "a decimal with a wrong last digit": r"$h = a^2$; at $a = 1.5$, $h = 2.26$",
    **{f"the value {value} in a table": f"$h = a^2$ at $a = 3$\n\n| x | y |\n| --- | --- |\n| $h$ | {value} |"
       for value in ("$8$", "8", "+8", "−8", r"$\frac12$", "$+8$", r"$8 \cdot 10^3$", "$8/1$")},
    "a dimension of a known function": r"$f(\mathbf{x}) = 2\mathbf{x}$, $f : \mathbb{R}^3 \to \mathbb{R}^7$",
    "a dimension that is not the sheet's": "## 1(g)\n\n" + r"$t : \mathbb{R}^F \to \mathbb{R}^7$",
    "a dimension that the definition has not": f"{X}, " + r"$\mathbf{z} \in \mathbb{R}^3$, $\mathbf{z} = 2\mathbf{x}$",
    "a missing picture": "![](none.svg)",
    "a zero of one vector in the domain of another": f"{X}, " + r"$\mathbf{y} \in \mathbb{R}^2$, $\mathbf{y} \ne \mathbf{0}$, "
    r"$h = \mathbf{y}^T \mathbf{y} + \mathbf{x}^T \mathbf{x}$, $h = \frac{h \mathbf{x}^T \mathbf{x}}{\mathbf{x}^T \mathbf{x}}$",
    "another definition than the sheet's": "## 1(a)\n\n$x \\ne 0$, $f(x) = \\cos(x^3) \\ln\\left(\\frac{x^4}{12}\\right)$",
    "a total for a partial derivative": r"$y = x^2$, $z = xy$, $\frac{\partial z}{\partial x} = 3x^2$",
    "what differs in the 20th digit": r"$g(x) = x$, $g(x) = x + 10^{-20}$",
    "a derivative at a pole": r"$g(x) = \frac{x^2 - 4}{x - 2}$, $g'(x) = 1$",
    "a derivative at a kink": r"$g(x) = \sqrt{x^2}$, $x \cdot g'(x) = \sqrt{x^2}$",
    "a domain with its edge": r"$g(x) = x$, $g(x) = \frac{x^2}{x}$ for $x \ge 0$",
    "a dimension stated twice": r"$\mathbf{x} \in \mathbb{R}^2$ and $\mathbf{x} \in \mathbb{R}^3$",
    "the dimension of a defined vector": f"{X}, " + r"$\mathbf{z} = 2\mathbf{x}$, $\mathbf{z} \in \mathbb{R}^3$",
    "a dimension under a brace": f"{X}, " + r"$s = \underbrace{\mathbf{x}^T}_{n \times 1} \mathbf{x}$",
    "a gradient by another vector": f"{X}, {S}, " + r"$\mathbf{y} \in \mathbb{R}^n$, $\nabla_{\mathbf{y}} s \in \mathbb{R}^n$",
    "a vector plus a number": f"{X}, " + r"$\mathbf{x} + 1 = 1 + \mathbf{x}$",
    "a division by a vector": f"{X}, " + r"$\frac{1}{\mathbf{x}} = \frac{1}{\mathbf{x}}$",
    "a column times a column": f"{X}, " + r"$\mathbf{x} \mathbf{x} = \mathbf{x} \mathbf{x}$",
    "too many arguments": "$g(x) = x^2$, $g(x, x) = x^2$",
    "two values of one letter": "$h = a^2$ at $a = 1$, $a = 2$",
    "a value without a point": "$h = a^2$\n\n| x | y |\n| --- | --- |\n| $h$ | $9$ |",
    "a formula in a table": "$h = a^2$\n\n| x | y |\n| --- | --- |\n| text | $h = 2a$ |",
    "an answer that is not the boxed one": "| 1(c) | $\\sigma(x)$ |\n| --- | --- |\n\n## 1(c)\n\n"
    "$\\sigma'(x) = \\boxed{\\sigma(x) (1 - \\sigma(x))}$",
    "a kink at a number in the formula": r"$g(x) = \sqrt{(2x - 1)^2}$, $(2x - 1) g'(x) = 2 \sqrt{(2x - 1)^2}$",
    "what differs in the 87th digit": "## 1(c)\n\n$\\sigma(200) = 1$",
    "what holds for n < 5 only": f"{X}, {S}, " + r"$(n - 2)(n - 3)(n - 4) s = n - n$",
    "what holds for different sizes only": r"$\mathbf{x} \in \mathbb{R}^n$, $\mathbf{y} \in \mathbb{R}^m$, $[m = n] = 0$",
    "another value of a constant": r"$\pi = 3$, $e = 2.7$",
    "a product after a function": r"$\sin 2x = x \sin 2$",
    "a second derivative": r"$s = x^2$, $g = \frac{\partial s}{\partial x}$, $\frac{\partial g}{\partial x} = 0$",
    "what only a later definition makes true": "## 1(b)\n\n$\\sigma \\ne 0$, $f'(x) = 0$. For example $\\mu = x$.",
    "a name that is more than itself": "$x = x + 1$",
    "a name that is more than itself, on a detour": "$a = b + 1$, $b = a + 1$",
    "what an earlier part says": "## A\n\n$h = a^2$\n\n## B\n\n<!-- in: A -->\n\n$h = a^3$",
}
TRUE = {
    "0/0 outside the domain": r"$f(x) = \frac{x^2}{x}$ and $f(x) = x$, for $x \ne 0$",
    "a root on its domain": r"$g(x) = x$, $g(x) = \sqrt{x^2}$ for $x \ge 0$",
    "a derivative on its domain": r"$g(x) = \sqrt{x^2}$, $g'(x) = \frac{x}{\sqrt{x^2}}$ for $x \ne 0$",
    "a chain": r"$g(x) = 2x$, $g'(x) = 1 + 1 = 3 - 1 = 2$",
    "a line that goes on": "$g(x) = e^{2x}$\n\n"
    "$$\\begin{aligned} g'(x) &= e^{2x} \\cdot 2 \\\\ &= 2e^{2x} \\end{aligned}$$",
    "a gradient in n dimensions": f"{X}, {S}, " + r"$\nabla_{\mathbf{x}} s = 2\mathbf{x} \in \mathbb{R}^n$",
    "a Jacobian": r"$\mathbf{A} \in \mathbb{R}^{M \times N}$, $\mathbf{x} \in \mathbb{R}^N$, "
    r"$\mathbf{y} = \mathbf{A}\mathbf{x}$, $\frac{\partial \mathbf{y}}{\partial \mathbf{x}} = \mathbf{A} \in \mathbb{R}^{M \times N}$",  # noqa: E501
    "a decimal to its last digit": r"$h = a^2$; at $a = 1.5$, $h = 2.3$ and $h = 2.25$",
    "second derivatives": r"$f(x) = x^3$, $g(x) = f'(x)$, $g'(x) = 6x$",
    "second derivatives of a name": r"$s = x^2$, $u = \frac{d s}{d x}$, $\frac{d u}{d x} = 2$",
    "a Hessian": f"{X}, {S}, " + r"$\mathbf{g} = \nabla_{\mathbf{x}} s$, $\frac{\partial g_i}{\partial x_j} = 2 [i = j]$",
    "factors before parentheses": "$p(1 - p) = p - p^2$, $t_1(2 + x) = 2t_1 + t_1 x$",
    "a domain far from 0": r"$g(x) = \log(x - 30)$, $g'(x) = \frac{1}{x - 30}$ for $x > 30$",
    "a small domain": r"$g(x) = \log(x - 5) + \log(7 - x)$, $g'(x) = \frac{1}{x - 5} - \frac{1}{7 - x}$ for $x > 5$, $x < 7$",
    "what takes many digits": r"$(e^{x^2} + 1) - e^{x^2} = \exp(x^3) \exp(-x^3)$",
    "constants": r"$\sin \pi = \log e - 1 = 0$",
    "functions without parentheses": r"$\sin 2x = 2 \sin x \cos x$, $\cos^2 xy \cdot 2 = 2 \cos(xy) \cos(xy)$",
    "a fourth derivative": r"$f(x) = e^{2x}$, $g(x) = f'(x)$, $h(x) = g'(x)$, $u(x) = h'(x)$, $u'(x) = 16f(x)$",
    "a large derivative": r"$h = \sin(10^6 x)$, $\frac{d h}{d x} = 10^6 \cos(10^6 x)$",
    "a total derivative": r"$y = x^2$, $z = xy$, $\frac{\partial z}{\partial x} = y$, $\frac{d z}{d x} = 3x^2$",
    "a domain without its edge": r"$g(x) = 2 \log x$, $g(x) = \log(x^2)$ for $x > 0$",
    "a whole number at the point": "$h = a^2$; at $a = 3$, $h = 9$",
    "dots": f"{X}, " + r"$\mathbf{x} = (x_1, \dots, x_n)$, $(x_1, x_2, \dots, x_n) = \mathbf{x}$",
    "a notation": f"<!-- let: \\nabla_{{\\mathbf{{x}}}} s := \\frac{{d s}}{{d \\mathbf{{x}}}} -->\n\n{X}, "
    + r"$\mathbf{y} = 2\mathbf{x}$, $s = \mathbf{x}^T \mathbf{y}$, $\nabla_{\mathbf{x}} s = 4\mathbf{x}$",
    "cases": f"{X}, "
    + r"$\frac{\partial x_i}{\partial x_j} = \begin{cases} 1 & i = j \\ 0 & i \ne j \end{cases}$",
    "two columns of lines": r"$$\begin{aligned} g(x) &= x^2 & h(x) &= x^3 \\ &= x \cdot x & &= x^2 \cdot x \end{aligned}$$",
    "what a comment says": "<!-- let: k > 0 -->\n\n$g(x) = \\log(kx) - \\log k$, $g(x) = \\log x$ for $x > 0$",
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_it_refuses(name, tmp_path):
    assert "false" in verdicts(tmp_path, FALSE[name])


@pytest.mark.parametrize("name", TRUE)
def test_it_accepts(name, tmp_path):
    found = verdicts(tmp_path, TRUE[name])
    assert set(found) == {"by symbols"} or (set(found) == {"by numbers"} and re.search(r"at \$a|for \$x|let:", TRUE[name]))


def test_what_numbers_cannot_tell_apart_is_not_said_to_be_shown_by_symbols(tmp_path):
    assert verdicts(tmp_path, r"$g(x) = x$, $g(x) = x + 10^{-280}$") == ["by numbers"]


@pytest.mark.parametrize("tex", [
    r"f(x) = \int x dx", r"x \approx y", r"\clubsuit x = 1", r"3 = \mathbf{u}", r"3 = x_i",
    r"\frac{\partial v}{\partial w} = 0",
    r"\nabla_x (x^2) \big|_y = 2x", r"(x] = 1", r"\begin{pmatrix} x & \\ & y \end{pmatrix} = 1",
    r"[x] = 1", r"[x < y < z] = 1", r"\begin{vmatrix} x \end{vmatrix} = x", r"3! = 6", r"x^T = x", "= x", "x =", r"x = \boxed",
    r"\bar v := \frac{\partial s}{\partial u}", r"\bar v = 1", r"\nabla_{\mathbf{x}} s := \frac{d s}{d \mathbf{y}}",
    r"1 < x = y", r"x_{i + 1} = 2",
    "g(x + y) = g(x) + g(y)", "g(x) = g(x) + 1", "g'(x) = 1", "g^2(2x) = 4 g^2(x)", r"\mathrm{g}(2x) = 2 \mathrm{g}(x)",
    "t_1(2x) = 2t_1(x)", "x^{(2)} = x x", r"\sin^{-1} x = \frac{1}{\sin x}", "1,000 = 1", r"1\,000 = 0", "x² = x", "f : x",
    "9^{9^{9^9}} = 1", "x^{10^9} = x", r"\sum_{i=1}^{10000000} i = 3", r"\exp(\exp(\exp(100))) = 1",
    r"\frac{d t}{d x} = t",
    r"\begin{pmatrix} 1 & 2 \\ 3 \end{pmatrix} = 1",
])  # fmt: skip
def test_what_it_cannot_read_is_reported_and_not_skipped(tex, tmp_path):
    assert verdicts(tmp_path, f"${tex}$") == ["not checked"]


LINES = r"\begin{aligned} 1 &= 2 \end{aligned}"


@pytest.mark.parametrize("text", [
    r"$$\begin{align} 1 &= 2 \end{align}$$", r"$$\begin{align*} 1 &= 2 \tag{1} \end{align*}.$$", f"$${LINES} \\tag{{1}}$$",
    r"$$\begin{gathered} 1 = 2 \end{gathered}$$", f"$$\\left\\{{{LINES}\\right.$$", f"$$\\qquad {LINES} \\quad {LINES}.$$",
    r"$$\begin{equation} \begin{split} 1 &= 2 \end{split} \end{equation}$$", r"$1 \overset{(a)}{=} 2$",
    r"$1 \stackrel{a}{=} 2$", r"$1 \equiv 2$", "# A $1=2$", "# $1=2$",
    "![a $1=2$](a.png)", "```math\n1 = 2\n```", "[$1=2$](a.png)", r"$3 \leq 2$",
])  # fmt: skip
def test_it_reads_equations_wherever_they_stand(text, tmp_path):
    assert set(verdicts(tmp_path, text)) == {"false"}


@pytest.mark.parametrize("name", ["text.md", "text.ipynb"])
@pytest.mark.parametrize("text", [
    r"$$\begin{array}{rcl} 1 & = & 2 \end{array}$$", "${1=2}$", "$(1=2)$", "$[1 = 2]$", f"$$1 {LINES}$$", r"$1 \approx 2$",
    r"$\begin{cases} 1 = 2 & x = 1 \end{cases}$", "<div>$1=2$</div>", "<!-- let: x > 0 --> $1=2$", "<!-- $1 = 2$",
    "$ 1 = 2 $", "\\begin{equation}\n1=2\n\\end{equation}", r"\\(1=2\\)", "so 1 = 2", "[1 = 2](a.png)", r"$3_{x = y}$",
    r"$f : \mathbb{R} \to \mathbb{R} = 3$", r"$x \in \mathbb{R} = 3$", r"$\mathrm{f}(x) \in \mathbb{R} = 3$",
])  # fmt: skip
def test_it_reports_each_equals_sign_that_it_has_not_read(name, text, tmp_path):
    cells = [{"cell_type": "markdown", "source": [text]}]
    (tmp_path / name).write_text(text if name == "text.md" else json.dumps({"cells": cells}), encoding="utf-8")
    document = Document(tmp_path / name, SHEET).settled()
    assert {claim.verdict for claim in document.claims} == {"not checked"}
    assert sum([signs for _, signs, _ in document.equations]) > 0


@pytest.mark.parametrize("text", [
    "`x = 1`", "<a id='x'></a>", "<https://a?b=c>", "<!-- a = b -->", "```\na = b\n```", "$[i = j]$",
])  # fmt: skip
def test_these_equals_signs_are_none(text, tmp_path):
    assert not claims(tmp_path, text)


@pytest.mark.parametrize("text", [
    r"$\mathbf{x} \in \mathbb{R}^2$, $x_3 = 1$", f"{X}, " + r"$(x_2, \dots, x_n) = \mathbf{x}$",
    "| 1(c) | $\\sigma(x)$ | 2 |\n| --- | --- | --- |", f"{X}, " + r"$\mathbf{x}^2 = \mathbf{x}$",
    r"$\mathbf{A} \in \mathbb{R}^{2 \times 2}$, $\mathbf{A}^2 = 1$",
    "$f(x) = x$, $f^{-1}(x) = x$", f"{X}, " + r"$\begin{pmatrix} \mathbf{x} & 1 \end{pmatrix} = 1$",
    "$h = w_0 + w_1$ at $w = (1, 2, 3)$",
    "$h = w_0 + w_1$ at $w_0 = 1$, $w_2 = 2$",
])  # fmt: skip
def test_what_has_no_meaning_after_what_was_said_is_reported(text, tmp_path):
    assert verdicts(tmp_path, text) == ["not checked"]


@pytest.mark.parametrize("text, expected", [
    (r"$0.185695 + 0.137931 + 0.148148 = 0.471775$", "by numbers"),
    (r"$0.471775 + (-0.159122) \cdot 2.25 = 0.113750$", "by numbers"),
    (r"$\sqrt{7.250000} = 2.692582$", "by numbers"),
    (r"$0.185695 + 0.137931 + 0.148148 = 0.471778$", "false"),
    (r"$0.12 \cdot 4 = 0.47$", "false"),
    (r"$2 \cdot 0.5 = 1.001$", "false"),
])  # fmt: skip
def test_what_is_worked_out_from_rounded_numbers_may_differ_by_their_rounding(text, expected, tmp_path):
    stated = "$E = xy$ at $x = 2$ and $y = 3$. "
    assert verdicts(tmp_path, stated + text)[-1] == expected


def test_a_domain_may_be_too_narrow_and_a_wrong_entry_is_named(tmp_path, capsys):
    (tmp_path / "a.md").write_text(r"For $x > 0$, $g(x) = x^2$, $g'(x) = 2x$", encoding="utf-8")
    assert not equations.main([tmp_path / "a.md"])
    assert "part front: too narrow" in capsys.readouterr().out
    wrong = claims(tmp_path, r"$\begin{pmatrix} x \\ x \end{pmatrix} = \begin{pmatrix} x \\ 2x \end{pmatrix}$")[0]
    assert wrong.message.startswith("entry (2, 1): left side ")


def test_an_empty_domain_is_said_to_be_empty(tmp_path):
    assert "no point was found" in claims(tmp_path, FALSE["an empty domain"])[0].message


def test_the_report_lists_what_is_not_checked(tmp_path, capsys):
    text = "## 1(c)\n\n$\\sigma(x) = \\int x = \\int y$, $\\sigma(0) = \\frac{1}{2}$"
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    equations.main([tmp_path / "a.md"])
    told = capsys.readouterr().out
    assert "| 1(c) | 2 | 3 | 0 | 1 | 0 | 2 | 0 |" in told
    assert re.search(r"- a.md, line 3, part 1\(c\): `.*` is not checked: cannot read what \\int means", told)


@pytest.mark.parametrize("text, ends", [
    ("$1 + 1 = 2$", 0), ("$1 + 1 = 3$", 1), (r"$\frac{1}{2 = \frac{2}{4}$", 1), (r"$1 + 1 = \clubsuit$", 1), ("so 1 = 1", 1),
    ("For $x > 0$, $g(x) = x^2$, $g'(x) = 2x$", 0),
])  # fmt: skip
def test_it_ends_with_1_where_an_equation_is_false_or_cannot_be_read(text, ends, tmp_path):
    (tmp_path / "a.md").write_text(f"## 1(c)\n\n{text}", encoding="utf-8")
    assert equations.main([tmp_path / "a.md"]) == ends


def test_a_false_equation_is_shown_with_its_place_both_values_and_the_right_side(tmp_path):
    text = "# A\n\n## Product rule\n\n$g(x) = x \\sin x$\n\n$$\n\\begin{aligned}\n"
    text += "g'(x) &= \\sin x + x \\cos x \\\\\n&= \\sin x - x \\cos x\n\\end{aligned}\n$$\n"
    wrong = claims(tmp_path, text)[1]
    assert (wrong.verdict, wrong.where, wrong.section) == ("false", "text.md, line 10", "Product rule")
    assert r"&= \sin x - x \cos x" in wrong.tex
    assert re.fullmatch(r"left side \S+, right side \S+ at x = \S+; the right side should be .*\\cos.*", wrong.message)


# ------------------------------------------------------------------------------------------------- task 2

STEPS = """<!-- in: 2, small -->

$\\mathcal{C} = (u + v)^2 + v$, $\\bar t_i := \\frac{\\partial \\mathcal{C}}{\\partial t_i}$

$$
\\begin{aligned}
t_1 &= u + v \\\\
t_2 &= t_1^2 \\\\
t_3 &= t_2 + v = \\mathcal{C}
\\end{aligned}
$$

$\\bar v = \\bar t_1 \\frac{\\partial t_1}{\\partial v} + \\bar t_3 \\frac{\\partial t_3}{\\partial v}$
"""


@pytest.mark.parametrize("old, new, reason", [
    ("t_1^2", "(u + v)^2", "not one operation"),
    ("t_2 + v =", "t_2 + u =", "right side should be"),
    ("t_2 &= t_1^2", "t_2 &= u + v", "same as another"),
    (r" + \bar t_3 \frac{\partial t_3}{\partial v}", "", "the nodes that use v are t_1, t_3"),
    (r"\bar t_3 \frac{\partial t_3}{\partial v}", r"\bar t_3 \frac{\partial t_2}{\partial t_1}", "."),
    (r"\bar v = \bar t_1", r"\bar v = \frac{\partial t_3}{\partial v} \cdot 1", "the nodes that use v are t_1, t_3"),
    (r"\bar t_3 \frac", r"\bar t_2 \frac", "the nodes that use v are t_1, t_3"),
])  # fmt: skip
def test_it_sees_a_wrong_step_of_backpropagation(old, new, reason, tmp_path):
    assert set(verdicts(tmp_path, STEPS)) == {"by symbols"}
    assert STEPS.count(old) == 1
    wrong = [claim.message for claim in claims(tmp_path, STEPS.replace(old, new)) if claim.verdict == "false"]
    assert any(re.search(reason, message) for message in wrong)


FIRST = r"$\bar v = \bar t_1 \frac{\partial t_1}{\partial v}$"  # the sum goes on in another cell
PARTIAL = r"$\frac{\partial t_1}{\partial v} = 1$"
REST = r"${} + \bar t_3 \frac{\partial t_3}{\partial v}$"


@pytest.mark.parametrize("rows, reason", [
    ("| $t_4 = u + u$ |", "right side should be"),
    ("| $u \\to t_1$ | $1$ |", None), ("| $u \\to t_3$ | $4$ |", "no arrow from u to t_3"),
    ("| $v \\to t_3$ | $1$ |\n| $\\sum$ | $5$ |", "right side 1.0"),
    ("| $v \\to t_3$ | $1$ |\n| $v \\to t_1 \\to t_2 \\to t_3$ | $4$ |\n| $\\sum$ | $5$ |", None),
    (r"| $\bar t_2 = \bar t_3 \frac{\partial t_3}{\partial t_2}$ | $\frac{\partial t_3}{\partial t_2} = 1$ |", None),
    (r"| $\bar t_2 = \bar t_3 \frac{\partial t_3}{\partial t_2}$ | $\frac{\partial t_2}{\partial t_2} = 1$ |", "beside them"),
    ("| $t_3 = t_2 + v$ | $4 + 1$ | $5$ |", None), ("| $t_3 = t_2 + v$ | $3 + 2$ | $5$ |", "right side 3.0"),
    ("| $t_3 = t_2 + v$ | $4 + 1$ | $6$ |", "right side 6.0"), ("| $t_3 = t_2 + v$ | $6 - 2$ |", "right side 4.0"),
    (r"| $\bar v = 4 \cdot 1 + 1 \cdot 1$ | $5$ |", None), (r"| $\bar v = 1 \cdot 1 + 4 \cdot 1$ |", "right side 1.0"),
    (r"| $t_2 = t_1^2$ | $\bar t_2 = 1 \cdot 1$ |", None), (r"| $v$ | $\bar t_2 = 1 \cdot 1$ |", "not the adjoint of the node"),
    (r"| $\bar v = 5 \cdot 1$ |", "the nodes that use v are t_1, t_3"),
    (r"| $\bar t_1 = 1 \cdot (2 \cdot 2)$ |", None), (r"| $\bar t_1 = 4 \cdot 1$ |", "right side 4.0"),
    (f"| {FIRST} | {REST} |", None), (f"| {FIRST} |", "the nodes that use v are t_1, t_3"),
    (f"| {FIRST} | {REST.replace('3', '2')} |", "the nodes that use v are t_1, t_3"),
    (f"| {FIRST} | {REST} | {PARTIAL} | {PARTIAL.replace('1}', '3}')} |", None),
    (f"| {FIRST} | {REST} | {PARTIAL} |", "beside them"),
])  # fmt: skip
def test_it_reads_tables_of_paths_and_adjoints(rows, reason, tmp_path):
    found = claims(tmp_path, f"{STEPS}\nAt $u = 1$, $v = 1$:\n\n| a | b | c | d |\n|{' --- |' * 4}\n{rows}\n")
    wrong = [claim.message for claim in found if claim.message]
    assert len(found) > len(claims(tmp_path, STEPS))
    assert any(re.search(reason, message) for message in wrong) if reason else not wrong


QUOTIENT = r"""<!-- in: 2, small -->

$\mathcal{C} = w \frac{u}{v}$, $v \ne 0$, $\bar t_i := \frac{\partial \mathcal{C}}{\partial t_i}$,
$t_1 = \frac{u}{v}$, $t_2 = w t_1 = \mathcal{C}$; at $u = 1$, $v = 3$, $w = 40.5$

| a | b | c |
| --- | --- | --: |
| $t_2 = w t_1$ | $40.5 \cdot 0.333333$ | $13.500000$ |
| $\bar v = 40.5 \cdot \left(-\dfrac{0.333333}{3}\right)$ | | $-4.500000$ |
| $\bar u = 40.5 \cdot \frac{1}{3}$ | | $13.500000$ |
"""


def test_it_sees_every_wrong_digit_of_a_trace(tmp_path):
    assert "false" not in verdicts(tmp_path, QUOTIENT)
    start = QUOTIENT.index("--: |")
    digits = [place.start() for place in re.finditer(r"(?<!_)\d", QUOTIENT) if place.start() > start]
    assert len(digits) == 49
    for place in digits:
        wrong = QUOTIENT[:place] + str((int(QUOTIENT[place]) + 1) % 10) + QUOTIENT[place + 1 :]
        assert "false" in verdicts(tmp_path, wrong), wrong[start:]


def test_a_broken_picture_is_not_checked(tmp_path):
    (tmp_path / "broken.svg").write_text("<svg><g", encoding="utf-8")
    assert verdicts(tmp_path, "![a graph](broken.svg)") == ["not checked"]


@pytest.mark.parametrize("old, new", [
    ('data-edge="t1 t3"', 'data-edge="y t3"'), ('data-node="t3"', 'data-node="t10"'), ("t_3 = t_1 + t_2", "t_3 = t_1 t_2"),
    ('data-value="6"', 'data-value="5"'), (r"\bar t_1 = 13", r"\bar t_1 = 12"), ("2 t_1 = 12", "2 t_1 = 13"),
])  # fmt: skip
def test_it_sees_a_wrong_picture(old, new, tmp_path):
    shutil.copytree(equations.FILES[0].parent / "figures", tmp_path / "figures")
    text = equations.FILES[0].read_text(encoding="utf-8")
    (tmp_path / "text.md").write_text(text[text.index("\n## Backpropagation") : text.index("\n## 2 ")], encoding="utf-8")
    picture = tmp_path / "figures" / "one-example.svg"
    svg = picture.read_text(encoding="utf-8")
    assert old in svg
    picture.write_text(svg.replace(old, new, 1), encoding="utf-8")
    document = Document(tmp_path / "text.md", SHEET)
    document.claims = [claim for claim in document.claims if "one-example" in claim.tex]
    document.domains = []
    assert "false" in {claim.verdict for claim in document.settled().claims}


# ------------------------------------------------------------------------------------------------- its parts


@pytest.mark.parametrize("tex", [
    r"\frac{4}{x} \cos(x^3) - 3 x^2 \sin(x^3)", r"\sqrt{x + y} + \log(x + y)", r"-\frac{x - y}{z^2}", r"2 x y^3 / z - x^{10}",
    r"\frac{1}{2} \cdot (x - y)^2 z", r"\tan^2 x + 1", r"x - y - z + 2", r"\exp(-x) (1 - x)", r"\frac{\frac{x}{y}}{z}",
])  # fmt: skip
def test_its_reader_agrees_with_sympys_where_that_one_can_read(tex):
    part = Part("text")
    ours = Symbols(part, {}, {})(Reader(tokens(tex)[0])())
    theirs = parse_latex(tex).doit()
    names = {symbol: sp.Symbol(symbol.name, real=True) for symbol in theirs.free_symbols}
    assert sp.simplify(ours - theirs.subs(names)) == 0


def test_undefined_functions_are_the_same_at_one_point_and_others_at_the_next():
    values = []
    for seed in ("1", "1", "2"):
        meaning = Numbers(Part("text"), {}, {}, Draw(seed, {}, {}))
        values.append(meaning.undefined("a", [meaning.number("0.3")]))
    assert values[0] == values[1] != values[2]


# ------------------------------------------------------------------------------------------------- numbers that come from a run


def test_hubbles_line_and_the_minimum_of_b_are_those_of_the_normal_equations():
    notebook = json.loads(equations.FILES[1].read_text(encoding="utf-8"))
    code = "\n".join(["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"])
    distance, velocity = [
        [
            Fraction(one)
            for one in re.findall(r"-?\d+\.?\d*", re.search(rf"^{name} = np.array\(\[[^\n]*\n(.*?)\]\)", code, re.M | re.S)[1])
        ]
        for name in ("distance", "velocity")
    ]
    assert len(distance) == len(velocity) == 24
    rate, intercept = least_squares(distance, velocity)
    text = equations.FILES[0].read_text(encoding="utf-8")
    assert f"-->{float(rate):.2f}<!--/--> km/s per Mpc" in text
    assert f"-->{float(intercept):.2f}".replace("-4", "−4") + "<!--/--> km/s" in text
    assert least_squares([1, 2, -1], [1, 5, -4]) == (Fraction(41, 14), Fraction(-9, 7))


def least_squares(xs, ys):
    n, x, y = len(xs), sum(xs), sum(ys)
    rate = Fraction(n * sum([a * b for a, b in zip(xs, ys)]) - x * y) / (n * sum([a * a for a in xs]) - x * x)
    return rate, (y - rate * x) / n


def test_the_counted_operations_are_those_of_the_formula():
    """16 as typed, 9 after reuse, 14 for B, 5n - 1 for n terms: one for each operation sign of the sheet's equation."""
    tree = SHEET.parts["2"].definitions["name", "cal A"]
    operations = [one for one in walk(tree) if one[0] in ("add", "mul", "div", "pow", "fn", "subtract")]
    text = equations.FILES[0].read_text(encoding="utf-8")
    assert f"<!--=operations(typed_A)-->{len(operations)}<!--/-->" in text
    assert len(set(operations)) == 9
    for n in (1, 3, 10, 100, 1000):
        assert f"| {n:,} | {2 * n + 2:,} | {5 * n - 1:,} | " in text
        assert f"| {2 * (2 * n + 2) * (5 * n - 1):,} |" in text


def test_gradient_descent_takes_the_steps_that_the_text_says():
    """In exact steps of our own: 60 come within 1e-6 of the minimum."""
    w, best = [0.8, 3.9], (-9 / 7, 41 / 14)
    data = list(zip([1, 2, -1], [1, 5, -4]))
    for _ in range(60):
        slopes = [sum([2 * (w[0] + w[1] * x - y) * factor(x) for x, y in data]) for factor in (lambda x: 1, lambda x: x)]
        w = [one - 0.12 * slope for one, slope in zip(w, slopes)]
    assert max(abs(one - other) for one, other in zip(w, best)) < 1e-6


# ------------------------------------------------------------------------------------------------- what a lesson says


EXAMPLE = "## An example\n\n$E = xy + (xy)^2$ at $x = 2$ and $y = 3$: $t_1 = xy$, $t_2 = t_1^2$, $t_3 = t_1 + t_2 = E$\n\n"
ADJOINT = r"<!-- let: \bar t_i := \frac{\partial E}{\partial t_i} -->"


@pytest.mark.parametrize(
    "said, verdict",
    [
        (r"t_2 = t_1^2 = 6^2 = 36", "by numbers"),
        (r"t_2 = t_1^2 = 6^2 = 35", "false"),
        (r"t_2 = t_1^2 = 5^2 = 36", "false"),
        (r"t_3 = 6 + 36 = 42 = E", "by numbers"),
        (r"t_3 = 6 + 36 = 42 = E^2", "false"),
        (r"\bar t_1 = 1 \cdot 1 + 1 \cdot 12 = 13", "by numbers"),
        (r"\bar t_1 = 1 \cdot 1 + 1 \cdot 11 = 12", "false"),
        (r"t_2 = 3 t_1^2 - 72", "false"),
    ],
)
def test_a_chain_with_numbers_put_in_is_meant_at_the_point(tmp_path, said, verdict):
    assert verdict in verdicts(tmp_path, f"{EXAMPLE}{ADJOINT}\n\n${said}$")
    assert "not checked" not in verdicts(tmp_path, f"{EXAMPLE}{ADJOINT}\n\n${said}$")


@pytest.mark.parametrize(
    "summand, verdict",
    [
        (r"\bar t_j \frac{\partial t_j}{\partial t_i}", "by symbols"),
        (r"\bar t_j", "false"),
        (r"\bar t_j \frac{\partial t_i}{\partial t_j}", "false"),
        (r"\bar t_i \frac{\partial t_j}{\partial t_i}", "false"),
    ],
)
def test_a_sum_over_children_is_claimed_of_every_node(tmp_path, summand, verdict):
    formula = r"$$\bar t_i = \sum_{j \in \mathrm{children}(i)} " + summand + "$$"
    assert verdicts(tmp_path, f"{EXAMPLE}{ADJOINT}\n\n{formula}")[-1] == verdict


def test_vectors_of_which_only_components_are_known_have_points_and_gradients(tmp_path):
    stated = r"$\mathbf{w} = (0.5, 2)$, $\mathbf{x} = (1, 2, -1)$, $\mathbf{y} = (1, 5, -4)$: "
    point = f"<!-- in: 2, equation B -->\n\n{stated}"
    assert verdicts(tmp_path, point + r"$\nabla_{\mathbf{x}} \mathcal{B} = (6, -2, 10)$") == ["by numbers"]
    assert verdicts(tmp_path, point + r"$\nabla_{\mathbf{x}} \mathcal{B} = (6, -2, 11)$") == ["false"]
    assert verdicts(tmp_path, point + r"$\nabla_{\mathbf{w}} \mathcal{B} = (7, -4)$") == ["by numbers"]


# ------------------------------------------------------------------------------------------------- mutants


def test_a_sample_of_mutants_is_caught(write_up):
    chosen = mutants_of_formulas.sample(0)[::5]
    assert len(Counter(mutant[0] for mutant in chosen)) >= 10
    alive = [mutant for mutant in chosen if mutants_of_formulas.survives(mutant)[1] and not mutants_of_formulas.equal(mutant)]
    assert not [f"{mutant[0]}: {mutant[3]}" for mutant in alive]
