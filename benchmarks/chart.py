"""The benchmark's figure: every work's times on one axis, and the chains over n."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from benchmarks.report import length

DESCRIPTION = (
    "Above, a row for each work with a mark for each engine at its median time, on a logarithmic axis. "
    "Below, time and memory of chains against their length, both axes logarithmic."
)
STYLES = {  # ours in strong colours, what is written by hand black, peers in others
    "compiled": ("#c00000", "D"), "compiled, without out=": ("#e8826b", "D"), "uncompiled sweep": ("#1f5fb4", "s"),
    "by hand, Numba loop": ("#000000", "|"), "by hand, NumPy": ("#000000", "x"), "by hand, Python": ("#000000", "+"),
    "PyTorch": ("#e07b00", "o"), "torch.compile": ("#e07b00", "^"), "JAX jit": ("#7b3fa0", "v"),
    "HIPS autograd": ("#2a8f5b", "o"), "MyGrad": ("#8a6d3b", "o"), "micrograd": ("#d9579b", "o"),
    "CasADi": ("#6b7785", "P"), "CasADi, buffer": ("#6b7785", "X"),
}  # fmt: skip
SETTINGS = {
    "svg.hashsalt": "performance", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": "#e2e2e2", "axes.axisbelow": True,
}  # fmt: skip


def draw(results, path):
    with plt.rc_context(SETTINGS):
        figure = plt.figure(figsize=(8.2, 9.4), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=(1.5, 1))
        draw_times(top, results)
        draw_chains(bottom.subplots(1, 2), results)
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def draw_times(figure, results):
    """Each engine has a height of its own within the rows, so that equal times do not hide each other."""
    axes, rows = figure.subplots(), range(len(results.others))
    for engine in sorted(results.engines(results.others), key=[*STYLES].index, reverse=True):
        (color, marker), height = STYLES[engine], 0.35 - 0.7 * [*STYLES].index(engine) / (len(STYLES) - 1)
        times = [(results.time(work, engine), height - row) for row, work in zip(rows, results.others)]
        at = [(x, y) for x, y in times if x]
        size = 40 if marker in "|x+" else 32
        edge = {} if marker in "|x+" else {"edgecolors": "white", "linewidths": 0.5}
        axes.scatter(*zip(*at), color=color, marker=marker, s=size, label=engine, zorder=2 + (engine == "compiled"), **edge)
    axes.set(xscale="log", xlabel="seconds for value and full gradient")
    axes.set_yticks([-row for row in rows], results.others)
    axes.set_ylim(0.5 - len(rows), 0.5)
    axes.grid(axis="y", visible=False)
    for row in rows[1:]:
        axes.axhline(0.5 - row, color="#c8c8c8", linewidth=0.8)
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda k: [*STYLES].index(labels[k]))
    shown = [handles[k] for k in order], [labels[k] for k in order]
    figure.legend(*shown, loc="outside upper center", ncols=4, frameon=False, fontsize=8.5)


def draw_chains(both, results):
    for axes, quantity, unit, what in zip(both, (results.time, results.memory), (1, 1e6), ("time, seconds", "memory, MB")):
        for engine in results.engines(results.chains):
            color, marker = STYLES[engine]
            points = [(work, quantity(work, engine)) for work in results.chains]
            at = [(length(work), y / unit) for work, y in points if y]
            if at:
                axes.plot(*zip(*at), color=color, marker=marker, markersize=5, linewidth=1.2, label=engine)
        axes.set(xscale="log", yscale="log", xlabel="n multiplications in a chain", ylabel=what)
    both[0].legend(frameon=False, fontsize=8)
