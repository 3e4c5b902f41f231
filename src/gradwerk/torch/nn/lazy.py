"""torch.nn.LazyLinear and others: layers that learn the size of their input from the first one, and are ordinary layers from then on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from gradwerk.base.errors import ShapeError, StateError
from gradwerk.tensor.handle import adopt
from gradwerk.tensor.state import mode
from gradwerk.torch.nn import convolution_layers, layers
from gradwerk.torch.nn.instance_norm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor


class UninitializedParameter:
    """A parameter whose shape is not known yet: one of no elements."""

    def __new__(cls, requires_grad: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002  torch's signature
        """A Parameter."""
        return Parameter(Tensor.of(np.zeros(0, np.float32)), requires_grad)


class Lazy(Module):
    """What all of them share.  A model is called once, on a batch of any size, before its parameters are read or compiled.

    Raises when called: StateError inside a compiled function, where no parameter can be made.
    """

    cls_to_become: ClassVar[type[Module]]
    size: ClassVar[str]
    """The argument that is learnt."""
    axis: ClassVar[int]
    """Along which axis of the input it lies."""
    held: ClassVar[tuple[str, ...]] = ("weight", "bias")

    @as_recorded()
    def __init__(self, **options: Any) -> None:  # noqa: ANN401  those of the layer
        super().__init__()
        likeness = self.cls_to_become(**{self.size: 0}, **options)  # for its text and its names
        self._later = (options, likeness)
        buffers = dict(likeness.named_buffers())
        for name in self.held:
            if name in buffers:
                self.register_buffer(name, Tensor.of(np.zeros(buffers[name].shape, buffers[name].dtype)))
            else:
                like = getattr(likeness, name)
                setattr(self, name, None if like is None else Parameter(Tensor.of(np.zeros(0, like.dtype))))

    def has_uninitialized_params(self) -> bool:
        """True: afterwards the class is another one."""
        return True

    def initialize_parameters(self, input: Tensor) -> None:  # noqa: A002  torch's name
        """Takes the size from an input and becomes the layer itself.  Raises: StateError, ShapeError for an input of too few axes."""
        name, axes = type(self).__name__, len(input.shape)
        if mode.trace is not None:
            raise StateError(f"{name}: its parameters are made by the first call", likely="call the model once before it is compiled")
        if not -axes <= self.axis < axes:
            problem = f"{name} learns its size from axis {self.axis} of the input, which has {axes}"
            raise ShapeError(problem, facts=(f"x {tuple(input.shape)}",))
        self._become(int(input.shape[self.axis]))

    def _expect(self, state: Mapping[str, Any]) -> None:
        """Takes the size from values of a layer that was called, by the axis of one that grows with the size."""
        options, likeness = self._later
        least = int(options.get("groups", 1))
        double = dict(self.cls_to_become(**{self.size: 2 * least}, **options).state_dict())
        for name, empty in likeness.state_dict().items():
            given = tuple(getattr(state.get(name), "shape", ()))
            for at, (none, grown) in enumerate(zip(empty.shape, double[name].shape, strict=True)):
                if none != grown and len(given) == len(empty.shape) and given[at]:
                    self._become(int(given[at]) * 2 * least // int(grown))
                    return

    def _become(self, size: int) -> None:
        """Becomes the layer of this size."""
        options, _ = self._later
        made = self.cls_to_become(**{self.size: size}, **options).train(self.training)
        before: dict[str, Any] = dict(self.named_parameters(recurse=False))
        del self._later
        for name in self.held:
            delattr(self, name)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]  # a layer of its family
        for name, value in vars(made).items():
            if name != "_persistent":
                setattr(self, name, value)
        vars(self)["_persistent"] = dict(made._buffer_names)
        for name, parameter in before.items():  # the same object, which an optimizer may hold already
            wanted = parameter.requires_grad
            adopt(parameter, getattr(made, name).detach())
            setattr(self, name, parameter)
            parameter.requires_grad_(wanted)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Becomes the layer, and is called as that."""
        self.initialize_parameters(args[0] if args else kwargs["input"])
        return self(*args, **kwargs)

    def extra_repr(self) -> str:
        """torch's text."""
        return self._later[1].extra_repr()


class LazyLinear(Lazy):
    """Linear, in_features learnt from the last axis of the first input."""

    cls_to_become, size, axis = layers.Linear, "in_features", -1


class LazyConv1d(Lazy):
    """Conv1d, in_channels learnt from axis -2 of the first input."""

    cls_to_become, size, axis = layers.Conv1d, "in_channels", -2


class LazyConv2d(Lazy):
    """Conv2d, in_channels learnt from axis -3 of the first input."""

    cls_to_become, size, axis = layers.Conv2d, "in_channels", -3


class LazyConv3d(Lazy):
    """Conv3d, in_channels learnt from axis -4 of the first input."""

    cls_to_become, size, axis = layers.Conv3d, "in_channels", -4


class LazyConvTranspose1d(Lazy):
    """ConvTranspose1d, in_channels learnt from axis -2 of the first input."""

    cls_to_become, size, axis = convolution_layers.ConvTranspose1d, "in_channels", -2


class LazyConvTranspose2d(Lazy):
    """ConvTranspose2d, in_channels learnt from axis -3 of the first input."""

    cls_to_become, size, axis = convolution_layers.ConvTranspose2d, "in_channels", -3


class LazyConvTranspose3d(Lazy):
    """ConvTranspose3d, in_channels learnt from axis -4 of the first input."""

    cls_to_become, size, axis = convolution_layers.ConvTranspose3d, "in_channels", -4


STATISTICS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


class LazyBatchNorm1d(Lazy):
    """BatchNorm1d, num_features learnt from axis 1 of the first input."""

    cls_to_become, size, axis, held = layers.BatchNorm1d, "num_features", 1, STATISTICS


class LazyBatchNorm2d(Lazy):
    """BatchNorm2d, num_features learnt from axis 1 of the first input."""

    cls_to_become, size, axis, held = layers.BatchNorm2d, "num_features", 1, STATISTICS


class LazyBatchNorm3d(Lazy):
    """BatchNorm3d, num_features learnt from axis 1 of the first input."""

    cls_to_become, size, axis, held = layers.BatchNorm3d, "num_features", 1, STATISTICS


class LazyInstanceNorm1d(Lazy):
    """InstanceNorm1d, num_features learnt from axis -2 of the first input."""

    cls_to_become, size, axis, held = InstanceNorm1d, "num_features", -2, STATISTICS


class LazyInstanceNorm2d(Lazy):
    """InstanceNorm2d, num_features learnt from axis -3 of the first input."""

    cls_to_become, size, axis, held = InstanceNorm2d, "num_features", -3, STATISTICS


class LazyInstanceNorm3d(Lazy):
    """InstanceNorm3d, num_features learnt from axis -4 of the first input."""

    cls_to_become, size, axis, held = InstanceNorm3d, "num_features", -4, STATISTICS
