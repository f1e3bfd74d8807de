"""The committed notebook: executed, complete, quiet, and in the order of the sheet. That its outputs are reproduced is nbval's
business; that its formulas are true, that of tools/equations."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from ipykernel.ipkernel import IPythonKernel

from autograd_nodes import Graph, Variable

TEXT = (Path(__file__).parents[1] / "DL-Sheet01.ipynb").read_text(encoding="utf-8")
CELLS = json.loads(TEXT)["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
SOURCE = "\n".join(["".join(cell["source"]) for cell in CODE])
PROSE = "\n".join(["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "markdown"])
PRINTED = "".join(["".join(output["text"]) for cell in CODE for output in cell["outputs"] if output["output_type"] == "stream"])
PARTS = {f"1({letter})": points for letter, points in zip("abcdefgh", (2, 2, 2, 2, 2, 6, 4, 4))}
PARTS |= {"2(a)": 8, "2(b)": 16, "2(c)": 12, "3(a)": 30, "3(b)": 10}


def shown(marker):
    """The text of each output that contains this."""
    texts = ["".join(output["data"]["text/plain"]) for cell in CODE for output in cell["outputs"] if "data" in output]
    return [text for text in texts if marker in text]


def test_it_is_committed_as_executed_in_order_from_1():
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))


def test_it_holds_no_error_and_no_warning():
    for cell in CODE:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"


def test_every_part_of_the_sheet_has_its_heading_and_points_in_the_order_of_the_sheet():
    headings = re.findall(r"^### (\d\(\w\)).*\[(\d+) points\]$", PROSE, re.MULTILINE)
    assert [(part, int(points)) for part, points in headings] == list(PARTS.items())


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


def test_the_one_example_stands_before_task_2_and_the_experiments_after_task_3():
    headings = re.findall("^## (.*)$", PROSE, re.MULTILINE)
    assert [re.sub(r"\W.*", "", heading) for heading in headings] == ["1", "Backpropagation", "2", "3", "Beyond"]


@pytest.mark.parametrize("word", ["node", "adjoint", "vector–Jacobian", "children", "leaf", "sweep"])
def test_task_1_uses_no_word_of_task_2(word):
    task = PROSE[PROSE.index("## 1 ") : PROSE.index("## Backpropagation in one example")]
    assert not re.search(rf"\b{word}", task, re.IGNORECASE)


def test_every_answer_of_task_1_is_in_the_table_of_checks_and_passes_but_the_wrong_one():
    (table,) = shown("answer agrees with SymPy")
    rows = {part: found for part, *found in [re.split("  +", row) for row in table.splitlines()[2:]]}
    assert rows.pop("1(c), sign wrong") == ["no", "< 1e-12"]
    assert {part[:4] for part in rows} == {part for part in PARTS if part.startswith("1")}
    assert set(map(tuple, rows.values())) == {("by symbols", "< 1e-12")}


def test_the_count_that_the_first_lines_promise_is_in_the_table():
    (table,) = shown("central differences")
    inputs, _, both, differences = [re.split("  +", row)[-1] for row in table.splitlines()[2:]]
    assert f"for {inputs} inputs, {both} operations instead of {differences}." in PROSE


def test_the_sum_over_paths_counts_every_use_of_a_node():
    (cell,) = [cell for cell in CODE if "def paths_from" in "".join(cell["source"])]
    names, (definition,) = {}, re.findall(r"^def paths_from.*?(?=^\S(?<!d))", "".join(cell["source"]), re.MULTILINE | re.DOTALL)
    exec(definition, names)
    x = Variable(2.0, "x")
    paths, products = zip(*names["paths_from"](x, Graph(x - x + 3 * x + x * x)))
    assert len(paths) == 5
    assert sum(products) == 7.0


def test_every_check_of_task_3_passes_but_those_of_the_wrong_rule():
    (table,) = shown("matches the sheet")
    right, wrong = table.splitlines()[2:-1], table.splitlines()[-1]
    expected = [["yes", nodes, "< 1e-12", "< 1e-12", "< 1e-8"] for nodes in ("12", "12", "22")]
    assert [re.split("  +", row)[1:] for row in right] == expected
    assert re.fullmatch(r"A with WrongDivide +yes +\d+ +< 1e-12 +2\.9 +2\.9", wrong)


def test_everything_that_is_printed_as_true_or_false_is_true_and_the_exercise_is_still_to_be_done():
    assert "False" not in PRINTED
    assert PRINTED.count(": True") == 4
    assert PRINTED.endswith("Not yet: SymPy disagrees.\n")


def test_every_picture_and_table_is_there():
    assert len(shown("computation graph of")) == 3 and len(shown("step by step")) == 1
    assert len(shown("<Figure")) == 3
    assert len(shown("───")) == 9


def test_lines_of_code_and_of_output_fit_on_the_page():
    assert max(map(len, SOURCE.splitlines())) <= 100
    assert max(map(len, PRINTED.splitlines())) <= 100


def test_internal_links_lead_somewhere():
    targets = set(re.findall(r'<a id="(.*?)"></a>', PROSE))
    links = set(re.findall(r"\]\(#(.*?)\)(?=[ *\],;·.:]|$)", PROSE, re.MULTILINE))
    assert links
    assert links <= targets


def test_make_ends_by_saying_what_a_and_b_came_to():
    notebook = Path(__file__).parents[1] / "DL-Sheet01.ipynb"
    command = [sys.executable, "-m", "tools.summary", str(notebook), "build/page.html"]
    said = subprocess.run(command, cwd=notebook.parent, check=True, capture_output=True, text=True).stdout.splitlines()
    assert said[0] == "A = 5.747658   ∂A/∂a = 0.471775   ∂A/∂b = 0.113750   ∂A/∂c = -0.016775"
    assert said[1].startswith("B = 8.750000   ∂B/∂w_0 = 7.000000   ∂B/∂w_1 = -4.000000   ∂B/∂x_1 = 6.000000")
    assert said[2].startswith("html ") and said[2].endswith("page.html")
