"""The write-up says what the code says: its quotations are current, and every part of the sheet is answered in its place."""

import json
import re

import pytest

from tools import quote

MARKDOWN = quote.WRITE_UP.read_text(encoding="utf-8")
PARTS = {
    "1(a)": 2, "1(b)": 2, "1(c)": 2, "1(d)": 2, "1(e)": 2, "1(f)": 6, "1(g)": 4, "1(h)": 4, "2(a)": 8, "2(b)": 16, "2(c)": 12,
    "3(a)": 30, "3(b)": 10,
}  # fmt: skip


@pytest.fixture(scope="module")
def renewed(tmp_path_factory):
    """The write-up and its drawn graphs, made anew from the code."""
    folder = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quote, "FIGURES", folder)
        return quote.renewed(MARKDOWN), folder


def test_every_quoted_number_table_and_listing_is_what_the_code_says(renewed):
    assert renewed[0] == MARKDOWN, "make renew brings it up to date"


def test_a_quotation_of_the_text_knows_it_with_the_quotations_of_the_code_renewed():
    text = "<!--='>2<' in text-->{0}<!--/--> <!--=1 + 1-->{1}<!--/--> <!--='>2<' in text-->{0}<!--/-->"
    assert quote.quoted(text.format("old", "old"), {}) == text.format(True, 2)


@pytest.mark.parametrize(
    ("more", "said"),
    [("", "by symbols"),
     ("At $x = 1.3$, $e^x = 3.669297$.", "1 by symbols, 1 by numbers"),
     ("$1 = 2$", "1 by symbols, 1 false")],
)  # fmt: skip
def test_the_margin_says_how_the_equals_signs_of_a_part_were_checked(more, said):
    derivative = r"$f'(x) = \frac{4}{x} \cos(x^3) - 3x^2 \sin(x^3) \ln(\frac{x^4}{11})$ with $x \ne 0$"
    assert quote.checks(f"### 1(a)\n\n{derivative}. {more}", "1(a)") == said


@pytest.mark.parametrize("name", ["one-example", "graph-A", "graph-B"])
def test_every_drawn_graph_is_what_the_code_draws(renewed, name):
    committed = (quote.FIGURES / f"{name}.svg").read_text(encoding="utf-8")
    assert (renewed[1] / f"{name}.svg").read_text(encoding="utf-8") == committed, "make renew brings it up to date"


def test_every_bound_of_an_error_has_been_checked_by_the_notebook():
    """What the text says is true to 10^-12, and so on, the notebook has found true."""
    notebook = json.loads((quote.PROJECT / "DL-Sheet01.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    texts = ["".join(output.get("text", output.get("data", {}).get("text/plain", ""))) for output in outputs]
    checked = set(re.findall(r"< 1e-(\d+)(?!: False)", "".join(texts)))
    claimed = set(re.findall(r"10\^\{-(\d+)\}", re.sub("<!--.*?-->", "", MARKDOWN)))
    assert claimed
    assert claimed <= checked


def test_central_differences_give_eight_to_nine_digits(monkeypatch, tmp_path):
    monkeypatch.setattr(quote, "FIGURES", tmp_path)
    assert 8 < quote.run_notebook()["digits"] < 9


def test_every_figure_in_the_folder_is_shown():
    texts = [quote.WRITE_UP, quote.WRITE_UP.parent / "performance.md", quote.PROJECT / "README.md"]
    shown = re.findall(r"figures/([\w-]+\.svg)", "".join([path.read_text(encoding="utf-8") for path in texts]))
    assert set(shown) == {path.name for path in quote.FIGURES.iterdir()}


def test_the_answer_sheet_has_a_row_for_each_part_with_its_points():
    rows = re.findall(r"^\| (\d\(\w\)) \| (\d+) \| .* \[p\.\]\(#", MARKDOWN, re.MULTILINE)
    assert {part: int(points) for part, points in rows} == PARTS
    assert sum(PARTS.values()) == 100


def test_every_part_has_its_heading_in_the_order_of_the_sheet():
    headings = re.findall(r"^### (\d\(\w\)).*\[(\d+) points\]$", MARKDOWN, re.MULTILINE)
    assert [(part, int(points)) for part, points in headings] == list(PARTS.items())
