"""torch.optim.swa_utils: averages of a model's weights, and the learning rate that goes with them."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn import annealing, averaging
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.layers import _BatchNorm
from gradwerk.torch.nn.module import Module
from gradwerk.torch.optim.optimizers import Optimizer
from gradwerk.torch.optim.scheduler import LRScheduler, for_groups
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001, FBT002  torch's signatures

Average = Callable[[Tensor, Tensor, Any], Tensor]
"""(the average, the weight, of how many it is the average) -> the new average."""
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]
"""The same of many, in place."""


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """decay * average + (1 - decay) * weight.  Raises: ArgumentError for a decay that is not between 0 and 1."""
    checked_decay(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:  # noqa: ANN401
        with no_grad():
            made: Tensor = averaging.leaky(_floating(ema_param), _floating(current_param), decay)
            return made

    return ema_update


def get_swa_avg_fn() -> Average:
    """The mean of all weights so far: average + (weight - average) / (count + 1)."""

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:  # noqa: ANN401
        with no_grad():
            made: Tensor = averaging.running(_floating(averaged_param), _floating(current_param), float(num_averaged))
            return made

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """`get_ema_avg_fn` of many, in place.  Raises: ArgumentError."""
    checked_decay(decay)

    def ema_update(ema_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], num_averaged: Any) -> None:  # noqa: ANN401
        _toward(ema_param_list, current_param_list, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> Averages:
    """`get_swa_avg_fn` of many, in place."""

    def swa_update(averaged_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], num_averaged: Any) -> None:  # noqa: ANN401
        _toward(averaged_param_list, current_param_list, 1 / (float(num_averaged) + 1))

    return swa_update


def checked_decay(decay: float) -> None:
    """Raises: ArgumentError for what is not between 0 and 1."""
    if not 0.0 <= decay <= 1.0:
        raise ArgumentError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _floating(x: Tensor) -> Tensor:
    """Whole numbers as float64: what is written back is cut off again."""
    return x if dtypes.is_float(x.dtype) or dtypes.is_complex(x.dtype) else x.double()


def _toward(averages: Sequence[Tensor], weights: Sequence[Tensor], share: float) -> None:
    """Each average goes a share of the way to its weight, in place."""
    with no_grad():
        for average, weight in zip(averages, weights, strict=True):
            start, end = _floating(average), _floating(weight)
            average.copy_(start.lerp(end, share))


class AveragedModel(Module):
    """A copy of a model whose weights are averages of those that `update_parameters` has seen; `avg_fn` says which, the mean without one.

    With `use_buffers` buffers are averaged too, else they are those of the last model.
    """

    n_averaged: Tensor

    def __init__(
        self, model: Module, device: Any = None, avg_fn: Average | None = None,  # noqa: ANN401  any word for a device
        multi_avg_fn: Averages | None = None, use_buffers: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ArgumentError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", Tensor.of(np.zeros((), np.int64)))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the model's
        """The averaged model's answer."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Takes the weights of a model into the average; of the first it is a copy."""
        both = [self.module, model]
        kept = [list(itertools.chain(m.parameters(), m.buffers() if self.use_buffers else ())) for m in both]
        pairs = [(average.detach(), weight.detach()) for average, weight in zip(*kept, strict=True)]
        count = int(self.n_averaged.item())
        with no_grad():
            if count == 0:
                for average, weight in pairs:
                    average.copy_(weight)
            elif self.multi_avg_fn is not None:
                for dtype in dict.fromkeys(average.dtype for average, _ in pairs):
                    alike = [pair for pair in pairs if pair[0].dtype == dtype]
                    self.multi_avg_fn([average for average, _ in alike], [weight for _, weight in alike], self.n_averaged)
            else:
                mean = self.avg_fn or get_swa_avg_fn()
                for average, weight in pairs:
                    average.copy_(mean(average, weight, self.n_averaged))
            if not self.use_buffers:
                for mine, other in zip(self.module.buffers(), model.buffers(), strict=True):
                    mine.detach().copy_(other.detach())
            self.n_averaged.add_(1)


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:  # noqa: ANN401  any word for a device
    """Makes the running statistics of batch normalisation anew, each the mean over all batches of a loader: averaged weights have others.

    Of a batch that is a list or tuple the first entry is the input.
    """
    layers = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not layers:
        return
    was_training = model.training
    model.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    try:
        with no_grad():
            for batch in loader:
                x = batch[0] if isinstance(batch, list | tuple) else batch
                model(x if device is None else x.to(device))
    finally:
        for layer, momentum in layers.items():
            layer.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From the present rate to `swa_lr` within `anneal_epochs`, along a cosine or in a line, and constant from then on."""

    def __init__(
        self, optimizer: Optimizer, swa_lr: float | list[float], anneal_epochs: int = 10, anneal_strategy: str = "cos", last_epoch: int = -1
    ) -> None:
        for rate, group in zip(for_groups("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ArgumentError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates of this epoch: the mixture before it says where each began."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = (self._share(max(0.0, min(1.0, n / max(1, self.anneal_epochs)))) for n in (step - 1, step))
        ends = [group["swa_lr"] for group in self.optimizer.param_groups]
        return [annealing.went_on(rate, end, before, now) for rate, end in zip(self.rates(), ends, strict=True)]

    def _share(self, done: float) -> float:
        """How much of the way is done."""
        return (1 - math.cos(math.pi * done)) / 2 if self._anneal_strategy == "cos" else done


__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn", "update_bn"]

__getattr__ = ORIGINAL.module("torch.optim.swa_utils", __name__)
