"""tf.bitwise: functions of the bits of whole numbers."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.math.elementwise import invert as invert
from gradwerk.tf.math.pairs import bitwise_and as bitwise_and
from gradwerk.tf.math.pairs import bitwise_or as bitwise_or
from gradwerk.tf.math.pairs import bitwise_xor as bitwise_xor
from gradwerk.tf.math.pairs import left_shift as left_shift
from gradwerk.tf.math.pairs import right_shift as right_shift

__getattr__ = ORIGINAL.module("tf.bitwise", __name__)
