"""keras.utils."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from gradwerk.keras.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from gradwerk.keras.pydataset import PyDataset, Sequence
from gradwerk.keras.saving.objects import deserialize_keras_object, serialize_keras_object
from gradwerk.keras.utils import data_utils, legacy, np_utils, vis_utils
from gradwerk.keras.utils.files import get_file
from gradwerk.keras.utils.image_folders import image_dataset_from_directory
from gradwerk.keras.utils.images import array_to_img, img_to_array, load_img, save_img
from gradwerk.keras.utils.numerical import normalize, to_categorical
from gradwerk.keras.utils.plotting import model_to_dot, plot_model
from gradwerk.keras.utils.progbar import Progbar
from gradwerk.keras.utils.seeding import clear_session, set_random_seed
from gradwerk.keras.utils.sequences import pad_sequences
from gradwerk.keras.utils.series import timeseries_dataset_from_array
from gradwerk.keras.utils.splitting import split_dataset
from gradwerk.keras.utils.symbols import get_source_inputs, is_keras_tensor
from gradwerk.keras.utils.text_folders import text_dataset_from_directory

__all__ = [
    "CustomObjectScope", "Progbar", "PyDataset", "Sequence", "array_to_img", "clear_session", "custom_object_scope", "data_utils",
    "deserialize_keras_object", "get_custom_objects", "get_file", "get_registered_name", "get_registered_object", "get_source_inputs",
    "image_dataset_from_directory", "img_to_array", "is_keras_tensor", "legacy", "load_img", "model_to_dot", "normalize", "np_utils",
    "pack_x_y_sample_weight", "pad_sequences", "plot_model", "register_keras_serializable", "save_img", "serialize_keras_object",
    "set_random_seed", "split_dataset", "text_dataset_from_directory", "timeseries_dataset_from_array", "to_categorical",
    "unpack_x_y_sample_weight", "vis_utils",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.utils", __name__)
