"""Distortions: no change where none is asked, seeded, and what they say they do."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.data.augment import Distortion, warp
from gradwerk.data.datasets import digits

STILL = Distortion(0, 0, 0, 0)


@pytest.mark.parametrize("shape", [(3, 5, 7), (3, 5, 7, 1), (2, 6, 4, 3)])
def test_no_distortion_changes_nothing(shape) -> None:
    images = np.random.default_rng(0).random(shape).astype(np.float32)
    np.testing.assert_allclose(STILL(images, np.random.default_rng(1)), images, atol=1e-6)


def test_warp_shifts_whole_pixels_exactly() -> None:
    images = np.random.default_rng(0).random((2, 6, 6)).astype(np.float32)
    moved = warp(images, np.tile(np.eye(2), (2, 1, 1)), np.array([[1.0, 0.0], [0.0, -2.0]]))
    np.testing.assert_allclose(moved[0, :-1], images[0, 1:], atol=1e-6)
    np.testing.assert_allclose(moved[1, :, 2:], images[1, :, :-2], atol=1e-6)
    np.testing.assert_allclose(moved[0, -1], np.full(6, images[0, 0, 0]), atol=2e-3)


def test_warp_turns_by_a_quarter() -> None:
    image = np.random.default_rng(0).random((1, 5, 5)).astype(np.float32)
    turned = warp(image, np.array([[[0.0, 1.0], [-1.0, 0.0]]]), np.zeros((1, 2)))
    np.testing.assert_allclose(turned[0], np.rot90(image[0], 1), atol=1e-5)


def maps_of(distortion: Distortion, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Where results were read, about the centre: a map and an offset for each image, by ramps, which linear reading keeps exact."""
    size, count = 33, 12
    ramps = [np.broadcast_to(ramp, (count, size, size)).astype(np.float32) for ramp in np.mgrid[:size, :size]]
    read = np.stack([distortion(ramp, np.random.default_rng(seed)) for ramp in ramps], -1).astype(np.float64)
    centre = (size - 1) // 2
    maps = np.stack([read[:, centre + 1, centre] - read[:, centre, centre], read[:, centre, centre + 1] - read[:, centre, centre]], -1)
    return maps, read[:, centre, centre] - centre


def test_an_image_is_turned_then_slanted_then_changed_in_size_and_shifted() -> None:
    """So from result to source: turn @ [[1, 0], [slant, 1]] @ sizes, each within its amount."""
    maps, offsets = maps_of(Distortion(shift=3, rotation=40, zoom=0.3, shear=30), seed=1)
    angle = np.arctan2(-maps[:, 0, 1], maps[:, 1, 1])
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(-1, 2, 2)
    (high, zero), (lean, wide) = (turn.transpose(0, 2, 1) @ maps).transpose(1, 2, 0)
    np.testing.assert_allclose(zero, 0, atol=1e-5)
    amounts = {"angle": np.degrees(angle) / 40, "slant": np.degrees(np.arctan(lean / high)) / 30, "height": (1 / high - 1) / 0.3}
    amounts |= {"width": (1 / wide - 1) / 0.3, "down": offsets[:, 0] / 3, "right": offsets[:, 1] / 3}
    for name, amount in amounts.items():
        assert 0.5 < np.abs(amount).max() <= 1.001, name
        assert amount.min() < 0 < amount.max(), name


@pytest.mark.parametrize("alone", ["shift", "rotation", "zoom", "shear"])
def test_each_amount_says_one_thing(alone: str) -> None:
    amounts = {"shift": 0.0, "rotation": 0.0, "zoom": 0.0, "shear": 0.0} | {alone: {"shift": 2.0, "zoom": 0.4}.get(alone, 30.0)}
    maps, offsets = maps_of(Distortion(**amounts), seed=2)
    one = np.eye(2)
    if alone != "shift":
        np.testing.assert_allclose(offsets, 0, atol=1e-5)
    if alone == "shift":
        np.testing.assert_allclose(maps, np.broadcast_to(one, maps.shape), atol=1e-5)
    elif alone == "rotation":
        np.testing.assert_allclose(maps @ maps.transpose(0, 2, 1), np.broadcast_to(one, maps.shape), atol=1e-5)
    elif alone == "zoom":
        np.testing.assert_allclose(maps[:, [0, 1], [1, 0]], 0, atol=1e-5)
    else:
        np.testing.assert_allclose(maps[:, 0], np.broadcast_to(one[0], (len(maps), 2)), atol=1e-5)
        np.testing.assert_allclose(maps[:, 1, 1], 1, atol=1e-5)


def test_equal_generators_give_equal_images_and_others_do_not() -> None:
    images = digits().train.x[:8]
    first, again, other = (Distortion()(images, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.dtype == np.float32 and np.array_equal(first, again) and not np.array_equal(first, other)
    assert first.min() >= 0 and first.max() <= 255
    assert abs(first.mean() / images.mean() - 1) < 0.2, "the ink stays inside the picture"


def test_bad_amounts_and_shapes_say_so() -> None:
    with pytest.raises(ArgumentError, match="not negative"):
        Distortion(shift=-1)
    with pytest.raises(ShapeError, match="3 axes"):
        STILL(np.zeros((4, 4)), np.random.default_rng(0))
