"""Any picture of a digit becomes what the data set would show."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from gradwerk.base.errors import DataError, FileError
from gradwerk.cli.samples import dressed
from gradwerk.data.datasets import digits
from gradwerk.data.image import BACKGROUND, INK, as_inputs, read_digit, thicken


def likeness(a, b) -> float:
    """The correlation of two pictures."""
    return float(np.corrcoef(a.astype(float).ravel(), b.astype(float).ravel())[0, 1])


def test_inputs_have_the_range_of_the_paper() -> None:
    inputs = as_inputs(np.array([[[0, 255]]], np.uint8))
    assert (inputs.shape, inputs.dtype) == ((1, 1, 2, 1), np.float32)
    np.testing.assert_allclose(inputs.ravel(), [BACKGROUND, INK], rtol=1e-6)


def test_a_digit_of_the_data_set_comes_back_as_it_is(tmp_path) -> None:
    kept = 0
    for number, image in enumerate(digits().test.x[:50]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
        read = read_digit(tmp_path / f"{number}.png")
        kept += np.abs(read.astype(int) - image).max() < 12
        assert (read.shape, read.dtype) == ((28, 28), np.uint8) and likeness(read, image) > 0.8
    assert kept > 35


def test_size_colour_ink_and_transparency_do_not_matter(tmp_path) -> None:
    random = np.random.default_rng(0)
    alike = []
    for number, image in enumerate(digits().test.x[:60]):
        dressed(image, random).save(tmp_path / f"{number}.png")
        alike.append(likeness(read_digit(tmp_path / f"{number}.png"), image))
    assert np.median(alike) > 0.95 and np.quantile(alike, 0.05) > 0.75


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_is_read(tmp_path, mode) -> None:
    image = digits().test.x[0]
    picture = Image.fromarray(255 - image)
    if mode == "I;16":
        picture = Image.fromarray((255 - image).astype(np.uint16) * 200)
    elif mode != "L":
        picture = picture.convert(mode)
    picture.save(tmp_path / "x.tiff")
    assert likeness(read_digit(tmp_path / "x.tiff"), image) > 0.8


def test_a_thin_pen_in_a_large_picture_does_not_fade(tmp_path) -> None:
    paper = np.full((500, 500), 255, np.uint8)
    paper[50:450, 250:252] = 0
    Image.fromarray(paper).save(tmp_path / "one.png")
    read = read_digit(tmp_path / "one.png")
    assert read.max() > 200 and (read > 100).sum() >= 20


@pytest.mark.parametrize("reach", [1, 2, 3, 11])
def test_thickening_is_a_maximum_filter(reach) -> None:
    levels = np.random.default_rng(0).integers(0, 255, (23, 40), np.uint8)
    wanted = np.asarray(Image.fromarray(levels).filter(ImageFilter.MaxFilter(2 * reach + 1)))
    np.testing.assert_array_equal(thicken(levels, reach), wanted)


@pytest.mark.timeout(20)
def test_a_photograph_of_a_thin_pen_is_read_in_seconds(tmp_path) -> None:
    picture = Image.new("L", (4000, 3000), 240)
    ImageDraw.Draw(picture).line([(1200, 600), (2800, 600), (1800, 2400)], fill=30, width=12)
    picture.save(tmp_path / "seven.jpg")
    assert (read_digit(tmp_path / "seven.jpg") > 100).sum() >= 40


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (3, 3), (30, 2000)])
def test_odd_shapes_are_read_or_refused(tmp_path, shape) -> None:
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 255, shape, np.uint8)).save(tmp_path / "x.png")
    assert read_digit(tmp_path / "x.png").shape == (28, 28)


def test_what_cannot_be_read_says_so(tmp_path) -> None:
    Image.new("RGB", (40, 40), "pink").save(tmp_path / "empty.png")
    with pytest.raises(DataError, match="shows nothing"):
        read_digit(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(FileError, match="not a picture"):
        read_digit(tmp_path / "text.png")
    whole = tmp_path / "whole.png"
    Image.fromarray(digits().test.x[0]).save(whole)
    (tmp_path / "half.png").write_bytes(whole.read_bytes()[:120])
    with pytest.raises(FileError, match="damaged"):
        read_digit(tmp_path / "half.png")
    with pytest.raises(FileError, match="check the path"):
        read_digit(tmp_path / "absent.png")
    with pytest.raises(FileError, match="not a file"):
        read_digit(tmp_path)
