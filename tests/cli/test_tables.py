"""Commands that only tell."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gradwerk.base.settings import SETTINGS, settings
from gradwerk.cli.main import STAGES, main
from gradwerk.cli.recipe import Recipe
from gradwerk.cli.table_recipe import TableRecipe
from gradwerk.ir.op import REGISTRY

NEW_OP = '''
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.ir.op import Unary
from gradwerk.ops.elementwise import mul


@final
@dataclass(frozen=True)
class FourthPower(Unary):
    """Fourth power, x**4."""

    def vjp(self, ct, y, x): return (mul(ct, mul(mul(x, mul(x, x)), 4.0)),)
    def emit(self, e, x): return e.mul(e.mul(x, x), e.mul(x, x))
    def reference(self, x): return np.power(x, 4)
'''


def test_ops_lists_every_op_once(capsys) -> None:
    assert main(["ops"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()[:-1]]
    assert sorted(names) == sorted(REGISTRY)
    assert {"add", "contract", "scan"} <= set(names)


def test_ops_shows_a_new_op_of_a_file(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("gradwerk.cli.ops.REGISTRY", REGISTRY)
    (tmp_path / "fourth.py").write_text(NEW_OP)
    try:
        assert main(["ops", "--from", str(tmp_path / "fourth.py")]) == 0
        assert "fourth_power" in capsys.readouterr().out
    finally:
        REGISTRY.pop("fourth_power", None)
        sys.modules.pop("fourth", None)


def test_settings_tells_value_and_origin(capsys) -> None:
    with settings.scope(threads=3):
        assert main(["settings"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == {item.name for item in SETTINGS}
    assert "3" in lines["threads"] and "from program" in lines["threads"]


def test_summary_of_a_model(capsys) -> None:
    assert main(["summary", "lenet5"]) == 0
    assert "61,706" in capsys.readouterr().out


def test_help_and_version(capsys) -> None:
    for words in (["--help"], ["--version"], ["train", "--help"]):
        assert main(words) == 0
    assert "--resume" in capsys.readouterr().out


def test_help_tells_the_defaults(capsys) -> None:
    assert main(["train", "--help"]) == 0
    said, recipe = " ".join(capsys.readouterr().out.split()), Recipe()
    sgd, adam = Recipe(optimizer="sgd").rate, Recipe(optimizer="adam").rate
    of_tables, others = TableRecipe(), [f"{name} {TableRecipe(optimizer=name).rate}" for name in ("momentum", "sgd")]
    told = [f"training data ({recipe.epochs}; of tables {of_tables.epochs})", f"a step ({recipe.batch_size})"]
    told.append(f"hidden layer ({of_tables.units})")
    told += [f"then falls ({recipe.rate}; sgd {sgd}, adam {adam}; of tables {of_tables.rate}; {', '.join(others)})"]
    assert recipe.batch_size == of_tables.batch_size and recipe.seed == of_tables.seed
    for words in (*told, f"adam ({recipe.optimizer}; of tables {of_tables.optimizer})", f"distortions ({recipe.seed})"):
        assert words in said


def test_the_parser_loads_nothing_heavy() -> None:
    heavy = {"numpy", "llvmlite", "PIL", "rich"}
    script = f"import sys; from gradwerk.cli.main import main; main(['--version']); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": "src"}, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("stage", STAGES)
def test_inspect_shows_every_stage(stage, capsys) -> None:
    assert main(["inspect", "lenet5", stage, "--batch-size", "4"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3
