"""Renders the write-up to PDF and a notebook to HTML, with Python packages only, offline, to the same bytes on every machine.

    python -m tools.render [--output PATH]                     docs/DL-Sheet01.md -> docs/DL-Sheet01.pdf
    python -m tools.render notebook INPUT.ipynb OUTPUT.html    an executed notebook -> one file that needs no other
"""

import argparse
import os
from base64 import b64encode
from importlib.metadata import distribution
from pathlib import Path

import matplotlib
import pypandoc
import typst
from jinja2 import DictLoader
from nbconvert import HTMLExporter

TOOLS = Path(__file__).resolve().parent
PROJECT = TOOLS.parent
WRITE_UP = PROJECT / "docs" / "DL-Sheet01.md"

# JupyterLab's page without its scripts (require.js, MathJax, Mermaid): formulas are MathML, in a font that comes with the page,
# since without a mathematical font a browser cannot stretch a bracket.
OFFLINE = """
{%- extends "lab/index.html.j2" -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
@font-face { font-family: "Formulas"; src: url("data:font/ttf;base64,{{ resources.math_font }}"); }
math { font-family: "Formulas", math; font-size: 1.1em; }
math[display="block"] mtd { math-style: normal; }
menclose { border: 1px solid; padding: 0.4em; }
</style>
{%- endblock -%}
{%- block data_latex -%}
<div class="jp-RenderedHTMLCommon jp-RenderedLatex jp-OutputArea-output" data-mime-type="text/latex">
{{ output.data["text/latex"] | markdown2html }}
</div>
{%- endblock -%}
"""
# texmath writes \mathbf in bold italics; these are the same letters upright.
UPRIGHT = {code: code - 0x68 for code in range(0x1D468, 0x1D49C)}


def write_up_to_pdf(markdown=WRITE_UP):
    """The PDF (bytes) of a Markdown file in GitHub's dialect, fit for screen readers (PDF/UA-1) and archives (PDF/A-2a).

    What the PDF could not show raises a RuntimeError: a link to no heading, a picture that is missing or has no alternative
    text, a formula that cannot be read or is too wide for the page. Its look is in write-up.typ, its conventions in filter.lua.
    """
    options = ["--wrap=none", "--fail-if-warnings", f"--lua-filter={TOOLS / 'filter.lua'}"]
    body = pypandoc.convert_file(str(markdown), "typst", format="gfm+smart", extra_args=options)
    return typst.compile(
        ((TOOLS / "write-up.typ").read_text(encoding="utf-8") + body).encode(),
        root=Path(markdown).parent,
        font_paths=[Path(matplotlib.get_data_path(), "fonts", "ttf")],  # of the pictures
        ignore_system_fonts=True,
        pdf_standards=["ua-1", "a-2a"],
    )


def notebook_to_html(notebook):
    """An executed notebook as one HTML page (str) that loads nothing: formulas are MathML, pictures are inside, no scripts."""
    # make executes a copy of the notebook elsewhere: its pictures stay beside the original.
    pictures = f"--resource-path={Path(notebook).parent}{os.pathsep}{PROJECT}"
    options = ["--mathml", "--wrap=none", "--fail-if-warnings", "--embed-resources", pictures]

    def markdown_to_html(source):
        return pypandoc.convert_text(source, "html", format="gfm+smart", extra_args=options).translate(UPRIGHT)

    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"offline.html.j2": OFFLINE})],
        template_file="offline.html.j2",
        filters={"markdown2html": markdown_to_html},
    )
    exporter.register_preprocessor("nbconvert.preprocessors.CoalesceStreamsPreprocessor", enabled=True)
    font = Path(distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf")).read_bytes()
    return exporter.from_filename(str(notebook), {"math_font": b64encode(font).decode()})[0]


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
