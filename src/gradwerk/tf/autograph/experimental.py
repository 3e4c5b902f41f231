"""tf.autograph.experimental."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.autograph.converting import do_not_convert, set_loop_options

__all__ = ["do_not_convert", "set_loop_options"]

__getattr__ = ORIGINAL.module("tf.autograph.experimental", __name__)
