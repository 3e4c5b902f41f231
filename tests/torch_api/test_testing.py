"""torch.testing.assert_close: passes what is close, and says what is not in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch

assert_close = torch.testing.assert_close


def test_what_is_close_passes() -> None:
    assert_close(torch.ones(3), torch.ones(3) + 1e-6)
    assert_close({"a": [torch.ones(2), 1.0]}, {"a": [torch.ones(2), 1.0 + 1e-8]})
    assert_close(torch.tensor([np.nan]), torch.tensor([np.nan]), equal_nan=True)
    assert_close(torch.ones(2), torch.ones(2).double() + 0.01, rtol=0, atol=0.1, check_dtype=False)
    assert_close(np.ones(2), np.ones(2))


@pytest.mark.parametrize(("actual", "expected", "says"), [
    (torch.ones(2), torch.tensor([1.0, 2.0]), r"(?s)Tensor-likes are not close!.*Mismatched elements: 1 / 2 \(50.0%\).*"
     r"Greatest absolute difference: 1.0 at index \(1,\) \(up to 1e-05 allowed\).*relative difference: 0.5 at index \(1,\)"),
    (torch.ones(2), torch.ones(3), r"The values for attribute 'shape' do not match: torch.Size\(\[2\]\) != torch.Size\(\[3\]\)."),
    (torch.ones(2), torch.ones(2).double(), "The values for attribute 'dtype' do not match"),
    (torch.tensor([1]), torch.tensor([2]), "up to 0.0 allowed"),
    (torch.tensor(np.nan), torch.tensor(np.nan), "Tensor-likes are not close"),
    (1.0, 2.0, r"(?s)Scalars are not close!.*Expected 2.0 but got 1.0.*Absolute difference: 1.0 \(up to 1e-07 allowed\)"),
    ([1.0], [1.0, 2.0], "The length of the sequences mismatch: 1 != 2"), ({"a": 1}, {"b": 1}, "The keys of the mappings do not match"),
])  # fmt: skip
def test_what_is_not_close_says_how(actual: Any, expected: Any, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        assert_close(actual, expected)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(TypeError, match="No comparison pair was able to handle inputs"):
        assert_close(torch.ones(2), [1, 1])
    with pytest.raises(ValueError, match="rtol and atol must both be specified"):
        assert_close(torch.ones(2), torch.ones(2), rtol=0.1)
    with pytest.raises(AssertionError, match="my words: Tensor"):
        assert_close(torch.ones(2), torch.zeros(2), msg=lambda text: f"my words: {text}")
