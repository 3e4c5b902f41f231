"""tf.io: TFRecord files, gfile, whole files; the check sum beside one byte after the other."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, DataError, FileError
from gradwerk.data.crc32c import POLYNOMIAL, crc32c, masked
from gradwerk.data.records import read_records
from gradwerk.tf import io as tf_io
from gradwerk.tf.io import gfile
from gradwerk.tf.io.files import tf_record_iterator
from gradwerk.tf.train_data.examples import Example, Feature, Features, Int64List

SIZES = [*range(70), 255, 256, 257, 511, 512, 513, 4099, (1 << 20) - 1, 1 << 20, (1 << 20) + 5]


def slow(data: bytes) -> int:
    """Bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_the_check_sum_is_that_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    data = np.random.default_rng(0).integers(0, 256, 5000, np.uint8).tobytes()
    for size in (size for size in SIZES if size <= len(data)):
        assert crc32c(data[:size]) == slow(data[:size]), size


def test_the_check_sum_of_long_bytes_is_that_of_their_parts() -> None:
    data = np.random.default_rng(1).integers(0, 256, (1 << 20) + 300, np.uint8).tobytes()
    ends = {crc32c(data[:size]) for size in SIZES[-3:]}
    assert len(ends) == 3  # a part more changes it
    zeros = bytes(1 << 20)
    assert crc32c(zeros) == 0x14298C12  # of a megabyte of zeros, by another implementation


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_records_come_back(tmp_path: Path, compression: str) -> None:
    records = [b"", b"a", bytes(range(256)) * 300, Example(Features({"x": Feature(int64_list=Int64List([1]))})).SerializeToString()]
    path = str(tmp_path / "some.tfrecord")
    with tf_io.TFRecordWriter(path, compression) as file:
        for record in records:
            file.write(record)
    assert list(tf_record_iterator(path, compression)) == records
    unpacked = {"": bytes, "GZIP": gzip.decompress, "ZLIB": zlib.decompress}[compression](Path(path).read_bytes())
    assert unpacked[:12] == struct.pack("<QI", 0, masked(bytes(8)))


def test_a_damaged_file_is_told_where(tmp_path: Path) -> None:
    path = tmp_path / "some.tfrecord"
    with tf_io.TFRecordWriter(path) as file:
        file.write(b"first")
        file.write(b"second")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"second", b"sECond"))
    with pytest.raises(DataError, match="record 1: the check sum of its bytes"):
        list(read_records(str(path)))
    path.write_bytes(whole[:-2])
    with pytest.raises(DataError, match="record 1: it is cut short"):
        list(read_records(str(path)))
    path.write_bytes(b"\x01" + whole[1:])
    with pytest.raises(DataError, match="record 0: the check sum of its length"):
        list(read_records(str(path)))
    path.write_bytes(gzip.compress(whole))
    with pytest.raises(DataError, match="GZIP"):
        list(read_records(str(path)))
    with pytest.raises(FileError):
        list(read_records(str(tmp_path / "none")))
    with pytest.raises(ArgumentError):
        tf_io.TFRecordWriter(path, "LZ4")


def test_gfile_does_what_its_names_say(tmp_path: Path) -> None:
    folder = str(tmp_path / "a" / "b")
    gfile.makedirs(folder)
    gfile.makedirs(folder)
    assert gfile.isdir(folder)
    with gfile.GFile(gfile.join(folder, "x.txt"), "w") as file:
        file.write("one\n")
        file.write("two")
    with gfile.GFile(gfile.join(folder, "x.txt")) as file:
        assert (file.readline(), file.tell(), file.read(), file.size()) == ("one\n", 4, "two", 7)
    with gfile.GFile(gfile.join(folder, "x.txt"), "rb") as file:
        assert list(file) == [b"one\n", b"two"]
    gfile.copy(f"{folder}/x.txt", f"{folder}/y.txt")
    with pytest.raises(FileError, match="overwrite"):
        gfile.copy(f"{folder}/x.txt", f"{folder}/y.txt")
    assert gfile.glob(f"{folder}/*.txt") == [f"{folder}/x.txt", f"{folder}/y.txt"]
    gfile.rename(f"{folder}/y.txt", f"{folder}/z.txt")
    assert gfile.listdir(folder) == ["x.txt", "z.txt"]
    assert gfile.stat(f"{folder}/x.txt").length == 7
    gfile.remove(f"{folder}/z.txt")
    assert [names for _, _, names in gfile.walk(str(tmp_path / "a"))] == [[], ["x.txt"]]
    gfile.rmtree(str(tmp_path / "a"))
    assert not gfile.exists(folder)
    for refused in (gfile.listdir, gfile.remove, gfile.rmtree, gfile.stat, lambda path: gfile.GFile(path).read()):
        with pytest.raises(FileError):
            refused(str(tmp_path / "none"))


def test_whole_files(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "file")
    tf_io.write_file(path, "text \xe4")
    assert tf_io.read_file(path).numpy() == "text \xe4".encode()
    assert tf_io.matching_files(f"{tmp_path}/*/*").numpy().tolist() == [path.encode()]
    with pytest.raises(FileError):
        tf_io.read_file(str(tmp_path))
