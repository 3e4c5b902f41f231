"""tf.examples.tutorials.mnist of TensorFlow 1."""

from gradwerk.tf.compat.v1.examples.tutorials.mnist import input_data as input_data
