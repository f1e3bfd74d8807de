"""The write-up's PDF and the notebook's HTML: faithful, accessible, and complete without a network."""

import re

import nbformat
import pytest

pytest.importorskip("pypandoc", reason="needs tools/requirements.txt")
pytest.importorskip("typst", reason="needs tools/requirements.txt")
from tools.render import PROJECT, WRITE_UP, markdown_to_typst, notebook_to_html, write_up_to_pdf

PDF = WRITE_UP.with_suffix(".pdf")


@pytest.fixture(scope="module")
def pdf():
    return PDF.read_bytes()


@pytest.fixture
def rendered(tmp_path):
    """Renders a Markdown text that is not the write-up."""

    def render(text):
        (tmp_path / "sample.md").write_text("# Sample\n\n## Heading\n\n" + text, encoding="utf-8")
        return write_up_to_pdf(tmp_path / "sample.md")

    return render


def test_the_committed_pdf_is_the_rendering_of_the_markdown_beside_it(pdf):
    assert write_up_to_pdf() == pdf, "run `make renew` and commit docs/DL-Sheet01.pdf"


def test_the_pdf_says_that_it_is_accessible_and_fit_for_archives(pdf):
    assert b"<pdfuaid:part>1<" in pdf
    assert b"<pdfaid:part>2<" in pdf and b"<pdfaid:conformance>A<" in pdf
    assert b"/MarkInfo<</Marked true" in pdf and b"/DisplayDocTitle true" in pdf and b"/Lang(en" in pdf


def test_the_pdf_has_the_title_of_the_markdown(pdf):
    title = WRITE_UP.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    assert f'<rdf:li xml:lang="x-default">{title}<'.encode() in pdf


def test_every_page_is_a4(pdf):
    assert set(re.findall(rb"/MediaBox ?\[(.*?)\]", pdf)) == {b"0 0 595.2756 841.8898"}


def test_every_font_is_embedded(pdf):
    assert len(re.findall(rb"/FontDescriptor/FontName", pdf)) == len(re.findall(rb"/FontFile[23]? ", pdf)) > 0


def test_every_figure_and_every_formula_has_an_alternative_text(pdf):
    elements = re.findall(rb"/S/(?:Figure|Formula)\b.*?/K", pdf, re.DOTALL)
    assert elements and all(b"/Alt" in element for element in elements)


def test_every_link_within_the_markdown_leads_to_a_heading(pdf):
    targets = set(re.findall(r"\]\(#(.*?)\)", WRITE_UP.read_text(encoding="utf-8")))
    headings = {name.decode() for name in re.findall(rb"\(([^()]*)\)\d+ 0 R", re.search(rb"/Dests<</Names\[(.*?)\]", pdf)[1])}
    assert targets and targets <= headings


@pytest.mark.parametrize("text", ["$$\na \\\\ b\n$$", "$a = $", "[p.](#nowhere)", "![a graph](nowhere.svg)"])
def test_what_the_pdf_could_not_show_is_an_error(rendered, text):
    with pytest.raises(RuntimeError):
        rendered(text)


def test_a_figure_without_alternative_text_is_an_error(rendered, tmp_path):
    (tmp_path / "dot.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", encoding="utf-8")
    rendered("![a dot](dot.svg)")
    with pytest.raises(RuntimeError, match="alt"):
        rendered("![](dot.svg)")


def test_a_formula_too_wide_to_be_read_is_an_error(rendered):
    rendered(f"$$\n{' + '.join(['x'] * 30)}\n$$")
    with pytest.raises(RuntimeError, match="too wide"):
        rendered(f"$$\n{' + '.join(['x'] * 60)}\n$$")


def test_a_figure_out_of_order_is_an_error(rendered):
    with pytest.raises(RuntimeError, match="should be Figure 1"):
        rendered("![a graph](figures/graph-A.svg)\n\n*Figure 2: A graph.*")


def test_a_formula_is_read_aloud_without_backslashes(rendered):
    pdf = rendered(r"$\bar t_3 = \frac{\partial f}{\partial x}\,\mathbf{A}^\top \odot \sqrt{x'}$")
    words = b"bar t sub 3 equals partial f over partial x A transposed elementwise times square root of x prime"
    assert words in pdf


def filled(*parts):
    """Parts, each with a heading (its name and what stands behind that) and a number of formulas."""
    return "\n\n".join([f"### Part {name}{points}\n\n" + "\n\n".join(["$$\nx\n$$"] * count) for name, points, count in parts])


def places(pdf):
    """{name of a heading: (its page, counted from 1, and its height above the foot of the page)}."""
    order = re.findall(rb"(\d+) 0 R", re.search(rb"/Kids ?\[(.*?)\]", pdf)[1])
    found = re.findall(rb"\(([^()]*)\)(\d+) 0 R", re.search(rb"/Dests<</Names\[(.*?)\]", pdf)[1])
    where = {number: re.search(rb"\n%s 0 obj.*?\[(\d+) 0 R/XYZ \S+ (\S+) " % number, pdf, re.DOTALL) for _, number in found}
    return {name.decode(): (order.index(where[number][1]) + 1, float(where[number][2])) for name, number in found}


def test_a_numbered_answer_is_not_split_where_less_than_a_third_of_the_page_stays_empty(rendered):
    kept = places(rendered(filled(("a", "", 25), ("b", " [2 points]", 18), ("c", "", 1))))
    assert [page for page, _ in kept.values()] == [1, 1, 2, 2]
    split = places(rendered(filled(("a", "", 12), ("b", " [2 points]", 30), ("c", "", 1))))
    assert [page for page, _ in split.values()] == [1, 1, 1, 2]


@pytest.mark.parametrize("lines", range(14, 24))
def test_a_table_stays_whole_and_with_the_heading_and_the_sentence_before_it(rendered, lines):
    table = "| a | b |\n| :-- | --: |\n" + "\n".join(["| x | 1 |"] * 12)
    found = places(rendered(filled(("a", "", lines)) + f"\n\n### Part b\n\nIt says:\n\n{table}\n\n### Part c\n\nEnd."))
    (page, _), (following, height) = found["part-b"], found["part-c"]
    assert following == page or height > 740, "something of part b stands on the page after it"


def test_a_listing_longer_than_a_page_begins_beneath_its_heading_and_the_text_goes_on_where_it_ends(rendered):
    code = "```python\n" + "x = 1\n" * 80 + "```"
    found = places(rendered(f"### Part a\n\n{code}\n\n### Part b\n\nEnd."))
    assert (found["part-a"][0], found["part-b"][0]) == (1, 2) and 300 < found["part-b"][1] < 740


def test_a_rule_in_the_markdown_begins_a_page(rendered):
    assert places(rendered("### Part a\n\nText.\n\n---\n\n### Part b\n\nText."))["part-b"][0] == 2


def in_typst(text, tmp_path):
    (tmp_path / "sample.md").write_text(f"# Sample\n\n{text}", encoding="utf-8")
    return markdown_to_typst(tmp_path / "sample.md")


def test_quotients_are_in_full_size_but_for_those_in_exponents_and_in_other_quotients(tmp_path):
    formula = r"$\frac12 + \begin{pmatrix} \frac{a}{b} \end{pmatrix} + e^{-\frac{x}{2}} + \frac{1}{1 + \frac{c}{d}}$"
    source = in_typst(formula, tmp_path)
    assert "display(1 / 2)" in source and "display(a / b)" in source and "display(frac(1, 1 + c / d))" in source
    assert "inline(x / 2)" in source


def test_apostrophes_and_ellipses_are_typographic_in_prose_alone(tmp_path):
    source = in_typst("It's... `it's...` $f'(x)$", tmp_path)
    assert "It's…" in source and "`it's...`" in source and "f' \\( x \\)" in source


def test_what_was_checked_stands_in_the_margin_of_its_heading_and_nowhere_else(tmp_path):
    source = in_typst("## Part\n\n*Checked by symbols.*\n\nText.\n\n*Checked twice.*", tmp_path)
    assert "#margin-note[Checked by symbols.]" in source and "#emph[Checked twice.]" in source
    assert source.count("Checked") == 2


def test_the_same_markdown_gives_the_same_bytes(rendered):
    assert rendered("$x$ and **y**") == rendered("$x$ and **y**")


def test_the_html_of_a_notebook_needs_no_network_and_shows_every_formula(tmp_path):
    picture = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    (tmp_path / "picture.svg").write_text(picture, encoding="utf-8")
    cell = nbformat.v4.new_code_cell("f(x)", execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output("display_data", {"text/latex": r"$\displaystyle \frac{x}{2}$"}),
        nbformat.v4.new_output("display_data", {"text/markdown": "$$\n\\bar t_3\n$$"}),
        nbformat.v4.new_output("display_data", {"image/svg+xml": picture}),
    ]
    prose = nbformat.v4.new_markdown_cell("# Title\n\n$\\mathbf{x}$ and\n\n$$\n\\boxed{y}\n$$\n\n![a picture](picture.svg)")
    nbformat.write(nbformat.v4.new_notebook(cells=[prose, cell]), tmp_path / "sample.ipynb")
    html = notebook_to_html(tmp_path / "sample.ipynb")
    assert html.count("<math ") == 4 and "\N{MATHEMATICAL BOLD SMALL X}" in html
    assert "$" not in re.sub("<style.*?</style>", "", html, flags=re.DOTALL)
    assert "<script" not in html and "@import" not in html
    assert all(link.startswith(("data:", "#")) for link in re.findall(r"(?:src|href)=\"(.*?)\"", html))
    assert all(url.startswith("data:") for url in re.findall(r"url\(['\"]?(.*?)['\")]", html))


@pytest.fixture
def exported(tmp_path):
    """Exports Markdown, in a cell of prose and in an output, as a notebook that stands in another folder than the project's."""

    def export(prose, output="nothing"):
        cell = nbformat.v4.new_code_cell("f(x)", execution_count=1)
        cell.outputs = [nbformat.v4.new_output("display_data", {"text/markdown": output})]
        cells = [nbformat.v4.new_markdown_cell("# The title\n\n" + prose), cell]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "sample.ipynb")
        return notebook_to_html(tmp_path / "sample.ipynb")

    return export


def test_the_html_has_the_title_of_the_notebook_and_follows_a_dark_preference(exported):
    html = exported("text")
    assert "<title>The title</title>" in html
    dark = re.search(r'<style media="screen and \(prefers-color-scheme: dark\)".*?</style>', html, re.DOTALL)[0]
    assert "--jp-layout-color0: #111;" in dark


def test_links_of_the_html_lead_to_the_files_of_the_project_and_to_its_own_anchors(exported, tmp_path):
    html = exported('[module](autograd_nodes.py) [part](#1(a)) [web](https://example.org)\n\n<a id="1(a)"></a>\n### 1(a)')
    module, part, web = re.findall('<a href="(.*?)"', html)
    assert (tmp_path / module).resolve() == PROJECT / "autograd_nodes.py"
    assert part == "#1(a)" and '<a id="1(a)">' in html and web == "https://example.org"


def test_tables_and_listings_in_outputs_are_aligned_and_coloured(exported):
    html = exported("It's...", "| a | b |\n| :-- | --: |\n| x | $\\frac{1}{2}$ |\n\n```python\nclass A: pass\n```")
    assert re.search('<td style="text-align: right;"><math ', html)
    assert '<span class="kw">class</span>' in html
    assert "It\N{RIGHT SINGLE QUOTATION MARK}s\N{HORIZONTAL ELLIPSIS}" in html


@pytest.mark.parametrize(
    ("formula", "spaces"),
    [
        (r"x \sin y", 2), (r"x \sin(y)", 1), (r"-\sin(y)", 0), (r"(\sin y)", 1), (r"\sin^2 x", 1), (r"\log \sin x", 2),
        (r"a b", 0), (r"x \frac{1}{2} y", 2), (r"\frac{x}{\sin(y)}", 0), (r"x = \frac{1}{2}", 0), (r"-\frac{1}{2}", 0),
        (r"x^{\frac{1}{2}}", 0),
    ],
)  # fmt: skip
def test_names_of_functions_and_quotients_have_thin_spaces_around_them(exported, formula, spaces):
    assert exported(f"${formula}$").count("<mspace") == spaces
