"""tf.examples of TensorFlow 1."""
from gradwerk.tf.compat.v1.examples import tutorials as tutorials
