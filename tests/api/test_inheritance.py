"""Inheritance stays flat: a class is at most two steps below the base of its family, and a base two below its own."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import gradwerk

BASES = {
    "gradwerk.ir.base.Op": "what every primitive is",
    "gradwerk.nn.module.Module": "what holds parameters",
    "gradwerk.ops.cumulative.Cumulative": "what every running fold is",
    "gradwerk.nn.optimizer.Optimizer": "what every update rule is",
    "gradwerk.keras.layers.layer.Layer": "Keras' public base: a Sequential is a Model is a Layer",
    "gradwerk.keras.metrics.metric.Metric": "Keras' public base",
    "gradwerk.keras.optimizers.optimizer.Optimizer": "Keras' public base",
    "gradwerk.keras.optimizers.schedules.LearningRateSchedule": "Keras' public base",
    "gradwerk.keras.preprocessing.iterators.Iterator": "Keras' public base",
    "gradwerk.torch.nn.module.Module": "torch's public base",
    "gradwerk.torch.nn.containers.Sequential": "torch's public base: state names of torchvision are those of subclasses",
    "gradwerk.torch.optim.scheduler.LRScheduler": "torch's public base",
    "gradwerk.torchvision.datasets.vision.VisionDataset": "torchvision's public base",
    "gradwerk.tensor.tensor.Tensor": "what APIs give their names to",
}
MOST = 2


def name_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def parents(cls: type) -> list[type]:
    return [base for base in cls.__bases__ if base.__module__.startswith("gradwerk")]


def steps(cls: type) -> int:
    """How far the class is below the base of its family, or below its farthest ancestor."""
    return max((1 + (0 if name_of(base) in BASES else steps(base)) for base in parents(cls)), default=0)


def classes() -> set[type]:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(gradwerk.__path__, "gradwerk.")
        if not found.name.endswith("__main__")
    ]
    held = [(module, value) for module in modules for value in vars(module).values() if inspect.isclass(value)]
    return {value for module, value in held if value.__module__ == module.__name__}


def test_no_class_is_deep() -> None:
    known = classes()
    assert {name_of(cls) for cls in known} >= BASES.keys()
    deep = {name_of(cls): [name_of(base) for base in cls.__mro__[1:-1]] for cls in known if steps(cls) > MOST}
    assert not deep


def test_the_count_is_right() -> None:
    class First: ...

    class Second(First): ...

    class Third(Second): ...

    class Fourth(Third): ...

    for cls in (First, Second, Third, Fourth):
        cls.__module__ = "gradwerk.test"
    assert [steps(cls) for cls in (First, Second, Third, Fourth)] == [0, 1, 2, 3]
