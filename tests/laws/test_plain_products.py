"""Contractions that read both operands whole take a shorter way through NumPy, to the bits of the general one."""

from __future__ import annotations

import random

import numpy as np

from gradwerk.ops.contraction import Contract, axes
from gradwerk.ops.contraction_reference import contract_arrays, plain


def drawn(chance: random.Random) -> tuple[Contract, np.ndarray, np.ndarray]:
    """A contraction of some axes of a to f, and operands that lie somehow."""
    extent = {name: chance.choice([0, 1, 1, 2, 3, 5, 8]) for name in "abcdef"}
    lhs, rhs = (chance.sample("abcdef", chance.randint(0, 4)) for _ in range(2))
    both = sorted({*lhs, *rhs})
    kept = set(chance.sample(both, chance.randint(0, len(both))))
    if chance.random() < 0.7:  # nothing that one operand alone has is summed
        kept |= set(lhs) ^ set(rhs)
    out = [name for name in both if name in kept]
    chance.shuffle(out)
    dtype = chance.choice([np.float32, np.float64, np.int32])
    op = Contract(axes(lhs), axes(rhs), tuple(out), tuple((name, extent[name]) for name in both))
    return op, *(lying(chance, [extent[name] for name in names]).astype(dtype, copy=False) for names in (lhs, rhs))


def lying(chance: random.Random, shape: list[int]) -> np.ndarray:
    numbers = np.random.default_rng(chance.randrange(1 << 30))
    array = np.asarray(numbers.integers(-9, 9, shape) + numbers.random(shape))
    how = chance.choice(("dense", "transposed", "repeated"))
    if how == "transposed":
        return np.ascontiguousarray(array.T).T.reshape(shape, order="A")
    return np.broadcast_to(array.reshape(-1)[:1].reshape([1] * len(shape)), shape) if how == "repeated" and array.size else array


def test_plain_products_have_the_bits_of_the_general_way() -> None:
    chance, count = random.Random(7), 0
    for _ in range(2000):
        op, a, b = drawn(chance)
        found = plain((a.shape, op.lhs), (b.shape, op.rhs), op.out, op.extent)
        if found is None:
            continue
        count += 1
        wanted = contract_arrays((a, op.lhs), (b, op.rhs), [op.extent[name] for name in op.out], op.out, op.extent)
        got = found.of(a, b)
        assert (got.shape, got.dtype, got.tobytes()) == (wanted.shape, wanted.dtype, wanted.tobytes()), (op, a, b)
    assert count > 1000


def test_what_one_operand_alone_has_and_is_summed_is_not_plain() -> None:
    assert plain(((2, 3), axes("ab")), ((3,), axes("b")), ("b",), {"a": 2, "b": 3}) is None
    assert plain(((2, 2), axes("aa")), ((2,), axes("a")), ("a",), {"a": 2}) is None
    assert plain(((2, 4), axes("ab")), ((3,), axes("b")), ("a",), {"a": 2, "b": 3}) is None  # reads a part of the one
