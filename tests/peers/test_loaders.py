"""Random DataLoaders beside PyTorch's: datasets of all kinds, samplers, sizes of batches, workers; what comes out, and what is refused."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from gradwerk import torch as ours
from gradwerk.torch.utils import data as our_data

torch = pytest.importorskip("torch", reason="make test-peers runs this")
SEEDS = range(300)


def datasets(torch: Any, data: Any, draw: random.Random) -> tuple[Any, int]:
    """A dataset of some kind, and how many items it has."""
    n = draw.randint(1, 9)
    kind = draw.choice(["rows", "columns", "numbers", "dicts", "texts", "nested", "subset", "concatenated", "stream"])
    if kind == "stream":

        class Stream(data.IterableDataset):
            def __iter__(self) -> Any:
                info = data.get_worker_info()
                return iter(range(n) if info is None else range(info.id, n, info.num_workers))

        return Stream(), n
    if kind == "subset":
        chosen = [draw.randrange(n) for _ in range(draw.randint(1, 6))]
        return data.Subset(data.TensorDataset(torch.arange(n) * 10), chosen), len(chosen)
    if kind == "concatenated":
        return data.ConcatDataset([list(range(n)), data.Subset(list(range(100, 100 + n)), [0])]), n + 1
    made: dict[str, Any] = {
        "rows": lambda: data.TensorDataset(torch.arange(n)),
        "columns": lambda: data.TensorDataset(torch.arange(n) * 1.5, torch.arange(2 * n).reshape(n, 2)),
        "numbers": lambda: list(range(n)),
        "dicts": lambda: [{"a": float(k), "b": [k, (k + 1, "s")]} for k in range(n)],
        "texts": lambda: [f"x{k}" for k in range(n)],
        "nested": lambda: [((torch.tensor([k, k]), k), [k % 2 == 0]) for k in range(n)],
    }
    return made[kind](), n


def loader(torch: Any, data: Any, seed: int, workers: int) -> Any:
    """A DataLoader that a seed decides."""
    draw = random.Random(seed)
    dataset, n = datasets(torch, data, draw)
    options: dict[str, Any] = {"batch_size": draw.choice([1, 2, 3, None, 4])}
    if draw.random() < 0.4:
        options["drop_last"] = draw.choice([True, False])
    way = draw.random()
    if way < 0.25:
        options["sampler"] = [draw.randrange(n) for _ in range(draw.randint(0, 5))]
    elif way < 0.35:
        options["sampler"] = data.SequentialSampler(dataset)
    elif way < 0.55:
        del options["batch_size"]
        options["batch_sampler"] = draw.choice([[[0], [0, 0]], data.BatchSampler(range(n), draw.randint(1, 3), draw.choice([True, False]))])
    elif way < 0.6:
        options["shuffle"] = draw.choice([False, n == 1])
    return data.DataLoader(dataset, num_workers=workers, **options)


def plain(tree: Any) -> Any:
    """What a tree holds, with its kinds of containers and dtypes."""
    if isinstance(tree, dict):
        return {key: plain(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [type(tree).__name__, *map(plain, tree)]
    return (str(tree.dtype).removeprefix("torch."), tree.tolist()) if hasattr(tree, "tolist") else tree


def outcome(torch: Any, data: Any, seed: int, workers: int = 0) -> Any:
    """The batches and how many are promised, or the kinds of error that it is."""
    try:
        made = loader(torch, data, seed, workers)
        batches = plain(list(made))
        try:
            return batches, len(made)
        except TypeError:
            return batches, "no length"
    except Exception as error:
        return error


@pytest.mark.parametrize("seed", SEEDS)
def test_a_loader_gives_what_pytorch_gives(seed: int) -> None:
    theirs, found = outcome(torch, torch.utils.data, seed), outcome(ours, our_data, seed)
    if isinstance(theirs, Exception):
        assert isinstance(found, type(theirs)) or isinstance(theirs, AssertionError), (theirs, found)
        return
    assert found == theirs
    if seed % 10 == 0 and hasattr(os, "fork"):
        by_workers = outcome(ours, our_data, seed, workers=2)
        assert sorted(map(repr, by_workers[0])) == sorted(map(repr, found[0])) or "Stream" in repr(loader(ours, our_data, seed, 0).dataset)
