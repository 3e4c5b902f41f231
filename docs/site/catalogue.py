"""What the reference documents: found in the registry of ops, in the packages, and in what a front end has of its original."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import gradwerk
from gradwerk.cli.ops import kind_of
from gradwerk.ir.op import REGISTRY, Op
from gradwerk.nn.averaging import Average
from gradwerk.nn.clipping import Clip
from gradwerk.nn.init import Initializer
from gradwerk.nn.lbfgs import LBFGS
from gradwerk.nn.module import Module
from gradwerk.nn.optimizer import Optimizer
from gradwerk.nn.schedules import Schedule
from gradwerk.nn.updates import Decay
from tests.api.tables import PLACES, names, owner

LISTED = {"keras.ops", "keras.random", "keras.tree", "keras.config", "keras.backend",
          "torch", "torch.fft", "torch.linalg", "torch.nn.functional", "torch.nn.init", "torch.nn.utils", "torch.Tensor"}
"""Places of the front ends with many small functions: one page has them all."""

INNER = ("data.joining", "data.order", "data.reading", "data.workers")
"""What other modules of a package are made of."""


@dataclass(frozen=True)
class Entry:
    """A name and what it stands for."""

    path: str
    """As it is reached, below the package: `nn.loss.huber`, `torch.nn.Linear`."""
    subject: Any
    group: str = ""
    """Its heading in the list of its section."""
    also: tuple[str, ...] = ()
    """Other names of the same in its section."""

    @property
    def name(self) -> str:
        """The last part."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Section:
    """A part of the reference."""

    folder: str
    """Where its pages lie: `ops`, `keras/layers`."""
    title: str
    words: str
    entries: tuple[Entry, ...]
    listed: bool = False
    """One page for all, instead of one each."""

    def page_of(self, entry: Entry) -> str:
        """The page of an entry, without its ending; two that differ in capitals alone (`Huber`, `huber`) are two files everywhere."""
        if self.listed:
            return f"{self.folder}/index"
        twins = {other.name.lower() for other in self.entries if other.name.islower()}
        is_twin = not entry.name.islower() and entry.name.lower() in twins
        return f"{self.folder}/{entry.name}{'-class' if is_twin else ''}"


@cache
def ops() -> dict[str, type[Op]]:
    """Every op of the package, by name."""
    modules_of("gradwerk.ops")
    return {name: op for name, op in REGISTRY.items() if op.__module__.startswith("gradwerk.")}


def modules_of(package: str) -> list[ModuleType]:
    """The modules of a package, all imported."""
    found = importlib.import_module(package)
    return [importlib.import_module(f"{package}.{module.name}") for module in pkgutil.iter_modules(found.__path__)]


def defined(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public functions and classes that a module defines."""
    for name, value in vars(module).items():
        own = getattr(value, "__module__", None) == module.__name__
        if own and not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
            yield name, value


@cache
def sections() -> tuple[Section, ...]:
    """All parts of the reference, in order."""
    return (
        _core(), _functions(), _ops(), *_of_nn(),
        _package("data", "Data", "Bundled data sets, files, batches, pictures and distortions."),
        _package("ragged", "Ragged values", "Rows of different lengths as one value."),
        _package("inspect", "Inspection", "What ran, how fast, and what each stage of the compiler made."),
        _package("zoo", "Models", "Models that read like their papers."),
        *(_of_place(front_end, place) for front_end, places in PLACES.items() for place in places),
    )  # fmt: skip


def _core() -> Section:
    entries = [Entry(name, getattr(gradwerk, name)) for name in sorted(gradwerk.__all__, key=str.lower)]
    words = "`import gradwerk as gw`: what every program uses, and the errors."
    return Section("core", "Tensors, gradients, compilation", words, tuple(entries))


def is_op(value: object) -> bool:
    """Whether a public function is an op itself, which has a page among the ops."""
    return isinstance(value, Op)


def _functions() -> Section:
    entries = [
        Entry(name, getattr(gradwerk, name), home.rpartition(".")[2].replace("_", " ").capitalize())
        for home, names_ in gradwerk._FUNCTIONS.items()
        for name in names_
        if not is_op(getattr(gradwerk, name))
    ]
    words = "Functions of Tensors that are made of several ops, or make one with its options. What is an op itself: [Ops](../ops/index.md)."
    return Section("functions", "Functions", words, tuple(entries))


def _ops() -> Section:
    kinds = {kind: base for op in ops().values() for kind, base in [(kind_of(op), _base(op))]}
    entries = sorted((Entry(f"ops.{name}", op, kinds[kind_of(op)].__name__) for name, op in ops().items()), key=lambda e: (e.group, e.name))
    words = "The primitives: each is one class, which says its types, its derivative, its NumPy reference and how it is compiled."
    return Section("ops", "Ops", words, tuple(entries))


def _base(op: type[Op]) -> type[Op]:
    return next(base for base in op.__mro__[1:] if "answers" in base.__dict__)


# ---- gradwerk.nn


def _of_nn() -> Iterator[Section]:
    found = [(module, name, value) for module in modules_of("gradwerk.nn") for name, value in defined(module)]
    made = importlib.import_module("gradwerk.nn.init")
    found += [(made, name, value) for name, value in vars(made).items() if type(value).__module__ == made.__name__]
    taken: set[tuple[str, str]] = set()

    def section(folder: str, title: str, words: str, wanted: Callable[[ModuleType, Any], bool]) -> Section:
        chosen = [
            (module, name, value) for module, name, value in found if (module.__name__, name) not in taken and wanted(module, value)
        ]
        taken.update((module.__name__, name) for module, name, _ in chosen)
        entries = [Entry(f"{module.__name__.removeprefix('gradwerk.')}.{name}", value) for module, name, value in chosen]
        return Section(folder, title, words, tuple(sorted(entries, key=lambda e: e.name.lower())))

    yield section("losses", "Losses", "One value for each example or element; a front end takes the mean or the sum.", _is_loss)
    yield section("optimizers", "Optimizers", "Update rules. Clipping, decay, averages and schedules compose around them.", _is_rule)
    yield section("schedules", "Schedules", "Learning rates as functions of the number of steps before.", _subclass(Schedule))
    yield section("metrics", "Metrics", "Counted batch by batch, merged across workers.", _is_metric)
    yield section("initialisers", "Initialisers", "The first values of weights.", _is_initialiser)
    yield section("layers", "Layers", "Modules, and the mathematics of layers as functions.", _is_layer)


def _subclass(base: type) -> Callable[[ModuleType, Any], bool]:
    return lambda module, value: isinstance(value, type) and issubclass(value, base) and value is not base


FIRST = ("logits", "probabilities", "log_probabilities", "predictions", "distance", "embeddings")
"""What a loss calls its first argument."""
INPUTS = ("x", "query", "ids", "projected")
"""And the mathematics of a layer."""
AROUND = (Optimizer, Clip, Average, Decay, LBFGS)
"""Update rules that are no formula of one gradient, and what composes around them."""


def _is_loss(module: ModuleType, value: Any) -> bool:  # noqa: ANN401
    parameters = list(inspect.signature(value).parameters) if inspect.isfunction(value) else []
    return module.__name__.endswith("loss") and len(parameters) > 1 and parameters[0] in FIRST and not value.__name__.startswith("check")


def _is_rule(module: ModuleType, value: Any) -> bool:  # noqa: ANN401
    is_rule = isinstance(value, type) and issubclass(value, Optimizer) and value.rule is not Optimizer.rule
    return is_rule or value in AROUND or (isinstance(value, type) and issubclass(value, Clip))


def _is_metric(module: ModuleType, value: Any) -> bool:  # noqa: ANN401
    if inspect.isfunction(value):
        return module.__name__.endswith((".curves", ".correlation"))
    return isinstance(value, type) and issubclass(value, Module) and hasattr(value, "reset")


def _is_initialiser(module: ModuleType, value: Any) -> bool:  # noqa: ANN401
    if not module.__name__.endswith(".init") or inspect.isfunction(value) or value is Initializer:
        return False
    return not isinstance(value, type) or hasattr(value, "__call__")  # noqa: B004  Initializers are called with a shape


def _is_layer(module: ModuleType, value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, type):
        return issubclass(value, Module) and value.forward is not Module.forward
    first = next(iter(inspect.signature(value).parameters), "") if inspect.isfunction(value) else ""
    return not value.__name__.startswith("check") and first in INPUTS and "Shape" in (value.__doc__ or "")


# ---- other packages, and the front ends


def _package(name: str, title: str, words: str) -> Section:
    package = importlib.import_module(f"gradwerk.{name}")
    entries = []
    if getattr(package, "__all__", ()):
        entries = [Entry(f"{name}.{public}", getattr(package, public)) for public in package.__all__]
    else:
        for module in modules_of(package.__name__):
            home = module.__name__.removeprefix("gradwerk.")
            if home in INNER:
                continue
            entries += [Entry(f"{home}.{public}", value, home) for public, value in defined(module)]
    return Section(name, title, words, tuple(entries), listed=True)


def _of_place(front_end: str, place: str) -> Section:
    path = front_end if place == front_end else f"{front_end}.{place}"
    here = owner(front_end, place)
    entries: dict[int, Entry] = {}
    for name in names(front_end, place):
        value = inspect.getattr_static(here, name) if place == "Tensor" else getattr(here, name)
        if isinstance(value, ModuleType):
            continue
        key = id(value) if callable(value) else id(name)
        known = entries.get(key)
        if known is None:
            entries[key] = Entry(f"{path}.{name}", value)
        elif getattr(value, "__name__", "") == name:  # the name that it has itself goes before others
            entries[key] = Entry(f"{path}.{name}", value, also=(*known.also, known.name))
        else:
            entries[key] = Entry(known.path, value, also=(*known.also, name))
    words = f"The names of `{path}` that are here, with the arguments, orders and defaults of the original."
    folder = path.replace(".", "/") if "." in path else f"{path}/top"
    return Section(folder, path, words, tuple(entries.values()), listed=path in LISTED)
