"""Notebooks: cells in order, what they print and show, what is skipped, where they stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradwerk.aliases.notebook import without_magic
from tests.aliases.running import command


def notebook(*cells: str) -> str:
    """A notebook of code cells."""
    empty = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    made = [{**empty, "source": cell.splitlines(keepends=True)} for cell in cells]
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# A title"]}
    return json.dumps({"cells": [text, *made], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def executed(folder: Path) -> list[dict[str, Any]]:
    """The code cells of what was written."""
    cells = json.loads((folder / "book.executed.ipynb").read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_cells_run_and_their_outputs_are_written(tmp_path: Path) -> None:
    (tmp_path / "book.ipynb").write_text(notebook(
        "%matplotlib inline\n!pip install keras\nimport keras\nimport torch\n",
        "x = torch.ones(2)\nprint('ö', x.sum().item())\nx + 1",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nNone",
        "%%bash\necho no",
        "%time y = 3",
        "y",
    ))  # fmt: skip
    done = command(tmp_path, "run", "book.ipynb")
    assert done.returncode == 0, done.stderr
    assert "skipped: !pip install keras" in done.stdout and "skipped: %%bash" in done.stdout and "2.0" in done.stdout
    cells = executed(tmp_path)
    assert [cell["execution_count"] for cell in cells] == [1, 2, 3, 4, 5, 6]
    assert cells[1]["outputs"][0] == {"output_type": "stream", "name": "stdout", "text": "ö 2.0\n"}
    assert cells[1]["outputs"][1]["data"]["text/plain"] == "tensor([2., 2.])"
    assert "image/png" in cells[2]["outputs"][-1]["data"] and cells[5]["outputs"][0]["data"]["text/plain"] == "3"


def test_a_cell_that_fails_ends_it_and_all_before_is_kept(tmp_path: Path) -> None:
    (tmp_path / "book.ipynb").write_text(notebook("print(1)", "import torch\ntorch.nn.GRUX", "print(3)"))
    done = command(tmp_path, "run", "book.ipynb")
    cells = executed(tmp_path)
    assert done.returncode == 1 and cells[0]["outputs"] and cells[2]["execution_count"] is None and not cells[2]["outputs"]
    failed = cells[1]["outputs"][-1]
    assert failed["output_type"] == "error" and failed["ename"] == "AbsentNameError" and "aliases" not in "".join(failed["traceback"])


@pytest.mark.parametrize(("text", "kept", "skipped"), [
    ("x = (7\n     % 4)", "x = (7\n     % 4)", []),
    ("for i in a:\n    %time f(i)", "for i in a:\n    f(i)", ["%time f(i)"]),
    ("if a:\n    !ls", "if a:\n    pass", ["!ls"]),
    ('t = """\n%magic\n"""', 't = """\n%magic\n"""', []),
    ("%%time\nx = 1", "x = 1", ["%%time"]),
    ("%%writefile a.txt\nhello there", "", ["%%writefile a.txt"]),
    ("torch.nn.Linear?", "pass", ["torch.nn.Linear?"]),
    ("x = = 1", "x = = 1", []),
])  # fmt: skip
def test_lines_for_the_kernel_are_left_out(text: str, kept: str, skipped: list[str]) -> None:
    assert without_magic(text) == (kept, skipped)
