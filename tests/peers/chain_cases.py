"""Random chains of data sets, on tf.data.Dataset or on ours; and what TensorFlow 2.21 gave, recorded.

    PYTHONPATH=src python -m tests.peers.chain_cases
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "chains.json"
COUNT = 240
LONGEST = 60
"""Elements that are looked at."""


def deep(function: Callable[[Any], Any], tree: Any) -> Any:
    """A function on each part of an element."""
    if isinstance(tree, dict):
        return {key: deep(function, item) for key, item in tree.items()}
    return tuple(deep(function, item) for item in tree) if isinstance(tree, tuple) else function(tree)


def one(args: tuple[Any, ...]) -> Any:
    """The element that a function was called with the parts of."""
    return args[0] if len(args) == 1 else args


def first(tree: Any) -> Any:
    """A part of an element."""
    while isinstance(tree, (tuple, dict)):
        tree = next(iter(tree.values())) if isinstance(tree, dict) else tree[0]
    return tree


def sources(kind: Any, n: int) -> list[Any]:
    """Where elements come from."""
    flat, table = np.arange(n, dtype=np.int64) * 3 - 4, np.arange(2 * n, dtype=np.float32).reshape(n, 2) / 4

    def generator() -> Any:
        for k in range(n):
            yield np.arange(k % 4, dtype=np.int32), k

    return [
        kind.range(n), kind.range(2, 3 * n, 2), kind.from_tensor_slices(flat), kind.from_tensor_slices(table),
        kind.from_tensor_slices((table, flat)), kind.from_tensor_slices({"x": table, "y": flat}),
        kind.from_tensors((flat[:2], 2.5)).repeat(n),
        kind.from_tensor_slices([1, 2, 3]), kind.from_tensor_slices(np.array(["a", "bc", ""])),
        kind.from_generator(generator, output_types=("int32", "int64"), output_shapes=((None,), ())).filter(lambda a, k: k % 4 == 2),
    ]  # fmt: skip


def steps(kind: Any, random: np.random.Generator) -> list[tuple[str, Callable[[Any], Any]]]:
    """What may be done to any of them, with numbers drawn."""
    a, b, c = (int(random.integers(1, 5)) for _ in range(3))
    whole = bool(random.integers(2))
    return [
        (f"batch {a} {whole}", lambda data: data.batch(a, drop_remainder=whole)), (f"repeat {b}", lambda data: data.repeat(b)),
        ("unbatch", lambda data: data.batch(a).unbatch()), (f"take {a + b}", lambda data: data.take(a + b)),
        (f"skip {b}", lambda data: data.skip(b)), (f"shard {a}", lambda data: data.shard(a, a - 1)),
        ("map", lambda data: data.map(lambda *args: deep(lambda x: x + x, one(args)))),
        ("map first", lambda data: data.map(lambda *args: first(one(args)), num_parallel_calls=2)),
        ("map pair", lambda data: data.map(lambda *args: (first(one(args)), {"k": one(args)}))),
        ("enumerate", lambda data: data.enumerate(a)), ("concatenate", lambda data: data.concatenate(data.take(b))),
        ("cache", lambda data: data.cache().repeat(2)), ("prefetch", lambda data: data.prefetch(b)),
        ("filter", lambda data: data.enumerate().filter(lambda k, element: k % a == 0)),
        ("zip", lambda data: kind.zip((data, kind.range(b, 100)))), ("zip dict", lambda data: kind.zip({"a": data, "b": data.skip(1)})),
        (f"interleave {a} {b}", lambda data: data.interleave(
            lambda *args: kind.from_tensors(one(args)).repeat(c), cycle_length=a, block_length=b)),
        ("interleave counted", lambda data: data.enumerate().interleave(
            lambda k, element: kind.from_tensors(k).repeat(k % 4), cycle_length=b, block_length=c)),
        ("flat_map", lambda data: data.flat_map(lambda *args: kind.from_tensors(one(args)).repeat(a))),
        (f"window {a} {b} {c} {whole}", lambda data: data.map(lambda *args: first(one(args))).window(a, b, c, whole).flat_map(
            lambda inside: inside.batch(a))),
        ("window zip", lambda data: kind.zip((data.map(lambda *args: first(one(args))), kind.range(99))).window(a, shift=b).flat_map(
            lambda x, y: kind.zip((x.batch(9), y.batch(9))))),
        ("padded", lambda data: data.map(lambda *args: first(one(args))).padded_batch(a, drop_remainder=whole)),
        ("take_while", lambda data: data.enumerate().take_while(lambda k, element: k < a + b)),
        ("apply", lambda data: data.apply(lambda inside: inside.skip(1))), ("repeat endless", lambda data: data.repeat().take(7)),
        ("scan", lambda data: data.enumerate().scan(np.int64(b), lambda state, pair: (state + pair[0], (state * 2, pair[1])))),
    ]  # fmt: skip


def chain(kind: Any, number: int) -> tuple[list[str], Any]:
    """A chain: what is done in words, and the data set."""
    random = np.random.default_rng(number)
    n = int(random.integers(1, 9))
    places = sources(kind, n)
    place = int(random.integers(len(places)))
    data, said = places[place], [f"source {place} {n}"]
    for _ in range(int(random.integers(1, 5))):
        several = steps(kind, random)
        name, step = several[int(random.integers(len(several)))]
        said.append(name)
        data = step(data)
    return said, data


def written(tree: Any) -> Any:
    """An element as plain data."""
    if isinstance(tree, dict):
        return {"dict": {key: written(item) for key, item in tree.items()}}
    if isinstance(tree, tuple):
        return {"tuple": [written(item) for item in tree]}
    array = np.asarray(tree)
    if array.dtype == object or array.dtype.kind == "S":
        return ["string", [text.decode() for text in array.ravel().tolist()], list(array.shape)]
    return [str(array.dtype), array.ravel().tolist(), list(array.shape)]


def specs(tree: Any) -> Any:
    """What is said of an element, as plain data."""
    if isinstance(tree, dict):
        return {key: specs(item) for key, item in tree.items()}
    if isinstance(tree, tuple):
        return [specs(item) for item in tree]
    unknown = tree.shape is None or getattr(tree.shape, "rank", 0) is None
    shape = None if unknown else [None if extent is None else int(extent) for extent in tree.shape]
    return [getattr(tree.dtype, "name", tree.dtype), shape]


def answer(kind: Any, number: int, refusals: tuple[type[Exception], ...]) -> Any:
    """All elements of a chain, twice; how many there are, what is said of them; or that it is refused."""
    try:
        said, data = chain(kind, number)
        elements = [written(element) for element in data.take(LONGEST).as_numpy_iterator()]
        again = [written(element) for element in data.take(LONGEST).as_numpy_iterator()]
        made = {"elements": elements, "count": int(data.cardinality()), "spec": specs(data.element_spec)}
    except refusals as error:
        return {"refused": type(error).__name__}
    assert elements == again, number
    return {"said": said} | made


if __name__ == "__main__":
    import tensorflow as tf

    answers = [answer(tf.data.Dataset, number, (tf.errors.OpError, ValueError, TypeError)) for number in range(COUNT)]
    RECORD.write_text(json.dumps(answers, separators=(",", ":")) + "\n", encoding="utf-8")
    sys.exit(0)
