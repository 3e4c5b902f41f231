"""Event files: what is written is what TensorBoard's reader finds."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from gradwerk.base.errors import ArgumentError, DTypeError, FileError, ShapeError
from gradwerk.io.events import EventFile, counted, pixels
from gradwerk.io.png import encoded


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def test_files_are_read_while_they_are_written(tmp_path: Path) -> None:
    with EventFile(tmp_path) as events:
        for step in range(3):
            events.scalar("loss", 1 / (step + 1), step, moment=100.0 + step)
        events.text("note", "**bold** ä", 7)
        events.flush()
        found = read(tmp_path)
        assert [(event.step, event.wall_time) for event in found.Tensors("loss")] == [(0, 100.0), (1, 101.0), (2, 102.0)]
        assert make_ndarray(found.Tensors("note")[0].tensor_proto).item().decode() == "**bold** ä"
        events.scalar("loss", 9.0, 3)
    assert events.closed
    assert len(read(tmp_path).Tensors("loss")) == 4
    with EventFile(tmp_path, suffix=".v2") as other:
        assert other.path.name.endswith(".v2")
        assert other.path != events.path


def test_trials(tmp_path: Path) -> None:
    with EventFile(tmp_path) as events:
        events.trial({"rate": 0.1, "kind": "sgd", "deep": True}, ["loss"])
        events.trial_ended()
        with pytest.raises(ArgumentError, match="'rate' is a list"):
            events.trial({"rate": [1]}, [])
    assert set(read(tmp_path).PluginTagToContent("hparams")) == {
        "_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info"
    }  # fmt: skip


@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=40), st.integers(1, 12))
def test_histograms_count_everything_once(values: list[float], buckets: int) -> None:
    rows = counted(np.array(values, np.float32), buckets)
    assert rows.shape == (buckets if values else 0, 3)
    assert rows[:, 2].sum() == len(values)
    if values:
        assert rows[0, 0] == pytest.approx(min(values))
        assert rows[-1, 1] == pytest.approx(max(values))
        assert np.all(rows[:, 1] >= rows[:, 0])
        assert np.array_equal(rows[1:, 0], rows[:-1, 1])


def test_histograms_leave_out_what_is_no_number() -> None:
    assert counted(np.array([1.0, np.nan, np.inf, 2.0]), 2)[:, 2].tolist() == [1, 1]
    with pytest.raises(DTypeError, match="a histogram is one of numbers"):
        counted(np.array(["a"]))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_are_read_by_pillow(channels: int) -> None:
    image = np.random.default_rng(2).integers(0, 256, (5, 7, channels)).astype(np.uint8)
    data = encoded(image)
    with Image.open(io.BytesIO(data)) as found:
        assert np.array_equal(np.asarray(found).reshape(image.shape), image)
    assert zlib.crc32(data) != zlib.crc32(encoded(image[::-1]))


@pytest.mark.parametrize(("given_", "expected"), [
    (np.array([0.0, 0.5, 1.0, 2.0, -1.0, np.nan]), [0, 127, 255, 255, 0, 0]), (np.array([0, 300, -5]), [0, 255, 0]),
    (np.array([7], np.uint8), [7]), (np.array([True]), [255]),
])  # fmt: skip
def test_pixels(given_: Any, expected: list[int]) -> None:
    found = pixels(given_.reshape(1, 1, -1, 1))
    assert (found.dtype, found.ravel().tolist()) == (np.uint8, expected)


def test_refused(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="1 to 4 channels"):
        pixels(np.zeros((1, 2, 2, 5)))
    with pytest.raises(DTypeError, match="floats from 0 to 1, or bytes"):
        pixels(np.full((1, 1, 1, 1), "a"))
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        EventFile(tmp_path / "file")
