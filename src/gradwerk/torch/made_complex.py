"""torch's functions of complex numbers."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from gradwerk.ops import complexes
from gradwerk.torch import arguments
from gradwerk.torch.complexes import parts
from gradwerk.torch.functions import function_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A001, A002  torch's names
angle, conj, is_complex = function_of(Tensor.angle), function_of(Tensor.conj), function_of(Tensor.is_complex)
conj_physical, resolve_conj = function_of(Tensor.conj_physical), function_of(Tensor.resolve_conj)


@as_recorded()
def complex(real: Tensor, imag: Tensor) -> Tensor:
    """real + i imag."""
    return complexes.from_parts(*parts("complex", real, imag, ("real", "imag")))


@as_recorded()
def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """abs * e**(i angle)."""
    return complexes.polar(*parts("polar", abs, angle, ("abs", "angle")))


@as_recorded()
def real(input: Tensor) -> Tensor:
    """The real part; of real numbers themselves."""
    arguments.tensor("real", input)
    return input.real


@as_recorded()
def imag(input: Tensor) -> Tensor:
    """The imaginary part.  Raises: DTypeError for real numbers."""
    arguments.tensor("imag", input)
    return input.imag


@as_recorded()
def view_as_real(input: Tensor) -> Tensor:
    """Real and imaginary part along a new last axis: a copy."""
    arguments.tensor("view_as_real", input)
    return complexes.view_as_real(input)


@as_recorded()
def view_as_complex(input: Tensor) -> Tensor:
    """Complex numbers of the two parts along the last axis: a copy."""
    arguments.tensor("view_as_complex", input)
    return complexes.view_as_complex(input)
