"""save_repro and replay: one file, no pickle, and the two ways to run it agree."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import FileError
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
