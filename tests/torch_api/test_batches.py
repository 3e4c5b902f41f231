"""What a DataLoader makes of items that are no arrays: as PyTorch's default_collate."""

from __future__ import annotations

from typing import Any

import pytest

from gradwerk import torch
from gradwerk.torch.utils.data import default_collate


@pytest.mark.parametrize(
    ("batch", "wanted"),
    [
        (["a", "b"], ["a", "b"]), ([("a", 1), ("b", 2)], [("a", "b"), [1, 2]]), ([["a"], ["b"]], [("a", "b")]),
        ([{"k": "a"}, {"k": "b"}], {"k": ["a", "b"]}), ([1, 2.5], [1.0, 2.5]), ([b"a"], [b"a"]), ([True, False], [True, False]),
    ],
)  # fmt: skip
def test_items_joined_to_a_batch(batch: Any, wanted: Any) -> None:
    def plain(x: Any) -> Any:
        if isinstance(x, dict):
            return {key: plain(value) for key, value in x.items()}
        return x.tolist() if torch.is_tensor(x) else type(x)(map(plain, x)) if isinstance(x, list | tuple) else x

    assert plain(default_collate(batch)) == wanted
    assert getattr(default_collate([1, 2.5]), "dtype", None) == torch.float32


@pytest.mark.parametrize("item", [None, object(), {1}, torch.float32])
def test_items_that_no_batch_is_made_of(item: Any) -> None:
    with pytest.raises(TypeError, match="batch must contain tensors, numpy arrays, numbers, dicts or lists; found"):
        default_collate([item])
