"""tf.config.experimental: older names of tf.config."""

from __future__ import annotations

from typing import Any

from gradwerk.tf.config.devices import get_visible_devices as get_visible_devices
from gradwerk.tf.config.devices import list_logical_devices as list_logical_devices
from gradwerk.tf.config.devices import list_physical_devices as list_physical_devices
from gradwerk.tf.config.devices import set_visible_devices as set_visible_devices

# ruff: noqa: ANN401, FBT001  TensorFlow's signatures


def set_memory_growth(device: Any, enable: bool) -> None:
    """Taken: memory of the CPU is taken as it is needed."""


def get_memory_growth(device: Any) -> bool:
    """True."""
    return True

