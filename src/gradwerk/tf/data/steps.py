"""Steps of a data set that TensorFlow has beside the chain's own: batches of rows of any length, groups, choices, numbers, folders."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, GradwerkError, ShapeError
from gradwerk.base.trees import map_tree
from gradwerk.data.chain_options import shapes_of
from gradwerk.data.chains import Batched, Step, as_leaves
from gradwerk.data.dataset import Dataset as Chained
from gradwerk.data.elements import Array, TensorSpec, Tree, padded, stacked
from gradwerk.data.sources import INFINITE, UNKNOWN, Given, Source, first_of
from gradwerk.tensor.random import fresh_seed
from gradwerk.tf.data.parts import RaggedPart, RaggedSpec, SparsePart, SparseSpec
from gradwerk.tf.data.stored import read_folder, write_folder
from gradwerk.tf.values.hosted import array_of, path_of
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.sparse import SparseTensor
from gradwerk.tf.values.texts import tensor_of

# ruff: noqa: ANN401  keys and options are of many kinds


@dataclass(eq=False)
class RaggedBatched(Batched):
    """So many as one, ragged where the shapes are not known beforehand, or differ: what a function gives is seen as one goes through."""

    said: Tree = None
    """What is known by now."""

    def put(self, several: list[Tree]) -> Tree:
        self.said = map_tree(_opened, self.source.spec() if self.said is None else self.said, *several)
        return map_tree(lambda spec, *leaves: _ragged(spec, leaves), self.said, *several)

    def spec(self) -> Tree:
        if self.said is None:
            first_of(self)
        extent = self.batch_size if self.whole else None
        said = self.source.spec() if self.said is None else self.said
        return map_tree(lambda spec: _ragged_spec(spec, extent), said)


def _opened(spec: Any, *leaves: Any) -> Any:
    """What is said, with the extents open in which elements differ."""
    if spec.shape is None or isinstance(spec, (RaggedSpec, SparseSpec)):
        return spec
    shapes = [tuple(leaf.shape) for leaf in leaves]
    return replace(spec, shape=tuple(e if all(shape[k] == e for shape in shapes) else None for k, e in enumerate(spec.shape)))


def _is_known(spec: Any) -> bool:
    return not isinstance(spec, RaggedSpec) and spec.shape is not None and None not in spec.shape


def _ragged(spec: Any, leaves: Sequence[Any]) -> Any:
    if _is_known(spec) or isinstance(leaves[0], (RaggedPart, SparsePart)):
        return stacked(list(leaves))
    parts = [leaf if isinstance(leaf, RaggedPart) else RaggedPart(leaf, 0) for leaf in leaves]
    rank = max((place + 1 for place, extent in enumerate(spec.shape or ()) if extent is None), default=0)
    if rank > 1:
        parts = [RaggedPart(RaggedTensor.from_tensor(tensor_of(np.asarray(one.value)), ragged_rank=rank - 1), rank - 1) for one in parts]
    return parts[0].together(parts)


def _ragged_spec(spec: Any, extent: int | None) -> Any:
    if _is_known(spec) or isinstance(spec, (RaggedSpec, SparseSpec)):
        return spec.batched(extent)
    rank = max((place + 1 for place, one in enumerate(spec.shape or ()) if one is None), default=1)
    return RaggedSpec((extent, *(spec.shape or ())), spec.dtype, None, rank)


@dataclass(eq=False)
class SparseBatched(Batched):
    """So many vectors (or matrices) as the rows of one sparse value."""

    shape: Sequence[int | None] = ()

    def put(self, several: list[Tree]) -> Tree:
        return map_tree(lambda *leaves: self._sparse(leaves), *several)

    def _sparse(self, leaves: Sequence[Any]) -> SparsePart:
        longest = np.max([leaf.shape for leaf in leaves], 0) if leaves else np.zeros(0, np.int64)
        extents = [int(have) if said is None else said for said, have in zip(self.shape, longest, strict=True)]
        if (np.array(extents) < longest).any():
            raise ShapeError("sparse_batch: an element is longer than row_shape says", facts=(f"{longest.tolist()}", f"{extents}"))
        all_of = [np.argwhere(np.ones(leaf.shape, bool)) for leaf in leaves]
        places = [np.concatenate((np.full((len(at), 1), row), at), 1) for row, at in enumerate(all_of)]
        values = np.concatenate([np.asarray(leaf).ravel() for leaf in leaves])
        return SparsePart(SparseTensor(np.concatenate(places), tensor_of(values), [len(leaves), *extents]))

    def spec(self) -> Tree:
        return map_tree(lambda spec: SparseSpec((None, *self.shape), spec.dtype), self.source.spec())


@dataclass(eq=False)
class Bucketed(Step):
    """Batches of elements of about one length."""

    length: Callable[[Tree], Any]
    boundaries: tuple[int, ...]
    sizes: tuple[int, ...]
    shapes: Tree = None
    values: Tree = None
    to_boundary: bool = False
    plain: bool = False
    whole: bool = False

    def elements(self) -> Iterator[Tree]:
        held: dict[int, list[Tree]] = {}
        for element in self.source.elements():
            length = int(self.length(element))
            bucket = int(np.searchsorted(self.boundaries, length, "right"))
            waiting = held.setdefault(bucket, [])
            waiting.append(element)
            if len(waiting) == self.sizes[bucket]:
                yield self._put(held.pop(bucket), bucket)
        if not self.whole:
            for bucket, waiting in held.items():
                yield self._put(waiting, bucket)

    def _put(self, several: list[Tree], bucket: int) -> Tree:
        if self.plain:
            return stacked(several)
        spec = self.source.spec()
        shapes = shapes_of(spec, self.shapes)
        if self.to_boundary:
            if bucket == len(self.boundaries):
                raise ShapeError("bucket_by_sequence_length: an element is as long as the last boundary, or longer",
                                 facts=(f"bucket_boundaries {list(self.boundaries)}",))  # fmt: skip
            extent = self.boundaries[bucket] - 1
            shapes = map_tree(lambda one: replace(one, shape=tuple(extent if e is None else e for e in one.shape)), shapes)
        return padded(several, shapes, as_leaves(self.values, spec))

    def count(self) -> int:
        return INFINITE if self.source.count() == INFINITE else UNKNOWN

    def spec(self) -> Tree:
        return map_tree(lambda spec: spec.batched(None), self.source.spec())

    def first(self) -> Tree:
        return first_of(self)


@dataclass(eq=False)
class Grouped(Step):
    """Windows of elements of one key, each made into other elements."""

    key: Callable[[Tree], Any]
    reduce: Callable[[Any, Source], Source]
    size: Callable[[Any], Any]

    def elements(self) -> Iterator[Tree]:
        held: dict[int, list[Tree]] = {}
        for element in self.source.elements():
            key = np.asarray(self.key(element), np.int64)
            waiting = held.setdefault(int(key), [])
            waiting.append(element)
            if len(waiting) == int(self.size(key)):
                yield from self._reduced(key, held.pop(int(key)))
        for number, waiting in held.items():
            yield from self._reduced(np.asarray(number, np.int64), waiting)

    def _reduced(self, key: Any, several: list[Tree]) -> Iterator[Tree]:
        return self.reduce(key, Given(several, self.source.spec())).elements()

    def count(self) -> int:
        return INFINITE if self.source.count() == INFINITE else UNKNOWN

    def spec(self) -> Tree:
        element = self.source.first()
        return () if element is None else self.reduce(np.asarray(self.key(element), np.int64), Given([element], self.source.spec())).spec()

    def first(self) -> Tree:
        return first_of(self)


@dataclass(eq=False)
class Tolerant(Step):
    """Without the elements whose making is refused."""

    def elements(self) -> Iterator[Tree]:
        begun = iter(self.source.elements())
        while True:
            try:
                found = next(begun)
            except StopIteration:
                return
            except (GradwerkError, ArithmeticError, ValueError):
                continue
            yield found

    def count(self) -> int:
        return INFINITE if self.source.count() == INFINITE else UNKNOWN


@dataclass(eq=False)
class Counted(Step):
    """As many elements as somebody says."""

    said: int

    def elements(self) -> Iterator[Tree]:
        number = 0
        for number, element in enumerate(self.source.elements(), 1):  # noqa: B007  asked behind the loop
            yield element
        if self.said >= 0 and number != self.said:
            raise ArgumentError(f"Input dataset was expected to contain {self.said} elements but contained {number} elements.")

    def count(self) -> int:
        return self.said


@dataclass(eq=False)
class Drawn:
    """Numbers without an end."""

    begin: Callable[[], Iterator[Any]]
    dtype: dtypes.DType

    @classmethod
    def counted(cls, start: int, step: int, dtype: Any) -> Drawn:
        """start, start + step, ..."""
        return cls(lambda: itertools.count(start, step), dtypes.named(getattr(dtype, "name", dtype)))

    @classmethod
    def random(cls, seed: int | None, *, anew: bool) -> Drawn:
        """By chance, below 2^32."""
        times, drawn = itertools.count(), fresh_seed() if seed is None else int(seed) % 2**63

        def begin() -> Iterator[Any]:
            random = np.random.default_rng([drawn, next(times) if anew else 0])
            while True:
                yield from random.integers(0, 2**32, 64)

        return cls(begin, dtypes.int64)

    def elements(self) -> Iterator[Tree]:
        return (np.asarray(number, self.dtype) for number in self.begin())

    def count(self) -> int:
        return INFINITE

    def spec(self) -> Tree:
        return TensorSpec((), dtypes.name(self.dtype))

    def first(self) -> Tree:
        return first_of(self)


@dataclass(eq=False)
class Chosen:
    """Elements of several sources, each of one whose number is drawn or said."""

    parts: list[Source]
    numbers: Callable[[], Iterator[Any]]
    """Numbers of sources; where it is asked to, among those that have not ended (weights)."""
    stop: bool
    weighed: bool = False

    @classmethod
    def by_chance(cls, datasets: Sequence[Any], weights: Any, seed: int | None, *, stop: bool, anew: bool) -> Chosen:
        """Each drawn, with these weights.  Raises: ArgumentError."""
        parts = sources_of(datasets)
        if isinstance(weights, Chained):
            shares: Callable[[], Iterator[Array]] = lambda: (np.asarray(one, np.float64) for one in weights.source.elements())  # noqa: E731
        else:
            fixed = np.ones(len(parts)) if weights is None else array_of(weights, "weights").astype(np.float64)
            if fixed.shape != (len(parts),):
                raise ArgumentError(f"weights has one number for each of {len(parts)} data sets", facts=(f"given {fixed.shape}",))
            shares = lambda: itertools.repeat(fixed)  # noqa: E731
        times, drawn = itertools.count(), fresh_seed() if seed is None else int(seed) % 2**63

        def numbers() -> Iterator[Any]:
            random = np.random.default_rng([drawn, next(times) if anew else 0])
            return ((one, random) for one in shares())

        return cls(parts, numbers, stop, weighed=True)

    @classmethod
    def by_numbers(cls, datasets: Sequence[Any], choice: Any, *, stop: bool) -> Chosen:
        """Each the one whose number another data set says.  Raises: ArgumentError."""
        return cls(sources_of(datasets), sources_of([choice])[0].elements, stop)

    def elements(self) -> Iterator[Tree]:
        begun: list[Any] = [iter(part.elements()) for part in self.parts]
        numbers = self.numbers()
        while any(one is not None for one in begun):
            said = next(numbers, None)
            if said is None:
                return
            number = _drawn(said, begun) if self.weighed else int(said)
            if not 0 <= number < len(begun):
                raise ArgumentError(f"choice_dataset says {number}, there are {len(begun)} data sets")
            if begun[number] is None:
                continue
            found = next(begun[number], self)
            if found is self:
                begun[number] = None
                if self.stop:
                    return
                continue
            yield found

    def count(self) -> int:
        return INFINITE if all(part.count() == INFINITE for part in self.parts) else UNKNOWN

    def spec(self) -> Tree:
        return self.parts[0].spec()

    def first(self) -> Tree:
        return self.parts[0].first()


def _drawn(said: Any, begun: list[Any]) -> int:
    """The number of a source that has not ended, drawn by weights."""
    weights, random = said
    left = weights * [one is not None for one in begun]
    total = left.sum()
    share = left / total if total > 0 else np.array([one is not None for one in begun], float) / sum(one is not None for one in begun)
    return int(random.choice(len(begun), p=share))


def sources_of(datasets: Sequence[Any]) -> list[Source]:
    """What several data sets are made of.  Raises: ArgumentError for none, ArgumentTypeError for what are none."""
    if not datasets:
        raise ArgumentError("Invalid `datasets`. `datasets` should not be empty.")
    for one in datasets:
        if not isinstance(one, Chained):
            raise ArgumentTypeError(f"a data set is expected, this is a {type(one).__name__}")
    return [one.source for one in datasets]


@dataclass(eq=False)
class Resampled(Step):
    """(class, element): elements left out by chance until classes are as frequent as is asked for."""

    label: Callable[[Tree], Any]
    target: Any
    initial: Any = None
    seed: int | None = None

    def elements(self) -> Iterator[Tree]:
        random = np.random.default_rng(fresh_seed() if self.seed is None else int(self.seed) % 2**63)
        target = array_of(self.target, "target_dist").astype(np.float64)
        seen = np.ones(len(target)) if self.initial is None else array_of(self.initial, "initial_dist").astype(np.float64)
        for element in self.source.elements():
            number = int(self.label(element))
            if self.initial is None:
                seen[number] += 1
            rates = target / (seen / seen.sum())
            if random.random() < rates[number] / rates.max():
                yield np.asarray(number, np.int32), element

    def count(self) -> int:
        return INFINITE if self.source.count() == INFINITE else UNKNOWN

    def spec(self) -> Tree:
        return TensorSpec((), "int32"), self.source.spec()

    def first(self) -> Tree:
        return first_of(self)


@dataclass(eq=False)
class Saved(Step):
    """Written into a folder the first time, and read from it from then on."""

    path: Any = ""

    @classmethod
    def read(cls, path: Any) -> Given:
        """What is in a folder.  Raises: FileError, DataError."""
        return Given(*read_folder(path_of(path, "path")))

    def write(self) -> None:
        """Into the folder.  Raises: FileError; ArgumentError for ragged and sparse parts."""
        write_folder(path_of(self.path, "path"), list(self.source.elements()), self.source.spec())

    def elements(self) -> Iterator[Tree]:
        if not os.path.isdir(path_of(self.path, "path")):  # noqa: PTH112  a text
            self.write()
        return self.read(self.path).elements()
