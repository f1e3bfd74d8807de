"""Renders the write-up to PDF and a notebook to HTML, with Python packages only, offline, to the same bytes on every machine.

    python -m tools.render [--output PATH]                     docs/DL-Sheet01.md -> docs/DL-Sheet01.pdf
    python -m tools.render notebook INPUT.ipynb OUTPUT.html    an executed notebook -> one file that needs no other
"""

import argparse
import itertools
import os
import re
from base64 import b64encode
from importlib.metadata import distribution
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import nbformat
import pypandoc
import typst
from jinja2 import FileSystemLoader
from nbconvert import HTMLExporter

TOOLS = Path(__file__).resolve().parent
PROJECT = TOOLS.parent
WRITE_UP = PROJECT / "docs" / "DL-Sheet01.md"

MATHML = "{http://www.w3.org/1998/Math/MathML}"
ElementTree.register_namespace("", MATHML[1:-1])
# texmath writes \mathbf in bold italics; these are the same letters upright.
UPRIGHT = {code: code - 0x68 for code in range(0x1D468, 0x1D49C)}


def write_up_to_pdf(markdown=WRITE_UP):
    """The PDF (bytes) of a Markdown file in GitHub's dialect, fit for screen readers (PDF/UA-1) and archives (PDF/A-2a).

    What the PDF could not show raises a RuntimeError: a link to no heading, a picture that is missing or has no alternative
    text, a formula that cannot be read or is too wide for the page. Its look is in write-up.typ, its conventions in filter.lua.
    """
    return typst.compile(
        markdown_to_typst(markdown).encode(),
        root=Path(markdown).parent,
        font_paths=[Path(matplotlib.get_data_path(), "fonts", "ttf")],  # of the pictures
        ignore_system_fonts=True,
        pdf_standards=["ua-1", "a-2a"],
    )


def markdown_to_typst(markdown):
    options = ["--wrap=none", "--fail-if-warnings", f"--lua-filter={TOOLS / 'filter.lua'}"]
    body = pypandoc.convert_file(str(markdown), "typst", format="gfm+smart", extra_args=options)
    return (TOOLS / "write-up.typ").read_text(encoding="utf-8") + body


def notebook_to_html(notebook):
    """An executed notebook as one HTML page (str) that loads nothing: formulas are MathML, pictures are inside.

    It stands beside the notebook, from where its links to the project's files lead. Its look is in notebook.html.j2.
    """
    folder = Path(notebook).resolve().parent
    # make executes a copy of the notebook elsewhere: its pictures stay beside the original.
    pictures = f"--resource-path={folder}{os.pathsep}{PROJECT}"
    options = ["--mathml", "--wrap=none", "--fail-if-warnings", "--embed-resources", pictures]

    def link_from_page(match):
        return f'<a href="{os.path.relpath(PROJECT / match[1], folder)}"'

    def markdown_to_html(source):
        html = pypandoc.convert_text(source, "html", format="gfm+smart", extra_args=options).translate(UPRIGHT)
        html = re.sub(r'<a href="(?!#|\w+:)(.*?)"', link_from_page, html)
        return re.sub("<math .*?</math>", lambda match: spaced(match[0]), html, flags=re.DOTALL)

    exporter = HTMLExporter(
        extra_loaders=[FileSystemLoader(TOOLS)],
        template_file="notebook.html.j2",
        filters={"markdown2html": markdown_to_html},
    )
    exporter.register_preprocessor("nbconvert.preprocessors.CoalesceStreamsPreprocessor", enabled=True)
    font = Path(distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf")).read_bytes()
    cells = nbformat.read(notebook, as_version=4)
    cells.metadata.title = re.search("^# (.*)", "\n".join([cell.source for cell in cells.cells]), re.MULTILINE)[1]
    return exporter.from_notebook_node(cells, {"math_font": b64encode(font).decode()})[0]


def spaced(math):
    """MathML (text) with TeX's thin spaces around quotients and names of functions, which texmath leaves out."""
    root = ElementTree.fromstring(math)
    for row in list(root.iter()):
        if row.tag[len(MATHML) :] not in ("mrow", "mtd", "msqrt", "menclose", "mstyle"):
            continue
        kinds = [kind(element) for element in row]
        for i, (before, after) in reversed(list(enumerate(itertools.pairwise(kinds), 1))):
            closely = before in ("", "open") or after in ("", "open", "close", "parentheses")
            if {before, after} & {"function", "quotient"} and not closely:
                row.insert(i, ElementTree.Element(f"{MATHML}mspace", width="0.167em"))
    return ElementTree.tostring(root, encoding="unicode")


def kind(element):
    """What a part of a formula is for the space beside it; "" is what has its own."""
    tag, first = element.tag[len(MATHML) :], element[0] if len(element) else element
    if tag in ("mo", "mspace", "annotation") or element.text == "\N{MINUS SIGN}":
        return {"prefix": "open", "postfix": "close"}.get(element.get("form"), "")
    if tag == "mfrac":
        return "quotient"
    if tag == "mrow" and first.get("form") == "prefix":
        return "parentheses"
    if tag in ("msub", "msup", "msubsup", "munder"):
        return kind(first) if kind(first) == "function" else "letter"
    name = re.fullmatch("[a-z]{2,}\u2061?", "".join(element.itertext()))
    return "function" if name and next(element.iter(f"{MATHML}mi")).get("mathvariant") == "normal" else "letter"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=WRITE_UP.with_suffix(".pdf"), help="where the PDF goes")
    notebook = parser.add_subparsers(dest="command").add_parser("notebook", help="export a notebook")
    notebook.add_argument("source", type=Path)
    notebook.add_argument("target", type=Path)
    args = parser.parse_args()
    if args.command == "notebook":
        args.target.write_text(notebook_to_html(args.source), encoding="utf-8")
    else:
        args.output.write_bytes(write_up_to_pdf())


if __name__ == "__main__":
    main()
