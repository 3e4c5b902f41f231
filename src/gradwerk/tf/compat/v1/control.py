"""Control flow at the top of TensorFlow 1."""

from gradwerk.tf.graph.control import case, cond, while_loop
from gradwerk.tf.graph.loops import foldl, foldr, map_fn, scan

__all__ = ["case", "cond", "foldl", "foldr", "map_fn", "scan", "while_loop"]
