"""gradwerk.tf: TensorFlow's names over Gradwerk.  `import gradwerk.tf as tf`."""

from __future__ import annotations

import importlib
from typing import Any

from gradwerk import keras as keras
from gradwerk.tf import keras_paths as _keras_paths  # noqa: F401  `from gradwerk.tf.keras.layers import Dense` from then on
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.gradient_tape import GradientTape as GradientTape
from gradwerk.tf.gradient_tape import UnconnectedGradients as UnconnectedGradients

__version__ = "2.21.0+gradwerk"
"""The TensorFlow whose names these are."""

newaxis = None

FAMILIES = (
    "tensors", "shapes", "dtypes", "variables", "modules", "math.elementwise", "math.pairs", "math.reductions", "math.conversions",
    "arrays.constants", "arrays.making", "arrays.arranging", "arrays.selecting", "arrays.ordering", "linear", "functions.function",
    "functions.flow", "python_calls", "values.ragged", "values.sparse", "specs", "strings.changing",
    "graph.public", "queues.mutex",
)  # fmt: skip
"""The modules whose names stand at the top too, by their `__all__`."""
MODULES = (
    "audio", "autograph", "bitwise", "compat", "config", "data", "dtypes", "errors", "io", "linalg", "math", "nn", "queue", "ragged",
    "random", "raw_ops", "sparse", "strings", "summary", "train", "image", "nest",
)  # fmt: skip
KERAS = ("initializers", "losses", "metrics", "optimizers")
"""Modules that are Keras' own."""
"""What is loaded when it is first asked for, so that the import costs little."""

_places: dict[str, str] = {}


def _loaded(name: str) -> Any:  # noqa: ANN401  a module, a class or function, or None
    if name in MODULES:
        return importlib.import_module(f"gradwerk.tf.{name}")
    if name in KERAS:
        return importlib.import_module(f"gradwerk.keras.{name}")
    if name not in ORIGINAL.names("tf"):
        return None
    if not _places:
        for family in FAMILIES:
            _places.update((each, family) for each in importlib.import_module(f"gradwerk.tf.{family}").__all__)
    if name not in _places:
        return None
    globals()[name] = held = getattr(importlib.import_module(f"gradwerk.tf.{_places[name]}"), name)
    return held


def __dir__() -> list[str]:
    """All public names."""
    _loaded("Tensor")
    return sorted({*globals(), *MODULES, *KERAS, *(name for name in _places if name in ORIGINAL.names("tf"))})


__getattr__ = ORIGINAL.module("tf", __name__, elsewhere=_loaded)
