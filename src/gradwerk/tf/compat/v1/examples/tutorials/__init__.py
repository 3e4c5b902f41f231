"""tf.examples.tutorials of TensorFlow 1."""
from gradwerk.tf.compat.v1.examples.tutorials import mnist as mnist
