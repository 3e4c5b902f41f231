"""A checkpoint is whole or absent: it survives damage, crashes and mistakes with one clear error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradwerk.base.errors import FileError
from gradwerk.io import atomic, checkpoint
from gradwerk.io.checkpoint import FORMAT, Checkpoint, load_checkpoint, save_checkpoint
from gradwerk.io.safetensors import load_tensors, save_tensors
from gradwerk.io.seal import KEY, OPEN, seal

TENSORS = {
    "dense.kernel": np.arange(12, dtype=np.float32).reshape(3, 4),
    "dense.bias": np.array([np.nan, np.inf, -0.0, 1e-45], np.float32),
    "step": np.array(7, np.int64),
    "bits": np.array([2**32 - 1, 0], np.uint32),
    "mask": np.array([True, False]),
    "strided": np.arange(12, dtype=np.float64).reshape(3, 4).T,
    "empty": np.zeros((0, 3), np.float32),
}
RECORD = {"epoch": 3, "batch": 17, "seed": 2**63 + 11, "loss": 0.1 + 0.2, "name": "zwölf"}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path, Checkpoint(TENSORS, RECORD))
    return tmp_path


def arrays_file(folder: Path) -> Path:
    (path,) = folder.glob("*.safetensors")
    return path


def test_a_checkpoint_comes_back_bit_for_bit(saved: Path) -> None:
    back = load_checkpoint(saved)
    assert back.record == RECORD
    assert set(back.tensors) == set(TENSORS)
    for name, array in TENSORS.items():
        assert back.tensors[name].dtype == array.dtype
        assert back.tensors[name].shape == array.shape
        assert back.tensors[name].tobytes() == np.array(array, order="C").tobytes(), name


def test_saving_again_replaces_the_pair_and_leaves_nothing_behind(saved: Path) -> None:
    save_checkpoint(saved, Checkpoint({"a": np.ones(2, np.float32)}, {"epoch": 4}))
    assert load_checkpoint(saved).record == {"epoch": 4}
    assert len(list(saved.iterdir())) == 2


def truncate_arrays(folder: Path) -> None:
    path = arrays_file(folder)
    path.write_bytes(path.read_bytes()[:-5])


def flip_a_bit(folder: Path) -> None:
    path = arrays_file(folder)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))


def truncate_json(folder: Path) -> None:
    path = folder / "checkpoint.json"
    path.write_bytes(path.read_bytes()[:40])


def alter_head(key: str, value: object, *, sealed: bool = False) -> Callable[[Path], None]:
    """Another value in the head; with `sealed` by somebody who knows how to seal."""

    def alter(folder: Path) -> None:
        path = folder / "checkpoint.json"
        head = json.loads(path.read_text()) | {key: value} | ({KEY: OPEN} if sealed else {})
        path.write_bytes(seal(bytearray(json.dumps(head).encode())) if sealed else json.dumps(head).encode())

    return alter


def stated(**changes: object) -> dict[str, object]:
    return {"file": "checkpoint-0123456789ab.safetensors", "bytes": 100, "sha256": "0" * 64} | changes


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (truncate_arrays, "half-written"),
        (flip_a_bit, "altered"),
        (lambda folder: arrays_file(folder).unlink(), "does not exist"),
        (truncate_json, "not whole JSON"),
        (lambda folder: (folder / "checkpoint.json").write_bytes(b""), "not whole JSON"),
        (lambda folder: (folder / "checkpoint.json").write_bytes(b"\xff\xfe\x00"), "not whole JSON"),
        (lambda folder: (folder / "checkpoint.json").write_text("[1]"), "not a checkpoint"),
        (lambda folder: (folder / "checkpoint.json").unlink(), "does not exist"),
        (alter_head("version", 9, sealed=True), "version 9[\\s\\S]*upgrade"),
        (alter_head("format", "other", sealed=True), "not a checkpoint"),
        (lambda folder: (folder / "checkpoint.json").write_text(f'{{"format": "{FORMAT}", "version": 1}}'), "version 1"),
        (alter_head("version", True, sealed=True), "version True"),
        (alter_head("version", 3), "altered"),
        (alter_head("format", "other"), "altered"),
        (alter_head("arrays", None), "altered"),
        (alter_head("record", {"epoch": 4}), "altered"),
        (alter_head(KEY, "0"), "altered"),
        (alter_head("arrays", None, sealed=True), "damaged"),
        (alter_head("record", 3, sealed=True), "damaged"),
        (alter_head("arrays", stated(file="../../etc/passwd"), sealed=True), "damaged"),
        (alter_head("arrays", stated(file="checkpoint.json"), sealed=True), "damaged"),
        (alter_head("arrays", stated(bytes=-1), sealed=True), "damaged"),
        (alter_head("arrays", stated(bytes=1e300), sealed=True), "damaged"),
        (alter_head("arrays", stated(bytes=True), sealed=True), "damaged"),
        (alter_head("arrays", stated(), sealed=True), "does not exist"),
        (lambda folder: (folder / "checkpoint.json").write_text("[" * 100_000), "not whole JSON"),
    ],
)
def test_damage_is_one_clear_error(saved: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(saved)
    with pytest.raises(FileError, match=says) as caught:
        load_checkpoint(saved)
    assert "likely: " in str(caught.value) or "there is: " in str(caught.value)


@pytest.mark.parametrize("fails_at", range(2))
def test_a_crash_while_saving_keeps_the_earlier_checkpoint(saved: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    writes = 0

    def crash(folder: Path, name: str, data: bytes) -> Path:
        nonlocal writes
        writes += 1
        if writes > fails_at:
            (folder / f".{name}.part").write_bytes(b"half")
            raise KeyboardInterrupt
        return atomic.write_within(folder, name, data)

    monkeypatch.setattr(checkpoint, "write_within", crash)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(saved, Checkpoint({"a": np.ones(3, np.float32)}, {"epoch": 9}))
    assert load_checkpoint(saved).record == RECORD


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot write"):
        atomic.write_atomically(tmp_path / "absent" / "a.txt", b"x")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    with pytest.raises(FileError, match="cannot write"):
        atomic.write_atomically(tmp_path / "taken", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_safetensors_round_trip_and_damage(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_tensors(path, TENSORS, {"made by": "a test"})
    assert {name: array.tobytes() for name, array in load_tensors(path).items()} == {
        name: np.array(array, order="C").tobytes() for name, array in TENSORS.items()
    }
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FileError, match="not a whole safetensors file"):
        load_tensors(path)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A small checkpoint's files by name, as the reader meets them: what is put here is read."""
    save_checkpoint(tmp_path, Checkpoint({"a": np.ones(2, np.float32)}, RECORD))
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def read(path: Path, what: str) -> bytes:
        try:
            return files[path.name]
        except KeyError:
            raise FileError(f"{what} does not exist") from None

    monkeypatch.setattr(checkpoint, "read_bytes", read)
    return files


@pytest.mark.parametrize("half", ["json", "safetensors"])
def test_every_flipped_bit_and_every_cut_is_found(disk: dict[str, bytes], tmp_path: Path, half: str) -> None:
    (name,) = (name for name in disk if name.endswith(half))
    whole = disk[name]
    flipped = [(k, 1 << bit) for k in range(len(whole)) for bit in range(8)]
    for position, mask in flipped:
        disk[name] = whole[:position] + bytes([whole[position] ^ mask]) + whole[position + 1 :]
        with pytest.raises(FileError, match="altered|not whole JSON"):
            load_checkpoint(tmp_path)
    for length in range(len(whole)):
        disk[name] = whole[:length]
        with pytest.raises(FileError):
            load_checkpoint(tmp_path)
    disk[name] = whole
    assert load_checkpoint(tmp_path).record == RECORD


def test_a_pair_that_is_replaced_while_it_is_read_is_read_again(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = False

    def read(path: Path, what: str) -> bytes:
        nonlocal replaced
        data = atomic.read_bytes(path, what)
        if not replaced:
            replaced = True
            save_checkpoint(saved, Checkpoint({"a": np.ones(3, np.float32)}, {"epoch": 9}))
        return data

    monkeypatch.setattr(checkpoint, "read_bytes", read)
    assert load_checkpoint(saved).record == {"epoch": 9}


def test_only_its_own_earlier_arrays_are_removed(saved: Path) -> None:
    (saved / "checkpoint-best.safetensors").write_bytes(b"mine")
    save_checkpoint(saved, Checkpoint({"a": np.ones(3, np.float32)}, {}))
    assert (saved / "checkpoint-best.safetensors").read_bytes() == b"mine" and len(list(saved.iterdir())) == 3
