"""gradwerk.keras: Keras 3's names and habits.  `import gradwerk.keras as keras`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gradwerk.keras import hints as _hints  # noqa: F401  they are spoken from then on
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.dtype_policies import DTypePolicy, FloatDTypePolicy
from gradwerk.keras.initializers import Initializer
from gradwerk.keras.layers.input import Input, InputLayer
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.symbolic import KerasTensor
from gradwerk.keras.losses import Loss
from gradwerk.keras.metrics.metric import Metric
from gradwerk.keras.model import Model
from gradwerk.keras.optimizers.optimizer import Optimizer
from gradwerk.keras.sequential import Sequential

if TYPE_CHECKING:
    from gradwerk.keras import (
        activations,
        applications,
        backend,
        callbacks,
        config,
        constraints,
        datasets,
        dtype_policies,
        initializers,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        ops,
        optimizers,
        preprocessing,
        random,
        regularizers,
        saving,
        tree,
        utils,
    )
    from gradwerk.keras.standalone import Operation, Variable, device, name_scope, version

__all__ = [
    "DTypePolicy", "FloatDTypePolicy", "Initializer", "Input", "InputLayer", "KerasTensor", "Layer", "Loss", "Metric", "Model",
    "Operation", "Optimizer", "Sequential", "Variable", "activations", "applications", "backend", "callbacks", "config", "constraints",
    "datasets", "device", "dtype_policies", "initializers", "layers", "losses", "metrics", "mixed_precision", "models", "name_scope", "ops",
    "optimizers", "preprocessing", "random", "regularizers", "saving", "tree", "utils", "version",
]  # fmt: skip

__version__ = "3.15.1+gradwerk"
"""The Keras whose names these are."""

MODULES = (
    "activations", "applications", "backend", "callbacks", "config", "constraints", "datasets", "dtype_policies", "initializers", "layers",
    "losses", "metrics", "mixed_precision", "models", "ops", "optimizers", "preprocessing", "random", "regularizers", "saving", "tree",
    "utils",
)  # fmt: skip
STANDALONE = ("Operation", "Variable", "device", "name_scope", "version")
"""What is loaded when it is first asked for, so that the import costs little: modules, and names of standalone.py."""


def _loaded(name: str) -> Any:  # noqa: ANN401  a module, a class or function, or None
    if name in MODULES:
        return importlib.import_module(f"gradwerk.keras.{name}")
    if name in STANDALONE:
        globals()[name] = held = getattr(importlib.import_module("gradwerk.keras.standalone"), name)
        return held
    return None


def __dir__() -> list[str]:
    """All public names."""
    return sorted({*globals(), *MODULES, *STANDALONE})


__getattr__ = ORIGINAL.module("keras", __name__, elsewhere=_loaded)
