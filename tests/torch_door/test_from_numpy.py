"""from_numpy shares memory: of slices, columns and transposed arrays too; where it cannot, it says so."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk import torch

VIEWS = {
    "every second": lambda a: a[::2],
    "columns": lambda a: a[:, 1:5:2],
    "a block": lambda a: a[1:4, 2:3],
    "one column": lambda a: a[:, 2],
    "one row": lambda a: a[3],
    "from the middle": lambda a: a.reshape(-1)[3::5],
    "turned": lambda a: a.T,
    "a view of a view": lambda a: a[1:][::2, 1:][:, ::3],
    "one element": lambda a: a[2:3, 4:5],
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("compiled", [False, True])
def test_writes_go_both_ways(name: str, compiled: bool) -> None:
    whole = np.arange(35.0, dtype=np.float32).reshape(5, 7)
    view = VIEWS[name](whole)
    expected = whole.copy()
    VIEWS[name](expected)[...] += 1
    x = torch.from_numpy(view)
    assert tuple(x.shape) == view.shape
    np.testing.assert_array_equal(x.numpy(), view)

    def step() -> None:
        x.add_(1.0)

    (torch.compile(step) if compiled else step)()
    np.testing.assert_array_equal(whole, expected)
    view[...] = 7
    assert (x == 7).all()
    pairs = zip(x.numpy().strides, view.strides, view.shape, strict=True)
    assert all(ours == given for ours, given, extent in pairs if extent > 1)


@pytest.mark.parametrize("make", [lambda a: a[:, ::2, ::2], lambda a: np.broadcast_to(a[0], (3, 4, 5))])
def test_what_cannot_be_shared_is_said(make) -> None:
    view = make(np.zeros((3, 4, 5), np.float32))
    with pytest.warns(UserWarning, match="copied, not shared"):
        torch.from_numpy(view)


def test_negative_strides_are_refused_as_in_torch() -> None:
    with pytest.raises(ValueError, match="strides in the given numpy array is negative|stride in the given numpy array is negative"):
        torch.from_numpy(np.zeros(4, np.float32)[::-1])
