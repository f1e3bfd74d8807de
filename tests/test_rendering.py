"""The write-up's PDF and the notebook's HTML: faithful, accessible, and complete without a network."""

import re

import nbformat
import pytest

pytest.importorskip("pypandoc", reason="needs tools/requirements.txt")
pytest.importorskip("typst", reason="needs tools/requirements.txt")
from tools.render import WRITE_UP, notebook_to_html, write_up_to_pdf

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
