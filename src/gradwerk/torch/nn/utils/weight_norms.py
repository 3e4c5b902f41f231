"""torch.nn.utils.weight_norm and spectral_norm: weights of a norm that is trained by itself, and of spectral norm 1."""

from __future__ import annotations

from typing import Any, TypeVar

from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import warn
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.creation import randn
from gradwerk.torch.nn.convolution_layers import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from gradwerk.torch.nn.functional import normalize
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.utils.computed import compute, computed, keep
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: ANN401  Tensors
M = TypeVar("M", bound=Module)


def norm_except(v: Any, dim: int | None) -> Any:
    """The norm over all axes but one, which are kept; over all for None or -1."""
    if dim is None or dim == -1:
        return (v * v).sum().sqrt()
    return (v * v).sum([k for k in range(v.ndim) if k != dim % v.ndim], keepdim=True).sqrt()


def as_matrix(weight: Any, dim: int) -> Any:
    """The weight as a matrix whose rows are along an axis."""
    turned = weight if dim == 0 else weight.permute(dim, *[k for k in range(weight.ndim) if k != dim])
    return turned.reshape(turned.shape[0], -1)


def axis_of(module: Module, dim: int | None) -> int:
    """Along which axis outputs lie, unless it is said."""
    turned = isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d)
    return (1 if turned else 0) if dim is None else dim


def iterate(matrix: Any, u: Any, v: Any, times: int, eps: float) -> None:
    """Steps of the power iteration on both vectors, in place."""
    with no_grad():
        for _ in range(times):
            v.copy_(normalize(matrix.t() @ u, dim=0, eps=eps))
            u.copy_(normalize(matrix @ v, dim=0, eps=eps))


def by_spectrum(weight: Any, dim: int, u: Any, v: Any) -> Any:
    """weight / (u^T W v).  The vectors are read as they are now: later iterations write them."""
    return weight / (u.clone() @ (as_matrix(weight, dim) @ v.clone()))


class WeightNorm:
    """weight = g v / |v|, the norm over all axes but `dim`."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, dim

    def value(self, module: Any) -> Any:
        """The weight."""
        v = getattr(module, f"{self.name}_v")
        return v * (getattr(module, f"{self.name}_g") / norm_except(v, self.dim))

    def assign(self, module: Any, value: Any) -> None:
        """Raises: ArgumentError."""
        raise ArgumentError(f"{self.name} is computed of {self.name}_g and {self.name}_v", likely=f"set {self.name}_g and {self.name}_v")


@as_recorded(name="nn.utils.weight_norm")
def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """A weight as g v / |v|: parameters `weight_g` and `weight_v`.  Deprecated in PyTorch: `parametrizations.weight_norm`.

    Args:
        module: it.
        name: of the parameter.
        dim: the axis along which norms are apart; None for one norm.

    Raises: ArgumentError for one that has it already.

    Source: https://arxiv.org/abs/1602.07868
    """
    warn("`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.", FutureWarning)
    if isinstance(computed(module).get(name), WeightNorm):
        raise ArgumentError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    weight = getattr(module, name)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(norm_except(weight.detach(), dim)))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    compute(module, name, WeightNorm(name, dim))
    return module


@as_recorded(name="nn.utils.remove_weight_norm")
def remove_weight_norm(module: M, name: str = "weight") -> M:
    """The weight as one parameter again.  Raises: ArgumentError for one that has no norm of its own."""
    if not isinstance(computed(module).get(name), WeightNorm):
        raise ArgumentError(f"weight_norm of {name!r} not found in {module}")
    weight = getattr(module, name).detach()
    for part in ("g", "v"):
        delattr(module, f"{name}_{part}")
    keep(module, name, Parameter(weight))
    return module


class SpectralNorm:
    """weight = W / sigma, its largest singular value by power iteration: a step before each call in training."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        self.name, self.n_power_iterations, self.dim, self.eps = name, n_power_iterations, dim, eps
        self.handle: Any = None

    def parts(self, module: Any) -> tuple[Any, Any, Any]:
        """The weight as it is trained, and both vectors."""
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        return weight, u, v

    def value(self, module: Any) -> Any:
        """The weight."""
        weight, u, v = self.parts(module)
        return by_spectrum(weight, self.dim, u, v)

    def assign(self, module: Any, value: Any) -> None:
        """Raises: ArgumentError."""
        raise ArgumentError(f"{self.name} is computed of {self.name}_orig", likely=f"set {self.name}_orig")

    def __call__(self, module: Any, args: Any) -> None:
        """Before a call."""
        if module.training:
            weight, u, v = self.parts(module)
            iterate(as_matrix(weight.detach(), self.dim), u, v, self.n_power_iterations, self.eps)


@as_recorded(name="nn.utils.spectral_norm")
def spectral_norm(module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None) -> M:
    """A weight over its spectral norm: the parameter `weight_orig`, and buffers `weight_u`, `weight_v`.

    Args:
        module: it.
        name: of the parameter.
        n_power_iterations: steps before each call in training.
        eps: the least norm of the vectors.
        dim: the axis of outputs; 1 of transposed convolutions and 0 of others, unless given.

    Raises: ArgumentError for one that has it already, and for fewer than one step.

    Source: https://arxiv.org/abs/1802.05957
    """
    if isinstance(computed(module).get(name), SpectralNorm):
        raise ArgumentError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    if n_power_iterations <= 0:
        raise ArgumentError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
    rule = SpectralNorm(name, n_power_iterations, axis_of(module, dim), eps)
    weight = getattr(module, name)
    matrix = as_matrix(weight.detach(), rule.dim)
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    for part, extent in zip(("u", "v"), matrix.shape, strict=True):
        module.register_buffer(f"{name}_{part}", normalize(randn(extent, dtype=weight.dtype), dim=0, eps=eps))
    compute(module, name, rule)
    rule.handle = module.register_forward_pre_hook(rule)
    return module


@as_recorded(name="nn.utils.remove_spectral_norm")
def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """The weight as one parameter again.  Raises: ArgumentError for one without."""
    rule = computed(module).get(name)
    if not isinstance(rule, SpectralNorm):
        raise ArgumentError(f"spectral_norm of {name!r} not found in {module}")
    weight: Tensor = getattr(module, name).detach()
    rule.handle.remove()
    for part in ("orig", "u", "v"):
        delattr(module, f"{name}_{part}")
    keep(module, name, Parameter(weight))
    return module
