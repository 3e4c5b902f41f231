"""torch.nn.functional.pad: NumPy's borders, gradients, second derivatives, compiled; what is refused as PyTorch does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.torch.nn import functional

Array = np.ndarray[Any, Any]
NUMPYS = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
CASES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((2, 5), (1, 2)), ((2, 3, 4), (0, 3)), ((2, 3, 4), (2, 1, 0, 2)), ((1, 2, 3, 4), (3, 2, 1, 1)), ((1, 2, 3, 4, 3), (1, 2, 0, 1, 2, 2)),
    ((2, 3, 4), (0, 0)),
]  # fmt: skip


def numpys(x: Array, widths: tuple[int, ...], mode: str, value: float) -> Array:
    """NumPy's; the widths begin with the last axis."""
    pairs = [(0, 0)] * (x.ndim - len(widths) // 2) + list(zip(widths[::2], widths[1::2], strict=True))[::-1]
    options: dict[str, Any] = {"constant_values": value} if mode == "constant" else {}
    return np.pad(x, pairs, NUMPYS[mode], **options)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("mode", NUMPYS)
@pytest.mark.parametrize(("shape", "widths"), CASES)
def test_borders_and_their_gradients(shape: tuple[int, ...], widths: tuple[int, ...], mode: str, *, compiled: bool) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    wanted = numpys(x, widths, mode, 1.5)
    weights = np.cos(np.arange(wanted.size)).reshape(wanted.shape)
    places = numpys(np.arange(1, x.size + 1).reshape(shape), widths, mode, 0)
    spread = np.zeros(x.size + 1)
    np.add.at(spread, places.reshape(-1), (weights * 3 * wanted**2).reshape(-1))

    def run(array: torch.Tensor, weights: torch.Tensor) -> list[torch.Tensor]:
        array = array.detach()
        array.requires_grad = True
        y = functional.pad(array, widths, mode, 1.5 if mode == "constant" else None)
        (first,) = torch.autograd.grad((y**3 * weights).sum(), array, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), array)
        return [y.detach(), first.detach(), second]

    made = (torch.compile(run) if compiled else run)(torch.tensor(x), torch.tensor(weights))
    np.testing.assert_array_equal(made[0].numpy(), wanted)
    np.testing.assert_allclose(made[1].numpy(), spread[1:].reshape(shape), rtol=1e-12)
    spread = np.zeros(x.size + 1)
    np.add.at(spread, places.reshape(-1), (weights * 6 * wanted).reshape(-1))
    np.testing.assert_allclose(made[2].numpy(), spread[1:].reshape(shape), rtol=1e-12)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 0.0, -3.0])
def test_any_number_stands_around_any_contents(value: float) -> None:
    x = np.array([[np.nan, 1.0], [np.inf, -0.0]], np.float32)
    widths = (1, 1, 0, 1)
    for made in (functional.pad, torch.compile(functional.pad)):
        np.testing.assert_array_equal(made(torch.tensor(x), widths, value=value).numpy(), numpys(x, widths, "constant", value))
    for dtype in (torch.int64, torch.uint8, torch.bool):
        whole = np.array([[1, 0]]).astype(dtype)
        assert functional.pad(torch.tensor(whole), (1, 0), value=1).numpy().tolist() == [[1, *whole[0]]]
    with pytest.raises(RuntimeError, match="without overflow"):
        functional.pad(torch.tensor([1]), (1, 0), value=np.nan)


def test_negative_widths_cut_off() -> None:
    x = torch.arange(5.0)
    assert functional.pad(x, (-1, 2), value=9).tolist() == [1, 2, 3, 4, 9, 9]
    assert functional.pad(x, (-2, -3)).tolist() == []
    row = x.reshape(1, 5)
    assert functional.pad(row, (2, -2), "reflect").tolist() == [[2, 1, 0, 1, 2]]
    assert functional.pad(row, (-1, 2), "replicate").tolist() == [[1, 2, 3, 4, 4, 4]]
    assert functional.pad(row, (-1, 2), "circular").tolist() == [[1, 2, 3, 4, 1, 2]]


@pytest.mark.parametrize(
    ("shape", "widths", "mode", "says"),
    [
        ((2, 3), (1,), "constant", "divisible by 2"), ((2, 3), (1,) * 6, "constant", "two times the input dimension"),
        ((2, 3), (1, 1), "mirror", "Unrecognised padding mode mirror"), ((3,), (1, 1), "reflect", "Only 2D, 3D, 4D, 5D"),
        ((2, 3), (3, 0), "reflect", "reflect padding goes 3 beyond an extent of 3"),
        ((2, 3), (0, 4), "circular", "circular padding goes 4 beyond an extent of 3"), ((2, 3), (-2, -2), "constant", "more is cut off"),
        ((2, 0), (1, 0), "replicate", "beyond an extent of 0"),
    ],
)  # fmt: skip
def test_what_is_refused(shape: tuple[int, ...], widths: tuple[int, ...], mode: str, says: str) -> None:
    for made in (functional.pad, torch.compile(functional.pad)):
        with pytest.raises(RuntimeError, match=says):
            made(torch.zeros(*shape), widths, mode)
    with pytest.raises(RuntimeError, match="doesn't take in value"):
        functional.pad(torch.zeros(2, 3), (1, 1), "reflect", 2.0)
