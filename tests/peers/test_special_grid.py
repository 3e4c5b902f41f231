"""Functions of one element at every special value are PyTorch's: eager, interpreted and compiled."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

import gradwerk.torch
from gradwerk.base.settings import settings
from tests.peers.freeze import load
from tests.peers.special_grid import DTYPES, FUNCTIONS, Array, answered, arguments

RECORDED = load("grid")
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}
"""Relative: what is asked is which number it is, not its last digits."""
WAYS = ("eager", "interpreted", "compiled")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name: str, way: str) -> None:
    function = FUNCTIONS[name]
    for dtype in DTYPES:
        arrays = arguments(function, dtype)
        with settings.scope(interpret=True) if way == "interpreted" else nullcontext():
            made = (lambda step: step) if way == "eager" else gradwerk.torch.compile
            answers = answered(gradwerk.torch, function, arrays, made)
        for key, got in answers.items():
            wanted = RECORDED[name][f"{dtype} {key}"]
            alone = RECORDED[name].get(f"{dtype} {key} alone", wanted)
            right = agrees(got, wanted, signs=key == "value") | agrees(got, alone, signs=key == "value")
            wrong = np.argwhere(~right)
            if len(wrong):
                place = tuple(wrong[0])
                at = [x[place] for x in arrays] if got.shape == arrays[0].shape else [x.reshape(-1, 4)[place[:1]] for x in arrays]
                raise AssertionError(f"{key} of {name} at {at}: {got[place]!r}, wanted {wanted[place]!r}; {len(wrong)} of {got.size}")


def agrees(got: Array, wanted: Array, *, signs: bool) -> Array:
    """Where an answer is right: NaN, infinity, near a number, and (`signs`: gradients that come several ways add up) a zero of its sign."""
    assert got.dtype == wanted.dtype
    assert got.shape == wanted.shape
    if got.dtype == bool:
        return got == wanted
    with np.errstate(all="ignore"):
        near = np.abs(got - wanted) <= TOLERANCES[got.dtype.name] * np.abs(wanted)
    same = (got == wanted) | np.isnan(got) & np.isnan(wanted) | near
    return same & ((wanted != 0) | (np.signbit(got) == np.signbit(wanted))) if signs else same
