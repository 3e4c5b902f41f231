"""Keras' names: `Conv2D` becomes conv2d, the next one conv2d_1."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

_counts: defaultdict[str, int] = defaultdict(int)


IN_FULL: Mapping[str, str] = MappingProxyType({"GroupQueryAttention": "GroupedQueryAttention"})
"""Classes that Keras shows by another name than their own."""


def snake_case(name: str) -> str:
    """`BatchNormalization` -> `batch_normalization`, `LSTM` -> `lstm`."""
    name = IN_FULL.get(name, name)
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def unique_name(class_name: str) -> str:
    """The class's name in snake case, numbered from its second use on."""
    base = snake_case(class_name)
    number = _counts[base]
    _counts[base] = number + 1
    return f"{base}_{number}" if number else base


def forget_names() -> None:
    """Numbering starts again: keras.utils.clear_session."""
    _counts.clear()


def number_of_uses(prefix: str) -> int:
    """How often a name was given, this time too."""
    _counts[prefix] += 1
    return _counts[prefix]
