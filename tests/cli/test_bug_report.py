"""`gradwerk report`: what is installed, where it runs, what is set; a program from a file run both ways; nobody's name."""

from __future__ import annotations

import getpass
import importlib.metadata
import os
import platform
import socket
from pathlib import Path

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.settings import settings
from gradwerk.cli.main import main
from gradwerk.inspect import environment, save_repro


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """The lines of a report by their names."""
    assert main(["report", *words]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return {name: value.strip() for name, _, value in (line.partition("  ") for line in said.out.splitlines())}


def test_versions_machine_and_settings(capsys: pytest.CaptureFixture[str]) -> None:
    with settings.scope(threads=2):
        rows = told(capsys)
    assert rows["gradwerk"] == gw.__version__ and rows["python"].startswith(platform.python_version())
    for name in ("numpy", "llvmlite", "pillow", "rich"):
        assert rows[name] == importlib.metadata.version(name)
    assert rows["threads"] == "'2' from program"
    assert "vectors of" in rows["code for"] and "cores usable" in rows["processor"] and platform.machine() in rows["system"]


def test_what_is_missing_or_broken_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(environment, "PACKAGES", ("numpy", "no_such_package_at_all"))
    monkeypatch.setattr("gradwerk.compiler.machines.host", lambda: 1 / 0)
    monkeypatch.setenv("GRADWERK_THREDS", "1")
    monkeypatch.setenv("GRADWERK_PEAK", "x")
    rows = told(capsys)
    assert rows["no_such_package_at_all"] == "not installed"
    assert rows["code for"] == "unknown: ZeroDivisionError: division by zero"
    assert rows["GRADWERK_THREDS"] == "no setting; likely GRADWERK_THREADS"


def test_no_name_of_a_user_or_machine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOME", "/home/somebody-in-particular")
    with settings.scope(dump="/home/somebody-in-particular/dumps"):
        rows = told(capsys)
    assert rows["dump"] == "'~/dumps' from program"
    whole = " ".join(rows.values())
    assert "somebody" not in whole and socket.gethostname() not in whole
    assert len(getpass.getuser()) < 5 or getpass.getuser() not in whole


def test_a_program_is_run_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save_repro(tmp_path / "bug.zip", lambda x: (gw.exp(x) * 2, gw.reduce_sum(x)), gw.Tensor(np.arange(6.0)))
    rows = told(capsys, str(path))
    assert "2 outputs" in rows["program"] and "exp" in rows["operations"] and gw.__version__ in rows["written by"]
    first, second = map(float, rows["differences"].partition(" (")[0].split(", "))
    assert 0 <= first < 1e-9 and 0 <= second < 1e-9
    (tmp_path / "text").write_text("no repro")
    for wrong in ("absent.zip", "text"):
        assert main(["report", str(tmp_path / wrong)]) == 2
        said = capsys.readouterr()
        assert wrong in said.err and "save_repro" in said.err and "Traceback" not in said.err and said.out == ""


def test_a_path_outside_of_home_stays() -> None:
    assert environment.at_home(f"{os.sep}tmp{os.sep}x") == f"{os.sep}tmp{os.sep}x"
