"""tf.image: pictures by TensorFlow's names; files of them are read by tf.io."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.calls import all_names, found_in
from gradwerk.tf.io.pictures import decode_bmp as decode_bmp
from gradwerk.tf.io.pictures import decode_gif as decode_gif
from gradwerk.tf.io.pictures import decode_image as decode_image
from gradwerk.tf.io.pictures import decode_jpeg as decode_jpeg
from gradwerk.tf.io.pictures import decode_png as decode_png
from gradwerk.tf.io.pictures import encode_jpeg as encode_jpeg
from gradwerk.tf.io.pictures import encode_png as encode_png
from gradwerk.tf.io.pictures import extract_jpeg_shape as extract_jpeg_shape

FAMILIES = ("gradwerk.tf.image.looks", "gradwerk.tf.image.geometry")
"""The modules that have them."""


def __dir__() -> list[str]:
    """All public names."""
    return sorted({*all_names("tf.image", FAMILIES), *globals()})


__getattr__ = ORIGINAL.module("tf.image", __name__, elsewhere=found_in("tf.image", *FAMILIES))
