"""The notebook's checks: of an answer, of every value and adjoint of a graph, and of an operation's backward rule.

They ask SymPy, which is given the expression and never a backward rule: each operation's function by its name, or its forward
rule written out. Each check returns texts for a row of a table. An error is the largest one: the difference from the right
number, divided by the size of this number where that is greater than 1 (so that small numbers are compared absolutely and
large ones by their digits). It reads "< 1e-12" if it is within its bound, and is a number if not.
"""

import contextlib
import re
from pathlib import Path

import numpy as np
import sympy as sp
from sympy.parsing.latex import parse_latex

from autograd_engine import Program, draw, gradient, jacobian
from autograd_engine.formulas import graph_of
from autograd_engine.sympy_engine import symbols_of
from autograd_nodes import Constant, Graph, Node, Variable

SHEET = Path(__file__).resolve().parents[1] / "docs" / "sheet-equations.md"
EXACT, ROUNDED = 12, 8  # the digits to which numbers agree: with SymPy's, and with central differences


def sheet_equation(letter):
    """The right-hand side of the sheet's equation A or B, as printed there; a sum over i is written out."""
    printed = re.search(rf"\\mathcal\{{{letter}\}} &= (.*?) (\\\\|\\end)", SHEET.read_text(encoding="utf-8"))[1]
    term = printed.removeprefix(r"\sum_{i=1}^3 ")
    terms = [printed] if term == printed else [term.replace("_i", f"_{i}") for i in (1, 2, 3)]
    equation = sum([parse_latex(one) for one in terms])
    return equation.subs({s: sp.Symbol(re.sub("[{}]", "", s.name), real=True) for s in equation.free_symbols})


# ---------------------------------------------------------------------------------------------- expressions and derivatives


def replaced(y, new):
    """The node y made anew, with other nodes in the place of some: {node: what replaces it}."""

    def made(node, *inputs):
        return new[node] if node in new else type(node)(*inputs, **node.parameters) if inputs else node

    return Graph(y).fold(made)[y]


def in_sympy(y, *first):
    """The elements of y as SymPy has them, and {symbol: value} for the elements of its Variables, those in `first` first."""
    variables = list(dict.fromkeys([x for x in (*first, *Graph(y).leaves) if isinstance(x, Variable)]))
    program = Program([y], variables)
    labels = [program.lines.names[x] for x in program.inputs]
    symbols = [s for x, label in zip(variables, labels) for s in np.ravel(symbols_of(label, x.shape))]
    real = {s: sp.Symbol(str(s), real=True) for s in symbols}
    values = [sp.Rational(float(value)) for x in variables for value in np.ravel(x.value)]
    return [element.xreplace(real) for element in np.ravel(program.to_sympy()[0])], dict(zip(real.values(), values))


def derivative_in_sympy(y, x, order=1):
    """SymPy's derivative of each element of y by each of the Variable x; and {symbol: value}, those of x first."""
    elements, values = in_sympy(y, x)
    by = list(values)[: np.size(x.value)]
    for _ in range(order):
        elements = [element.diff(s) for element in elements for s in by]
    return elements, values


def central_differences(graph, x, h):
    """The derivative of a graph's result by each element of a leaf, from two evaluations that move this element by h."""

    def result(place, step):
        moved = np.array(x.value)
        moved[place] += step
        return graph.evaluate({x: moved})[graph.outputs[0]]

    return [(result(place, h) - result(place, -h)) / (2 * h) for place in np.ndindex(x.shape)]


def at(expressions, values):
    """SymPy's expressions, or numbers, at a point with 30 digits."""
    return [sp.N(sp.sympify(expression).subs(values), 30) for expression in np.ravel(expressions)]


def error(found, expected, values=()):
    """The largest difference of numbers from SymPy's expressions at a point."""
    return max([float(abs(a - b) / max(1, abs(b))) for a, b in zip(np.ravel(found), at(expected, values), strict=True)])


def nearby(values, count=3):
    """Points about this one, which has an irregular place among them: {symbol: value} for each."""
    shifts = np.random.default_rng(0).uniform(-0.1, 0.1, (count, len(values)))
    return [{s: v + (v or 1) * sp.Rational(d) for (s, v), d in zip(values.items(), row)} for row in shifts]


def within(largest, digits):
    return f"< 1e-{digits}" if largest < 10.0**-digits else f"{largest:.2g}"


# --------------------------------------------------------------------------------------------------------------- the checks


def check_derivative(y, x, answer):
    """How the answer agrees with SymPy's derivative of y with respect to the Variable x: "by symbols" if the difference of the
    two simplifies to 0, "by numbers" if they are equal at several points only, or "no". And how far off our own derivative is.

    y is a node, the answer a node, a number or an array. Raises ValueError for an answer of another shape than the derivative.
    """
    answer = answer if isinstance(answer, Node) else Constant(answer)
    if answer.shape != y.shape + x.shape:
        raise ValueError(f"the answer has shape {answer.shape}, but the derivative has shape {y.shape + x.shape}")
    expected, values = derivative_in_sympy(y, x)
    found, values_too = in_sympy(answer, x, *Graph(y).leaves)
    differences = [error(at(found, point), expected, point) for point in nearby(values_too | values)]
    if max(differences) >= 10.0**-EXACT:
        agreement = "no"
    else:
        identical = all([sp.simplify(a - b) == 0 for a, b in zip(found, expected)])
        agreement = "by symbols" if identical else "by numbers"
    return [agreement, within(error(jacobian(y, x), expected, values), EXACT)]


def same_graph(y, z):
    """Whether two nodes are computed in the same way: their drawings, which show every operation and input, are equal."""
    return draw(Graph(y)).svg == draw(Graph(z)).svg


def check_graph(graph, equation=None):
    """Sweeps a graph, or that of a node; returns the number of nodes that depend on a Variable, and the errors of their values,
    of their adjoints, and of these against central differences. If an equation is given, a SymPy expression in the leaves'
    names, whether it is the graph's result comes first.
    """
    graph = graph_of(graph)
    graph.forward(), graph.backward()
    active, (result,), row = [node for node in graph.nodes if node.active], graph.outputs, []
    if equation is not None:
        row = ["yes" if sp.simplify(in_sympy(result)[0][0] - equation) == 0 else "no"]
    errors = zip(*[errors_at(node, result) for node in active])
    return [*row, str(len(active)), *[within(max(one), digits) for one, digits in zip(errors, (EXACT, EXACT, ROUNDED))]]


def errors_at(node, result):
    """Of a node's value, and of its adjoint: SymPy differentiates, and differences move, the value of this node alone."""
    moved = Variable(node.value)
    cut = replaced(result, {node: moved})
    from_differences = error_from_differences(Graph(cut), moved, node.grad)
    return error(node.value, *in_sympy(node)), error(node.grad, *derivative_in_sympy(cut, moved)), from_differences


def error_from_differences(graph, x, slope):
    """The error of a derivative against central differences with the step that suits it best: the usual one may leave the
    domain, as at the root of a tiny number.
    """
    best = np.inf
    for step in max(1.0, np.max(np.abs(x.value))) * np.logspace(-5, -10, 6):
        with contextlib.suppress(ArithmeticError):
            best = min(best, error(slope, central_differences(graph, x, step)))
        if best < 10.0**-ROUNDED:
            break
    return best


def check_rules(y, x):
    """The errors of the first and of the second derivative of y by a scalar Variable x, at three points."""
    (first,) = gradient(y, [x])
    (second,) = gradient(first, [x])
    found = []
    for order, derivative in ((1, first), (2, second)):
        expected, values = derivative_in_sympy(y, x, order)
        graph, (symbol, *_) = Graph(derivative), values
        points = [x.value + step for step in (-0.25, 0.0, 0.25)]
        found_at = [graph.evaluate({x: point} if x in set(graph.leaves) else {})[derivative] for point in points]
        errors = [error(one, expected, values | {symbol: point}) for one, point in zip(found_at, points)]
        found.append(within(max(errors), EXACT))
    return found
