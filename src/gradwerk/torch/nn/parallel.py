"""torch.nn.DataParallel on a machine without GPUs: the module itself."""

from __future__ import annotations

from typing import Any

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded


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


def data_parallel(module: Module, inputs: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0, module_kwargs: Any = None) -> Any:  # noqa: ANN401, E501
    """What the module gives for the inputs, one or a tuple."""
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*given, **(module_kwargs or {}))


__getattr__ = ORIGINAL.module("torch.nn.parallel", __name__)
