"""Each module can be the first that is imported, none brings in what it does not need, and the arrows run one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_engine

PROJECT = Path(__file__).resolve().parents[1]
FILES = [PROJECT / "autograd_nodes.py", *sorted((PROJECT / "autograd_engine").rglob("*.py"))]
MODULES = {path: ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__") for path in FILES}


def python(code):
    """What the code prints, in a process of its own, in the project's folder."""
    return subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("module", MODULES.values())
def test_each_module_can_be_imported_first(module):
    assert python(f"import {module}; print({module}.__doc__ is not None)") == "True\n"


def test_the_nodes_bring_in_neither_programs_nor_pictures_nor_numba():
    loaded = python("import sys, autograd_nodes; print(*sys.modules)").split()
    engine = {name for name in loaded if name.startswith("autograd_engine.")}
    expected = ("advice", "composed", "expressions", "graph", "labels", "order", "pickling", "rules", "values")
    assert engine == {f"autograd_engine.{name}" for name in expected}
    assert not {"numba", "jax", "sympy", "dask", "matplotlib", "IPython"} & set(loaded)


@pytest.mark.parametrize("name", autograd_engine.__all__)
def test_the_package_exports_every_public_name(name):
    assert python(f"from autograd_engine import {name}; print({name}.__name__)") == f"{name}\n"


def test_a_name_that_the_package_does_not_export_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'gradeint'"):
        autograd_engine.gradeint  # noqa: B018
    assert "gradient" in dir(autograd_engine)


@pytest.mark.parametrize("path", FILES, ids=MODULES.values())
def test_no_private_name_crosses_a_file(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            private = [alias.name for alias in node.names if alias.name.startswith("_") and not alias.name.startswith("__")]
            assert not private
