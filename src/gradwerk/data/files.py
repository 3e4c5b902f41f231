"""People's own data: tables, MNIST's own format, arrays, folders of pictures, sound, text.  Arrays come out, or one clear error.

Nothing in a file is run, and what a file says of its size is compared with the file before memory is taken for it.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import struct
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError, FileError
from gradwerk.data.datasets import Examples, Table

Array = np.ndarray[Any, np.dtype[Any]]
IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The codes of the third byte.  Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", file formats."""
_WIDTHS = {1: "u1", 2: "<i2", 4: "<i4"}
_PART = 1 << 20
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


@dataclass(frozen=True, eq=False)
class NamedTable(Table):
    """A table whose columns have names."""

    features: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples in -1..1, (frames, channels) float32, so many a second."""

    samples: Array
    rate: int


def read_csv(path: str | Path, target: str, *, delimiter: str = ",", encoding: str = "utf-8-sig") -> NamedTable:
    """A CSV file with a line of names, columns of numbers, and one column to be predicted.

    A target of numbers is a regression (float32); any other is one of classes, numbered in alphabetical order (int64).

    Args:
        path: the file.
        target: the name of the column that is to be predicted.
        delimiter: what stands between columns.
        encoding: of the text; a mark of byte order is skipped.

    Shape: x (rows, other columns) float32, y (rows,).
    Raises: FileError where it cannot be read as text, DataError for a column that is not there, a row of another length, a field that is
    empty or no number (with its line and column), and a file without rows.
    """
    with _reading(path):
        text = Path(path).read_bytes().decode(encoding)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(lines, [])]
    if target not in names:
        found = ", ".join(names) if names else "nothing: the file is empty"
        likely = "the first line names the columns" if names and all(map(_is_number, names)) else ""
        raise DataError(f"{path} has no column {target!r}", facts=(f"columns: {found}",), likely=likely)
    at = names.index(target)
    rows: list[list[float]] = []
    wanted: list[str] = []
    for row in lines:
        if not row:
            continue
        if len(row) != len(names):
            raise DataError(f"{path}, line {lines.line_num}: {len(row)} fields, where the first line names {len(names)} columns")
        wanted.append(row.pop(at).strip())
        others = [name for name in names if name != target]
        rows.append([_number(path, lines.line_num, name, field) for name, field in zip(others, row, strict=True)])
    if not rows:
        raise DataError(f"{path} has names of columns and no rows")
    x, features = np.array(rows, np.float32), tuple(name for name in names if name != target)
    if missing := [k for k, field in enumerate(wanted) if not field]:
        raise DataError(f"{path}: row {missing[0] + 1} has no {target}", likely="leave rows without a target out")
    if all(map(_is_number, wanted)):
        return NamedTable(x, np.array(wanted, np.float32), (), features)
    classes = sorted(set(wanted))
    numbers = {name: k for k, name in enumerate(classes)}
    return NamedTable(x, np.array([numbers[name] for name in wanted], np.int64), tuple(classes), features)


def read_idx(path: str | Path) -> Array:
    """A file in MNIST's own format, plain or gzip.

    Shape and dtype: as the file says; the bytes are brought to this machine's order.
    Raises: FileError where it is none, or is cut short or too long.
    """
    with _reading(path), _unpacked(path) as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_DTYPES:
            raise FileError(f"{path} is no IDX file", facts=(f"it begins with {magic.hex(' ') or 'nothing'}",))
        dtype, rank = np.dtype(IDX_DTYPES[magic[2]]), magic[3]
        header = file.read(4 * rank)
        if len(header) < 4 * rank:
            raise FileError(f"{path} is cut short: its header names {rank} extents and ends before them")
        shape = struct.unpack(f">{rank}I", header)
        needed = math.prod(shape) * dtype.itemsize
        data = bytearray()
        while len(data) <= needed and (part := file.read(min(needed + 1 - len(data), _PART))):  # one more than there should be
            data += part
    if len(data) != needed:
        how = "is cut short" if len(data) < needed else "is longer than its header says"
        found = f"{len(data):,} are there" if len(data) < needed else "there are more"
        raise FileError(f"{path} {how}", facts=(f"{shape} of {dtype.newbyteorder('=').name} are {needed:,} bytes, {found}",))
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def read_npz(path: str | Path) -> dict[str, Array]:
    """The arrays of an `.npz` file, by name; objects are refused, as reading them would run code.

    Raises: FileError where it is none, or damaged, or has objects.
    """
    with _reading(path), Path(path).open("rb") as file:
        found = np.load(file, allow_pickle=False)
        if not isinstance(found, np.lib.npyio.NpzFile):
            raise FileError(f"{path} is no .npz file, but one array", likely="np.load reads it")
        with found:
            return {name: found[name] for name in found.files}


def read_text(path: str | Path, *, encoding: str = "utf-8") -> str:
    """A text file, its line ends a line feed each.  Raises: FileError where it is no text in this encoding."""
    with _reading(path):
        return Path(path).read_bytes().decode(encoding).replace("\r\n", "\n")


def read_wav(path: str | Path) -> Sound:
    """An uncompressed WAV file of 8, 16, 24 or 32 bits.

    Shape: samples (frames, channels) float32 in -1..1.  Raises: FileError where it is none, compressed, or cut short.
    """
    with _reading(path), wave.open(str(path), "rb") as file:
        channels, width, rate, count = file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()
        size = Path(path).stat().st_size
        if count * channels * width > size:
            raise FileError(f"{path} is cut short", facts=(f"{count:,} frames are {count * channels * width:,} bytes, it has {size:,}",))
        data = file.readframes(count)
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
    Raises: FileError for a folder or picture that cannot be read, DataError where there is none, ArgumentError for a size of 0 or less.
    """
    if min(size) < 1:
        raise ArgumentError(f"pictures of {size[0]} x {size[1]} cannot be made", facts=("size: rows and columns, 1 or more",))
    root = Path(folder)
    if not root.is_dir():
        raise FileError(f"{folder} is no folder" if root.exists() else f"there is no folder {folder}")
    classes = sorted(each.name for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))
    paths = [(path, k) for k, name in enumerate(classes) for path in sorted((root / name).iterdir()) if path.suffix.lower() in SUFFIXES]
    if not paths:
        what = f"no pictures in its folders {', '.join(classes)}" if classes else "no folders with pictures, one for each class"
        raise DataError(f"{folder} has {what}", facts=(f"pictures are files ending in {' '.join(SUFFIXES)}",))
    images = np.stack([_picture(path, size, grey=grey) for path, _ in paths])
    return Examples(images, np.array([label for _, label in paths], np.int64)), tuple(classes)


def _picture(path: Path, size: tuple[int, int], *, grey: bool) -> Array:
    from PIL import Image  # noqa: PLC0415  loaded when a picture is read

    from gradwerk.data.image import read_colours  # noqa: PLC0415

    colours = read_colours(path)  # bounded in memory
    image = Image.fromarray(np.rint(colours * 255).astype(np.uint8))
    shown = np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR).convert("L" if grey else "RGB"))
    return shown[..., None] if grey else shown


@contextmanager
def _unpacked(path: str | Path) -> Iterator[BinaryIO]:
    """The file, or what gzip packed in it: read part by part, whatever it unpacks to."""
    with Path(path).open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if packed:
            with gzip.open(file, "rb") as unpacked:
                yield cast("BinaryIO", unpacked)
        else:
            yield file


@contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    """What cannot be read is a FileError that says which file, and why."""
    try:
        yield
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(f"there is no file {path}") from None
    except UnicodeDecodeError as error:
        there = f"byte {error.start}: {error.object[error.start : error.start + 4].hex(' ')}"
        likely = "encoding='latin-1', where it was written by an older program"
        raise FileError(f"{path} is no text in {error.encoding}", facts=(there,), likely=likely) from None
    except MemoryError:
        raise FileError(f"{path} is too large for the memory there is") from None
    except Exception as error:  # readers of archives and sound raise whatever comes to hand where a file is damaged
        raise FileError(f"{path} cannot be read", facts=(f"{type(error).__name__}: {error}",)) from None


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _number(path: str | Path, line: int, name: str, field: str) -> float:
    try:
        return float(field)
    except ValueError:
        what = "is empty" if not field.strip() else f"is no number: {field.strip()[:40]!r}"
        likely = "fill it or leave the row out" if not field.strip() else "number the words of that column, or leave it out"
        raise DataError(f"{path}, line {line}: column {name!r} {what}", likely=likely) from None


def split(x: Array, y: Array, held_back: float = 0.2, *, seed: int = 0, stratified: bool = False) -> tuple[Examples, Examples]:
    """Shuffled examples to train on and to hold back.

    Args:
        x, y: inputs and targets, one for each example.
        held_back: the share that is held back.
        seed: equal seeds, equal parts.
        stratified: whether each class of y is split by that share.

    Raises: DataError where x and y are not equally many, ArgumentError for a share outside of 0..1, or that leaves one part empty.
    """
    if len(x) != len(y):
        raise DataError(f"{len(x)} inputs and {len(y)} targets")
    if not 0 < held_back < 1:
        raise ArgumentError(f"held_back is {held_back}: a share between 0 and 1")
    generator = np.random.default_rng(seed)
    groups: Sequence[Array] = [np.flatnonzero(y == each) for each in np.unique(y)] if stratified else [np.arange(len(x))]
    held, kept = [], []
    for group in groups:
        order = generator.permutation(group)
        count = round(len(order) * held_back)
        held.append(order[:count])
        kept.append(order[count:])
    chosen, others = (generator.permutation(np.concatenate(parts)) for parts in (held, kept))
    if not len(chosen) or not len(others):
        raise ArgumentError(f"held_back={held_back} of {len(x)} examples leaves one part empty")
    return Examples(x[others], y[others]), Examples(x[chosen], y[chosen])
