"""TensorBoard: a callback that writes what the program of that name shows of a run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, GradwerkError
from gradwerk.base.origin import warn
from gradwerk.io.atomic import make_folder, write_atomically
from gradwerk.io.events import EventFile, GraphNode, need_tensorboard
from gradwerk.keras.callbacks.callback import Callback, Logs
from gradwerk.keras.layers.core import Embedding
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.symbolic import Node, Operation, symbols_in
from gradwerk.keras.options import checked_except, whole

Array = np.ndarray[Any, np.dtype[Any]]


class TensorBoard(Callback):
    """Writes event files for TensorBoard: losses and metrics, weights as histograms and images, the model's graph.

    `tensorboard --logdir logs` shows them.  What is said of training is in `train` of the folder, what of validation in `validation`.
    Needs the extra `tensorboard`.

    Args:
        log_dir: the folder.
        histogram_freq: after how many epochs weights are written as histograms; 0 for never.
        write_graph: whether the model's graph is.
        write_images: whether weights are written as images too, with their histograms.
        write_steps_per_second: whether the speed is.
        update_freq: "epoch", "batch", or after how many batches losses and metrics are written.
        profile_batch: 0; of one batch or a range of them the time that it took is written.
        embeddings_freq: after how many epochs the vectors of Embedding layers are written, for the projector; 0 for never.
        embeddings_metadata: a file with a label for each vector, or one for each layer by its name.

    Raises: ArgumentError for options of another kind; MissingExtraError without the package tensorboard.
    """

    @checked_except("log_dir", "update_freq", "profile_batch", "histogram_freq", "embeddings_freq")
    def __init__(
        self, log_dir: str | Path = "logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False,  # noqa: FBT001, FBT002
        write_steps_per_second: bool = False, update_freq: str | int = "epoch", profile_batch: Any = 0,  # noqa: ANN401, FBT001, FBT002
        embeddings_freq: int = 0, embeddings_metadata: str | Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        need_tensorboard()
        if not isinstance(log_dir, (str, Path)):
            raise ArgumentError(f"TensorBoard: log_dir is a folder, this is {log_dir!r}")
        self.log_dir = str(log_dir)
        self.histogram_freq = whole("TensorBoard", "histogram_freq", histogram_freq)
        self.embeddings_freq = whole("TensorBoard", "embeddings_freq", embeddings_freq)
        self.write_graph, self.write_images, self.write_steps_per_second = write_graph, write_images, write_steps_per_second
        self.update_freq = _update_freq(update_freq)
        self.timed = _batches("TensorBoard", profile_batch)
        self.embeddings_metadata = embeddings_metadata
        self._files: dict[str, EventFile] = {}
        self._batches = self._batches_before = 0
        self._began = self._epoch_began = 0.0
        self._graph_is_due = False

    def file(self, part: str) -> EventFile:
        """The file of `train` or `validation`."""
        if part not in self._files or self._files[part].closed:
            self._files[part] = EventFile(Path(self.log_dir) / part)
        return self._files[part]

    def set_model(self, model: Any) -> None:  # noqa: ANN401  a Model
        """Writes the graph."""
        super().set_model(model)
        if self.write_graph:
            self._write_graph()
        if self.embeddings_freq:
            self._write_projector()

    def _write_graph(self) -> None:
        """The conceptual graph of a model whose config can be written, and the graph of its calls.  Warns where it has no config."""
        if getattr(self.model, "graph", None) is None and not hasattr(self.model, "_layers"):
            return
        try:
            described = self.model.to_json()
        except GradwerkError as error:
            warn(f"TensorBoard: the model is not shown, it has no config: {error.message}")
            return
        self.file("train").keras_model("keras", described)
        self._graph_is_due = True
        self._write_calls()

    def _write_calls(self) -> None:
        """The graph of calls, once the model is built."""
        if self._graph_is_due and self.model.built:
            self._graph_is_due = False
            self.file("train").graph(graph_of(self.model))
            self.file("train").flush()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Counts batches anew."""
        self._batches = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Takes the time."""
        self._epoch_began, self._batches_before = time.perf_counter(), self._batches

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Takes the time."""
        self._batches += 1
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Losses and metrics of batches, where they are asked for."""
        seconds = time.perf_counter() - self._began
        self._write_calls()
        if self.timed is not None and self.timed[0] <= self._batches <= self.timed[1]:
            self.file("train").scalar("batch_seconds", seconds, self._batches)
        if not self.update_freq or self._batches % self.update_freq:
            return
        if self.write_steps_per_second:
            self.file("train").scalar("batch_steps_per_second", 1 / max(seconds, 1e-9), self._batches)
        for name, value in (logs or {}).items():
            self.file("train").scalar(f"batch_{name}", value, self._batches)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Losses, metrics and the learning rate; weights, where they are asked for."""
        said = dict(logs or {})
        if not said:
            return
        of_training = {name: value for name, value in said.items() if not name.startswith("val_")}
        of_training.update(self._rates())
        if self.write_steps_per_second:
            of_training["steps_per_second"] = (self._batches - self._batches_before) / max(time.perf_counter() - self._epoch_began, 1e-9)
        for name, value in of_training.items():
            self.file("train").scalar(f"epoch_{name}", value, epoch)
        for name, value in said.items():
            if name.startswith("val_"):
                self.file("validation").scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings()
        for file in self._files.values():
            file.flush()

    def _rates(self) -> dict[str, float]:
        optimizer = self.model.optimizer
        rate = getattr(getattr(optimizer, "inner_optimizer", optimizer), "learning_rate", None)
        return {} if rate is None else {"learning_rate": float(rate.item() if hasattr(rate, "item") else rate)}

    def _write_weights(self, epoch: int) -> None:
        for layer in self.model.layers:
            for weight in layer.weights:
                name, values = str(weight.path).replace(":", "_"), weight.numpy()
                self.file("train").histogram(f"{name}/histogram", values, epoch)
                image = as_image(values) if self.write_images else None
                if image is not None:
                    self.file("train").images(f"{name}/image", image, epoch)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Losses and metrics by how many steps the optimizer has made."""
        optimizer = self.model.optimizer
        if optimizer is not None and hasattr(optimizer, "iterations"):
            step = int(optimizer.iterations.item())
            for name, value in (logs or {}).items():
                self.file("validation").scalar(f"evaluation_{name}_vs_iterations", value, step)
            self.file("validation").flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Ends the files."""
        for file in self._files.values():
            file.close()

    # ---- vectors of embeddings

    def _embeddings(self) -> list[Embedding]:
        return [layer for layer in self.model.layers if isinstance(layer, Embedding)]

    def _write_projector(self) -> None:
        """What the projector shows, and its labels.  Raises: ArgumentError for labels of a layer that is not there."""
        labels, lines = self.embeddings_metadata, []
        by_layer = dict(labels) if isinstance(labels, Mapping) else {}
        for layer in self._embeddings():
            path = labels if isinstance(labels, str) else by_layer.pop(layer.name, None)
            told = {"tensor_name": layer.name, "tensor_path": f"{layer.name}.tsv", **({"metadata_path": path} if path else {})}
            lines.append("embeddings {\n" + "".join(f"  {name}: {json.dumps(value)}\n" for name, value in told.items()) + "}\n")
        if by_layer:
            raise ArgumentError(f"TensorBoard: embeddings_metadata names {next(iter(by_layer))!r}, which is no Embedding of the model")
        folder = Path(self.log_dir)
        make_folder(folder)
        write_atomically(folder / "projector_config.pbtxt", "".join(lines).encode())

    def _write_embeddings(self) -> None:
        """The vectors, a line each, as the projector reads them."""
        for layer in self._embeddings():
            rows = layer.embeddings.numpy()
            text = "".join("\t".join(map(repr, map(float, row))) + "\n" for row in rows)
            write_atomically(Path(self.log_dir) / f"{layer.name}.tsv", text.encode())


def _update_freq(value: object) -> int:
    """After how many batches something is written; 0 for after epochs alone.  Raises: ArgumentError."""
    if isinstance(value, str):
        if value in ("epoch", "batch"):
            return int(value == "batch")
        raise ArgumentError(f"TensorBoard: update_freq is 'epoch', 'batch' or a number of batches, this is {value!r}")
    return whole("TensorBoard", "update_freq", value, 1)


def _batches(owner: str, value: Any) -> tuple[int, int] | None:  # noqa: ANN401
    """The first and the last batch of a range, from 1 on; None for 0.  Raises: ArgumentError."""
    given = value.split(",") if isinstance(value, str) else value
    pair = list(given) if isinstance(given, (tuple, list)) else [given, given]
    try:
        pair = [int(one) if isinstance(one, str) else one for one in pair]
    except ValueError:
        pair = []
    if len(pair) != 2 or not all(isinstance(one, int) and not isinstance(one, bool) for one in pair) or not 0 <= pair[0] <= pair[1]:
        raise ArgumentError(f"{owner}: profile_batch is a batch, or the first and the last of several, this is {value!r}")
    return None if pair == [0, 0] else (pair[0], pair[1])


def as_image(weight: Array) -> Array | None:
    """A weight as grey images, as Keras shows it; None where it has too many axes.  Shape: (n, height, width, 1)."""
    values = np.squeeze(weight)
    if values.ndim == 1:
        return values.reshape(1, -1, 1, 1)
    if values.ndim == 2:
        return (values.T if values.shape[0] > values.shape[1] else values)[None, ..., None]
    if values.ndim == 3:
        return values.transpose(2, 0, 1)[..., None]
    return values if values.ndim == 4 and values.shape[-1] in (1, 3, 4) else None


def graph_of(model: Any, scope: str = "") -> Iterator[GraphNode]:  # noqa: ANN401  a Model
    """The calls between a model's inputs and outputs: each layer is a block of its calls and its weights."""
    found: dict[int, str] = {}
    for symbol in model.inputs:
        found[id(symbol)] = f"{scope}{symbol.name}"
        yield GraphNode(found[id(symbol)], "Placeholder", shape=symbol.shape)
    for symbol in model.outputs:
        yield from _called(symbol, found, scope)


def _called(symbol: Any, found: dict[int, str], scope: str) -> Iterator[GraphNode]:  # noqa: ANN401  a KerasTensor
    """The node that gives a symbolic value, after those that it needs."""
    waiting = [symbol]
    while waiting:
        one = waiting[-1]
        if id(one) in found or one.node is None:
            waiting.pop()
            continue
        needed = [given for given in symbols_in((one.node.args, one.node.kwargs)) if id(given) not in found and given.node is not None]
        if needed:
            waiting += needed
            continue
        waiting.pop()
        yield from _blocks(one.node, found, scope)
        for result in symbols_in(one.node.results):
            found[id(result)] = _name_of(one.node, scope)


def _name_of(node: Node, scope: str) -> str:
    """`dense/Dense`, for a second call of the layer `dense/Dense_1`."""
    return f"{scope}{node.caller.name}/{_kind_of(node.caller)}{f'_{node.number}' if node.number else ''}"


def _kind_of(caller: Any) -> str:  # noqa: ANN401  a layer or operation
    return caller.kind if isinstance(caller, Operation) else type(caller).__name__


def _blocks(node: Node, found: dict[int, str], scope: str) -> Iterator[GraphNode]:
    """The weights that a call reads, at its layer's first, and the call."""
    weights = _weights(node.caller)
    for path, weight in weights if not node.number else ():
        yield GraphNode(f"{scope}{node.caller.name}/{path}", "VariableV2", shape=tuple(weight.shape))
    inputs = [found[id(given)] for given in symbols_in((node.args, node.kwargs)) if id(given) in found]
    inputs += [f"{scope}{node.caller.name}/{path}" for path, _ in weights]
    results = symbols_in(node.results)
    said = {"layer": node.caller.name}
    yield GraphNode(_name_of(node, scope), _kind_of(node.caller), tuple(inputs), shape=results[0].shape, attributes=said)


def _weights(caller: Any) -> list[tuple[str, Any]]:  # noqa: ANN401  a layer or operation
    """The weights of a layer and of those inside, by their paths within it."""
    if not isinstance(caller, Layer):
        return []
    weights: list[Any] = caller.weights
    paths = [("/".join(str(weight.path).split("/")[1:]) or f"weight_{number}", weight) for number, weight in enumerate(weights)]
    return paths if len(dict(paths)) == len(paths) else [(f"weight_{number}", weight) for number, (_, weight) in enumerate(paths)]
