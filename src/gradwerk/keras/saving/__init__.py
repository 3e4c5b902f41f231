"""keras.saving: models, weights and objects as files and as plain data."""

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
from gradwerk.keras.saving.archive import load_model, save_model
from gradwerk.keras.saving.objects import deserialize_keras_object, serialize_keras_object

__all__ = [
    "CustomObjectScope", "custom_object_scope", "deserialize_keras_object", "get_custom_objects", "get_registered_name",
    "get_registered_object", "load_model", "register_keras_serializable", "save_model", "serialize_keras_object",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.saving", __name__)
