"""The five primitives of control flow, and LoopCond: nodes that say which others run, and how often.

    Switch(data, pred)        data goes out on one side, nothing on the other
    Merge(inputs)             what arrives first goes on
    Enter(data, frame_name)   into a frame, where nodes run once for each iteration
    NextIteration(data)       to the next iteration of the frame
    Exit(data)                out of the frame

The course calls Exit Leave, as the paper of 2015 does.
Source: Abadi and others, 2015, "TensorFlow: large-scale machine learning on heterogeneous systems", section 4.4; Yu and others, 2018,
"Dynamic control flow in large-scale machine learning", arXiv:1805.01772, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.tf.graph.infer import Said
from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.operations import Known

# ruff: noqa: ANN401, A002, FBT001, FBT002, N802  TensorFlow's names and signatures


class Switched(NamedTuple):
    """What a Switch gives: one of the two is dead in a run."""

    output_false: Any
    output_true: Any


class Merged(NamedTuple):
    """What a Merge gives: the value that arrived, and its place among the inputs."""

    output: Any
    value_index: Any


def _never(*args: Any) -> NoReturn:
    raise AssertionError(args)


def _node(kind: str, name: str | None, inputs: Sequence[Any], **attributes: Any) -> Operation:
    graph = building()
    given = [as_tensor(each) for each in inputs]
    op = graph.add(Known(kind, _never, kind, host=True), name or kind, (), {}, given)
    op._attributes.update(attributes)
    return op


def Switch(data: Any, pred: Any, name: str | None = None) -> Switched:
    """data on the side that pred says, and nothing on the other: nodes that need it are dead in this run.

    Shape: that of data, twice.  Raises: StateError where no graph is being built.
    """
    op = _node("Switch", name, (data, pred))
    return Switched(*op.give([_said(op._inputs[0])] * 2))


def Merge(inputs: Sequence[Any], name: str | None = None) -> Merged:
    """The first of its inputs that arrives alive; dead where all are.

    Shape: what those of the inputs have in common.  Raises: ArgumentError for no inputs.
    """
    if not inputs:
        raise ArgumentError("Merge takes one input at least")
    op = _node("Merge", name, inputs)
    first = op._inputs[0]
    dims = first._dims
    for each in op._inputs[1:]:
        if dims is None or each._dims is None or len(dims) != len(each._dims):
            dims = None
        else:
            dims = tuple(a if a == b else None for a, b in zip(dims, each._dims, strict=True))
    return Merged(*op.give([Said(dims, first._kind), Said((), np.dtype(np.int32))]))


def Enter(data: Any, frame_name: str, is_constant: bool = False, parallel_iterations: int = 10, name: str | None = None) -> Any:
    """data inside of a frame: in its first iteration, or in each where it is constant.

    Args:
        data: what enters.
        frame_name: tells frames apart; frames of one name around which there are others are others.
        is_constant: whether each iteration has it.
        parallel_iterations: taken: iterations follow one another.
        name: of the node.

    Shape: that of data.
    """
    op = _node("Enter", name, (data,), frame_name=str(frame_name), is_constant=bool(is_constant), parallel_iterations=parallel_iterations)
    return op.give(_said(op._inputs[0]))


def Exit(data: Any, name: str | None = None) -> Any:
    """data outside of the frame: what is alive there goes out once.  Shape: that of data."""
    op = _node("Exit", name, (data,))
    return op.give(_said(op._inputs[0]))


Leave = Exit
"""The paper's name."""


def NextIteration(data: Any, name: str | None = None) -> Any:
    """data in the next iteration of the frame; a loop ends where it is dead.  Shape: that of data."""
    op = _node("NextIteration", name, (data,))
    return op.give(_said(op._inputs[0]))


def LoopCond(input: Any, name: str | None = None) -> Any:
    """The truth that says whether a loop goes on.  Shape: (), as its input."""
    op = _node("LoopCond", name, (input,))
    return op.give(_said(op._inputs[0]))


def _said(x: Tensor) -> Said:
    return Said(x._dims, x._kind)
