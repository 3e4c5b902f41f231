"""save_weights and load_weights: every weight under the place where it stands in the model.

    layers.conv2d.kernel        Sequential: the first Conv2D, the second is conv2d_1
    blocks.0.dense.bias         a layer in a list that the model keeps as `blocks`

A name that ends in `.weights.h5` is Keras' own form instead (saving/weights_h5.py).

Places do not change with the names of layers, which are numbered through the whole program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, FileError, ShapeError, StateError
from gradwerk.base.origin import warn
from gradwerk.io.atomic import is_file, is_folder, read_bytes, write_atomically
from gradwerk.io.weights import load, save
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.naming import snake_case
from gradwerk.keras.saving import legacy_h5, weights_h5
from gradwerk.nn.module import as_array
from gradwerk.tensor.tensor import Tensor

ENDING = ".weights.safetensors"


def save_weights(model: Layer, filepath: str | Path, *, overwrite: bool) -> None:
    """See `Model.save_weights`."""
    path = _checked_path(filepath)
    h5_too = path.name.endswith(weights_h5.ENDING)
    if not overwrite and (is_file(path) or is_folder(path)):
        raise FileError(f"{path} exists", likely="give another name, or overwrite=True")
    _check_built(model, "save")
    if h5_too:
        write_atomically(path, weights_h5.to_bytes(model))
    else:
        save(path, {place: weight.numpy() for place, weight in places(model)})


def load_weights(model: Layer, filepath: str | Path, *, skip_mismatch: bool, by_name: bool = False) -> None:
    """See `Model.load_weights`."""
    path = _checked_path(filepath, *legacy_h5.ENDINGS)
    _check_built(model, "load")
    older = path.name.endswith(legacy_h5.ENDINGS)
    if by_name and not (older and not path.name.endswith(weights_h5.ENDING)):
        raise ArgumentError(f"by_name=True is for files of Keras 2, *.h5 and *.hdf5, this is {path.name!r}")
    if older:
        with weights_h5.from_bytes(read_bytes(path, "the file"), str(path)) as file:
            if path.name.endswith(weights_h5.ENDING) and not legacy_h5.is_one(file, str(path)):
                weights_h5.load_into(model, file, str(path), skip_mismatch=skip_mismatch)
            else:
                legacy_h5.load_into(model, file, str(path), by_name=by_name, skip_mismatch=skip_mismatch)
        return
    stored = load(path)
    if not isinstance(stored, dict) or not all(isinstance(value, np.ndarray) for value in stored.values()):
        raise FileError(f"{path} does not hold one model's weights", likely="it was not written by save_weights")
    own = dict(places(model))
    found = _fitting(own, stored, str(path), skip_mismatch=skip_mismatch)
    fitting = {place: dtypes.stored(as_array(array, place), own[place].dtype, place) for place, array in found.items()}
    for place, array in fitting.items():
        own[place].assign(array)


def places(model: Layer) -> Iterator[tuple[str, Tensor]]:
    """Each weight once, with its place."""
    seen: set[int] = set()
    for prefix, layer in _layers(model, ""):
        for name, weight in (*layer.own_parameters(), *layer.own_buffers()):
            if id(weight) not in seen:
                seen.add(id(weight))
                yield f"{prefix}{name}", weight


def _layers(layer: Layer, prefix: str) -> Iterator[tuple[str, Layer]]:
    """The layer and those inside, each with the start of its weights' places."""
    yield prefix, layer
    held = [(name, child) for name, child in layer.named_children() if isinstance(child, Layer)]
    count: Counter[str] = Counter()
    for name, child in held:
        if layer.numbers_layers:
            kind = snake_case(type(child).__name__)
            name = f"layers.{kind}_{count[kind]}" if count[kind] else f"layers.{kind}"
            count[kind] += 1
        yield from _layers(child, prefix if name == layer.lends_place else f"{prefix}{name}.")


def _fitting(own: Mapping[str, Tensor], stored: Mapping[str, Any], source: str, *, skip_mismatch: bool) -> dict[str, Any]:
    """The arrays to copy.  Raises: ArgumentError for missing or surplus places, ShapeError for other shapes."""
    missing, surplus = [place for place in own if place not in stored], [place for place in stored if place not in own]
    other = [place for place in own if place in stored and tuple(own[place].shape) != stored[place].shape]
    facts = [f"the file lacks       {place} {tuple(own[place].shape)}" for place in missing]
    facts += [f"the model lacks      {place} {stored[place].shape}" for place in surplus]
    facts += [f"{place}: file {stored[place].shape}, model {tuple(own[place].shape)}" for place in other]
    if facts and not skip_mismatch:
        more = (f"and {len(facts) - 8} more",) if len(facts) > 8 else ()
        kind = ShapeError if other and not missing and not surplus else ArgumentError
        raise kind(
            f"{source} holds the weights of another model", facts=(*facts[:8], *more),
            likely="build the model as it was when they were saved; skip_mismatch=True takes those that fit",
        )  # fmt: skip
    if facts:
        warn(f"{source}: {len(facts)} weights do not fit and are passed over: {'; '.join(facts[:3])}")
    return {place: stored[place] for place in own if place in stored and place not in other}


def _checked_path(filepath: str | Path, *others: str) -> Path:
    if not isinstance(filepath, (str, Path)):
        raise ArgumentError(f"a file of weights is named by its path, this is {filepath!r}", likely=f"'model{ENDING}'")
    path = Path(filepath)
    if path.name.endswith((ENDING, weights_h5.ENDING, *others)):
        return path
    stem = path.name.removesuffix(".keras").removesuffix(".h5").removesuffix(".safetensors").removesuffix(".weights")
    wanted = weights_h5.ENDING if path.suffix in {".h5", ".keras"} else ENDING
    raise ArgumentError(
        f"a file of weights is called *{ENDING}, or *{weights_h5.ENDING}, this is {path.name!r}", likely=f"{stem or 'model'}{wanted}"
    )


def _check_built(model: Layer, what: str) -> None:
    unbuilt = next((module for module in model.modules() if isinstance(module, Layer) and not module.built), None)
    if unbuilt is not None:
        raise StateError(
            f"{unbuilt.label} has no weights to {what} yet", likely="build the model first: call it once, or give it an Input"
        )
