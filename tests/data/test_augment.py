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
