"""gradwerk.keras: Keras 3's names and habits.  `import gradwerk.keras as keras`."""

from __future__ import annotations

from gradwerk.keras import (
    activations,
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
from gradwerk.keras.standalone import Operation, Variable, device, name_scope, version

__all__ = [
    "DTypePolicy", "FloatDTypePolicy", "Initializer", "Input", "InputLayer", "KerasTensor", "Layer", "Loss", "Metric", "Model",
    "Operation", "Optimizer", "Sequential", "Variable", "activations", "backend", "callbacks", "config", "constraints", "datasets",
    "device", "dtype_policies", "initializers", "layers", "losses", "metrics", "mixed_precision", "models", "name_scope", "ops",
    "optimizers", "preprocessing", "random", "regularizers", "saving", "tree", "utils", "version",
]  # fmt: skip

__version__ = "3.15.1+gradwerk"
"""The Keras whose names these are."""

__getattr__ = ORIGINAL.module("keras", __name__)
