"""torchvision's transforms: on Tensors what PyTorch's resampling gives (recorded), on pictures what Pillow gives,
and drawn ones in bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradwerk import torch
from gradwerk.base.errors import GradwerkError
from gradwerk.torchvision import transforms
from gradwerk.torchvision.transforms import InterpolationMode
from gradwerk.torchvision.transforms import functional as F

RECORDED = json.loads((Path(__file__).parents[1] / "peers" / "recorded" / "resized.json").read_text(encoding="utf-8"))
COLOURS = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
PICTURE = Image.fromarray(COLOURS)


def tensor() -> Any:
    return F.pil_to_tensor(PICTURE)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['way']}-{case['size']}-{case['antialias']}")
def test_tensors_are_resized_as_torch_interpolates(case: dict[str, Any]) -> None:
    x = torch.tensor(case["x"]).reshape(1, 2, *case["from"])
    found = F.resize(x, case["size"], InterpolationMode(case["way"]), antialias=case["antialias"])
    np.testing.assert_allclose(found.numpy().ravel(), case["y"], rtol=2e-5, atol=2e-5)


SAME = {
    "hflip": F.hflip, "vflip": F.vflip, "crop": lambda x: F.crop(x, 1, 2, 4, 5), "crop outside": lambda x: F.crop(x, -2, 3, 8, 9),
    "center_crop": lambda x: F.center_crop(x, (4, 4)), "center_crop of less": lambda x: F.center_crop(x, [10, 4]),
    "pad": lambda x: F.pad(x, [1, 2, 3, 0], 7), "pad edge": lambda x: F.pad(x, (2, 1), padding_mode="edge"),
    "pad reflect": lambda x: F.pad(x, 3, padding_mode="reflect"), "pad symmetric": lambda x: F.pad(x, 4, padding_mode="symmetric"),
    "invert": F.invert, "nearest": lambda x: F.resize(x, [14, 18], InterpolationMode.NEAREST), "turn": lambda x: F.rotate(x, 180),
    "whole turn": lambda x: F.rotate(x, 90, expand=True), "shift": lambda x: F.affine(x, 0, [2, 1], 1.0, 0.0, fill=5),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_tensors_and_pictures_come_out_alike(name: str) -> None:
    np.testing.assert_array_equal(F.pil_to_tensor(SAME[name](PICTURE)).numpy(), SAME[name](tensor()).numpy())


NEARLY = {
    "grey": (F.rgb_to_grayscale, 1), "grey of three": (lambda x: F.rgb_to_grayscale(x, 3), 1),
    "brighter": (lambda x: F.adjust_brightness(x, 1.4), 1),
    "contrast": (lambda x: F.adjust_contrast(x, 0.4), 1), "saturation": (lambda x: F.adjust_saturation(x, 0.3), 1),
    "sharper": (lambda x: F.adjust_sharpness(x, 1.7), 2), "gamma": (lambda x: F.adjust_gamma(x, 1.5), 1),
    "hue": (lambda x: F.adjust_hue(x, 0.2), 9),
    "blend": (lambda x: F.resize(x, [3, 4]), 1), "cubic": (lambda x: F.resize(x, 5, InterpolationMode.BICUBIC), 1),
    "seen from the side": (lambda x: F.perspective(x, [[0, 0], [8, 0], [8, 6], [0, 6]], [[0, 0], [8, 0], [8, 6], [0, 6]]), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", NEARLY)
def test_colours_of_tensors_are_those_of_pictures_but_for_rounding(name: str) -> None:
    change, off = NEARLY[name]
    found, expected = (x.numpy().astype(int) for x in (change(tensor()), F.pil_to_tensor(change(PICTURE))))
    assert found.shape == expected.shape and np.abs(found - expected).max() <= off


def test_numbers_are_scaled_and_put_in_order() -> None:
    x = transforms.ToTensor()(PICTURE)
    np.testing.assert_array_equal(x.numpy(), COLOURS.transpose(2, 0, 1).astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(transforms.ToTensor()(COLOURS).numpy(), x.numpy())
    assert transforms.ToTensor()(COLOURS[:, :, 0].astype(np.float64)).dtype == torch.float64
    np.testing.assert_array_equal(np.asarray(transforms.ToPILImage()(x)), COLOURS)
    grey = transforms.ToPILImage()(x[0])
    assert grey.mode == "L" and transforms.ToTensor()(grey).shape == (1, 7, 9)
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.25, 2.0)
    found = transforms.Normalize(mean, std)(x)
    np.testing.assert_allclose(found.numpy(), (x.numpy() - np.float32(mean)[:, None, None]) / np.float32(std)[:, None, None], rtol=1e-6)
    as_bytes = F.convert_image_dtype(x, torch.uint8)
    np.testing.assert_array_equal(as_bytes.numpy(), COLOURS.transpose(2, 0, 1))
    assert F.convert_image_dtype(as_bytes, torch.int32).numpy().max() == int(COLOURS.max()) * 2**23


def test_sizes_in_proportion() -> None:
    for x, size in ((PICTURE, lambda y: (y.height, y.width)), (tensor(), lambda y: tuple(y.shape[-2:]))):
        assert size(F.resize(x, 14)) == (14, 18) and size(F.resize(x, [14])) == (14, 18) and size(F.resize(x, 14, max_size=16)) == (12, 16)
        assert size(F.resize(x, None, max_size=18)) == (14, 18)
    assert len(F.ten_crop(PICTURE, 3)) == 10 and F.five_crop(tensor(), (3, 4))[3].shape == (3, 3, 4)


def test_blurred_by_a_normal_kernel() -> None:
    x = torch.zeros(1, 9, 9)
    x[0, 4, 4] = 1
    k = np.exp(-0.5 * (np.arange(-2, 3) / 0.8) ** 2)
    np.testing.assert_allclose(F.gaussian_blur(x, 5, 0.8).numpy()[0, 2:7, 2:7], np.outer(k, k) / k.sum() ** 2, rtol=1e-5)


DRAWN = {
    "crop": transforms.RandomCrop(4, padding=1), "resized crop": transforms.RandomResizedCrop(5), "flip": transforms.RandomHorizontalFlip(),
    "down": transforms.RandomVerticalFlip(), "grey": transforms.RandomGrayscale(0.5), "rotation": transforms.RandomRotation(30),
    "affine": transforms.RandomAffine(10, (0.1, 0.2), (0.8, 1.2), (-5, 5, -5, 5)), "jitter": transforms.ColorJitter(0.5, 0.5, 0.5, 0.1),
    "side": transforms.RandomPerspective(p=0.7), "blur": transforms.GaussianBlur(3), "apply": transforms.RandomApply([transforms.Pad(1)]),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_a_seed_fixes_what_is_drawn_and_draws_differ(name: str) -> None:
    change = DRAWN[name]
    for x in (PICTURE, tensor().float().div(255)):
        torch.manual_seed(3)
        first = [np.asarray(change(x)) for _ in range(12)]
        torch.manual_seed(3)
        again = [np.asarray(change(x)) for _ in range(12)]
        assert all(a.shape == b.shape and (a == b).all() for a, b in zip(first, again, strict=True))
        assert any(a.shape != first[0].shape or (a != first[0]).any() for a in first[1:])


def test_parts_lie_in_the_picture_and_reach_its_ends() -> None:
    torch.manual_seed(0)
    found = {transforms.RandomCrop.get_params(PICTURE, (6, 7)) for _ in range(60)}
    assert found == {(top, left, 6, 7) for top in range(2) for left in range(3)}
    for _ in range(40):
        top, left, height, width = transforms.RandomResizedCrop.get_params(PICTURE, (0.1, 0.9), (0.5, 2.0))
        assert 0 <= top <= 7 - height and 0 <= left <= 9 - width and height > 0 and width > 0
    flips = sum(np.asarray(transforms.RandomHorizontalFlip(0.25)(PICTURE)).tobytes() != COLOURS.tobytes() for _ in range(200))
    assert 25 < flips < 80


def test_a_rectangle_is_erased() -> None:
    torch.manual_seed(1)
    x = torch.ones(3, 20, 20)
    found = transforms.RandomErasing(1.0, value=(4.0, 5.0, 6.0))(x)
    gone = found.numpy() != 1
    assert 0.02 * 400 * 0.5 <= gone[0].sum() <= 0.34 * 400 * 1.3 and (found.numpy()[2][gone[2]] == 6).all() and (x.numpy() == 1).all()
    rows, columns = np.flatnonzero(gone[0].any(1)), np.flatnonzero(gone[0].any(0))
    assert gone[0].sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)


def test_texts_are_torchvisions() -> None:
    made = transforms.Compose(
        [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
    )
    assert repr(made) == (
        "Compose(\n    Resize(size=256, interpolation=bilinear, max_size=None, antialias=True)\n    CenterCrop(size=(224, 224))\n"
        "    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n)"
    )
    assert repr(transforms.RandomResizedCrop(8)) == (
        "RandomResizedCrop(size=(8, 8), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear, antialias=True)"
    )
    assert repr(transforms.ColorJitter(0.2)) == "ColorJitter(brightness=(0.8, 1.2), contrast=None, saturation=None, hue=None)"


@pytest.mark.parametrize(("wrong", "kind"), [
    (lambda: transforms.ToTensor()([1]), TypeError), (lambda: transforms.ToTensor()(np.zeros((1, 2, 3, 4))), ValueError),
    (lambda: transforms.Normalize((0.5,), (0.0,))(torch.ones(1, 2, 2)), ValueError),
    (lambda: transforms.Normalize(0, 1)(PICTURE), TypeError),
    (lambda: transforms.Normalize((0, 0), (1, 1))(torch.ones(3, 2, 2)), RuntimeError), (lambda: F.crop(COLOURS, 0, 0, 1, 1), TypeError),
    (lambda: transforms.RandomCrop(20)(PICTURE), ValueError), (lambda: transforms.Resize("a"), TypeError),
    (lambda: F.resize(PICTURE, 0), ValueError),
    (lambda: transforms.RandomHorizontalFlip(2), ValueError), (lambda: F.pad(PICTURE, (1, 2, 3)), ValueError),
    (lambda: F.rotate(PICTURE, "a"), TypeError),
    (lambda: F.pad(tensor(), 9, padding_mode="reflect"), RuntimeError), (lambda: F.adjust_hue(PICTURE, 0.7), ValueError),
    (lambda: transforms.Lambda(3), TypeError),
    (lambda: F.rotate(tensor(), 3, InterpolationMode.BICUBIC), ValueError), (lambda: transforms.ColorJitter(hue=0.6), ValueError),
    (lambda: transforms.Compose(3), TypeError), (lambda: F.to_pil_image(torch.ones(5, 2, 2)), ValueError),
    (lambda: F.gaussian_blur(tensor(), 4), ValueError),
    (lambda: transforms.RandomErasing(1.0)(PICTURE), TypeError), (lambda: transforms.ToPILImage()(COLOURS.astype(float)), TypeError),
])  # fmt: skip
def test_what_does_not_fit_is_one_clear_error(wrong: Any, kind: type) -> None:
    with pytest.raises(kind) as caught:
        wrong()
    assert isinstance(caught.value, GradwerkError)


def test_names_that_are_absent_say_so() -> None:
    from gradwerk import torchvision

    for name in ("AutoAugment", "RandAugment"):
        with pytest.raises(AttributeError, match=rf"torchvision.transforms.{name} is not here yet"):
            getattr(transforms, name)
    for ask in (lambda: torchvision.models.vit_b_16, lambda: torchvision.ops, lambda: torchvision.utils.draw_bounding_boxes):
        with pytest.raises(AttributeError, match="is not here yet"):
            ask()
    with pytest.raises(ImportError, match=r"torchvision.models.swin_t is not here yet"):
        from gradwerk.torchvision.models import swin_t  # noqa: F401
    for name in ("Compose", "ToTensor", "RandomCrop", "ToImage"):
        assert hasattr(transforms.v2, name)
