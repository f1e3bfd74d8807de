"""A computation graph drawn as on paper: an SVG in a notebook, `.save("graph.svg")` elsewhere."""

import html
from pathlib import Path

from autograd_engine.formulas import adjoint, definition, equation, graph_of, literal, symbols
from autograd_engine.notation import LATEX, TEXT, print_formula
from autograd_engine.typesetting import SIZE, SVG

FONT = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"
INK, EDGE, ADJOINT = "#1a1a1a", "#7a7a7a", "#a3202c"
LEAF, OPERATION = ("#fdf1dc", "#9a5b00"), ("#e6f0fa", "#1d5288")  # fill and frame, told apart in every colour vision
LEADING, SIDE, MARGIN = 5, 10, 6  # between the lines of a box, beside them, above and below


class Drawing:
    """A picture of a computation graph. A notebook shows it by itself; `.save("graph.svg")` writes it to a file; `.svg` is its
    text, the same on every machine: sizes are ours, Graphviz (dot) only finds the positions.

    In the SVG each node is a <g> whose attributes say what it shows: data-node its label, data-formula what it computes,
    data-value and data-adjoint the numbers in it, in LaTeX; each arrow is a <g data-edge="x t1">.
    """

    def __init__(self, graph):
        graph = graph_of(graph)
        self.nodes, self.edges = len(graph.nodes), sum([len(node.inputs) for node in graph.nodes])
        names = symbols(graph)
        self.svg = picture(graph, {node: Panel(graph, node, names) for node in graph.nodes})

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
    also shows its value, and after a backward sweep its adjoint. Takes a Graph or a node, returns a Drawing.
    """
    return Drawing(graph)


class Panel:
    """A node's box: a line for its formula, its value and its adjoint, as far as they are to be shown."""

    def __init__(self, graph, node, names):
        self.label, self.is_leaf, self.is_result = graph.label(node), not node.inputs, any([node is y for y in graph.outputs])
        self.formulas = {"formula": definition(node, names)}
        if graph.last_sweep and names[node].head == "symbol":
            self.formulas["value"] = literal(graph.values[node])
        if node in graph.adjoints:
            self.formulas["adjoint"] = equation(adjoint(names[node]), literal(graph.adjoints[node]))
        self.lines = {what: print_formula(formula, SVG) for what, formula in self.formulas.items()}
        self.width = max([line.width for line in self.lines.values()]) + 2 * SIDE
        self.margin = MARGIN + 3 * self.is_result
        self.height = sum([line.above + line.below + LEADING for line in self.lines.values()]) + 2 * self.margin - LEADING

    def svg(self, x, y):
        """The box around a point."""
        top, parts = y - self.height / 2 + self.margin, [self.frame(x, y, 0, 13 if self.is_leaf else 3)]
        if self.is_result:
            parts.append(self.frame(x, y, 3, 11 if self.is_leaf else 2))
        for what, line in self.lines.items():
            ink = ADJOINT if what == "adjoint" else INK
            marks = "".join([mark.svg(ink) for mark in line.at(x - line.width / 2, top + line.above)])
            parts.append(f"<g>{marks}</g>")
            top += line.above + line.below + LEADING
        return f'<g data-node="{self.label}"{self.attributes()}>{"".join(parts)}</g>'

    def attributes(self):
        """What is shown, in LaTeX, without anybody's own words."""
        shown = {what: formula.parts[0] if formula.head == "named" else formula for what, formula in self.formulas.items()}
        return "".join([f' data-{what}="{html.escape(print_formula(formula, LATEX))}"' for what, formula in shown.items()])

    def frame(self, x, y, inset, radius):
        (fill, stroke), width, height = LEAF if self.is_leaf else OPERATION, self.width - 2 * inset, self.height - 2 * inset
        return (
            f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}" '
            f'fill="{fill}" stroke="{stroke}"/>'
        )


def picture(graph, panels):
    """The SVG of the nodes' panels, where Graphviz wants them."""
    plan = layout(graph, panels)
    _, _, width, height = map(float, plan.graph_attr["bb"].split(","))

    def points(text):
        return [(float(x) + 4, height + 4 - float(y)) for x, y in [pair.split(",") for pair in text.split()]]

    said = "; ".join([print_formula(panels[node].formulas["formula"], TEXT) for node in graph.operations])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 8:.0f}" height="{height + 8:.0f}" role="img" '
        f'viewBox="0 0 {width + 8:.0f} {height + 8:.0f}" aria-label="Computation graph: {html.escape(said)}" '
        f'font-family="{FONT}" font-size="{SIZE}" text-anchor="middle">'
    ]
    for edge in sorted(plan.edges()):
        tip, *curve = edge.attr["pos"].removeprefix("e,").split(" ")
        parts.append(arrow(edge, points(" ".join(curve)), points(tip)[0]))
    parts += [panel.svg(*points(plan.get_node(panel.label).attr["pos"])[0]) for panel in panels.values()]
    return "\n".join([*parts, "</svg>"])


def layout(graph, panels):
    """Graphviz's plan, with the places of nodes and the curves of edges."""
    import pygraphviz  # here, so that all but pictures can do without

    plan = pygraphviz.AGraph(directed=True, strict=False, nodesep="0.2", ranksep="0.3", ordering="in")
    for panel in panels.values():
        inches = {"width": panel.width / 72, "height": panel.height / 72}
        plan.add_node(panel.label, shape="ellipse" if panel.is_leaf else "box", fixedsize=True, label="", **inches)
    for node in graph.operations:
        for x in node.inputs:
            plan.add_edge(panels[x].label, panels[node].label)
    plan.layout("dot")
    return plan


def arrow(edge, curve, tip):
    (x, y), (end_x, end_y) = tip, curve[-1]
    across_x, across_y = (end_y - y) * 0.35, (x - end_x) * 0.35
    start, *rest = [f"{a:.1f},{b:.1f}" for a, b in curve]
    head = [(x, y), (end_x + across_x, end_y + across_y), (end_x - across_x, end_y - across_y)]
    return (
        f'<g data-edge="{edge[0]} {edge[1]}">'
        f'<path d="M{start} C{" ".join(rest)}" fill="none" stroke="{EDGE}" stroke-width="1.3"/>'
        f'<polygon points="{" ".join([f"{a:.1f},{b:.1f}" for a, b in head])}" fill="{EDGE}"/></g>'
    )
