"""tf.autograph: Python's `if`, `while` and `for` over Tensors inside tf.function."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.autograph import blocks as _blocks  # noqa: F401  rewritten code calls it
from gradwerk.tf.autograph import experimental as experimental
from gradwerk.tf.autograph.converting import set_verbosity, to_code, to_graph

__all__ = ["experimental", "set_verbosity", "to_code", "to_graph"]

__getattr__ = ORIGINAL.module("tf.autograph", __name__)
