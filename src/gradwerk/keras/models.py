"""keras.models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.cloning import clone_model
from gradwerk.keras.model import Model
from gradwerk.keras.saving.archive import load_model, save_model
from gradwerk.keras.saving.objects import deserialize_keras_object
from gradwerk.keras.sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """The model of `Model.to_json`'s answer, with weights of its own.  Raises: ArgumentError for what is no such text."""
    try:
        structure = json.loads(json_string)
    except (TypeError, ValueError):
        raise ArgumentError("model_from_json takes what Model.to_json gives") from None
    made: Model = deserialize_keras_object(structure, custom_objects)
    return made


__getattr__ = ORIGINAL.module("keras.models", __name__)
