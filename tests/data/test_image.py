"""Any picture of a digit becomes what the data set would show."""

from __future__ import annotations

import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from gradwerk.base.errors import DataError, FileError
from gradwerk.cli.samples import dressed
from gradwerk.data.datasets import digits
from gradwerk.data.image import BACKGROUND, INK, _averaged, _reduction, _strips, as_inputs, read_colours, read_digit, thicken


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


@pytest.mark.parametrize("shape", [(3, 1_000_000), (1_000_000, 1), (1, 40)])
def test_a_picture_as_long_as_it_may_be_takes_memory_for_its_own_pixels(shape, tmp_path) -> None:
    levels = np.full(shape, 255, np.uint8)
    levels[shape[0] // 10 : -(shape[0] // 10) or None, shape[1] // 10 : -(shape[1] // 10) or None] = 0
    Image.fromarray(levels).save(tmp_path / "long.png")
    assert read_digit(tmp_path / "long.png").max() == 255
    np.testing.assert_array_equal(thicken(np.array([[0, 7, 1]], np.uint8), 10**12), [[7, 7, 7]])


def test_a_photograph_of_a_thin_pen_is_read(tmp_path) -> None:
    picture = Image.new("L", (4000, 3000), 240)
    ImageDraw.Draw(picture).line([(1200, 600), (2800, 600), (1800, 2400)], fill=30, width=12)
    picture.save(tmp_path / "seven.jpg")
    assert (read_digit(tmp_path / "seven.jpg") > 100).sum() >= 40


MEASURED = """
import resource, sys
import numpy as np
from gradwerk.data.image import read_digit
small = read_digit(sys.argv[1]).astype(float)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
large = read_digit(sys.argv[2]).astype(float)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, np.corrcoef(small.ravel(), large.ravel())[0, 1])
"""


def test_a_large_picture_takes_little_memory(tmp_path) -> None:
    small = Image.new("L", (50, 50), 255)
    ImageDraw.Draw(small).line([(10, 5), (10, 45)], width=3)
    small.save(tmp_path / "small.png")
    small.convert("P").resize((8000, 8000), Image.Resampling.NEAREST).save(tmp_path / "large.png", compress_level=1)
    words = [sys.executable, "-c", MEASURED, tmp_path / "small.png", tmp_path / "large.png"]
    megabytes, alike = map(float, subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
    assert megabytes < 420 and alike > 0.9


@pytest.mark.parametrize(
    ("shape", "dtype", "megabytes"), [((4000, 8000), np.uint16, 200), ((1, 32_000_000), np.uint8, 100), ((8_000_000, 1), np.uint8, 100)]
)
def test_no_large_picture_stands_in_memory_as_floats(shape, dtype, megabytes, tmp_path) -> None:
    pixels = np.zeros(shape, dtype)
    pixels[: shape[0] // 3 + 1, : shape[1] // 3 + 1] = 200
    Image.fromarray(pixels).save(tmp_path / "large.png", compress_level=1)
    apart = max(shape) // 300
    Image.fromarray(np.ascontiguousarray(pixels[::apart, ::apart]).astype(np.uint8)).save(tmp_path / "small.png")
    wanted = read_digit(tmp_path / "small.png")
    tracemalloc.start()
    read = read_digit(tmp_path / "large.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < megabytes * 2**20 and likeness(read, wanted) > 0.75


@pytest.mark.parametrize(
    "extents", [(8000, 8000), (64_000_000, 1), (1, 8_000_000), (8_000_000, 8), (4001, 1001), (28, 28), (12_000_000, 5), (5, 12_000_000)]
)
def test_strips_cover_a_picture_once_and_are_small(extents) -> None:
    width, height = extents
    factor = _reduction(width, height)
    boxes = list(_strips(width, height, factor))
    assert sum((right - left) * (bottom - top) for left, top, right, bottom in boxes) == width * height
    assert all((right - left) * (bottom - top) <= 2_000_000 for left, top, right, bottom in boxes) and boxes[-1][2:] == extents
    assert all(left % factor == 0 == top % factor for left, top, *_ in boxes) and len(boxes) < 200
    assert -(-width // factor) * -(-height // factor) <= 8_000_000 and max(extents) <= 1_000_000 * factor
    assert factor == 1 or width * height > 4_000_000 or max(extents) > 1_000_000


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_pictures_are_set_upright_as_the_camera_was_held(tmp_path, orientation, mode) -> None:
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 255, (5, 7)).astype(np.uint8 if mode == "L" else np.uint16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("x.tiff", "x.png"):
        picture.save(tmp_path / name, exif=exif)
        with Image.open(tmp_path / name) as file:
            wanted = np.asarray(ImageOps.exif_transpose(file), np.float32)
        read = read_colours(tmp_path / name)[..., 0]
        assert read.shape == wanted.shape and likeness(read, wanted) > 0.999
    assert read.shape == ((7, 5) if orientation > 4 else (5, 7))


@pytest.mark.parametrize(("shape", "factor"), [((7, 11), 3), ((2, 9), 4), ((4, 8), 4), ((1, 1), 2)])
def test_squares_are_averaged_also_at_the_edges(shape, factor) -> None:
    grey = np.random.default_rng(0).integers(0, 60_000, shape).astype(np.uint16)
    wanted = [[grey[i : i + factor, j : j + factor].mean() for j in range(0, shape[1], factor)] for i in range(0, shape[0], factor)]
    np.testing.assert_allclose(_averaged(grey, factor), wanted, rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (3, 3), (30, 2000)])
def test_odd_shapes_are_read_or_refused(tmp_path, shape) -> None:
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 255, shape, np.uint8)).save(tmp_path / "x.png")
    assert read_digit(tmp_path / "x.png").shape == (28, 28)


def test_what_cannot_be_read_says_so(tmp_path) -> None:
    for name in ("a\0b", "a\ud800"):
        with pytest.raises(FileError, match="not a file"):
            read_digit(tmp_path / name)
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
    for format_ in ("EPS", "PPM", "ICO", "PCX", "TGA", "SGI"):
        Image.fromarray(digits().test.x[0]).convert("RGB").save(tmp_path / "x.png", format_)
        with pytest.raises(FileError, match="not a picture of a known kind"):
            read_digit(tmp_path / "x.png")
    with pytest.raises(FileError, match="check the path"):
        read_digit(tmp_path / ("x" * 300))


def bombs(tmp_path: Path) -> Iterator[Path]:
    """Pictures that are far larger than their files."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for width, height in ((8001, 8000), (20_000, 20_000), (2**31 - 1, 2**31 - 1), (2**16, 1)):
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        path = tmp_path / f"{width}x{height}.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b""))
        yield path


def tiled(path: Path, side: int, data: bytes, compression: int) -> Path:
    """A TIFF of 64 x 64 pixels whose one tile is of another size."""
    tags = [(256, 64), (257, 64), (258, 8), (259, compression), (262, 1), (277, 1), (322, side), (323, side), (324, 0), (325, len(data))]
    begin = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, begin if tag == 324 else value) for tag, value in tags)
    path.write_bytes(b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + data)
    return path


@pytest.mark.parametrize(("compression", "side"), [(5, 32_000), (8, 40_000), (1, 40_000), (5, 2**31), (8, 64), (8, 512)])
def test_a_tile_is_bounded_as_the_picture_is(tmp_path, compression, side) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (min(side, 512), min(side, 512))).astype(np.uint8)
    data = b"\x80\x00" if compression == 5 else zlib.compress(pixels.tobytes()) if compression == 8 else pixels.tobytes()
    path = tiled(tmp_path / "x.tif", side, data, compression)
    if side <= 512:
        np.testing.assert_allclose(read_colours(path)[..., 0], pixels[:64, :64] / 255, atol=1e-6)
        return
    with pytest.raises(FileError, match="parts are larger"):  # before it is decoded
        read_digit(path)


def test_bombs_are_refused_before_they_are_decoded(tmp_path) -> None:
    for path in bombs(tmp_path):
        with pytest.raises(FileError, match="too large|damaged"):
            read_digit(path)


def odd(kind: str) -> np.ndarray:
    """Pictures that show no digit."""
    y, x = np.indices((64, 64))
    return {
        "chequerboard": ((x + y) % 2 * 255),
        "squares": ((x // 8 + y // 8) % 2 * 255),
        "stripes": (x % 2 * 255),
        "half": (x < 32) * 255,
        "frame": ((x == 0) | (y == 0) | (x == 63) | (y == 63)) * 255,
        "one pixel": ((x == 9) & (y == 9)) * 255,
        "ramp": x * 4,
        "noise": np.random.default_rng(0).integers(0, 256, (64, 64)),
    }[kind].astype(np.uint8)


@pytest.mark.parametrize("kind", ["chequerboard", "squares", "stripes", "half", "frame", "one pixel", "ramp", "noise"])
def test_any_picture_of_two_colours_or_more_is_read(tmp_path, kind) -> None:
    for number, array in enumerate((odd(kind), 255 - odd(kind), np.repeat(odd(kind)[..., None], 3, -1))):
        Image.fromarray(array).save(tmp_path / f"{number}.png")
        read = read_digit(tmp_path / f"{number}.png")
        assert read.shape == (28, 28) and read.max() > 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_pixels_that_are_no_numbers_do_no_harm(tmp_path, value) -> None:
    grey = digits().test.x[0].astype(np.float32)
    grey[0, 0] = value
    Image.fromarray(grey).save(tmp_path / "x.tiff")
    if value > 0:
        read_digit(tmp_path / "x.tiff")
    else:
        assert likeness(read_digit(tmp_path / "x.tiff"), digits().test.x[0]) > 0.8
    Image.fromarray(np.full((9, 9), value, np.float32)).save(tmp_path / "y.tiff")
    with pytest.raises(DataError, match="shows nothing"):
        read_digit(tmp_path / "y.tiff")


@pytest.mark.parametrize(("suffix", "count"), [("png", 120), ("jpg", 120), ("gif", 60), ("bmp", 60), ("tiff", 60), ("webp", 60)])
def test_a_damaged_picture_is_read_or_refused(tmp_path, suffix, count) -> None:
    random = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(np.repeat(digits().test.x[0][..., None], 3, -1))
    picture.save(tmp_path / f"x.{suffix}", exif=exif) if suffix not in ("gif", "bmp") else picture.save(tmp_path / f"x.{suffix}")
    whole = (tmp_path / f"x.{suffix}").read_bytes()
    for _ in range(count):
        data = bytearray(whole[: random.integers(1, len(whole) + 1)] if random.random() < 0.3 else whole)
        for position in random.integers(0, len(data), random.integers(1, 6)):
            data[position] ^= 1 << random.integers(8)
        (tmp_path / f"y.{suffix}").write_bytes(data)
        with suppress(FileError, DataError):
            assert read_digit(tmp_path / f"y.{suffix}").shape == (28, 28)
