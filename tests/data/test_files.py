"""People's own files: what was written is read, and what is damaged is one clear error that names the file."""

from __future__ import annotations

import codecs
import gzip
import io
import struct
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, FileError
from gradwerk.data import files, reading

RNG = np.random.default_rng(0)


def idx(array: np.ndarray) -> bytes:
    """The format as its authors describe it, written anew."""
    code = {"uint8": 8, "int8": 9, "int16": 0xB, "int32": 0xC, "float32": 0xD, "float64": 0xE}[array.dtype.name]
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def wav(samples: np.ndarray, width: int, rate: int) -> bytes:
    """Written by the standard library."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        whole = np.rint(samples * (2 ** (8 * width - 1) - 1)).astype(np.int64)
        if width == 1:
            file.writeframes((whole + 128).astype(np.uint8).tobytes())
        else:
            file.writeframes(b"".join(int(v).to_bytes(width, "little", signed=True) for v in whole.ravel()))
    return data.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    return data.getvalue()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (5,), (3, 0), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx(dtype: str, shape: tuple[int, ...], pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    array = np.asarray(RNG.integers(0, 100, shape)).astype(dtype)
    (tmp_path / "a.idx").write_bytes(pack(idx(array)))
    got = files.read_idx(tmp_path / "a.idx")
    assert got.dtype == array.dtype
    assert got.dtype.isnative
    np.testing.assert_array_equal(got, array)


SAMPLE: dict[str, tuple[bytes, Callable[[Path], Any]]] = {
    "a.idx": (idx(RNG.integers(0, 255, (3, 4)).astype(np.uint8)), files.read_idx),
    "a.idx.gz": (gzip.compress(idx(RNG.integers(0, 255, (3, 4)).astype(np.uint8))), files.read_idx),
    "a.npz": (npz(x=np.arange(6.0), y=np.arange(3)), files.read_npz),
    "a.wav": (wav(RNG.uniform(-1, 1, (9, 2)), 2, 8000), files.read_wav),
}


@pytest.mark.parametrize("name", SAMPLE)
def test_a_file_that_is_cut_is_told_so_wherever_it_is_cut(name: str, tmp_path: Path) -> None:
    data, read = SAMPLE[name]
    path = tmp_path / name
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(FileError, match=name):
            read(path)


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("each", [pytest.param(True, marks=pytest.mark.long, id="each bit"), pytest.param(False, id="a bit of each byte")])
def test_a_file_with_a_changed_bit_is_read_or_told(each: bool, name: str, tmp_path: Path) -> None:
    """No other error, and no more memory than the file may have."""
    data, read = SAMPLE[name]
    path = tmp_path / name
    for bit in range(8 * len(data)) if each else (8 * k + int(RNG.integers(8)) for k in range(len(data))):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            read(path)
        except FileError as error:
            assert name in str(error)


def test_idx_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.idx"
    path.write_bytes(idx(np.zeros((2, 3), np.uint8)) + b"x")
    with pytest.raises(FileError, match="longer than its header says"):
        files.read_idx(path)
    path.write_bytes(struct.pack(">HBB3I", 0, 8, 3, *[2**32 - 1] * 3) + b"few")
    with pytest.raises(FileError, match=r"cut short(.|\n)*3 are there"):
        files.read_idx(path)
    for shape in ([1] * 255, [2**32 - 1, 2**32 - 1, 0]):  # of more axes, or longer ones, than NumPy has
        path.write_bytes(struct.pack(f">HBB{len(shape)}I", 0, 0xE, len(shape), *shape) + b"12345678" * min(shape))
        with pytest.raises(FileError, match="cannot be read"):
            files.read_idx(path)
    path.write_bytes(b"GIF89a")
    with pytest.raises(FileError, match=r"no IDX file(.|\n)*47 49 46 38"):
        files.read_idx(path)
    with pytest.raises(FileError, match="there is no file"):
        files.read_idx(tmp_path / "b.idx")


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_wav(width: int, channels: int, tmp_path: Path) -> None:
    samples = np.concatenate([RNG.uniform(-1, 1, (50, channels)), np.full((1, channels), -1.0), np.zeros((1, channels))])
    (tmp_path / "a.wav").write_bytes(wav(samples, width, 16000))
    got = files.read_wav(tmp_path / "a.wav")
    assert (got.rate, got.samples.shape, got.samples.dtype) == (16000, samples.shape, np.float32)
    np.testing.assert_allclose(got.samples, samples, atol=2.0 ** (2 - 8 * width) + 1e-7)
    assert got.samples[-1, 0] == 0


@pytest.mark.parametrize(("place", "value", "told"), [
    (20, struct.pack("<H", 3), r"no WAV file of whole numbers\n  unknown format: 3(.|\n)*pcm_s16le"),
    (24, struct.pack("<I", 0), "0 samples a second"),
    (0, b"ID3.", "no WAV file of whole numbers"),
])  # fmt: skip
def test_wav_says_what_is_wrong(place: int, value: bytes, told: str, tmp_path: Path) -> None:
    data = bytearray(wav(np.zeros((4, 1)), 2, 8000))
    data[place : place + len(value)] = value
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(FileError, match=told):
        files.read_wav(tmp_path / "a.wav")


def test_npz_with_objects_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([{}], object))
    with pytest.raises(FileError, match="cannot be read"):
        files.read_npz(path)
    np.save(tmp_path / "b.npz.npy", np.zeros(3))
    with pytest.raises(FileError, match="one array"):
        files.read_npz(tmp_path / "b.npz.npy")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no array")
    with pytest.raises(FileError, match=r"archive of other files(.|\n)*readme\.txt"):
        files.read_npz(path)


def test_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for data in (b"a\nb\nc", b"a\r\nb\rc", b"\xef\xbb\xbfa\nb\r\nc"):
        path.write_bytes(data)
        assert files.read_text(path) == "a\nb\nc"
    with pytest.raises(ArgumentError, match="no encoding is called 'utf-9'"):
        files.read_text(path, encoding="utf-9")


@pytest.mark.parametrize(("data", "told"), [
    ("größe".encode("latin-1"), "encoding='latin-1'"),
    ("größe".encode("utf-16"), "encoding='utf-16'"),
    (codecs.BOM_UTF32_LE + "größe".encode("utf-32-le"), "encoding='utf-32'"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ""),
], ids=["latin-1", "utf-16", "utf-32", "picture"])  # fmt: skip
def test_text_in_another_encoding(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(FileError, match=r"no text in utf-8\n") as raised:
        files.read_text(tmp_path / "a.txt")
    assert raised.value.likely.partition(",")[0] == told
    if told:
        assert files.read_text(tmp_path / "a.txt", encoding=told[10:-1]) == "größe"


READERS = [files.read_idx, files.read_npz, files.read_text, files.read_wav, lambda path: files.read_csv(path, "y")]


@pytest.mark.parametrize("read", [*READERS, lambda path: files.read_images(path, (2, 2))])
@pytest.mark.parametrize("name", [None, 3, "absent", "a\0b", "x" * 300])
def test_what_is_no_file(read: Callable[[Any], Any], name: Any, tmp_path: Path) -> None:
    path = tmp_path / name if isinstance(name, str) else name
    with pytest.raises((FileError, ArgumentTypeError)) as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert "Errno" not in str(raised.value)


@pytest.mark.parametrize("read", READERS)
def test_a_folder_is_no_file(read: Callable[[Any], Any], tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a folder, not a file"):
        read(tmp_path)


def test_what_unpacks_to_more_than_there_is_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "memory", lambda: 1000)
    (tmp_path / "a.idx").write_bytes(gzip.compress(idx(np.zeros(1001, np.uint8))))
    (tmp_path / "a.npz").write_bytes(npz(x=np.zeros(600, np.uint8), y=np.zeros(401, np.uint8)))
    for name, read in (("a.idx", files.read_idx), ("a.npz", files.read_npz)):
        with pytest.raises(FileError, match=rf"{name} is too large for the memory(.|\n)*1,\d\d\d bytes"):
            read(tmp_path / name)
    monkeypatch.setattr(files, "memory", lambda: 1000)
    (tmp_path / "red").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "red" / "a.png")
    assert files.read_images(tmp_path, (18, 18))[0].x.shape == (1, 18, 18, 3)
    with pytest.raises(ArgumentError, match=r"1 pictures of 19 x 18 are too large(.|\n)*1,026 bytes"):
        files.read_images(tmp_path, (19, 18))


def test_folders_of_pictures(tmp_path: Path) -> None:
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        (tmp_path / name).mkdir()
        for k in range(2):
            Image.new("RGB", (5 + k, 7), colour).save(tmp_path / name / f"{k}.png")
    (tmp_path / "red" / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "red" / "._0.png").write_text("a note of another system")
    (tmp_path / "red" / "old.png").mkdir()
    examples, classes = files.read_images(tmp_path, (4, 6))
    assert (classes, examples.x.shape, examples.x.dtype, examples.y.tolist()) == (("blue", "red"), (4, 4, 6, 3), np.uint8, [0, 0, 1, 1])
    assert (examples.x[0] == [0, 0, 255]).all()
    assert (examples.x[3] == [255, 0, 0]).all()
    assert files.read_images(tmp_path, (4, 6), grey=True)[0].x.shape == (4, 4, 6, 1)
    (tmp_path / "red" / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(FileError, match=r"broken\.png"):
        files.read_images(tmp_path, (4, 6))
    with pytest.raises(ArgumentError, match="0 x 6"):
        files.read_images(tmp_path, (0, 6))
    for size in (4, (4,), (4, 4, 3), (4.5, 4), "ab"):
        with pytest.raises(ArgumentError, match="two whole numbers"):
            files.read_images(tmp_path, size)  # type: ignore[arg-type]


def test_folders_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folders with pictures"):
        files.read_images(tmp_path, (4, 4))
    (tmp_path / "red").mkdir()
    with pytest.raises(DataError, match="no pictures in its folders red"):
        files.read_images(tmp_path, (4, 4))
    (tmp_path / "blue").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "blue" / "a.png")
    with pytest.raises(DataError, match=r"red has no pictures, and would be a class(.|\n)*remove the folder"):
        files.read_images(tmp_path, (4, 4))
    with pytest.raises(DataError, match=r"blue has no folders with pictures(.|\n)*one folder for each class"):
        files.read_images(tmp_path / "blue", (4, 4))
    with pytest.raises(FileError, match="there is no folder"):
        files.read_images(tmp_path / "absent", (4, 4))
