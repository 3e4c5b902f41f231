"""Documents are true: their programs run as they stand, their commands and links exist, their tables are those of the code."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gradwerk.ir.op import REGISTRY
from tests.api import newcomers, tables

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCED = re.compile(r"^( *)```python\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def tool(name: str) -> str | None:
    """A command of developers: beside this interpreter, where an environment has it, or on the path."""
    return shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def programs(document: Path) -> list[str]:
    """The programs of a document, in order."""
    return [textwrap.dedent(found[2]) for found in FENCED.finditer(document.read_text(encoding="utf-8"))]


NEW_FILES = {change.text for section in newcomers.changes().values() for change in section}
WITH_PROGRAMS = [path for path in DOCUMENTS if programs(path)]


@pytest.mark.parametrize("document", WITH_PROGRAMS, ids=lambda path: path.name)
def test_programs_run_as_they_stand(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each alone, as if pasted into an empty file; those of one document in one folder, so that one may read what another wrote."""
    monkeypatch.chdir(tmp_path)
    for number, program in enumerate(programs(document), 1):
        if program in NEW_FILES:  # tests/api/test_newcomers.py runs it where it belongs
            continue
        place = tmp_path / f"program_{number}.py"
        place.write_text(program, encoding="utf-8")
        try:
            exec(compile(program, place, "exec"), {"__name__": "__main__"})
        finally:
            for name in [name for name, op in REGISTRY.items() if op.__module__ == "__main__"]:  # an op registers itself
                del REGISTRY[name]


def test_a_flower_is_recognised_in_a_new_process(tmp_path: Path) -> None:
    """The documents' road from a table to a prediction, each step in a process of its own."""
    said = []
    for number, program in enumerate(programs(ROOT / "docs" / "own-data.md")):
        (tmp_path / f"{number}.py").write_text(program, encoding="utf-8")
        environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": "", "GRADWERK_CACHE": str(tmp_path / "kernels")}
        done = subprocess.run(
            [sys.executable, "-W", "error", f"{number}.py"], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.splitlines()[-1] if done.stdout else "")
    answers = [line for line in said if line.endswith("%")]
    assert len(answers) == 2 and all(re.fullmatch(r"virginica \d\d%", line) for line in answers), said


@pytest.mark.skipif(tool("ruff") is None, reason="ruff is not installed: make lint installs it")
def test_examples_for_contributors_pass_the_lint(tmp_path: Path) -> None:
    for number, program in enumerate(programs(ROOT / "CONTRIBUTING.md")):
        if program in NEW_FILES:  # whose imports belong to the package: tests/api/test_newcomers.py
            continue
        path = tmp_path / f"example_{number}.py"
        path.write_text(program, encoding="utf-8")
        words = [tool("ruff"), "check", "--no-cache", "--config", ROOT / "pyproject.toml", path]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.long
@pytest.mark.skipif(tool("mypy") is None, reason="mypy is not installed: make lint installs it")
def test_examples_for_contributors_pass_the_types(tmp_path: Path) -> None:
    for number, program in enumerate(programs(ROOT / "CONTRIBUTING.md")):
        if program not in NEW_FILES:  # which stand on one another: tests/api/test_newcomers.py
            (tmp_path / f"example_{number}.py").write_text(program, encoding="utf-8")
    words = [tool("mypy"), "--strict", "--follow-imports=silent", *tmp_path.glob("*.py")]
    environment = os.environ | {"MYPYPATH": str(ROOT / "src")}
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout


def test_the_table_of_names_is_that_of_the_code() -> None:
    text = tables.README.read_text(encoding="utf-8")
    assert tables.written(text) == text, "python -m tests.api.tables writes it anew"


def test_commands_exist() -> None:
    from gradwerk.cli.main import make_parser

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in DOCUMENTS:
        prose = FENCED.sub("", document.read_text(encoding="utf-8"))
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in re.findall(r"`make ([a-z-]+)`", prose)), document
        for line in re.findall(r"`gradwerk ([a-z][^`]*)`", prose):
            words = shlex.split(line.replace("RUN", "run").replace("FOLDER", "folder"))
            if words[0] in {"train", "evaluate", "predict", "summary", "inspect", "ops", "settings", "samples"} and len(words) > 1:
                make_parser().parse(words)
            else:
                assert words[0] in make_parser().format_help(), (document, line)


def test_links_lead_somewhere() -> None:
    for document in DOCUMENTS:
        text = FENCED.sub("", document.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"
