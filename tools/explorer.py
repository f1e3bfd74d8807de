"""Builds docs/explorer.html, the page on which the graphs of the sheet, and a few others, are stepped through.

    python -m tools.explorer
"""

from pathlib import Path

import numpy as np

from autograd_engine import eliminate_common_subexpressions, gradient
from autograd_engine.explorer import Example, page
from autograd_nodes import Graph, Sigmoid, Variable

PAGE = Path(__file__).resolve().parent.parent / "docs" / "explorer.html"

RULE = (
    "Forward, each value is computed from those before it. Backward, each node hands its adjoint, times the derivative on the "
    "arrow, to the nodes that it was computed from. What arrives at a node adds up."
)
SECOND = "The graph of ∂A/∂a, which gradient(A, [a]) has built. Its adjoints are second derivatives of A."
TOO_EARLY = (
    "Here each node hands on its adjoint as soon as it has received anything, as a walk without topological order does. "
    "The result is 8a², so its derivative should be 16a. Untick the box for the right order."
)


def variables(**values):
    return [Variable(value, name) for name, value in values.items()]


def example():
    x, y = variables(x=2, y=3)
    return eliminate_common_subexpressions(x * y + (x * y) ** 2)


def equation_a():
    a, b, c = variables(a=2, b=3, c=1.5)
    A = np.sqrt(a + b + c**2) + np.log(a + b + c**2) + (a + b + c**2) / (b * c**2)  # noqa: N806
    return eliminate_common_subexpressions(A), (a, b, c)


def equation_b():
    w_0, w_1, *points = variables(w_0=0.5, w_1=2, x_1=1, x_2=2, x_3=-1, y_1=1, y_2=5, y_3=-4)
    first, second, third = [(w_0 + w_1 * x - y) ** 2 for x, y in zip(points[:3], points[3:])]
    return first + second + third


def neuron():
    x, w, b, y = variables(x=1.5, w=0.8, b=-0.4, y=1)
    return (Sigmoid(w * x + b) - y) ** 2


def doubled_twice():
    (a,) = variables(a=1)
    b = a + a
    c = b + b
    return c * b


def examples():
    A, (a, *_) = equation_a()  # noqa: N806
    (derivative,) = gradient(A, [a])
    return [
        Example("E", Graph(example()), "Start here: E = xy + (xy)²", RULE),
        Example("A", Graph(A), "Equation A", "The sheet’s first equation."),
        Example("B", Graph(equation_b()), "Equation B", "The sheet’s second equation: three squared residuals."),
        Example("neuron", Graph(neuron()), "A neuron", "A sigmoid neuron and its squared loss: w and b are what it learns."),
        Example("dA", Graph(eliminate_common_subexpressions(derivative)), "A derivative’s derivative", SECOND),
        Example("why", Graph(doubled_twice()), "Why this order?", TOO_EARLY, depth_first=True),
    ]


def build():
    return page("Backpropagation, step by step", examples())


if __name__ == "__main__":
    PAGE.write_text(build(), encoding="utf-8")
