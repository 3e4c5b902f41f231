"""Configs of Keras 1 and 2, and of Keras 3's HDF5 files, as those of Keras 3's own files.

    {"class_name": "Dense", "config": {"batch_input_shape": [null, 4], "kernel_initializer": {"class_name": "GlorotUniform", ...}}}
    "inbound_nodes": [[["input_1", 0, 0, {}]]]           instead of      [{"args": [{"class_name": "__keras_tensor__", ...}], "kwargs": {}}]

Plain data to plain data: nothing is made, and nothing of a file is trusted to be there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

TENSOR = "__keras_tensor__"
MODELS = frozenset({"Model", "Functional", "Sequential"})
HOLDS_LAYERS = ("layer", "backward_layer", "cell", "cells")
"""Options of layers that are layers."""
TAKES_STATES = frozenset({"SimpleRNN", "GRU", "LSTM", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
"""Layers that Keras 2 calls on a list of their input and their states."""
GONE: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "Embedding": ("input_length",), "BatchNormalization": ("fused", "virtual_batch_size", "adjustment", "renorm", "renorm_clipping",
                                                           "renorm_momentum", "synchronized"),
    "LSTM": ("implementation", "time_major"), "GRU": ("implementation", "time_major"), "SimpleRNN": ("implementation", "time_major"),
    "RNN": ("implementation", "time_major"), "InputLayer": ("sparse", "ragged", "optional"), "Bidirectional": ("time_major",),
})  # fmt: skip
"""What Keras 2 writes and means nothing."""
CALLED: Mapping[str, Mapping[str, str]] = MappingProxyType({"LeakyReLU": MappingProxyType({"alpha": "negative_slope"})})
"""Options of layers that have another name now."""
RENAMED: Mapping[str, str] = MappingProxyType({"CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU", "Merge": "Concatenate"})


def modern(described: Any) -> Any:  # noqa: ANN401
    """A model or layer as Keras 3's own files have it."""
    if not isinstance(described, Mapping) or "class_name" not in described or "config" not in described:
        return described
    name, config = str(described["class_name"]), described["config"]
    found = {**described, "class_name": "Functional" if name == "Model" else RENAMED.get(name, name)}
    found["module"] = _module(described, "keras" if name in MODELS else "keras.layers")
    if isinstance(config, list):  # of Keras 1 and early 2, a Sequential is the list of its layers
        config = {"name": described.get("name", "sequential"), "layers": config}
    if isinstance(config, Mapping):
        whole = name in MODELS or "layers" in config
        found["config"] = _model(config) if whole else _layer(found["class_name"], config, described)
    return found


def _module(described: Mapping[str, Any], ours: str) -> str:
    """The module of a class: none where the file says that it is one of the user's."""
    said = described.get("registered_name")
    return "" if isinstance(said, str) and ">" in said else str(described.get("module") or ours) if _is_keras(described) else ""


def _is_keras(described: Mapping[str, Any]) -> bool:
    module = described.get("module")
    return module is None or str(module).startswith(("keras", "tensorflow"))


def _layer(name: str, config: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a layer."""
    surplus, names = GONE.get(name, ()), CALLED.get(name, {})
    found = {names.get(option, option): _option(option, value) for option, value in config.items() if option not in surplus}
    shape = found.pop("batch_input_shape", None)
    if isinstance(shape, (list, tuple)) and shape:
        found |= {"batch_shape": list(shape)} if name == "InputLayer" else {"input_shape": list(shape[1:])}
    axis = found.get("axis")
    if name == "BatchNormalization" and isinstance(axis, (list, tuple)) and len(axis) == 1:
        found["axis"] = axis[0]
    if described["class_name"] in ("CuDNNLSTM", "CuDNNGRU"):
        found["recurrent_activation"] = "sigmoid"
    return found


def _option(name: str, value: Any) -> Any:  # noqa: ANN401
    """The value of an option: a dtype by its name, rules with the modules of their classes."""
    if name in HOLDS_LAYERS:
        return [modern(one) for one in value] if isinstance(value, list) else modern(value)
    if not isinstance(value, Mapping) or "class_name" not in value:
        return value
    if name == "dtype":
        inside = value.get("config")
        return inside.get("name") if isinstance(inside, Mapping) else value
    for ending in ("initializer", "regularizer", "constraint"):
        if name.endswith(ending):
            inside = value.get("config")
            config = {k: v for k, v in inside.items() if k != "dtype"} if isinstance(inside, Mapping) else {}
            return {"module": f"keras.{ending}s", "class_name": value["class_name"], "config": config, "registered_name": None}
    return value


def _model(config: Mapping[str, Any]) -> dict[str, Any]:
    """The layers of a model, and the calls between them."""
    layers = config.get("layers")
    if not isinstance(layers, list):
        return dict(config)
    found = {**config, "layers": [modern(layer) for layer in layers]}
    if not any(isinstance(layer, Mapping) and "inbound_nodes" in layer for layer in layers):
        return found
    first = _first_calls(found["layers"], found.get("output_layers"))
    for layer in found["layers"]:
        if isinstance(layer, dict) and isinstance(layer.get("inbound_nodes"), list):
            layer["inbound_nodes"] = [_node(node, str(layer["class_name"]), first) for node in layer["inbound_nodes"]]
    for part in ("input_layers", "output_layers"):
        if part in found:
            found[part] = _ends(found[part], first)
    return found


def _first_calls(layers: list[Any], outputs: Any) -> dict[str, int]:  # noqa: ANN401
    """The number of the first call of each model within: Keras 2 counts how it was made as one."""
    used: dict[str, set[int]] = defaultdict(set)
    models = {str(layer.get("name")) for layer in layers if isinstance(layer, Mapping) and layer.get("class_name") in MODELS}
    nodes = [layer.get("inbound_nodes") for layer in layers if isinstance(layer, Mapping)]
    for name, call in _places([nodes, list(outputs.values()) if isinstance(outputs, Mapping) else outputs]):
        used[name].add(call)
    return {name: min(calls) for name, calls in used.items() if name in models}


def _places(tree: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401
    """The calls that old nodes read, by the name of what is called."""
    if _is_place(tree):
        yield tree[0], tree[1]
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from _places(item)


def _is_place(value: object) -> bool:
    """Whether it is ["dense", 0, 0], perhaps with arguments behind."""
    return (
        isinstance(value, (list, tuple)) and len(value) in (3, 4) and isinstance(value[0], str)
        and all(isinstance(one, int) and not isinstance(one, bool) for one in value[1:3])
    )  # fmt: skip


def _node(node: Any, owner: str, first: Mapping[str, int]) -> Any:  # noqa: ANN401
    """A call in the new form."""
    if isinstance(node, Mapping):
        return node
    given = [node] if _is_place(node) else list(node) if isinstance(node, (list, tuple)) else []
    kwargs: dict[str, Any] = {}
    tensors = []
    for one in given:
        tensors.append(_value(one, first))
        if isinstance(one, (list, tuple)) and len(one) == 4 and isinstance(one[3], Mapping):
            kwargs |= {name: _argument(value, first) for name, value in one[3].items()}
    if owner in TAKES_STATES and len(tensors) > 1:
        kwargs["initial_state"], tensors = tensors[1:], tensors[:1]
    return {"args": [tensors[0] if len(tensors) == 1 else tensors], "kwargs": kwargs}


def _value(place: Any, first: Mapping[str, int]) -> Any:  # noqa: ANN401
    """A tensor, or a constant."""
    if isinstance(place, (list, tuple)) and len(place) > 2 and place[0] == "_CONSTANT_VALUE":
        return place[2]
    if not _is_place(place):
        return place
    return {"class_name": TENSOR, "config": {"keras_history": [place[0], place[1] - first.get(place[0], 0), place[2]]}}


def _argument(value: Any, first: Mapping[str, int]) -> Any:  # noqa: ANN401
    if _is_place(value):
        return _value(value, first)
    if isinstance(value, (list, tuple)) and value and all(_is_place(one) for one in value):
        return [_value(one, first) for one in value]
    return value


def _ends(places: Any, first: Mapping[str, int]) -> Any:  # noqa: ANN401
    """Where inputs or outputs stand: one alone where there is one."""
    if isinstance(places, Mapping):
        return {name: _ends(place, first) for name, place in places.items()}
    if _is_place(places):
        return [places[0], places[1] - first.get(places[0], 0), places[2]]
    if not isinstance(places, (list, tuple)):
        return places
    return _ends(places[0], first) if len(places) == 1 else [_ends(place, first) for place in places]


# ---- what a model was trained with


def compile_config(training: Mapping[str, Any]) -> dict[str, Any]:
    """What `compile` was told, as Keras 3's own files have it."""
    found: dict[str, Any] = {"optimizer": _optimizer(training.get("optimizer_config")), "loss": _loss(training.get("loss"))}
    metrics = training.get("metrics")
    if isinstance(metrics, list) and len(metrics) == 1 and isinstance(metrics[0], list):
        metrics = metrics[0]  # tf.keras lists them by output
    found["metrics"] = _metrics(metrics)
    weights = training.get("loss_weights")
    found["loss_weights"] = weights or None
    return found


def _optimizer(described: Any) -> Any:  # noqa: ANN401
    """The optimizer: its rate by its present name, without what says nothing."""
    if not isinstance(described, Mapping) or not isinstance(described.get("config"), Mapping):
        return described
    config = dict(described["config"])
    if "lr" in config:
        config.setdefault("learning_rate", config.pop("lr"))
    rate = config.get("learning_rate")
    if isinstance(rate, Mapping) and "class_name" in rate:
        config["learning_rate"] = {"registered_name": None, **rate, "module": "keras.optimizers.schedules"}
    elif isinstance(rate, float) and math.isfinite(rate):
        config["learning_rate"] = float(f"{rate:.7g}")  # a float32 as it was written
    kept = {name: value for name, value in config.items() if name not in ("jit_compile", "is_legacy_optimizer", "dtype") and not (
        name == "decay" and not value)}  # fmt: skip
    return {"module": "keras.optimizers", "class_name": str(described["class_name"]).rpartition(">")[2], "config": kept}


def _loss(described: Any) -> Any:  # noqa: ANN401
    if isinstance(described, list):
        return [_loss(one) for one in described]
    if not isinstance(described, Mapping):
        return described
    if "class_name" not in described or not isinstance(described.get("config"), Mapping):
        return {name: _loss(one) for name, one in described.items()}
    config = {name: value for name, value in described["config"].items() if name != "fn"}
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    return {**described, "module": described.get("module") or "keras.losses", "config": config}


def _metrics(described: Any) -> Any:  # noqa: ANN401
    """Metrics: those that tf.keras made of a name by that name again."""
    if isinstance(described, list):
        return [_metrics(one) for one in described]
    if not isinstance(described, Mapping):
        return described
    inside = described.get("config")
    if "class_name" not in described or not isinstance(inside, Mapping):
        return {name: _metrics(one) for name, one in described.items()}
    if described["class_name"] in ("MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"):
        name = inside.get("name")
        return name if name in ("accuracy", "acc", "crossentropy", "ce") else inside.get("fn", name)
    return {**described, "module": described.get("module") or "keras.metrics"}
