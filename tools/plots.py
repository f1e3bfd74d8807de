"""The plots of the notebook's experiments, one function each. What they show is computed in the notebook."""

from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

STYLE = Path(__file__).with_name("plots.mplstyle")


@contextmanager
def axes(xlabel, ylabel):
    """The axes of a new plot, which is shown at the end."""
    with plt.style.context(STYLE):
        _, ax = plt.subplots()
        yield ax
        ax.set(xlabel=xlabel, ylabel=ylabel)
        plt.show()


def plot_errors(steps, errors, value, third):
    """The error of a central difference for each step, between the lines of its two causes; `value` is that of the function,
    `third` its third derivative. The line of the backward pass is drawn at machine epsilon, which its error is below.
    """
    epsilon = np.finfo(float).eps
    with axes("step $h$", r"error of $\partial\mathcal{A}/\partial c$") as ax:
        ax.loglog(steps, errors, "o-", ms=3, lw=1, nonpositive="mask")
        ax.axhline(epsilon, color="C1", lw=2)
        large, small = steps[steps > 3e-7], steps[steps < 3e-5]
        ax.loglog(large, abs(third) / 6 * large**2, "--", color="C2", lw=1)
        ax.loglog(small, epsilon * value / 2 / small, ":", color="C2", lw=1.4)
        ax.text(3e-11, 3e-3, "central differences", color="C0")
        ax.text(1e-8, 6e-16, r"backward pass: below $\varepsilon$", color="C1")
        ax.text(1e-4, 3e-12, "truncation\n" r"$|\mathcal{A}\,'''|\,h^2/6$")
        ax.text(3e-14, 1e-8, "rounding\n" r"$\varepsilon\mathcal{A}/2h$")


def plot_descent(points, path, newton):
    """B over its two weights, for these (x, y): a path of gradient descent, and Newton's step from the same start."""
    grid = np.meshgrid(np.linspace(-2.9, 1.5, 121), np.linspace(1.2, 4.5, 121))
    heights = sum([(grid[0] + grid[1] * x - y) ** 2 for x, y in points])
    with axes("$w_0$", "$w_1$") as ax:
        ax.contour(*grid, heights, [1, 4, 16], colors="C2", linewidths=0.7)
        for level, place in {"1": (-1.72, 3.2), "4": (-2.55, 3.5), "16": (0.86, 3.2)}.items():
            ax.text(*place, level, fontsize=9, ha="left" if level == "16" else "right")
        ax.plot(*path.T, "o-", ms=3, lw=1)
        ax.annotate("", newton, path[0], arrowprops={"arrowstyle": "->", "color": "C1", "lw": 1.8})
        ax.annotate("minimum", newton, (-2.7, 2.3), arrowprops={"arrowstyle": "-", "color": "C2", "lw": 0.7})
        ax.text(-0.02, 2.05, "gradient descent", color="C0")
        ax.text(-0.3, 3.85, "Newton: one step", color="C1", ha="right")


def plot_line(distance, velocity, intercept, rate):
    with axes("distance [Mpc]", "radial velocity [km/s]") as ax:
        ax.plot(distance, velocity, "o", ms=4)
        ax.plot([0, 2.1], [intercept, intercept + 2.1 * rate])
        ax.text(0.03, 780, "24 nebulae (Hubble 1929)", color="C0")
        ax.text(1.25, 380, "minimum of B", color="C1")
