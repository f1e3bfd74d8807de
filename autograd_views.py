"""A computation graph as people see it: drawn as on paper, as an evaluation trace, as the equations of its adjoints.

    draw(graph)                the picture: an SVG in a notebook, `.save("graph.svg")` elsewhere
    evaluation_trace(graph)    the forward primal trace beside the reverse adjoint trace
    adjoint_equations(graph)   the chain rule at every node, and the local partial derivatives in it

The tables show themselves as HTML in a notebook and as aligned text in a terminal; `.markdown` is for GitHub, with LaTeX.
Whatever they say of a derivative is traced from the backward rules: nothing is differentiated here a second time.
"""

import html
import re
import unicodedata
from pathlib import Path

import numpy as np
import pygraphviz

from autograd_nodes import (
    Add, Constant, Divide, Equal, Graph, Index, Matmul, Multiply, Negative, Power, Sqrt, Square, Subtract, Transpose, Variable,
    _index_text,
)  # fmt: skip

__all__ = ["Drawing", "Table", "adjoint_equations", "draw", "evaluation_trace"]


# -------------------------------------------------------------------------- formulas, as text: t8 = t3 / t7, t̄3, ∂t4/∂t3

# operation: (how it is written, how strongly it binds, how strongly its operands must bind to stand without parentheses)
_NOTATION = {
    Add: ("{} + {}", 1, (1, 3)),
    Subtract: ("{} − {}", 1, (1, 3)),
    Negative: ("−{}", 2, (4,)),
    Multiply: ("{} · {}", 3, (2, 4)),
    Divide: ("{} / {}", 3, (2, 4)),
    Matmul: ("{} @ {}", 3, (2, 4)),
    Power: ("{}^{}", 4, (5, 5)),
    Square: ("{}²", 4, (5,)),
    Sqrt: ("√{}", 4, (5,)),
    Transpose: ("{}ᵀ", 4, (5,)),
    Equal: ("[{} = {}]", 5, (1, 1)),
}


def _written(operation, operands, parameters):
    """An operation on operands, each of them, like the result, a pair: text, and how strongly it binds."""
    texts = [text for text, _ in operands]
    if operation is Index:
        return f"{texts[0]}[{_index_text(parameters['index'])}]", 5
    if operation not in _NOTATION:
        name = operation.function.__name__ if vars(operation).get("function") else operation.__name__
        changed = [f"{key}={value}" for key, value in parameters.items() if value != operation._defaults.get(key)]
        return f"{name}({', '.join(texts + changed)})", 5
    template, binding, needed = _NOTATION[operation]
    enclosed = [text if binds >= least else f"({text})" for (text, binds), least in zip(operands, needed, strict=True)]
    return template.format(*enclosed), binding


def _simplified(operation, operands, parameters):
    """The same without what a person would leave out: additions of 0, factors of 0, 1 and −1."""
    texts = [text for text, _ in operands]
    if operation is Multiply and "0" in texts:
        return "0", 5
    if (operation is Multiply and "1" in texts) or (operation is Add and "0" in texts):
        return operands[texts.index("1" if operation is Multiply else "0") - 1]
    if operation is Multiply and texts[0] == "−1":
        return _written(Negative, operands[1:], {})
    return _written(operation, operands, parameters)


def _atom(text):
    return text, 2 if text.startswith("−") else 5


def _number(value):
    """A value to six digits; of a large array, its shape."""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}".replace("-", "−")
    if isinstance(value, np.ndarray) and value.size <= 4:
        return np.array2string(value, separator=", ", formatter={"float_kind": _number}).replace("\n", "")
    return f"shape {value.shape}".replace(",)", ")")


def _names(graph):
    """{node: how other formulas refer to it}: its label, or, for a nameless scalar constant, its value."""
    plain = {x: isinstance(x, Constant) and x.name is None and not x.shape for x in graph.nodes}
    return {x: _number(x.value) if plain[x] else graph.label(x) for x in graph.nodes}


def _definition(node, names):
    return _written(type(node), [_atom(names[x]) for x in node.inputs], node.parameters)[0]


def _bar(label):
    """The adjoint of what is labelled so: t̄3."""
    if re.fullmatch(r"[A-Za-z]_?\d*", label):
        return f"{label[0]}\u0304{label[1:]}"
    return "".join([letter + "\u0305" for letter in label])


def _partials(node, names):
    """{operand: "∂t8/∂t3 = 1 / t7"}, each by its backward rule, given stand-ins for the values and 1 for the adjoint.

    A partial derivative of arrays is no array of their shape: there it is the vector-Jacobian product with node's adjoint.
    """
    scalar = not any(x.shape for x in (node, *node.inputs))
    grad, t = Variable(node.value), Variable(node.value)
    operands = [Constant(x.value) if names[x] == _number(x.value) else Variable(x.value) for x in node.inputs]
    known = dict(zip((t, *operands), [names[x] for x in (node, *node.inputs)], strict=True))
    known[grad] = "1" if scalar else _bar(names[node])
    formulas = {}
    for x, rule in zip(node.inputs, node.rules(), strict=False):
        if x.active and rule is not None:
            formula = _expression(rule(grad, t, *operands), known)
            formulas[x] = f"{formulas[x]} + {formula}" if x in formulas else formula
    adjoint = "" if scalar else f"{known[grad]} "
    return {x: f"{adjoint}∂{names[node]}/∂{names[x]} = {formula}" for x, formula in formulas.items()}


def _expression(node, names):
    """A whole graph as one formula."""
    written = {}
    for x in Graph(node).nodes:
        if x in names or not (x.active or x.shape):
            written[x] = _atom(names[x] if x in names else _number(x.value))
        else:
            written[x] = _simplified(type(x), [written[operand] for operand in x.inputs], x.parameters)
    return written[node][0]


# ---------------------------------------------------------------------------------------------- formulas, typeset

_TOKEN = re.compile(r"(?P<digits>\d[\d.]*)(?P<exponent>e[−+]\d+)?|(?P<name>[A-Za-z][A-Za-z0-9_\u0304\u0305]*)(?P<call>\()?")


class _Free(str):
    """Somebody's own words within a cell: shown as they are, escaped for where they are shown; � for what cannot be shown."""

    def __new__(cls, words):
        return super().__new__(cls, re.sub("[^ -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(words)))


def _typeset(cell, free, name, number, symbols):
    """A cell in another markup. name(letters, index, barred, called) and number(digits, exponent) write what they are given."""

    def token(m):
        if m["digits"]:
            return number(m["digits"], m["exponent"] and int(m["exponent"][1:].replace("−", "-")))
        plain = re.sub("[\u0304\u0305]", "", m["name"])
        letters, index = re.fullmatch(r"([A-Za-z])_?(\d*)|(\w+)", plain).group(1, 2)
        return name(letters or plain, index, plain != m["name"], bool(m["call"])) + (m["call"] or "")

    def formula(text):
        text = _TOKEN.sub(token, text)
        for symbol, written in symbols.items():
            text = text.replace(symbol, written)
        return text

    return "".join([free(part) if isinstance(part, _Free) else formula(part) for part in cell])


def _html_name(letters, index, barred, called):
    letters = _bar(letters) if barred else letters
    return letters if called else f"<i>{letters}</i>" + (f"<sub>{index}</sub>" if index else "")


def _latex_name(letters, index, barred, called):
    if called:
        return rf"\{letters}" if letters in ("exp", "log", "sin", "cos", "tanh", "max") else _latex_word(letters)
    if len(letters) > 1:
        return rf"\overline{{{_latex_word(letters)}}}" if barred else _latex_word(letters)
    index = f"_{{{index}}}" if len(index or "") > 1 else f"_{index}" if index else ""
    return (rf"\bar {letters}" if barred else letters) + index


def _latex_word(word):
    return rf"\mathrm{{{word}}}".replace("_", r"\_")


def _html(cell):
    def number(digits, exponent):
        return digits + (f" · 10<sup>{exponent}</sup>" if exponent else "")

    plain = [part if isinstance(part, _Free) else html.escape(part) for part in cell]
    return _typeset(plain, html.escape, _html_name, number, {"-": "−"})


def _latex(cell):
    """A cell for GitHub's Markdown tables: formulas between dollars, free text with its punctuation made harmless."""
    symbols = {",   ": r",\quad ", "→": r"\to", "Σ": r"\sum", "·": r"\cdot", "−": "-", "²": "^{2}", "ᵀ": r"^\top", "@": r"\,"}
    parts = []
    for part in cell:
        if isinstance(part, _Free):
            parts.append(re.sub(r"([^\w\s]|_)", lambda m: f"&#{ord(m[1])};", part))
        elif part:
            formula = _typeset([part], str, _latex_name, lambda d, e: d + (rf" \times 10^{{{e}}}" if e else ""), symbols)
            formula = re.sub(r"∂([^/]+)/∂(.+?)(?= |$)", r"\\frac{\\partial \1}{\\partial \2}", formula)
            formula = re.sub(r"√(\(.*?\)|[^\s()]+)", lambda m: rf"\sqrt{{{m[1].strip('()')}}}", formula)
            parts.append("$" + re.sub(r"\^(\([^()]*\)|[\w.]+)", r"^{\1}", formula) + "$")
    return " ".join(parts)


class Table:
    """Rows of formulas under a header. HTML in a notebook, aligned text when printed, GitHub's Markdown in `.markdown`."""

    def __init__(self, header, rows):
        self.header, self.rows = header, [[cell if isinstance(cell, tuple) else (cell,) for cell in row] for row in rows]

    def __repr__(self):
        rows = [self.header, *[["".join(cell) for cell in row] for row in self.rows]]
        widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
        rows.insert(1, ["─" * width for width in widths])
        padded = [[cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)] for row in rows]
        return "\n".join(["  ".join(row).rstrip() for row in padded])

    def _repr_html_(self):
        style = 'style="text-align: left; white-space: nowrap"'
        head = "".join([f"<th {style}>{html.escape(cell)}</th>" for cell in self.header])
        body = ["".join([f"<td {style}>{_html(cell)}</td>" for cell in row]) for row in self.rows]
        return f"<table>\n<tr>{head}</tr>\n" + "\n".join([f"<tr>{row}</tr>" for row in body]) + "\n</table>"

    @property
    def markdown(self):
        rows = [self.header, ["---"] * len(self.header), *[[_latex(cell) for cell in row] for row in self.rows]]
        return "\n".join([f"| {' | '.join(row)} |" for row in rows])


def _width(text):
    return sum([not unicodedata.combining(c) for c in text])


# -------------------------------------------------------------------------------------------------- the two tables


def evaluation_trace(graph):
    """The evaluation trace of a graph's last sweeps, laid out as in table 3 of Baydin et al. (JMLR 18, 2018).

    One row a node, leaves first. On the left the forward primal trace, to be read downwards: how a node is computed, and its
    value. On the right the reverse adjoint trace, to be read upwards: which adjoints it is made of, and its value, once
    `graph.backward()` has run. Returns a Table. Raises ValueError for a graph of several outputs.
    """
    graph._refresh()
    names, chain_rule = _names(graph), _chain_rule(graph)
    rows = []
    for node in sorted(graph.nodes, key=lambda node: bool(node.inputs)):
        if names[node] == _number(node.value):
            continue  # a constant without a name: it stands in the formulas
        computed = f"{names[node]} = {_definition(node, names)}" if node.inputs else _leaf(node, names)
        swept = node.grad is not None and graph.last_sweep == "backward"
        adjoint = [chain_rule[node], _number(node.grad)] if swept else [chain_rule.get(node, ""), ""]
        rows.append([computed, _number(node.value), *adjoint])
    return Table(["forward ↓", "value", "backward ↑", "adjoint"], rows)


def adjoint_equations(graph):
    """The chain rule at every node that depends on a Variable, from the output to the leaves: each adjoint as the sum, over
    the nodes that use its value, of their adjoints times a partial derivative; and these partial derivatives evaluated.

    Returns a Table with one row a node. Raises ValueError for a graph of several outputs.
    """
    names, chain_rule = _names(graph), _chain_rule(graph)
    partials = {node: [] for node in chain_rule}
    for user in chain_rule:
        for x, formula in _partials(user, names).items():
            partials[x].append(formula)
    downwards = [*[x for x in reversed(chain_rule) if x.inputs], *[x for x in chain_rule if not x.inputs]]
    return Table(["adjoint", "local partial derivatives"], [[chain_rule[x], ",   ".join(partials[x])] for x in downwards])


def _chain_rule(graph):
    """{node: its adjoint equation, as text}, for the nodes that have one."""
    if len(graph.outputs) > 1:
        raise ValueError(f"adjoints belong to one output; this graph has {len(graph.outputs)}")
    names, terms = _names(graph), {node: [] for node in graph.nodes if node.active}
    for user in graph.nodes:
        for x, rule in zip(user.inputs, user.rules()):
            term = f"{_bar(names[user])} ∂{names[user]}/∂{names[x]}"
            if x.active and rule is not None and term not in terms[x]:
                terms[x].append(term)
    (result,) = graph.outputs
    seeded = graph.last_sweep == "backward" and not (result.grad.__class__ is float and result.grad == 1.0)
    given = {result: "seed" if seeded else "1"}
    return {x: f"{_bar(names[x])} = {' + '.join(terms[x]) or given.get(x, '0')}" for x in terms}


def _leaf(leaf, names):
    """A leaf's label, and its name where that is something else."""
    label = names[leaf]
    return (label,) if leaf.name in (None, label) else (f"{label}: ", _Free(leaf.name))


# ------------------------------------------------------------------------------------------------------ the picture

_SIZE = 12  # of the letters, in px, which is 9 pt at the picture's natural size
_LINE = 17
_FONT = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"
_INK, _EDGE, _ADJOINT = "#1a1a1a", "#7a7a7a", "#a3202c"
_LEAF, _OPERATION = ("#fdf1dc", "#9a5b00"), ("#e6f0fa", "#1d5288")  # fill and frame, told apart in every colour vision


class Drawing:
    """A picture of a computation graph. A notebook shows it by itself; `.save("graph.svg")` writes it to a file; `.svg` is its
    text, the same on every machine: sizes are ours, Graphviz (dot) only finds the positions.
    """

    def __init__(self, graph):
        self.nodes, self.edges = len(graph.nodes), sum([len(node.inputs) for node in graph.nodes])
        graph._refresh()
        names = _names(graph)
        self.svg = _svg(graph, {node: _lines(graph, node, names) for node in graph.nodes})

    def save(self, path):
        """Write the SVG to a path ending in .svg; ValueError for any other ending."""
        if Path(path).suffix != ".svg":
            raise ValueError(f"a drawing is saved as .svg, not {Path(path).name}")
        Path(path).write_text(self.svg, encoding="utf-8")

    def _repr_svg_(self):
        return self.svg

    def __repr__(self):
        return f"computation graph of {self.nodes} nodes and {self.edges} edges"


def draw(graph):
    """The computation graph as one would draw it on paper, its arrows in the direction of the forward pass. Leaves are rounded,
    operations are boxes that say what they compute, results have a double frame. After a sweep over the graph each node
    also shows its value, and after a backward sweep its adjoint. Returns a Drawing.
    """
    return Drawing(graph)


def _lines(graph, node, names):
    first = (f"{names[node]} = {_definition(node, names)}",) if node.inputs else _leaf(node, names)
    shown = [_number(node.value)] if graph.last_sweep and names[node] != _number(node.value) else []
    if graph.last_sweep == "backward" and node.grad is not None:
        shown.append(f"{_bar(names[node])} = {_number(node.grad)}")
    return [first, *[(line,) for line in shown]]


def _svg(graph, lines):
    label = graph.label
    widths = {node: max([_width("".join(line)) for line in lines[node]]) * _SIZE * 0.6 + 18 for node in graph.nodes}
    plan = pygraphviz.AGraph(directed=True, strict=False, nodesep="0.2", ranksep="0.3", ordering="in")
    for node in graph.nodes:
        inches = {"width": widths[node] / 72, "height": (len(lines[node]) * _LINE + 10) / 72}
        plan.add_node(label(node), shape="box" if node.inputs else "ellipse", fixedsize=True, label="", **inches)
    for node in graph.nodes:
        for x in node.inputs:
            plan.add_edge(label(x), label(node))
    plan.layout("dot")
    _, _, width, height = map(float, plan.graph_attr["bb"].split(","))

    def points(text):
        return [(float(x) + 4, height + 4 - float(y)) for x, y in [pair.split(",") for pair in text.split()]]

    said = "; ".join(["".join(lines[node][0]) for node in graph.nodes if node.inputs])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 8:.0f}" height="{height + 8:.0f}" role="img" '
        f'viewBox="0 0 {width + 8:.0f} {height + 8:.0f}" aria-label="Computation graph: {html.escape(said)}" '
        f'font-family="{_FONT}" font-size="{_SIZE}" fill="{_INK}" text-anchor="middle">'
    ]
    for edge in sorted(plan.edges()):
        tip, *curve = edge.attr["pos"].removeprefix("e,").split(" ")
        parts.append(_arrow(edge, points(" ".join(curve)), points(tip)[0]))
    for node in graph.nodes:
        centre = points(plan.get_node(label(node)).attr["pos"])[0]
        parts.append(_box(graph, node, lines[node], centre, widths[node]))
    return "\n".join([*parts, "</svg>"])


def _arrow(edge, curve, tip):
    (x, y), (end_x, end_y) = tip, curve[-1]
    across_x, across_y = (end_y - y) * 0.35, (x - end_x) * 0.35
    start, *rest = [f"{a:.1f},{b:.1f}" for a, b in curve]
    head = [(x, y), (end_x + across_x, end_y + across_y), (end_x - across_x, end_y - across_y)]
    return (
        f'<g data-edge="{edge[0]} {edge[1]}">'
        f'<path d="M{start} C{" ".join(rest)}" fill="none" stroke="{_EDGE}" stroke-width="1.3"/>'
        f'<polygon points="{" ".join([f"{a:.1f},{b:.1f}" for a, b in head])}" fill="{_EDGE}"/></g>'
    )


def _box(graph, node, lines, centre, width):
    (x, y), height, (fill, frame) = centre, len(lines) * _LINE + 10, _OPERATION if node.inputs else _LEAF

    def rectangle(inset, radius):
        return (
            f'<rect x="{x - width / 2 + inset:.1f}" y="{y - height / 2 + inset:.1f}" width="{width - 2 * inset:.1f}" '
            f'height="{height - 2 * inset:.1f}" rx="{radius}" fill="{fill}" stroke="{frame}"/>'
        )

    frames = [rectangle(0, 3 if node.inputs else 13)]
    if any(node is result for result in graph.outputs):
        frames.append(rectangle(3, 2 if node.inputs else 11))
    texts = []
    for i, line in enumerate(lines):
        colour = f' fill="{_ADJOINT}"' if "\u0304" in "".join(line) else ""
        baseline = y - height / 2 + 5 + _LINE * (i + 0.72)
        texts.append(f'<text x="{x:.1f}" y="{baseline:.1f}"{colour}>{_svg_text(line)}</text>')
    return f'<g data-node="{graph.label(node)}">{"".join(frames)}{"".join(texts)}</g>'


def _svg_text(cell):
    def name(letters, index, barred, called):
        letters = _bar(letters) if barred else letters
        style = "" if called else ' font-style="italic"'
        lowered = f'<tspan dy="3" font-size="{_SIZE - 3}">{index}</tspan><tspan dy="-3">' if index else "<tspan>"
        return f"</tspan><tspan{style}>{letters}</tspan>{lowered}"

    plain = [part if isinstance(part, _Free) else html.escape(part) for part in cell]
    text = _typeset(plain, html.escape, name, lambda digits, e: digits + (f"e{e}" if e else ""), {})
    return f"<tspan>{text}</tspan>".replace("<tspan></tspan>", "")
