"""torch.nn's activations as layers: the work is done by `functional`."""

from __future__ import annotations

import numpy as np

from gradwerk.base.errors import ShapeError
from gradwerk.torch import arguments
from gradwerk.torch.nn import activations
from gradwerk.torch.nn.checks import count
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


class _InPlace(Module):
    """A function of each element, without numbers of its own; with `inplace` over the input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """torch's text."""
        return "inplace=True" * self.inplace


class SELU(_InPlace):
    """elu of alpha 1.673, times 1.051."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.selu`."""
        return activations.selu(input, self.inplace)


class SiLU(_InPlace):
    """x sigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.silu`."""
        return activations.silu(input, self.inplace)


class Mish(_InPlace):
    """x tanh(log(1 + e**x))."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.mish`."""
        return activations.mish(input, self.inplace)


class Hardsigmoid(_InPlace):
    """(x + 3) / 6 held between 0 and 1."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.hardsigmoid`."""
        return activations.hardsigmoid(input, self.inplace)


class Hardswish(_InPlace):
    """x times (x + 3) / 6 held between 0 and 1."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.hardswish`."""
        return activations.hardswish(input, self.inplace)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.tanhshrink`."""
        return activations.tanhshrink(input)


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.softsign`."""
        return activations.softsign(input)


class LogSigmoid(Module):
    """log(1 / (1 + e**-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.logsigmoid`."""
        return activations.logsigmoid(input)


class ELU(Module):
    """x above 0, else alpha (e**x - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.elu`."""
        return activations.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"alpha={self.alpha}" + ", inplace=True" * self.inplace


class CELU(Module):
    """x above 0, else alpha (e**(x / alpha) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.celu`."""
        return activations.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"alpha={self.alpha}" + ", inplace=True" * self.inplace


class LeakyReLU(Module):
    """x above 0, else negative_slope * x."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.leaky_relu`."""
        return activations.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"negative_slope={self.negative_slope}" + ", inplace=True" * self.inplace


class Hardshrink(Module):
    """x where |x| is above lambd, else 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.hardshrink`."""
        return activations.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """torch's text."""
        return str(self.lambd)


class Softshrink(Module):
    """x moved toward 0 by lambd, or 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.softshrink`."""
        return activations.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """torch's text."""
        return str(self.lambd)


class Hardtanh(Module):
    """x held between two bounds."""

    @as_recorded()
    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.hardtanh`."""
        return activations.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"min_val={self.min_val}, max_val={self.max_val}" + ", inplace=True" * self.inplace


class ReLU6(Hardtanh):
    """x held between 0 and 6."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return "inplace=True" * self.inplace


class Threshold(Module):
    """x above the threshold, else a value."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.threshold`."""
        return activations.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"threshold={self.threshold}, value={self.value}" + ", inplace=True" * self.inplace


class RReLU(Module):
    """x above 0, else a slope times x: drawn from lower to upper while training, else their mean."""

    def __init__(self, lower: float = 0.125, upper: float = 0.3333333333333333, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.rrelu`."""
        return activations.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"lower={self.lower}, upper={self.upper}" + ", inplace=True" * self.inplace


class PReLU(Module):
    """x above 0, else weight * x.  Parameter: weight (num_parameters,): one, or one for each channel (axis 1)."""

    @as_recorded()
    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__()
        self.num_parameters, self.init = count("PReLU", "num_parameters", num_parameters), init
        self.weight = Parameter(Tensor.of(np.full(num_parameters, init, np.float32)))

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.prelu`."""
        return activations.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"num_parameters={self.num_parameters}"


class Softplus(Module):
    """log(1 + e**(beta x)) / beta; x where beta x is above the threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.softplus`."""
        return activations.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"beta={self.beta}, threshold={self.threshold}"


class GELU(Module):
    """x times the normal distribution function at x; with `approximate="tanh"` by tanh."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.gelu`."""
        return activations.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """The first half of an axis times the sigmoid of the second."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.glu`."""
        return activations.glu(input, self.dim)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"dim={self.dim}"


class Softmin(Module):
    """exp(-x) / sum(exp(-x)) along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.softmin`."""
        return activations.softmin(input, self.dim)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"dim={self.dim}"


class Softmax2d(Module):
    """exp(x) / sum(exp(x)) over the channels.  Shape: (N, C, H, W) or (C, H, W), kept.  Raises: ShapeError for other ranks."""

    def forward(self, input: Tensor) -> Tensor:
        """The softmax along axis -3."""
        arguments.tensor("Softmax2d", input, arrays=False)
        if input.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return input.softmax(-3)
