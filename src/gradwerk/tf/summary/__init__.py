"""tf.summary: numbers, histograms, pictures and texts for TensorBoard."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.summary.writing import (
    SummaryWriter,
    create_file_writer,
    create_noop_writer,
    experimental,
    flush,
    histogram,
    image,
    record_if,
    scalar,
    should_record_summaries,
    text,
)  # fmt: skip

__all__ = [
    "SummaryWriter", "create_file_writer", "create_noop_writer", "experimental", "flush", "histogram", "image", "record_if", "scalar",
    "should_record_summaries", "text",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.summary", __name__)
