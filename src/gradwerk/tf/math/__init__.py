"""tf.math: functions of numbers by TensorFlow's names."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.calls import all_names, found_in

_HELD = (
    "math.elementwise", "math.pairs", "math.reductions", "math.segments", "nn.activations", "arrays.making", "arrays.ordering",
    "arrays.selecting", "linear",
)  # fmt: skip
FAMILIES = tuple(f"gradwerk.tf.{name}" for name in _HELD)
"""The modules that have them."""


def __dir__() -> list[str]:
    """All public names."""
    return all_names("tf.math", FAMILIES)


__getattr__ = ORIGINAL.module("tf.math", __name__, elsewhere=found_in("tf.math", *FAMILIES))
