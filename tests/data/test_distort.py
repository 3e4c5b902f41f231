"""Distortions of whole batches in compiled steps: what is drawn for an image follows from its key, and each amount says one thing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.data.distort import Distort, beta_quantiles, mixup
from gradwerk.data.loader import Loader

RNG = np.random.default_rng(0)
COUNT = 400
KEYS = RNG.integers(0, 2**32, COUNT, dtype=np.uint32)
ALL = Distort(
    shift=2, rotation=20, zoom=0.2, shear=10, flip_columns=True, flip_rows=True, crop=(7, 9), brightness=0.2, contrast=0.3, noise=0.1,
    cutout=3,
)  # fmt: skip


def images(*shape: int) -> np.ndarray[Any, Any]:
    return RNG.uniform(0, 1, shape).astype(np.float32)


def test_an_image_is_distorted_the_same_wherever_it_is() -> None:
    x, keys = images(24, 9, 11, 3), KEYS[:24]
    whole = ALL(x, keys)
    assert whole.shape == (24, 7, 9, 3) and whole.dtype == np.float32
    order = RNG.permutation(24)[:10]
    np.testing.assert_array_equal(ALL(x[order], keys[order]), whole[order])
    assert (ALL(x, keys[::-1]) != whole).mean() > 0.99


def test_compiled_steps_draw_the_same() -> None:
    x = images(6, 9, 11)
    step = gw.compile(ALL)
    np.testing.assert_allclose(step(gw.Tensor(x), gw.Tensor(KEYS[:6])).numpy(), ALL(x, KEYS[:6]), atol=1e-5)
    for distort in (Distort(), Distort(flip_columns=True), Distort(crop=(4, 4))):
        np.testing.assert_array_equal(distort(gw.Tensor(x), gw.Tensor(KEYS[:6])).numpy(), distort(x, KEYS[:6]))


def test_layouts_and_dtypes() -> None:
    x = images(5, 9, 11, 2)
    wanted = ALL(x, KEYS[:5])
    first = dataclasses.replace(ALL, channels_first=True)(np.ascontiguousarray(x.transpose(0, 3, 1, 2)), KEYS[:5])
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), wanted)
    still = dataclasses.replace(ALL, noise=0.0, contrast=0.0, cutout=0)  # what looks at one channel alone
    np.testing.assert_array_equal(still(x[..., 1], KEYS[:5]), still(x, KEYS[:5])[..., 1])
    assert ALL((x * 255).astype(np.uint8), KEYS[:5]).dtype == np.float32
    np.testing.assert_allclose(ALL(x.astype(np.float64), KEYS[:5]), wanted, atol=0.02)  # of other random bits: noise and places of float64
    assert ALL(x.astype(np.float64), KEYS[:5]).dtype == np.float64


def test_no_distortion_changes_nothing() -> None:
    x = images(3, 5, 6)
    np.testing.assert_array_equal(Distort()(x, KEYS[:3]), x)
    np.testing.assert_array_equal(Distort(crop=(5, 6))(x, KEYS[:3]), x)


def test_mirrors_and_windows_are_exact() -> None:
    x = images(COUNT, 5, 6)
    counts = []
    for distort, axis in ((Distort(flip_rows=True), 1), (Distort(flip_columns=True), 2)):
        got = distort(x, KEYS)
        mirrored = (got == np.flip(x, axis)).all((1, 2))
        assert (mirrored | (got == x).all((1, 2))).all()
        counts.append(mirrored)
    assert all(abs(mirrored.mean() - 0.5) < 0.1 for mirrored in counts) and abs((counts[0] == counts[1]).mean() - 0.5) < 0.1
    got, found = Distort(crop=(3, 2))(x, KEYS), np.zeros((3, 5))
    for image, window in zip(x, got, strict=True):
        places = [(r, c) for r in range(3) for c in range(5) if np.array_equal(image[r : r + 3, c : c + 2], window)]
        assert len(places) == 1
        found[places[0]] += 1
    assert found.min() > 8 and found.max() < 60, "each place is as likely"


def maps_of(distort: Distort) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Where results were read, about the centre: a map and an offset for each image, by ramps, which linear reading keeps exact."""
    size = 33
    ramps = [np.broadcast_to(ramp, (COUNT, size, size)).astype(np.float64) for ramp in np.mgrid[:size, :size]]
    read = np.stack([distort(ramp, KEYS) for ramp in ramps], -1)
    centre = (size - 1) // 2
    maps = np.stack([read[:, centre + 1, centre] - read[:, centre, centre], read[:, centre, centre + 1] - read[:, centre, centre]], -1)
    return maps, read[:, centre, centre] - centre


def test_an_image_is_turned_slanted_changed_in_size_and_shifted_by_its_amounts() -> None:
    maps, offsets = maps_of(Distort(shift=3, rotation=40, zoom=0.3, shear=30))
    amounts: dict[str, np.ndarray[Any, Any]] = {"down": offsets[:, 0] / 3, "right": offsets[:, 1] / 3}
    angle = np.arctan2(-maps[:, 0, 1], maps[:, 1, 1])  # along the result's rows, which are only changed in size and turned
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(-1, 2, 2)
    (high, zero), (lean, wide) = (turn.transpose(0, 2, 1) @ maps).transpose(1, 2, 0)
    np.testing.assert_allclose(zero, 0, atol=1e-6)
    amounts |= {"angle": np.degrees(angle) / 40, "slant": np.degrees(np.arctan(lean / high)) / 30}
    amounts |= {"height": (1 / high - 1) / 0.3, "width": (1 / wide - 1) / 0.3}
    for name, amount in amounts.items():
        assert -1.0001 < amount.min() < -0.95 and 0.95 < amount.max() < 1.0001, name
        assert abs(amount.mean()) < 0.12 and abs(amount.var() - 1 / 3) < 0.05, name
    drawn = np.corrcoef(np.stack([*amounts.values()]))
    assert abs(drawn - np.eye(len(amounts))).max() < 0.2, "drawn one by one"


def test_what_comes_in_from_outside() -> None:
    x = images(20, 5, 5) + 1
    edge, filled = Distort(shift=20)(x, KEYS[:20]), Distort(shift=20, fill=-3.0)(x, KEYS[:20])
    assert edge.min() >= 1 and (filled == -3).mean() > 0.5
    inside = filled > 1
    np.testing.assert_allclose(filled[inside], edge[inside], atol=1e-5)


def test_light() -> None:
    x = images(COUNT, 6, 7, 3)
    added = Distort(brightness=0.2)(x, KEYS) - x
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1, :1], x.shape), atol=1e-6)
    by = added[:, 0, 0, 0] / 0.2
    assert -1.001 < by.min() < -0.95 and 0.95 < by.max() < 1.001 and abs(by.mean()) < 0.1
    middle = x.mean((1, 2, 3), keepdims=True)
    factors = (Distort(contrast=0.3)(x, KEYS) - middle) / (x - middle)
    near = abs(x - middle) > 0.1
    first = np.array([line[ok][0] for line, ok in zip(factors, near, strict=True)])
    np.testing.assert_allclose(factors[near], np.broadcast_to(first[:, None, None, None], x.shape)[near], rtol=1e-3)
    assert 0.699 < first.min() < 0.72 and 1.28 < first.max() < 1.301


def test_noise() -> None:
    x = np.zeros((COUNT, 8, 8), np.float32)
    noise = Distort(noise=0.5)(x, KEYS) / 0.5
    assert abs(noise.mean()) < 0.03 and abs(noise.var() - 1) < 0.03 and abs((noise**4).mean() - 3) < 0.2
    flat = noise.reshape(COUNT, -1)
    assert abs(np.corrcoef(flat[:20]) - np.eye(20)).max() < 0.6 and abs(np.corrcoef(flat.T[:20]) - np.eye(20)).max() < 0.25


def test_cutout() -> None:
    x = np.ones((COUNT, 9, 9), np.float32)
    covered = Distort(cutout=4, fill=0.0)(x, KEYS) == 0
    rows, columns = covered.any(2).sum(1), covered.any(1).sum(1)
    np.testing.assert_array_equal(covered.sum((1, 2)), rows * columns)
    assert rows.max() == columns.max() == 4 and rows.min() >= 2, "half of it at least is inside"
    assert covered.any(0).all()
    mean = Distort(cutout=4)(images(3, 9, 9, 2), KEYS[:3])
    assert all(len({*np.round(image[mask], 5).ravel()}) == 1 for image, mask in zip(mean, covered[:3], strict=True))


@pytest.mark.parametrize("alpha", [0.2, 0.5, 1.0, 2.0, 8.0])
def test_quantiles_of_the_beta_distribution(alpha: float) -> None:
    """By the moments of the distribution, E[t(1-t)] and E[(t - 1/2)^4], and its symmetry."""
    quantiles = beta_quantiles(alpha)
    assert quantiles[0] == 0 and quantiles[-1] == 1 and (np.diff(quantiles) >= 0).all()
    np.testing.assert_allclose(quantiles + quantiles[::-1], 1, atol=1e-12)
    middles = (quantiles[1:] + quantiles[:-1]) / 2 - 0.5
    assert abs((middles**2).mean() - 1 / (4 * (2 * alpha + 1))) < 1e-3
    assert abs((middles**4).mean() - 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))) < 1e-3


def test_mixup() -> None:
    x, y = images(COUNT, 3, 4), np.eye(5, dtype=np.float32)[RNG.integers(0, 5, COUNT)]
    mixed_x, mixed_y = mixup(x, y, KEYS, alpha=0.5)
    shares = (mixed_x - np.roll(x, -1, 0)) / (x - np.roll(x, -1, 0))
    clear = abs(x - np.roll(x, -1, 0)) > 0.2
    for k in range(COUNT - 1):
        share = np.median(shares[k][clear[k]])
        np.testing.assert_allclose(mixed_y[k], share * y[k] + (1 - share) * y[(k + 1) % COUNT], atol=1e-3)
    np.testing.assert_allclose(mixed_y.sum(1), 1, atol=1e-6)
    got = gw.compile(mixup)(gw.Tensor(x[:8]), gw.Tensor(y[:8]), gw.Tensor(KEYS[:8]))
    for a, b in zip(got, mixup(x[:8], y[:8], KEYS[:8]), strict=True):
        np.testing.assert_allclose(a.numpy(), b, atol=1e-6)
    with pytest.raises(DTypeError, match=r"y \(400,\) int64(.|\n)*one_hot"):
        mixup(x, np.arange(COUNT), KEYS)
    with pytest.raises(ArgumentError, match="alpha is 0"):
        mixup(x, y, KEYS, alpha=0)


def test_with_the_keys_of_a_loader_order_and_batch_size_change_nothing() -> None:
    x = images(40, 9, 11)
    seen = []
    for size in (8, 20):
        found = {}
        for (batch, numbers), keys in Loader((x, np.arange(40)), size, seed=3, keyed=True).epoch(1):
            found |= {int(number): image.tobytes() for number, image in zip(numbers, ALL(batch, keys), strict=True)}
        seen.append(found)
    assert seen[0] == seen[1] and len(seen[0]) == 40


@pytest.mark.parametrize(("options", "told"), [
    *(({name: -1}, f"{name} is -1") for name in ("shift", "rotation", "zoom", "shear", "brightness", "contrast", "noise", "cutout")),
    ({"shift": float("nan")}, "shift is nan"), ({"noise": float("inf")}, "noise is inf"), ({"zoom": 1.0}, "zoom is 1.0"),
    ({"contrast": 1.5}, "contrast is 1.5"), ({"shear": 90}, "shear is 90"), ({"crop": (3, 0)}, "crop is"), ({"crop": (3,)}, "crop is"),
], ids=str)  # fmt: skip
def test_amounts_that_make_no_sense(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        Distort(**options)


def test_what_is_no_batch_of_images() -> None:
    x = images(3, 5, 5)
    with pytest.raises(ShapeError, match=r"images \(3, 5\)"):
        Distort()(x[:, 0], KEYS[:3])
    with pytest.raises(ShapeError, match=r"keys \(4,\)"):
        Distort()(x, KEYS[:4])
    with pytest.raises(DTypeError, match=r"keys \(3,\) int64(.|\n)*keyed=True"):
        Distort()(x, np.arange(3))
    with pytest.raises(ArgumentError, match="images of 5 x 5 have no window of 6 x 2"):
        Distort(crop=(6, 2))(x, KEYS[:3])
