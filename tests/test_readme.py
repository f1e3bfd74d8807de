"""What the README shows: its code runs, its comments tell the truth, its links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest

from autograd_engine import Program, gradient
from autograd_nodes import Graph, Node, Variable

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
FIRST, OWN = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_first_example_runs_and_its_comments_tell_the_truth():
    names = {}
    exec(FIRST, names)
    graph, gradients = names["graph"], [names["dx"].value, names["dy"].value]
    assert f"# {graph.forward()}\n" in FIRST
    assert "# {" + ", ".join([f"{leaf.name}: {grad}" for leaf, grad in graph.backward().items()]) + "}\n" in FIRST
    outputs = names["program"](2, 3)
    assert f"# {outputs} by machine code\n" in FIRST and outputs == (graph.forward(), *gradients)


def test_the_operation_of_ones_own_can_all_that_others_can():
    exec(OWN, {"Node": Node, "np": np})
    x = Variable(0.7, "x")
    (slope,) = gradient(np.cosh(x), [x])
    (second,) = gradient(slope, [x])
    assert slope.value == pytest.approx(np.sinh(0.7), rel=1e-15) and second.value == pytest.approx(np.cosh(0.7), rel=1e-15)
    assert Graph(np.cosh(x)).backward()[x] == slope.value
    assert Program([slope, second], [x]).compile()(0.3) == pytest.approx((np.sinh(0.3), np.cosh(0.3)), rel=1e-14)


def test_links_lead_somewhere():
    links = re.findall(r'\]\(([^)#]+)\)|src="([^"]+)"', README)
    paths = [link or source for link, source in links if not (link or source).startswith("http")]
    assert paths and all([(PROJECT / path).exists() for path in paths])
