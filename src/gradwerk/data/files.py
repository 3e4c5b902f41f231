"""People's own data: tables, MNIST's own format, arrays, folders of pictures, sound, text.  Arrays come out, or one clear error.

Nothing in a file is run, and what a file says of its size is compared with the file before memory is taken for it.
"""

from __future__ import annotations

import gzip
import math
import operator
import struct
import wave
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError, FileError
from gradwerk.data.datasets import Examples
from gradwerk.data.reading import check_room, memory, reading, text_of, unpacked
from gradwerk.data.splits import split as split
from gradwerk.data.tables import NamedTable as NamedTable
from gradwerk.data.tables import read_csv as read_csv

Array = np.ndarray[Any, np.dtype[Any]]
IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The codes of the third byte.  Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", file formats."""
_WIDTHS = {1: "u1", 2: "<i2", 4: "<i4"}
_PART = 1 << 20
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples in -1..1, (frames, channels) float32, so many a second."""

    samples: Array
    rate: int


def read_idx(path: str | Path) -> Array:
    """A file in MNIST's own format, plain or gzip.

    Shape and dtype: as the file says; the bytes are brought to this machine's order.
    Raises: FileError where it is none, or is cut short or too long.
    """
    with reading(path), unpacked(path) as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_DTYPES:
            raise FileError(f"{path} is no IDX file", facts=(f"it begins with {magic.hex(' ') or 'nothing'}",))
        dtype, rank = np.dtype(IDX_DTYPES[magic[2]]), magic[3]
        header = file.read(4 * rank)
        if len(header) < 4 * rank:
            raise FileError(f"{path} is cut short: its header names {rank} extents and ends before them")
        shape = struct.unpack(f">{rank}I", header)
        needed = math.prod(shape) * dtype.itemsize
        if isinstance(file, gzip.GzipFile):  # another ends where it ends
            check_room(path, needed)
        data = bytearray()
        while len(data) <= needed and (part := file.read(min(needed + 1 - len(data), _PART))):  # one more than there should be
            data += part
    if len(data) != needed:
        how = "is cut short" if len(data) < needed else "is longer than its header says"
        found = f"{len(data):,} are there" if len(data) < needed else "there are more"
        raise FileError(f"{path} {how}", facts=(f"{shape} of {dtype.newbyteorder('=').name} are {needed:,} bytes, {found}",))
    with reading(path):  # more axes than NumPy has, or longer ones
        return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def read_npz(path: str | Path) -> dict[str, Array]:
    """The arrays of an `.npz` file, by name; objects are refused, as reading them would run code.

    Raises: FileError where it is none, or damaged, or has objects.
    """
    with reading(path), Path(path).open("rb") as file:
        if file.read(6) == np.lib.format.MAGIC_PREFIX:
            raise FileError(f"{path} is no .npz file, but one array", likely="np.load reads it")
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            others = [part.filename for part in parts if not part.filename.endswith(".npy")]
            if others:
                raise FileError(f"{path} is no .npz file, but an archive of other files", facts=(f"it holds {others[0][:80]!r}",))
            check_room(path, sum(part.file_size for part in parts))
        file.seek(0)
        with np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}


def read_text(path: str | Path, *, encoding: str = "utf-8-sig") -> str:
    """A text file, each end of line a line feed, without a mark of byte order.  Raises: FileError where it is no text in this encoding."""
    return text_of(path, encoding).replace("\r\n", "\n").replace("\r", "\n")


def read_wav(path: str | Path) -> Sound:
    """An uncompressed WAV file of 8, 16, 24 or 32 bits.

    Shape: samples (frames, channels) float32 in -1..1.  Raises: FileError where it is none, compressed, or cut short.
    """
    with reading(path):
        try:
            with wave.open(str(path), "rb") as file:
                channels, width, rate, count = file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()
                size = Path(path).stat().st_size
                data = file.readframes(min(count, size))
        except EOFError:
            raise FileError(f"{path} is cut short") from None
        except wave.Error as error:
            likely = "convert it: ffmpeg -i in -c:a pcm_s16le out.wav"
            raise FileError(f"{path} is no WAV file of whole numbers", facts=(str(error),), likely=likely) from None
    if rate < 1:
        raise FileError(f"{path} has {rate} samples a second")
    needed = count * channels * width
    if len(data) != needed:
        raise FileError(f"{path} is cut short", facts=(f"{count:,} frames are {needed:,} bytes, {len(data):,} are there",))
    if width == 3:  # of these NumPy has no integer; the sign is the highest bit's
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        whole = parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16
        values = np.where(whole >= 1 << 23, whole - (1 << 24), whole) / (1 << 23)
    elif width in _WIDTHS:
        numbers = np.frombuffer(data, _WIDTHS[width]).astype(np.float64)
        values = (numbers - 128) / 128 if width == 1 else numbers / float(1 << (8 * width - 1))
    else:
        raise FileError(f"{path} has samples of {8 * width} bits", facts=("known: 8, 16, 24 and 32",))
    return Sound(values.astype(np.float32).reshape(-1, channels), rate)


def read_images(folder: str | Path, size: tuple[int, int], *, grey: bool = False) -> tuple[Examples, tuple[str, ...]]:
    """A folder with a folder of pictures for each class: `cats/1.png`, `dogs/2.jpg`.

    Args:
        folder: where the classes are; they are numbered in alphabetical order.
        size: rows and columns that each picture is brought to.
        grey: whether colours are turned to one channel.

    Shape: x (pictures, rows, columns, 3 or 1) uint8, y (pictures,) int64, and the names of the classes.
    Raises: FileError for a folder or picture that cannot be read, DataError for a class without pictures, ArgumentError for a size of 0 or
    less, or that memory cannot hold.
    """
    rows, columns = _extents(size)
    with reading(folder):
        paths, classes = _pictures(Path(folder))
    needed = len(paths) * rows * columns * (1 if grey else 3)
    if needed > memory():
        what = f"{len(paths):,} pictures of {rows} x {columns}"
        raise ArgumentError(f"{what} are too large for the memory there is", facts=(f"{needed:,} bytes",))
    images = np.empty((len(paths), rows, columns, 1 if grey else 3), np.uint8)
    for image, (path, _) in zip(images, paths, strict=True):
        image[...] = _picture(path, (rows, columns), grey=grey)
    return Examples(images, np.array([label for _, label in paths], np.int64)), tuple(classes)


def _extents(size: Sequence[int]) -> tuple[int, int]:
    """Rows and columns.  Raises: ArgumentError for what are no two positive whole numbers."""
    try:
        rows, columns = (operator.index(extent) for extent in size)
    except (TypeError, ValueError):
        raise ArgumentError(f"size is two whole numbers, rows and columns, this is {size!r}") from None
    if min(rows, columns) < 1:
        raise ArgumentError(f"pictures of {rows} x {columns} cannot be made", facts=("size: rows and columns, 1 or more",))
    return rows, columns


def _pictures(root: Path) -> tuple[list[tuple[Path, int]], list[str]]:
    """The pictures with the numbers of their classes, and the names of these.  Raises: FileError, DataError; what the system says."""
    if not root.is_dir():
        raise FileError(f"{root} is no folder" if root.exists() else f"there is no folder {root}")
    classes = sorted(each.name for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))
    found = [sorted(path for path in (root / name).iterdir() if _is_picture(path)) for name in classes]
    kinds = f"pictures are files ending in {' '.join(SUFFIXES)}"
    empty = [name for name, paths in zip(classes, found, strict=True) if not paths]
    if not classes:
        likely = "put them into one folder for each class" if any(map(_is_picture, root.iterdir())) else ""
        raise DataError(f"{root} has no folders with pictures, one for each class", facts=(kinds,), likely=likely)
    if len(empty) == len(classes):
        raise DataError(f"{root} has no pictures in its folders {', '.join(classes)}", facts=(kinds,))
    if empty:
        raise DataError(f"{root / empty[0]} has no pictures, and would be a class", facts=(kinds,), likely="remove the folder, or fill it")
    return [(path, k) for k, paths in enumerate(found) for path in paths], classes


def _is_picture(path: Path) -> bool:
    """Whether a file is called like a picture; hidden ones are notes that systems leave."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def _picture(path: Path, size: tuple[int, int], *, grey: bool) -> Array:
    from PIL import Image  # noqa: PLC0415  loaded when a picture is read

    from gradwerk.data.image import read_colours  # noqa: PLC0415

    colours = read_colours(path)  # bounded in memory
    image = Image.fromarray(np.rint(colours * 255).astype(np.uint8))
    shown = np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR).convert("L" if grey else "RGB"))
    return shown[..., None] if grey else shown
