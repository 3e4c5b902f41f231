"""tf.audio: sound as Tensors, and back."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.io.pictures import decode_wav, encode_wav

__all__ = ["decode_wav", "encode_wav"]

__getattr__ = ORIGINAL.module("tf.audio", __name__)
