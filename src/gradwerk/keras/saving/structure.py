"""Models as plain data: their layers, and for functional ones the calls between them.  Keras 3's form, written and read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.keras.graph import CallGraph, Place
from gradwerk.keras.layers.input import InputLayer
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.symbolic import Operation, called_on_symbols
from gradwerk.keras.saving import operations
from gradwerk.keras.saving.objects import deserialize_keras_object, serialize_keras_object

TENSOR = "__keras_tensor__"


def of_sequential(model: Any) -> dict[str, Any]:  # noqa: ANN401  a Sequential
    """The config of a Sequential: its layers, an Input first where it has one."""
    given = [*([model._input] if model._input is not None else []), *model.layers]
    found = {
        "name": model.name, "trainable": model.trainable, "dtype": dict(operations.POLICY),
        "layers": [serialize_keras_object(layer) for layer in given],
    }  # fmt: skip
    return found | ({"build_input_shape": list(model.input_shape)} if model.built else {})


def sequential_from(cls: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  a Sequential
    """The model of `of_sequential`'s answer.  Raises: ArgumentError for layers that are not known."""
    made = cls([deserialize_keras_object(layer, custom_objects) for layer in config["layers"]], name=config.get("name"))
    shape = config.get("build_input_shape")
    if not made.built and shape and made.layers:
        made.build(tuple(shape))
    if not config.get("trainable", True):
        made.trainable = False
    return made


def of_functional(model: Layer, graph: CallGraph) -> dict[str, Any]:
    """The config of a functional model: its layers and operators, each with its calls; where inputs and outputs stand."""
    history: dict[int, tuple[list[Any], tuple[Any, str]]] = {}
    for number, one in enumerate(flatten(graph.expected)):
        history[number] = ([one.name, 0, 0], (one.shape, one.dtype))
    nodes: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def tensor(number: int) -> dict[str, Any]:
        place, (shape, dtype) = history[number]
        return {"class_name": TENSOR, "config": {"shape": list(shape), "dtype": dtype, "keras_history": place}}

    for step in graph.steps:
        own = nodes[step.caller.name]
        for position, number in enumerate(step.results):
            history[number] = ([step.caller.name, len(own), position], step.said[position])
        args, kwargs = (_written(part, tensor) for part in (list(step.args), step.kwargs))
        own.append({"args": args, "kwargs": kwargs})
    described = []
    for caller in graph.callers:
        plain = operations.described(caller) if isinstance(caller, Operation) else serialize_keras_object(caller)
        described.append(plain | {"name": caller.name, "inbound_nodes": nodes[caller.name]})
    numbers = iter(range(len(flatten(graph.expected))))
    return {
        "name": model.name, "trainable": model.trainable, "layers": described,
        "input_layers": map_tree(lambda _: history[next(numbers)][0], graph.expected),
        "output_layers": map_tree(lambda place: history[place.number][0], graph.result),
    }  # fmt: skip


def _written(tree: Any, tensor: Callable[[int], Any]) -> Any:  # noqa: ANN401
    if isinstance(tree, dict):
        return {name: _written(item, tensor) for name, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_written(item, tensor) for item in tree]
    return tensor(tree.number) if isinstance(tree, Place) else serialize_keras_object(tree)


def functional_from(cls: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  a Model
    """The model of `of_functional`'s answer.  Raises: ArgumentError for layers that are not known, and for calls that lead nowhere."""
    made: dict[str, Any] = {}
    waiting: list[tuple[str, dict[str, Any]]] = []
    results: dict[str, list[list[Any]]] = defaultdict(list)
    for described in config["layers"]:
        name = described.get("name") or described["config"]["name"]
        made[name] = deserialize_keras_object({k: v for k, v in described.items() if k not in {"name", "inbound_nodes"}}, custom_objects)
        if isinstance(made[name], InputLayer):
            results[name].append([made[name].output])
        waiting += [(name, node) for node in described["inbound_nodes"]]
    while waiting:
        left = [(name, node) for name, node in waiting if not _called(made[name], node, results, name)]
        if len(left) == len(waiting):
            raise ArgumentError("the file's model has calls of which no inputs are given", facts=tuple(name for name, _ in left[:5]))
        waiting = left
    inputs, outputs = (_places(config[part], results) for part in ("input_layers", "output_layers"))
    model = cls(inputs, outputs, config.get("name"))
    if not config.get("trainable", True):
        model.trainable = False
    return model


def _called(caller: Any, node: Mapping[str, Any], results: dict[str, list[list[Any]]], name: str) -> bool:  # noqa: ANN401
    """Makes a call where all that it reads is there; whether it was."""
    places = _tensors((node["args"], node["kwargs"]))
    if any(len(results[of]) <= call for of, call, _ in places):
        return False
    args, kwargs = (_read(part, results) for part in (node["args"], node["kwargs"]))
    kwargs = {option: value for option, value in kwargs.items() if value is not None}
    found = caller(*args, **kwargs) if isinstance(caller, Layer) else called_on_symbols(caller, tuple(args), kwargs)
    results[name].append(flatten(found))
    return True


def _tensors(tree: Any) -> list[tuple[str, int, int]]:  # noqa: ANN401
    """Where the symbolic values of a node's arguments come from."""
    if isinstance(tree, dict):
        if tree.get("class_name") == TENSOR:
            name, call, position = tree["config"]["keras_history"]
            return [(name, call, position)]
        return [found for item in tree.values() for found in _tensors(item)]
    return [found for item in tree for found in _tensors(item)] if isinstance(tree, (list, tuple)) else []


def _read(tree: Any, results: Mapping[str, list[list[Any]]]) -> Any:  # noqa: ANN401
    if isinstance(tree, list):
        return [_read(item, results) for item in tree]
    if isinstance(tree, dict):
        if tree.get("class_name") == TENSOR:
            name, call, position = tree["config"]["keras_history"]
            return results[name][call][position]
        if "class_name" not in tree:
            return {name: _read(item, results) for name, item in tree.items()}
    return deserialize_keras_object(tree)


def _places(tree: Any, results: Mapping[str, list[list[Any]]]) -> Any:  # noqa: ANN401
    """Inputs or outputs: [name, call, position], or a list or dict of such."""
    if isinstance(tree, dict):
        return {name: _places(item, results) for name, item in tree.items()}
    if len(tree) == 3 and isinstance(tree[0], str):
        return results[tree[0]][tree[1]][tree[2]]
    return [_places(item, results) for item in tree]
