"""torch's complex numbers: made, printed, taken apart, transformed; what has no meaning for them is refused."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import DTypeError


def test_made_and_taken_apart() -> None:
    z = torch.tensor([1 + 2j, 3 - 1j])
    assert (z.dtype, torch.zeros(2, dtype=torch.complex128).dtype, torch.zeros(2, dtype=complex).dtype) == (
        torch.complex64, torch.complex128, torch.complex128)  # fmt: skip
    assert z.is_complex() and not z.real.is_complex() and torch.is_complex(z)
    assert (z.real.tolist(), z.imag.tolist(), z.conj().tolist()) == ([1.0, 3.0], [2.0, -1.0], [1 - 2j, 3 + 1j])
    assert torch.equal(torch.view_as_complex(torch.view_as_real(z)).real, z.real)
    assert torch.complex(z.real, z.imag).tolist() == z.tolist()
    np.testing.assert_allclose(torch.polar(z.abs(), z.angle()).numpy(), z.numpy(), rtol=1e-6)
    assert torch.tensor(2 + 1j).item() == 2 + 1j


@pytest.mark.parametrize(("given", "shown"), [
    ([1 + 2j, 3 - 1j], "tensor([1.+2.j, 3.-1.j])"),
    ([0.5 + 0.25j, -1j], "tensor([0.5000+0.2500j, -0.0000-1.0000j])"),
])  # fmt: skip
def test_printed(given: list[complex], shown: str) -> None:
    assert repr(torch.tensor(given)).replace(" ", "") == shown.replace(" ", "")


def test_beside_other_dtypes() -> None:
    z = torch.tensor([1 + 2j, 3 - 1j])
    assert [(z * other).dtype for other in (2, 0.5, 1j, z.real, z.to(torch.complex128))] == [torch.complex64] * 4 + [torch.complex128]
    assert (torch.ones(2, dtype=torch.float64)[:, None] * z).dtype == torch.complex128
    assert (torch.ones(2) * 1j).tolist() == [1j, 1j]
    assert ((z - 1) / 2j).tolist() == [1 + 0j, -0.5 - 1j]
    assert z.sum().item() == 4 + 1j
    assert (z @ z).item() == (1 + 2j) ** 2 + (3 - 1j) ** 2


def test_what_has_no_meaning_is_refused() -> None:
    z = torch.tensor([1 + 2j, 3 - 1j])
    for name in ("exp", "floor", "mean", "relu", "float", "long", "max", "argmax", "sort", "round", "trunc", "sign", "var"):
        with pytest.raises(DTypeError):
            getattr(z, name)()


def test_a_transform_inside_a_compiled_step_trains() -> None:
    """A signal is found by the magnitudes of its spectrum."""
    rng = np.random.default_rng(0)
    wanted = torch.tensor(np.abs(np.fft.rfft(rng.standard_normal(16))).astype(np.float32))
    x = torch.tensor(rng.standard_normal(16).astype(np.float32)).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.05)

    @torch.compile
    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = ((torch.fft.rfft(x).abs() - wanted) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    first = step().item()
    for _ in range(200):
        last = step().item()
    assert last < 1e-3 * first
