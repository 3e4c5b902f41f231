"""Examples held back: each once, of every class its share, whatever holds the examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.data.files import split


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("stratified", [False, True])
def test_split(stratified: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 30, random.integers(1, 8))
    share = random.uniform(0.1, 0.6)
    y = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    x = np.arange(len(y))
    count = round(len(y) * share)
    if not 0 < count < len(y):
        return
    train, held = split(x, y, share, seed=seed, stratified=stratified)
    assert sorted([*train.x, *held.x]) == x.tolist()
    assert len(held) == count
    np.testing.assert_array_equal(held.y, y[held.x])
    np.testing.assert_array_equal(train.y, y[train.x])
    if stratified:
        assert (abs(np.bincount(held.y, minlength=len(sizes)) - sizes * share) < 1).all()
    np.testing.assert_array_equal(split(x, y, share, seed=seed, stratified=stratified)[1].x, held.x)
    others = [split(x, y, share, seed=k, stratified=stratified)[1].x.tolist() for k in range(100, 108)]
    assert len(y) < 6 or any(other != held.x.tolist() for other in others)


def test_whatever_holds_the_examples() -> None:
    y = np.arange(5)
    sequences = [np.full(k + 1, k) for k in range(5)]
    tree = {"a": np.arange(5), "b": {"c": np.arange(10).reshape(5, 2)}}
    for part in split(sequences, y, 0.4):
        assert [(len(x), x[0]) for x in part.x] == [(k + 1, k) for k in part.y]
    assert isinstance(split(tuple(sequences), y, 0.4)[0].x, tuple)
    for part in split(tree, y.tolist(), 0.4):
        np.testing.assert_array_equal(part.x["a"], part.y)
        np.testing.assert_array_equal(part.x["b"]["c"][:, 0], 2 * part.y)


ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((np.zeros(3), np.zeros(3), 1.0), {}, "a share between 0 and 1"),
    ((np.zeros(3), np.zeros(3), float("nan")), {}, "a share between 0 and 1"),
    ((np.zeros(3), np.zeros(3), "0.2"), {}, "'0.2': a share between 0 and 1"),
    ((np.zeros(2), np.zeros(2), 0.1), {}, "leaves one part empty"),
    ((np.zeros(1), np.zeros(1)), {}, "1 examples cannot be split"),
    (([], []), {}, "0 examples cannot be split"),
    ((3.0, np.zeros(3)), {}, "x holds no examples"),
    ((np.zeros(3), np.float32(3)), {}, "y holds no examples"),
    ((np.zeros(6), np.eye(6)), {"stratified": True}, r"class(.|\n)*y \(6, 6\)(.|\n)*argmax"),
    ((np.zeros(6), np.zeros(6)), {"seed": -1}, "whole number from 0 on, this is -1"),
    ((np.zeros(6), np.zeros(6)), {"seed": 1.5}, "whole number from 0 on, this is 1.5"),
]


@pytest.mark.parametrize(("arguments", "options", "told"), ARGUMENTS, ids=[told[:20] for _, _, told in ARGUMENTS])
def test_split_refuses(arguments: tuple[Any, ...], options: dict[str, Any], told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        split(*arguments, **options)


def test_unequal_numbers_of_examples() -> None:
    with pytest.raises(DataError, match="3 inputs and 2 targets"):
        split(np.zeros(3), np.zeros(2))
    with pytest.raises(DataError, match=r"different numbers of examples(.|\n)*a: 3(.|\n)*b: 2"):
        split({"a": np.zeros(3), "b": np.zeros(2)}, np.zeros(3))
