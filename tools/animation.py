"""Draws the README's animated picture, docs/figures/both-passes.svg: both passes over the first graph of the explorer's page.

    python -m tools.animation

It is the explorer's figure with a caption above it, and with a style sheet that says what can be seen in which step. Whoever
prefers reduced motion sees the last one.
"""

from functools import reduce
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from autograd_engine.drawing import coloured, rounded, typeset
from autograd_engine.explorer import View
from autograd_engine.formulas import Formula, adjoint, definition, equation, symbol, text, with_numbers
from autograd_engine.layout import HEAD
from autograd_engine.notation import print_formula
from autograd_engine.typesetting import SVG
from tools.explorer import examples

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "figures" / "both-passes.svg"
NAMESPACE = "http://www.w3.org/2000/svg"
TAG = f"{{{NAMESPACE}}}"
ElementTree.register_namespace("", NAMESPACE)

CAPTION, LINE = 78, 24  # the height of the caption, and of each of its lines
FORWARD, BACKWARD = "operation-frame", "adjoint-rule"  # the colours of what is lit
FLOW = """.flow { animation: flow 0.6s linear infinite }
@keyframes flow { from { stroke-dashoffset: 12 } to { stroke-dashoffset: 0 } }"""


class Step(NamedTuple):
    """How long a step takes, what its caption says, which nodes are lit, and in which colour."""

    seconds: float
    heading: str
    formulas: tuple
    lit: tuple = ()  # labels
    colour: str = FORWARD


class Passes:
    """The steps of both passes over a View's graph, as the explorer has them: the leaves, each operation, the result's adjoint,
    each contribution, the end."""

    def __init__(self, view):
        self.graph, self.label, self.names, self.contributions = view.graph, view.label, view.names, view.uses
        self.step_of_operation = {view.label(t): 1 + i for i, t in enumerate(self.graph.operations)}
        self.step_of_seed = 1 + len(self.graph.operations)
        self.steps = [self.given(), *map(self.forward, self.graph.operations), self.seed()]
        self.steps += [*map(self.backward, range(len(self.contributions))), self.end()]

    def step_of_contribution(self, k):
        return self.step_of_seed + 1 + k

    def given(self):
        values = [equation(self.names[x], rounded(x.value)) for x in self.graph.leaves]
        return Step(1.6, "The leaves are given", (Formula("list", tuple(values)),))

    def forward(self, t):
        known = {self.label(node): rounded(value) for node, value in self.graph.values.items()}
        symbols = definition(t, self.names)
        numbers = equation(with_numbers(symbols.parts[1], known), rounded(self.graph.values[t]))
        return Step(1.8, "Forward: values run to the result", (symbols, continued(numbers)), (self.label(t),))

    def seed(self):
        (y,) = self.graph.outputs
        return Step(1.8, "Backward: adjoints run to the leaves", (self.adjoint_of(y),), (self.label(y),), BACKWARD)

    def backward(self, k):
        one = self.contributions[k]
        now, all_of_them = self.received(one.operand, k), self.received(one.operand)
        terms = [Formula("multiply", (adjoint(self.names[use.user]), use.partial)) for use in all_of_them]
        products = [Formula("multiply", (rounded(self.graph.adjoints[use.user]), rounded(use.value))) for use in now]
        lines = (
            equation(adjoint(self.names[one.operand]), added(terms)),
            continued(equation(added(products), rounded(sum(map(self.amount, now))))),
        )
        lit = (self.label(one.user), self.label(one.operand))
        return Step(2.4 if len(now) == 1 else 3.6, "Backward: adjoints run to the leaves", lines, lit, BACKWARD)

    def end(self):
        most = max(self.graph.nodes, key=lambda node: len(self.received(node)))
        gradient = Formula("list", tuple([self.adjoint_of(x) for x in self.graph.leaves]))
        return Step(5.0, "Done: what reaches a node adds up", (self.sum_at(most), gradient), (self.label(most),), BACKWARD)

    def received(self, node, last=None):
        """The contributions to a node's adjoint, to the last of these that is asked for."""
        until = len(self.contributions) if last is None else last + 1
        return [one for one in self.contributions[:until] if one.operand is node]

    def amount(self, one):
        return self.graph.adjoints[one.user] * one.value

    def adjoint_of(self, node):
        return equation(adjoint(self.names[node]), rounded(self.graph.adjoints[node]))

    def sum_at(self, node, last=None):
        """The sum as far as it has grown: t̄1 = 1 + …, then t̄1 = 1 + 12 = 13."""
        now = self.received(node, last)
        terms = [rounded(self.amount(one)) for one in now]
        if len(now) < len(self.received(node)):
            return equation(adjoint(self.names[node]), added([*terms, text("…")]))
        left, right = self.adjoint_of(node).parts
        return equation(left, equation(added(terms), right)) if len(terms) > 1 else equation(left, right)


def added(formulas):
    return reduce(lambda left, right: Formula("add", (left, right)), formulas)


def continued(formula):
    """A line that begins with its equals sign."""
    return equation(symbol(""), formula)


class Timeline:
    """Classes for what can be seen in some of the steps and not in others."""

    def __init__(self, steps):
        self.count, self.classes = len(steps), {}
        self.starts = [sum([step.seconds for step in steps[:i]]) for i in range(self.count + 1)]

    def show(self, element, steps):
        wanted = tuple([i in steps for i in range(self.count)])
        name = self.classes.setdefault(wanted, f"at-{len(self.classes)}")
        element.set("class", f"{element.get('class', '')} {name}".strip())

    def style_sheet(self):
        still = [f".{name} {{ visibility: hidden }}" for wanted, name in self.classes.items() if not wanted[-1]]
        moving = "\n".join([FLOW, *[self.animation(wanted, name) for wanted, name in self.classes.items()]])
        return "\n".join(["", *still, f"@media (prefers-reduced-motion: no-preference) {{\n{moving}\n}}"])

    def animation(self, wanted, name):
        *starts, end = self.starts
        changes = [i for i in range(self.count) if i == 0 or wanted[i] != wanted[i - 1]]
        frames = [f"{100 * starts[i] / end:.2f}% {{ visibility: {'visible' if wanted[i] else 'hidden'} }}" for i in changes]
        return f".{name} {{ animation: {name} {end:.1f}s step-end infinite }}\n@keyframes {name} {{ {' '.join(frames)} }}"


class Picture:
    """The figure of a View, animated. `.svg` is its text."""

    def __init__(self, view):
        self.passes, self.root = Passes(view), ElementTree.fromstring(view.svg)
        self.timeline = Timeline(self.passes.steps)
        for node in view.graph.nodes:
            self.animate_box(node, self.root.find(f".//*[@data-node='{view.label(node)}']"))
        for k, one in enumerate(view.uses):
            names = f"{view.label(one.operand)} {view.label(one.user)}"
            self.animate_arrow(k, self.root.find(f".//*[@data-edge='{names}'][@data-place='{one.place}']"))
        self.add_captions()
        self.root.find(f"{TAG}style").text += self.timeline.style_sheet()
        self.svg = ElementTree.tostring(self.root, encoding="unicode") + "\n"

    def from_step(self, step):
        return range(step, len(self.passes.steps))

    def animate_box(self, node, box):
        label, passes = self.passes.label(node), self.passes
        _, value, line = box.findall(f"{TAG}g")
        self.timeline.show(value, self.from_step(passes.step_of_operation.get(label, 0)))
        box.remove(line)
        for formula, steps in self.adjoints(node):
            self.timeline.show(add(box, in_place_of(line, formula, box)), steps)
        for colour in (FORWARD, BACKWARD):
            steps = [i for i, step in enumerate(passes.steps) if label in step.lit and step.colour == colour]
            self.timeline.show(add(box, frame_around(box, colour)), steps)

    def adjoints(self, node):
        """What is said of a node's adjoint, and in which steps."""
        passes, arrivals = self.passes, [k for k, one in enumerate(self.passes.contributions) if one.operand is node]
        if not arrivals:
            return [(passes.adjoint_of(node), self.from_step(passes.step_of_seed))]
        starts = [passes.step_of_contribution(k) for k in arrivals]
        ends = [*starts[1:], len(passes.steps)]
        return [(passes.sum_at(node, k), range(start, end)) for k, start, end in zip(arrivals, starts, ends)]

    def animate_arrow(self, k, arrow):
        path, head, label = arrow
        curve, backward = path.get("d"), self.passes.step_of_contribution(k)
        forward = self.passes.step_of_operation[self.passes.label(self.passes.contributions[k].user)]
        self.timeline.show(label, self.from_step(backward))
        self.timeline.show(head, {*self.from_step(0)} - {backward})
        self.timeline.show(add(arrow, f"<g>{flow(curve, FORWARD, 'normal')}</g>"), [forward])
        self.timeline.show(add(arrow, f"<g>{flow(curve, BACKWARD, 'reverse')}{head_at_start(curve)}</g>"), [backward])

    def add_captions(self):
        left, top, width, height = map(float, self.root.get("viewBox").split())
        top, height = top - CAPTION, height + CAPTION
        for i, step in enumerate(self.passes.steps):
            ink = "adjoint-" if step.colour == BACKWARD else ""
            place = f'x="0" y="{top + LINE:.0f}" font-size="13" text-anchor="start"'
            lines = [print_formula(formula, SVG) for formula in step.formulas]
            rows = [typeset(line, 0.0, top + LINE * (2 + row), ink) for row, line in enumerate(lines)]
            heading = f"<text {place} {coloured(f'{ink}ink')}>{step.heading}</text>"
            self.timeline.show(add(self.root, f"<g>{heading}{''.join(rows)}</g>"), [i])
            width = max([width, *[line.width - 2 * left for line in lines]])
        size = {"width": f"{width:.0f}", "height": f"{height:.0f}"}
        self.root.attrib.update(size | {"viewBox": f"{left:.0f} {top:.0f} {width:.0f} {height:.0f}"})
        self.root.find(f"{TAG}rect").attrib.update(size | {"y": f"{top:.0f}"})


def add(parent, markup):
    child = ElementTree.fromstring(f'<svg xmlns="{NAMESPACE}">{markup}</svg>')[0]
    parent.append(child)
    return child


def in_place_of(line, formula, box):
    """A formula on the baseline of a line of a box, in the middle of the box."""
    frame, made = box.find(f"{TAG}rect"), print_formula(formula, SVG)
    x = float(frame.get("x")) + (float(frame.get("width")) - made.width) / 2
    return typeset(made, x, float(line.find(f"{TAG}text").get("y")), "adjoint-")


def frame_around(box, colour):
    frame = box.find(f"{TAG}rect")
    place = " ".join([f'{name}="{frame.get(name)}"' for name in ("x", "y", "width", "height", "rx")])
    return f'<rect {place} {coloured(colour)} fill="none" stroke-width="3"/>'


def flow(curve, colour, direction):
    """Dashes that move along an arrow."""
    drawn = 'fill="none" stroke-width="3" stroke-dasharray="7 5"'
    return f'<g class="flow" style="animation-direction: {direction}"><path d="{curve}" {coloured(colour)} {drawn}/></g>'


def head_at_start(curve):
    x, y = map(float, curve[1:].split()[0].split(","))
    points = f"{x:.1f},{y:.1f} {x - HEAD / 2:.1f},{y + HEAD:.1f} {x + HEAD / 2:.1f},{y + HEAD:.1f}"
    return f'<polygon points="{points}" {coloured("adjoint-ink")}/>'


def build():
    return Picture(View(examples()[0])).svg


if __name__ == "__main__":
    PICTURE.write_text(build(), encoding="utf-8")
