"""explore(graph) as documents: the same bytes everywhere, small, closed to everything from outside, names as data."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import numpy as np
import pytest
from sheet import HOSTILE, graph_a

from autograd_engine import explore, gradient
from autograd_engine.explorer import Example, page
from autograd_nodes import Constant, Graph, Node, Variable
from tools import animation
from tools.explorer import PAGE, build, equation_b

IMAGE_IN_SCRIPT = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


class Elements(HTMLParser):
    """(tag, attributes, text up to the next tag) of each element, as a browser reads them."""

    def __init__(self, document):
        super().__init__()
        self.found = []
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        self.found.append([tag, dict(attributes), ""])

    def handle_data(self, text):
        if self.found:
            self.found[-1][2] += text


def elements(document, tag):
    return [(attributes, text) for name, attributes, text in Elements(document).found if name == tag]


def data_of(document):
    return json.loads(next(text for attributes, text in elements(document, "script") if "json" in attributes["type"]))


def test_the_committed_page_is_what_the_code_gives():
    assert PAGE.read_text(encoding="utf-8") == build(), "run `python -m tools.explorer` and commit docs/explorer.html"


def test_the_committed_picture_is_what_the_code_gives_and_loads_nothing():
    picture = animation.PICTURE.read_text(encoding="utf-8")
    assert picture == animation.build(), "run `python -m tools.animation` and commit docs/figures/both-passes.svg"
    assert len(picture) < 50_000 and not re.search(r"<script|href|url\(|@import", picture)


@pytest.mark.parametrize("graph", [graph_a(), Graph(equation_b())], ids="AB")
def test_the_documents_of_a_and_b_are_small(graph):
    assert len(explore(graph).document.encode()) < 200_000


def test_the_same_graph_gives_the_same_bytes_and_the_graph_is_left_as_it_was():
    graph = graph_a()
    explorer = explore(graph)
    assert graph.last_sweep is None and not graph.adjoints and all(node.grad is None for node in graph.nodes)
    assert explorer.document == explore(graph_a()).document == explorer.document
    assert explorer._repr_mimebundle_() == explore(graph_a())._repr_mimebundle_()


def test_a_notebook_gets_a_picture_and_beside_it_the_document_in_a_frame():
    explorer = explore(graph_a())
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    ((image, _),), ((frame, inside),) = elements(bundle["text/html"], "img"), elements(bundle["text/html"], "iframe")
    assert image["src"].startswith("data:image/svg+xml;base64,") and "t8 = t3 / t7" in image["alt"]
    assert frame["srcdoc"] == explorer.document and "sandbox" not in frame
    assert "trust this notebook" in inside
    assert not elements(bundle["text/html"], "script")
    assert not [1 for _, attributes, _ in Elements(bundle["text/html"]).found if "id" in attributes]


def test_only_the_script_of_the_document_may_run_and_nothing_is_loaded():
    document = explore(graph_a()).document
    ((policy, _),) = [item for item in elements(document, "meta") if "http-equiv" in item[0]]
    (script,) = re.findall(r'<script type="module">(.*?)</script>', document, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy["content"] == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert document.index("http-equiv") < document.index("<style") < document.index("<script")
    for _, attributes, _ in Elements(document).found:
        assert not {"src", "href", "srcset", "action"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]


ODD = ["x; alert(1)", "${x}", "constructor", "await", "step", "", "\u2028"]


@pytest.mark.parametrize("name", [HOSTILE, IMAGE_IN_SCRIPT, *ODD])
def test_a_name_is_data_and_never_markup_or_code(name):
    x, y = Variable(2.0, name), Variable(3.0, name)
    document = page(name, [Example("x", Graph(x * y), name, name)])
    plain = page("", [Example("x", Graph(Variable(2.0, "x") * Variable(3.0, "x")))])
    tags = [[tag for tag, *_ in Elements(text).found if tag not in ("text", "g", "title")] for text in (document, plain)]
    assert tags[0] == tags[1]
    (data,) = data_of(document)
    assert [node["name"] for node in data["nodes"] if "name" in node] == [name, name]
    assert data["title"] == data["note"] == name
    scripts = [re.search(r'<script type="module">const arithmetic = (.*?);\n', text)[1] for text in (document, plain)]
    assert scripts[0] == scripts[1]


def test_the_arithmetic_is_that_of_the_rules(monkeypatch):
    x = Variable(3.0, "x")
    before = explore(np.exp(x)).document
    assert "contributions: [(value, adjoint) => adjoint.t1 * value.t1]" in before
    monkeypatch.setattr(type(np.exp(x)), "backward", (lambda grad, t, x: 7.0 * grad * t,))
    assert "contributions: [(value, adjoint) => 7.0 * adjoint.t1 * value.t1]" in explore(np.exp(x)).document


def test_an_operand_used_twice_contributes_twice():
    a = Variable(1.0, "a")
    (data,) = data_of(explore(a + a).document)
    assert data["uses"] == [{"user": "t1", "place": place, "operand": "a"} for place in (0, 1)]


def test_computed_numbers_are_not_in_the_data_which_the_page_computes_itself():
    (data,) = data_of(explore(graph_a()).document)
    assert [node["value"] for node in data["nodes"] if node.get("leaf")] == [2.0, 3.0, 1.5]
    assert data["given"] is None and data["seed"] == 1.0
    assert not [node for node in data["nodes"] if "leaf" not in node and "value" in node]


def test_a_graph_with_arrays_shows_the_numbers_of_python():
    x, w = Variable(np.array([1.0, 2.0]), "x"), Variable(np.array([0.5, -1.0]), "w")
    graph = Graph((x @ w + np.sum(x)) ** 2)
    (data,) = data_of(explore(graph).document)
    graph.backward()
    last = {data["uses"][moment["use"]]["operand"]: moment["sum"] for moment in data["given"]["moments"]}
    assert last["x"] == "[4.5, 0.0]" and last["w"] == "[3, 6]"
    assert np.array_equal(graph.adjoints[x], [4.5, 0.0]) and np.array_equal(graph.adjoints[w], [3.0, 6.0])
    assert data["given"]["value"]["x"] == "[1, 2]"


class Rounded(Node):
    """No formula: JavaScript has no spelling for it."""

    def forward(x):
        return float(np.rint(x))

    backward = (None,)


def test_an_operation_without_a_spelling_in_javascript_shows_the_numbers_of_python():
    x = Variable(1.6, "x")
    (data,) = data_of(explore(x * Rounded(x)).document)
    assert data["given"]["value"] == {"x": "1.6", "t1": "2", "t2": "3.2"}


def test_what_no_contribution_reaches_has_the_adjoint_0():
    x = Variable(2.0, "x")
    (data,) = data_of(explore(3.0 * ((x * x) == 4.0)).document)
    assert data["uses"] == [{"user": "t3", "place": 1, "operand": "t2"}] and data["unreached"] == ["x", "t1"]


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (Graph(*gradient(graph_a().outputs[0], graph_a().leaves[:0]), Variable(1.0), Variable(2.0)), "2"),
        (Graph(Constant(1.0, "k") + 2), "variable"),
        (Graph(Variable(np.ones(3)) * 2), "(3,)"),
    ],
    ids=["several outputs", "constants", "an array"],
)
def test_a_graph_without_a_backward_pass_says_why(graph, reason):
    (data,) = data_of(explore(graph).document)
    assert reason in data["reason"] and data["result"] is None and not data["uses"]


def test_a_seed_that_was_given_is_where_the_pass_begins():
    graph = graph_a()
    graph.backward(2.0)
    (data,) = data_of(explore(graph).document)
    assert data["seed"] == 2.0


def test_a_view_shows_its_own_graphs_values():
    a = Variable(1.0, "a")
    graph = Graph(a * 2.0)
    explorer = explore(graph)
    a.value = 5.0
    assert data_of(explorer.document)[0]["nodes"][0]["value"] == 1.0
    again = explore(graph)
    assert data_of(again.document)[0]["nodes"][0]["value"] == 5.0
    ((image, _),) = elements(again.html, "img")
    assert re.search("t1 = a · 2.*10.*1$", image["alt"])


def test_a_graph_too_large_to_watch_shows_its_trace_instead():
    y = Variable(1.0, "x")
    for _ in range(200):
        y = np.sin(y)
    bundle = explore(y)._repr_mimebundle_()
    assert "201 nodes" in bundle["text/html"] and "<pre>forward" in bundle["text/html"] and "iframe" not in bundle["text/html"]
    assert "<pre>forward" in explore(y).document


def test_a_file_is_html_and_nothing_else(tmp_path):
    explore(graph_a()).save(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == explore(graph_a()).document
    with pytest.raises(ValueError, match="html"):
        explore(graph_a()).save(tmp_path / "a.svg")


def test_where_a_derivative_does_not_exist_that_is_said():
    with pytest.raises(ArithmeticError):
        explore(np.sqrt(Variable(0.0)))
