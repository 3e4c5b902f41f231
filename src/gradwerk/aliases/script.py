"""`gradwerk run script.py`: a script for Keras, PyTorch or TensorFlow, as it is, with the packages here behind those names."""

from __future__ import annotations

import builtins
import importlib
import sys
import traceback
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

from gradwerk.aliases.children import CHILD
from gradwerk.aliases.imports import Names, is_installed
from gradwerk.aliases.names import TENSORFLOW_1, stand_for_tensorflow_1
from gradwerk.aliases.tensorflow1 import written_for_1
from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.base.screen import say


def run_script(path: Path, arguments: Sequence[str]) -> int:
    """Runs a script as `python script.py ARGUMENTS` would; its exit code.

    What the script raises and does not catch is printed as Python prints it, without lines of ours, and the code is 1.

    Raises: FileError where there is no such script, ArgumentError where it is no Python.
    """
    code = compiled(path)
    module = main_module(path)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules["__main__"] = module
    begin(path)
    try:
        exec(code, vars(module))
    except SystemExit as leaving:
        return exit_code(leaving)
    except BaseException as error:
        show(error, path)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def begin(path: Path) -> None:
    """The names are in place for a script; of TensorFlow those of version 1 where it uses what that alone has, which is said."""
    found = written_for_1(path, path.read_bytes())
    if found:
        stand_for_tensorflow_1()
        say(f"gradwerk: {path.name} is written for TensorFlow 1 ({found}): `tensorflow` is tensorflow.compat.v1, and builds graphs")
    Names(own_folders(path)).install()
    if found:
        importlib.import_module(TENSORFLOW_1).disable_eager_execution()


def compiled(path: Path) -> CodeType:
    """A script's code.  Raises: FileError, ArgumentError."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        return compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        facts = (f"line {error.lineno}: {(error.text or '').strip()}",)
        raise ArgumentError(f"{path} is no Python of this version: {error.msg}", facts=facts) from None
    except ValueError as error:  # a byte 0
        raise ArgumentError(f"{path} is no Python: {error}") from None


def main_module(path: Path) -> ModuleType:
    """An empty `__main__` for a script."""
    module = ModuleType("__main__")
    names = {"__file__": str(path), "__builtins__": builtins, "__cached__": None, "__spec__": ModuleSpec(CHILD, None)}
    vars(module).update(names)
    return module


def own_folders(path: Path) -> list[Path]:
    """Where the user's own code is: beside the script, in the working folder, on Python's path but in no installation."""
    installations = {Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    named = (Path(each).resolve() for each in sys.path if each)
    others = [each for each in named if not any(each.is_relative_to(place) for place in installations) and not is_installed(each)]
    return [path.resolve().parent, Path.cwd(), *others]


def exit_code(leaving: SystemExit) -> int:
    """What Python would leave with; a text is printed."""
    if leaving.code is None or isinstance(leaving.code, int):
        return int(leaving.code or 0)
    sys.stderr.write(f"{leaving.code}\n")
    return 1


def show(error: BaseException, path: Path) -> None:
    """A script's error as Python shows it, from the script's own first line on."""
    lines: TracebackType | None = error.__traceback__
    while lines is not None and lines.tb_frame.f_code.co_filename != str(path):
        lines = lines.tb_next
    sys.stdout.flush()
    if sys.excepthook is not sys.__excepthook__:
        sys.excepthook(type(error), error, lines)
    else:
        traceback.print_exception(type(error), error, lines or error.__traceback__)
