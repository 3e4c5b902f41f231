"""tf.compat.v1.python_io: TFRecord files."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.io.files import TFRecordOptions, TFRecordWriter, tf_record_iterator


class TFRecordCompressionType:
    """How records are packed, by TensorFlow 1's numbers."""

    NONE, ZLIB, GZIP = 0, 1, 2


__all__ = ["TFRecordCompressionType", "TFRecordOptions", "TFRecordWriter", "tf_record_iterator"]

__getattr__ = ORIGINAL.module("tf.compat.v1.python_io", __name__)
