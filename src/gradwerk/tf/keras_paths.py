"""`gradwerk.tf.keras.layers` is gradwerk.keras.layers: the same module under TensorFlow's path."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

PATH, HOME = "gradwerk.tf.keras", "gradwerk.keras"


class KerasPaths:
    """Python's finder and loader of the modules below PATH."""

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """That of the module of the same name below HOME; None for all others."""
        if fullname != PATH and not fullname.startswith(f"{PATH}."):
            return None
        return ModuleSpec(fullname, self)  # type: ignore[arg-type]  # importlib asks for these two methods alone

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself.  Raises: AbsentModuleError."""
        return importlib.import_module(spec.name.replace(PATH, HOME, 1))

    def exec_module(self, module: ModuleType) -> None:
        """It ran where it was imported first."""


sys.meta_path.insert(0, KerasPaths())
