"""tf.train: what training needs: examples as files hold them, checkpoints by name, means of variables over steps."""

from __future__ import annotations

import importlib
from typing import Any

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.train_data.coordinator import Coordinator
from gradwerk.tf.train_data.examples import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)  # fmt: skip

__all__ = [
    "BytesList", "Coordinator", "Example", "Feature", "FeatureList", "FeatureLists", "Features", "FloatList", "Int64List",
    "SequenceExample",
]  # fmt: skip

FAMILIES = ("saver", "steps")
"""The modules whose names stand here too, by their `__all__`, loaded when one is asked for."""


def _loaded(name: str) -> Any:  # noqa: ANN401  a class or function, or None
    if name in ORIGINAL.names("tf.train"):
        for family in FAMILIES:
            module = importlib.import_module(f"gradwerk.tf.train.{family}")
            if name in module.__all__:
                return getattr(module, name)
    return None


__getattr__ = ORIGINAL.module("tf.train", __name__, elsewhere=_loaded)
