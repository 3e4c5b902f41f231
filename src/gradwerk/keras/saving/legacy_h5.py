"""Whole models and weights in HDF5 as Keras 1 and 2 had them, `.h5` and `.hdf5`, which Keras 3 reads and writes too; by way of h5py.

    attributes   model_config, training_config: JSON      layer_names: of `model_weights`, or of the file where it has weights alone
    model_weights/dense     attribute weight_names        model_weights/dense/dense/kernel
    optimizer_weights       attribute weight_names

Reading runs no code of the file, opens no other file, and reads arrays of the model's own shapes alone.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, FileError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.keras import losses
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.saving.objects import serialize_keras_object
from gradwerk.keras.saving.weights_h5 import h5, held_in, read_array, undamaged
from gradwerk.tensor.tensor import Tensor

ENDINGS = (".h5", ".hdf5")
VERSION = "3.15.1"
LARGEST = 1 << 26
"""Bytes of an attribute."""
MOST = 60_000
"""Bytes of a list of names in one attribute: HDF5 keeps no more than 64 KiB."""
TOP = "top_level_model_weights"
Array = np.ndarray[Any, np.dtype[Any]]
Pair = tuple[Tensor, Any]
"""A weight, and what a file holds for it, not read yet."""


# ---- written


def to_bytes(model: Any) -> bytes:  # noqa: ANN401  a Model
    """The file of a model, its weights, what `compile` was told and the optimizer's state.  Raises: MissingExtraError without h5py."""
    buffer = io.BytesIO()
    with h5().File(buffer, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = VERSION, "tensorflow"
        whole = serialize_keras_object(model)
        name = "Functional" if whole["class_name"] == "Model" else whole["class_name"]
        file.attrs["model_config"] = json.dumps({"class_name": name, "config": whole["config"]})
        _write_weights(file.create_group("model_weights"), model)
        if model.compiled:
            asked = model.get_compile_config()
            training = {name: _by_name_alone(asked.get(name)) for name in ("loss", "loss_weights", "metrics")}
            training |= {"weighted_metrics": None, "optimizer_config": asked["optimizer"]}
            file.attrs["training_config"] = json.dumps(training)
        if model.optimizer is not None and model.optimizer.built:
            held = [variable.numpy() for variable in model.optimizer.variables]
            _write_arrays(file.create_group("optimizer_weights"), held, [f"{model.optimizer.name}/{k}" for k in range(len(held))])
    return buffer.getvalue()


def _by_name_alone(described: Any) -> Any:  # noqa: ANN401  plain data
    """Functions by their names, as Keras 2 has them: whole ones, Keras 3 finds no "mse" in such a file."""
    if isinstance(described, str):
        return getattr(losses.NAMED.get(described), "__name__", described)
    if isinstance(described, list):
        return [_by_name_alone(one) for one in described]
    if not isinstance(described, Mapping):
        return described
    if described.get("class_name") == "function":
        return described["config"]
    if "class_name" in described:
        return dict(described)
    return {name: _by_name_alone(value) for name, value in described.items()}


def _write_weights(group: Any, model: Any) -> None:  # noqa: ANN401
    layers = _layers_of(model)
    _write_names(group, "layer_names", [layer.name for layer in layers])
    group.attrs["keras_version"], group.attrs["backend"] = VERSION, "tensorflow"
    for layer in layers:
        weights = _weights_of(layer)
        paths = [str(getattr(weight, "path", "")) for weight in weights]
        names = paths if len(set(paths)) == len(paths) and all(paths) else [f"{layer.name}/{number}" for number in range(len(weights))]
        _write_arrays(group.create_group(layer.name), [weight.numpy() for weight in weights], names)
    own = _own(model)
    _write_arrays(group.create_group(TOP), [weight.numpy() for weight in own], [f"{model.name}/{number}" for number in range(len(own))])


def _write_arrays(group: Any, arrays: Sequence[Array], names: Sequence[str]) -> None:  # noqa: ANN401
    _write_names(group, "weight_names", names)
    for name, array in zip(names, arrays, strict=True):
        group.create_dataset(name, data=dtypes.widened(array) if dtypes.is_narrow(array.dtype) else array)


def _write_names(group: Any, attribute: str, names: Sequence[str]) -> None:  # noqa: ANN401
    """A list of names, in as many attributes as it takes."""
    encoded = [name.encode() for name in names]
    longest = max(map(len, encoded), default=1)
    each = max(MOST // longest, 1)
    if len(encoded) <= each:
        group.attrs[attribute] = np.array(encoded, f"S{longest}") if encoded else np.zeros(0)
        return
    for number, start in enumerate(range(0, len(encoded), each)):
        group.attrs[f"{attribute}{number}"] = np.array(encoded[start : start + each], f"S{longest}")


# ---- read


def config_of(file: Any, name: str, source: str) -> dict[str, Any] | None:  # noqa: ANN401  an h5py.File
    """An attribute of JSON; None where there is none.  Raises: FileError for what is no such thing."""
    with undamaged(name, source):
        if name not in file.attrs:
            return None
        text = file.attrs[name]
    try:
        if len(text) > LARGEST:
            raise FileError(f"{source}: {name} is larger than {LARGEST:,} bytes")
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise FileError(f"{source}: {name} is no JSON", facts=(str(error),)) from None
    if not isinstance(found, dict):
        raise FileError(f"{source}: {name} is a {type(found).__name__}, a dict is needed")
    return found


def is_one(file: Any, source: str) -> bool:  # noqa: ANN401  an h5py.File
    """Whether a file is of this form.  Raises: FileError for what is damaged."""
    with undamaged("", source):
        return any(name in file.attrs for name in ("layer_names", "layer_names0")) or "model_weights" in file


def weights_group(file: Any, source: str) -> Any:  # noqa: ANN401  a group
    """The group of weights: the file itself where it has nothing else.  Raises: FileError for a file of another kind."""
    with undamaged("", source):
        if "layer_names" in file.attrs or "layer_names0" in file.attrs:
            return file
        found = held_in(file, "model_weights", source)
        if found is None or not hasattr(found, "keys"):
            likely = "a name that ends in .weights.h5" if "layers" in file else ""
            raise FileError(f"{source} holds no weights of a Keras model", likely=likely)
        return found


def load_into(model: Any, file: Any, source: str, *, by_name: bool = False, skip_mismatch: bool = False) -> None:  # noqa: ANN401
    """Copies weights into a model, layer by layer in order or by name: all, or (with an error) none.

    Raises: FileError for what cannot be read; ArgumentError, ShapeError for the weights of another model.
    """
    group = weights_group(file, source)
    held = {name: _arrays(held_in(group, name, source), name, source) for name in _names(group, "layer_names", source)}
    wrong: list[str] = []
    pairs = _by_name(model, held, wrong) if by_name else _in_order(model, held, source)
    top = held_in(group, TOP, source)
    if top is not None:
        arrays, own = _arrays(top, TOP, source), _own(model)
        if len(arrays) == len(own):
            pairs += zip(own, arrays, strict=True)
        elif not (by_name and skip_mismatch):
            raise ArgumentError(f"{source}: {len(arrays)} weights of the model itself, it has {len(own)}")
    fitting = []
    for weight, array in pairs:
        if tuple(weight.shape) == array.shape:
            fitting.append((weight, dtypes.stored(read_array(array, array.name, source), weight.dtype, str(array.name))))
        else:
            wrong.append(f"{array.name}: file {array.shape}, model {tuple(weight.shape)}")
    if wrong and not skip_mismatch:
        likely = "skip_mismatch=True takes those that fit"
        raise ShapeError(f"{source} holds the weights of another model", facts=tuple(wrong[:8]), likely=likely)
    if wrong:
        warn(f"{source}: {len(wrong)} weights do not fit and are passed over: {'; '.join(wrong[:3])}")
    for weight, array in fitting:
        weight.assign(array)


def _in_order(model: Any, held: Mapping[str, list[Any]], source: str) -> list[Pair]:  # noqa: ANN401
    """The weights of the layers that have any, and of those of the file, in order."""
    layers = [layer for layer in _layers_of(model) if _weights_of(layer)]
    stored = {name: arrays for name, arrays in held.items() if arrays}
    if len(layers) != len(stored):
        facts = (f"file   {', '.join(list(stored)[:6])}", f"model  {', '.join(layer.name for layer in layers[:6])}")
        raise ArgumentError(f"{source}: {len(stored)} layers with weights, the model has {len(layers)}", facts=facts)
    pairs: list[Pair] = []
    for layer, (name, arrays) in zip(layers, stored.items(), strict=True):
        weights = _weights_of(layer)
        if len(weights) != len(arrays):
            raise ArgumentError(f"{source}: {name} has {len(arrays)} weights, the model's {layer.name} has {len(weights)}")
        pairs += zip(weights, arrays, strict=True)
    return pairs


def _by_name(model: Any, held: Mapping[str, list[Any]], wrong: list[str]) -> list[Pair]:  # noqa: ANN401
    """The weights of layers of the same name."""
    pairs: list[Pair] = []
    for layer in _layers_of(model):
        arrays, weights = held.get(layer.name), _weights_of(layer)
        if arrays is not None and len(arrays) != len(weights):
            wrong.append(f"{layer.name}: file {len(arrays)} weights, model {len(weights)}")
        elif arrays is not None:
            pairs += zip(weights, arrays, strict=True)
    return pairs


def load_optimizer(optimizer: Any, file: Any, source: str) -> None:  # noqa: ANN401
    """Copies an optimizer's variables, where the file has them for one like it; else it is told, and training begins anew."""
    group = held_in(file, "optimizer_weights", source)
    if group is None:
        return
    arrays, own = _arrays(group, "optimizer_weights", source), optimizer.variables
    if len(arrays) == len(own) - 1:  # Keras 2 keeps no learning rate: its config says it
        own = [variable for number, variable in enumerate(own) if number != 1]
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in own]:
        warn(f"{source}: the optimizer's state is that of another one, and is left out")
        return
    for variable, array in zip(own, arrays, strict=True):
        variable.assign(dtypes.stored(read_array(array, "optimizer_weights", source), variable.dtype, "optimizer_weights"))


def _arrays(group: Any, name: str, source: str) -> list[Any]:  # noqa: ANN401
    """The arrays of a group in the order of their names, not read yet.  Raises: FileError."""
    if group is None or not hasattr(group, "keys"):
        raise FileError(f"{source} names {name}, and holds none")
    found = [held_in(group, one, source) for one in _names(group, "weight_names", source)]
    if not all(isinstance(getattr(one, "shape", None), tuple) for one in found):
        raise FileError(f"{source} has something else than arrays at {name}")
    return found


def _names(group: Any, attribute: str, source: str) -> list[str]:  # noqa: ANN401
    """A list of names, from as many attributes as hold it.  Raises: FileError for what are no names."""
    with undamaged(attribute, source):
        several = itertools.takewhile(lambda name: name in group.attrs, (f"{attribute}{number}" for number in itertools.count()))
        parts = [group.attrs[part] for part in ([attribute] if attribute in group.attrs else several)]
        found = [one.decode() if isinstance(one, bytes) else one for part in parts for one in np.asarray(part).ravel().tolist()]
    if not all(isinstance(one, str) for one in found):
        raise FileError(f"{source}: {attribute} are no names")
    return found


# ---- of a model


def _layers_of(model: Any) -> list[Layer]:  # noqa: ANN401
    """The layers of a model in Keras' order, inputs among them."""
    return list(model.layers)


def _weights_of(layer: Layer) -> list[Tensor]:
    """Trained weights, then the others: that order is the file's."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _own(model: Any) -> list[Tensor]:  # noqa: ANN401
    """The weights that a model holds itself."""
    own = [weight for _, weight in model.own_tensors()]
    inside = {id(weight) for layer in model.sublayers() for weight in layer.weights}
    held = [weight for weight in own if id(weight) not in inside]
    return [*(weight for weight in held if weight.requires_grad), *(weight for weight in held if not weight.requires_grad)]
