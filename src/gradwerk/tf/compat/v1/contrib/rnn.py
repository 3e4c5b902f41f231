"""tf.contrib.rnn: cells and networks under their names of TensorFlow 1."""

from gradwerk.tf.compat.v1.recurrent import static_bidirectional_rnn, static_rnn
from gradwerk.tf.compat.v1.rnn_cell import (
    BasicLSTMCell,
    BasicRNNCell,
    DeviceWrapper,
    DropoutWrapper,
    GRUCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ResidualWrapper,
    RNNCell,
)

__all__ = [
    "BasicLSTMCell", "BasicRNNCell", "DeviceWrapper", "DropoutWrapper", "GRUCell", "LSTMCell", "LSTMStateTuple", "MultiRNNCell", "RNNCell",
    "ResidualWrapper", "static_bidirectional_rnn", "static_rnn",
]  # fmt: skip
