"""gradwerk.ragged: rows of different lengths as one value.  `import gradwerk as gw; batch = gw.ragged.from_rows([[1, 2], [3]])`."""

from __future__ import annotations

from gradwerk.ragged.build import Packed, bucket, from_lengths, from_packed, from_padded, from_rows, from_splits, padded, to_packed
from gradwerk.ragged.joining import concatenated
from gradwerk.ragged.lanes import in_lanes, lanes_for
from gradwerk.ragged.recurrent import gru, lstm, scan, simple_rnn
from gradwerk.ragged.rows import (
    mean_of_all,
    row_log_softmax,
    row_logsumexp,
    row_max,
    row_mean,
    row_min,
    row_softmax,
    row_sum,
    sum_of_all,
    to_elements,
)
from gradwerk.ragged.value import Lanes, Ragged

__all__ = [
    "Lanes", "Packed", "Ragged", "bucket", "concatenated", "from_lengths", "from_packed", "from_padded", "from_rows", "from_splits", "gru",
    "in_lanes", "lanes_for", "lstm", "mean_of_all", "padded", "row_log_softmax", "row_logsumexp", "row_max", "row_mean", "row_min",
    "row_softmax", "row_sum", "scan", "simple_rnn", "sum_of_all", "to_elements", "to_packed",
]  # fmt: skip
