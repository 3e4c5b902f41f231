"""Files that each release wrote are read: to the numbers that were put in, and a run goes on from them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import FileError
from gradwerk.base.trees import leaves
from gradwerk.inspect import replay, save_repro
from gradwerk.io.run_folder import RunFolder
from gradwerk.io.safetensors import parts_of, to_bytes
from gradwerk.io.weights import pack, unpack
from gradwerk.nn.linear import Linear
from gradwerk.train.loop import fit
from gradwerk.train.resume import restore
from tests.io import released
from tests.train.small import make_batches, make_steps

RELEASES = sorted(path for path in released.PLACE.iterdir() if path.is_dir())


def seen(tree: Any) -> list[Any]:
    """All that a tree holds, to the bit."""
    arrays = (np.ndarray, np.generic)
    return [(path, type(x), (x.dtype.str, x.shape, x.tobytes()) if isinstance(x, arrays) else repr(x)) for path, x in leaves(tree)]


def test_this_version_has_its_files() -> None:
    assert gw.__version__ in {folder.name for folder in RELEASES}, "python -m tests.io.released"


@pytest.mark.parametrize("folder", RELEASES, ids=lambda path: path.name)
def test_values(folder: Path) -> None:
    assert seen(gw.load(folder / "tree.safetensors")) == seen(released.tree())
    layer = Linear(3, 2)
    gw.load(folder / "module.safetensors", into=layer)
    for _, value in layer.named_parameters():
        np.testing.assert_array_equal(value.numpy(), released.numbers(*value.shape))


@pytest.mark.parametrize("folder", RELEASES, ids=lambda path: path.name)
def test_weights_of_keras(folder: Path) -> None:
    model = released.keras_model()
    model.load_weights(folder / "keras.weights.safetensors")
    for weight in model.get_weights():
        np.testing.assert_array_equal(weight, released.numbers(*weight.shape))


@pytest.mark.parametrize("folder", RELEASES, ids=lambda path: path.name)
def test_model_and_optimizer_of_torch(folder: Path) -> None:
    saved, wanted = torch.load(folder / "torch.safetensors"), released.torch_state()
    assert saved["epoch"] == 3 and saved["model"].keys() == wanted["model"].keys()
    model = torch.nn.Linear(3, 2)
    model.load_state_dict(saved["model"])
    optimizer = torch.optim.Adam(model.parameters())
    optimizer.load_state_dict(saved["optimizer"])
    assert optimizer.param_groups[0]["lr"] == 0.25
    for name, weight in model.state_dict().items():
        np.testing.assert_allclose(weight.numpy(), wanted["model"][name].numpy(), rtol=1e-6)
    model.weight.sum().backward()
    optimizer.step()


@pytest.mark.parametrize("folder", RELEASES, ids=lambda path: path.name)
def test_a_program(folder: Path) -> None:
    found, x = replay(folder / "program.repro"), released.numbers(6)
    assert found.meta["note"] == "of a release"
    for results in (found.interpreted(), found.compiled()):
        np.testing.assert_allclose(results[0], 2 * np.exp(x), rtol=1e-6)
        np.testing.assert_allclose(results[1], (x * x).sum(), rtol=1e-6)


@pytest.mark.parametrize("folder", RELEASES, ids=lambda path: path.name)
def test_a_run_goes_on(folder: Path) -> None:
    run = RunFolder.open(folder / "run")
    assert run.config() == {"model": "small", **released.OPTIONS}
    checkpoint, steps = run.load_checkpoint(), make_steps(random_seed=5)
    start = restore(checkpoint, steps, released.OPTIONS)
    for name, parameter in steps.task.model.named_parameters():
        np.testing.assert_array_equal(parameter.numpy(), checkpoint.tensors[f"model.{name}"])
    assert (start.epoch, len(run.read_history())) == (1, 1)
    assert np.isfinite(fit(steps, make_batches(), epochs=2, run=start).logs["loss"])


def test_files_of_a_later_format_are_told(tmp_path: Path) -> None:
    notes, arrays = parts_of(bytes(pack({"x": np.zeros(2)})), "it")
    assert notes["gradwerk.format"] == "1"
    with pytest.raises(FileError, match=r"it is of format 2; this Gradwerk reads format 1(.|\n)*newer"):
        unpack(to_bytes(arrays, {**notes, "gradwerk.format": "2"}), "it")
    run = RunFolder.create(tmp_path / "run", {"a": 1})
    run.close()
    config = tmp_path / "run" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"gradwerk run": 2}))
    with pytest.raises(FileError, match=r"run is a run of format 2; this Gradwerk reads format 1(.|\n)*newer"):
        run.config()
    path = save_repro(tmp_path / "a.zip", lambda x: x * 2, gw.Tensor(np.ones(2)))
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts["meta.json"] = parts["meta.json"].replace(b"gradwerk repro 1", b"gradwerk repro 2")
    with zipfile.ZipFile(path, "w") as file:
        for name, data in parts.items():
            file.writestr(name, data)
    with pytest.raises(FileError, match=r"a.zip is of format 'gradwerk repro 2'; this Gradwerk reads 'gradwerk repro 1'"):
        replay(path)
