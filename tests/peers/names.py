"""Writes the lists of an original's public names that the front ends answer for (`gradwerk/*/original.txt`), from the original itself:

    PYTHONPATH=src python -m tests.peers.names torch     (PyTorch 2.13.0)
    PYTHONPATH=src python -m tests.peers.names keras     (Keras 3.15.1)
    PYTHONPATH=src python -m tests.peers.names tf        (TensorFlow 2.21.0)

Lines that begin with `near` are written by hand and kept.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import gradwerk

MODULES = {
    "torch": (
        "", "fft", "linalg", "nn", "nn.functional", "nn.init", "nn.modules", "nn.modules.module", "nn.parallel", "nn.utils",
        "nn.utils.parametrizations", "nn.utils.parametrize", "nn.utils.prune", "nn.utils.rnn", "onnx", "distributed", "optim",
        "optim.lr_scheduler", "optim.swa_utils", "serialization", "utils", "utils.data", "utils.data.dataset", "utils.data.distributed",
        "utils.hooks",
        "autograd", "cuda", "accelerator", "amp", "autograd.functional", "backends", "backends.cuda", "backends.cudnn",
        "backends.mkl", "backends.mkldnn", "backends.mps", "backends.openmp", "cuda.amp", "hub", "distributions",
        "distributions.constraints", "distributions.kl", "distributions.transforms", "func", "jit", "mps", "testing", "utils.benchmark",
        "utils.checkpoint", "version",
    ),
    "keras": (
        "", "activations", "applications", "applications.densenet", "applications.imagenet_utils", "applications.inception_v3",
        "applications.mobilenet", "applications.mobilenet_v2", "applications.resnet", "applications.resnet50", "applications.resnet_v2",
        "applications.vgg16", "applications.vgg19", "applications.xception", "backend", "callbacks", "constraints", "datasets",
        "initializers", "layers", "losses", "metrics", "models", "ops", "ops.image", "ops.linalg", "ops.nn", "ops.numpy", "optimizers",
        "optimizers.schedules", "preprocessing", "random", "regularizers", "saving", "tree", "config", "utils", "dtype_policies",
        "mixed_precision",
    ),
    "tf": (
        "", "audio", "bitwise", "compat", "compat.v1", "compat.v1.data", "compat.v1.gfile", "compat.v1.losses",
        "compat.v1.metrics", "compat.v1.nn", "compat.v1.python_io", "compat.v1.summary", "compat.v1.train", "config", "data",
        "data.experimental", "debugging", "distribute", "dtypes", "experimental", "image", "initializers", "io", "io.gfile", "linalg",
        "lookup", "losses", "math", "metrics", "nn", "optimizers", "queue", "ragged", "random", "raw_ops", "saved_model", "sets",
        "signal", "sparse", "strings", "summary", "test", "train", "types",
    ),
}  # fmt: skip
CLASSES = {
    "torch": ("Tensor", "nn.Module", "optim.Optimizer"),
    "keras": ("Model", "Sequential", "Variable", "layers.Layer", "optimizers.Optimizer", "losses.Loss", "metrics.Metric"),
    "tf": ("Variable", "data.Dataset", "GradientTape"),
}
IMPORTED = {"tf": "tensorflow"}
"""Under which name an original is imported that its users call otherwise."""
PLUMBING = {"typing", "typing_extensions", "collections", "collections.abc", "functools", "enum", "contextlib", "torch._jit_internal"}
"""Modules whose members are not what a module offers, though they stand in it."""


def public(original: str, place: Any) -> list[str]:
    """The names that a module or class of the original offers."""
    said = [name for name in getattr(place, "__all__", dir(place)) if not name.startswith("_")]
    if isinstance(place, ModuleType):
        held_here = {name: held for name, held in vars(place).items() if not name.startswith("_") and type(held) is ModuleType}
        inside = [name for name, held in held_here.items() if held.__name__ == f"{place.__name__}.{name}"]
        said += [name for name in inside if not name.startswith("_")]
    return sorted({name for name in said if name.isidentifier() and _offered(original, getattr(place, name, None))})


def _offered(original: str, held: object) -> bool:
    if type(held) is ModuleType:  # one that TensorFlow loads when asked has no name before
        return held.__name__.startswith((f"{original}.", "tensorflow._api", "keras._tf_keras"))
    return getattr(held, "__module__", None) not in PLUMBING


def modules(place: ModuleType) -> list[str]:
    """The public modules in a package of the original, imported or not."""
    return sorted(found.name for found in pkgutil.iter_modules(getattr(place, "__path__", ())) if not found.name.startswith("_"))


def written(original: str, kept: list[str]) -> str:
    """The whole list."""
    top = importlib.import_module(IMPORTED.get(original, original))
    lines = []
    for path in MODULES[original] + CLASSES[original]:
        place: Any = top
        for part in filter(None, path.split(".")):
            place = getattr(place, part, None) or importlib.import_module(f"{top.__name__}.{path}")
        name = f"{original}.{path}".rstrip(".")
        lines.append(" ".join([name, *public(original, place)]))
        if inspect.ismodule(place) and (inside := modules(place)):
            lines.append(" ".join(["modules", name, *inside]))
    return "\n".join([*lines, *kept, ""])


if __name__ == "__main__":
    target = Path(gradwerk.__file__).parent / sys.argv[1] / "original.txt"
    before = target.read_text(encoding="utf-8").splitlines() if target.exists() else []
    target.write_text(written(sys.argv[1], [line for line in before if line.startswith("near ")]), encoding="utf-8")
