"""Renews everything that docs/DL-Sheet01.md quotes from the code: its numbers, tables, listings and figures.

    python -m tools.quote        (in the project folder)

Between `<!--= expression -->` and `<!--/-->` the Markdown holds the value of a Python expression. It is evaluated after the
notebook's code has run, with the notebook's names and those of this file; the notebook's plots become the figures.
"""

import contextlib
import inspect
import io
import json
import linecache
import re
from pathlib import Path
from unittest import mock

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from autograd_engine import draw
from autograd_nodes import Graph
from tools.equations import checks, equation_table  # noqa: F401, quoted by the write-up
from tools.tables import count_operations

PROJECT = Path(__file__).resolve().parents[1]
WRITE_UP = PROJECT / "docs" / "DL-Sheet01.md"
FIGURES = WRITE_UP.parent / "figures"
QUOTATION = re.compile("<!--=(.*?)-->.*?<!--/-->", re.DOTALL)
PLOTS = ["central-differences", "minimising-B", "hubble"]  # the notebook's, in its order


def run_notebook():
    """The names that the notebook's code defines; its plots are saved instead of shown."""
    notebook = json.loads((PROJECT / "DL-Sheet01.ipynb").read_text(encoding="utf-8"))
    names, plots = {}, iter(PLOTS)
    with contextlib.redirect_stdout(io.StringIO()), mock.patch.object(plt, "show", lambda: save_plot(next(plots))):
        for number, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] == "code":
                source, name = "".join(cell["source"]), f"<cell {number}>"
                linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name  # for listings
                exec(compile(source, name, "exec"), names)
    return names


def save_plot(name):
    plt.gcf().set_size_inches(5.2, 2.9)
    plt.savefig(FIGURES / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close()


def operations(*outputs):
    return len(Graph(*outputs).operations)


def cheap_gradient():
    """A table: how many operations equation B and its whole gradient take as its inputs grow, and central differences too."""
    rows = ["| terms | inputs | operations of B | of B and its gradient | ratio | by central differences |", "|" + " --: |" * 6]
    for n in (1, 3, 10, 100, 1000):
        inputs, value, both, differences = count_operations(n)
        counts = [n, inputs, value, both, f"{both / value:.2f}", differences]
        rows.append("| " + " | ".join([f"{count:,}" if isinstance(count, int) else count for count in counts]) + " |")
    return "\n".join(rows)


def listing(*objects):
    return "```python\n" + "\n\n".join([inspect.getsource(thing).rstrip() for thing in objects]) + "\n```"


def in_use(expression, *leaves):
    """How somebody types an equation and sweeps over its graph, with what the calls return behind them."""
    graph = Graph(eval(expression, {"np": np} | {leaf.name: leaf for leaf in leaves}))
    defined = ", ".join([leaf.name for leaf in leaves]) + " = "
    defined += ", ".join([f'Variable({leaf.value:g}, "{leaf.name}")' for leaf in leaves])
    gradient = ", ".join([f"{leaf.name}: {slope:.6f}" for leaf, slope in graph.backward().items()])
    calls = [f"graph.forward()   # {graph.forward():.6f}", f"graph.backward()  # {{{gradient}}}"]
    return "\n".join(["```python", defined, f"graph = Graph({expression})", *calls, "```"])


def row(graph, *leaves):
    """The derivatives of a graph's result by these leaves, as LaTeX: integers, or six decimals."""
    gradient = graph.backward()
    adjoints = [gradient[leaf] for leaf in leaves]
    digits = "g" if all([adjoint.is_integer() for adjoint in adjoints]) else ".6f"
    return f"({', '.join([format(adjoint, digits) for adjoint in adjoints])})"


def save_graphs(names):
    example, graph_a, graph_b = [names[f"graph_{letter}"] for letter in "EAB"]
    example.backward()
    draw(example, partials=True).save(FIGURES / "one-example.svg")
    draw(Graph(*graph_a.outputs)).save(FIGURES / "graph-A.svg")
    draw(Graph(*graph_b.outputs)).save(FIGURES / "graph-B.svg")


def quotation(expression, names):
    value = str(eval(expression, names))
    value = f"\n\n{value}\n\n" if "\n" in value else f" {value}" if value.startswith("$") else value  # as GitHub needs it
    return f"<!--={expression}-->{value}<!--/-->"


def quoted(markdown, names):
    """The Markdown with every quotation renewed: those of the code, then those of `text`, the Markdown with the former."""

    def of_text(expression):
        return re.search(r"\btext\b", expression)

    text = QUOTATION.sub(lambda found: found[0] if of_text(found[1]) else quotation(found[1], names), markdown)
    return QUOTATION.sub(lambda found: quotation(found[1], names | {"text": text}) if of_text(found[1]) else found[0], text)


def renewed(markdown):
    """The write-up's Markdown with every quotation renewed; the figures are saved on the way."""
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "DL-Sheet01"
    FIGURES.mkdir(exist_ok=True)
    names = run_notebook()
    save_graphs(names)
    return quoted(markdown, names | globals())


if __name__ == "__main__":
    WRITE_UP.write_text(renewed(WRITE_UP.read_text(encoding="utf-8")), encoding="utf-8")
