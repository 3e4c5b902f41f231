"""tf.compat.v1.summary: operations that give summaries, and what writes them."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.summary.v1 import FileWriter, histogram, image, merge, merge_all, scalar, text

__all__ = ["FileWriter", "histogram", "image", "merge", "merge_all", "scalar", "text"]

__getattr__ = ORIGINAL.module("tf.compat.v1.summary", __name__)
