"""Batches: each example where (seed, epoch) put it, the same whoever made it; workers end with their parent, and say what went wrong."""

from __future__ import annotations

import gc
import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base.errors import ArgumentError, DataError, ShapeError, StateError
from gradwerk.base.trees import leaves, map_tree
from gradwerk.data.joining import padded, stacked
from gradwerk.data.loader import Loader
from gradwerk.data.workers import Processes, can_fork

needs_fork = pytest.mark.skipif(not can_fork(), reason="worker processes are forks")


def seen(tree: Any) -> list[Any]:
    """All that a tree holds, to the bit."""
    return [
        (path, leaf.dtype.str, leaf.shape, leaf.tobytes()) if isinstance(leaf, (np.ndarray, np.generic)) else (path, leaf)
        for path, leaf in leaves(tree)
    ]


def random_tree(random: np.random.Generator, examples: int, depth: int = 2) -> Any:
    """A tree of arrays of some dtypes and shapes, some of no numbers."""
    kind = random.choice(["dict", "tuple", "list"]) if depth else "leaf"
    if kind == "dict":
        return {f"k{k}": random_tree(random, examples, depth - 1) for k in range(random.integers(1, 4))}
    if kind in ("tuple", "list"):
        items = [random_tree(random, examples, int(random.integers(depth))) for _ in range(random.integers(1, 4))]
        return tuple(items) if kind == "tuple" else items
    shape = tuple(random.integers(0, 4, random.integers(0, 3)))
    return random.integers(0, 100, (examples, *shape)).astype(random.choice(["u1", "i8", "f4", "f8", "?", "c8"]))


def drawn(example: Any, random: np.random.Generator) -> Any:
    """The example, written to, with what was drawn for it."""
    def change(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
            leaf += 1
        return leaf

    return {"example": map_tree(change, example), "drawn": random.normal(size=2), "says": f"x{random.integers(9)}"}


@pytest.mark.parametrize("seed", range(12))
def test_a_batch_is_a_function_of_seed_epoch_and_example(seed: int) -> None:
    random = np.random.default_rng(seed)
    examples, size = int(random.integers(1, 40)), int(random.integers(1, 9))
    tree = random_tree(random, examples)
    tree = tree if isinstance(tree, (dict, tuple)) else (tree,)
    each = random.choice([None, drawn])
    options: dict[str, Any] = {"seed": random.choice([None, 5]), "each": each, "drop_last": bool(random.integers(2))}
    if random.integers(2):
        options["lengths"] = random.integers(1, 9, examples)
    data = tree if random.integers(2) else [map_tree(lambda array, k=k: array[k], tree) for k in range(examples)]
    loader, epoch = Loader(data, size, **options), int(random.integers(3))
    batches = [seen(batch) for batch in loader.epoch(epoch)]

    def wanted() -> Iterator[Any]:
        for rows in loader.order(epoch):
            found = [map_tree(lambda array, k=k: array[k].copy(), tree) for k in rows]
            if each is not None:
                found = [drawn(x, np.random.default_rng([options["seed"] or 0, epoch, k])) for x, k in zip(found, rows, strict=True)]
            yield stacked(found)

    assert batches == [seen(batch) for batch in wanted()]
    assert len(batches) == len(loader)
    rows = np.concatenate([*loader.order(epoch), np.empty(0, int)])
    assert len({*rows}) == len(rows) == (examples - examples % size if options["drop_last"] else examples)
    first = int(random.integers(len(loader) + 1))
    assert [seen(batch) for batch in loader.epoch(epoch, first)] == batches[first:]
    ways: list[dict[str, int]] = [{"threads": 1}, {"threads": 3, "ahead": 1}, {"workers": 2, "ahead": int(random.integers(1, 4))}]
    for way in ways if can_fork() else ways[:2]:
        assert [seen(batch) for batch in Loader(data, size, **options, **way).epoch(epoch, first)] == batches[first:], way


def test_loaders_that_describe_themselves_alike_have_the_same_order() -> None:
    by_description: dict[str, set[str]] = {}
    for seed, size, drop_last, lengths in itertools.product([None, 0, 1], [2, 3], [False, True], [None, [1] * 7, [5, 1, 4, 2, 3, 7, 6]]):
        loader = Loader(np.arange(7), size, seed=seed, drop_last=drop_last, lengths=lengths)
        order = repr([[rows.tolist() for rows in loader.order(epoch)] for epoch in range(2)])
        by_description.setdefault(json.dumps(loader.describe()), set()).add(order)
    assert all(len(orders) == 1 for orders in by_description.values()) and len(by_description) > 12
    as_array = Loader(np.arange(7), 2, lengths=np.arange(7, dtype=np.uint8))
    assert as_array.describe() == Loader(np.arange(7), 2, lengths=[*range(7)]).describe()


def test_each_pass_is_the_next_epoch() -> None:
    loader = Loader(np.arange(30), 7, seed=3)
    passes = [np.concatenate(list(loader)) for _ in range(3)]
    for number, order in enumerate(passes):
        np.testing.assert_array_equal(order, np.concatenate(list(loader.epoch(number))))
    assert len({tuple(order) for order in passes}) == 3
    loader.next_epoch = 1
    np.testing.assert_array_equal(np.concatenate(list(loader)), passes[1])


@pytest.mark.parametrize("seed", [None, 0])
def test_examples_of_like_length_share_a_batch(seed: int | None) -> None:
    lengths = np.random.default_rng(1).integers(1, 100, 2000)
    data = [np.full(length, k, np.float32) for k, length in enumerate(lengths)]
    loader = Loader(data, 16, seed=seed, lengths=lengths, join=padded)
    filled = 0
    for rows, batch in zip(loader.order(0), loader.epoch(0), strict=True):
        assert batch.shape == (len(rows), lengths[rows].max())
        for row, line in zip(rows, batch, strict=True):
            assert (line[: lengths[row]] == row).all() and not line[lengths[row] :].any()
        filled += batch.size
    assert filled < 1.1 * lengths.sum() < sum(lengths[k : k + 16].max() * 16 for k in range(0, 2000, 16)) / 1.5
    if seed is not None:
        assert [rows.tolist() for rows in loader.order(0)] != [rows.tolist() for rows in loader.order(1)]
        maxima = [lengths[rows].max() for rows in loader.order(0)]
        assert maxima != sorted(maxima)


def test_keys_are_of_the_example_and_the_epoch() -> None:
    x = np.arange(3000)
    keys = {}
    for size in (16, 100):
        for batch, words in Loader(x, size, seed=1, keyed=True).epoch(2):
            assert words.dtype == np.uint32
            for example, word in zip(batch, words, strict=True):
                assert keys.setdefault(example, word) == word
    assert len({*keys.values()}) > 2990
    other = dict(zip(*map(np.concatenate, zip(*Loader(x, 16, seed=1, keyed=True).epoch(3), strict=True)), strict=True))
    assert sum(other[k] == keys[k] for k in range(3000)) < 5


def open_files() -> int:
    """How many this process has, where the system says."""
    folder = Path("/proc/self/fd")
    return len([*folder.iterdir()]) if folder.exists() else 0


def failing(example: Any, random: np.random.Generator) -> Any:
    if example == 17:
        raise KeyError("no such picture")
    return example


@pytest.mark.parametrize("way", [{}, {"threads": 2}, pytest.param({"workers": 2}, marks=needs_fork)], ids=str)
def test_an_error_says_which_example_and_where(way: dict[str, int]) -> None:
    before = open_files()
    with pytest.raises(KeyError, match="no such picture") as raised:
        list(Loader(np.arange(40), 4, each=failing, **way))
    told = f"{raised.value}{getattr(raised.value, '__notes__', '')}"
    assert "while example 17 of epoch 0 was made" in told
    if "workers" in way:
        assert "worker process 0" in told and 'raise KeyError("no such picture")' in told and "in failing" in told
    assert not multiprocessing.active_children()
    del raised
    gc.collect()
    assert open_files() <= before


class Awkward(Exception):
    """Of two arguments, which no text alone makes."""

    def __init__(self, code: int, place: str) -> None:
        super().__init__(code, place)


@needs_fork
def test_errors_that_cannot_be_sent_or_made_again_are_told_all_the_same() -> None:
    class Own(Exception):
        pass

    def awkward(example: Any, random: np.random.Generator) -> Any:
        raise Awkward(3, "there")

    def own(example: Any, random: np.random.Generator) -> Any:
        raise Own("mine")

    unsent = (lambda example, random: lambda: 1), "process 0 made cannot be sent"
    for each, told in ((awkward, r"Awkward: \(3, 'there'\)"), (own, "Own: mine"), unsent):
        with pytest.raises(StateError, match=told):
            list(Loader([1, 2], 1, each=each, join=lambda examples: examples[0], workers=1))


@needs_fork
@pytest.mark.parametrize(("end", "told"), [
    (lambda: os.kill(os.getpid(), signal.SIGKILL), r"ended by signal 9 \(SIGKILL\)(.|\n)*out of memory"),
    (lambda: os._exit(3), "ended itself with exit code 3"),
    (lambda: sys.exit(4), "ended itself with exit code 4"),
], ids=["killed", "left", "exit"])  # fmt: skip
def test_a_worker_that_ends_is_an_error(end: Any, told: str) -> None:
    with pytest.raises(StateError, match=told):
        list(Loader(np.arange(20), 4, each=lambda example, random: end() if example == 9 else example, workers=2))
    assert not multiprocessing.active_children()


@needs_fork
def test_a_worker_that_wants_workers_makes_its_batches_itself() -> None:
    def each(example: Any, random: np.random.Generator) -> Any:
        return [int(batch.sum()) for batch in Loader(np.arange(4), 2, workers=2)] + [example]

    assert [batch[0].tolist() + batch[2].tolist() for batch in Loader([7, 8], 1, each=each, workers=2)] == [[1, 7], [1, 8]]


@needs_fork
def test_what_a_worker_prints_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    list(Loader(np.arange(4), 1, each=lambda example, random: print(f"made {example}") or example, workers=2))
    assert sorted(capfd.readouterr().out.splitlines()) == [f"made {k}" for k in range(4)]


@needs_fork
def test_tensors_come_back_as_tensors() -> None:
    batches = list(Loader(np.arange(4.0), 2, join=lambda examples: {"x": gradwerk.Tensor(np.stack(examples))}, workers=1))
    assert all(isinstance(batch["x"], gradwerk.Tensor) for batch in batches)
    assert [batch["x"].numpy().tolist() for batch in batches] == [[0, 1], [2, 3]]


@needs_fork
def test_large_messages_both_ways_do_not_wait_for_each_other() -> None:
    """Far more than a pipe holds."""
    made = Processes(lambda job: ["x" * 300_000, job], 1, ahead=4)
    try:
        jobs = [np.full(100_000, k) for k in range(6)]
        for k, (text, job) in enumerate(made.run(jobs)):
            assert len(text) == 300_000 and (job == k).all() and len(job) == 100_000
        assert list(made.run(range(5))) == [["x" * 300_000, k] for k in range(5)], "they serve again"
    finally:
        made.close()


@needs_fork
def test_what_is_left_in_the_middle_leaves_nothing() -> None:
    batches = Loader(np.arange(400), 4, each=lambda example, random: example, workers=2).epoch(0)
    kept = [next(batches), next(batches)]
    assert len(multiprocessing.active_children()) == 2
    batches.close()
    assert not multiprocessing.active_children()
    kept[0][...] = 7  # their memory is ours
    np.testing.assert_array_equal(kept[1], [4, 5, 6, 7])


SCRIPT = """
    import os, sys, time
    import numpy as np
    from gradwerk.data.loader import Loader

    def slow(example, random):
        open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
        time.sleep(0.02)
        return example

    for batch in Loader(np.arange(10_000), 4, each=slow, workers=2):
        print("batch", flush=True)
"""


@needs_fork
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent(number: signal.Signals, tmp_path: Path) -> None:
    environment = dict(os.environ) | {"PYTHONPATH": str(Path(gradwerk.__file__).parents[1])}
    words = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path)]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "batch\n"
    workers = [int(path.name) for path in tmp_path.iterdir()]
    if number == signal.SIGINT:  # as a terminal sends it: to all of them
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert told.count("Traceback") == (number == signal.SIGINT) and ("KeyboardInterrupt" in told) == (number == signal.SIGINT), told
    assert workers and process.returncode == -number
    for pid in workers:
        until = time.monotonic() + 30
        while alive(pid) and time.monotonic() < until:
            time.sleep(0.02)
        assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc/self/status").exists() else os.kill(pid, 0) is None
    except OSError:
        return False


@pytest.mark.parametrize(("arguments", "told"), [
    ({"data": 3}, "this is a int"),
    pytest.param({"data": (n for n in range(3))}, r"generator(.|\n)*list\(data\)", id="a generator"),
    ({"data": {"x": np.zeros(3), "y": np.zeros(2)}}, r"equally many(.|\n)*\['x'\]: 3(.|\n)*\['y'\]: 2"),
    ({"data": (np.zeros(3), 2.0)}, r"equally many(.|\n)*\[1\]: a number"),
    ({"data": {}}, "equally many"),
    ({"data": (np.array([{}, {}]),)}, r"made of arrays(.|\n)*list of examples"),
    ({"batch_size": 0}, "batch_size is a whole number of at least 1, this is 0"),
    ({"batch_size": True}, "this is True"),
    ({"workers": -1}, "workers is a whole number of at least 0, this is -1"),
    ({"threads": 1, "workers": 1}, "not both"),
    ({"seed": -1}, "a seed is a whole number from 0 on"),
    ({"seed": 1.5}, "a seed is a whole number from 0 on"),
    ({"lengths": [1, 2]}, "2 lengths for 3 examples"),
], ids=str)  # fmt: skip
def test_what_a_loader_refuses(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises((ArgumentError, DataError), match=told):
        Loader(**({"data": np.zeros(3)} | arguments))


@pytest.mark.parametrize(("examples", "kind", "told"), [
    ([np.zeros(3), np.zeros(2)], ShapeError, r"example 0: \(3,\)(.|\n)*example 1: \(2,\)(.|\n)*join=padded"),
    ([{"x": np.zeros((3, 2))}, {"x": np.zeros((3, 1))}], ShapeError, r"at \['x'\](.|\n)*one shape first"),
    ([{"x": 1}, {"y": 1}], DataError, r"structure(.|\n)*example 0: \['x'\](.|\n)*example 1: \['y'\]"),
    ([(1, 2), (1,)], DataError, "structure"),
    ([], DataError, "no examples"),
])  # fmt: skip
def test_examples_that_make_no_batch(examples: list[Any], kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        stacked(examples)


def test_a_dict_in_another_order_is_the_same() -> None:
    batch = stacked([{"a": 1, "b": 2.5}, {"b": 3.5, "a": 4}])
    assert (batch["a"].tolist(), batch["b"].tolist()) == ([1, 4], [2.5, 3.5])
