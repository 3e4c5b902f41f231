"""A chained data set: where its elements come from, and what is done to them, step after step, while somebody goes through them.

    data = Dataset.from_tensor_slices((images, labels)).shuffle(1000, seed=0).map(changed).batch(32).prefetch(AUTOTUNE)
    for x, y in data: ...

An element is a Tensor, a text, or a tuple or dict of such.  Nothing is held but what a step says: a shuffle its buffer, a batch what
it is made of.  Each time one goes through begins again.  Names and meaning are those of `tf.data.Dataset`.
Source: Murray, Simsa, Klimovic and Indyk, 2021, "tf.data: a machine learning data processing framework".
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, StateError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.data import chains, nested
from gradwerk.data.ahead import AUTOTUNE, Prefetched
from gradwerk.data.chain_options import SIGNATURE, as_spec, said_of, shapes_of, whole_number
from gradwerk.data.elements import Texts, Tree, as_element, plain, rows, spec_of
from gradwerk.data.sources import INFINITE, Generated, Given, Slices, Source, Zipped, numbers, texts
from gradwerk.tensor.random import fresh_seed
from gradwerk.tensor.tensor import Tensor

_CYCLE = 16
"""Data sets that are interleaved where nobody says how many."""
_DTYPES = {"int32", "int64"}


class Dataset:
    """A chained data set; made by its functions, not by its class.

    Args:
        source: where its elements come from.
    """

    def __init__(self, source: Source) -> None:
        self.source = source

    # ---- where elements come from

    @classmethod
    def from_tensor_slices(cls, tensors: Tree, name: str | None = None) -> Dataset:
        """The rows of arrays: along their first axes, which have one length.

        Raises: ShapeError where there is none, or lengths differ; DTypeError for what is no array.
        """
        element = as_element(tensors)
        held = Slices(element)
        if not any(leaf is not None for leaf in flatten(element)):
            raise DataError("from_tensor_slices: there is no array")
        _check_rows(element)
        return cls(held)

    @classmethod
    def from_tensors(cls, tensors: Tree, name: str | None = None) -> Dataset:
        """One element.  Raises: DTypeError for what is none."""
        element = as_element(tensors)
        return cls(Given([element], spec_of(element)))

    @classmethod
    def from_generator(
        cls, generator: Callable[..., Any], output_types: Tree = None, output_shapes: Tree = None, args: Sequence[Any] | None = None,
        output_signature: Tree = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """What a function gives that is gone through, each time anew.

        Args:
            generator: the function.
            output_types: dtypes of the parts of an element, with output_shapes an earlier form of output_signature.
            output_shapes: their shapes.
            args: what the function is called with.
            output_signature: a TensorSpec for each part of an element, in its structure.

        Raises: ArgumentTypeError for what is no function, ArgumentError without a signature.
        """
        if not callable(generator):
            raise ArgumentTypeError(f"from_generator takes a function that is called each time, this is a {type(generator).__name__}")
        if output_signature is None and output_types is None:
            raise ArgumentError("from_generator: output_signature says shape and dtype of each part of an element", facts=(SIGNATURE,))
        said = output_signature if output_signature is not None else said_of(output_types, output_shapes)
        spec = map_tree(as_spec, tuple(said) if isinstance(said, list) else said)
        return cls(Generated(generator, tuple(cls.shown(as_element(one)) for one in args or ()), spec))

    @classmethod
    def range(cls, *args: int, output_type: Any = np.int64, name: str | None = None) -> Dataset:  # noqa: ANN401  a dtype
        """Whole numbers, as Python's `range`.  Raises: ArgumentTypeError for what are none."""
        return cls(numbers(args, dtypes.named(getattr(output_type, "name", output_type))))

    @classmethod
    def zip(cls, *args: Tree, datasets: Tree = None, name: str | None = None) -> Dataset:
        """Several side by side: each element is a tuple (or dict, as they are given in) of theirs; it ends with the shortest.

        Raises: ArgumentTypeError for what are no data sets.
        """
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        return cls(Zipped(map_tree(_source_of, tuple(given) if isinstance(given, list) else given)))

    @classmethod
    def list_files(
        cls, file_pattern: Any, shuffle: bool | None = None, seed: int | None = None, name: str | None = None,  # noqa: ANN401, FBT001
    ) -> Dataset:  # fmt: skip
        """The names of the files that patterns fit, as texts; shuffled unless `shuffle` is False.  Raises: DataError for none."""
        patterns = [file_pattern] if isinstance(file_pattern, (str, os.PathLike)) else list(file_pattern)
        found = sorted({path for pattern in patterns for path in glob.glob(os.fspath(pattern))})  # noqa: PTH207  whole patterns
        if not found:
            raise DataError(f"no files fit {', '.join(map(str, patterns))}")
        made = cls(Slices(texts(found)))
        return made if shuffle is False else made.shuffle(len(found), seed=seed)

    # ---- what is done to them

    def map(
        self, map_func: Callable[..., Any], num_parallel_calls: int | None = None, deterministic: bool | None = None,  # noqa: FBT001
        name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """A function of each element: of a tuple its parts are the arguments.

        `num_parallel_calls`: that many at once, by threads, for functions that wait for files; their order stays.
        """
        ahead = 0 if num_parallel_calls is None else whole_number("map", "num_parallel_calls", num_parallel_calls, least=AUTOTUNE)
        return self._then(chains.Mapped(self.source, self._called(map_func), ahead))

    def batch(
        self, batch_size: int, drop_remainder: bool = False, num_parallel_calls: int | None = None, deterministic: bool | None = None,  # noqa: FBT001, FBT002
        name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """So many elements as one, along a new first axis; the last may be smaller, or is left out.

        Raises: ArgumentError for no count; ShapeError, while one goes through, for elements of different shapes.
        """
        return self._then(chains.Batched(self.source, whole_number("batch", "batch_size", batch_size), bool(drop_remainder)))

    def padded_batch(
        self, batch_size: int, padded_shapes: Tree = None, padding_values: Tree = None, drop_remainder: bool = False,  # noqa: FBT001, FBT002
        name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """So many elements as one, each filled up to the longest, or to the extents of `padded_shapes` (None or -1: longest).

        `padding_values` fill, 0 and the empty text unless given.
        Raises: ArgumentError for no count; ShapeError, while one goes through, for an element longer than said.
        """
        spec = self.source.spec()
        shapes = shapes_of(spec, padded_shapes)
        size = whole_number("padded_batch", "batch_size", batch_size)
        return self._then(chains.Padded(self.source, size, bool(drop_remainder), shapes, chains.as_leaves(padding_values, spec)))

    def unbatch(self, name: str | None = None) -> Dataset:
        """The rows of each element, one by one."""
        return self._then(chains.Unbatched(self.source))

    def rebatch(self, batch_size: int, drop_remainder: bool = False, name: str | None = None) -> Dataset:  # noqa: FBT001, FBT002
        """Batches of another size.  Raises: ArgumentError for no count."""
        return self.unbatch().batch(batch_size, drop_remainder)

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool | None = None, name: str | None = None,  # noqa: FBT001
    ) -> Dataset:  # fmt: skip
        """In another order: each element is drawn from a buffer of so many, into which the next one comes.

        The order follows from the seed, and, unless `reshuffle_each_iteration` is False, from how often one has gone through.
        Raises: ArgumentError for no count.
        """
        size = whole_number("shuffle", "buffer_size", buffer_size)
        drawn = fresh_seed() if seed is None else whole_number("shuffle", "seed", seed, least=-(2**63)) % 2**64
        return self._then(chains.Shuffled(self.source, size, drawn, anew=reshuffle_each_iteration is not False))

    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:
        """From the first on again, so many times; None or -1 without an end."""
        return self._then(chains.Repeated(self.source, -1 if count is None else whole_number("repeat", "count", count, least=-1)))

    def take(self, count: int, name: str | None = None) -> Dataset:
        """The first so many; -1 for all."""
        held = whole_number("take", "count", count, least=-1)
        return self._then(chains.Taken(self.source, 0, None if held < 0 else held))

    def skip(self, count: int, name: str | None = None) -> Dataset:
        """All but the first so many; -1 for none."""
        held = whole_number("skip", "count", count, least=-1)
        return self.take(0) if held < 0 else self._then(chains.Taken(self.source, held, None))

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Every so many, from the one numbered `index` on.  Raises: ArgumentError for an index beyond."""
        shards, at = whole_number("shard", "num_shards", num_shards), whole_number("shard", "index", index, least=0)
        if at >= shards:
            raise ArgumentError(f"shard: index is below num_shards={shards}, this is {at}")
        return self._then(chains.Taken(self.source, at, None, shards))

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Those of which a function says so."""
        return self._then(chains.Filtered(self.source, self._asked(predicate)))

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Those before the first of which a function does not say so."""
        return self._then(chains.TakenWhile(self.source, self._asked(predicate)))

    def prefetch(self, buffer_size: int, name: str | None = None) -> Dataset:
        """So many made ahead, by a thread; AUTOTUNE for two."""
        return self._then(Prefetched(self.source, whole_number("prefetch", "buffer_size", buffer_size, least=AUTOTUNE)))

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:  # noqa: ANN401  a text
        """Kept in memory once one has gone through.  Raises: ArgumentError for a file, which is not here."""
        if filename not in ("", None):
            raise ArgumentError("cache: elements are kept in memory alone, not in files", facts=(f"filename={filename!r}",))
        return self._then(chains.Kept(self.source))

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """Those of another one behind them.  Raises: ArgumentTypeError for what is none."""
        return self._then(chains.Joined(self.source, _source_of(dataset)))

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Each with its number before it: (int64, element)."""
        counted = numbers((whole_number("enumerate", "start", start, least=-(2**62)), 2**62), np.int64)
        return self._then(Zipped((counted, self.source)))

    def interleave(
        self, map_func: Callable[..., Any], cycle_length: int | None = None, block_length: int | None = None,
        num_parallel_calls: int | None = None, deterministic: bool | None = None, name: str | None = None,  # noqa: FBT001
    ) -> Dataset:  # fmt: skip
        """The elements of the data sets that a function gives of each: of `cycle_length` (16) of them in turn, `block_length` (1) each."""
        cycle = _CYCLE if cycle_length in (None, AUTOTUNE) else whole_number("interleave", "cycle_length", cycle_length)
        block = 1 if block_length is None else whole_number("interleave", "block_length", block_length)
        return self._then(nested.Interleaved(self.source, self._giving(map_func), cycle, block))

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements of the data sets that a function gives of each, one data set behind the other."""
        return self._then(nested.Interleaved(self.source, self._giving(map_func), 1, 1))

    def window(
        self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False, name: str | None = None,  # noqa: FBT001, FBT002
    ) -> Dataset:  # fmt: skip
        """So many neighbours as a data set of their own; of elements of several parts, one for each part.

        `shift`: from the begin of one to that of the next, `size` unless given; `stride`: from one neighbour to the next.
        """
        length, step = whole_number("window", "size", size), whole_number("window", "stride", stride)
        moved = length if shift is None else whole_number("window", "shift", shift)
        return self._then(nested.Windowed(self.source, length, moved, step, bool(drop_remainder)))

    def scan(self, initial_state: Tree, scan_func: Callable[[Any, Any], tuple[Any, Any]], name: str | None = None) -> Dataset:
        """`scan_func(state, element)` gives the next state, and the element that is taken in its place."""

        def function(state: Tree, element: Tree) -> tuple[Tree, Tree]:
            following, made = scan_func(self.shown(state), self.shown(element))
            return as_element(following), as_element(made)

        return self._then(nested.Carried(self.source, as_element(initial_state), function))

    def unique(self, name: str | None = None) -> Dataset:
        """Each number or text once."""
        return self._then(nested.Distinct(self.source))

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of the data set.  Raises: ArgumentTypeError where that is none."""
        made = transformation_func(self)
        if not isinstance(made, Dataset):
            raise ArgumentTypeError(f"apply: the function gives a data set, this is a {type(made).__name__}")
        return made

    def with_options(self, options: object, name: str | None = None) -> Dataset:
        """As it is: what is said here of threads and of orders that may differ changes nothing."""
        return self

    # ---- what they are

    def reduce(self, initial_state: Tree, reduce_func: Callable[[Any, Any], Any], name: str | None = None) -> Any:  # noqa: ANN401  as the state
        """What `reduce_func(state, element)` has made of all of them."""
        state = as_element(initial_state)
        for element in self.source.elements():
            state = as_element(reduce_func(self.shown(state), self.shown(element)))
        return self.shown(state)

    def __iter__(self) -> Iterator[Any]:
        return map(self.shown, self.source.elements())

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        known = self.source.count()
        if known < 0:
            what = "goes on without an end" if known == INFINITE else "has an unknown number of elements"
            raise ArgumentTypeError(f"the data set {what}: it has no length", likely="go through it, or ask cardinality()")
        return known

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as NumPy's arrays, which cannot be written, and numbers."""
        return (map_tree(self._plain, element) for element in self.source.elements())

    def cardinality(self, name: str | None = None) -> Tensor:
        """How many elements: -1 for without an end, -2 for unknown.  Shape: ().  Dtype: int64."""
        return Tensor(np.int64(self.source.count()))

    @property
    def element_spec(self) -> Any:  # noqa: ANN401  a tree
        """A TensorSpec for each part of an element.  What a function of `map` gives is read off its result for the first element."""
        return map_tree(lambda leaf: type(self)(leaf) if hasattr(leaf, "elements") else leaf, self.source.spec())

    def __repr__(self) -> str:
        return f"<Dataset element_spec={self.element_spec}>"

    # ---- how users see elements: a front end's class says otherwise

    @classmethod
    def shown(cls, element: Tree) -> Any:  # noqa: ANN401
        """An element as users have it: Tensors, texts, data sets of windows."""
        return map_tree(cls._shown_leaf, element)

    @classmethod
    def _shown_leaf(cls, leaf: Any) -> Any:  # noqa: ANN401
        if leaf is None or isinstance(leaf, Texts):
            return leaf
        return cls(leaf) if hasattr(leaf, "elements") else Tensor(leaf)

    @classmethod
    def _plain(cls, leaf: Any) -> Any:  # noqa: ANN401
        return cls(leaf) if hasattr(leaf, "elements") else plain(leaf)

    @classmethod
    def _given(cls, function: Callable[..., Any], element: Tree) -> Any:  # noqa: ANN401
        """A user's function of an element: of a tuple its parts are the arguments."""
        held = cls.shown(element)
        try:
            return function(*held) if isinstance(held, tuple) else function(held)
        except StopIteration as error:  # whoever goes through would take it for the end of the data
            likely = "the function asks an iterator that has ended for more; go on with next(iterator, None)"
            raise StateError("a function of a chained data set raised StopIteration", likely=likely) from error

    def _then(self, step: Source) -> Dataset:
        return type(self)(step)

    def _called(self, function: Callable[..., Any]) -> Callable[[Tree], Tree]:
        _check_function(function)
        given = self._given
        return lambda element: map_tree(_as_source, as_element(given(function, element)))

    def _asked(self, function: Callable[..., Any]) -> Callable[[Tree], bool]:
        _check_function(function)
        given = self._given
        return lambda element: bool(given(function, element))

    def _giving(self, function: Callable[..., Any]) -> Callable[[Tree], Source]:
        _check_function(function)
        given = self._given
        return lambda element: _source_of(given(function, element))


def _as_source(leaf: Any) -> Any:  # noqa: ANN401
    return leaf.source if isinstance(leaf, Dataset) else leaf


def _check_function(function: object) -> None:
    if not callable(function):
        raise ArgumentTypeError(f"a function of an element is expected, this is a {type(function).__name__}")


def _source_of(dataset: Any) -> Source:  # noqa: ANN401
    if not isinstance(dataset, Dataset):
        raise ArgumentTypeError(f"a data set is expected, this is a {type(dataset).__name__}")
    return dataset.source


def _check_rows(element: Tree) -> None:
    """Raises: ShapeError where the parts have no first axis of one length."""
    next(rows(element), None)
