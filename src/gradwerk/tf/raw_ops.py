"""tf.raw_ops: operations under the names of their nodes, called with keywords; so far those that build control flow by hand."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.graph.primitives import Enter, Exit, Leave, LoopCond, Merge, NextIteration, Switch

__all__ = ["Enter", "Exit", "Leave", "LoopCond", "Merge", "NextIteration", "Switch"]

__getattr__ = ORIGINAL.module("tf.raw_ops", __name__)
