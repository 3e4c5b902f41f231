"""torch.load runs nothing that a file holds: what is not in its list is refused by name, damage is one error, classes can be allowed."""

from __future__ import annotations

import argparse
import io
import pickle
import random
import zipfile
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError, StateError
from gradwerk.io.pickling import Call, Elsewhere, Name, Writer
from gradwerk.torch import serialization


class Settings:
    """A class of the user's."""

    def __init__(self, rate: float) -> None:
        self.rate = rate


class Bomb:
    """What runs something when it is unpickled."""

    def __reduce__(self) -> Any:
        return print, ("run",)


def archived(pickled: bytes, **entries: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, data in entries.items():
            archive.writestr(f"archive/{name}", data)
    file.seek(0)
    return file


def saved(what: Any) -> bytes:
    file = io.BytesIO()
    torch.save(what, file)
    return file.getvalue()


def loaded(data: bytes, **options: Any) -> Any:
    return torch.load(io.BytesIO(data), **options)


@pytest.mark.parametrize("protocol", range(6))
def test_what_would_run_is_refused(protocol: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FileError, match=r"builtin.*\.print, which is not read here"):
        torch.load(archived(pickle.dumps({"a": Bomb()}, protocol)), weights_only=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("protocol", range(6))
def test_plain_trees_of_all_protocols_are_read(protocol: int) -> None:
    tree: dict[str, Any] = {"a": [1, 2.5, None, True, "ä", b"\x00\xff", 2**80, -3], "b": ({1, 2}, frozenset({3}))}
    tree |= {"c": {}, "d": [], "e": (), "f": (1, 2, 3)}
    tree["g"] = tree["a"]
    array, number = np.arange(6.0, dtype=np.float32).reshape(2, 3), np.float64(2.5)
    back = torch.load(archived(pickle.dumps({**tree, "array": array, "turned": np.asfortranarray(array), "number": number}, protocol)))
    assert {key: back[key] for key in tree} == tree
    assert back["g"] is back["a"]
    assert np.array_equal(back["array"], array) and np.array_equal(back["turned"], array)
    assert back["number"] == 2.5


def test_arrays_numbers_and_namespaces_come_back() -> None:
    arguments = argparse.Namespace(lr=0.1, name="x")
    tree = {"array": np.arange(4, dtype=np.int16).reshape(2, 2), "number": np.float32(0.5), "args": arguments, "z": 1 + 2j}
    back = loaded(saved(tree))
    assert np.array_equal(back["array"], tree["array"])
    assert back["array"].dtype == np.int16
    assert (back["number"], back["args"], back["z"]) == (tree["number"], arguments, 1 + 2j)
    assert pickle.loads(zipfile.ZipFile(io.BytesIO(saved(tree))).read("archive/data.pkl"))["args"] == arguments  # as Python reads it


def test_classes_can_be_allowed() -> None:
    data = pickle.dumps({"settings": Settings(0.1)}, 2)
    with pytest.raises(FileError, match=r"(?s)Settings, which is not read here.*add_safe_globals"):
        torch.load(archived(data))
    with serialization.safe_globals([Settings]):
        assert torch.load(archived(data))["settings"].rate == 0.1
        assert serialization.get_safe_globals() == [Settings]
    assert serialization.get_safe_globals() == []
    serialization.add_safe_globals([(Settings, f"{Settings.__module__}.Settings")])
    assert isinstance(torch.load(archived(data))["settings"], Settings)
    serialization.clear_safe_globals()
    with pytest.raises(ArgumentTypeError, match="safe globals are classes"):
        serialization.add_safe_globals([3])


def test_damage_anywhere_is_one_error() -> None:
    data = saved({"model": torch.nn.Linear(3, 2).state_dict(), "epoch": 3, "array": np.ones(2)})
    drawn = random.Random(1)
    for length in (drawn.randrange(4, len(data)) for _ in range(40)):
        with pytest.raises(FileError):
            loaded(data[:length])
    pickled = zipfile.ZipFile(io.BytesIO(data)).read("archive/data.pkl")
    refused = 0
    for _ in range(300):
        changed = bytearray(pickled)
        changed[drawn.randrange(len(changed))] = drawn.randrange(256)
        try:
            torch.load(archived(bytes(changed), **{"data/0": bytes(24), "data/1": bytes(8)}))
        except (FileError, ArgumentError):
            refused += 1
    assert refused > 100


OUTSIDE = [((4,), (1,), 0), ((2,), (1,), 2), ((2, 2), (2, 1), 1), ((3,), (-1,), 2), ((2,), (2**62,), 0)]


@pytest.mark.parametrize(("size", "stride", "offset"), OUTSIDE)
def test_a_tensor_stays_in_its_memory(size: Any, stride: Any, offset: int) -> None:
    key = ("storage", Name("torch", "FloatStorage"), "0", "cpu", 3)
    parts = (Elsewhere(key), offset, size, stride, False, Call(Name("collections", "OrderedDict"), ()))
    data = Writer(lambda what, place: None).written(Call(Name("torch._utils", "_rebuild_tensor_v2"), parts))
    with pytest.raises(FileError, match="reaches beyond its memory"):
        torch.load(archived(data, **{"data/0": bytes(12)}))


def test_what_was_on_a_card_needs_a_place() -> None:
    entries = zipfile.ZipFile(io.BytesIO(saved({"w": torch.ones(2)})))
    pickled = entries.read("archive/data.pkl").replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
    assert b"cuda:0" in pickled

    def load(**options: Any) -> Any:
        return torch.load(archived(pickled, **{"data/0": entries.read("archive/data/0")}), **options)

    with pytest.raises(StateError, match=r"(?s)Attempting to deserialize object on a CUDA device.*map_location='cpu'"):
        load()
    for place in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert load(map_location=place)["w"].tolist() == [1.0, 1.0]
    with pytest.raises(ArgumentError, match="there is no device 'cuda'"):
        load(map_location="cuda")


def test_other_archives_are_told() -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a/b/c", b"")
    with pytest.raises(FileError, match=r"no file of torch.save"):
        loaded(other.getvalue())
    with pytest.raises(FileError, match="a program of torch.jit.save"):
        torch.load(archived(b"\x80\x02N.", **{"constants.pkl": b""}))
    with pytest.raises(FileError, match="the other way around"):
        torch.load(archived(b"\x80\x02N.", byteorder=b"big"))
    with pytest.raises(ArgumentError, match=r"'b\.1' is of type object"):
        saved({"b": [1, object()]})
    deep: list[Any] = []
    deep.append(deep)
    assert (back := loaded(saved(deep)))[0] is back


@pytest.mark.parametrize(("size", "stride", "offset"), [
    ((2, 3), (3, 1), 2), ((3, 2), (1, 3), 0), ((2, 2), (12, 5), 1), ((3, 4), (1, 1), 0), ((2, 1, 3), (5, 7, 1), 3), ((), (), 4),
    ((0, 3), (1, 1), 0), ((3,), (0,), 5), ((4, 2), (6, 0), 1),
])  # fmt: skip
def test_as_strided_is_numpys(size: Any, stride: Any, offset: int) -> None:
    x = torch.arange(24.0).requires_grad_()
    y = torch.as_strided(x, size, stride, offset)
    held = np.lib.stride_tricks.as_strided(np.arange(24.0)[offset:], size, [8 * n for n in stride])
    assert np.array_equal(y.detach().numpy(), held)
    y.sum().backward()
    counts = np.zeros(24)
    np.add.at(counts, np.lib.stride_tricks.as_strided(np.arange(24)[offset:], size, [8 * n for n in stride]).ravel(), 1)
    assert np.array_equal(x.grad.numpy(), counts)


def test_as_strided_is_a_view_and_stays_inside() -> None:
    x = torch.zeros(6)
    torch.as_strided(x, (2, 2), (3, 1)).fill_(1.0)
    assert x.tolist() == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    with pytest.raises(ArgumentError, match="out of bounds for storage"):
        torch.as_strided(x, (2, 4), (3, 1))
    with pytest.raises(ArgumentError, match="Negative strides"):
        torch.as_strided(x, (2,), (-1,))
    with pytest.raises(StateError, match="part of a Tensor's memory"):
        torch.as_strided(x[1:], (2,), (1,))
