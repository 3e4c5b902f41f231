"""The README's programs run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import gradwerk

TEXT = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def names_for(program: str) -> dict[str, object]:
    """What a program takes for granted."""
    random = np.random.default_rng(0)
    if "keras" in program:
        return {"x": random.normal(size=(64, 28, 28, 1)).astype(np.float32), "y": random.integers(0, 10, 64)}
    return {"weights": gradwerk.Parameter(np.zeros((4, 1), np.float32))}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.split("\n")[0])
def test_programs(program) -> None:
    names = names_for(program)
    exec(compile(program.replace("epochs=5", "epochs=1"), "README.md", "exec"), names)
    if "step" in names:
        random = np.random.default_rng(0)
        if "torch" in names:
            from gradwerk import torch

            x, y = torch.tensor(random.normal(size=(16, 784)).astype(np.float32)), torch.tensor(np.arange(16) % 10)
        else:
            x, y = (gradwerk.Tensor(random.normal(size=(16, extent)).astype(np.float32)) for extent in (4, 1))
        losses = [names["step"](x, y).item() for _ in range(5)]
        assert losses[-1] < losses[0]


def test_commands_of_the_readme_exist() -> None:
    from gradwerk.cli.main import make_parser

    known = make_parser().format_help()
    prose = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    for command in set(re.findall(r"gradwerk (\w+)", prose)) & {"train", "evaluate", "predict", "inspect"}:
        assert command in known
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    assert all(f"{target}:" in makefile for target in re.findall(r"make ([a-z-]+)", TEXT))
