"""Event files, which TensorBoard shows: numbers, histograms, images, texts, graphs, trials.  By the package `tensorboard`, an extra.

    with EventFile("logs/train") as events:
        events.scalar("epoch_loss", 0.3, step=1)

Written at once and in order, by the thread that asks; what was written is on the disk after `flush`, `close`, or `every` seconds.
"""

from __future__ import annotations

import itertools
import os
import platform
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, FileError, MissingExtraError, ShapeError
from gradwerk.io.png import encoded

Array = np.ndarray[Any, np.dtype[Any]]
BUCKETS = 30
_files = itertools.count()
"""Tells the files of one process apart."""


@dataclass(frozen=True)
class GraphNode:
    """A node of a graph that is shown: `/` in its name makes blocks, `inputs` are names of others."""

    name: str
    kind: str
    inputs: tuple[str, ...] = ()
    shape: tuple[int | None, ...] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def need_tensorboard() -> None:
    """Raises: MissingExtraError where the package is not installed."""
    try:
        import tensorboard.compat.proto.event_pb2  # noqa: F401, PLC0415  an extra
    except ImportError:
        raise MissingExtraError(
            "tensorboard is not installed: it writes what TensorBoard shows", likely="pip install 'gradwerk[tensorboard]'"
        ) from None


class EventFile:
    """A new file of events in a folder, which is made where it is missing.

    Args:
        folder: where.
        suffix: what its name ends in.
        every: seconds after which what was written goes to the disk.

    Raises: MissingExtraError without the package tensorboard; FileError where the file cannot be made.
    """

    def __init__(self, folder: str | Path, *, suffix: str = "", every: float = 120.0) -> None:
        need_tensorboard()
        from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: PLC0415  an extra

        name = f"events.out.tfevents.{int(time.time()):010d}.{platform.node()}.{os.getpid()}.{next(_files)}{suffix}"
        self.path, self.every = Path(folder) / name, every
        with _writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb")
        weakref.finalize(self, _end, self._file)
        self._records, self._flushed = RecordWriter(self._file), time.monotonic()
        self._write(file_version="brain.Event:2")
        self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether nothing more is written."""
        return self._file.closed

    def flush(self) -> None:
        """Puts what was written on the disk."""
        if not self.closed:
            with self._written():
                self._file.flush()
            self._flushed = time.monotonic()

    def close(self) -> None:
        """Ends the file."""
        with self._written():
            self._file.close()

    @contextmanager
    def _written(self) -> Iterator[None]:
        """What cannot be written ends the file: each further try would write the rest behind a torn record."""
        try:
            with _writing(self.path):
                yield
        except FileError:
            _end(self._file)
            raise

    def _write(self, *, step: int = 0, moment: float | None = None, **what: Any) -> None:  # noqa: ANN401  protos
        from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415  an extra

        event = Event(wall_time=time.time() if moment is None else moment, step=int(step), **what)
        with self._written():
            self._records.write(event.SerializeToString())
        if time.monotonic() - self._flushed > self.every:
            self.flush()

    def _value(self, tag: str, plugin: Any, tensor: Any, step: int, moment: float | None) -> None:  # noqa: ANN401  metadata, a proto
        from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415  an extra

        value = Summary.Value(tag=str(tag), metadata=plugin, tensor=tensor)
        self._write(step=step, moment=moment, summary=Summary(value=[value]))

    # ---- what is shown

    def scalar(self, tag: str, value: float, step: int, *, moment: float | None = None) -> None:
        """A number at a step."""
        from tensorboard.plugins.scalar.metadata import create_summary_metadata  # noqa: PLC0415  an extra

        self._value(tag, create_summary_metadata(None, None), _tensor(np.float32(value)), step, moment)

    def histogram(self, tag: str, values: Array, step: int, *, moment: float | None = None, buckets: int = BUCKETS) -> None:
        """How often numbers are how large.  Raises: DTypeError for what are no numbers."""
        from tensorboard.plugins.histogram.metadata import create_summary_metadata  # noqa: PLC0415  an extra

        self._value(tag, create_summary_metadata(None, None), _tensor(counted(values, buckets)), step, moment)

    def images(self, tag: str, images: Array, step: int, *, moment: float | None = None, most: int = 3) -> None:
        """The first of several images.  Shape: (n, height, width, channels); of floats from 0 to 1, or bytes.  Raises: as `pixels`."""
        from tensorboard.plugins.image.metadata import create_summary_metadata  # noqa: PLC0415  an extra

        levels = pixels(images)
        height, width = levels.shape[1:3]
        strings = [str(width).encode(), str(height).encode(), *(encoded(image) for image in levels[:most])]
        self._value(tag, create_summary_metadata(None, None), _tensor(np.array(strings, object)), step, moment)

    def text(self, tag: str, text: str, step: int, *, moment: float | None = None) -> None:
        """A text, shown as Markdown."""
        from tensorboard.plugins.text.metadata import create_summary_metadata  # noqa: PLC0415  an extra

        self._value(tag, create_summary_metadata(None, None), _tensor(np.array(text.encode(), object)), step, moment)

    def summary(self, data: bytes, step: int, *, moment: float | None = None) -> None:
        """What an operation of TensorFlow 1 gave: a Summary, as bytes.  Raises: ArgumentError for other bytes."""
        from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415  an extra

        try:
            said = Summary.FromString(data)
        except Exception:  # the DecodeError of the package that tensorboard stands on
            raise ArgumentError("the bytes are no summary", facts=(f"{data[:40]!r}",)) from None
        self._write(step=step, moment=moment, summary=said)

    def keras_model(self, tag: str, json: str, step: int = 0) -> None:
        """A model by its config, as Keras writes it: shown as its conceptual graph."""
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata  # noqa: PLC0415  an extra

        plugin = SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
        self._value(tag, SummaryMetadata(plugin_data=plugin), _tensor(np.array(json.encode(), object)), step, None)

    def graph(self, nodes: Iterable[GraphNode]) -> None:
        """A graph of nodes, whose blocks are those of their names."""
        from tensorboard.compat.proto.graph_pb2 import GraphDef  # noqa: PLC0415  an extra

        graph = GraphDef()
        graph.versions.producer = 22
        for one in nodes:
            made = graph.node.add(name=one.name, op=one.kind)
            made.input.extend(one.inputs)
            if one.shape is not None:
                shape = made.attr["_output_shapes"].list.shape.add()
                for extent in one.shape:
                    shape.dim.add(size=-1 if extent is None else extent)
            for name, said in one.attributes.items():
                made.attr[name].s = said.encode()
        self._write(graph_def=graph.SerializeToString())

    def trial(self, hyperparameters: Mapping[str, Any], metrics: Sequence[str]) -> None:
        """What a run was tried with, and the tags of what it is judged by.  Raises: ArgumentError for what is no number, text or truth."""
        from tensorboard.plugins.hparams import summary_v2  # noqa: PLC0415  an extra

        for name, value in hyperparameters.items():
            if not isinstance(value, (bool, int, float, str)):
                raise ArgumentError(f"a hyperparameter is a number, a text or a truth value, {name!r} is a {type(value).__name__}")
        judged = [summary_v2.Metric(name) for name in metrics]
        known = [summary_v2.HParam(name) for name in hyperparameters]
        self._write(summary=summary_v2.hparams_config_pb(known, judged))
        self._write(summary=summary_v2.hparams_pb(dict(hyperparameters)))

    def trial_ended(self) -> None:
        """A run that was tried has come to its end."""
        from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415  an extra
        from tensorboard.plugins.hparams import metadata, plugin_data_pb2  # noqa: PLC0415

        end = plugin_data_pb2.SessionEndInfo(status=2, end_time_secs=time.time())
        said = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(session_end_info=end))
        value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=said, tensor=metadata.NULL_TENSOR)
        self._write(summary=Summary(value=[value]))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Names the file.  Raises: FileError."""
    try:
        yield
    except OSError as error:
        raise FileError(f"{path} cannot be written", facts=(error.strerror or str(error),)) from None


def _end(file: IO[bytes]) -> None:
    """Closes a file, whether or not what it still holds can be written."""
    with suppress(OSError):
        file.close()


def _tensor(array: Any) -> Any:  # noqa: ANN401  a proto
    from tensorboard.util.tensor_util import make_tensor_proto  # noqa: PLC0415  an extra

    return make_tensor_proto(array)


def counted(values: Array, buckets: int = BUCKETS) -> Array:
    """Rows of (from, to, how many).  Shape: (buckets, 3); (0, 3) where there is nothing.  Raises: DTypeError for what are no numbers."""
    if not dtypes.is_numeric(values.dtype):
        raise DTypeError(f"a histogram is one of numbers, this is an array of {dtypes.name(values.dtype)}")
    flat = values.astype(np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    if not flat.size or buckets < 1:
        return np.zeros((0, 3))
    low, high = flat.min(), flat.max()
    if low == high:
        counts = np.zeros(buckets)
        counts[-1] = flat.size
        return np.stack([np.full(buckets, low), np.full(buckets, high), counts], 1)
    places = np.minimum(((flat - low) / ((high - low) / buckets)).astype(np.int64), buckets - 1)
    edges = np.linspace(low, high, buckets + 1)
    return np.stack([edges[:-1], edges[1:], np.bincount(places, minlength=buckets)], 1)


def pixels(images: Array) -> Array:
    """Images as bytes.

    Shape: (n, height, width, channels) with 1 to 4 channels, kept.  Raises: ShapeError for another; DTypeError for what are no numbers.
    """
    if images.ndim != 4 or images.shape[-1] not in (1, 2, 3, 4):
        raise ShapeError("images are (n, height, width, channels) with 1 to 4 channels", facts=(f"images {images.shape}",))
    if images.dtype == np.uint8:
        return images
    if not dtypes.is_numeric(images.dtype) and not dtypes.is_bool(images.dtype):
        raise DTypeError(f"images are floats from 0 to 1, or bytes, this is an array of {dtypes.name(images.dtype)}")
    if not dtypes.is_float(images.dtype) and not dtypes.is_bool(images.dtype):
        return np.clip(images, 0, 255).astype(np.uint8)
    levels = np.nan_to_num(images.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0)
    return np.minimum(np.clip(levels, 0, 1) * 255.5, 255).astype(np.uint8)
