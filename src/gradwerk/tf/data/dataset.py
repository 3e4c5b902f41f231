"""tf.data.Dataset: the chained data set of `gradwerk.data`, whose elements are Tensors, texts, ragged and sparse values of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.data import dataset as chained
from gradwerk.data.chain_options import whole_number
from gradwerk.data.elements import Texts, Tree, as_element, plain
from gradwerk.tf.data.graph_iterators import Fed, GraphIterator
from gradwerk.tf.data.iterators import DatasetIterator
from gradwerk.tf.data.options import Options
from gradwerk.tf.data.parts import RaggedPart, SparsePart
from gradwerk.tf.data.steps import (
    Bucketed,
    Chosen,
    Drawn,
    Grouped,
    RaggedBatched,
    Resampled,
    Saved,
    SparseBatched,
    Tolerant,
)  # fmt: skip
from gradwerk.tf.operations import at_run_time, computing, first_symbol, here
from gradwerk.tf.specs import spec_shown
from gradwerk.tf.values.texts import TextTensor, tensor_of

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


class Kind(type):
    """The class of Dataset: every chained data set counts as one, those that Keras' functions give too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return type.__instancecheck__(cls, instance) or (cls is Dataset and isinstance(instance, chained.Dataset))


class Dataset(chained.Dataset, metaclass=Kind):
    """Elements one after the other, and what is done to them, step after step; made by its functions, not by its class.

    A function that is given to `map` and the like is called for each element, with Tensors that can be computed with and read.

    Args:
        source: where its elements come from.

    Source: https://www.tensorflow.org/api_docs/python/tf/data/Dataset
    """

    kept: Options | None = None
    """What `with_options` said."""

    # ---- made of

    @classmethod
    def from_tensor_slices(cls, tensors: Tree, name: str | None = None) -> Dataset:
        """The rows of arrays; of Tensors of a graph those that they have when an iterator is initialized.

        Raises: ShapeError where there is no first axis, or lengths differ; DTypeError for what is no array.
        """
        if here.graph is not None and first_symbol(flatten(tensors)) is not None:
            return cls(Fed(tensors))
        return super().from_tensor_slices(tensors)  # type: ignore[return-value]  # of this class

    @classmethod
    def from_generator(
        cls, generator: Callable[..., Any], output_types: Tree = None, output_shapes: Tree = None, args: Sequence[Any] | None = None,
        output_signature: Tree = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """What a function gives that is gone through, each time anew; output_signature has a TensorSpec for each part.

        Raises: ArgumentTypeError for what is no function, ArgumentError without a signature.
        """
        if callable(generator) and args is not None:
            generator = _with_arrays(generator)
        return super().from_generator(generator, output_types, output_shapes, args, output_signature)  # type: ignore[return-value]  # of this class

    @staticmethod
    def counter(start: int = 0, step: int = 1, dtype: Any = "int64", name: str | None = None) -> Dataset:
        """Whole numbers without an end."""
        return Dataset(Drawn.counted(int(start), int(step), dtype))

    @staticmethod
    def random(seed: int | None = None, rerandomize_each_iteration: bool | None = None, name: str | None = None) -> Dataset:
        """Random whole numbers below 2^32 without an end.  Dtype: int64."""
        return Dataset(Drawn.random(seed, anew=bool(rerandomize_each_iteration)))

    @staticmethod
    def sample_from_datasets(
        datasets: Sequence[Any], weights: Any = None, seed: int | None = None, stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:  # fmt: skip
        """Elements of several data sets, each of one drawn by chance, with these weights.

        Args:
            datasets: the data sets.
            weights: a number for each, or a data set of such lists; the same for all unless given.
            seed: of the draws.
            stop_on_empty_dataset: whether it ends with the first that does.
            rerandomize_each_iteration: whether each time in another order.

        Raises: ArgumentError for none, or as many weights.
        """
        return Dataset(Chosen.by_chance(datasets, weights, seed, stop=stop_on_empty_dataset, anew=bool(rerandomize_each_iteration)))

    @staticmethod
    def choose_from_datasets(datasets: Sequence[Any], choice_dataset: Any, stop_on_empty_dataset: bool = True) -> Dataset:
        """Elements of several data sets, each of the one whose number `choice_dataset` says.  Raises: ArgumentError for none."""
        return Dataset(Chosen.by_numbers(datasets, choice_dataset, stop=stop_on_empty_dataset))

    @staticmethod
    def load(path: Any, element_spec: Any = None, compression: str | None = None, reader_func: Any = None) -> Dataset:
        """What `save` wrote.  Raises: FileError, DataError where it is no such folder."""
        return Dataset(Saved.read(path))

    # ---- what is done to them

    def ragged_batch(
        self, batch_size: int, drop_remainder: bool = False, row_splits_dtype: Any = "int64", name: str | None = None
    ) -> Dataset:
        """So many elements as one: ragged where their lengths differ.  Raises: ArgumentError for no count."""
        return self._then(RaggedBatched(self.source, whole_number("ragged_batch", "batch_size", batch_size), bool(drop_remainder)))

    def sparse_batch(self, batch_size: int, row_shape: Any, name: str | None = None) -> Dataset:
        """So many vectors as one sparse matrix of rows of this shape.  Raises: ArgumentError for no count."""
        shape = [None if one in (None, -1) else int(one) for one in row_shape]
        return self._then(SparseBatched(self.source, whole_number("sparse_batch", "batch_size", batch_size), whole=False, shape=shape))

    def bucket_by_sequence_length(
        self, element_length_func: Callable[..., Any], bucket_boundaries: Sequence[int], bucket_batch_sizes: Sequence[int],
        padded_shapes: Tree = None, padding_values: Tree = None, pad_to_bucket_boundary: bool = False, no_padding: bool = False,
        drop_remainder: bool = False, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Batches of elements of about one length, filled up to the longest of each.

        Args:
            element_length_func: the length of an element.
            bucket_boundaries: a bucket holds lengths from one of these up to below the next.
            bucket_batch_sizes: how many make a batch, one number more than boundaries.
            padded_shapes: as for padded_batch.
            padding_values: as for padded_batch.
            pad_to_bucket_boundary: whether they are filled up to one less than the bucket's end.
            no_padding: whether they have one length already, or are sparse.
            drop_remainder: whether batches that are not full at the end are left out.
            name: of the step.

        Raises: ArgumentError where there are not as many sizes, ShapeError for a length beyond with pad_to_bucket_boundary.
        """
        if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
            raise ArgumentError("bucket_batch_sizes has one number more than bucket_boundaries")
        length = self._measured(element_length_func)
        buckets = Bucketed(
            self.source, length, tuple(bucket_boundaries), tuple(bucket_batch_sizes), padded_shapes, padding_values,
            to_boundary=pad_to_bucket_boundary, plain=no_padding, whole=drop_remainder,
        )  # fmt: skip
        return self._then(buckets)

    def group_by_window(
        self, key_func: Callable[..., Any], reduce_func: Callable[[Any, Any], Any], window_size: int | None = None,
        window_size_func: Callable[[Any], Any] | None = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Elements of one key, as many as a window holds, as a data set of which `reduce_func(key, data set)` makes another.

        Raises: ArgumentError unless one of window_size and window_size_func is given.
        """
        if (window_size is None) == (window_size_func is None):
            raise ArgumentError("Must pass either `window_size` or `window_size_func`, and not both")
        size = (lambda key: window_size) if window_size_func is None else lambda key: int(np.asarray(window_size_func(tensor_of(key))))

        def reduced(key: Any, source: Any) -> Any:
            with computing():
                return _source_of(reduce_func(tensor_of(key), type(self)(source)), "group_by_window")

        return self._then(Grouped(self.source, self._measured(key_func), reduced, size))

    def rejection_resample(
        self, class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: int | None = None, name: str | None = None
    ) -> Dataset:
        """(class, element): elements left out by chance, so that classes are as frequent as `target_dist` says."""
        return self._then(Resampled(self.source, self._measured(class_func), target_dist, initial_dist, seed))

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Dataset:
        """Without the elements whose making is refused."""
        return self._then(Tolerant(self.source))

    def snapshot(
        self, path: Any, compression: str = "AUTO", reader_func: Any = None, shard_func: Any = None, name: str | None = None
    ) -> Dataset:
        """Written into a folder the first time, and read from it from then on."""
        return self._then(Saved(self.source, path))

    def save(self, path: Any, compression: str | None = None, shard_func: Any = None, checkpoint_args: Any = None) -> None:
        """Writes the elements into a folder, which `load` reads.  Raises: FileError."""
        Saved(self.source, path).write()

    def with_options(self, options: object, name: str | None = None) -> Dataset:
        """As it is: what options say of threads and of orders that may differ changes nothing here.

        Raises: ArgumentTypeError for what are no options.
        """
        if not isinstance(options, Options):
            raise ArgumentTypeError(f"options is a tf.data.Options, this is a {type(options).__name__}")
        made = self._then(self.source)
        made.kept = options
        return made

    def options(self) -> Options:
        """What was said of how it runs."""
        return self.kept or Options()

    # ---- what they are

    def get_single_element(self, name: str | None = None) -> Any:
        """The one element.  Raises: StateError where there is none, or there are more."""
        at_run_time("get_single_element")
        begun = iter(self.source.elements())
        found = next(begun, self)
        if found is self:
            raise StateError("Dataset was empty.")
        if next(begun, self) is not self:
            raise StateError("Dataset had more than one element.")
        return self.shown(found)

    def __iter__(self) -> Iterator[Any]:
        return DatasetIterator(self)

    def make_one_shot_iterator(self) -> GraphIterator:
        """An iterator of TensorFlow 1 that goes through it once, without an initializer."""
        return GraphIterator(self, self.source.spec(), begun=True)

    def make_initializable_iterator(self, shared_name: str | None = None) -> GraphIterator:
        """An iterator of TensorFlow 1 that begins, and begins anew, where its initializer is run."""
        return GraphIterator(self, self.source.spec())

    @property
    def output_types(self) -> Any:
        """The dtypes of the parts of an element."""
        return GraphIterator(self, self.source.spec()).output_types

    @property
    def output_shapes(self) -> Any:
        """The shapes of the parts of an element."""
        return GraphIterator(self, self.source.spec()).output_shapes

    @property
    def element_spec(self) -> Any:
        """A TensorSpec (or RaggedTensorSpec, SparseTensorSpec) for each part of an element."""
        return map_tree(lambda leaf: type(self)(leaf) if hasattr(leaf, "elements") else spec_shown(leaf), self.source.spec())

    def cardinality(self, name: str | None = None) -> Any:
        """How many elements: -1 for without an end, -2 for unknown.  Shape: ().  Dtype: int64."""
        return tensor_of(np.array(self.source.count(), np.int64))

    def __repr__(self) -> str:
        return f"<_{type(self).__name__} element_spec={self.element_spec}>"

    # ---- how users see elements

    @classmethod
    def _shown_leaf(cls, leaf: Any) -> Any:
        if leaf is None:
            return None
        if isinstance(leaf, Texts):
            return TextTensor(leaf)
        if isinstance(leaf, (RaggedPart, SparsePart)):
            return leaf.shown()
        return Dataset(leaf) if hasattr(leaf, "elements") else tensor_of(leaf)

    @classmethod
    def _plain(cls, leaf: Any) -> Any:
        if isinstance(leaf, (RaggedPart, SparsePart)):
            return leaf.shown()
        return Dataset(leaf) if hasattr(leaf, "elements") else plain(leaf)

    @classmethod
    def _given(cls, function: Callable[..., Any], element: Tree) -> Any:
        with computing():  # also while a graph is built around it
            made = super()._given(function, element)
        return tuple(made) if type(made) is list else made

    def _then(self, step: Any) -> Dataset:
        made = Dataset(step)
        made.kept = self.kept
        return made

    def _measured(self, function: Callable[..., Any]) -> Callable[[Tree], Any]:
        """A function of an element that gives one number."""
        if not callable(function):
            raise ArgumentTypeError(f"a function of an element is expected, this is a {type(function).__name__}")
        return lambda element: np.asarray(as_element(self._given(function, element)))


def _with_arrays(generator: Callable[..., Any]) -> Callable[..., Any]:
    """Generators get their arguments as NumPy's arrays."""
    return lambda *args: generator(*(one.numpy() for one in args))


def _source_of(dataset: Any, what: str) -> Any:
    if not isinstance(dataset, chained.Dataset):
        raise ArgumentTypeError(f"{what}: the function gives a data set, this is a {type(dataset).__name__}")
    return dataset.source
