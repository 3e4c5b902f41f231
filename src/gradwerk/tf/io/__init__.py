"""tf.io: files, records, pictures, and examples as TensorFlow's files hold them."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.io import gfile as gfile
from gradwerk.tf.io.decoding import (
    decode_base64,
    decode_compressed,
    decode_csv,
    decode_raw,
    encode_base64,
    parse_tensor,
    serialize_tensor,
)  # fmt: skip
from gradwerk.tf.io.files import TFRecordOptions, TFRecordWriter, matching_files, read_file, write_file
from gradwerk.tf.io.parsing import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    SparseFeature,
    VarLenFeature,
    parse_example,
    parse_single_example,
    parse_single_sequence_example,
)  # fmt: skip
from gradwerk.tf.io.pictures import (
    decode_bmp,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    encode_jpeg,
    encode_png,
    extract_jpeg_shape,
)  # fmt: skip

__all__ = [
    "FixedLenFeature", "FixedLenSequenceFeature", "RaggedFeature", "SparseFeature", "TFRecordOptions", "TFRecordWriter", "VarLenFeature",
    "decode_base64", "decode_bmp", "decode_compressed", "decode_csv", "decode_gif", "decode_image", "decode_jpeg", "decode_png",
    "decode_raw", "encode_base64", "encode_jpeg", "encode_png", "extract_jpeg_shape", "gfile", "matching_files", "parse_example",
    "parse_single_example", "parse_single_sequence_example", "parse_tensor", "read_file", "serialize_tensor", "write_file",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.io", __name__)
