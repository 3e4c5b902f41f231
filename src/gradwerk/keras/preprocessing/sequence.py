"""keras.preprocessing.sequence: sequences of one length, pairs of words, stretches of a series, as Keras 2 had it."""

from __future__ import annotations

from gradwerk.keras.preprocessing.pairs import make_sampling_table, skipgrams
from gradwerk.keras.preprocessing.stretches import TimeseriesGenerator
from gradwerk.keras.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]
