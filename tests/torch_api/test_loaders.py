"""DataLoader and its samplers: the batches that PyTorch makes and its errors, by any number of workers, which changes no draw."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.trees import map_tree
from gradwerk.torch.utils import data
from gradwerk.torch.utils.data import DataLoader

WORKERS = (0, 1, 2, 3) if hasattr(os, "fork") else (0,)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="worker processes are forks")


class Records(data.Dataset):
    def __init__(self, count: int = 11) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, k: int) -> Any:
        if not 0 <= k < self.count:
            raise IndexError(f"no record {k}")
        return {"x": np.full(2, k, np.float32), "k": k, "name": f"n{k}", "pair": (torch.tensor([k], dtype=torch.bfloat16), 0.5)}


class Numbers(data.IterableDataset):
    """0 .. 9, shared among workers; or the same in each, `longer` by so many for each worker before."""

    def __init__(self, longer: int | None = None) -> None:
        self.longer = longer

    def __iter__(self) -> Iterator[int]:
        info = data.get_worker_info()
        if info is None:
            return iter(range(10))
        if self.longer is None:
            return iter(range(info.id, 10, info.num_workers))
        return iter(range(100 * info.id, 100 * info.id + 3 + self.longer * info.id))


def plain(tree: Any) -> Any:
    return map_tree(lambda leaf: leaf.tolist() if torch.is_tensor(leaf) else leaf, tree)


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize(("options", "rows"), [
    ({"batch_size": 4}, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]),
    ({"batch_size": 4, "drop_last": True}, [[0, 1, 2, 3], [4, 5, 6, 7]]),
    ({"batch_size": 4, "sampler": [3, 1, 9, 9, 0]}, [[3, 1, 9, 9], [0]]),
    ({"batch_sampler": [[3, 1], [9, 9, 0], [2]]}, [[3, 1], [9, 9, 0], [2]]),
], ids=["plain", "drop", "sampler", "batch_sampler"])  # fmt: skip
def test_batches_are_those_of_torch(options: dict[str, Any], rows: list[list[int]], workers: int) -> None:
    loader = DataLoader(Records(), num_workers=workers, **options)
    assert len(loader) == len(rows)
    found = list(loader)
    assert plain(found) == [
        {"x": [[k, k] for k in batch], "k": batch, "name": [f"n{k}" for k in batch], "pair": [[[k] for k in batch], [0.5] * len(batch)]}
        for batch in rows
    ]
    assert [leaf.dtype for leaf in (found[0]["x"], found[0]["k"], *found[0]["pair"])] == [
        torch.float32, torch.int64, torch.bfloat16, torch.float64,
    ]  # fmt: skip
    found[0]["x"].add_(1)  # its memory is ours
    assert found[0]["x"][0, 0].item() == rows[0][0] + 1


@pytest.mark.parametrize("workers", WORKERS)
def test_items_that_are_not_joined(workers: int) -> None:
    items = list(DataLoader(Records(3), batch_size=None, num_workers=workers))
    assert [plain(item) for item in items] == [{"x": [k, k], "k": k, "name": f"n{k}", "pair": [[k], 0.5]} for k in range(3)]
    own = DataLoader(Records(), 4, num_workers=workers, collate_fn=lambda items: [item["k"] for item in items])
    assert list(own) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]


@pytest.mark.parametrize(("longer", "options", "wanted"), [  # for 0, 1, 2, 3 workers
    (None, {"batch_size": 3}, [
        [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]], [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]], [[0, 2, 4], [1, 3, 5], [6, 8], [7, 9]],
        [[0, 3, 6], [1, 4, 7], [2, 5, 8], [9]],
    ]),
    (None, {"batch_size": None}, [[*range(10)], [*range(10)], [*range(10)], [*range(10)]]),
    (4, {"batch_size": 2}, [
        [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]], [[0, 1], [2]], [[0, 1], [100, 101], [2], [102, 103], [104, 105], [106]],
        [[0, 1], [100, 101], [200, 201], [2], [102, 103], [202, 203], [104, 105], [204, 205], [106], [206, 207], [208, 209], [210]],
    ]),
    (4, {"batch_size": 2, "drop_last": True}, [
        [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]], [[0, 1]], [[0, 1], [100, 101], [102, 103], [104, 105]],
        [[0, 1], [100, 101], [200, 201], [102, 103], [202, 203], [104, 105], [204, 205], [206, 207], [208, 209]],
    ]),
], ids=["shared", "single", "uneven", "uneven, whole"])  # fmt: skip
def test_a_dataset_that_is_gone_through(longer: int | None, options: dict[str, Any], wanted: list[Any]) -> None:
    for workers in WORKERS:
        loader = DataLoader(Numbers(longer), num_workers=workers, **options)
        for _ in range(2):
            found = list(loader)
            assert plain(found) == wanted[workers], workers
            assert all(torch.is_tensor(batch) for batch in found) == (options["batch_size"] is not None)
    with pytest.raises(TypeError, match="has no len"):
        len(DataLoader(Numbers(), 2))


class Backwards(data.RandomSampler):
    """A sampler of one's own, on one of torch's."""

    def __iter__(self) -> Iterator[Any]:
        return iter([torch.tensor(k) for k in reversed(range(len(self)))])


class Endless(data.Sampler):
    def __iter__(self) -> Iterator[int]:
        return itertools.cycle([2, 0, 1])


WAYS: dict[str, tuple[dict[str, Any], list[list[int]]]] = {
    "plain": ({"batch_size": 4}, [[0, 1, 2, 3], [4, 5, 6]]),
    "own sampler": ({"batch_size": 4, "sampler": Backwards(range(7))}, [[6, 5, 4, 3], [2, 1, 0]]),
    "dropped": ({"batch_size": 4, "sampler": Backwards(range(7)), "drop_last": True}, [[6, 5, 4, 3]]),
    "batch sampler": ({"batch_sampler": data.BatchSampler(Backwards(range(7)), 3, False)}, [[6, 5, 4], [3, 2, 1], [0]]),
    "lists": ({"batch_sampler": [[3, 1], [5]]}, [[3, 1], [5]]),
    "endless": ({"batch_size": 2, "sampler": Endless()}, [[2, 0], [1, 2], [0, 1]]),
    "one by one": ({"batch_size": None, "sampler": [3, 5]}, [3, 5]),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("way", WAYS)
def test_tensors_and_records_are_sampled_alike(way: str) -> None:
    """TensorDatasets are cut by rows, which has a road of its own."""
    options, wanted = WAYS[way]
    tensors = data.TensorDataset(torch.arange(7), torch.arange(7) * 2)
    for dataset in (tensors, [(torch.tensor(k), torch.tensor(2 * k)) for k in range(7)]):
        found = [[column.tolist() for column in batch] for batch in itertools.islice(DataLoader(dataset, **options), len(wanted))]
        assert found == [[batch, (np.array(batch) * 2).tolist()] for batch in wanted]


class Drawn(data.Dataset):
    """What three generators draw for an item."""

    def __len__(self) -> int:
        return 9

    def __getitem__(self, k: int) -> Any:
        return k, torch.rand(2), random.random(), np.random.rand()


@needs_fork
def test_draws_follow_from_seed_pass_and_item() -> None:
    def passes(workers: int, seed: int = 0, **options: Any) -> list[dict[int, Any]]:
        torch.manual_seed(seed)
        loader = DataLoader(Drawn(), 2, shuffle=True, num_workers=workers, **options)
        found = []
        for _ in range(2):
            columns = [np.concatenate([column.numpy() for column in batches]) for batches in zip(*loader, strict=True)]
            found.append({int(k): (*draws[0], *draws[1:]) for k, *draws in zip(*columns, strict=True)})
        if workers:  # they draw for themselves
            following = torch.rand(1).item()
            assert after.setdefault(seed, following) == following
        return found

    after: dict[int, float] = {}
    one = passes(1)
    assert passes(2) == passes(3) == passes(2, persistent_workers=True) == passes(2, prefetch_factor=5) == one
    assert list(one[0]) != list(one[1]), "shuffled anew"
    everything = [number for found in (*one, *passes(2, seed=1)) for draws in found.values() for number in draws]
    assert len({*everything}) == len(everything), "another for each item, pass and seed"
    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(Drawn(), 2, num_workers=2, generator=generator)
    assert plain(list(loader)) != plain(list(loader)), "another pass"


@needs_fork
def test_a_worker_knows_what_it_is() -> None:
    class Told(data.Dataset):
        said = "not begun"

        def __len__(self) -> int:
            return 6

        def __getitem__(self, k: int) -> Any:
            info = data.get_worker_info()
            assert info is not None
            known = {"id": info.id, "of": info.num_workers, "seed": info.seed, "own": info.dataset is self}
            return {"said": self.said, "pid": os.getpid()} | known

    def begin(number: int) -> None:
        info = data.get_worker_info()
        assert info is not None
        info.dataset.said = f"begun {number}"
        np.random.seed(number)

    told = Told()
    loader = DataLoader(told, 1, num_workers=2, worker_init_fn=begin, persistent_workers=True)
    first, second = list(loader), list(loader)
    assert [batch["id"].item() for batch in first] == [0, 1, 0, 1, 0, 1]
    assert {batch["of"].item() for batch in first} == {2} and all(batch["own"].item() for batch in first)
    assert [batch["said"] for batch in first[:2]] == [["begun 0"], ["begun 1"]]
    assert first[1]["seed"].item() == first[0]["seed"].item() + 1
    assert [batch["pid"].item() for batch in first] == [batch["pid"].item() for batch in second], "persistent workers stay"
    assert len({batch["pid"].item() for batch in (*DataLoader(told, 1, num_workers=2), *DataLoader(told, 1, num_workers=2))}) == 4
    assert data.get_worker_info() is None and told.said == "not begun"
    del loader
    assert not multiprocessing.active_children()


@needs_fork
def test_a_loader_inside_of_a_worker_goes_on_without_workers() -> None:
    class Nested(Records):
        def __getitem__(self, k: int) -> Any:
            with pytest.warns(UserWarning, match="this process is one itself"):
                return k + sum(int(batch.sum()) for batch in DataLoader([1, 2, 3], 2, num_workers=1))

    assert plain(list(DataLoader(Nested(3), 3, num_workers=1))) == [[6, 7, 8]]


@needs_fork
def test_errors_of_workers() -> None:
    with pytest.raises(IndexError, match=r"Caught IndexError in DataLoader worker process 1\.(.|\n)*no record 17(.|\n)*while item 17 of"):
        list(DataLoader(Records(), 2, num_workers=2, sampler=[0, 1, 17]))

    def refuse(number: int) -> None:
        raise ValueError(f"not worker {number}")

    with pytest.raises(ValueError, match=r"worker process 0(.|\n)*not worker 0"):
        list(DataLoader(Records(), 2, num_workers=2, worker_init_fn=refuse))

    class Slow(Records):
        def __getitem__(self, k: int) -> Any:
            import time

            time.sleep(60)

    with pytest.raises(StateError, match="DataLoader timed out after 1 seconds"):
        next(iter(DataLoader(Slow(), num_workers=1, timeout=1)))
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(("options", "told"), [
    ({"num_workers": -1}, "num_workers option should be non-negative"),
    ({"num_workers": 1.5}, "must be int, not float"),
    ({"timeout": -1}, "timeout option should be non-negative"),
    ({"prefetch_factor": 2}, "prefetch_factor option could only be specified in multiprocessing"),
    ({"num_workers": 1, "prefetch_factor": 0}, "prefetch_factor must be greater than 0"),
    ({"num_workers": 1, "prefetch_factor": -1}, "prefetch_factor option should be non-negative"),
    ({"persistent_workers": True}, "persistent_workers option needs num_workers > 0"),
    ({"sampler": [1], "shuffle": True}, "sampler option is mutually exclusive with shuffle"),
    *(({"batch_sampler": [[1]], **other}, "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
      for other in ({"shuffle": True}, {"batch_size": 3}, {"batch_size": None}, {"drop_last": True}, {"sampler": [1]})),
    ({"batch_size": None, "drop_last": True}, "mutually exclusive with drop_last"),
    ({"batch_size": 0}, "batch_size should be a positive integer value, but got batch_size=0"),
], ids=str)  # fmt: skip
def test_options_that_exclude_each_other(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        DataLoader(Records(), **options)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}], ids=str)
def test_a_dataset_without_numbers_has_no_order(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=f"IterableDataset: expected unspecified {next(iter(options))} option"):
        DataLoader(Numbers(), **options)
    assert len(list(DataLoader(Numbers(), 3, shuffle=False))) == 4


def test_what_is_fixed_when_a_loader_is_made() -> None:
    loader = DataLoader(Records(), 4)
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"):
            setattr(loader, name, None)


def test_samplers() -> None:
    torch.manual_seed(0)
    assert list(data.SequentialSampler("abc")) == [0, 1, 2]
    assert sorted(data.RandomSampler(range(5))) == [0, 1, 2, 3, 4] and len(data.RandomSampler(range(5), num_samples=7)) == 7
    seven = list(data.RandomSampler(range(3), num_samples=7))
    assert sorted(seven[:3]) == sorted(seven[3:6]) == [0, 1, 2] and len(seven) == 7
    drawn = Counter(data.RandomSampler(range(3), replacement=True, num_samples=3000))
    assert all(abs(drawn[k] - 1000) < 150 for k in range(3))
    assert sorted(data.SubsetRandomSampler([4, 7, 1])) == [1, 4, 7]
    assert list(data.WeightedRandomSampler([0, 0, 1, 0], 3)) == [2, 2, 2]
    assert sorted(data.WeightedRandomSampler([1, 1, 1, 0], 3, replacement=False)) == [0, 1, 2]
    drawn = Counter(data.WeightedRandomSampler([1, 3], 4000))
    assert abs(drawn[1] - 3000) < 150
    batches = [list(data.BatchSampler(range(5), 2, drop_last=last)) for last in (False, True)]
    assert batches == [[[0, 1], [2, 3], [4]], [[0, 1], [2, 3]]] and len(data.BatchSampler(range(5), 2, True)) == 2
    first, again = (list(data.RandomSampler(range(20), generator=torch.Generator().manual_seed(3))) for _ in range(2))
    assert first == again != list(range(20))


@pytest.mark.parametrize(("make", "kind", "told"), [
    (lambda: data.RandomSampler([1, 2], num_samples=0), ValueError, "positive integer value, but got num_samples=0"),
    (lambda: data.RandomSampler([]), ValueError, "got num_samples=0"),
    (lambda: data.RandomSampler([1], 2), TypeError, "replacement should be a boolean value, but got replacement=2"),
    (lambda: data.WeightedRandomSampler([1, 2], 0), ValueError, "num_samples should be a positive integer"),
    (lambda: data.WeightedRandomSampler([[1, 2]], 2), ValueError, r"weights should be a 1d sequence but given weights have shape \(1, 2\)"),
    (lambda: data.BatchSampler([1], 0, True), ValueError, "batch_size should be a positive integer value, but got batch_size=0"),
    (lambda: data.BatchSampler([1], 1, 1), ValueError, "drop_last should be a boolean value, but got drop_last=1"),
    (lambda: data.ConcatDataset([]), ValueError, "datasets should not be an empty iterable"),
    (lambda: data.ConcatDataset([Numbers()]), ValueError, "does not support IterableDataset"),
    (lambda: data.ConcatDataset([[1]])[-2], ValueError, "absolute value of index should not exceed dataset length"),
    (lambda: data.ConcatDataset([[1]])[1], IndexError, "exceed"),
    (lambda: next(iter(data.IterableDataset())), RuntimeError, "IterableDataset defines no __iter__"),
])  # fmt: skip
def test_what_samplers_and_datasets_refuse(make: Callable[[], Any], kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        make()


def test_datasets_one_behind_the_other() -> None:
    whole = data.ConcatDataset([[1, 2], [], [3], [4, 5]])
    assert [whole[k] for k in range(len(whole))] == [1, 2, 3, 4, 5] == [whole[k - 5] for k in range(5)]
    assert plain(list(DataLoader(whole, 2))) == [[1, 2], [3, 4], [5]]


def test_one_item_as_it_comes() -> None:
    got = data.default_convert({"a": np.ones(2), "b": [np.float32(3), "text", 4], "c": (1, np.array(["no number"]))})
    assert torch.is_tensor(got["a"]) and torch.is_tensor(got["b"][0]) and got["b"][1:] == ["text", 4]
    assert got["c"][0] == 1 and isinstance(got["c"][1], np.ndarray)


def test_items_are_fetched_together_where_a_dataset_says_how() -> None:
    class Together(Records):
        def __getitems__(self, numbers: list[int]) -> list[Any]:
            return [-k for k in numbers]

    assert plain(list(DataLoader(Together(), 4))) == [[0, -1, -2, -3], [-4, -5, -6, -7], [-8, -9, -10]]
