"""tf.linalg: matrices by TensorFlow's names."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.calls import all_names, found_in

FAMILIES = ("gradwerk.tf.linalg.solving", "gradwerk.tf.linalg.diagonals", "gradwerk.tf.linear", "gradwerk.tf.arrays.making")
"""The modules that have them."""


def __dir__() -> list[str]:
    """All public names."""
    return all_names("tf.linalg", FAMILIES)


__getattr__ = ORIGINAL.module("tf.linalg", __name__, elsewhere=found_in("tf.linalg", *FAMILIES))
