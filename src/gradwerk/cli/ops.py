"""`gradwerk ops`: the registry as a table."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from argparse import Namespace
from inspect import getdoc
from pathlib import Path

import gradwerk.ops
from gradwerk.base.errors import FileError
from gradwerk.io.atomic import is_file
from gradwerk.ir.op import REGISTRY, Op


def run(options: Namespace) -> int:
    """The command."""
    for module in pkgutil.iter_modules(gradwerk.ops.__path__, "gradwerk.ops."):
        importlib.import_module(module.name)
    for source in options.source:
        _load(source)
    width = max(map(len, REGISTRY))
    for op in sorted(REGISTRY.values(), key=lambda op: (kind_of(op), op.name)):
        print(f"{op.name:<{width}}  {kind_of(op):<12} {(getdoc(op) or '').partition(chr(10))[0]}")
    print(f"{len(REGISTRY)} operations")
    return 0


def kind_of(op: type[Op]) -> str:
    """The family an op belongs to."""
    return next(base.__name__ for base in op.__mro__[1:] if "answers" in base.__dict__).lower()


def _load(source: str) -> None:
    """Imports a module by name, or a file by path.  Raises: FileError."""
    path = Path(source)
    try:
        if path.suffix != ".py":
            importlib.import_module(source)
            return
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None or not is_file(path):
            raise FileError(f"{source} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise FileError(f"cannot import {source}", facts=(str(error),)) from None
