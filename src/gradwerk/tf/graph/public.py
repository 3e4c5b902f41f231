"""The names of graphs that stand at the top of TensorFlow 2 too."""

from gradwerk.tf.graph.graph import Graph
from gradwerk.tf.graph.nodes import gradients, group, no_op
from gradwerk.tf.graph.symbols import Operation
from gradwerk.tf.graph.variables import Variable as _Variable  # noqa: F401  `tf.Variable` makes it while a graph is built

__all__ = ["Graph", "Operation", "gradients", "group", "no_op"]
