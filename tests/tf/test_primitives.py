"""Graphs of Switch, Merge, Enter, Exit, NextIteration and LoopCond give what TensorFlow 2.21 gave; the course's while loop among them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

import gradwerk.tf as tf
from gradwerk.base.errors import ArgumentError, StateError
from tests.peers import primitive_cases as cases

RECORDED = json.loads(cases.RECORD.read_text(encoding="utf-8"))
v1, raw = tf.compat.v1, tf.raw_ops


@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.__name__)
def test_a_graph_by_hand_is_tensorflows(case: Callable[..., Any]) -> None:
    assert cases.answer(v1, raw, case) == RECORDED[case.__name__]


def test_a_switch_on_what_a_queue_gave() -> None:
    with v1.Graph().as_default(), v1.Session() as session:
        queue = v1.FIFOQueue(4, [v1.float32], shapes=[[]])
        fill = queue.enqueue_many([[3.0, -4.0]])
        taken = queue.dequeue()
        sides = raw.Switch(data=taken, pred=v1.greater(taken, 0.0))
        found = raw.Merge(inputs=[v1.square(sides.output_true), v1.negative(sides.output_false)]).output
        session.run(fill)
        assert [float(session.run(found)) for _ in range(2)] == [9.0, 4.0]


def test_two_threads_run_one_loop() -> None:
    with v1.Graph().as_default():
        limit = v1.placeholder(v1.float32, [])
        loop = cases.Loop(raw, "loop")
        most, one = loop.fixed(limit), loop.fixed(v1.constant(1.0))
        (end,) = loop.run([v1.constant(0.0)], lambda i: v1.less(i, most), lambda i: [v1.add(i, one)])
        session = v1.Session()
        found: dict[int, list[float]] = {}

        def work(number: int) -> None:
            found[number] = [float(session.run(end, {limit: 3.0 * number})) for _ in range(20)]

        threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == {1: [3.0] * 20, 2: [6.0] * 20}


def test_the_papers_name() -> None:
    with v1.Graph().as_default(), v1.Session() as session:
        assert float(session.run(raw.Leave(raw.Enter(v1.constant(2.0), "frame")))) == 2.0


def test_what_is_refused() -> None:
    with pytest.raises(StateError, match="no graph is being built"):
        raw.Switch(tf.constant(1.0), tf.constant(True))
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder_with_default(2.0, [])
        sides = raw.Switch(data=x, pred=v1.constant(True))
        both = raw.Merge(inputs=[sides.output_true, sides.output_false])
        with pytest.raises(ArgumentError, match="gradients through Switch"):
            session.run(v1.gradients(both.output, x))
        with pytest.raises(ArgumentError, match="stays as it is"):
            sides.output_true.op._update_input(0, x)
        with pytest.raises(ArgumentError, match="another dtype"):
            both.output.op._update_input(1, v1.constant(1))
        with pytest.raises(ArgumentError, match="one input at least"):
            raw.Merge(inputs=[])
