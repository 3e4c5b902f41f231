"""tf.summary: what was written is read again by TensorBoard's own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk.tf as tf
from gradwerk.base.errors import ArgumentError
from gradwerk.tf.graph.graph import Graph
from gradwerk.tf.graph.session import Session
from gradwerk.tf.summary import v1


def read(folder: Path) -> dict[str, list[Any]]:
    """The values of each tag: (step, Summary.Value)."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found: dict[str, list[Any]] = {}
    for file in sorted(folder.iterdir()):
        for event in EventFileLoader(str(file)).Load():
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value))
    return found


def array(value: Any) -> Any:
    from tensorboard.util.tensor_util import make_ndarray

    return make_ndarray(value.tensor)


def test_a_writer_of_version_2(tmp_path: Path) -> None:
    writer = tf.summary.create_file_writer(str(tmp_path))
    assert not bool(tf.summary.scalar("nobody", 1.0, step=0))
    with writer.as_default():
        for step in range(3):
            assert bool(tf.summary.scalar("loss", tf.constant(2.0) * step, step=step))
        tf.summary.experimental.set_step(7)
        tf.summary.histogram("weights", np.arange(8.0))
        tf.summary.image("shown", np.zeros((2, 4, 4, 1), np.float32), max_outputs=1)
        tf.summary.text("said", "hello")
        with tf.summary.record_if(False):
            assert not bool(tf.summary.scalar("left out", 1.0))
            assert not bool(tf.summary.should_record_summaries())
        tf.summary.experimental.set_step(None)
        with pytest.raises(ArgumentError, match="step"):
            tf.summary.scalar("loss", 1.0)
        with pytest.raises(ArgumentError, match="one number"):
            tf.summary.scalar("loss", [1.0, 2.0], step=1)
    writer.close()
    found = read(tmp_path)
    assert [(step, float(array(value))) for step, value in found["loss"]] == [(0, 0.0), (1, 2.0), (2, 4.0)]
    assert {tag: several[0][0] for tag, several in found.items() if tag != "loss"} == {"weights": 7, "shown": 7, "said": 7}
    assert array(found["weights"][0][1])[:, 2].sum() == 8
    assert array(found["said"][0][1]).item() == b"hello"


def test_summaries_of_version_1(tmp_path: Path) -> None:
    merged = v1.merge([
        v1.scalar("loss", 0.5), v1.histogram("weights", np.array([-1.0, 0.0, 2.0, 2.0])),
        v1.image("shown", np.ones((2, 3, 4, 3), np.uint8)), v1.text("said", ["a", "b"]),
    ])  # fmt: skip
    with v1.FileWriter(str(tmp_path)) as writer:
        writer.add_summary(merged, 3)
        writer.add_summary(v1.scalar("loss", 0.25), tf.constant(4))
    found = read(tmp_path)
    assert [(step, float(array(value))) for step, value in found["loss"]] == [(3, 0.5), (4, 0.25)]
    buckets = array(found["weights"][0][1])
    assert buckets[:, 2].sum() == 4
    low, high = buckets[np.flatnonzero(buckets[:, 2])[-1], :2]
    assert (low <= 2.0 <= high, buckets[buckets[:, 2] > 0, 2].tolist()) == (True, [1, 1, 2])
    assert len(found["shown/image/0"]) == len(found["shown/image/1"]) == 1
    assert array(found["said"][0][1]).tolist() == [b"a", b"b"]
    with pytest.raises(ArgumentError, match="infinite"):
        v1.histogram("weights", [np.nan])
    with pytest.raises(ArgumentError, match="no summary"):
        v1.FileWriter(str(tmp_path)).add_summary(b"\xff", 1)


def test_summaries_in_a_graph(tmp_path: Path) -> None:
    with Graph().as_default() as graph:
        x = tf.constant([1.0, 3.0])
        with graph.name_scope("layer"):
            v1.scalar("mean of x", tf.reduce_mean(x))
        v1.histogram("x", x)
        merged = v1.merge_all()
        with Session(graph=graph) as session, v1.FileWriter(str(tmp_path), graph) as writer:
            writer.add_summary(session.run(merged), 5)
    found = read(tmp_path)
    assert found.keys() == {"layer/mean_of_x", "x", "__run_graph__"}
    assert float(array(found["layer/mean_of_x"][0][1])) == 2.0
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    nodes = {node.name: node for node in GraphDef.FromString(array(found["__run_graph__"][0][1]).ravel()[0]).node}
    assert {node.op for node in nodes.values()} >= {"Const", "Mean", "ScalarSummary", "HistogramSummary", "MergeSummary"}
    assert all(name.lstrip("^").partition(":")[0] in nodes for node in nodes.values() for name in node.input)
    assert nodes["Const"].attr["_output_shapes"].list.shape[0].dim[0].size == 2
