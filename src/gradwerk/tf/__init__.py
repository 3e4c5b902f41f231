"""gradwerk.tf: TensorFlow's names over Gradwerk.  `import gradwerk.tf as tf`."""

from gradwerk import keras as keras
from gradwerk.tf import keras_paths as _keras_paths  # noqa: F401  `from gradwerk.tf.keras.layers import Dense` from then on
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.gradient_tape import GradientTape as GradientTape
from gradwerk.tf.gradient_tape import UnconnectedGradients as UnconnectedGradients

__version__ = "2.21.0+gradwerk"
"""The TensorFlow whose names these are."""

__getattr__ = ORIGINAL.module("tf", __name__)
