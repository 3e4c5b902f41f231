"""EinsumDense: a dense layer over any axes, named by an equation."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import activations, initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.contents import arguments_of
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Array, Layer, Shape
from gradwerk.keras.options import LayerOptions, checked_except, positive_integer
from gradwerk.nn import init
from gradwerk.ops.einsum import einsum
from gradwerk.ops.elementwise import add

Operand = Any
"""A Tensor."""
FORMS = tuple(re.compile(form) for form in (
    r"([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", r"(\.\.\.[a-zA-Z]+),([a-zA-Z]+)->(\.\.\.[a-zA-Z]+)",
    r"([a-zA-Z]{2,}\.\.\.),([a-zA-Z]+)->([a-zA-Z]+\.\.\.)",
))  # fmt: skip


class Shapes(NamedTuple):
    """What an equation says for inputs of a shape."""

    kernel: tuple[int, ...]
    bias: tuple[int, ...] | None
    output: Shape
    read: tuple[int, ...]
    """The axes of the kernel that are summed."""


@fixed(once_built=("equation", "bias_axes"))
class EinsumDense(Layer):
    """y = activation(einsum(equation, x, kernel) + bias).

    Shape: as the equation says: "abc,cd->abd" is a Dense of sequences, "...x,xy->...y" of any input.
    Weights: kernel; bias where there are `bias_axes`.
    Raises: ArgumentError for what is no equation of two operands, ShapeError for extents that do not fit it.

    Args:
        equation: einsum's, of the input and the kernel.
        output_shape: that of the result without the batch (and without what `...` stands for); None where the input says it.
        activation: of the result.
        bias_axes: the letters of the result along which the bias has its numbers.
    """

    weight_options = ("kernel", "bias")
    computes_in = np.float32

    @checked_except("equation", "output_shape", "bias_axes")
    def __init__(
        self, equation: str, output_shape: int | Sequence[int | None], activation: ActivationLike = None, bias_axes: str | None = None,
        kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.equation = equation
        made = _operands(equation)[2]
        given = output_shape if isinstance(output_shape, (list, tuple)) else [output_shape]
        self.partial_output_shape = tuple(
            extent if extent is None else positive_integer("EinsumDense", "output_shape", extent) for extent in given
        )
        if bias_axes is not None and (not isinstance(bias_axes, str) or not bias_axes or not {*bias_axes} <= {*made} - {"."}):
            raise ArgumentError(f"EinsumDense: bias_axes are letters of the result {made!r}, these are {bias_axes!r}")
        self.bias_axes, self.activation = bias_axes, activations.get(activation)
        self.kernel_initializer, self.bias_initializer = initializers.get(kernel_initializer), initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        found = self._shapes(input_shape)
        self.kernel = self.add_weight(found.kernel, lambda shape: drawn(self.kernel_initializer, shape, found.read), name="kernel")
        self.bias = None if found.bias is None else self.add_weight(found.bias, self.bias_initializer, name="bias")

    def call(self, inputs: Operand) -> Operand:
        """See `einsum`."""
        y = einsum(self.equation, floating(inputs), self.kernel)
        return activations.get(self.activation)(y if self.bias is None else add(y, self.bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """As the equation says."""
        return self._shapes(input_shape).output

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        own = arguments_of(self, {"output_shape"})
        return {**self.base_config(), **own, "output_shape": self.partial_output_shape}

    def _shapes(self, input_shape: Shape) -> Shapes:
        """See `Shapes`.  Raises: ShapeError, ArgumentError."""
        read, taken, made = _operands(self.equation)
        elided = len(input_shape) - len(read.replace("...", ""))
        facts = (f"input   {tuple(input_shape)}      equation {self.equation}      output_shape {self.partial_output_shape}",)
        if elided < 0 or (elided and "..." not in read):
            raise ShapeError(f"{self.label}: the equation is of other axes than the input has", facts=facts)
        own, gives = _letters(read, elided), _letters(made, elided)
        extents = dict(zip(own, input_shape, strict=True))
        said = [input_shape[0], *self.partial_output_shape]
        said = said[:1] + ([extents[name] for name in own[1:elided]] + said[1:] if made.startswith(".") else said[1:])
        said += [extents[name] for name in own[len(own) - elided :]] if made.endswith(".") else []
        if len(said) != len(gives):
            raise ShapeError(f"{self.label}: output_shape has other axes than the equation's result", facts=facts)
        output: list[int | None] = []
        for name, extent in zip(gives, said, strict=True):
            known = extents.get(name)
            if None not in (known, extent) and known != extent:
                raise ShapeError(f"{self.label}: axis {name!r} is {known} in the input and {extent} in output_shape", facts=facts)
            output.append(known if extent is None else extent)
        extents |= dict(zip(gives, output, strict=True))
        kernel = []
        for name in taken:
            extent = extents.get(name)
            if extent is None:
                raise ShapeError(f"{self.label}: the extent of axis {name!r}, which the kernel has, is not known", facts=facts)
            kernel.append(extent)
        summed = tuple(k for k, name in enumerate(taken) if name not in gives)
        return Shapes(tuple(kernel), self._bias(gives, tuple(output)), tuple(output), summed)

    def _bias(self, gives: Sequence[str], output: Shape) -> tuple[int, ...] | None:
        """The shape of the bias.  Raises: ShapeError where an extent of it is not known."""
        if self.bias_axes is None:
            return None
        first = min(gives.index(name) for name in self.bias_axes)
        shape = [extent if name in self.bias_axes else 1 for name, extent in zip(gives[first:], output[first:], strict=True)]
        if None in shape:
            raise ShapeError(f"{self.label}: an extent along bias_axes={self.bias_axes!r} is not known", facts=(f"output  {output}",))
        return tuple(extent for extent in shape if extent is not None)


def _operands(equation: Any) -> tuple[str, str, str]:  # noqa: ANN401
    """The letters of input, kernel and result.  Raises: ArgumentError for what is no such equation."""
    found = next((match for form in FORMS if isinstance(equation, str) and (match := form.fullmatch(equation))), None)
    if found is None:
        forms = "'X,Y->Z', '...X,Y->...Z' or 'X...,Y->Z...'"
        raise ArgumentError(f"EinsumDense: {equation!r} is no equation of an input and a kernel", facts=(f"forms   {forms}",))
    read, taken, made = found.groups()
    lost = [name for name in made.replace(".", "") if name not in read + taken]
    lost += [name for name in taken if name not in read + made]
    if lost:
        raise ArgumentError(f"EinsumDense: {equation!r} has a letter, {lost[0]!r}, that stands nowhere else")
    return read, taken, made


def _letters(names: str, elided: int) -> list[str]:
    """A name for each axis, those of `...` by number."""
    numbered = [str(k) for k in range(elided)]
    if names.startswith("."):
        return [*numbered, *names[3:]]
    return [*names.removesuffix("..."), *(numbered if names.endswith(".") else [])]


def drawn(initializer: Any, shape: tuple[int, ...], read: Sequence[int]) -> Array:  # noqa: ANN401  an Initializer
    """The start of a kernel: what draws by the number of inputs and outputs is asked for a matrix of these."""
    if not isinstance(getattr(initializer, "rule", None), init.VarianceScaling):
        return np.asarray(initializer(shape))
    order = [*read, *(k for k in range(len(shape)) if k not in read)]
    turned = tuple(shape[k] for k in order)
    inside = math.prod(turned[: len(read)])
    matrix = np.asarray(initializer((inside, math.prod(turned[len(read) :]))))
    return matrix.reshape(turned).transpose([order.index(k) for k in range(len(shape))])
