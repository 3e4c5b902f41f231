"""keras.applications.resnet50: the first of keras.applications.resnet, where Keras 2 had it."""

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications.resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]

__getattr__ = ORIGINAL.module("keras.applications.resnet50", __name__)
