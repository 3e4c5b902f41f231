"""GRADWERK_DEBUG, GRADWERK_DUMP, GRADWERK_INTERPRET in a process of their own: what they print and write, and that losses stay."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import FileError
from gradwerk.inspect import folders
from gradwerk.ir.text import parse

SCRIPT = """
import numpy as np, gradwerk as gw
rng = np.random.default_rng(0)
w = gw.Parameter(rng.normal(size=(20, 4)).astype(np.float32))
x, y = gw.Tensor(rng.normal(size=(64, 20)).astype(np.float32)), gw.Tensor(rng.normal(size=(64, 4)).astype(np.float32))
@gw.compile
def step(x, y):
    error = gw.tanh(gw.matmul(x, w)) - y
    loss = gw.mean(error * error)
    loss.backward()
    with gw.no_grad():
        w.assign(w - 0.1 * w.grad)
        w.grad = None
    return loss.detach()
print(*[repr(step(x, y).item()) for _ in range(5)])
"""


def run(folder: Path, **variables: str) -> tuple[list[float], str]:
    """The losses and what went to the error stream."""
    source = str(Path(gw.__file__).parent.parent)
    environment = {"PYTHONPATH": source, "PATH": os.environ["PATH"], "GRADWERK_CACHE": str(folder / "cache"), **variables}
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment)
    return [float(word) for word in done.stdout.split()], done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("environment")


@pytest.fixture(scope="module")
def losses(folder) -> list[float]:
    found, said = run(folder)
    assert said == "" and len(found) == 5 and found[4] < found[0]
    return found


def test_debug_prints_a_line_per_launch_and_changes_nothing(folder, losses) -> None:
    found, said = run(folder, GRADWERK_DEBUG="1")
    assert found == losses
    head = re.search(r"step: (\d+) launches, [\d.]+ ms on one thread.* GFLOP/s", said)
    rows = re.findall(r"^ +\d+  (\w+)  .*?(\d+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)(?:  ([^\d\s].*))?$", said, re.MULTILINE)
    assert head is not None and len(rows) == int(head[1])
    assert any(row[0].startswith("contract") and float(row[3]) > 0 for row in rows)
    assert sum(float(row[6]) for row in rows) == pytest.approx(100, abs=2)


def test_debug_2_prints_every_run(folder, losses) -> None:
    found, said = run(folder, GRADWERK_DEBUG="2")
    assert found == losses and said.count("step: ") >= 5


def test_interpret_gives_the_same_losses(folder, losses) -> None:
    found, said = run(folder, GRADWERK_INTERPRET="1")
    np.testing.assert_allclose(found, losses, rtol=1e-5)
    assert said == ""


def test_check_nan_gives_the_same_losses(folder, losses) -> None:
    np.testing.assert_allclose(run(folder, GRADWERK_CHECK_NAN="1")[0], losses, rtol=1e-5)


def test_dump_writes_every_stage_under_the_same_name_each_time(folder, losses) -> None:
    seen = []
    for name in ("one", "two"):
        assert run(folder, GRADWERK_DUMP=str(folder / name))[0] == losses
        seen.append({str(path.relative_to(folder / name)): path for path in (folder / name).rglob("*") if path.is_file()})
    one, two = seen
    assert set(one) == set(two)
    steps = [name for name in one if re.fullmatch(r"step_[0-9a-f]{8}/.*", name)]
    graphs = sorted(name for name in steps if name.endswith(".gw"))
    assert len(graphs) >= 2 and "trace" in graphs[0]
    assert all(parse(one[name].read_text()) for name in graphs)
    kernels = {name for name in steps if name.endswith(".ll")}
    assert kernels and {name[:-3] + ".s" for name in kernels} <= set(steps)
    assert all("define" in one[name].read_text() for name in kernels)
    (times,) = (name for name in steps if name.endswith("times.json"))
    assert all(seconds >= 0 for seconds in json.loads(one[times].read_text()).values())
    for name in kernels:
        assert one[name].read_text() == two[name].read_text()


def test_a_setting_made_in_a_program_begins_to_watch(tmp_path, capsys) -> None:
    @gw.compile
    def watched(x):
        return gw.exp(x) * 0.8125 + 3.71875  # said nowhere else: programs that say the same are made once

    x = gw.Tensor(np.ones((5, 7), np.float32))
    with gw.settings.scope(debug=1, dump=str(tmp_path)):
        for _ in range(3):
            watched(x)
    assert "%peak" in capsys.readouterr().err
    assert list(tmp_path.glob("watched_*/kernels/*.ll"))


def test_the_reason_of_a_new_trace_is_said(step, capsys) -> None:
    compiled = gw.compile(lambda x: x * 2)
    with gw.settings.scope(debug=1):
        compiled(step.x)
        compiled(step.y)
    assert "traced again" in capsys.readouterr().err


def test_a_dump_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with gw.settings.scope(dump=str(tmp_path / "file")), pytest.raises(FileError, match="GRADWERK_DUMP"):
        gw.compile(lambda x: gw.exp(gw.exp(x)))(gw.Tensor(np.ones(3, np.float32)))


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_dump_follows_no_link_that_lies_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dump, asked = folders.dump, []
    monkeypatch.setattr(folders, "dump", lambda folder, *program: asked.append(program))
    with gw.settings.scope(dump=str(tmp_path)):
        gw.compile(lambda x: gw.exp(x) * 20.5)(gw.Tensor(np.ones(3, np.float32)))
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "elsewhere").mkdir()
    place = dump(tmp_path / "dump", *asked[0])
    wrote = {path.relative_to(place): path.read_text() for path in place.rglob("*") if path.is_file()}
    for name in wrote:
        (place / name).unlink()
        (place / name).symlink_to(tmp_path / "victim")
    dump(tmp_path / "dump", *asked[0])
    assert {path.relative_to(place): path.read_text() for path in place.rglob("*") if not path.is_symlink() and path.is_file()} == wrote
    for inside in (place / "kernels", place):
        inside.rename(tmp_path / f"moved {inside.name}")
        inside.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(FileError, match="a link stands"):
            dump(tmp_path / "dump", *asked[0])
        inside.unlink()
    assert (tmp_path / "victim").read_text() == "precious" and not list((tmp_path / "elsewhere").iterdir())
