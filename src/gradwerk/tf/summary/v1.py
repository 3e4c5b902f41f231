"""tf.compat.v1.summary: operations that give summaries as bytes, and the FileWriter that writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.io import summaries
from gradwerk.io.events import EventFile, GraphNode, pixels
from gradwerk.tf.calls import op
from gradwerk.tf.operations import here
from gradwerk.tf.values.hosted import array_of, one_text, path_of
from gradwerk.tf.values.texts import tensor_of, texts_of

# ruff: noqa: ANN401  TensorFlow's signatures

SUMMARIES = "summaries"
"""The collection that `merge_all` merges."""


def _one(*args: Any, **kwargs: Any) -> list[Any]:
    """What these operations give: one text."""
    return [((), np.dtype(object))]


def summary_op(kind: str) -> Callable[[Any], Any]:
    """A decorator: an operation that gives the bytes of a summary.

    Args:
        kind: TensorFlow's name of the type.
    """
    return op(kind, host=True, gives=_one)


@summary_op("ScalarSummary")
def _scalar(tags: str, values: Any, name: str | None = None) -> Any:
    array = array_of(values, "tensor")
    if array.size != 1:
        raise ArgumentError(f"a scalar summary is of one number, tag {tags!r}", facts=(f"tensor {array.shape}",))
    return tensor_of(np.array(summaries.scalar(tags, float(array.reshape(()))), object))


@summary_op("HistogramSummary")
def _histogram(tag: str, values: Any, name: str | None = None) -> Any:
    array = array_of(values, "values")
    if not np.isfinite(array).all():
        raise ArgumentError(f"Nan in summary histogram for: {tag}", likely="look for what became infinite or no number")
    return tensor_of(np.array(summaries.histogram(tag, array), object))


@summary_op("ImageSummary")
def _image(tag: str, tensor: Any, max_images: int = 3, name: str | None = None) -> Any:
    shown = pixels(_levels(array_of(tensor, "tensor")))[:max_images]
    tags = [f"{tag}/image"] if max_images == 1 else [f"{tag}/image/{number}" for number in range(len(shown))]
    return tensor_of(np.array(b"".join(summaries.image(each, one) for each, one in zip(tags, shown, strict=True)), object))


def _levels(images: Any) -> Any:
    """Floats as TensorFlow shows them: the largest of an image becomes white, and 0 grey where some are below."""
    if images.dtype == np.uint8 or images.ndim != 4:
        return images
    made = np.empty(images.shape, np.float64)
    for place, one in enumerate(images.astype(np.float64)):
        known = one[np.isfinite(one)]
        low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
        if low < 0:
            scale = max(abs(low), abs(high))
            made[place] = 0.5 + one / (2 * scale) if scale else 0.5
        else:
            made[place] = one / high if high else 0.0
    return made


@summary_op("TensorSummaryV2")
def _text(tag: str, tensor: Any, name: str | None = None) -> Any:
    return tensor_of(np.array(summaries.text(tag, np.asarray(texts_of(tensor, "tensor"), object)), object))


@summary_op("MergeSummary")
def _merge(inputs: Sequence[Any], name: str | None = None) -> Any:
    return tensor_of(np.array(b"".join(one_text(one, "a summary") for one in inputs), object))


def _kept(made: Any, collections: Any) -> Any:
    graph: Any = here.graph
    if graph is not None:
        graph.add_to_collections([SUMMARIES] if collections is None else list(collections), made)
    return made


def _clean(name: str) -> str:
    """A name as nodes may have it."""
    return "".join(sign if sign.isalnum() or sign in "-/_." else "_" for sign in name)


def _tag(name: str, family: str | None) -> str:
    """The name within the scopes of the graph, as TensorBoard shows it."""
    graph: Any = here.graph
    scope = graph.get_name_scope() if graph is not None else ""
    within = f"{scope}/{_clean(name)}" if scope else _clean(name)
    return f"{family}/{within}" if family else within


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Any:
    """The bytes of a summary of one number.  Raises: ArgumentError, when it is run, for more."""
    return _kept(_scalar(_tag(name, family), tensor, name=_clean(name)), collections)


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Any:
    """The bytes of a summary of how often numbers are how large.  Raises: ArgumentError, when it is run, for what is no number."""
    return _kept(_histogram(_tag(name, family), values, name=_clean(name)), collections)


def image(name: str, tensor: Any, max_outputs: int = 3, collections: Any = None, family: str | None = None) -> Any:
    """The bytes of a summary of pictures, (n, height, width, channels)."""
    return _kept(_image(_tag(name, family), tensor, max_outputs, name=_clean(name)), collections)


def text(name: str, tensor: Any, collections: Any = None) -> Any:
    """The bytes of a summary of texts."""
    return _kept(_text(_tag(name, None), tensor, name=_clean(name)), collections)


def merge(inputs: Sequence[Any], collections: Any = None, name: str | None = None) -> Any:
    """The bytes of several summaries as one."""
    return _merge(list(inputs), name=name)


def merge_all(key: str = SUMMARIES, scope: str | None = None, name: str | None = None) -> Any:
    """All summaries of the graph as one; None where there are none.  Raises: ArgumentError outside of a graph."""
    graph: Any = here.graph
    if graph is None:
        raise ArgumentError("Merging tf.summary.* ops is not compatible with eager execution.")
    found = graph.get_collection(key, scope)
    return merge(found, name=name) if found else None


def nodes_of(graph: Any) -> Iterator[GraphNode]:
    """The operations of a graph, as TensorBoard shows them: blocks by their names, shapes on the edges."""
    for operation in graph.get_operations():
        inputs = [one.name.removesuffix(":0") for one in operation.inputs]
        before = [f"^{one.name}" for one in operation.control_inputs]
        shape = operation.outputs[0].shape if operation.outputs else None
        known = None if shape is None or getattr(shape, "rank", 0) is None else tuple(shape)
        yield GraphNode(operation.name, operation.type, (*inputs, *before), known)


class FileWriter:
    """Writes summaries and graphs into an event file.

    Args:
        logdir: the folder.
        graph: a graph that is written at once.
        max_queue: as TensorFlow's; each is written at once.
        flush_secs: seconds after which what was written goes to the disk.
        graph_def: takes no other than None.
        filename_suffix: what the file's name ends in.
        session: as TensorFlow's.

    Raises: MissingExtraError without the package tensorboard, FileError where the file cannot be made.
    """

    def __init__(
        self, logdir: Any, graph: Any = None, max_queue: int = 10, flush_secs: float = 120, graph_def: None = None,
        filename_suffix: str | None = None, session: Any = None,
    ) -> None:  # fmt: skip
        self._folder, self._every, self._suffix = path_of(logdir, "logdir"), float(flush_secs), filename_suffix or ""
        self._events = EventFile(self._folder, suffix=self._suffix, every=self._every)
        if graph is not None:
            self.add_graph(graph)

    def get_logdir(self) -> str:
        """The folder."""
        return self._folder

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Writes what a summary operation gave.  Raises: ArgumentTypeError for what is no summary."""
        if hasattr(summary, "SerializeToString"):
            summary = summary.SerializeToString()
        data = summary if isinstance(summary, bytes) else one_text(summary, "summary")
        self._events.summary(data, 0 if global_step is None else int(np.asarray(global_step)))

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: None = None) -> None:
        """Writes a graph, whose name scopes are shown as blocks.  Raises: ArgumentTypeError for what is none."""
        if not hasattr(graph, "get_operations"):
            raise ArgumentTypeError(f"a graph is a tf.Graph, this is a {type(graph).__name__}")
        self._events.graph(nodes_of(graph))

    def flush(self) -> None:
        """Puts what was written on the disk."""
        self._events.flush()

    def close(self) -> None:
        """Ends the file."""
        self._events.close()

    def reopen(self) -> None:
        """A new file in the same folder, where this one was closed."""
        if self._events.closed:
            self._events = EventFile(self._folder, suffix=self._suffix, every=self._every)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
