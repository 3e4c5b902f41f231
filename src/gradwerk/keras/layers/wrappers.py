"""Wrapper, Bidirectional and TimeDistributed: layers around another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self, Unpack

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.base.trees import flatten
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.rebuilt import copied, made_of, said
from gradwerk.keras.options import LayerOptions, checked_except
from gradwerk.ops.arrangement import stack
from gradwerk.ops.elementwise import add, mul
from gradwerk.ops.movement import concatenate, flip, reshape

Operand = Any
"""A Tensor."""
Merge = Callable[[Operand, Operand], Operand]


class Wrapper(Layer):
    """A layer around another one, which a subclass calls.

    Shape: as a subclass says.  Weights: those of the layer.  Raises: ArgumentError for what is no layer.
    """

    @checked_except("layer")
    def __init__(self, layer: Layer, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.layer = _checked(type(self).__name__, layer)

    def build(self, input_shape: Shape) -> None:
        """Builds the layer."""
        self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments, the layer as its class and config."""
        return {**self.base_config(), "layer": said(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, type] | None = None) -> Self:
        """A layer from `get_config`'s answer; `custom_objects` are classes of one's own, by name."""
        made: Self = made_of(cls, config, custom_objects)
        return made


class TimeDistributed(Wrapper):
    """The layer on each step of a sequence by itself, with the same weights.

    A layer that computes alike in training and in inference sees all steps at once, as one larger batch; any other step by step.

    Shape: (batch, time, ...) -> (batch, time, ...) of what the layer makes of (batch, ...).
    Raises: ShapeError for fewer than three axes, and for a mask of other steps.
    """

    supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Builds the layer for one step."""
        self.layer.build_for(_of_step(input_shape))

    def call(self, inputs: Operand, training: bool | None = None, mask: Any = None) -> Operand:  # noqa: ANN401, FBT001
        """See the class."""
        batch, time = _of_step(inputs.shape)[0], inputs.shape[1]
        if mask is not None and tuple(mask.shape[:2]) != (batch, time):
            raise ShapeError(
                f"{self.label}: the mask is for other steps", facts=(f"mask {tuple(mask.shape)}      inputs {tuple(inputs.shape)}",)
            )
        takes_mask = mask is not None and self.layer.mask_place is not None
        if not training or not any(isinstance(one, Layer) and one.training_place is not None for one in self.layer.modules()):
            given = {"mask": reshape(mask, (batch * time, *mask.shape[2:]))} if takes_mask else {}
            y = self.layer(reshape(inputs, (batch * time, *inputs.shape[2:])), **given)
            return reshape(y, (batch, time, *y.shape[1:]))
        steps = [self.layer(inputs[:, k], **({"mask": mask[:, k]} if takes_mask else {})) for k in range(time)]
        return stack(steps, 1)

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """That of the layer."""
        return self.layer.result_dtype(symbols)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """That of the layer for one step, with the axis of time."""
        first, *rest = self.layer.compute_output_shape(_of_step(input_shape))
        return (first, input_shape[1], *rest)


MERGES: Mapping[str, Merge] = MappingProxyType({
    "concat": lambda x, y: concatenate([x, y], -1), "sum": add, "ave": lambda x, y: mul(add(x, y), 0.5), "mul": mul,
})  # fmt: skip


class Bidirectional(Layer):
    """A recurrent layer over a sequence, and an equal one, or `backward_layer`, over it from its end; and what is made of both.

    The layers are new ones, named forward_ and backward_ with the name of the one that is given.

    Args:
        merge_mode: "concat", "sum", "mul" or "ave" of both results; None gives both.
    Shape: that of the layer, with "concat" twice as wide; with `return_state` the states of both behind it, in a list.
    Raises: ArgumentError for what is no recurrent layer, and for two that go the same way or give other things.
    """

    @checked_except("layer")
    def __init__(
        self, layer: Layer, merge_mode: str | None = "concat", weights: Sequence[Any] | None = None, backward_layer: Layer | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        if merge_mode is not None and merge_mode not in MERGES:
            raise ArgumentError(f"Bidirectional: merge_mode={merge_mode!r} is not known", facts=(f"allowed: {', '.join(MERGES)}, None",))
        for one in (layer,) if backward_layer is None else (layer, backward_layer):
            if not hasattr(_checked("Bidirectional", one), "go_backwards"):
                raise ArgumentError(f"Bidirectional takes a recurrent layer, {one.label} is none")
        self.forward_layer = copied(layer, name=f"forward_{layer.name.removeprefix('forward_')}")
        self.backward_layer: Any = backward_layer
        if backward_layer is None:
            name = f"backward_{layer.name.removeprefix('backward_')}"
            self.backward_layer = copied(layer, name=name, go_backwards=not self.forward_layer.go_backwards)
        self._check_both()
        for one in (self.forward_layer, self.backward_layer):
            if hasattr(one, "zero_output_for_mask"):
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode, self._starts = merge_mode, weights

    def _check_both(self) -> None:
        """Raises: ArgumentError for two layers that do not go together."""
        one, other = self.forward_layer, self.backward_layer
        if one.go_backwards == other.go_backwards:
            raise ArgumentError(f"Bidirectional: both layers have go_backwards={one.go_backwards}")
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(one, name) != getattr(other, name):
                raise ArgumentError(f"Bidirectional: the layers differ in {name}: {getattr(one, name)} and {getattr(other, name)}")

    @property
    def return_sequences(self) -> bool:
        """Whether it gives a result for every step."""
        return bool(self.forward_layer.return_sequences)

    @property
    def return_state(self) -> bool:
        """Whether it gives the last states."""
        return bool(self.forward_layer.return_state)

    @property
    def stateful(self) -> bool:
        """Whether a batch goes on where the last one ended."""
        return bool(self.forward_layer.stateful)

    def build_for_call(self, x: Any) -> None:  # noqa: ANN401
        """With `stateful` for batches of this size alone."""
        if self.stateful and not self.built:
            self.build(tuple(x.shape))
        else:
            super().build_for_call(x)

    def build(self, input_shape: Shape) -> None:
        """Builds both."""
        self.forward_layer.build(input_shape)
        self.backward_layer.build(input_shape)
        if self._starts is not None:
            self.set_weights(list(self._starts))

    def call(self, sequences: Operand, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:  # noqa: ANN401, FBT001  Keras' signature
        """See the class; the first half of `initial_state` is for the forward layer."""
        half = 0 if initial_state is None else len(initial_state) // 2
        starts = (None, None) if initial_state is None else (list(initial_state[:half]), list(initial_state[half:]))
        sequences = floating(sequences)
        both = (self.forward_layer, self.backward_layer)
        y, back = (one(sequences, initial_state=start, mask=mask) for one, start in zip(both, starts, strict=True))
        states = []
        if self.return_state:
            states = [*y[1:], *back[1:]]
            y, back = y[0], back[0]
        if self.return_sequences:
            back = flip(back, (1,))
        if self.merge_mode is None:
            return [y, back, *states]
        merged = MERGES[self.merge_mode](y, back)
        return [merged, *states] if states else merged

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """That of the layers."""
        return str(self.forward_layer.result_dtype(symbols))

    def compute_output_shape(self, input_shape: Shape, initial_state_shape: Any = None) -> Any:  # noqa: ANN401  a shape, or a list of them
        """See the class."""
        shape, states = self.forward_layer.compute_output_shape(input_shape), []
        if self.return_state:
            shape, *states = shape
        if self.merge_mode is None:
            return [shape, shape, *states, *states]
        merged = (*shape[:-1], 2 * shape[-1]) if self.merge_mode == "concat" else shape
        return [merged, *states, *states] if states else merged

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:  # noqa: ANN401
        """That of the sequences, for results of all steps; else none."""
        found = flatten(previous_mask)[0] if self.return_sequences else None
        return [found] if self.merge_mode is not None else [found, found]

    def reset_state(self) -> None:
        """The next batch of a stateful layer begins anew."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def get_config(self) -> dict[str, Any]:
        """The arguments, both layers as their classes and configs."""
        return {
            **self.base_config(), "merge_mode": self.merge_mode,
            "layer": said(self.forward_layer), "backward_layer": said(self.backward_layer),
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, type] | None = None) -> Self:
        """A layer from `get_config`'s answer; `custom_objects` are classes of one's own, by name."""
        made: Self = made_of(cls, config, custom_objects)
        return made


def _checked(owner: str, layer: Any) -> Layer:  # noqa: ANN401
    """Raises: ArgumentError for what is no layer."""
    if isinstance(layer, Layer):
        return layer
    likely = f"write {layer.__name__}(...)" if isinstance(layer, type) else ""
    raise ArgumentError(f"{owner} takes a layer, this is {layer!r}", likely=likely)


def _of_step(shape: Sequence[Any]) -> Any:  # noqa: ANN401  a shape
    """The shape of one step.  Raises: ShapeError for what is no sequence."""
    if len(shape) < 3:
        raise ShapeError(f"the input must be (batch, time, ...) of at least three axes, it is {tuple(shape)}")
    return (shape[0], *shape[2:])
