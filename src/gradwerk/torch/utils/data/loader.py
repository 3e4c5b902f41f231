"""DataLoader: batches of a dataset, in order or shuffled, made here or by worker processes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import warn
from gradwerk.ir.op import Array
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.torch.arguments import whole
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor
from gradwerk.torch.utils.data.collation import default_collate, default_convert, ours
from gradwerk.torch.utils.data.dataset import IterableDataset, TensorDataset, length
from gradwerk.torch.utils.data.samplers import BatchSampler, RandomSampler, SequentialSampler, outside_of_steps
from gradwerk.torch.utils.data.workers import WorkerInfo, begin, draw_from

if TYPE_CHECKING:
    from gradwerk.data.workers import Processes

# ruff: noqa: FBT001  torch's signature
_AHEAD = 2
_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
_END = "gradwerk: no more items"


class DataLoader:
    """Iterates over batches.  Tensor datasets are cut by rows; others are read item by item and joined by `collate_fn`.

    With `num_workers` that many processes read and join items ahead of time (`prefetch_factor` batches each), and hand batches over in
    shared memory.  They begin as copies of this process, anew for each pass unless `persistent_workers`.  What a dataset draws from torch,
    from `random` or from NumPy for an item follows from the seed, the pass and the item, however many workers there are; where
    `worker_init_fn` is given, from what that seeds.  An error comes with the worker's traceback.  Where a system cannot fork, batches are
    made here.

    Raises: ArgumentError for options that exclude each other, as torch.
    """

    @as_recorded()
    def __init__(
        self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, sampler: Iterable[Any] | None = None,  # noqa: ANN401
        batch_sampler: Iterable[Sequence[Any]] | None = None, num_workers: int = 0, collate_fn: Callable[[Any], Any] | None = None, *,
        drop_last: bool = False, timeout: float = 0, worker_init_fn: Callable[[int], None] | None = None,
        generator: Generator | None = None, prefetch_factor: int | None = None, persistent_workers: bool = False,
    ) -> None:  # fmt: skip
        self.num_workers = _workers(num_workers, timeout, prefetch_factor, persistent_workers=persistent_workers)
        self.dataset, self.drop_last, self.generator = dataset, drop_last, generator
        self.timeout, self.worker_init_fn, self.persistent_workers = timeout, worker_init_fn, persistent_workers
        self.prefetch_factor = _AHEAD if prefetch_factor is None and self.num_workers else prefetch_factor
        self.batch_size, self.shuffle = _size(batch_size, batch_sampler), shuffle
        self._is_iterable = isinstance(dataset, IterableDataset)
        if self._is_iterable:
            _check_iterable(shuffle, sampler, batch_sampler)
        self._exclude(sampler, batch_sampler)
        self.sampler = sampler if sampler is not None else self._own_sampler()
        self.batch_sampler = batch_sampler
        if batch_sampler is None and self.batch_size is not None and not self._is_iterable:
            self.batch_sampler = BatchSampler(self.sampler, self.batch_size, drop_last)
        self.collate_fn = collate_fn or (default_convert if self._is_single else default_collate)
        self._by_rows = isinstance(dataset, TensorDataset) and collate_fn is None and self.batch_sampler is not None
        self._passes = 0

    _crew: Processes | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if name in _FIXED and "_passes" in vars(self):
            raise ArgumentError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def _exclude(self, sampler: object, batch_sampler: object) -> None:
        """Raises: ArgumentError for options that say the same."""
        if sampler is not None and self.shuffle:
            raise ArgumentError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None and (self.shuffle or sampler is not None or self.drop_last):
            raise ArgumentError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
        if self.batch_size is None and batch_sampler is None and self.drop_last:
            raise ArgumentError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")

    def _own_sampler(self) -> Any:  # noqa: ANN401
        if self._is_iterable:
            return None
        return RandomSampler(self.dataset, generator=self.generator) if self.shuffle else SequentialSampler(self.dataset)

    @property
    def _is_single(self) -> bool:
        """Whether items are not put into batches."""
        return self.batch_sampler is None and self.batch_size is None

    @property
    def _numbers(self) -> Any:  # noqa: ANN401
        """What gives the numbers of each batch, or of each item where there are no batches."""
        return self.sampler if self._is_single else self.batch_sampler

    def __len__(self) -> int:
        if not self._is_iterable:
            return length(self._numbers)
        count = length(self.dataset)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if self.shuffle or self._by_rows or self.num_workers:
            outside_of_steps()
        self._passes += 1
        if self._by_rows:
            return self._rows()
        if self.num_workers:
            from gradwerk.data.workers import can_fork  # noqa: PLC0415  loaded where they are asked for

            if can_fork():
                return self._by_workers()
            warn("no worker process can be made: this process is one itself, or the system cannot fork; the DataLoader goes on without")
        return self._stream(iter(self.dataset)) if self._is_iterable else map(self._fetched, self._numbers)

    def _rows(self) -> Iterator[list[Any]]:
        """Batches of a TensorDataset: one cut through each of its Tensors."""
        for rows in self._row_numbers():
            yield [ours(one.contents("a batch")[rows]) for one in self.dataset.tensors]

    def _row_numbers(self) -> Iterator[Array]:
        """The rows of each batch; where the samplers are torch's own, without going through them number by number."""
        sampler, size = self.sampler, self.batch_size
        if size is None or type(sampler) not in {SequentialSampler, RandomSampler}:
            yield from (np.array([int(number) for number in numbers], np.int64) for numbers in self._numbers)
            return
        order = sampler.order() if isinstance(sampler, RandomSampler) else np.arange(length(self.dataset))
        yield from (order[start : start + size] for start in range(0, len(self) * size, size))

    def _fetched(self, numbers: Any) -> Any:  # noqa: ANN401
        """The batch of these items; the item, where there are no batches."""
        if self._is_single:
            return self.collate_fn(self._item(numbers))
        if hasattr(self.dataset, "__getitems__"):
            return self.collate_fn(self.dataset.__getitems__(numbers))
        return self.collate_fn([self._item(number) for number in numbers])

    def _item(self, number: Any) -> Any:  # noqa: ANN401
        try:
            return self.dataset[number]
        except Exception as error:
            error.add_note(f"while item {number} of the dataset was read")
            raise

    def _stream(self, items: Iterator[Any]) -> Iterator[Any]:
        """Batches of what an IterableDataset gives."""
        if self.batch_size is None:
            yield from map(self.collate_fn, items)
            return
        while batch := list(itertools.islice(items, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)

    def _by_workers(self) -> Iterator[Any]:
        """The same, made by worker processes."""
        crew, self._crew = self._crew, None
        base = self._base()
        if crew is None or not crew.is_open or self._is_iterable:
            crew = self._hired(base)
        try:
            if self._is_iterable:
                yield from _until_all_end(crew.run(itertools.repeat(None)), self.num_workers)
            else:
                yield from crew.run((base, number) for number in self._numbers)
            if self.persistent_workers and crew.is_open:
                crew, self._crew = None, crew
        finally:
            if crew is not None:
                crew.close()

    def _base(self) -> int:
        """A number that this pass draws from: another for each seed and pass, and nothing is drawn for it."""
        state = (self.generator or default_generator()).get_state()
        return int(np.random.SeedSequence([*state, self._passes]).generate_state(1, np.uint64)[0] >> np.uint64(2))

    def _hired(self, base: int) -> Processes:
        """Worker processes, at the beginning of their work."""
        from gradwerk.data.workers import Codec, Processes  # noqa: PLC0415  loaded where they are asked for

        streams: list[Iterator[Any]] = []
        init, reading = self.worker_init_fn, self._item

        def start(number: int) -> None:
            begin(WorkerInfo(number, self.num_workers, base + number, self.dataset))
            if init is not None:
                init(number)
            elif not self._is_iterable:
                self._item = seeded  # type: ignore[method-assign]  # in this process alone
            if self._is_iterable:
                streams.append(self._stream(iter(self.dataset)))

        of_pass = base

        def seeded(number: Any) -> Any:  # noqa: ANN401
            draw_from(of_pass, *_words(number))
            return reading(number)

        def make(job: Any) -> Any:  # noqa: ANN401
            nonlocal of_pass
            if job is None:
                return next(streams[0], _END)
            of_pass, numbers = job
            return self._fetched(numbers)

        ahead, codec = self.prefetch_factor or _AHEAD, Codec(_array_of, ours)
        return Processes(make, self.num_workers, start=start, ahead=ahead, codec=codec, patience=self.timeout)


def _array_of(leaf: object) -> Array | None:
    return leaf.contents("a batch") if isinstance(leaf, Tensor) else None


def _until_all_end(results: Iterator[Any], workers: int) -> Iterator[Any]:
    """What workers give in turn, until each has said that it has no more."""
    ended = set()
    for place, result in enumerate(results):
        if isinstance(result, str) and result == _END:
            ended.add(place % workers)
            if len(ended) == workers:
                return
        else:
            yield result


def _words(number: Any) -> tuple[int, ...]:  # noqa: ANN401
    """The number of an item as words of a seed; of what is no number its text."""
    try:
        value = int(number)
    except (TypeError, ValueError):
        return tuple(repr(number).encode())
    return (abs(value), int(value < 0))


def _size(batch_size: Any, batch_sampler: object) -> int | None:  # noqa: ANN401
    """How many items make a batch.  Raises: ArgumentError."""
    if batch_sampler is not None:
        if batch_size != 1:
            raise ArgumentError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
        return None
    if batch_size is None:
        return None
    size = whole("DataLoader", "batch_size", batch_size)
    if size < 1:
        raise ArgumentError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
    return size


def _check_iterable(shuffle: object, sampler: object, batch_sampler: object) -> None:
    """Raises: ArgumentError for options that number the items of a dataset without numbers."""
    for name, value in (("shuffle", shuffle), ("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value not in ((None, False) if name == "shuffle" else (None,)):
            raise ArgumentError(f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}")


def _workers(count: Any, timeout: float, ahead: int | None, *, persistent_workers: bool) -> int:  # noqa: ANN401
    """How many worker processes.  Raises: ArgumentError."""
    if whole("DataLoader", "num_workers", count) < 0:
        raise ArgumentError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ArgumentError("timeout option should be non-negative")
    if count == 0 and ahead is not None:
        message = "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to enable multiprocessing"
        raise ArgumentError(f"{message}, otherwise set prefetch_factor to None.")
    if ahead is not None and ahead < 1:
        what = "prefetch_factor must be greater than 0" if ahead == 0 else "prefetch_factor option should be non-negative"
        raise ArgumentError(f"{what}, got {ahead}")
    if persistent_workers and count == 0:
        raise ArgumentError("persistent_workers option needs num_workers > 0")
    return int(count)
