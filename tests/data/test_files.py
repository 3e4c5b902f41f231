"""People's own files: what was written is read, and what is damaged is one clear error that names the file."""

from __future__ import annotations

import csv
import gzip
import io
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradwerk.base.errors import ArgumentError, DataError, FileError
from gradwerk.data import files

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
def test_a_file_with_a_changed_bit_is_read_or_told(name: str, tmp_path: Path) -> None:
    """No other error, and no more memory than the file may have."""
    data, read = SAMPLE[name]
    path = tmp_path / name
    for bit in range(8 * len(data)):
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


def test_npz_with_objects_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([{}], object))
    with pytest.raises(FileError, match="cannot be read"):
        files.read_npz(path)
    np.save(tmp_path / "b.npz.npy", np.zeros(3))
    with pytest.raises(FileError, match="one array"):
        files.read_npz(tmp_path / "b.npz.npy")


def table(folder: Path, *rows: list[Any], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def test_csv_of_classes_and_of_numbers(tmp_path: Path) -> None:
    rows = [["long", "kind", "wide"], [1.5, "b", 2], [3, "a", -4e2], [5, "b", 0]]
    got = files.read_csv(table(tmp_path, *rows), "kind")
    assert (got.features, got.classes, got.y.tolist(), got.y.dtype) == (("long", "wide"), ("a", "b"), [1, 0, 1], np.int64)
    np.testing.assert_array_equal(got.x, np.array([[1.5, 2], [3, -400], [5, 0]], np.float32))
    got = files.read_csv(table(tmp_path, ["a", "b"], [1, 2], [3, 4.5], delimiter=";", encoding="utf-8-sig"), "a", delimiter=";")
    assert (got.features, got.classes, got.y.tolist(), got.y.dtype) == (("b",), (), [1, 3], np.float32)


@pytest.mark.parametrize(("rows", "told"), [
    ([["a", "b"], [1, 2]], r"no column 'y'(.|\n)*columns: a, b"),
    ([["1", "2"], [1, 2]], r"no column 'y'(.|\n)*the first line names the columns"),
    ([], "the file is empty"),
    ([["a", "y"]], "names of columns and no rows"),
    ([["a", "y"], [1, 2], [3]], "line 3: 1 fields, where the first line names 2"),
    ([["a", "y"], ["red", 2]], r"line 2: column 'a' is no number: 'red'"),
    ([["a", "y"], [1, 1], ["", 2]], "line 3: column 'a' is empty"),
    ([["a", "y"], [1, "x"], [1, ""]], "row 2 has no y"),
])  # fmt: skip
def test_csv_says_where_it_is_wrong(rows: list[list[Any]], told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        files.read_csv(table(tmp_path, *rows), "y")


def test_text_in_another_encoding(tmp_path: Path) -> None:
    path = table(tmp_path, ["größe", "y"], [1, "a"], encoding="latin-1")
    with pytest.raises(FileError, match=r"no text in utf-8(.|\n)*latin-1"):
        files.read_csv(path, "y")
    assert files.read_csv(path, "y", encoding="latin-1").features == ("größe",)
    path.write_bytes(b"a\r\nb")
    assert files.read_text(path) == "a\nb"


def test_folders_of_pictures(tmp_path: Path) -> None:
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        (tmp_path / name).mkdir()
        for k in range(2):
            Image.new("RGB", (5 + k, 7), colour).save(tmp_path / name / f"{k}.png")
    (tmp_path / "red" / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden").mkdir()
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


def test_folders_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folders with pictures"):
        files.read_images(tmp_path, (4, 4))
    (tmp_path / "red").mkdir()
    with pytest.raises(DataError, match="no pictures in its folders red"):
        files.read_images(tmp_path, (4, 4))
    with pytest.raises(FileError, match="there is no folder"):
        files.read_images(tmp_path / "absent", (4, 4))


@pytest.mark.parametrize("stratified", [False, True])
def test_split(stratified: bool) -> None:
    x, y = np.arange(100), np.repeat([0, 1, 2], [60, 30, 10])
    train, held = files.split(x, y, 0.2, seed=1, stratified=stratified)
    assert sorted([*train.x, *held.x]) == list(range(100))
    assert len(held) == 20
    np.testing.assert_array_equal(held.y, y[held.x])
    if stratified:
        assert np.bincount(held.y).tolist() == [12, 6, 2]
    again = files.split(x, y, 0.2, seed=1, stratified=stratified)
    np.testing.assert_array_equal(again[1].x, held.x)
    assert not np.array_equal(files.split(x, y, 0.2, seed=2, stratified=stratified)[1].x, held.x)


def test_split_refuses_what_leaves_nothing() -> None:
    with pytest.raises(ArgumentError, match="a share between 0 and 1"):
        files.split(np.zeros(3), np.zeros(3), 1.0)
    with pytest.raises(ArgumentError, match="leaves one part empty"):
        files.split(np.zeros(2), np.zeros(2), 0.1)
    with pytest.raises(DataError, match="3 inputs and 2 targets"):
        files.split(np.zeros(3), np.zeros(2))
