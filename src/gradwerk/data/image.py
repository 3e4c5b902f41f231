"""Any picture of a digit as the data set shows digits: 28 x 28, light on dark, the ink in a box of 20, its centre of mass in the middle.

Source of the convention: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import math
import stat
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwerk.base.errors import DataError, FileError

if TYPE_CHECKING:
    from PIL import Image

Array = np.ndarray[Any, np.dtype[Any]]
SIZE, BOX = 28, 20
BACKGROUND, INK = -0.1, 1.175
"""The network's inputs for empty paper and full ink: mean about 0 and variance about 1 (LeCun et al., 1998, section III.A)."""
_FAINTEST = 0.08
"""The least contrast, as a share of black to white, that counts as ink."""
_THINNEST = 1.6
"""The least width of a stroke, in pixels of the result; a thinner pen is thickened before it fades."""
_LARGEST, _ENOUGH, _STRIP = 64_000_000, 4_000_000, 1_000_000
"""Pixels of the largest picture that is read, of the largest that is looked at as it is, and of a strip of it or its longest side."""
_ROW = 8
"""What a row takes in memory at least, in pixels: the place that says where it is."""
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
"""The usual ones: others run programs (PostScript) or are seldom anything but an attack."""
_ORIENTATION = 0x0112
_TILE_WIDTH, _TILE_LENGTH = 322, 323
"""How TIFF numbers them."""


def as_inputs(images: Array) -> Array:
    """Bytes as the network's inputs: 0 -> BACKGROUND, 255 -> INK, with a channels axis.

    Shape: (n, 28, 28) uint8 -> (n, 28, 28, 1) float32.
    """
    return (images[..., None].astype(np.float32) * np.float32((INK - BACKGROUND) / 255) + np.float32(BACKGROUND)).astype(np.float32)


def read_digit(path: str | Path) -> Array:
    """A picture of one digit: any size, grey or colour, with or without transparency, dark on light or light on dark.

    Shape: (28, 28) uint8.  Raises: FileError where it cannot be read, DataError where it shows nothing.
    """
    ink = ink_of(read_colours(path))
    if ink.max() == 0:
        raise DataError(f"{path} shows nothing: all of it has one colour", likely="give a picture of one digit on plain paper")
    return normalise(ink)


def read_colours(path: str | Path) -> Array:
    """A picture file as colours.  One of more than `_ENOUGH` pixels is made smaller while it is read, so that memory stays bounded.

    Shape: (height, width, 3) float32 in [0, 1].  Raises: FileError.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  loaded when a picture is first read

    path = Path(path)
    if not _is(path, stat.S_ISREG):
        likely = "give the pictures inside it, one by one" if _is(path, stat.S_ISDIR) else "check the path"
        raise FileError(f"{path} is not a file", likely=likely)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, which are refused below, and of odd ones, which are read or refused
            with Image.open(path, formats=_FORMATS) as file:
                if max(file.width, _ROW) * file.height > _LARGEST:
                    size = f"{file.width:,} x {file.height:,} pixels"
                    raise FileError(f"{path} is too large", facts=(size,), likely="crop it, or make it smaller")
                if _tile_of(file) > max(file.width * file.height, _ENOUGH):
                    size = f"{file.width:,} x {file.height:,} pixels, stored in parts of {_tile_of(file):,}"
                    raise FileError(f"{path} is not read: its parts are larger than the picture", facts=(size,))
                return _decoded(file)
    except UnidentifiedImageError:
        raise FileError(f"{path} is not a picture of a known kind", likely="give PNG, JPEG, BMP, GIF, TIFF or WebP") from None
    except FileError:
        raise
    except MemoryError:
        raise FileError(f"{path} is too large for the memory there is", likely="crop it, or make it smaller") from None
    except Exception as error:  # readers of pictures raise whatever comes to hand where a file is damaged
        why = str(error) or type(error).__name__
        raise FileError(f"{path} cannot be read: the picture is damaged or cut short", facts=(why,)) from None


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    """Whether a path is of a kind; a name that the system refuses to look up, or that no file can have, is of none."""
    try:
        return kind(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _tile_of(file: Image.Image) -> int:
    """Pixels of one tile of a TIFF, which are decoded together, whatever the size of the picture; 0 where it has none."""
    tags = getattr(file, "tag_v2", {})
    sides = [tags.get(tag, 0) for tag in (_TILE_WIDTH, _TILE_LENGTH)]
    return math.prod(int(side[0] if isinstance(side, tuple) else side) for side in sides)


def _decoded(file: Image.Image) -> Array:
    """An open picture, upright, its pixels averaged in squares where there are many.

    Shape: (height, width, 3) float32 in [0, 1].  It is taken a strip at a time, so that no large picture stands in memory as floats, or in
    more colours than it has.
    """
    from PIL import Image  # noqa: PLC0415

    file.load()
    orientation = _orientation(file)  # asked after the load, which sets some formats upright itself
    factor = _reduction(file.width, file.height)
    width, height = -(-file.width // factor), -(-file.height // factor)
    if file.mode.startswith(("I", "F")):
        grey = np.empty((height, width), np.float32)
        for box in _strips(file.width, file.height, factor):
            part = _averaged(np.asarray(file.crop(box)), factor)
            left, top = box[0] // factor, box[1] // factor
            grey[top : top + part.shape[0], left : left + part.shape[1]] = part
        return _upright(_from_deep(grey), orientation)
    small = Image.new("RGBA", (width, height))
    for box in _strips(file.width, file.height, factor):
        strip = file.crop(box).convert("RGBA")
        small.paste(strip.reduce(factor) if factor > 1 else strip, (box[0] // factor, box[1] // factor))
    return _upright(_over_contrast(np.asarray(small, np.float32) / 255), orientation)


def _reduction(width: int, height: int) -> int:
    """Pixels of the picture to one that is looked at, along each axis that has as many."""
    factor = max(math.isqrt(max(width * height - 1, 0) // _ENOUGH) + 1, -(-max(width, height) // _STRIP))
    while max(width, factor) * max(height, factor) > _ENOUGH * factor**2:  # an axis that is shorter does not shrink as much
        factor += 1
    return factor


def _strips(width: int, height: int, factor: int) -> Iterator[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) that cover a picture, each of whole squares of `factor`, and of about `_STRIP` pixels at most."""
    across = min(max(_STRIP // min(factor, height) // factor, 1) * factor, width)
    rows = max(_STRIP // across // factor, 1) * factor
    for top in range(0, height, rows):
        for left in range(0, width, across):
            yield left, top, min(left + across, width), min(top + rows, height)


def _averaged(grey: Array, factor: int) -> Array:
    """Means over squares of `factor` pixels; those at the far edges may be smaller.

    Shape: (height, width) -> each divided by `factor`, rounded up.
    """
    if factor == 1:
        return grey.astype(np.float32)
    starts = [np.arange(0, extent, factor) for extent in grey.shape]
    sums = np.add.reduceat(np.add.reduceat(grey, starts[0], 0, np.float64), starts[1], 1)
    counts = [np.diff(start, append=extent) for start, extent in zip(starts, grey.shape, strict=True)]
    return (sums / np.outer(*counts)).astype(np.float32)


def _orientation(file: Image.Image) -> int:
    """How a camera was held, as EXIF numbers it; 1, upright, where it does not say."""
    try:
        return int(file.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged notes do not make the picture unreadable
        return 1


def _upright(colours: Array, orientation: int) -> Array:
    """The picture as it was seen.  Source: EXIF 2.3, tag 0x0112: 5 to 8 lie on their side, 2, 4, 5 and 7 are mirrored."""
    if orientation in {5, 6, 7, 8}:
        colours = colours.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        colours = colours[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        colours = colours[::-1]
    return colours


def ink_of(colours: Array) -> Array:
    """How far each pixel's colour is from the paper's, the commonest at the border: 0 for paper, 1 for full ink, whichever is darker.

    Shape: (height, width, 3) -> (height, width).  All zero where there is no contrast.
    """
    frame = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    distance = np.linalg.norm(colours - np.median(frame, axis=0), axis=-1) / np.sqrt(3)
    full = np.quantile(distance[distance >= distance.max() / 2], 0.5) if distance.max() >= _FAINTEST else 0.0
    if full == 0:
        return np.zeros(distance.shape, np.float32)
    faint = distance[distance < full / 2]
    noise = min(0.35 * full, 1.7 * np.quantile(faint, 0.8)) if faint.size else 0.0  # all is ink, as on a chequerboard
    ink: Array = np.clip((distance - noise) / max(distance.max() - noise, 1e-6), 0, 1).astype(np.float32)
    return ink


def normalise(ink: Array) -> Array:
    """Crops to the ink, scales its longer side to 20 and puts its centre of mass in the middle of 28 x 28.

    Shape: (height, width) in [0, 1] -> (28, 28) uint8.
    """
    from PIL import Image  # noqa: PLC0415

    rows, columns = (np.flatnonzero((ink > 0.1).any(axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    levels = np.rint(ink * 255).astype(np.uint8)
    missing = _THINNEST - _stroke(ink) * scale
    if missing > 0 and scale < 1:
        levels = thicken(levels, max(round(missing / scale / 2), 1))
    picture = Image.fromarray(levels)
    if scale != 1:
        height, width = (max(round(extent * scale), 1) for extent in ink.shape)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    small = np.asarray(picture, np.float32)
    small = np.clip(small * (255 / max(float(np.quantile(small, 0.995)), 1.0)), 0, 255)
    weights = small / float(small.sum())
    centre = [float((weights.sum(axis=1 - axis) * np.arange(small.shape[axis])).sum()) for axis in (0, 1)]
    top, left = (int(np.clip(round(SIZE / 2 - at), 0, SIZE - extent)) for at, extent in zip(centre, small.shape, strict=True))
    result = np.zeros((SIZE, SIZE), np.uint8)
    result[top : top + small.shape[0], left : left + small.shape[1]] = np.rint(small)
    return result


def thicken(levels: Array, reach: int) -> Array:
    """The largest value within `reach` pixels along both axes; windows double, so a wide one costs little more than a narrow one.

    Shape: (height, width), kept.
    """
    for _ in range(2):
        within = min(reach, len(levels) - 1)  # all that there is: a picture may be a million times as long as it is high
        wide = np.pad(levels, ((within, within), (0, 0)))
        done = 1
        while done < 2 * within + 1:
            step = min(done, 2 * within + 1 - done)
            wide = np.maximum(wide[: len(wide) - step], wide[step:])
            done += step
        levels = np.ascontiguousarray(wide.T)
    return levels


def _stroke(ink: Array) -> float:
    """The mean width of the strokes: twice the area over the length of the outline."""
    mask = np.pad(ink > 0.5, 1)
    outline = (mask[1:] != mask[:-1]).sum() + (mask[:, 1:] != mask[:, :-1]).sum()
    return 2 * float(mask.sum()) / max(float(outline), 1) * 1.2


def _over_contrast(colours: Array) -> Array:
    """Transparent pixels become white where what is visible is dark, and black where it is light."""
    alpha = colours[..., 3:]
    if alpha.min() == 1:
        return colours[..., :3]
    visible = float((colours[..., :3] * alpha).sum() / max(3 * alpha.sum(), 1e-6))
    return colours[..., :3] * alpha + (1 - alpha) * (1.0 if visible < 0.5 else 0.0)


def _from_deep(grey: Array) -> Array:
    """Pixels of more than eight bits, scaled to [0, 1]; infinity is as the brightest, what is no number as the darkest.

    Shape: (height, width) -> (height, width, 3).
    """
    known = grey[np.isfinite(grey)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    scaled = (np.nan_to_num(grey, nan=low, posinf=high, neginf=low).astype(np.float64) - low) / max(high - low, 1e-6)
    return np.repeat(scaled.astype(np.float32)[..., None], 3, -1)
