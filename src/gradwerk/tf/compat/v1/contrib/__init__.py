"""tf.contrib of TensorFlow 1: the best known of it, layers, rnn, seq2seq.  The rest is refused by name."""

from __future__ import annotations

import importlib
from typing import Any

from gradwerk.tf.absent import ORIGINAL

MODULES = ("layers", "rnn", "seq2seq", "slim")
"""What is loaded when it is first asked for."""


def _loaded(name: str) -> Any:  # noqa: ANN401  a module, or None
    if name == "slim":
        name = "layers"
    return importlib.import_module(f"gradwerk.tf.compat.v1.contrib.{name}") if name in MODULES else None


__getattr__ = ORIGINAL.module("tf.compat.v1.contrib", __name__, elsewhere=_loaded)
