"""A case for each recurrent layer and wrapper, as in cases.py; their numbers beside Keras' are in tests/peers/recurrent_cases.py."""

from __future__ import annotations

from gradwerk.keras import layers
from tests.keras_api.cases import Case

RECURRENT = [
    Case("SimpleRNN", lambda: layers.SimpleRNN(4, "relu"), (6, 3), (4,), ((3, 4), (4, 4), (4,))),
    Case("GRU", lambda: layers.GRU(4, return_sequences=True), (6, 3), (6, 4), ((3, 12), (4, 12), (2, 12))),
    Case("GRU, reset before", lambda: layers.GRU(4, reset_after=False, kernel_regularizer="l2", seed=3), (6, 3), (4,),
         ((3, 12), (4, 12), (12,))),
    Case("LSTM, other activations", lambda: layers.LSTM(4, activation="relu", dropout=0.5, unit_forget_bias=False), (6, 3), (4,),
         ((3, 16), (4, 16), (16,))),
    Case("RNN", lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2), layers.SimpleRNNCell(4)], return_sequences=True), (5, 3), (5, 4),
         ((3, 12), (3, 12), (12,), (3, 6), (2, 6), (2, 6), (2, 4), (4, 4), (4,))),
    Case("Bidirectional", lambda: layers.Bidirectional(layers.LSTM(2), name="one"), (5, 3), (4,), ((3, 8), (2, 8), (8,)) * 2),
    Case("Bidirectional, summed", lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True), "sum"), (5, 3), (5, 2),
         ((3, 6), (2, 6), (2, 6)) * 2),
    Case("Masking", lambda: layers.Masking(0.5), (5, 3), (5, 3)),
    Case("TimeDistributed", lambda: layers.TimeDistributed(layers.Conv2D(2, 2)), (3, 4, 4, 1), (3, 3, 3, 2), ((2, 2, 1, 2), (2,))),
]  # fmt: skip
