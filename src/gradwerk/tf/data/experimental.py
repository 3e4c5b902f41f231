"""tf.data.experimental: steps by their earlier names, tables, records, and what only few ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.data.ahead import AUTOTUNE
from gradwerk.data.elements import Texts
from gradwerk.data.sources import INFINITE as INFINITE_CARDINALITY
from gradwerk.data.sources import UNKNOWN as UNKNOWN_CARDINALITY
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.data.dataset import Dataset
from gradwerk.tf.data.optional import Optional
from gradwerk.tf.data.options import (
    AutoShardPolicy,
    DistributeOptions,
    ExternalStatePolicy,
    OptimizationOptions,
    ThreadingOptions,
)  # fmt: skip
from gradwerk.tf.data.steps import Counted
from gradwerk.tf.data.tables import CsvDataset, make_csv_dataset
from gradwerk.tf.io.files import TFRecordWriter as Records
from gradwerk.tf.io.parsing import parse_example

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures

Step = Callable[[Any], Any]


def cardinality(dataset: Dataset) -> Any:
    """How many elements: -1 for without an end, -2 for unknown.  Dtype: int64."""
    return dataset.cardinality()


def assert_cardinality(expected_cardinality: int) -> Step:
    """A step that says how many elements there are."""
    return lambda dataset: Dataset(Counted(dataset.source, int(expected_cardinality)))


def Counter(start: int = 0, step: int = 1, dtype: Any = "int64") -> Dataset:  # noqa: N802  TensorFlow's name
    """Whole numbers without an end."""
    return Dataset.counter(start, step, dtype)


def RandomDataset(seed: int | None = None) -> Dataset:  # noqa: N802  TensorFlow's name
    """Random whole numbers without an end."""
    return Dataset.random(seed)


def unbatch() -> Step:
    """A step: the rows of each element."""
    return lambda dataset: dataset.unbatch()


def unique() -> Step:
    """A step: each element once."""
    return lambda dataset: dataset.unique()


def ignore_errors(log_warning: bool = False) -> Step:
    """A step: without the elements whose making is refused."""
    return lambda dataset: dataset.ignore_errors()


def take_while(predicate: Callable[..., Any]) -> Step:
    """A step: elements before the first of which a function does not say so."""
    return lambda dataset: dataset.take_while(predicate)


def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Step:
    """A step: as Dataset.scan."""
    return lambda dataset: dataset.scan(initial_state, scan_func)


def enumerate_dataset(start: int = 0) -> Step:
    """A step: each element with its number before it."""
    return lambda dataset: dataset.enumerate(start)


def shuffle_and_repeat(buffer_size: int, count: int | None = None, seed: int | None = None) -> Step:
    """A step: shuffled, and gone through so many times."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def map_and_batch(
    map_func: Callable[..., Any], batch_size: int, num_parallel_batches: int | None = None, drop_remainder: bool = False,
    num_parallel_calls: int | None = None,
) -> Step:  # fmt: skip
    """A step: a function of each element, and batches of what it gives."""
    return lambda dataset: dataset.map(map_func, num_parallel_calls).batch(batch_size, drop_remainder)


def parallel_interleave(
    map_func: Callable[..., Any], cycle_length: int, block_length: int = 1, sloppy: bool = False, buffer_output_elements: int | None = None,
    prefetch_input_elements: int | None = None,
) -> Step:  # fmt: skip
    """A step: as Dataset.interleave."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length)


def prefetch_to_device(device: str, buffer_size: int | None = None) -> Step:
    """A step: elements made ahead; they stay on the host."""
    return lambda dataset: dataset.prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def copy_to_device(target_device: str, source_device: str = "/cpu:0") -> Step:
    """A step that leaves elements on the host."""
    return lambda dataset: dataset


def dense_to_ragged_batch(batch_size: int, drop_remainder: bool = False, row_splits_dtype: Any = "int64") -> Step:
    """A step: as Dataset.ragged_batch."""
    return lambda dataset: dataset.ragged_batch(batch_size, drop_remainder)


def dense_to_sparse_batch(batch_size: int, row_shape: Any) -> Step:
    """A step: as Dataset.sparse_batch."""
    return lambda dataset: dataset.sparse_batch(batch_size, row_shape)


def group_by_window(
    key_func: Callable[..., Any], reduce_func: Callable[[Any, Any], Any], window_size: int | None = None,
    window_size_func: Callable[[Any], Any] | None = None,
) -> Step:  # fmt: skip
    """A step: as Dataset.group_by_window."""
    return lambda dataset: dataset.group_by_window(key_func, reduce_func, window_size, window_size_func)


def bucket_by_sequence_length(
    element_length_func: Callable[..., Any], bucket_boundaries: Sequence[int], bucket_batch_sizes: Sequence[int],
    padded_shapes: Any = None, padding_values: Any = None, pad_to_bucket_boundary: bool = False, no_padding: bool = False,
    drop_remainder: bool = False,
) -> Step:  # fmt: skip
    """A step: as Dataset.bucket_by_sequence_length."""
    return lambda dataset: dataset.bucket_by_sequence_length(
        element_length_func, bucket_boundaries, bucket_batch_sizes, padded_shapes, padding_values, pad_to_bucket_boundary, no_padding,
        drop_remainder,
    )  # fmt: skip


def rejection_resample(class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: int | None = None) -> Step:
    """A step: as Dataset.rejection_resample."""
    return lambda dataset: dataset.rejection_resample(class_func, target_dist, initial_dist, seed)


def snapshot(path: Any, compression: str = "AUTO", reader_func: Any = None, shard_func: Any = None) -> Step:
    """A step: as Dataset.snapshot."""
    return lambda dataset: dataset.snapshot(path)


def parse_example_dataset(features: Any, num_parallel_calls: int | None = 1, deterministic: bool | None = None) -> Step:
    """A step: batches of serialized examples as their features.  Raises: ArgumentError for none."""
    if features is None:
        raise ArgumentError("Argument `features` is required, but not specified.")
    return lambda dataset: dataset.map(lambda serialized: parse_example(serialized, features))


def get_single_element(dataset: Dataset) -> Any:
    """The one element of a data set."""
    return dataset.get_single_element()


def get_next_as_optional(iterator: Any) -> Optional:
    """The next element of an iterator, or nothing."""
    found: Optional = iterator.get_next_as_optional()
    return found


def get_structure(dataset_or_iterator: Any) -> Any:
    """What is said of an element."""
    return dataset_or_iterator.element_spec


def sample_from_datasets(
    datasets: Sequence[Any], weights: Any = None, seed: int | None = None, stop_on_empty_dataset: bool = False
) -> Dataset:
    """As Dataset.sample_from_datasets."""
    return Dataset.sample_from_datasets(datasets, weights, seed, stop_on_empty_dataset)


def choose_from_datasets(datasets: Sequence[Any], choice_dataset: Any, stop_on_empty_dataset: bool = False) -> Dataset:
    """As Dataset.choose_from_datasets."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


def from_list(elements: Sequence[Any], name: str | None = None) -> Dataset:
    """The elements of a list, of one structure.  Raises: ArgumentError for none."""
    if not elements:
        raise ArgumentError("Invalid `elements`. `elements` should not be empty.")
    made: Any = Dataset.from_tensors(elements[0])
    for one in elements[1:]:
        made = made.concatenate(Dataset.from_tensors(one))
    found: Dataset = made
    return found


def save(dataset: Dataset, path: Any, compression: str | None = None, shard_func: Any = None, checkpoint_args: Any = None) -> None:
    """As Dataset.save."""
    dataset.save(path)


def load(path: Any, element_spec: Any = None, compression: str | None = None, reader_func: Any = None) -> Dataset:
    """As Dataset.load."""
    return Dataset.load(path)


class TFRecordWriter:
    """Writes a data set of texts into a TFRecord file.

    Args:
        filename: of the file.
        compression_type: "", "GZIP" or "ZLIB".
    """

    def __init__(self, filename: Any, compression_type: Any = None) -> None:
        self._path, self._compression = filename, compression_type

    def write(self, dataset: Dataset) -> None:
        """All elements.  Raises: ArgumentError for a data set of others than single texts."""
        with Records(self._path, self._compression) as file:
            for element in dataset.source.elements():
                if not isinstance(element, Texts) or element.ndim:
                    raise ArgumentError("TFRecordWriter writes single texts", facts=(f"{dataset.element_spec}",))
                file.write(np.asarray(element, object).item())


__all__ = [
    "AUTOTUNE", "AutoShardPolicy", "Counter", "CsvDataset", "DistributeOptions", "ExternalStatePolicy", "INFINITE_CARDINALITY",
    "OptimizationOptions", "Optional", "RandomDataset", "TFRecordWriter", "ThreadingOptions", "UNKNOWN_CARDINALITY", "assert_cardinality",
    "bucket_by_sequence_length", "cardinality", "choose_from_datasets", "copy_to_device", "dense_to_ragged_batch", "dense_to_sparse_batch",
    "enumerate_dataset", "from_list", "get_next_as_optional", "get_single_element", "get_structure", "group_by_window", "ignore_errors",
    "load", "make_csv_dataset", "map_and_batch", "parallel_interleave", "parse_example_dataset", "prefetch_to_device",
    "rejection_resample", "sample_from_datasets", "save", "scan", "shuffle_and_repeat", "snapshot", "take_while", "unbatch", "unique",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.data.experimental", __name__)
