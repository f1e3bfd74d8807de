"""A computation graph drawn as on paper: a picture in a notebook, `.save("graph.svg")` elsewhere."""

import html
from base64 import b64encode
from pathlib import Path

from autograd_engine.formulas import adjoint, contributions, decimal, definition, equation, graph_of, literal, symbols
from autograd_engine.graph import topological_order
from autograd_engine.layout import HEAD, layout
from autograd_engine.notation import LATEX, TEXT, print_formula
from autograd_engine.typesetting import SIZE, SVG, is_shortened

FONT = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"
COLOURS = {  # class: property, on light pages, on dark ones; of leaves and operations the fill and the frame
    "paper": ("fill", "#ffffff", "#111111"),
    "ink": ("fill", "#1a1a1a", "#ececec"),
    "rule": ("stroke", "#1a1a1a", "#ececec"),
    "edge": ("stroke", "#757575", "#9a9a9a"),
    "head": ("fill", "#757575", "#9a9a9a"),
    "adjoint-ink": ("fill", "#a3202c", "#ffa198"),
    "adjoint-rule": ("stroke", "#a3202c", "#ffa198"),
    "partial-ink": ("fill", "#6236a8", "#c3a9ff"),
    "partial-rule": ("stroke", "#6236a8", "#c3a9ff"),
    "leaf": ("fill", "#fdf1dc", "#3d2c0b"),
    "leaf-frame": ("stroke", "#9a5b00", "#d9a24a"),
    "operation": ("fill", "#e6f0fa", "#14304d"),
    "operation-frame": ("stroke", "#1d5288", "#7fb2e5"),
}
SHORT = 72.0  # up to this width a partial derivative is shown beside its value
LEADING, SIDE, MARGIN, BORDER = 5, 10, 6, 6.0  # between the lines of a box, beside them, above and below; around the picture


class Drawing:
    """A picture of a computation graph. A notebook shows it by itself; `.save("graph.svg")` writes it to a file; `.svg` is its
    text, the same on every machine; `.alternative` says in words what it shows. On a dark page it is dark. Long names are
    shortened, but not in `.alternative`.

    In the SVG each node is a <g> whose attributes say what it shows: data-node is its label, and in LaTeX data-formula what it
    computes, data-value its value, data-adjoint its adjoint's. Each arrow is a <g data-edge="x t1" data-place="0">, the place
    being that of the operand; if it has a label, data-partial is what that says. `.layout` has the places of all of them.
    """

    def __init__(self, graph, partials=False):
        graph = graph_of(graph)
        self.nodes, self.edges = len(graph.nodes), sum([len(node.inputs) for node in graph.nodes])
        names = symbols(graph)
        panels = {node: Panel(graph, node, names) for node in graph.nodes}
        labels = labels_of_edges(graph, contributions(graph)) if partials else {}
        sizes, label_sizes = [{key: one.size for key, one in many.items()} for many in (panels, labels)]
        self.layout = layout(graph, sizes, label_sizes)
        self.alternative = alternative_of(panels)
        self.svg = picture(graph, self.layout, panels, labels, self.alternative)

    def save(self, path):
        """Write the SVG to a path ending in .svg; ValueError for any other ending."""
        if Path(path).suffix != ".svg":
            raise ValueError(f"a drawing is saved as .svg, not {Path(path).name}")
        Path(path).write_text(self.svg, encoding="utf-8")

    def _repr_svg_(self):
        return self.svg

    def _repr_mimebundle_(self, include=None, exclude=None):
        """As HTML, too, which a notebook shows before anybody has run it; SVG it does not."""
        encoded = b64encode(self.svg.encode()).decode()
        image = f'<img src="data:image/svg+xml;base64,{encoded}" alt="{html.escape(self.alternative)}" style="max-width: 100%">'
        return {"text/html": image, "image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self):
        return f"computation graph of {self.nodes} nodes and {self.edges} edges"


def draw(graph, partials=False):
    """The computation graph as one would draw it on paper, its arrows in the direction of the forward pass. Leaves are rounded,
    operations are boxes that say what they compute, results have a double frame. Equal terms look equal. After a sweep over the
    graph each node also shows its value, and after a backward sweep its adjoint.

    partials   whether each arrow also shows the local partial derivative of the node at its tip with respect to the one at its
               start, by the backward rules; after a sweep with its value, or its value alone where the formula is long. An
               arrow shows nothing where arrays are involved

    Takes a Graph or a node, returns a Drawing. Raises an ArithmeticError where a partial derivative to be shown does not exist.
    """
    return Drawing(graph, partials)


def rounded(value):
    """A number with at most six decimals; an array, or a very large or small number, as elsewhere."""
    if getattr(value, "shape", ()) or "e" in f"{value:.6g}":
        return literal(value)
    return decimal(value, len(f"{value:.6f}".rstrip("0").partition(".")[2]))


class Panel:
    """A node's box: a line for its formula, its value and its adjoint, as far as they are to be shown."""

    def __init__(self, graph, node, names):
        self.label, self.is_leaf, self.is_result = graph.label(node), not node.inputs, any([node is y for y in graph.outputs])
        self.formulas = {"formula": definition(node, names)}
        if graph.last_sweep and names[node].head == "symbol":
            self.formulas["value"] = rounded(graph.values[node])
        if node in graph.adjoints:
            self.formulas["adjoint"] = equation(adjoint(names[node]), rounded(graph.adjoints[node]))
        self.lines = {what: print_formula(formula, SVG) for what, formula in self.formulas.items()}
        self.margin = MARGIN + 3 * self.is_result
        self.text_height = sum([line.above + line.below + LEADING for line in self.lines.values()]) - LEADING

    @property
    def size(self):
        return max([line.width for line in self.lines.values()]) + 2 * SIDE, self.text_height + 2 * self.margin

    def svg(self, place):
        """The box in its place."""
        parts = [self.frame(place, 0, 13 if self.is_leaf else 3)]
        if self.is_result:
            parts.append(self.frame(place, 3, 11 if self.is_leaf else 2))
        top = place.y - self.text_height / 2
        for what, line in self.lines.items():
            ink = "adjoint-" if what == "adjoint" else ""
            parts.append(typeset(line, place.x - line.width / 2, top + line.above, ink))
            top += line.above + line.below + LEADING
        if any([is_shortened(line) for line in self.lines.values()]):
            parts.append(f"<title>{html.escape(self.words())}</title>")
        return f'<g data-node="{self.label}"{self.attributes()}>{"".join(parts)}</g>'

    def attributes(self):
        """What is shown, in LaTeX, without anybody's own words."""
        shown = {what: formula.parts[0] if formula.head == "named" else formula for what, formula in self.formulas.items()}
        return "".join([f' data-{what}="{html.escape(print_formula(formula, LATEX))}"' for what, formula in shown.items()])

    def words(self):
        """What is shown, as text: t7 = b t2, value 6.75, adjoint −0.159122."""
        said = [print_formula(self.formulas["formula"], TEXT)]
        if "value" in self.formulas:
            said.append(f"value {print_formula(self.formulas['value'], TEXT)}")
        if "adjoint" in self.formulas:
            said.append(f"adjoint {print_formula(self.formulas['adjoint'].parts[1], TEXT)}")
        return ", ".join(said)

    def frame(self, place, inset, radius):
        kind, width, height = "leaf" if self.is_leaf else "operation", place.width - 2 * inset, place.height - 2 * inset
        return (
            f'<rect x="{place.x - width / 2:.1f}" y="{place.y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="{radius}" {coloured(kind, f"{kind}-frame")}/>'
        )


class Label:
    """What an arrow says: a local partial derivative, after a sweep with its value. Where there are arrays, formula is None."""

    def __init__(self, graph, contribution):
        self.formula = None
        if any([getattr(graph.values[x], "shape", ()) for x in (contribution.user, *contribution.user.inputs)]):
            return
        self.formula = contribution.partial
        if graph.last_sweep and contribution.value is not None:
            value = rounded(contribution.value)
            is_short = print_formula(self.formula, SVG).width <= SHORT
            self.formula = equation(self.formula, value) if is_short and "symbol" in heads(self.formula) else value
        self.line = print_formula(self.formula, SVG)

    @property
    def size(self):
        return self.line.width, self.line.above + self.line.below

    def svg(self, start):
        return typeset(self.line, start.x, start.y + (self.line.above - self.line.below) / 2, "partial-")


def labels_of_edges(graph, found):
    """{(user, place of the operand): Label} of the contributions that are shown on an edge."""
    labels = {(one.user, one.place): Label(graph, one) for one in found}
    return {edge: label for edge, label in labels.items() if label.formula}


def alternative_of(panels):
    return f"Computation graph: {'; '.join([panel.words() for panel in panels.values()])}"


def heads(formula):
    return {one.head for one in topological_order([formula])}


# ----------------------------------------------------------------------------------------------------------------- the SVG


def coloured(*classes):
    """Attributes for those classes; the colours of light pages, for viewers without style sheets."""
    plain = " ".join(['{}="{}"'.format(*COLOURS[name][:2]) for name in classes])
    return f'class="{" ".join(classes)}" {plain}'


def style_sheet():
    rules = [
        f".computation-graph .{name} {{ {what}: light-dark({light}, {dark}) }}" for name, (what, light, dark) in COLOURS.items()
    ]
    return (
        "<style>@supports (color: light-dark(#000, #fff)) {\n"
        ":root.computation-graph { color-scheme: light dark }\n" + "\n".join(rules) + "\n}</style>"
    )


def typeset(line, x, y, ink):
    marks = [mark.svg(coloured(f"{ink}rule" if mark.is_line else f"{ink}ink")) for mark in line.at(x, y)]
    return f"<g>{''.join(marks)}</g>"


def picture(graph, plan, panels, labels, alternative):
    width, height = plan.width + 2 * BORDER, plan.height + 2 * BORDER
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="computation-graph" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{-BORDER:.0f} {-BORDER:.0f} {width:.0f} {height:.0f}" role="img" aria-label="{html.escape(alternative)}" '
        f'font-family="{FONT}" font-size="{SIZE}" text-anchor="middle">',
        style_sheet(),
        f'<rect x="{-BORDER:.0f}" y="{-BORDER:.0f}" width="{width:.0f}" height="{height:.0f}" {coloured("paper")}/>',
    ]
    for (user, place), curve in plan.curves.items():
        names = f"{graph.label(user.inputs[place])} {graph.label(user)}"
        parts.append(arrow(names, place, curve, labels.get((user, place))))
    parts += [panel.svg(plan.places[node]) for node, panel in panels.items()]
    return "\n".join([*parts, "</svg>"])


def arrow(names, place, curve, label):
    start, *rest = [f"{point.x:.1f},{point.y:.1f}" for point in curve.points]
    (x, y), half = curve.tip, 0.4 * HEAD
    head = f"{x:.1f},{y:.1f} {x - half:.1f},{y - HEAD:.1f} {x + half:.1f},{y - HEAD:.1f}"
    partial = f' data-partial="{html.escape(print_formula(label.formula, LATEX))}"' if label else ""
    return (
        f'<g data-edge="{names}" data-place="{place}"{partial}>'
        f'<path d="M{start} C{" ".join(rest)}" {coloured("edge")} fill="none" stroke-width="1.3"/>'
        f'<polygon points="{head}" {coloured("head")}/>{label.svg(curve.label) if label else ""}</g>'
    )
