"""Executing the notebooks of the documentation; `make notebooks` writes what they show into them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

from mbox_ops.testing import live_server

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "tutorial").glob("*.ipynb"))
SECONDS = 300  # a cell
VERSION = 4
# requests ignores it while our thread imports it; at that moment scikit-learn sets the filters back in another thread.
QUIET = "ignore:SOCKS support in urllib3"


def executed(path: Path, url: str, folder: Path) -> Any:
    """A notebook after a fresh kernel has run all its cells, with that service and in that folder.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    notebook = nbformat.read(path, VERSION)
    client = NotebookClient(notebook, timeout=SECONDS, record_timing=False, resources={"metadata": {"path": folder}})
    own = {"MBOX_HOME": str(folder), "IPYTHONDIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder)}
    with environment(MBOX_URL=url, PYTHONWARNINGS=QUIET, **own):
        client.execute()
    return notebook


@contextmanager
def environment(**more: str) -> Iterator[None]:
    """The environment that kernels get: ours, without what tells of other services and proxies, and with more."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("MBOX_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def pieces(notebook: Any) -> Iterator[str]:
    """All HTML that the cells of a notebook show."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                yield output["data"]["text/html"]


def main() -> None:
    """Execute the notebooks and write them."""
    for path in NOTEBOOKS:
        with TemporaryDirectory() as folder, live_server(port=8085) as server:
            notebook = executed(path, server.url, Path(folder))
        notebook.metadata = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
        nbformat.write(notebook, path)


if __name__ == "__main__":
    sys.exit(main())
