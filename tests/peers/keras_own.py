"""Keras' own test files, run with `keras` resolved to gradwerk.keras.

    git -C KERAS archive v3.15.1 | tar x -C PATH          (the files are never committed)
    python -m tests.peers.keras_own PATH [FOLDER ...] [-- options of pytest]

Their modules `keras.src...` are those of the names they hold: a name is found in the public module nearest to where Keras keeps it.  What
the tests share (`keras.src.testing`, and test files that others import) is read from PATH.  `keras_own.txt` lists every test by its ID,
with why it does not pass where it does not; GRADWERK_KERAS_OWN_RECORD=FILE writes that of a run.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gradwerk import keras
from gradwerk.base.errors import AbsentNameError
from gradwerk.keras.layers.symbolic import has_symbols
from gradwerk.keras.masked import mask_of, with_mask

LIST = Path(__file__).with_name("keras_own.txt")
FOLDERS = (
    "losses", "metrics", "optimizers", "initializers", "activations", "regularizers", "constraints", "callbacks", "layers", "models",
    "trainers",
)  # fmt: skip
SECONDS = 60
"""What a test may take."""
PUBLIC = (
    "layers", "losses", "metrics", "optimizers", "optimizers.schedules", "initializers", "regularizers", "constraints", "callbacks",
    "models", "utils", "saving", "ops", "backend", "random", "tree", "dtype_policies", "activations", "config", "datasets",
    "preprocessing.image",
)  # fmt: skip
"""Where names of internal modules are looked for, in turn."""
WHERE = "GRADWERK_KERAS_OWN"
PURE = ("keras.src.backend.common.backend_utils", "keras.src.utils.python_utils", "keras.src.utils.numerical_utils")
"""Modules of plain Python that tests compute what they expect with: read from PATH."""
RECORD = "GRADWERK_KERAS_OWN_RECORD"
OTHERS = ("jax", "tensorflow", "torch", "scipy", "grain", "pandas")
"""Packages that test files import, and few of their tests need."""
INSTALLED = {name for name in OTHERS if importlib.util.find_spec(name) is not None}


class Proxy(types.ModuleType):
    """A module of Keras that has the names of gradwerk.keras."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("__", "pytest", "setUp", "tearDown", "setup", "teardown")):
            raise AttributeError(name)
        if name in SHARED:
            return SHARED[name]
        own = f"{self.__name__}.{name}"
        if _on_disk(own) is not None:
            return importlib.import_module(own)
        for module in _nearest(self.__name__):
            try:
                return getattr(module, name)
            except (AttributeError, AbsentNameError):
                continue
        return Lacking(f"{self.__name__}.{name}")


class Lacking:
    """A name that nobody has: what uses it fails, what only imports it does not."""

    def __init__(self, path: str) -> None:
        self.__path, self.__name__ = path, path

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("__", "pytest", "setUp", "tearDown", "setup", "teardown")):
            raise AttributeError(name)
        return Lacking(f"{self.__path}.{name}")

    def __call__(self, *_: object, **__: object) -> Any:
        raise NotHereError(self.__path)

    def __mro_entries__(self, _: object) -> tuple[type, ...]:
        return (object,)


class NotHereError(Exception):
    """What a test uses is not here, and has no public name in Keras."""


def _nearest(path: str) -> Iterator[Any]:
    """The modules in which a name of a module of Keras may be, the nearest first."""
    parts = path.removeprefix("keras.src").strip(".").split(".")
    for stop in range(len(parts), 0, -1):
        try:
            yield importlib.import_module(".".join(("gradwerk.keras", *parts[:stop])))
        except (ImportError, AbsentNameError):
            continue
    yield keras
    for name in PUBLIC:
        yield importlib.import_module(f"gradwerk.keras.{name}")


def _on_disk(path: str) -> Path | None:
    """The file or folder of a module of Keras."""
    at = Path(os.environ[WHERE], *path.split("."))
    return at if at.is_dir() else at.with_suffix(".py") if at.with_suffix(".py").is_file() else None


class Other(types.ModuleType):
    """A package that is not installed."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("__", "pytest", "setUp", "tearDown", "setup", "teardown")):
            raise AttributeError(name)
        return Lacking(f"{self.__name__}.{name}")


class Nothing:
    """What does nothing."""

    @staticmethod
    def enable_traceback_filtering() -> None:
        """Nothing."""

    disable_traceback_filtering = enable_traceback_filtering

    @staticmethod
    def is_traceback_filtering_enabled() -> bool:
        """It is not."""
        return False


def _convert_to_numpy(x: Any) -> Any:
    return keras.ops.convert_to_numpy(x)


def _set_mask(x: Any, mask: Any) -> None:
    """Puts a mask on a value in its place, as Keras' own does."""
    made = with_mask(x, mask)
    x.__class__ = type(made)
    x.mask = mask


def _flatten_layers(layer: Any, *_: object) -> Iterator[Any]:
    yield layer
    for one in layer.sublayers():
        yield from _flatten_layers(one)


SHARED: dict[str, Any] = {
    "traceback_utils": Nothing, "convert_to_numpy": _convert_to_numpy, "convert_to_tensor": keras.ops.convert_to_tensor,
    "is_tensor": keras.ops.is_tensor, "clear_session": keras.utils.clear_session, "GroupedQueryAttention": keras.layers.GroupQueryAttention,
    "Functional": keras.Model, "Variable": keras.Variable, "set_keras_mask": _set_mask, "get_keras_mask": mask_of,
    "any_symbolic_tensors": has_symbols,
}  # fmt: skip
"""What Keras' tests ask of its internals, which has no public name."""
keras.Layer._flatten_layers = _flatten_layers  # type: ignore[attr-defined]  # as keras.src.testing counts
keras.Layer._seed_generators = property(lambda layer: [layer.generator] if hasattr(layer, "generator") else [])  # type: ignore[attr-defined]


class Finder:
    """Finds `keras`, `keras.src` and what is in it."""

    def find_spec(self, path: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """A proxy; files of the tests themselves from where they are."""
        if path.partition(".")[0] in OTHERS and path.partition(".")[0] not in INSTALLED:
            return importlib.machinery.ModuleSpec(path, self, is_package=True)
        if path == "keras":
            return importlib.machinery.ModuleSpec(path, self)
        if not path.startswith("keras."):
            return None
        at = _on_disk(path)
        if at is not None and (path.startswith("keras.src.testing") or path.endswith("_test") or path in PURE):
            file = at / "__init__.py" if at.is_dir() else at
            return importlib.util.spec_from_file_location(path, file, submodule_search_locations=[str(at)] if at.is_dir() else None)
        if not path.startswith("keras.src"):
            return importlib.machinery.ModuleSpec(path, self)
        return None if at is None else importlib.machinery.ModuleSpec(path, self, is_package=at.is_dir())

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """The module, or its proxy."""
        if spec.name.partition(".")[0] in OTHERS:
            return Other(spec.name)
        if not spec.name.startswith("keras.src"):
            return importlib.import_module(f"gradwerk.{spec.name}")
        made = Proxy(spec.name)
        made.__file__ = str(_on_disk(spec.name))
        return made

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is left to do."""


def install() -> None:
    """`keras` is gradwerk.keras from now on."""
    if not any(isinstance(one, Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, Finder())  # type: ignore[arg-type]  # a finder by what it has
        sys.modules["keras"] = keras


def skip_if_backend(given: str, reason: str) -> Any:
    """The mark of Keras' conftest."""
    return pytest.mark.skipif(keras.backend.backend() == given, reason=reason)


if os.environ.get(WHERE):
    install()
    conftest = types.ModuleType("conftest")
    conftest.skip_if_backend = skip_if_backend  # type: ignore[attr-defined]
    sys.modules["conftest"] = conftest


def pytest_configure(config: pytest.Config) -> None:
    """The marks of Keras' tests."""
    for mark in ("requires_trainable_backend", "multi_device"):
        config.addinivalue_line("markers", mark)


SEEN: dict[str, str] = {}
"""How each test ended: '', or the first line of its error."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Notes how a test ended."""
    if report.failed or report.skipped:
        told = report.longrepr
        text = str(told[2]) if isinstance(told, tuple) else str(getattr(getattr(told, "reprcrash", None), "message", told))
        SEEN[report.nodeid] = f"{report.outcome}: {text.splitlines()[0] if text else ''}"
    elif report.when == "call":
        SEEN.setdefault(report.nodeid, "")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes what was noted."""
    at = os.environ.get(RECORD)
    if at and not hasattr(session.config, "workerinput"):
        Path(at).write_text(written(SEEN))


def reason(ended: str) -> str:
    """Why a test does not pass, of how it ended; '' where it does."""
    outcome, _, text = ended.partition(": ")
    if outcome == "skipped":
        return "skipped by Keras itself: " + text.removeprefix("Skipped: ")
    for sign, why in (
        ("NotHereError: keras.src.", "asks an internal of Keras: "), ("NotHereError: ", "asks another package: "),
        ("does not match", "asks the words of a message"), ("did not match", "asks the words of a message"),
        ("has no attribute '_", "asks a private attribute: _"), ("AbsentNameError: ", "absent: "),
    ):  # fmt: skip
        if sign in text:
            return why + (text.partition(sign)[2].rstrip("'") if why.endswith((": ", "_")) else "")
    return text and "fails: " + text[:120]


def written(seen: dict[str, str]) -> str:
    """The list: files, and under each its tests with why one does not pass."""
    lines: list[str] = []
    for node, ended in sorted(seen.items()):
        file, _, test = node.partition("::")
        if f"{file}\n" not in lines:
            lines.append(f"{file}\n")
        lines.append(f"  {test}  {reason(ended)}".rstrip() + "\n")
    return "".join(lines)


def listed() -> dict[str, str]:
    """What is known of each test: '' that it passes, else why it does not."""
    found, file = {}, ""
    for line in LIST.read_text().splitlines():
        if not line.startswith(" "):
            file = line
            continue
        test, _, why = line.strip().partition("  ")
        found[f"{file}::{test}"] = why
    return found


def main(arguments: Sequence[str]) -> int:
    """Runs the folders that are named, or all."""
    own, _, rest = " ".join(arguments).partition(" -- ")
    path, *folders = own.split()
    source = Path(path).resolve()
    os.environ[WHERE] = str(source)
    under = [str(source / "keras" / "src" / folder) for folder in folders or FOLDERS]
    options = ["-p", "tests.peers.keras_own", "-c", os.devnull, "--rootdir", str(source), "-p", "no:cacheprovider", "-p", "no:randomly"]
    files = ["-o", "python_files=*_test.py", "--timeout", str(SECONDS), "-q", "--no-header", "--continue-on-collection-errors"]
    return int(pytest.main([*options, *files, *rest.split(), *under]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
