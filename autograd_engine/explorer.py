"""A computation graph to be stepped through: values run towards the result, adjoints back to the leaves.

    explore(graph)                           shows itself in a notebook; .save("graph.html") writes a file
    page("Title", [Example("A", graph), …])  several graphs in one document

A document needs nothing else. The figure and the formulas are laid out in Python, as SVG and MathML (explorer_view.py). The
numbers are computed in the page, by the graph's forward formulas and its `contributions` printed in JavaScript: no rule is
written a second time. Graphs with arrays, or with an operation that JavaScript has no spelling for, show Python's numbers.

Names and numbers are data: they stand in a JSON block, and the scripts show them as text. A Content-Security-Policy lets only
these scripts run, by their hash, and nothing be loaded.
"""

import html
import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from string import Template

from autograd_engine.drawing import COLOURS
from autograd_engine.explorer_view import Example, View
from autograd_engine.formulas import graph_of
from autograd_engine.tables import evaluation_trace

LARGEST = 200  # nodes that can be stepped through
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'"
)
SAME_COLOURS = {
    "paper": "paper", "ink": "ink", "adjoint": "adjoint-ink", "partial": "partial-ink", "accent": "operation-frame",
}  # fmt: skip
FILES, SCRIPTS = Path(__file__).parent, ["explorer_steps.js", "explorer_figure.js", "explorer.js"]


class Explorer:
    """A computation graph to be stepped through. `.document` is a whole HTML page, the same on every machine, and `.save(path)`
    writes it. A notebook shows it in a frame; a notebook that was not run shows a picture, `.svg`.
    """

    def __init__(self, graph):
        graph = graph_of(graph)
        self.title, self.svg = f"Computation graph of {len(graph.nodes)} nodes, step by step", None
        if len(graph.nodes) > LARGEST:
            self.html = trace_instead(graph)
            self.document = f"<!doctype html>\n<title>{self.title}</title>\n{self.html}"
        else:
            view = View(Example("graph", graph))
            self.svg, self.document = view.svg, document(self.title, [view])
            self.html = in_frame(self.document, self.title, view)

    def save(self, path):
        """Write the document to a path ending in .html; ValueError for any other ending."""
        if Path(path).suffix != ".html":
            raise ValueError(f"an explorer is saved as .html, not {Path(path).name}")
        Path(path).write_text(self.document, encoding="utf-8")

    def _repr_mimebundle_(self, include=None, exclude=None):
        picture = {"image/svg+xml": self.svg} if self.svg else {}
        return {"text/html": self.html, "text/plain": repr(self)} | picture

    def __repr__(self):
        return self.title


def explore(graph):
    """A view of a graph for watching both passes step by step: each operation, then each contribution to an adjoint.

    Leaves can be given other values there; the graph here keeps its own. A graph with arrays shows the numbers it has here.
    Takes a Graph or a node, returns an Explorer. Raises an ArithmeticError where a derivative does not exist.
    """
    return Explorer(graph)


def in_frame(page, title, view):
    """The picture, which the document hides when its script runs. The words in the frame show where no frames are allowed."""
    source = b64encode(view.svg.encode()).decode()
    return (
        f'<div><img src="data:image/svg+xml;base64,{source}" alt="{html.escape(view.alternative)}" style="max-width: 100%">'
        f'<iframe srcdoc="{html.escape(page)}" title="{title}" style="width: 100%; height: 0; border: 0">'
        "Run or trust this notebook to step through.</iframe></div>"
    )


def trace_instead(graph):
    said = f"This graph has {len(graph.nodes)} nodes; up to {LARGEST} can be stepped through. Its evaluation trace instead:"
    return f"<p>{said}</p>\n<pre>{html.escape(str(evaluation_trace(graph)))}</pre>"


# ---------------------------------------------------------------------------------------------------------------- the document


def page(title, examples):
    """One HTML document in which these Examples are stepped through, the first of them at first."""
    return document(title, [View(example) for example in examples])


def document(title, views):
    script = f"const arithmetic = [{', '.join([view.arithmetic for view in views])}];\n{''.join(map(read, SCRIPTS))}"
    fill = {
        "title": html.escape(title),
        "policy": POLICY.format(b64encode(sha256(script.encode()).digest()).decode()),
        "style": colours() + read("explorer.css"),
        "figures": "\n".join([view.section(i) for i, view in enumerate(views)]),
        "data": json.dumps([view.data() for view in views], ensure_ascii=False).replace("<", "\\u003c"),
        "script": script,
    }
    return Template(read("explorer.html")).substitute(fill)


def colours():
    """Those of the figure, for what is said of it."""
    shown = {name: COLOURS[kind] for name, kind in SAME_COLOURS.items()}
    return f":root {{ {' '.join([f'--{name}: light-dark({light}, {dark});' for name, (_, light, dark) in shown.items()])} }}\n"


def read(name):
    return (FILES / name).read_text(encoding="utf-8")
