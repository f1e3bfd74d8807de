"""The benchmark's figure: every work's times on one axis, and the chains over n."""

import math

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from benchmarks.engines import BY_HAND, ENGINES, OURS
from benchmarks.works import BY_NUMBER, WORKS

DESCRIPTION = (
    "Above, a row for each work with a mark for each engine at its median time, on a logarithmic axis. "
    "Below, time and memory of chains against their length, both axes logarithmic; open marks are multiplications by a number."
)
SETTINGS = {
    "svg.hashsalt": "performance", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": "#e2e2e2", "axes.axisbelow": True,
}  # fmt: skip


def draw(results, path):
    with plt.rc_context(SETTINGS):
        figure = plt.figure(figsize=(8.2, 9.8), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=(1.6, 1))
        draw_times(top, results)
        draw_chains(bottom.subplots(1, 2), results)
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def draw_times(figure, results):
    """Each engine has a height of its own within the rows, so that equal times do not hide each other."""
    axes, engines, count = figure.subplots(), results.engines(results.others), len(results.others)
    for place, engine in enumerate(engines):
        _, role, _, color, marker = ENGINES[engine]
        times = [results.time(work, engine) or math.nan for work in results.others]
        heights = [0.35 - 0.7 * place / len(engines) - row for row in range(count)]
        look = {"s": 40} if role == BY_HAND else {"s": 32, "edgecolors": "white", "linewidths": 0.5}
        axes.scatter(times, heights, color=color, marker=marker, label=engine, zorder=2 + (role == OURS), **look)
    axes.set(xscale="log", xlabel="seconds for value and full gradient")
    axes.set_yticks([-row for row in range(count)], results.others)
    axes.set_ylim(0.5 - count, 0.5)
    axes.grid(axis="y", visible=False)
    for row in range(1, count):
        axes.axhline(0.5 - row, color="#c8c8c8", linewidth=0.8)
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=8.5)


def draw_chains(both, results):
    for axes, quantity, unit, what in zip(both, (results.time, results.memory), (1, 1e6), ("time, seconds", "memory, MB")):
        for engine in results.engines(results.chains):
            color, marker = ENGINES[engine].color, ENGINES[engine].marker
            points = [(WORKS[work].size, quantity(work, engine), work) for work in results.chains]
            at = [(n, y / unit) for n, y, work in points if y and work != BY_NUMBER]
            if at:
                axes.plot(*zip(*at), color=color, marker=marker, markersize=5, linewidth=1.2, label=engine)
            if y := quantity(BY_NUMBER, engine):
                axes.plot(WORKS[BY_NUMBER].size, y / unit, color=color, marker=marker, fillstyle="none")
        axes.set(xscale="log", yscale="log", xlabel="n multiplications in a chain", ylabel=what)
    if both[0].get_legend_handles_labels()[0]:
        both[0].legend(frameon=False, fontsize=8)
