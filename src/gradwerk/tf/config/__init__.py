"""tf.config: the devices that there are: the CPU."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.config import experimental as experimental
from gradwerk.tf.config.devices import LogicalDevice as LogicalDevice
from gradwerk.tf.config.devices import LogicalDeviceConfiguration as LogicalDeviceConfiguration
from gradwerk.tf.config.devices import PhysicalDevice as PhysicalDevice
from gradwerk.tf.config.devices import get_logical_device_configuration as get_logical_device_configuration
from gradwerk.tf.config.devices import get_soft_device_placement as get_soft_device_placement
from gradwerk.tf.config.devices import get_visible_devices as get_visible_devices
from gradwerk.tf.config.devices import list_logical_devices as list_logical_devices
from gradwerk.tf.config.devices import list_physical_devices as list_physical_devices
from gradwerk.tf.config.devices import set_logical_device_configuration as set_logical_device_configuration
from gradwerk.tf.config.devices import set_soft_device_placement as set_soft_device_placement
from gradwerk.tf.config.devices import set_visible_devices as set_visible_devices
from gradwerk.tf.functions.function import functions_run_eagerly as functions_run_eagerly
from gradwerk.tf.functions.function import run_functions_eagerly as run_functions_eagerly

__getattr__ = ORIGINAL.module("tf.config", __name__)
