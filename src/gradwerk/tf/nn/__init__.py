"""tf.nn: what neural networks are made of, by TensorFlow's names."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.calls import all_names, found_in

_HELD = ("nn.activations", "nn.windows", "nn.losses", "linear", "math.reductions", "arrays.ordering", "arrays.arranging")
FAMILIES = tuple(f"gradwerk.tf.{name}" for name in _HELD)
"""The modules that have them."""


def __dir__() -> list[str]:
    """All public names."""
    return all_names("tf.nn", FAMILIES)


__getattr__ = ORIGINAL.module("tf.nn", __name__, elsewhere=found_in("tf.nn", *FAMILIES))
