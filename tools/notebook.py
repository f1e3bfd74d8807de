"""Renews the outputs of the notebook, and nothing else of it: python -m tools.notebook        (in the project folder)

Its metadata stay as they are committed, for whoever runs or saves a notebook writes the version of their Python into it.
"""

import contextlib
import copy
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from traitlets.config import Config

NOTEBOOK = Path(__file__).resolve().parents[1] / "DL-Sheet01.ipynb"


def renew(path=NOTEBOOK):
    """Runs a notebook from a clean kernel, in its folder, and saves it in the form in which JupyterLab does."""
    notebook = nbformat.read(path, as_version=4)
    metadata = copy.deepcopy(notebook.metadata)
    with contextlib.chdir(Path(path).parent):
        NotebookClient(notebook, record_timing=False, config=Config(KernelManager={"transport": "ipc"})).execute()
    notebook, _ = CoalesceStreamsPreprocessor().preprocess(notebook, {})
    notebook.metadata = metadata
    nbformat.write(notebook, path)


def keep_language(model, path, contents_manager):
    """A hook of the Jupyter server: a notebook that is saved keeps what its file says of Python."""
    file = Path(contents_manager.root_dir, path.strip("/"))
    if model["type"] == "notebook" and file.exists():
        model["content"]["metadata"]["language_info"] = nbformat.read(file, as_version=4).metadata.language_info


if __name__ == "__main__":
    renew()
