"""keras.layers."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.layers.cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from gradwerk.keras.layers.convolution import AveragePooling2D, Conv2D, MaxPooling2D
from gradwerk.keras.layers.core import Activation, Dense, Embedding, Flatten, ReLU, Softmax
from gradwerk.keras.layers.gated import GRU, LSTM, SimpleRNN
from gradwerk.keras.layers.input import Input, InputLayer
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.masking import Masking
from gradwerk.keras.layers.normalization import BatchNormalization, Dropout
from gradwerk.keras.layers.recurrent import RNN
from gradwerk.keras.layers.wrappers import Bidirectional, TimeDistributed, Wrapper

AvgPool2D = AveragePooling2D
MaxPool2D = MaxPooling2D
Convolution2D = Conv2D

__all__ = [
    "GRU", "LSTM", "RNN", "Activation", "AveragePooling2D", "AvgPool2D", "BatchNormalization", "Bidirectional", "Conv2D", "Convolution2D",
    "Dense", "Dropout", "Embedding", "Flatten", "GRUCell", "Input", "InputLayer", "LSTMCell", "Layer", "Masking", "MaxPool2D",
    "MaxPooling2D", "ReLU", "SimpleRNN", "SimpleRNNCell", "Softmax", "StackedRNNCells", "TimeDistributed", "Wrapper",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.layers", __name__)
