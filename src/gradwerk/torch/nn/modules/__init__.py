"""torch.nn.modules: the classes of torch.nn by the paths of the files they have in PyTorch, `torch.nn.modules.conv.Conv2d`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.modules import module as module

FILES = (
    "activation batchnorm channelshuffle container conv distance dropout flatten fold instancenorm lazy linear loss normalization padding "
    "pixelshuffle pooling rnn sparse transformer upsampling"
)


def _of_torch_nn(place: str) -> Callable[[str], Any]:
    """The `__getattr__` of one of the files: what torch.nn has.  Raises: AbsentNameError."""

    def found(name: str) -> Any:  # noqa: ANN401
        if name.startswith("_"):
            raise AttributeError(f"module {place!r} has no attribute {name!r}")
        return getattr(importlib.import_module("gradwerk.torch.nn"), name)

    return found


def _file(name: str) -> ModuleType:
    made = ModuleType(f"{__name__}.{name}", f"torch.nn.modules.{name}")
    vars(made)["__getattr__"] = _of_torch_nn(made.__name__)
    sys.modules[made.__name__] = made
    return made


for _name in FILES.split():
    globals()[_name] = _file(_name)


def _class_of_torch_nn(name: str) -> Any:  # noqa: ANN401  a class, or None
    held = vars(importlib.import_module("gradwerk.torch.nn")).get(name)
    return held if isinstance(held, type) and not name.startswith("_") else None


__getattr__ = ORIGINAL.module("torch.nn.modules", __name__, elsewhere=_class_of_torch_nn)
