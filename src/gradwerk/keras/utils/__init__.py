"""keras.utils."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.pydataset import PyDataset, Sequence
from gradwerk.keras.saving.objects import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from gradwerk.keras.utils import data_utils, np_utils
from gradwerk.keras.utils.files import get_file
from gradwerk.keras.utils.images import array_to_img, img_to_array, load_img, save_img
from gradwerk.keras.utils.numerical import normalize, to_categorical
from gradwerk.keras.utils.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from gradwerk.keras.utils.progbar import Progbar
from gradwerk.keras.utils.seeding import clear_session, set_random_seed
from gradwerk.keras.utils.sequences import pad_sequences
from gradwerk.keras.utils.symbols import get_source_inputs, is_keras_tensor

__all__ = [
    "CustomObjectScope", "Progbar", "PyDataset", "Sequence", "array_to_img", "clear_session", "custom_object_scope", "data_utils",
    "deserialize_keras_object", "get_custom_objects", "get_file", "get_registered_name", "get_registered_object", "get_source_inputs",
    "img_to_array", "is_keras_tensor", "load_img", "normalize", "np_utils", "pack_x_y_sample_weight", "pad_sequences",
    "register_keras_serializable", "save_img", "serialize_keras_object", "set_random_seed", "to_categorical", "unpack_x_y_sample_weight",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.utils", __name__)
