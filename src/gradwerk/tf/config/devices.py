"""The devices that there are: the CPU."""

from __future__ import annotations

from typing import Any, NamedTuple

from gradwerk.base.errors import ArgumentError

# ruff: noqa: ANN401, FBT001  TensorFlow's signatures


class PhysicalDevice(NamedTuple):
    """A device of the machine."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device that operations can run on."""

    name: str
    device_type: str


class LogicalDeviceConfiguration(NamedTuple):
    """How much memory a device may take; taken."""

    memory_limit: Any = None
    experimental_priority: Any = None
    experimental_device_ordinal: Any = None


_CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of the machine, or those of a type: one CPU, no GPU."""
    return [_CPU] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The devices that operations can run on, or those of a type: one CPU."""
    return [LogicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices that are used, or those of a type."""
    return list_physical_devices(device_type)


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Which devices are used; the CPU is.  Raises: ArgumentError for another."""
    for one in devices if isinstance(devices, (list, tuple)) else [devices]:
        if one != _CPU:
            raise ArgumentError(f"{one!r} is no device of this machine")


def get_logical_device_configuration(device: Any) -> None:
    """None: devices are not divided."""


def set_logical_device_configuration(device: Any, logical_devices: Any) -> None:
    """One device stays one.  Raises: ArgumentError where it is to be several."""
    if len(logical_devices) > 1:
        raise ArgumentError("the CPU is one device here, and is not divided")


def get_soft_device_placement() -> bool:
    """True: operations run on the CPU whatever device is asked for."""
    return True


def set_soft_device_placement(enabled: bool) -> None:
    """Taken: operations run on the CPU whatever device is asked for."""



__all__ = [
    "LogicalDevice", "LogicalDeviceConfiguration", "PhysicalDevice", "get_logical_device_configuration", "get_soft_device_placement",
    "get_visible_devices", "list_logical_devices", "list_physical_devices", "set_logical_device_configuration",
    "set_soft_device_placement", "set_visible_devices",
]  # fmt: skip
