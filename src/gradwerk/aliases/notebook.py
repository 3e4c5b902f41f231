"""`gradwerk run FILE.ipynb`: the code cells of a notebook, one after the other, and the notebook with what they printed and showed.

No kernel and no package of Jupyter's is needed: a notebook is JSON (its format, nbformat 4: https://nbformat.readthedocs.io).  What only a
notebook's kernel understands (`%matplotlib`, `!pip`) is told and skipped.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO

from gradwerk.aliases.imports import Names
from gradwerk.aliases.script import main_module, own_folders
from gradwerk.base.errors import FileError
from gradwerk.io.atomic import write_atomically

SKIPPED_LINES = ("%", "!", "?")
"""How lines begin that a notebook's kernel understands and Python does not."""
AROUND_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")
"""First lines of cells whose other lines are Python."""


def run_notebook(path: Path, out: Path) -> int:
    """Runs the code cells of a notebook and writes it, with what they printed and showed, to `out`; 1 where a cell failed, else 0.

    The cells behind one that failed are not run.  Raises: FileError where the file is missing or no notebook.
    """
    notebook = read(path)
    module = main_module(path.with_suffix(".py"))
    vars(module).pop("__file__")
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules["__main__"] = module
    Names(own_folders(path)).install()
    failed = False
    try:
        for number, cell in enumerate((cell for cell in notebook["cells"] if cell["cell_type"] == "code"), 1):
            cell["execution_count"], cell["outputs"] = number, []
            _tell(f"[{number}] {_first_line(source(cell))}")
            failed = not Cell(number, source(cell), cell["outputs"]).run(vars(module))
            if failed:
                break
    finally:  # a run that was stopped has its cells too
        write_atomically(out, json.dumps(notebook, indent=1, ensure_ascii=False).encode("utf-8") + b"\n")
    _tell(f"written: {out}")
    return int(failed)


def read(path: Path) -> dict[str, Any]:
    """A notebook's contents.  Raises: FileError."""
    try:
        notebook = json.loads(path.read_bytes())
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise FileError(f"{path} is no notebook: it is not JSON") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) and isinstance(cell.get("cell_type"), str) for cell in cells):
        raise FileError(f"{path} is no notebook of format 4: it has no list of cells")
    found: dict[str, Any] = notebook
    return found


def source(cell: dict[str, Any]) -> str:
    """The text of a cell."""
    text = cell.get("source", "")
    return text if isinstance(text, str) else "".join(map(str, text))


def without_magic(text: str) -> tuple[str, list[str]]:
    """A cell's Python, and the lines left out of it: lines for the kernel, or the whole cell where it begins with such as `%%bash`.

    Python decides what it does not understand: a line that begins with % may go on with an expression, or stand in a text.
    """
    first = _first_line(text).strip()
    lines = text.splitlines()
    skipped = []
    if first.startswith("%%"):
        skipped.append(first)
        if first.split()[0] not in AROUND_PYTHON:
            return "", skipped
        lines = lines[lines.index(next(line for line in lines if line.strip())) + 1 :]
    while True:
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
            line = lines[number].strip() if 0 <= number < len(lines) else ""
            if not line.startswith(SKIPPED_LINES) and not line.endswith("?"):
                return "\n".join(lines), skipped
            skipped.append(line)
            timed = line.removeprefix("%time ") if line.startswith("%time ") else "pass"  # a body of one such line stays one
            lines[number] = lines[number][: len(lines[number]) - len(lines[number].lstrip())] + timed
        except ValueError:  # a byte 0
            return "\n".join(lines), skipped
        else:
            return "\n".join(lines), skipped


class Cell:
    """One code cell: its text, and the list that takes its outputs."""

    def __init__(self, number: int, text: str, outputs: list[dict[str, Any]]) -> None:
        self.number, self.outputs = number, outputs
        self.text, self.skipped = without_magic(text)

    def run(self, names: dict[str, Any]) -> bool:
        """Whether it ran to its end; what it printed is shown too."""
        for line in self.skipped:
            _tell(f"    skipped: {line}")
        with self._printed():
            try:
                self._execute(names)
            except SystemExit:
                return False
            except Exception as error:
                self._failed(error)
                return False
            finally:
                self._show_figures()
        return True

    def _execute(self, names: dict[str, Any]) -> None:
        """The statements; the value of a last expression is shown."""
        tree = ast.parse(self.text, f"<cell {self.number}>")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) and not self.text.rstrip().endswith(";") else None
        exec(compile(tree, f"<cell {self.number}>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"<cell {self.number}>", "eval"), names)
            if value is not None:
                self._show(value)

    def _show(self, value: object) -> None:
        """A value as a notebook shows it: its text, and its HTML where it has one."""
        data = {"text/plain": repr(value)}
        rich = getattr(type(value), "_repr_html_", None)
        html = rich(value) if callable(rich) else None
        if isinstance(html, str):
            data["text/html"] = html
        self.outputs.append({"output_type": "execute_result", "execution_count": self.number, "metadata": {}, "data": data})
        if isinstance(sys.stdout, Both):
            sys.stdout.stream.write(f"{data['text/plain']}\n")

    def _failed(self, error: Exception) -> None:
        lines = error.__traceback__
        while lines is not None and not lines.tb_frame.f_code.co_filename.startswith("<cell"):
            lines = lines.tb_next
        text = traceback.format_exception(type(error), error, lines)
        sys.stderr.write("".join(text))
        lines_of_text = [line.rstrip("\n") for line in text]
        told = {"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": lines_of_text}
        self.outputs.append(told)

    @contextmanager
    def _printed(self) -> Iterator[None]:
        """What is printed goes to the terminal and into the outputs."""
        out, errors = Both(sys.stdout, self.outputs, "stdout"), Both(sys.stderr, self.outputs, "stderr")
        with redirect_stdout(out), redirect_stderr(errors):
            yield

    def _show_figures(self) -> None:
        """The open figures of matplotlib, which are closed then."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        for number in pyplot.get_fignums():
            drawn = io.BytesIO()
            figure = pyplot.figure(number)
            figure.savefig(drawn, format="png", bbox_inches="tight")
            data = {"image/png": base64.b64encode(drawn.getvalue()).decode("ascii"), "text/plain": repr(figure)}
            self.outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
            pyplot.close(figure)


class Both(io.TextIOBase):
    """A stream that writes to another one and into a cell's outputs."""

    def __init__(self, stream: TextIO, outputs: list[dict[str, Any]], name: str) -> None:
        self.stream, self.outputs, self.name = stream, outputs, name

    def write(self, text: str) -> int:
        self.stream.write(text)
        if not self.outputs or self.outputs[-1].get("name") != self.name:
            self.outputs.append({"output_type": "stream", "name": self.name, "text": ""})
        self.outputs[-1]["text"] += text
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        """False: progress is printed once, not redrawn."""
        return False


def _tell(text: str) -> None:
    """A line about the run, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _first_line(text: str) -> str:
    """What a cell is called while it runs."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if lines else ""
