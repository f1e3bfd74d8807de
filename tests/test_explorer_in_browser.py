"""explore(graph) in a real browser: every step against Graph, hands on keys and fields, and nothing from outside."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from socket import socket
from types import SimpleNamespace
from urllib.request import urlopen

import nbformat
import numpy as np
import pytest
from nbformat import v4
from sheet import HOSTILE, graph_a

import autograd_nodes as op
from autograd_engine import explore
from autograd_engine.drawing import rounded
from autograd_engine.explorer import Example, View, page
from autograd_engine.graph import fit
from autograd_engine.notation import TEXT, print_formula
from autograd_nodes import Graph, Variable
from tools.animation import Picture
from tools.explorer import PAGE, examples

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright of requirements.txt")
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER: neither Chromium nor Chrome is installed")

ROOT = Path(__file__).resolve().parent.parent
FIGURES = """() => Object.fromEntries([...document.querySelectorAll("section:not([hidden]) [data-node]")].map(
    ({dataset}) => [dataset.node, [dataset.value ?? "", dataset.adjoint ?? ""]]))"""
ALL_STEPS = f"""() => {{
    const figures = {FIGURES}, button = (id) => document.getElementById(id), seen = {{back: [], forward: []}};
    for (const id of ["back", "forward", "back"]) {{
        seen[id] = [figures()];
        for (let i = 0; i < 500 && button(id).ariaDisabled !== "true"; i++) {{ button(id).click(); seen[id].push(figures()); }}
    }}
    return [seen.forward, seen.back.reverse()];
}}"""


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def tab(browser, tmp_path):
    """Opens documents in a tab that notes what it asks of the network, what it complains about and what it runs."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    shown, asked, complaints = context.new_page(), [], []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))

    def visit(document, address=""):
        path = tmp_path / f"{len(asked)}.html"
        path.write_text(document, encoding="utf-8")
        shown.goto(f"{path.as_uri()}{address}")
        return shown

    visit.complaints = complaints
    yield visit
    context.close()
    assert not complaints
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []


def wait_until(shown, condition):  # page.wait_for_function would need eval, which the page forbids
    for _ in range(1000):
        if shown.evaluate(condition):
            return
        shown.wait_for_timeout(20)
    pytest.fail(f"never came true: {condition}")


def expected_steps(graph):
    """[{label: (value, adjoint)}] by Python's rules: the leaves, each operation, the result's adjoint, each contribution."""
    (y,) = graph.outputs
    values, adjoints, steps = {x: x.value for x in graph.leaves}, {}, []

    def note():
        steps.append({graph.label(node): (values.get(node), adjoints.get(node)) for node in graph.nodes})

    note()
    for node in graph.operations:
        values[node] = node.forward(*[values[x] for x in node.inputs], **node.parameters)
        note()
    left_out = unreached(graph)
    adjoints = dict.fromkeys(left_out, 0.0) | {y: 1.0}
    note()
    for node in reversed(graph.operations):
        for x, rule in zip(node.inputs, node.rules()):
            if node in adjoints and node not in left_out and x.active and rule is not None:
                added = fit(rule(adjoints[node], values[node], *[values[z] for z in node.inputs]), values[x])
                adjoints[x] = adjoints[x] + added if x in adjoints else added
                note()
    note()
    graph.backward()
    assert [adjoints.get(x) for x in graph.nodes] == [x.grad for x in graph.nodes]
    return steps


def unreached(graph):
    reached = set(graph.outputs)
    for node in reversed(graph.operations):
        if node in reached:
            reached |= {x for x, rule in zip(node.inputs, node.rules()) if x.active and rule is not None}
    return {node for node in graph.nodes if node.active and node not in reached}


def assert_same_steps(shown, graph):
    forth, back = shown.evaluate(ALL_STEPS)
    assert forth == back
    expected = expected_steps(graph)
    assert len(forth) == len(expected)
    named = {label for label in expected[0] if forth[0][label][0] or label.startswith("t")}  # other constants have no line
    for step, (found, wanted) in enumerate(zip(forth, expected)):
        for label in named:
            for text, number in zip(found[label], wanted[label]):
                assert (text == "") == (number is None), (step, label)
                assert number is None or float(text) == pytest.approx(number, rel=1e-12, abs=1e-300), (step, label)


@pytest.mark.parametrize("example", [pytest.param(one, id=one.key) for one in examples()])
def test_every_step_of_the_page_and_every_step_back_is_what_the_graph_says(tab, example):
    shown = tab(PAGE.read_text(encoding="utf-8"), f"#{example.key}&order=topological")
    assert_same_steps(shown, example.graph)


OPERATIONS = {  # of numbers, none of which can leave its domain or grow beyond reach
    op.Add: lambda x, y: x + y, op.Subtract: lambda x, y: x - y, op.Multiply: lambda x, y: np.sin(x) * y,
    op.Divide: lambda x, y: x / (1.5 + np.cos(y)), op.Negative: lambda x, y: -x,
    op.Power: lambda x, y: (2.0 + np.sin(x)) ** np.cos(y), op.Square: lambda x, y: np.tanh(x) ** 2,
    op.Sqrt: lambda x, y: np.sqrt(2.0 + np.sin(x)), op.Exp: lambda x, y: np.exp(np.sin(x)),
    op.Log: lambda x, y: np.log(2.0 + np.cos(x)), op.Sin: lambda x, y: np.sin(x), op.Cos: lambda x, y: np.cos(x),
    op.Tanh: lambda x, y: np.tanh(x), op.Sigmoid: lambda x, y: op.Sigmoid(x), op.Maximum: np.maximum,
    op.Equal: lambda x, y: y + (x == y),
}  # fmt: skip


def random_graph(seed):
    chance = random.Random(seed)
    nodes = [Variable(round(chance.uniform(-2, 2), 3), name) for name in "abc"]
    for build in chance.sample(list(OPERATIONS.values()), 12):
        nodes.append(build(chance.choice(nodes[-5:]), chance.choice(nodes)))
    return Graph(nodes[-1] + nodes[-2] * nodes[-3])


def test_random_graphs_of_every_operation_take_the_same_steps(tab):
    graphs = [random_graph(seed) for seed in range(20)]
    assert {type(node) for graph in graphs for node in graph.operations} == OPERATIONS.keys()
    assert 20 < max(len(graph.nodes) for graph in graphs) <= 40
    document = page("Random graphs", [Example(f"g{i}", graph) for i, graph in enumerate(graphs)])
    shown = tab(document)
    for i, graph in enumerate(graphs):
        shown.evaluate(f"location.hash = '#g{i}'")
        wait_until(shown, f"!document.querySelector('[data-graph=\"{i}\"]').hidden")
        assert_same_steps(shown, graph)


def numbers(shown):
    return {label: [text and float(text) for text in texts] for label, texts in shown.evaluate(FIGURES).items()}


def test_another_value_of_a_leaf_gives_what_python_gives_and_a_bad_one_is_said_where_it_arises(tab):
    graph = graph_a()
    shown = tab(explore(graph).document)
    field = shown.get_by_label("value of b")
    for value in (1.25, 40.0, 1e-3):
        field.fill(str(value))
        graph.leaves[1].value = value
        graph.backward()
        found = numbers(shown)
        for node in graph.nodes:
            assert found[graph.label(node)] == pytest.approx([node.value, node.grad], rel=1e-12)
        assert shown.locator("#leaves tbody tr").all_text_contents()[1].endswith("✓")
    undefined = "t₄ = √t₃ is not a finite number where t₃ = −15.75"
    for bad, said in (("-20", undefined), ("", "has to be a number"), ("0", "t₈ = t₃ / t₇")):
        field.fill(bad)
        assert said in shown.locator("#error").text_content()
        assert field.get_attribute("aria-invalid") == "true"
        assert numbers(shown) == found
    assert shown.locator("[data-undefined]").get_attribute("data-node") == "t8"
    field.fill("3")
    assert shown.locator("#error").text_content() == "" and field.get_attribute("aria-invalid") == "false"
    assert shown.locator("[data-undefined]").count() == 0


def test_a_derivative_that_does_not_exist_is_said_at_the_node(tab):
    shown = tab(explore(np.sqrt(Variable(1.0, "x"))).document)
    shown.get_by_label("value of x").fill("0")
    assert "t₁ = √x has no finite derivative where x = 0" in shown.locator("#error").text_content()


ODD_NUMBERS = [1234567.0, -1e6, 999999.4, 999999.6, 1e15, 1.5e20, 1e-4, 9.99999e-5, 9.9999996e-5, -3e-9, 0.1 + 0.2, -0.0]


def in_a_drawing(number):
    decimals, is_scientific, exponent = print_formula(rounded(number), TEXT).partition("e")
    power = str(int(exponent.replace("−", "-") or 0)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{decimals}·10{power}" if is_scientific else decimals


def test_numbers_are_written_as_in_a_drawing(tab):
    leaves = [Variable(number, 2 * letter) for number, letter in zip(ODD_NUMBERS, "abcdefghijkl")]
    shown = tab(explore(sum(leaves[1:], leaves[0])).document)
    found = dict(part.split(": ")[-2:] for part in shown.locator("section svg").first.get_attribute("aria-label").split("; "))
    assert {leaf.name: found[leaf.name] for leaf in leaves} == {leaf.name: in_a_drawing(leaf.value) for leaf in leaves}


def test_a_sum_grows_contribution_by_contribution(tab):
    shown = tab(PAGE.read_text(encoding="utf-8"), "#E&step=5")
    said = []
    for _ in range(3):
        said.append((shown.locator("#caption").text_content(), numbers(shown)["t1"][1]))
        shown.locator("#forward").click()
    assert said == [
        ("Backward: t₃ hands 1 · 1 = 1 back to t₁, which now has 1 of its 2 contributions.", 1.0),
        ("Backward: t₃ hands 1 · 1 = 1 back to t₂.", 1.0),
        ("Backward: t₂ hands 1 · 12 = 12 back to t₁, which now has both contributions. They add up: 1 + 12 = 13.", 13.0),
    ]


# {label: [the lines of its box that can be seen]} of the README's picture at a time in ms, or as it is without animations
SEEN = """(time) => {
    for (const animation of document.getAnimations()) { animation.pause(); animation.currentTime = time; }
    const isSeen = (line) => getComputedStyle(line.querySelector("text")).visibility === "visible";
    const words = (line) => [...line.querySelectorAll("text")].map((text) => text.textContent).join(" ");
    const lines = (box) => [...box.querySelectorAll("g")].filter(isSeen).map(words);
    return Object.fromEntries([...document.querySelectorAll("[data-node]")].map((box) => [box.dataset.node, lines(box)])); }"""


def as_shown(lines):
    """The value and the adjoint in a box of the README's picture."""
    _, value, adjoint = [*lines, "", ""][:3]
    return [value, adjoint.removesuffix(" + …").rpartition("= ")[2]]


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_readmes_picture_shows_in_each_step_what_the_page_shows_and_only_the_last_if_motion_is_unwelcome(tab, motion):
    shown = tab(PAGE.read_text(encoding="utf-8"), "#E")
    steps, _ = shown.evaluate(ALL_STEPS)
    picture = Picture(View(examples()[0]))
    shown = tab(f"<!doctype html><title>README</title>{picture.svg}")
    shown.emulate_media(reduced_motion=motion)
    for step, start in zip(steps, picture.timeline.starts):
        seen = shown.evaluate(SEEN, 1000 * start + 500)
        wanted = step if motion == "no-preference" else steps[-1]
        assert {label: as_shown(lines) for label, lines in seen.items()} == wanted
    sums = [shown.evaluate(SEEN, 1000 * start + 500)["t1"][-1] for start in picture.timeline.starts[5:8]]
    assert sums[-1] == "t 1 = 1 + 12 = 13" and (motion == "reduce" or sums[0] == "t 1 = 1 + …")


def test_a_node_that_hands_on_too_early_gives_the_wrong_number_and_that_is_explained(tab):
    shown = tab(PAGE.read_text(encoding="utf-8"), "#why")
    caption = shown.locator("#caption")
    assert numbers(shown)["a"] == [1.0, 4.0]
    assert caption.text_content() == (
        "Wrong: the adjoint of a is 4 here, and should be 16. t₁ handed on 2 before it had all of 8: "
        "what came too late (dotted) never went on."
    )
    assert shown.locator("section:not([hidden]) .late").count() == 2
    shown.get_by_label("Why this order?").uncheck()
    assert numbers(shown)["a"] == [1.0, 16.0] and shown.locator(".late").count() == 0
    assert "add up: 4 + 2 + 2 = 8" in caption.text_content()


def test_the_next_number_is_asked_for_before_it_is_shown(tab):
    shown = tab(PAGE.read_text(encoding="utf-8"), "#E&step=0")
    shown.get_by_label("Ask me first").check()
    caption, guess = shown.locator("#caption"), shown.locator("#guess")
    for answer, verdict in (("6", "Right."), ("5", "It is 36.")):
        shown.locator("#forward").click()
        assert shown.locator("#question").is_visible() and "?" in shown.locator("#formula").text_content()
        guess.fill(answer)
        guess.press("Enter")
        assert caption.text_content().startswith(verdict) and shown.locator("#question").is_hidden()
    assert shown.locator("#count").text_content() == "2 / 10"


def test_it_plays_by_itself_from_the_start_to_the_end(tab):
    shown = tab(PAGE.read_text(encoding="utf-8"), "#E")
    shown.clock.install()
    shown.get_by_role("button", name="Watch it happen").click()
    seen = []
    for _ in range(70):
        shown.clock.run_for(500)
        seen.append(shown.locator("#count").text_content())
    assert list(dict.fromkeys(seen)) == [f"{i} / 10" for i in range(11)]
    assert shown.get_by_role("button", name="Watch it happen").is_visible()


def test_on_a_small_screen_the_figure_moves_into_sight_when_it_plays(tab):
    shown = tab(PAGE.read_text(encoding="utf-8"), "#E")
    shown.set_viewport_size({"width": 375, "height": 667})
    lowest = "document.querySelector('[data-node=t3]').getBoundingClientRect().bottom"
    assert shown.evaluate(lowest) > 667
    shown.get_by_role("button", name="Watch it happen").click()
    assert shown.evaluate(lowest) < 667


def test_everything_can_be_done_with_the_keyboard_alone(tab):
    shown = tab(PAGE.read_text(encoding="utf-8"), "#E")
    count, press = shown.locator("#count"), shown.keyboard.press

    def focused():
        return shown.evaluate("document.activeElement.id || document.activeElement.textContent")

    press("ArrowLeft")
    assert count.text_content() == "9 / 10"
    reached = []
    for _ in range(20):
        press("Tab")
        reached.append(focused())
        is_visible = shown.evaluate("""() => {
            const style = getComputedStyle(document.activeElement);
            return document.activeElement === document.body || style.outlineStyle + style.outlineWidth === "solid3px"; }""")
        assert is_visible, reached
    assert {"play", "back", "step", "forward", "predict", "depth-first", "leaf-x", "leaf-y", "Equation B"} <= set(reached)
    shown.locator("#step").focus()
    for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 10)):
        press(key)
        assert count.text_content() == f"{step} / 10"
    shown.locator("#leaf-x").focus()
    press("End")
    press("ArrowLeft")
    press("5")
    assert numbers(shown)["x"][0] == 52.0 and count.text_content() == "10 / 10"


def test_the_address_names_the_state(tab):
    shown = tab(PAGE.read_text(encoding="utf-8"), "#A&step=14&a=2.5")
    assert shown.locator("#count").text_content() == "14 / 26" and shown.locator("#leaf-a").input_value() == "2.5"
    shown.locator("#forward").click()
    shown.get_by_label("value of c").fill("-1")
    wait_until(shown, "location.hash === '#A&step=15&a=2.5&c=-1'")
    shown.reload()
    assert shown.locator("#count").text_content() == "15 / 26" and numbers(shown)["c"][0] == -1.0
    shown.get_by_role("link", name="Equation B").click()
    wait_until(shown, "location.hash === '#B'")
    assert shown.locator("#count").text_content() == "41 / 41"
    for odd in ("#nothing", "#A&step=999&a=x", "#A&step=-1&b=0", "#A&step=&a=Infinity"):
        shown.evaluate(f"location.hash = {odd!r}")
        shown.wait_for_timeout(50)
    assert numbers(shown)["a"][0] == 2.0


def test_an_array_steps_through_the_numbers_of_python_and_says_so(tab):
    x, w = Variable(np.array([1.0, 2.0]), "x"), Variable(np.array([0.5, -1.0]), "w")
    shown = tab(explore((x @ w) ** 2).document)
    assert "These are the numbers of Python" in shown.locator("#given").text_content()
    assert shown.locator("#leaves input").count() == 0
    forth, back = shown.evaluate(ALL_STEPS)
    assert forth == back and forth[-1]["x"] == ["[1, 2]", "[−1.5, 3.0]"] and forth[0]["t1"] == ["", ""]


MARKUP = ["<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "<svg onload=alert(1)>"]


@pytest.mark.parametrize("name", [HOSTILE, *MARKUP, "constructor"])
def test_a_hostile_name_is_shown_and_runs_nothing(tab, name):
    graph = Graph(Variable(2.0, name) * Variable(3.0, name))
    shown = tab(page(name, [Example("x", graph, name, name), Example("y", graph_a(), name)]))
    head = shown.locator("#leaves tbody th").first
    assert head.text_content().endswith(name) and shown.locator("#note").text_content() == name
    assert shown.locator("img").count() == 0
    shown.evaluate(ALL_STEPS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_about(tab, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python of requirements.txt")
    shown = tab(PAGE.read_text(encoding="utf-8"), "#A")
    shown.emulate_media(color_scheme=theme, reduced_motion="reduce")
    for do in (lambda: None, lambda: shown.locator("#step").fill("17"), lambda: shown.get_by_label("value of b").fill("0")):
        do()
        found = axe.Axe().run(shown, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 700, 1200])
def test_nothing_is_wider_than_the_window(tab, width):
    shown = tab(PAGE.read_text(encoding="utf-8"))
    shown.set_viewport_size({"width": width, "height": 800})
    for key in ("E", "A", "B&step=25", "dA&step=30", "why"):
        shown.evaluate(f"location.hash = '#{key}'")
        shown.wait_for_timeout(30)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, key


def test_a_step_in_a_graph_of_200_nodes_takes_less_than_a_frame(tab):
    nodes = [Variable(0.1 * i, f"x{i}") for i in range(1, 9)]
    while len(Graph(*nodes).nodes) < 199:
        nodes.append(np.sin(nodes[-1]) + nodes[-7])
    graph = Graph(nodes[-1])
    assert 180 < len(graph.nodes) <= 200
    shown = tab(explore(graph).document)
    times = shown.evaluate("""() => {
        const click = (id) => { const t = performance.now(); document.getElementById(id).click(); document.body.offsetHeight;
            return performance.now() - t; };
        return Array.from({length: 60}, (_, i) => click("back")); }""")
    assert sorted(times)[30] < 16.0


# -------------------------------------------------------------------------------------------------- in a notebook's page


@pytest.fixture
def notebook(tab):
    """A page that shows an explorer as a notebook does, with a theme."""

    def visit(graph, theme="light"):
        made = explore(graph)._repr_mimebundle_()["text/html"]
        body = f'<body data-jp-theme-light="{str(theme == "light").lower()}"><div class="jp-Cell" tabindex="-1">{made}</div>'
        shown = tab(f"<!doctype html><title>Notebook</title>{body}")
        frame = shown.frame_locator("iframe")
        frame.locator("#play").wait_for()
        return SimpleNamespace(shown=shown, frame=frame)

    return visit


def test_in_a_frame_it_hides_the_picture_is_as_high_as_it_has_to_be_and_follows_the_theme(notebook):
    opened = notebook(graph_a(), "dark")
    assert opened.shown.locator("img").is_hidden()
    height = opened.shown.evaluate("document.querySelector('iframe').offsetHeight")
    assert height >= opened.frame.locator("html").evaluate("root => root.scrollHeight") > 300
    colour = "root => getComputedStyle(root).backgroundColor"
    assert opened.frame.locator("html").evaluate(colour) == "rgb(17, 17, 17)"
    opened.shown.evaluate("document.body.dataset.jpThemeLight = 'true'")
    opened.shown.wait_for_timeout(50)
    assert opened.frame.locator("html").evaluate(colour) == "rgb(255, 255, 255)"


def test_keys_stay_in_the_frame_and_escape_gives_the_focus_back(notebook):
    opened = notebook(graph_a())
    opened.shown.evaluate("window.keys = []; document.addEventListener('keydown', ({key}) => keys.push(key))")
    opened.frame.locator("#step").focus()
    for key in ("ArrowLeft", "a", "b", "x", "Home", " "):
        opened.shown.keyboard.press(key)
    assert opened.shown.evaluate("keys") == []
    opened.shown.keyboard.press("Escape")
    assert opened.shown.evaluate("document.activeElement.className") == "jp-Cell"


def test_a_script_that_fails_leaves_the_picture(tab):
    made = explore(graph_a())._repr_mimebundle_()["text/html"]
    changed = made.replace("const find", "const  find")  # which has another hash and may not run
    shown = tab(f"<!doctype html><title>Notebook</title>{changed}")
    shown.wait_for_timeout(300)
    assert shown.locator("img").is_visible() and shown.evaluate("document.querySelector('iframe').offsetHeight") == 0
    assert "Content Security Policy" in tab.complaints.pop()


@pytest.fixture
def jupyterlab(tmp_path):
    """The address of a JupyterLab of its own, in whose folder there is a notebook that nobody has run on this machine."""
    pytest.importorskip("jupyterlab", reason="needs jupyter of requirements.txt")
    source = f"import sys\nsys.path[:0] = {[str(ROOT), str(ROOT / 'tests')]}\nfrom sheet import graph_a\n"
    source += "from autograd_engine import explore\nexplore(graph_a())"
    output = v4.new_output("execute_result", explore(graph_a())._repr_mimebundle_(), execution_count=1)
    cells = [v4.new_code_cell(source, execution_count=1, outputs=[output]), v4.new_code_cell("1 + 1")]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "sample.ipynb")
    places = [f"JUPYTER_{what}_DIR" for what in ("CONFIG", "DATA", "RUNTIME")]
    places += [f"JUPYTERLAB_{what}_DIR" for what in ("SETTINGS", "WORKSPACES")]
    environment = os.environ | {name: str(tmp_path / ".jupyter" / name) for name in places}
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ["ip=127.0.0.1", f"port={port}", f"root_dir={tmp_path}", "allow_root=True", "open_browser=False"]
    options = ["--IdentityProvider.token=", "--LabApp.news_url=None", *[f"--ServerApp.{option}" for option in server]]
    command = [sys.executable, "-m", "jupyterlab", *options]
    with open(tmp_path / "log", "w") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server:
        for _ in range(300):
            try:
                urlopen(f"http://127.0.0.1:{port}/api").close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/lab/tree/sample.ipynb"
        server.terminate()


def test_jupyterlab_shows_the_picture_before_a_notebook_is_run_and_steps_through_it_afterwards(jupyterlab, browser):
    lab = browser.new_page(viewport={"width": 1200, "height": 900})
    lab.goto(jupyterlab)
    image, outputs = lab.locator(".jp-OutputArea-output img"), lab.locator(".jp-OutputArea-output")
    image.wait_for(timeout=60_000)
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    assert lab.locator("iframe").count() == 0 and "trust this notebook" in outputs.first.text_content()

    lab.get_by_text("| Idle").wait_for(timeout=60_000)  # a kernel that is not there yet runs nothing
    lab.locator(".jp-Cell").first.click(position={"x": 200, "y": 20})
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_text("Run All Cells", exact=True).click()
    frame = lab.frame_locator(".jp-OutputArea-output iframe")
    frame.locator("#step").focus(timeout=60_000)
    assert image.is_hidden()
    for key in ("Home", "ArrowRight", "a", "b", "x", "d", "d"):  # b adds a cell and d d deletes one, outside of the frame
        lab.keyboard.press(key)
    assert frame.locator("#count").text_content() == "1 / 26" and lab.locator(".jp-Cell").count() == 2
    lab.keyboard.press("Escape")
    lab.keyboard.press("b")
    lab.locator(".jp-Cell").nth(2).wait_for()
    lab.evaluate("document.body.dataset.jpThemeLight = 'false'")
    assert frame.locator("html").evaluate("root => getComputedStyle(root).backgroundColor") == "rgb(17, 17, 17)"

    lab.keyboard.press("Control+s")
    lab.locator(".jp-mod-dirty").first.wait_for(state="detached")
    lab.reload()
    frame.locator("#back").click(timeout=60_000)
    assert frame.locator("#count").text_content() == "25 / 26"
    lab.close()


def test_in_our_export_it_is_as_wide_as_the_page_and_as_dark(tab, tmp_path):
    pytest.importorskip("pypandoc", reason="needs tools/requirements.txt")
    from tools.render import notebook_to_html

    output = v4.new_output("execute_result", explore(graph_a())._repr_mimebundle_(), execution_count=1)
    cells = [v4.new_markdown_cell("# Sample"), v4.new_code_cell("explore(A)", execution_count=1, outputs=[output])]
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "sample.ipynb")
    shown = tab(notebook_to_html(tmp_path / "sample.ipynb"))
    shown.emulate_media(color_scheme="dark")
    frame = shown.frame_locator("iframe")
    frame.locator("#back").click()
    assert frame.locator("#count").text_content() == "25 / 26" and shown.locator("img").first.is_hidden()
    assert frame.locator("html").evaluate("root => getComputedStyle(root).backgroundColor") == "rgb(17, 17, 17)"
    edges = "frame => [frame, frame.closest('.jp-OutputArea')].map((element) => element.getBoundingClientRect().right)"
    right, edge = shown.locator("iframe").evaluate(edges)
    assert edge - 60 < right <= edge
