"""The committed notebook: executed, complete, and quiet. That its outputs are reproduced is nbval's business."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from ipykernel.ipkernel import IPythonKernel

TEXT = (Path(__file__).parents[1] / "DL-Sheet01.ipynb").read_text(encoding="utf-8")
CELLS = json.loads(TEXT)["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
PROSE = "\n".join(["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "markdown"])
PRINTED = "".join(["".join(output["text"]) for cell in CODE for output in cell["outputs"] if output["output_type"] == "stream"])


def test_it_is_committed_as_executed_in_order_from_1():
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))


def test_it_holds_no_error_and_no_warning():
    for cell in CODE:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"


def test_saving_it_in_jupyterlab_changes_nothing():
    notebook = nbformat.reads(TEXT, as_version=4)
    assert nbformat.writes(notebook) + "\n" == TEXT
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": IPythonKernel.language_info | {"version": notebook.metadata.language_info.version},
    }
    assert not any([cell["metadata"].keys() - {"tags"} for cell in CELLS])


def test_renewing_changes_outputs_only(tmp_path):
    tools = pytest.importorskip("tools.notebook")
    cells = [nbformat.v4.new_code_cell("print(1, flush=True)\nprint(2)")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python", "version": "3.11.0"}})
    nbformat.write(notebook, path := tmp_path / "sample.ipynb")
    tools.renew(path)
    once = path.read_bytes()
    tools.renew(path)
    assert path.read_bytes() == once
    renewed = nbformat.read(path, as_version=4)
    assert [output.text for output in renewed.cells[0].outputs] == ["1\n2\n"]
    assert renewed.metadata == notebook.metadata


def test_a_notebook_saved_by_another_python_keeps_the_version_that_its_file_names(tmp_path):
    tools = pytest.importorskip("tools.notebook")
    here = {"language_info": {"name": "python", "version": "3.11.0"}}
    nbformat.write(nbformat.v4.new_notebook(metadata=here), tmp_path / "sample.ipynb")
    model = {"type": "notebook", "content": {"metadata": {"language_info": {"name": "python", "version": "3.11.9"}}}}
    tools.keep_language(model, "/sample.ipynb", SimpleNamespace(root_dir=str(tmp_path)))
    assert model["content"]["metadata"] == here


@pytest.mark.parametrize("part", [f"1({letter})" for letter in "abcdefgh"] + ["2(a)", "2(b)", "2(c)", "3(a)", "3(b)"])
def test_every_part_of_the_sheet_has_its_heading_and_points(part):
    assert re.search(rf"^###+ {re.escape(part)}.*\[\d+ points.*\]$", PROSE, re.MULTILINE)


def test_the_points_are_those_of_the_sheet():
    points = [int(n) for n in re.findall(r"^### 1\(.\) \[(\d+) points\]$", PROSE, re.MULTILINE)]
    assert points == [2, 2, 2, 2, 2, 6, 4, 4]
    assert [int(n) for n in re.findall(r"^## \d.*\[(\d+) points\]$", PROSE, re.MULTILINE)] == [24, 36, 40]


def test_only_the_wrong_divide_fails_its_checks():
    assert PRINTED.count(": True") > 30
    assert re.findall(r"(.*): False", PRINTED) == [
        "13 adjoints as SymPy has them, error < 1e-12",
        "13 adjoints by central differences, error < 1e-8",
    ]


def test_every_picture_and_table_is_there():
    kinds = [kind for cell in CODE for output in cell["outputs"] for kind in output.get("data", {})]
    assert kinds.count("image/svg+xml") == 4
    assert kinds.count("image/png") == 3
    assert kinds.count("text/html") == 6


def test_internal_links_lead_somewhere():
    targets = set(re.findall(r'<a id="(.*?)"></a>', PROSE))
    links = set(re.findall(r"\]\(#(.*?)\)(?=[ *\]·]|$)", PROSE, re.MULTILINE))
    assert links
    assert links <= targets
