"""tf.data: data sets, one step after the other."""

from __future__ import annotations

from gradwerk.data.ahead import AUTOTUNE
from gradwerk.data.sources import INFINITE as INFINITE_CARDINALITY
from gradwerk.data.sources import UNKNOWN as UNKNOWN_CARDINALITY
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.data import experimental as experimental
from gradwerk.tf.data.dataset import Dataset
from gradwerk.tf.data.iterators import DatasetIterator as Iterator
from gradwerk.tf.data.options import Options, ThreadingOptions
from gradwerk.tf.data.readers import FixedLengthRecordDataset, TextLineDataset, TFRecordDataset

__all__ = [
    "AUTOTUNE", "Dataset", "FixedLengthRecordDataset", "INFINITE_CARDINALITY", "Iterator", "Options", "TFRecordDataset", "TextLineDataset",
    "ThreadingOptions", "UNKNOWN_CARDINALITY", "experimental",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.data", __name__)
