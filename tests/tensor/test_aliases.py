"""One memory given in two ways: a compiled function does what eager code does, or says that it does not and changes nothing.

The law draws pairs of all there is on two memories (arrays, views of them, Tensors on them, views and twins of those), hands them over in
every way, and compares results and all memory after two calls.  To eager code an array is given as a Tensor on its memory, which is what a
compiled function sees of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import StateError, TraceError
from gradwerk.tensor.tensor import Tensor

Members = dict[str, Any]


def members() -> Members:
    """Two memories and an array beside them, each in many forms, by name."""
    a = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    x = torch.tensor(np.arange(1, 7, dtype=np.float32).reshape(2, 3))
    t = torch.from_numpy(a)
    return {
        "a": a, "a whole view": a[:], "a row of a": a[1:], "another array": a.copy(),
        "t": t, "t detached": t.detach(), "a row of t": t[1:], "another Tensor on a": torch.from_numpy(a),
        "x": x, "x detached": x.detach(), "a row of x": x[1:], "x turned": x.t(), "the array of x": x.numpy(),
    }  # fmt: skip


def write_first(p: Any, q: Any) -> Any:
    p *= 2
    return (q + 1).sum(), p.sum()


def write_second(p: Any, q: Any) -> Any:
    q += p.sum()
    return (p * 1.0).sum(), q.sum()


def write_both(p: Any, q: Any) -> Any:
    p += 1
    q *= 3
    p -= 2
    return (p * 1.0).sum(), (q * 1.0).sum()


def give_back(p: Any, q: Any) -> Any:
    p += 1
    return p, q


def positional(fn: Any, p: Any, q: Any) -> Any:
    return fn, (p, q), {}


def keyword(fn: Any, p: Any, q: Any) -> Any:
    return fn, (), {"q": q, "p": p}


def nested(fn: Any, p: Any, q: Any) -> Any:
    return lambda given, *, more: fn(given["p"][0], more[1]["q"]), ({"p": [p]},), {"more": (0, {"q": q})}


def first_held(fn: Any, p: Any, q: Any) -> Any:
    return lambda q: fn(p, q), (q,), {}


def second_held(fn: Any, p: Any, q: Any) -> Any:
    return lambda p: fn(p, q), (p,), {}


def numbers(value: Any) -> Any:
    return np.array(value.numpy() if isinstance(value, Tensor) else value).tolist()


def outcome(way: Any, fn: Any, names: tuple[str, str], wrap: Callable[[Any], Any], *, tensors: bool) -> Any:
    """Results and memory after two calls, or the error."""
    made = members()
    on_memory = {id(value): torch.from_numpy(value) for value in made.values() if isinstance(value, np.ndarray)} if tensors else {}
    p, q = (on_memory.get(id(made[name]), made[name]) for name in names)
    function, args, kwargs = way(fn, p, q)
    run = wrap(function)
    try:
        results = [[numbers(part) for part in run(*args, **kwargs)] for _ in range(2)]
    except StateError as error:
        before = members()
        assert all(np.array_equal(numbers(made[name]), numbers(before[name])) for name in made), f"torn: {names}"
        return error
    return results, {name: numbers(value) for name, value in made.items()}


@pytest.mark.parametrize("fn", [write_first, write_second, write_both, give_back])
@pytest.mark.parametrize("way", [positional, keyword, nested, first_held, second_held])
def test_one_memory_given_in_two_ways(way: Any, fn: Any) -> None:
    shared = gw.compile(fn)  # in one form for all calls: what fits one pair must not be taken for another
    for names in itertools.product(members(), repeat=2):
        held = {first_held: names[0], second_held: names[1]}.get(way)
        if held is not None and isinstance(members()[held], np.ndarray):
            continue  # what NumPy computes with while a function is traced is no part of it
        expected = outcome(way, fn, names, lambda function: function, tensors=True)
        got = outcome(way, fn, names, lambda function: shared if function is fn else gw.compile(function), tensors=False)
        if isinstance(got, StateError):
            assert "share" in str(got)
            assert names[0] != names[1], names
        else:
            assert got == expected, names


def test_an_array_given_twice_is_traced_once() -> None:
    step = gw.compile(write_first)
    for _ in range(3):
        a, b = np.ones(3, np.float32), np.ones(3, np.float32)
        assert [numbers(part) for part in step(a, a)] == [9, 6]
        assert [numbers(part) for part in step(a, b)] == [6, 12]
    assert len(step.retraces) == 1


def test_a_number_of_numpys_is_a_value() -> None:
    def fn(x: Any, y: Any) -> Any:
        x += 1
        return x * 1, y * 1

    number = np.float32(3)
    assert [part.item() for part in gw.compile(fn)(number, number)] == [4, 3]


@pytest.mark.parametrize("change", [
    lambda a: a.__iadd__(1), lambda a: a.__setitem__(0, 5), lambda a: np.add(a, 1, out=a), lambda a: np.random.default_rng(0).shuffle(a),
], ids=["in place", "an item", "out", "shuffled"])  # fmt: skip
def test_what_numpy_writes_to_a_held_array_is_written_at_each_call_or_refused(change: Any) -> None:
    """Else it would happen at the trace and at no call."""

    def made() -> tuple[Any, Any]:
        array = np.arange(3, dtype=np.float32)

        def fn(x: Any) -> Any:
            change(array)
            return x + array

        return fn, array

    x, (fn, array), (other, held) = Tensor(np.ones(3, np.float32)), made(), made()
    step = gw.compile(fn)
    for _ in range(3):
        np.testing.assert_array_equal(step(x).numpy(), other(x).numpy())
        np.testing.assert_array_equal(array, held)
    fn, array = made()
    with pytest.raises(TraceError, match=r"changed"):
        gw.compile(fn, watch_only=True)(x)
    np.testing.assert_array_equal(array, [0, 1, 2])
