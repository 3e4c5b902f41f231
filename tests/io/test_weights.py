"""save and load: what goes in comes out, and a file that is not whole, not ours or not safe is one clear error."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
from hypothesis import given
from hypothesis import strategies as st
from safetensors import numpy as theirs

import gradwerk as gw
from gradwerk.base.errors import ArgumentError, DTypeError, FileError, ShapeError
from gradwerk.io import safetensors as safetensors_module
from gradwerk.io.safetensors import load_tensors, save_tensors, to_bytes
from gradwerk.io.weights import pack, unpack
from gradwerk.nn.linear import Linear
from gradwerk.nn.module import Module
from tests.modules import Sequential

DTYPES = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
ARRAYS = st.builds(
    lambda dtype, shape, seed: np.asarray(np.random.default_rng(seed).normal(size=shape) * 100).astype(dtype),
    st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=3), st.integers(0, 99),
)  # fmt: skip
PLAIN = st.none() | st.just(np.float32(0.1)) | st.just(np.int8(3)) | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: st.lists(inner, max_size=3)
    | st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(st.text(max_size=4) | st.integers(-3, 3), inner, max_size=3),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit, NaN included."""
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()) and b.flags.writeable
    if isinstance(a, dict):
        return type(b) is dict and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b)) and repr(a) == repr(b)


@given(TREES)
def test_a_tree_comes_back_bit_for_bit(tree: Any) -> None:
    assert same(tree, unpack(pack(tree), "it"))


class Net(Module):
    def __init__(self) -> None:
        self.first, self.inner = Linear(3, 4), Sequential(Linear(4, 4), Linear(4, 2))
        self.seen = gw.Tensor(np.arange(2, dtype=np.float32))


def test_a_model_comes_back_in_another_process(tmp_path: Path) -> None:
    model = Net()
    assert gw.save(tmp_path / "a b.safetensors", model) == tmp_path / "a b.safetensors"
    script = "import sys, gradwerk as gw; [print(name, a.dtype, a.shape, a.tobytes().hex()) for name, a in gw.load(sys.argv[1]).items()]"
    environment = os.environ | {"PYTHONPATH": str(Path(gw.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a b.safetensors")], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines() == [f"{k} {t.numpy().dtype} {t.shape} {t.numpy().tobytes().hex()}" for k, t in model.state().items()]
    other = Net()
    gw.load(tmp_path / "a b.safetensors", into=other)
    assert all(a.numpy().tobytes() == b.numpy().tobytes() for a, b in zip(model.state().values(), other.state().values(), strict=True))


def test_the_file_is_one_that_every_reader_of_the_format_reads(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    gw.save(tmp_path / "ours", {"layer.weight": weight.T, "inner": {"bias": weight[0]}, "epoch": 3})
    theirs = load_file(tmp_path / "ours")
    assert set(theirs) == {"layer.weight", "inner.bias"} and np.array_equal(theirs["layer.weight"], weight.T)
    save_file({"w": weight}, tmp_path / "theirs", {"made by": "another"})
    assert same(gw.load(tmp_path / "theirs"), {"w": weight})


def test_what_lies_in_other_layouts_is_written_by_its_elements() -> None:
    from gradwerk import torch

    parameter = torch.nn.Conv2d(3, 5, 3).weight
    base = np.arange(24, dtype=np.float64)
    tree = {"parameter": parameter, "back": base[::-1], "wide": np.broadcast_to(base[:2], (3, 2)), "big": base.astype(">f8")}
    back = unpack(pack(tree), "it", tensor=torch.tensor)
    assert type(back["parameter"]) is torch.Tensor
    assert np.array_equal(back["parameter"].numpy(), parameter.detach().numpy())
    assert all(np.array_equal(back[name], tree[name]) for name in ("back", "wide", "big"))


def test_names_that_collide_or_cannot_be_written_are_kept_apart() -> None:
    one, two = np.ones(1), np.zeros(2)
    for tree in ({"a.b": one, "a": {"b": two}}, {"__metadata__": one, "": two}, {"\ud800": one, "array 0": two}, {1: one, "1": two}):
        assert same(tree, unpack(pack(tree), "it"))


@pytest.mark.parametrize(
    ("tree", "error", "says"),
    [
        ({"model": Net()}, ArgumentError, r"'model' is of type Net.*state"),
        ({"a": [1, {2, 3}]}, ArgumentError, r"'a.1' is of type set"),
        ({(1, 2): 3}, ArgumentError, r"has the key \(1, 2\)"),
        ({"names": np.array(["a"])}, DTypeError, "'names' holds <U1"),
        ({"things": np.array([{}])}, DTypeError, "'things' holds object"),
        ({"z": np.ones(2, complex)}, DTypeError, "z holds complex128"),
        (lambda: 3, ArgumentError, "of type function"),
        ({"m": np.ma.array([1.0, 2.0], mask=[True, False])}, DTypeError, "'m' has a mask"),
        ({"n": [10**5000]}, ArgumentError, r"'n.0' is an integer of 16,610 bits"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_by_name(tmp_path: Path, tree: Any, error: type[Exception], says: str) -> None:
    (tmp_path / "x").write_text("old")
    with pytest.raises(error, match=f"(?s){says}"):
        gw.save(tmp_path / "x", tree)
    assert (tmp_path / "x").read_text() == "old"


def test_a_tree_that_contains_itself_is_refused() -> None:
    tree: dict[str, Any] = {}
    tree["self"] = tree
    with pytest.raises(ArgumentError, match="contain itself"):
        pack(tree)


def test_arguments_in_the_wrong_order_are_told(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="the path comes first"):
        gw.save({"a": np.ones(1)}, str(tmp_path / "x"))


def test_another_models_weights_are_refused_and_change_nothing(tmp_path: Path) -> None:
    model = Net()
    before = {name: tensor.numpy().tobytes() for name, tensor in model.state().items()}
    state = {name: tensor.numpy() + 1 for name, tensor in model.state().items()}
    gw.save(tmp_path / "fewer", dict(list(state.items())[1:]))
    gw.save(tmp_path / "shape", {**state, "seen": np.ones(3, np.float32)})
    gw.save(tmp_path / "more", {"model": state, "epoch": 3})
    for name, error, says in (("fewer", ArgumentError, "missing"), ("shape", ShapeError, "seen"), ("more", ArgumentError, "'epoch' .int")):
        with pytest.raises(error, match=says):
            gw.load(tmp_path / name, into=model)
    assert {name: tensor.numpy().tobytes() for name, tensor in model.state().items()} == before


@pytest.mark.parametrize(
    ("value", "dtype", "fits"),
    [
        (np.array([1 + 2j], np.complex64), "float32", False),
        (np.array([1 + 0j], np.complex64), "float32", False),
        (np.array([1e300]), "float32", False),
        (np.array([70_000.0], np.float32), "float16", False),
        (np.array([1.5]), "int64", False),
        (np.array([np.nan]), "int64", False),
        (np.array([2**40]), "int32", False),
        (np.array([2**63], np.uint64), "int64", False),
        (np.array([-1]), "uint8", False),
        (np.array([2]), "bool", False),
        (np.array(["1.5"]), "float32", False),
        (np.array([np.inf, -np.inf, 0.1, np.nan]), "float32", True),
        (np.array([2**24 + 1]), "float32", True),
        (np.array([3.0, -0.0]), "int32", True),
        (np.array([1, 0], np.uint8), "bool", True),
    ],
    ids=str,
)
def test_what_is_loaded_keeps_its_numbers_or_is_refused_and_changes_nothing(value: Any, dtype: str, fits: bool) -> None:
    class Held(Module):
        def __init__(self) -> None:
            self.first = gw.Tensor(np.zeros(1, np.float32))
            self.second = gw.Tensor(np.zeros(value.shape, dtype))

    model = Held()
    state = {"first": np.ones(1, np.float32), "second": value}
    if not fits:
        with pytest.raises(DTypeError, match="^second: "):
            model.load_state(state)
        assert not model.first.numpy().any() and not model.second.numpy().any()
        return
    model.load_state(state)
    np.testing.assert_array_equal(model.second.numpy(), value.astype(dtype))


def test_a_complex_array_is_never_cut_to_its_real_part(tmp_path: Path) -> None:
    from gradwerk import keras, torch

    given = np.array([[1 + 2j], [3]], np.complex64)
    header = {
        "weight": {"dtype": "C64", "shape": [1, 2], "data_offsets": [0, 16]},
        "bias": {"dtype": "F32", "shape": [1], "data_offsets": [16, 20]},
    }
    text = json.dumps(header).encode()  # older safetensors write none
    (tmp_path / "file").write_bytes(len(text).to_bytes(8, "little") + text + given.T.tobytes() + bytes(4))
    layer = torch.nn.Linear(2, 1)
    dense = keras.layers.Dense(1)
    dense.build((None, 2))
    adam = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    adam.step()
    states = adam.state_dict()
    states["state"][0]["exp_avg"] = given.T
    everything = (*layer.parameters(), *dense.weights, adam.state[layer.weight]["exp_avg"])
    before = [tensor.tolist() for tensor in everything]
    for load in (
        lambda: layer.load_state_dict(gw.load(tmp_path / "file")),
        lambda: gw.load(tmp_path / "file", into=layer),
        lambda: dense.set_weights([given, np.zeros(1)]),
        lambda: adam.load_state_dict(states),
        lambda: gw.Tensor(given, dtype="float32"),
        lambda: gw.Tensor([1 + 2j], dtype="float32"),
        lambda: torch.tensor(given, dtype=torch.float32),
    ):
        with pytest.raises(DTypeError):
            load()
    assert [tensor.tolist() for tensor in everything] == before


SMALL = pack({"weight": np.arange(4, dtype=np.float32), "epoch": 3, "best": float("inf"), "name": "zwölf"})


@pytest.mark.parametrize("whole", [SMALL, to_bytes({"weight": np.arange(4, dtype=np.float32)})], ids=["with plain values", "arrays alone"])
def test_every_flipped_bit_is_found(whole: bytearray) -> None:
    for position in range(len(whole)):
        for bit in range(8):
            data = bytearray(whole)
            data[position] ^= 1 << bit
            with pytest.raises(FileError):
                unpack(bytes(data), "it")


def test_every_cut_is_found() -> None:
    for length in range(len(SMALL)):
        with pytest.raises(FileError, match="not a whole safetensors file|was altered"):
            unpack(SMALL[:length], "it")
    with pytest.raises(FileError):
        unpack(SMALL + b"\0", "it")


class Bomb:
    def __reduce__(self) -> Any:
        return os.abort, ()


def test_files_of_other_formats_are_named_and_never_run(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.ones(2))
    np.save(tmp_path / "a.npy", np.ones(2))
    for protocol in (2, 3, 4, 5):
        (tmp_path / f"{protocol}.pkl").write_bytes(pickle.dumps(Bomb(), protocol))
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Bomb()))
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(90))
    for path in tmp_path.iterdir():
        with pytest.raises(FileError, match="zip archive|NumPy|pickle|HDF5") as caught:
            gw.load(path)
        assert str(path) in str(caught.value)
    (tmp_path / "text").write_text("hello, this is text, not weights")
    (tmp_path / "empty").touch()
    (tmp_path / "deep").write_bytes(struct.pack("<Q", 200_000) + b"[" * 200_000)
    (tmp_path / "huge").write_bytes(struct.pack("<Q", 2**60) + b"{}")
    for name in ("text", "empty", "deep", "huge"):
        with pytest.raises(FileError, match="not a whole safetensors file"):
            gw.load(tmp_path / name)
    with pytest.raises(FileError, match="does not exist"):
        gw.load(tmp_path / "absent")
    with pytest.raises(FileError, match="cannot read"):
        gw.load(tmp_path)


HEADERS: list[Any] = [
    {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 2**62]}},
    {"a": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 8]}},
    {"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}},
    {"a": {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]}},
    {"a": {"dtype": "F32", "shape": "two", "data_offsets": [0, 8]}},
    {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}},
    {"a": None},
    [],
    {"a": {"dtype": "F32", "shape": [1] * 65, "data_offsets": [0, 8]}},
    {"a": {"dtype": "F32", "shape": [2, 10**400], "data_offsets": [0, 8]}},
    {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], "more": float("nan")}},
    {"\ud800": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}},
    {"__metadata__": {"said": "\udfff"}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}},
    {"__metadata__": 3},
    {"__metadata__": {"gradwerk.layout": 3}},
]


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_headers_that_lie_are_refused(header: Any) -> None:
    text = json.dumps(header).encode()
    with pytest.raises(FileError):
        unpack(struct.pack("<Q", len(text)) + text + bytes(8), "it")


def test_a_name_that_stands_twice_is_refused() -> None:
    entry = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
    for text in (f'{{"a":{entry},"a":{entry}}}', f'{{"__metadata__":{{"x":"1","x":"2"}},"a":{entry}}}'):
        with pytest.raises(FileError, match="stands twice"):
            unpack(struct.pack("<Q", len(text)) + text.encode() + bytes(8), "it")


@pytest.mark.parametrize("extents", ["[-0]", "[2,-0]", "[" + "9," * 2_000_000 + "9]", "[" + ",".join(["9" * 4000] * 500) + "]"], ids=len)
def test_extents_are_looked_at_before_they_are_multiplied(extents: str) -> None:
    """The product of a foreign header of some megabytes would hold the process for minutes, deaf to Ctrl-C."""
    text = f'{{"a":{{"dtype":"F32","shape":{extents},"data_offsets":[0,0]}}}}'.encode()
    with pytest.raises(FileError, match="no shape and place of 'a'"):
        unpack(struct.pack("<Q", len(text)) + text, "it")


@pytest.mark.parametrize("longest", range(300, 400, 8))
def test_what_is_saved_can_be_loaded_or_is_refused_and_the_old_file_stays(longest: int, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(safetensors_module, "_LONGEST_HEADER", longest)
    gw.save(tmp_path / "it", {})
    fitted = 0
    for count in range(0, 60, 3):
        tree = {"w": np.ones(2, np.float32), "log": "x" * count, "losses": [0.5] * (count // 3)}
        try:
            gw.save(tmp_path / "it", tree)
        except ArgumentError as error:
            assert "too much beside the arrays" in str(error)
            assert gw.load(tmp_path / "it") == {} or gw.load(tmp_path / "it")["log"] == "x" * (fitted - 3)
            continue
        fitted = count + 3
        assert gw.load(tmp_path / "it")["log"] == "x" * count


def described(name: str, **changes: Any) -> dict[str, Any]:
    return {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "F64", "U8", "BOOL", "BF16", "I64", "", None]),
        "shape": st.lists(st.sampled_from([0, 1, 2, 4, 2**63, 2**64, -1, 1.0, True]), max_size=3) | st.none(),
        "data_offsets": st.lists(st.sampled_from([0, 2, 4, 8, 16, -1, True]), min_size=1, max_size=3),
    }
)


@given(st.dictionaries(st.sampled_from("ab"), ENTRIES), st.sampled_from([0, 4, 8, 16]), st.booleans())
def test_what_is_read_is_what_the_formats_own_reader_reads(header: dict[str, Any], size: int, twice: bool) -> None:
    text = json.dumps(header).encode()
    if twice and "a" in header:
        text = b'{"a": ' + json.dumps(header["a"]).encode() + b", " + text[1:]
    data = struct.pack("<Q", len(text)) + text + bytes(size)
    try:
        expected = {name: (part["shape"], bytes(part["data"])) for name, part in safetensors.deserialize(data)}
    except Exception:  # whatever it says
        with pytest.raises(FileError):
            unpack(data, "it")
        return
    if twice and "a" in header:
        with pytest.raises(FileError, match="twice"):
            unpack(data, "it")
        return
    assert {name: (list(array.shape), array.tobytes()) for name, array in unpack(data, "it").items()} == expected


@given(st.dictionaries(st.text(max_size=3).filter(lambda name: name != "__metadata__"), ARRAYS, max_size=4))
def test_what_is_written_is_read_by_the_formats_own_reader(tensors: dict[str, Any]) -> None:
    data = bytes(to_bytes(tensors, {"said": "zwölf"}))
    if tensors:  # version 0.4 reads no file without arrays
        assert same(dict(sorted(theirs.load(data).items())), dict(sorted(tensors.items())))
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    assert begin % 8 == 0 and header.pop("__metadata__")["said"] == "zwölf"
    assert all(entry["data_offsets"][0] % tensors[name].itemsize == 0 for name, entry in header.items())


def test_a_truth_of_another_program_is_true_or_false() -> None:
    text = json.dumps(described("a", dtype="BOOL", shape=[8])).encode()
    read = unpack(struct.pack("<Q", len(text)) + text + bytes([0, 1, 2, 255, 0, 0, 0, 3]), "it")["a"]
    assert same(read, np.array([0, 1, 1, 1, 0, 0, 0, 1], bool))


SHORT_OF_MEMORY = """
import os, resource, sys
import numpy as np
import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import FileError
from gradwerk.io.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

def child(path, mebibytes, asked, size):
    x = np.zeros(size, np.float32)
    now = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (now + mebibytes * 2**20,) * 2)
    try:
        {
            "save": lambda: gw.save(path, {"a": x}), "load": lambda: gw.load(path),
            "checkpoint": lambda: save_checkpoint(path + "s", Checkpoint({"a": x}, {})), "resume": lambda: load_checkpoint(path + "s"),
            "torch": lambda: torch.save({"a": torch.from_numpy(x)}, path), "torch.load": lambda: torch.load(path),
        }[asked]()
    except FileError as error:
        assert asked in {"load", "resume", "torch.load"} and "too large for the memory there is" in str(error), error
        return b"refused"
    except MemoryError:
        assert asked in {"save", "checkpoint", "torch"}
        return b"refused"
    return b"done"

path, SIZE = sys.argv[1], 9_000_000  # more than malloc ever keeps for the next who asks
for asked in ("save", "checkpoint", "torch", "load", "resume", "torch.load"):
    seen, reads = [], asked in ("load", "resume", "torch.load")
    before = {"a": np.arange(SIZE if reads else 3, dtype=np.float32)}
    for mebibytes in range(4, 116, 16):
        if not reads or not seen:
            gw.save(path, before)
            save_checkpoint(path + "s", Checkpoint(before, {}))
        read, write = os.pipe()
        if (process := os.fork()) == 0:
            os.write(write, child(path, mebibytes, asked, SIZE))
            os._exit(0)
        os.close(write)
        seen.append(os.read(read, 100).decode())
        os.close(read)
        assert os.waitpid(process, 0)[1] == 0, (asked, mebibytes, seen)
        if seen[-1] == "refused" and not reads:
            after = (gw.load(path), load_checkpoint(path + "s").tensors)
            assert all(np.array_equal(tree["a"], before["a"]) for tree in after), (asked, mebibytes)
    assert "refused" in seen and seen[-1] == "done", (asked, seen)
    print(asked, len(seen) - 1 - seen[::-1].index("refused"))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory as Linux has them")
def test_where_memory_is_short_a_program_is_told_and_files_stay(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHORT_OF_MEMORY, tmp_path / "file"], capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(gw.__file__).parents[1]), "RUST_BACKTRACE": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    least = {asked: 16 * int(step) + 4 for asked, step in (line.rsplit(" ", 1) for line in done.stdout.splitlines())}
    assert len(least) == 6 and max(least.values()) <= 2 * 35, least  # the most that was refused; two copies are read, of 35 MiB each


def test_saving_over_a_file_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gw.save(tmp_path / "w", {"a": np.ones(2)})
    before = (tmp_path / "w").read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="cannot write"):
        gw.save(tmp_path / "w", {"a": np.zeros(2)})
    assert (tmp_path / "w").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_tensor_files_of_a_checkpoint_are_sealed_too(tmp_path: Path) -> None:
    save_tensors(tmp_path / "t", {"a": np.ones(2)})
    data = bytearray((tmp_path / "t").read_bytes())
    data[-1] ^= 1
    (tmp_path / "t").write_bytes(data)
    with pytest.raises(FileError, match="altered"):
        load_tensors(tmp_path / "t")
