"""A computation graph to be stepped through: values run towards the result, adjoints back to the leaves.

    explore(graph)                           shows itself in a notebook; .save("graph.html") writes a file
    page("Title", [Example("A", graph), …])  several graphs in one document

A document needs nothing else. The figure and the formulas are made here, as SVG and MathML. The numbers are computed in the
page, by the graph's forward formulas and its `contributions` printed in JavaScript: no rule is written a second time. A graph
with arrays, or with an operation that JavaScript has no spelling for, shows Python's numbers.

Names and numbers are data: they stand in a JSON block, and the scripts show them as text. A Content-Security-Policy lets only
these scripts run, by their hash, and nothing be loaded.
"""

import html
import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import NamedTuple

from autograd_engine.drawing import COLOURS, SIDE, Panel, alternative_of, heads, labels_of_edges, picture, rounded
from autograd_engine.formulas import (
    Formula, adjoint, contributions, decimal, definition, equation, expression, graph_of, symbols,
)  # fmt: skip
from autograd_engine.graph import Graph, fit
from autograd_engine.layout import layout
from autograd_engine.notation import JAVASCRIPT, MATHML, PRODUCT, SIGN, TEXT, print_formula
from autograd_engine.tables import evaluation_trace
from autograd_engine.typesetting import SVG
from autograd_engine.values import raising

LARGEST = 200  # nodes that can be stepped through
LONGEST = 40  # symbols, numbers and operations in a result that is written as one formula
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'"
)
SAME_COLOURS = {
    "paper": "paper", "ink": "ink", "adjoint": "adjoint-ink", "partial": "partial-ink", "accent": "operation-frame",
}  # fmt: skip
FILES, SCRIPTS = Path(__file__).parent, ["explorer_steps.js", "explorer_figure.js", "explorer.js"]
WIDEST = decimal(-0.123456, 6)  # any number that may come has this much room


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


class Example(NamedTuple):
    """A graph in a document, and what is said of it: its key in the address, a title, a note. `depth_first`: it shows what goes
    wrong in that order."""

    key: str
    graph: Graph
    title: str = ""
    note: str = ""
    depth_first: bool = False


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


# --------------------------------------------------------------------------------------- what a document holds of a graph


def swept(graph):
    """The same graph as after both sweeps; the nodes keep the gradients that they have."""
    twin = Graph(*graph.outputs)
    twin.refresh()
    twin.values, twin.last_sweep = graph.values, "forward"
    if why_no_backward(graph) is None:
        twin.adjoints, twin.last_sweep = graph.adjoints or graph.all_adjoints(graph.values, 1.0), "backward"
    return twin


def why_no_backward(graph):
    """The reason in words, or None."""
    if len(graph.outputs) > 1:
        return f"it begins at one result, and this graph has {len(graph.outputs)}"
    (y,) = graph.outputs
    if not y.active:
        return "nothing in this graph depends on a variable"
    if y.shape and y not in graph.adjoints:
        return f"the result has shape {y.shape}, and no adjoint was given for it"
    return None


# Numbers stand in formulas where the script is to put them, in parentheses where a negative one needs them.
IN_NUMBERS = MATHML.but({
    "symbol": (lambda formula: f'<mrow data-value="{formula.content}"></mrow>', SIGN, PRODUCT),
    "adjoint": (lambda formula, _: f'<mrow data-adjoint="{formula.parts[0].content}"></mrow>', SIGN, PRODUCT),
    "multiply": lambda formula, x, y: [x, " · ", y],
    "parentheses": lambda formula, x: x.replace("<mrow", "<mrow data-guarded", 1) if is_slot(x) else ["(", x, ")"],
})  # fmt: skip

# In JavaScript values and adjoints are looked up by label.
OF_RECORDS = JAVASCRIPT.but({
    "symbol": lambda formula: f"value.{formula.content}",
    "adjoint": lambda formula, _: f"adjoint.{formula.parts[0].content}",
})  # fmt: skip


def is_slot(markup):
    return markup.startswith("<mrow data-") and markup.count("<") == 2


class View:
    """What a document holds of a graph: the figure, the formulas, the arithmetic and the data."""

    def __init__(self, example):
        self.example, self.graph = example, swept(graph_of(example.graph))
        self.names, self.reason = symbols(self.graph), why_no_backward(self.graph)
        self.has_arrays = any([node.shape for node in self.graph.nodes])
        self.contributions = [] if self.reason else contributions(self.graph)
        self.uses = in_order_of_sweep(self.graph, self.contributions)
        self.label, self.arithmetic = self.graph.label, self.in_javascript()
        self.alternative, self.svg = self.picture()

    def in_javascript(self):
        """The forward formulas and the contributions; null if there are arrays, or if JavaScript has no spelling for one."""
        if self.has_arrays:
            return "null"

        def functions(formulas):
            return [f"(value, adjoint) => {print_formula(formula, OF_RECORDS)}" for formula in formulas]

        try:
            forward = functions([self.operation(node, OF_RECORDS) for node in self.graph.operations])
            added, partials = functions([one.formula for one in self.uses]), functions([one.partial for one in self.uses])
        except TypeError:
            return "null"
        forward = [f"{self.graph.label(node)}: {rule}" for node, rule in zip(self.graph.operations, forward)]
        return f"{{forward: {{{', '.join(forward)}}}, contributions: [{', '.join(added)}], partials: [{', '.join(partials)}]}}"

    def operation(self, node, notation):
        return expression(node, {x: self.names[x] for x in node.inputs}, notation)

    def section(self, i):
        hidden = " hidden" if i else ""
        formulas = "\n".join([f'<math data-formula="{key}">{markup}</math>' for key, markup in self.formulas().items()])
        return f'<section data-graph="{i}" tabindex="0"{hidden}>\n{self.svg}\n<template>\n{formulas}\n</template>\n</section>'

    def picture(self):
        """The drawing of the swept graph in words and as SVG, with room for other numbers."""
        panels = {node: Panel(self.graph, node, self.names) for node in self.graph.nodes}
        labels = labels_of_edges(self.graph, self.contributions)
        sizes = {node: self.panel_size(node, panel) for node, panel in panels.items()}
        partials = {(one.user, one.place): one.partial for one in self.contributions}
        plan = layout(self.graph, sizes, {edge: label_size(label, partials[edge]) for edge, label in labels.items()})
        alternative = alternative_of(panels)
        return alternative, picture(self.graph, plan, panels, labels, alternative)

    def panel_size(self, node, panel):
        room = width_of(equation(adjoint(self.names[node]), WIDEST)) + 2 * SIDE if "adjoint" in panel.formulas else 0.0
        return max(panel.size[0], room), panel.size[1]

    def formulas(self):
        """{key: MathML}."""
        names, made = self.names, self.whole()
        for node in self.graph.nodes:
            if names[node].head == "symbol":
                made[f"adjoint {self.label(node)}"] = print_formula(adjoint(names[node]), MATHML)
            if node.inputs:
                made[f"definition {self.label(node)}"] = print_formula(definition(node, names), MATHML)
                made[f"numbers {self.label(node)}"] = print_formula(definition(node, names).parts[1], IN_NUMBERS)
        for k, one in enumerate(self.uses):
            user, x = names[one.user], names[one.operand]
            term = one.formula if self.has_arrays else Formula("multiply", (adjoint(user), one.partial))
            made[f"term {k}"] = print_formula(term, MATHML)
            made[f"numbers {k}"] = print_formula(term, IN_NUMBERS)
            made[f"local {k}"] = print_formula(equation(Formula("partial", (user, x)), one.partial), MATHML)
        return made

    def whole(self):
        """{key: MathML} of the terms of the result as one formula of the leaves, if it is not too long and can be written."""
        (y, *others), names, length = self.graph.outputs, self.names, {}
        for node in self.graph.nodes:
            length[node] = 1 + sum([length[x] for x in node.inputs])
        if others or not y.inputs or length[y] > LONGEST:
            return {}
        try:
            formula = expression(y, {x: names[x] for x in self.graph.leaves}, MATHML)
        except TypeError:
            return {}
        first, *others = summands(formula)
        return {f"whole {k}": print_formula(part, MATHML) for k, part in enumerate([equation(names[y], first), *others])}

    def data(self):
        """What the script reads."""
        graph, label, (key, _, title, note, depth_first) = self.graph, self.label, self.example
        results = () if self.reason else graph.outputs
        handed = {one.operand for one in self.uses}.union(results)
        return {
            "key": key, "title": title, "note": note, "depthFirst": depth_first, "reason": self.reason,
            "result": label(results[0]) if results else None, "seed": in_data(graph.adjoints[results[0]]) if results else None,
            "nodes": [self.node_data(node) for node in graph.nodes if self.names[node].head == "symbol"],
            "uses": [{"user": label(one.user), "place": one.place, "operand": label(one.operand)} for one in self.uses],
            "unreached": [label(node) for node in graph.nodes if node in graph.adjoints and node not in handed],
            "given": self.python_numbers() if self.arithmetic == "null" else None,
        }  # fmt: skip

    def node_data(self, node):
        label, words = self.label(node), definition(node, self.names) if node.inputs else self.names[node]
        shown = {"label": label, "words": print_formula(words, TEXT)}
        if node.inputs:
            return shown | {"operands": [self.label(x) for x in node.inputs if self.names[x].head == "symbol"]}
        return shown | {"leaf": True, "variable": node.active, "name": node.name, "value": in_data(self.graph.values[node])}

    def python_numbers(self):
        """Values and contributions as they are here, as text."""
        values, adjoints, moments = self.graph.values, {}, []
        for y in () if self.reason else self.graph.outputs:
            adjoints[y] = self.graph.adjoints[y]
        with raising(values.values()):
            for k, one in enumerate(self.uses):
                user, x = one.user, one.operand
                operands = [values[operand] for operand in user.inputs]
                added = fit(user.rules()[one.place](adjoints[user], values[user], *operands), values[x])
                adjoints[x] = adjoints[x] + added if x in adjoints else added
                told = {"contribution": added, "from": adjoints[user], "sum": adjoints[x]}
                moments.append({"use": k} | {what: in_words(value) for what, value in told.items()})
        shown = {self.label(node): in_words(value) for node, value in values.items()}
        return {"value": shown, "moments": moments, "differences": {}}


def summands(formula):
    """The terms of a sum, between which a line can break."""
    if formula.head != "add" or formula.parts[1].head == "negative":
        return [formula]
    return [*summands(formula.parts[0]), formula.parts[1]]


def label_size(label, partial):
    if "symbol" not in heads(partial):
        return label.size
    widest = equation(partial, WIDEST) if label.formula.head == "equation" else WIDEST
    return max(label.size[0], width_of(widest)), label.size[1]


def width_of(formula):
    return print_formula(formula, SVG).width


def in_words(value):
    return print_formula(rounded(value), TEXT)


def in_data(value):
    return value if isinstance(value, float) else in_words(value)


def in_order_of_sweep(graph, found):
    """Those contributions that a backward sweep makes, in its order."""
    order, reached = {node: i for i, node in enumerate(graph.nodes)}, set(graph.outputs)
    made = []
    for one in sorted(found, key=lambda one: (-order[one.user], one.place)):
        if one.user in reached:
            made.append(one)
            reached.add(one.operand)
    return made
