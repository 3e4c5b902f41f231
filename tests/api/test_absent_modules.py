"""Modules that an original has and we lack say so where an import names them, and are not there for whoever only asks."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gradwerk
from gradwerk import keras, torch
from gradwerk.base.errors import AbsentImportError, AbsentModuleError
from gradwerk.keras.absent import ORIGINAL as KERAS
from gradwerk.tf.absent import ORIGINAL as TF
from gradwerk.torch.absent import ORIGINAL as TORCH

SAID = {
    "import gradwerk.torch.signal": "torch.signal is not here yet",
    "from gradwerk.torch.distributions.normal import Normal": "torch.distributions.normal is not here yet",
    "from gradwerk.torch.optim.adam import Adam": "torch.optim.adam is not here yet",
    "from gradwerk.torch.nn.utils.fusion import fuse_conv_bn_eval": "torch.nn.utils.fusion is not here yet",
    "import gradwerk.torch.cuda.nvtx as nvtx": "torch.cuda.nvtx is not here yet",
    "from gradwerk.torch.nn.modules import adaptive": "torch.nn.modules.adaptive is not here yet",
    "from gradwerk.torch.nn.modules.adaptive import x": "torch.nn.modules.adaptive is not here yet",
    "from gradwerk.torch.utils import dlpack": "torch.utils.dlpack is not here yet",
    "from gradwerk.torch.nonesuch import x": "torch has no module 'nonesuch'",
    "import gradwerk.torch.nn.FractionalMaxPool2d": "torch.nn.FractionalMaxPool2d is not here yet; near: MaxPool2d",
    "from gradwerk.torch.serialization import skip_data": "torch.serialization.skip_data is not here yet",
    "import gradwerk.keras.nonesuch": "keras has no module 'nonesuch'",
    "from gradwerk.keras.applications.nasnet import NASNetMobile": "keras.applications.nasnet is not here yet",
    "from gradwerk.keras.utils.bounding_boxes import x": "keras.utils.bounding_boxes is not here yet",
    "from gradwerk.keras.utils.layer_utils import x": "keras.utils has no module 'layer_utils'",
    "import gradwerk.keras.layers.ReversibleEmbedding": "keras.layers.ReversibleEmbedding is not here yet; near: Embedding",
    "import gradwerk.keras.losses.losses": "keras.losses has no module 'losses'",
}


@pytest.mark.parametrize("statement", SAID)
def test_an_import_says_what_is_not_here(statement: str) -> None:
    with pytest.raises(AbsentImportError) as error:
        exec(statement, {})
    assert error.value.message == SAID[statement] and not error.value.likely


@pytest.mark.parametrize(("statement", "likely"), [
    ("import gradwerk.torch.Tensor", "from gradwerk.torch import Tensor"),
    ("import gradwerk.torch.nn.Linear as Linear", "from gradwerk.torch.nn import Linear"),
    ("from gradwerk.torch.nn.functional.relu import relu", "from gradwerk.torch.nn.functional import relu"),
    ("import gradwerk.keras.layers.Dense", "from gradwerk.keras.layers import Dense"),
])  # fmt: skip
def test_what_is_no_module_is_imported_from_one(statement: str, likely: str) -> None:
    with pytest.raises(AbsentModuleError, match="is no module") as error:
        exec(statement, {})
    assert error.value.likely == likely
    exec(likely, {})


@pytest.mark.parametrize(("misspelt", "meant"), [
    ("gradwerk.torch.optim.lr_schedular", "torch.optim.lr_scheduler"), ("gradwerk.torch.nn.functionals", "torch.nn.functional"),
    ("gradwerk.keras.callback", "keras.callbacks"), ("gradwerk.keras.optimizers.schedule", "keras.optimizers.schedules"),
])  # fmt: skip
def test_a_misspelt_module(misspelt: str, meant: str) -> None:
    with pytest.raises(AbsentModuleError) as error:
        importlib.import_module(misspelt)
    assert error.value.likely == meant
    importlib.import_module(f"gradwerk.{meant}")


def test_it_is_pythons_own_error_and_names_the_module() -> None:
    with pytest.raises(ModuleNotFoundError) as error:
        importlib.import_module("gradwerk.torch.signal")
    assert error.value.name == "gradwerk.torch.signal"


ABSENT = ("gradwerk.torch.signal", "gradwerk.torch.nonesuch", "gradwerk.keras.distribution", "gradwerk.torch.cuda.nvtx")


@pytest.mark.parametrize("name", ABSENT)
def test_whoever_asks_is_told_that_it_is_not_there(name: str) -> None:
    assert importlib.util.find_spec(name) is None
    assert name not in sys.modules
    with pytest.raises((AttributeError, ImportError)):
        pkgutil.resolve_name(name)


def test_names_that_are_nobodys_are_pythons_business() -> None:
    for name in ("gradwerk.nonesuch", "gradwerk.torch._dynamo", "gradwerk.torchaudio", "nonesuch"):
        with pytest.raises(ModuleNotFoundError) as error:
            importlib.import_module(name)
        assert type(error.value) is ModuleNotFoundError


def test_every_module_of_the_original_is_here_or_says_that_it_is_not() -> None:
    for original, top in ((TORCH, "torch"), (KERAS, "keras")):
        for line in (Path(gradwerk.__file__).parent / top / "original.txt").read_text(encoding="utf-8").splitlines():
            kind, *rest = line.split()
            if kind == "modules" and f"{original.package.rpartition('.')[0]}.{rest[0]}" in sys.modules:
                for name in rest[1:]:
                    try:
                        importlib.import_module(f"gradwerk.{rest[0]}.{name}")
                    except AbsentModuleError as error:
                        assert error.message.startswith(f"{rest[0]}.{name} is not here yet")


def test_modules_are_what_they_were() -> None:
    for module in (torch.nn.functional, torch.accelerator, keras.losses):
        assert not module.__spec__.submodule_search_locations  # type: ignore[union-attr]
    assert pickle.loads(pickle.dumps(torch.nn.functional.relu)) is torch.nn.functional.relu
    walked = {found.name for found in pkgutil.walk_packages(gradwerk.__path__, "gradwerk.")}
    assert "gradwerk.torch.nn.functional" in walked and "gradwerk.torch.signal" not in walked


def test_the_error_names_the_line_of_the_program(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from gradwerk import torch\nimport gradwerk.torch.signal as signal\n")
    paths = os.pathsep.join(map(str, (Path(gradwerk.__file__).parents[1], *filter(None, [os.environ.get("PYTHONPATH")]))))
    made = subprocess.run([sys.executable, script], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert "torch.signal is not here yet" in made.stderr and "at script.py:2    import gradwerk.torch.signal as signal" in made.stderr


def test_every_place_that_answers_for_absent_names_is_listed() -> None:
    for original, top in ((TORCH, "torch"), (KERAS, "keras"), (TF, "tf")):
        folder = Path(gradwerk.__file__).parent / top
        texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.py")]
        places = {place for text in texts for place in re.findall(r'ORIGINAL\.module\(\s*"([^"]+)"', text)}
        assert places and [place for place in sorted(places) if not original.lists(place)] == []
