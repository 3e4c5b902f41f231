"""Files of every kind that this version writes, to be read by all later ones: `python -m tests.io.released` makes those of a release.

They are made once for each version, and never again; tests/io/test_released.py reads those of all versions.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import gradwerk as gw
from gradwerk import keras, torch
from gradwerk.inspect import save_repro
from gradwerk.io.run_folder import RunFolder
from gradwerk.nn.linear import Linear
from gradwerk.torch.nn import functional as F
from gradwerk.train.loop import fit
from gradwerk.train.resume import capture
from tests.train.small import make_batches, make_steps

PLACE = Path(__file__).with_name("releases")
OPTIONS = {"batch_size": 16, "seed": 11}
KINDS = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")


def numbers(*shape: int) -> np.ndarray[Any, Any]:
    """Numbers that the reader knows too."""
    return (np.arange(np.prod(shape), dtype=np.float32) / 8 - 1).reshape(shape)


def tree() -> dict[str, Any]:
    """One of everything that `save` takes."""
    arrays = {name: (numbers(2, 3) * 8).astype(name) for name in KINDS}
    plain = ["text \u00fc", 3, -2.5, float("inf"), True, None, 2**70]
    return {"arrays": arrays, "plain": plain, "nested": (1, {"empty": np.zeros((0, 4)), 7: [np.float32(0.5)]})}


def keras_model() -> Any:
    """A model whose weights are saved."""
    layers = [keras.layers.Conv2D(2, 3), keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input((5, 5, 1)), *layers])


def torch_state() -> dict[str, Any]:
    """A model and an optimizer with its slots, as scripts save them."""
    model = torch.nn.Linear(3, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(numbers(2, 3)))
        model.bias.copy_(torch.tensor(numbers(2)))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.25)
    F.mse_loss(model(torch.ones(4, 3)), torch.zeros(4, 2)).backward()
    optimizer.step()
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}


def program(x: Any) -> Any:
    """What the repro file holds."""
    return gw.exp(x) * 2, gw.reduce_sum(x * x)


def write(folder: Path) -> None:
    """All of them."""
    folder.mkdir(parents=True)
    gw.save(folder / "tree.safetensors", tree())
    layer = Linear(3, 2)
    layer.load_state({name: numbers(*value.shape) for name, value in layer.named_parameters()})
    gw.save(folder / "module.safetensors", layer)
    model = keras_model()
    model.set_weights([numbers(*weight.shape) for weight in model.get_weights()])
    model.save_weights(folder / "keras.weights.safetensors")
    torch.save(torch_state(), folder / "torch.safetensors")
    save_repro(folder / "program.repro", program, gw.Tensor(numbers(6)), note="of a release")
    steps, run = make_steps(), RunFolder.create(folder / "run", {"model": "small", **OPTIONS})
    done = fit(steps, make_batches(), epochs=1)
    run.save_checkpoint(capture(steps, done, OPTIONS))
    run.write_history(done.history)
    run.close()


if __name__ == "__main__":
    write(PLACE / gw.__version__)
    print(*sorted(path for path in (PLACE / gw.__version__).rglob("*")), sep="\n")
    sys.exit(0)
