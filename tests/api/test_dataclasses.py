"""Values that are compared hold nothing whose comparison is an array: `==` of such would be another thing in each version of Python."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re

import pytest

import gradwerk


def dataclasses_of_the_package() -> list[type]:
    """Every dataclass of every module."""
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(gradwerk.__path__, "gradwerk.")]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, type) and dataclasses.is_dataclass(value)]
    return sorted({cls for cls in found if cls.__module__.startswith("gradwerk")}, key=lambda cls: (cls.__module__, cls.__qualname__))


@pytest.mark.parametrize("cls", dataclasses_of_the_package(), ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}")
def test_no_comparison_reaches_an_array_or_a_tensor(cls: type) -> None:
    if not cls.__dataclass_params__.eq:
        return
    compared = [field for field in dataclasses.fields(cls) if field.compare]
    said = {field.name: re.sub(r"(type|Callable)\[.*\]", "", str(field.type)) for field in compared}
    wrong = [name for name, type_ in said.items() if re.search(r"\b(Array|Handle|Tensor|Parameter|ndarray|Storage)\b", type_)]
    assert not wrong, f"say eq=False of the class, or compare=False of {', '.join(wrong)}"
