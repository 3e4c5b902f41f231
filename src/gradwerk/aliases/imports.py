"""Imports of a user's script that name PyTorch, Keras or TensorFlow are answered by the packages here; everybody else's are left alone.

`sys.modules` never holds our modules under a foreign name: SciPy or TensorBoard in the same process, which look there, are not deceived.
So it is the import statement that is watched (`builtins.__import__`, `importlib.import_module`), and who asks decides: code in the script's
own folders, a notebook's cells.  Source: docs/decisions/0038-names-of-others.md.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from gradwerk.aliases import children
from gradwerk.aliases.names import MOVED, REFUSED, ROOTS, is_claimed, ours
from gradwerk.base.errors import AbsentModuleError, StateError

INSTALLED_FOLDERS = ("site-packages", "dist-packages")
"""What stands below such a folder is no code of the user's, wherever the folder is."""


class Names:
    """What is changed in a process so that its user's imports find the packages here.  `install` puts it in place, `remove` takes it out.

    folders: where the user's own code is.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folder.resolve() for folder in folders)
        self.is_own = cache(self._is_own)
        self._children_told = False
        self._import = builtins.__import__
        self._import_module = importlib.import_module
        self._find_spec = importlib.util.find_spec
        self._distributions = Distributions(self)

    @classmethod
    def of_notebook(cls) -> Names:
        """Those of a notebook's cells, which have no file, and of modules in the working folder."""
        return cls([Path.cwd()])

    @classmethod
    def remove_installed(cls) -> None:
        """Takes out what `install` put in place in this process, if it did."""
        owner = getattr(builtins.__import__, "__self__", None)
        if isinstance(owner, cls):
            owner.remove()

    def install(self) -> None:
        """From now on.  Raises: StateError where the process has one of these packages already."""
        self.remove_installed()
        loaded = [root for root in ROOTS if root in sys.modules]
        if loaded:
            likely = "a process of its own: restart the kernel, and load gradwerk first"
            both = "two packages would answer to one name"
            raise StateError(f"{' and '.join(loaded)} is loaded in this process already: {both}", likely=likely)
        builtins.__import__ = self.imported
        importlib.import_module = self.import_module
        importlib.util.find_spec = self.find_spec
        sys.meta_path.insert(0, self._distributions)

    def remove(self) -> None:
        """As it was."""
        builtins.__import__ = self._import
        importlib.import_module = self._import_module
        importlib.util.find_spec = self._find_spec
        sys.meta_path.remove(self._distributions)

    def imported(
        self, name: str, globals: Mapping[str, Any] | None = None, locals: Mapping[str, Any] | None = None,  # noqa: A002  Python's names
        fromlist: Sequence[str] | None = (), level: int = 0,
    ) -> ModuleType:  # fmt: skip
        """`__import__`: as Python's, but for a claimed name that the user's own code asks for."""
        if level or not is_claimed(name) or not self.asks(globals):
            module = self._import(name, globals, locals, fromlist, level)
            if not self._children_told:
                self._children_told = children.tell()
            return module
        found = self.load(name)
        if fromlist:
            target = found.__name__
            return self._import(target, globals, locals, fromlist, 0)
        return self.load(name.partition(".")[0])

    def import_module(self, name: str, package: str | None = None) -> ModuleType:
        """`importlib.import_module`."""
        if is_claimed(name) and self.asks(sys._getframe(1).f_globals):
            return self.load(name)
        return self._import_module(name, package)

    def find_spec(self, name: str, package: str | None = None) -> ModuleSpec | None:
        """`importlib.util.find_spec`: how scripts ask whether a package is there."""
        if is_claimed(name) and self.asks(sys._getframe(1).f_globals):
            module = ours(name)
            return self._find_spec(module) if module else None
        return self._find_spec(name, package)

    def load(self, name: str) -> ModuleType:
        """The module that answers to a claimed name.  Raises: AbsentModuleError."""
        root = name.partition(".")[0]
        if root in REFUSED:
            error = AbsentModuleError(REFUSED[root])
            error.name = name
            raise error
        module = ours(name)
        if module is None:
            raise AbsentModuleError(f"no module answers to {name}")
        loaded = self._import_module(module)
        if root != "torch":
            _name_moved_modules()
        return loaded

    def asks(self, names: Mapping[str, Any] | None) -> bool:
        """Whether the code that has these globals is the user's own."""
        if names is None:
            return False
        file = names.get("__file__")
        if not isinstance(file, str):
            return names.get("__name__") == "__main__"
        return self.is_own(file)

    def _is_own(self, file: str) -> bool:
        path = Path(file).resolve()
        for folder in self.folders:
            if path.is_relative_to(folder):
                return not is_installed(path.relative_to(folder))
        return False


def is_installed(path: Path) -> bool:
    """Whether a path leads through a folder of installed packages."""
    return any(part in INSTALLED_FOLDERS for part in path.parts)


class Distributions(importlib.metadata.DistributionFinder):
    """`importlib.metadata.version("torch")`, asked by the user's own code."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """No modules: see Names."""

    def find_distributions(self, context: Any = None) -> Iterable[importlib.metadata.Distribution]:  # noqa: ANN401  importlib's type is private
        """That of a package we stand for."""
        name = (getattr(context, "name", None) or "").lower()
        root = "tensorflow" if name in ("tensorflow-cpu", "tensorflow_cpu") else name
        frame = sys._getframe(1)
        while frame.f_back and frame.f_globals.get("__name__", "").startswith("importlib"):
            frame = frame.f_back
        return [Alias(root)] if root in ROOTS and self.names.asks(frame.f_globals) else []


class Alias(importlib.metadata.Distribution):
    """What is told of a package we stand for: its name and version."""

    def __init__(self, root: str) -> None:
        self.root = root

    def read_text(self, filename: str) -> str | None:
        """The text METADATA; no other file is there."""
        if filename not in ("METADATA", "PKG-INFO"):
            return None
        version = importlib.import_module(ROOTS[self.root]).__version__
        return f"Metadata-Version: 2.1\nName: {self.root}\nVersion: {version}\n"

    def locate_file(self, path: Any) -> Path:  # noqa: ANN401  as Distribution has it
        """Where a file of it would be."""
        return Path(__file__).parent / str(path)


def _name_moved_modules() -> None:
    """`keras.utils.np_utils` as an attribute too, once the module it was moved from is loaded.

    It goes before a module of ours that has the same name: `keras.layers.recurrent` is all of Keras' layers, ours is the base of some.
    One that is not loaded yet is found when the attribute is asked for.
    """
    absent = sys.modules.get("gradwerk.keras.absent")
    if absent is not None:
        absent.ORIGINAL.former = MOVED
    for old, new in MOVED.items():
        owner, _, name = (ours(old.rpartition(".")[0]) or "", "", old.rpartition(".")[2])
        holder, target = sys.modules.get(owner), sys.modules.get(new)
        if holder is not None and target is not None:
            setattr(holder, name, target)
