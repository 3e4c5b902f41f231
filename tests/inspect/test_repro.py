"""save_repro and replay: one file, no pickle, and the two ways to run it agree."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import FileError
from gradwerk.inspect import repro
from gradwerk.ir.text import parse


def test_a_step_replays(step, tmp_path) -> None:
    before = step.state()
    path = gw.inspect.save_repro(tmp_path / "bug.repro", step.plain, step.x, step.y, note="loss is odd")
    for a, b in zip(before, step.state(), strict=True):
        np.testing.assert_array_equal(a, b)
    again = gw.inspect.replay(path)
    seen = gw.inspect.explain(step.plain, step.x, step.y)
    assert again.subject.graph == seen.subject.graph and again.subject.in_place == dict(seen.subject.in_place)
    assert again.meta["note"] == "loss is odd"
    assert max(again.differences()) < 1e-5
    loss = step.plain(step.x, step.y).numpy()
    np.testing.assert_allclose(again.compiled()[0], loss, rtol=1e-5)
    for mine, theirs in zip(sorted(again.compiled()[1:], key=np.sum), sorted(step.state(), key=np.sum), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert len(again.explain().launches) > 0


def test_the_file_is_plain_text_and_arrays(step, tmp_path) -> None:
    path = gw.inspect.save_repro(tmp_path / "bug.repro", step.plain, step.x, step.y)
    with zipfile.ZipFile(path) as file:
        texts = [name for name in file.namelist() if not name.endswith((".npy", ".json"))]
        assert [parse(file.read(name).decode()).name for name in texts] == ["plain"]
        assert all(file.read(name)[:6] == b"\x93NUMPY" for name in file.namelist() if name.endswith(".npy"))


def test_integers_and_booleans_replay(tmp_path) -> None:
    x, k = gw.Tensor(np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)), gw.Tensor(np.array([2, 0, 1]))
    path = gw.inspect.save_repro(tmp_path / "k.repro", lambda x, k: (gw.gather(x, k), gw.argmax(x, -1), gw.exp(x) > 1.0), x, k)
    assert max(gw.inspect.replay(path).differences()) < 1e-6


def test_a_damaged_file_is_said_to_be(step, tmp_path) -> None:
    path = gw.inspect.save_repro(tmp_path / "bug.repro", step.plain, step.x, step.y)
    cut = tmp_path / "cut.repro"
    cut.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FileError, match="no whole repro file"):
        gw.inspect.replay(cut)
    with pytest.raises(FileError, match="does not exist"):
        gw.inspect.replay(tmp_path / "nothing")


def written(path: Path, graph: str, inputs: list[np.ndarray], in_place: object = ()) -> Path:
    """A file as somebody else may have made it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("graph.txt", graph)
        file.writestr("meta.json", json.dumps({"format": "gradwerk repro 1", "name": "g", "in_place": in_place}))
        for number, array in enumerate(inputs):
            data = io.BytesIO()
            np.save(data, array)
            file.writestr(f"inputs/{number}.npy", data.getvalue())
    return path


GRAPH = '"g"(%0: f32[1000] "x") {\n%1: f32[1000] = add() %0 %0\nreturn %1\n}'
PRODUCT = (
    '"g"(%0: f32[3,4] "x") {{\n%1: f32[4,3] = transpose(permutation=(1, 0)) %0\n'
    '%2: f32[{n},3] = contract(lhs=(Index"n", Index"c"), rhs=(Index"c", Index"k"), out=("n", "k"), '
    'extents=(("n", {n}), ("c", {c}), ("k", 3))) %0 %1\nreturn %2\n}}'
)
LARGE = np.ones(1000, np.float32)
STRANGE = {
    "fewer numbers": (GRAPH, [LARGE[:1]], ()), "another type": (GRAPH, [LARGE.astype(np.int8)], ()), "no input": (GRAPH, [], ()),
    "more numbers": (GRAPH, [np.zeros(1 << 20, np.float32)], ()), "in place of nothing": (GRAPH, [LARGE], [[0, 7]]),
    "in place from behind": (GRAPH, [LARGE], [[0, -1]]), "no such output": (GRAPH, [LARGE], [[-1, 0]]),
    "places that are none": (GRAPH, [LARGE], 3), "a constant of fewer bytes": (
        '"g"(%0: f32[1]) {\n%1: f32[100000000] = constant(type=f32[100000000], data=x"00000040")\nreturn %1\n}', [LARGE[:1]], ()),
    "an axis that leads outside": (PRODUCT.format(n=3, c=40_000_000), [np.ones((3, 4), np.float32)], ()),
    "rows that are not there": (PRODUCT.format(n=3_000_000, c=4), [np.ones((3, 4), np.float32)], ()),
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE)
def test_a_strangers_file_reads_and_writes_no_memory_but_its_own(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no whole repro file"):
        gw.inspect.replay(written(tmp_path / "s.repro", *STRANGE[name]))


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    found = gw.inspect.replay(written(tmp_path / "s.repro", GRAPH, [LARGE], [[0, 0]])).compiled()
    np.testing.assert_array_equal(found[0], LARGE * 2)
    product = gw.inspect.replay(written(tmp_path / "p.repro", PRODUCT.format(n=3, c=4), [np.ones((3, 4), np.float32)])).compiled()
    np.testing.assert_array_equal(product[0], np.full((3, 3), 4, np.float32))


def test_a_file_that_cannot_be_written_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = gw.inspect.save_repro(tmp_path / "k.repro", lambda x: x + 1.0, LARGE)
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError("no space")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        gw.inspect.save_repro(path, lambda x: x + 2.0, LARGE)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["k.repro"]


@pytest.mark.parametrize(("one", "other"), [(np.nan, np.inf), (np.inf, -np.inf), (1.0, np.inf), (np.nan, 0.0)])
def test_what_is_no_number_differs_from_what_is_another(one: float, other: float) -> None:
    a, b = np.array([1.0, one], np.float32), np.array([1.0, other], np.float32)
    assert repro._difference(a, b) == np.inf == repro._difference(b, a)
    assert repro._difference(a, a.copy()) == 0 == repro._difference(b, b.copy())
