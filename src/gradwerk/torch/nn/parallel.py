"""torch.nn.DataParallel on a machine without GPUs: the module itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.distributed import get_world_size
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded

OF_GROUPS = (
    "device_ids", "output_device", "dim", "broadcast_buffers", "init_sync", "process_group", "bucket_cap_mb", "find_unused_parameters",
    "check_reduction", "gradient_as_bucket_view", "static_graph", "delay_all_reduce_named_params", "param_to_hook_all_reduce",
    "mixed_precision", "device_mesh", "skip_all_reduce_unused_params",
)  # fmt: skip
"""Options about how processes share gradients."""


class DataParallel(Module):
    """Calls the module: there are no devices that a batch could be shared among, as in torch without GPUs.

    The names in its state begin with `module.`.
    """

    @as_recorded(ignored=("device_ids", "output_device", "dim"))
    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """What the module gives."""
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """Calls the module: in a group of one process there is nobody to share gradients with.

    Args:
        module: it.  The names in its state begin with `module.`.

    Raises: StateError without a group (torch.distributed.init_process_group).
    """

    @as_recorded(name="nn.parallel.DistributedDataParallel", ignored=OF_GROUPS)
    def __init__(self, module: Module) -> None:
        super().__init__()
        get_world_size()
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """What the module gives."""
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """A block in which nothing is shared, as outside of it."""
        yield


def data_parallel(module: Module, inputs: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0, module_kwargs: Any = None) -> Any:  # noqa: ANN401, E501
    """What the module gives for the inputs, one or a tuple."""
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*given, **(module_kwargs or {}))


__getattr__ = ORIGINAL.module("torch.nn.parallel", __name__)
