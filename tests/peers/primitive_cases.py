"""Graphs built by hand of Switch, Merge, Enter, Exit, NextIteration and LoopCond, in either namespace.

Recorded of TensorFlow 2.21 in recorded/primitives.json:

    PYTHONPATH=src python -m tests.peers.primitive_cases
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent / "recorded" / "primitives.json"


class Loop:
    """A loop of one frame: variables that change, and what stays."""

    def __init__(self, raw: Any, frame: str) -> None:
        self.raw, self.frame = raw, frame

    def fixed(self, value: Any) -> Any:
        """What each iteration has."""
        return self.raw.Enter(data=value, frame_name=self.frame, is_constant=True)

    def run(self, starts: list[Any], test: Callable[..., Any], body: Callable[..., Any]) -> list[Any]:
        """The last values."""
        raw = self.raw
        entered = [raw.Enter(data=start, frame_name=self.frame) for start in starts]
        merged = [raw.Merge(inputs=[each, each]) for each in entered]
        again = raw.LoopCond(input=test(*(each.output for each in merged)))
        switched = [raw.Switch(data=each.output, pred=again) for each in merged]
        made = body(*(each.output_true for each in switched))
        for each, value in zip(merged, made, strict=True):
            each.output.op._update_input(1, raw.NextIteration(data=value))
        return [raw.Exit(data=each.output_false) for each in switched]


def counting(tf: Any, raw: Any, *, limit: float = 5.0) -> Any:
    loop = Loop(raw, "loop")
    most, one = loop.fixed(tf.constant(limit)), loop.fixed(tf.constant(1.0))
    return loop.run([tf.constant(0.0)], lambda i: tf.less(i, most), lambda i: [tf.add(i, one)])


def no_iteration(tf: Any, raw: Any) -> Any:
    return counting(tf, raw, limit=-1.0)


def two_variables(tf: Any, raw: Any) -> Any:
    loop = Loop(raw, "f")
    most, one, two = (loop.fixed(tf.constant(number)) for number in (6, 1, 2.0))
    return loop.run(
        [tf.constant(0), tf.constant(1.0)], lambda i, _: tf.less(i, most), lambda i, a: [tf.add(i, one), tf.multiply(a, two)]
    )


def variables_that_change_places(tf: Any, raw: Any) -> Any:
    loop = Loop(raw, "f")
    most, one = loop.fixed(tf.constant(5)), loop.fixed(tf.constant(1))
    starts = [tf.constant(0), tf.constant(10.0), tf.constant(20.0)]
    return loop.run(starts, lambda i, *_: tf.less(i, most), lambda i, a, b: [tf.add(i, one), b, tf.subtract(a, b)])


def matrices(tf: Any, raw: Any) -> Any:
    loop = Loop(raw, "m")
    step = loop.fixed(tf.constant([[0.0, 1.0], [1.0, 1.0]]))
    most = loop.fixed(tf.constant(50.0))
    return loop.run(
        [tf.constant([[1.0, 0.0], [0.0, 1.0]])], lambda a: tf.less(tf.reduce_sum(a), most), lambda a: [tf.matmul(a, step)]
    )


def a_loop_in_a_loop(tf: Any, raw: Any) -> Any:
    outer, inner = Loop(raw, "outer"), Loop(raw, "inner")
    most, one, zero = (outer.fixed(tf.constant(number)) for number in (4, 1, 0))

    def body(i: Any, total: Any) -> list[Any]:
        until, step = inner.fixed(i), inner.fixed(one)
        _, found = inner.run([zero, total], lambda j, _: tf.less(j, until), lambda j, t: [tf.add(j, step), tf.add(t, until)])
        return [tf.add(i, one), found]

    return outer.run([tf.constant(0), tf.constant(0)], lambda i, _: tf.less(i, most), body)


def a_loop_of_a_branch(tf: Any, raw: Any) -> Any:
    loop = Loop(raw, "f")
    most, one, two = (loop.fixed(tf.constant(number)) for number in (9, 1, 2))

    def body(i: Any, total: Any) -> list[Any]:
        even = raw.Switch(data=total, pred=tf.equal(tf.math.floormod(i, two), tf.subtract(one, one)))
        joined = raw.Merge(inputs=[tf.add(even.output_false, one), tf.multiply(even.output_true, two)])
        return [tf.add(i, one), joined.output]

    return loop.run([tf.constant(0), tf.constant(1)], lambda i, _: tf.less(i, most), body)


def branch(tf: Any, raw: Any, *, truth: bool = True) -> Any:
    sides = raw.Switch(data=tf.constant(3.0), pred=tf.constant(truth))
    return list(raw.Merge(inputs=[tf.negative(sides.output_false), tf.square(sides.output_true)]))


def other_branch(tf: Any, raw: Any) -> Any:
    return branch(tf, raw, truth=False)


def branches_in_branches(tf: Any, raw: Any) -> Any:
    first = raw.Switch(data=tf.constant([1.0, 2.0]), pred=tf.constant(True))
    second = raw.Switch(data=first.output_true, pred=tf.constant(False))
    inner = raw.Merge(inputs=[tf.add(second.output_false, 10.0), tf.multiply(second.output_true, 10.0)])
    return raw.Merge(inputs=[tf.negative(first.output_false), inner.output]).output


def three_sides(tf: Any, raw: Any) -> Any:
    first = raw.Switch(data=tf.constant(1.0), pred=tf.constant(False))
    second = raw.Switch(data=first.output_false, pred=tf.constant(True))
    return list(raw.Merge(inputs=[first.output_true, second.output_false, second.output_true]))


def a_merge_of_one(tf: Any, raw: Any) -> Any:
    return raw.Merge(inputs=[tf.constant(7.0)]).output


def dead(tf: Any, raw: Any) -> Any:
    return tf.square(raw.Switch(data=tf.constant(1.0), pred=tf.constant(True)).output_false)


def a_merge_of_the_dead(tf: Any, raw: Any) -> Any:
    side = raw.Switch(data=tf.constant(1.0), pred=tf.constant(True)).output_false
    return raw.Merge(inputs=[tf.square(side), side]).output


def different_frames(tf: Any, raw: Any) -> Any:
    return raw.Exit(data=tf.add(raw.Enter(data=tf.constant(0.0), frame_name="l"), tf.constant(1.0)))


def in_and_out(tf: Any, raw: Any) -> Any:
    return raw.Exit(data=raw.Enter(data=tf.constant(4.0), frame_name="l"))


def through_two_frames(tf: Any, raw: Any) -> Any:
    inside = raw.Enter(data=raw.Enter(data=tf.constant(4.0), frame_name="a"), frame_name="b")
    return raw.Exit(data=tf.square(raw.Exit(data=tf.negative(inside))))


def a_dead_loop(tf: Any, raw: Any) -> Any:
    sides = raw.Switch(data=tf.constant(0.0), pred=tf.constant(True))
    loop = Loop(raw, "d")
    most = loop.fixed(tf.constant(3.0))
    (end,) = loop.run([sides.output_false], lambda i: tf.less(i, most), lambda i: [tf.add(i, most)])
    return raw.Merge(inputs=[end, tf.add(sides.output_true, 1.0)]).output


def a_dead_control_input(tf: Any, raw: Any) -> Any:
    sides = raw.Switch(data=tf.constant(2.0), pred=tf.constant(False))
    with tf.control_dependencies([tf.identity(sides.output_true)]):
        alone = tf.constant(5.0)
    return raw.Merge(inputs=[alone, tf.square(sides.output_false)]).output


def a_loop_of_unequal_ends(tf: Any, raw: Any) -> Any:
    loop = Loop(raw, "f")
    most = loop.fixed(tf.constant(100.0))
    (end,) = loop.run([tf.constant(3.0)], lambda x: tf.less(x, most), lambda x: [tf.multiply(x, x)])
    return tf.sqrt(end)


def a_variable(tf: Any, raw: Any) -> Any:
    v = tf.Variable(1.0)
    sides = raw.Switch(data=tf.constant(2.0), pred=tf.constant(True))
    taken, left = tf.assign_add(v, sides.output_true), tf.assign_add(v, tf.negative(sides.output_false))
    both = raw.Merge(inputs=[tf.identity(taken), tf.identity(left)]).output
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(both)
        session.run(both)
        return tf.constant(float(session.run(v)))


def what_is_fed(tf: Any, raw: Any) -> Any:
    given = tf.placeholder_with_default(tf.constant(9.0), [])
    sides = raw.Switch(data=given, pred=tf.greater(given, 0.0))
    return raw.Merge(inputs=[tf.sqrt(sides.output_true), tf.negative(sides.output_false)]).output


CASES = (
    counting, no_iteration, two_variables, variables_that_change_places, matrices, a_loop_in_a_loop, a_loop_of_a_branch, branch,
    other_branch, branches_in_branches, three_sides, a_merge_of_one, dead, a_merge_of_the_dead, different_frames, in_and_out,
    through_two_frames, a_dead_loop, a_dead_control_input, a_loop_of_unequal_ends, a_variable, what_is_fed,
)  # fmt: skip


def answer(tf: Any, raw: Any, case: Callable[..., Any]) -> Any:
    """What a session gives, or the kind of the error."""
    with tf.Graph().as_default():
        try:
            fetched = case(tf, raw)
            with tf.Session() as session:
                found = session.run(fetched)
        except tf.errors.InvalidArgumentError:
            return "InvalidArgumentError"
    return [each.tolist() for each in found] if isinstance(found, list) else found.tolist()


def recorded() -> dict[str, Any]:
    """Of TensorFlow."""
    import tensorflow as tf

    return {case.__name__: answer(tf.compat.v1, tf.raw_ops, case) for case in CASES}


if __name__ == "__main__":
    RECORD.write_text(json.dumps(recorded(), indent=1) + "\n", encoding="utf-8")
