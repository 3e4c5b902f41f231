"""Layer: a Module that is built for the first input shape it meets, and carries Keras' names and habits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any, ClassVar, Self, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.origin import module_path
from gradwerk.keras import dtype_policies, filling
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers import building, penalties
from gradwerk.keras.layers.asked import Asked
from gradwerk.keras.layers.autocast import weights_cast
from gradwerk.keras.layers.calls import BY_NAME, calls, first_by_name, inside, place_of, training_is
from gradwerk.keras.layers.contents import arguments_of, check_arrays, extents_of
from gradwerk.keras.layers.drawing import draw, result_of
from gradwerk.keras.layers.inputs import as_inputs, shapes_of
from gradwerk.keras.layers.precision import Policied
from gradwerk.keras.layers.shapes import Shape, Shapes, output_shape_of
from gradwerk.keras.layers.symbolic import Noted, has_symbols
from gradwerk.keras.masked import handed_on, mask_for
from gradwerk.keras.naming import unique_name
from gradwerk.keras.options import NAME, SWITCH, TRUTH, LayerOptions, accepted, checked
from gradwerk.keras.rowed import called_on_rows, holds_rows
from gradwerk.keras.variables import Variable, Weight
from gradwerk.nn.configured import count_change
from gradwerk.nn.module import Module
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor

__all__ = ["Array", "Layer", "Shape"]

Array = np.ndarray[Any, np.dtype[Any]]
KNOWN: dict[str, Any] = {}
"""Keras' layers and models by name, once their modules are loaded: how files name them."""


@ORIGINAL.completes("keras.layers.Layer")
class Layer(Policied, Noted, Asked, Module):
    """The base of all layers.

    A subclass keeps each argument of its `__init__` under the same name, makes its weights in `build`, and computes in `call`; where the
    shape changes it may say its `compute_output_shape` (else `call` is tried on zeros).  Layers held as attributes, or in lists, tuples and
    dicts of them, are a part of it: their weights are its weights.  A `call` with an argument `training` is told.

    `dtype` is a policy (dtype_policies.py): floating inputs are cast to its compute dtype (unless `autocast` is False), and so are trained
    weights while `call` runs, where they are kept in another.

    Shape: inputs of any, as a subclass says.  Raises: ArgumentError for what is no dtype policy, and options of the wrong kind.
    """

    training = False
    name = ""
    built = False
    names_path: ClassVar[bool] = True
    """Whether the layer stands in the path that errors show."""
    computes_in: ClassVar[Any] = None
    """The dtype that arrays are cast to before `call`; None keeps integers.  A layer that says one takes one input."""
    keeps_shape: ClassVar[bool] = False
    """Whether the result has the shape of the input, whatever that is."""
    numbers_layers: bool = False
    """Whether the layers inside are known by their kind and number, not by attributes."""
    training_place: ClassVar[int | None] = None
    """Where `training` stands among the arguments of `call` (0 for the input); None where there is none, -1 where it is by name alone."""
    mask_place: ClassVar[int | None] = None
    """Where `mask` stands among them, likewise."""
    supports_masking: bool = False
    """Whether the mask of the input is handed on, as `compute_mask` says: so where a subclass writes that."""
    masks_inside: ClassVar[bool] = False
    """Whether the masks of the result are those that layers inside have given it."""
    further_shapes: ClassVar[tuple[str, ...]] = ()
    """What `build` is told besides the shape of the first input: `value_shape` is that of the argument `value` of `call`."""
    weight_options: ClassVar[tuple[str, ...]] = ()
    """The weights with options of their own: of `kernel` these are kernel_regularizer and kernel_constraint."""
    lends_place: ClassVar[str] = ""
    """The layer inside whose weights stand in files as this one's own."""
    input_shape_argument: Shape | None = None
    activity_regularizer: Any = None
    _trainable = True
    built_for: Mapping[str, Shapes] = MappingProxyType({})
    """The shapes that it was built for by the names that `build` has for them, where there are several."""
    _input_shape: Shapes | None = None
    _found_shape: tuple[Shapes, Shapes, tuple[int, ...]] | None = None
    _made: tuple[tuple[str, Tensor], ...] = ()

    @checked
    def __init__(self, **options: Unpack[LayerOptions]) -> None:
        said: Mapping[str, object] = options  # a TypedDict is read by names that are written out
        for name, (is_one, words) in (("name", NAME), ("trainable", TRUTH)):
            if name in said and not is_one(said[name]):
                raise ArgumentError(f"{type(self).__name__}: {name} is {words}, this is {said[name]!r}")
        self._policy = dtype_policies.get(options.get("dtype"))
        if not options.get("autocast", True):
            self.autocast = False
        self.name = options.get("name") or unique_name(type(self).__name__)
        self.built = False
        self.input_shape_argument = options.get("input_shape")
        self._trainable = bool(options.get("trainable", True))
        for name, value in penalties.kept(self.weight_options, said).items():
            setattr(self, name, value)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith("gradwerk.keras."):
            KNOWN[cls.__name__] = cls
        if "build" in cls.__dict__:
            # A subclass writes `build` plainly, and anyone may call it twice: so it is wrapped where the class is made.
            cls.further_shapes = building.shapes_asked(cls.__dict__["build"])
            cls.build = building.once(cls.__dict__["build"])  # type: ignore[method-assign]  # a method of the class itself
        if "call" in cls.__dict__:
            cls.training_place, cls.mask_place = place_of(cls.call, "training"), place_of(cls.call, "mask")
        if "compute_mask" in cls.__dict__ and "supports_masking" not in cls.__dict__:
            cls.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Makes the weights for inputs of this shape.  A layer without weights has nothing to make.  Does its work once."""
        building.mark_built(self, input_shape)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  a subclass says what it takes and gives
        """The computation.  A subclass writes it."""
        raise StateError(f"{type(self).__name__} defines no call", likely="write `def call(self, inputs): ...`")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the result.  Where a subclass does not say it, `call` is run on zeros once."""
        if self.keeps_shape:
            return input_shape
        found = self._found_shape
        known = found is not None and found[0] == input_shape and found[2] == self._settings()
        shape: Shape = found[1] if found is not None and known else self.remember_shape(input_shape, output_shape_of(self, input_shape))
        return shape

    def remember_shape(self, input_shape: Shapes, output_shape: Shapes) -> Shapes:
        """What `compute_output_shape` says until the layer, or one inside, is changed.  No setting: steps do not depend on it."""
        object.__setattr__(self, "_found_shape", (input_shape, output_shape, self._settings()))
        return output_shape

    def _settings(self) -> tuple[int, ...]:
        """Another one after each change of the layer or of those inside."""
        return tuple(part for module in self.modules() for part in (id(module), module.__gradwerk_version__))

    def __call__(self, inputs: Any = BY_NAME, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:  # noqa: ANN401
        """The result for Tensors or arrays; builds the layer first where needed.

        `training` switches dropout and batch statistics, here and in every layer called inside; left out, the layer does as the model it
        is called in.  Further arguments go to `call`; its first one may be given by its name.
        """
        inputs = first_by_name(self, kwargs) if inputs is BY_NAME else inputs
        if has_symbols(inputs, args, kwargs):
            return draw(self, (inputs, *args), kwargs if training is None else {**kwargs, "training": training})
        with module_path(self.label) if self.names_path else nullcontext():
            if holds_rows(inputs) or (args and holds_rows(args)) or (kwargs and holds_rows(kwargs)):
                return called_on_rows(self, inputs, args, kwargs, training)
            x = as_inputs(self, inputs)
            if self.computes_in is not None and isinstance(x, (list, tuple, dict)):
                raise ArgumentError(f"the layer expects 1 input, but it received {len(x)}")
            given = tuple(as_inputs(self, item, further=True) for item in args)
            if not self.built and self.further_shapes and mode.trace is None:
                self.build(shapes_of(x), **building.shapes_of_arguments(self, given, kwargs))
            elif not self.built:
                self.build_for_call(x)
            return self.run(x, given, kwargs, training)

    def run(
        self, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None, call: Any = None,  # noqa: ANN401, FBT001
    ) -> Any:  # noqa: ANN401  # fmt: skip
        """`call`, or what is given in its place, told whether it trains."""
        place = self.training_place
        if kwargs:
            kwargs = accepted(type(self).call, type(self), kwargs)
        mask = mask_for(self, x, args, kwargs)
        if training is None and place is not None and 1 <= place <= len(args):
            training = args[place - 1]
            args = args[: place - 1] + args[place:]
        if training is not None and not SWITCH[0](training):
            raise ArgumentError(f"training is True, False or None, this is a {type(training).__name__}")
        training = calls.training if training is None else bool(training)
        if not calls.inside:
            penalties.forget(self)
        cast_weights = nullcontext() if self._policy.compute_dtype == self._policy.variable_dtype else weights_cast(self.casting())
        with training_is(training), inside(self), cast_weights:
            if place is not None and training is not None:
                kwargs["training"] = training
            result = (call or self.call)(x, *args, **kwargs)
            if self.activity_regularizer is not None:
                penalties.add_activity(self, self.activity_regularizer, result)
            if (mask is not None and not self.masks_inside) or type(self).compute_mask is not Layer.compute_mask:
                result = handed_on(self, x, result, mask)
            return result

    def casting(self) -> list[Layer]:
        """The layers whose weights are cast while `call` runs: this one, and those inside that it does not call as layers."""
        return [self]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:  # noqa: ANN401  Tensors, or trees of them
        """The mask of the result: that of the input.  A subclass says another; None is none."""
        return previous_mask

    def result_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        """See `drawing.result_of`."""
        return result_of(self, args, kwargs)

    @property
    def says_shape(self) -> bool:
        """Whether the layer says the shape of its result by itself."""
        return self.keeps_shape or type(self).compute_output_shape is not Layer.compute_output_shape

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """The dtype of what the layer makes of symbolic values: theirs where it only moves them."""
        moved = str(symbols.dtype) if self.keeps_shape and self.computes_in is None else ""
        return moved if moved and not (self.autocast and dtypes.is_float(dtypes.named(moved))) else self.compute_dtype

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_nodes"}  # which lead to the whole model

    def forward(self, x: Any) -> Any:  # noqa: ANN401
        """`call`."""
        return self.run(x, (), {}, None)

    def build_for_call(self, x: Any) -> None:  # noqa: ANN401
        """Builds the layer for what it is called with.  Raises: StateError where that cannot be done."""
        building.build_for_call(self, x, makes_weights=type(self).build is not Layer.build)

    def build_for(self, input_shape: Sequence[int | None]) -> Shape:
        """Builds the layer and those inside where they are not built yet; the output shape."""
        return building.build_for_shape(self, tuple(input_shape))

    def build_on(self, x: Any) -> None:  # noqa: ANN401  arrays
        """Builds what is not built yet by a call on the first examples, in inference, that changes no weight.

        Another on twice as many says which extents are the batch's.
        """
        building.build_on_examples(self, x)

    @checked
    def add_weight(
        self, shape: Sequence[int] = (), initializer: InitializerLike | None = None, dtype: Any = None,  # noqa: ANN401
        trainable: bool = True, autocast: bool = True, *, regularizer: Any = None, constraint: Any = None,  # noqa: ANN401, FBT001, FBT002
        name: str | None = None,
    ) -> Variable:  # fmt: skip
        """A new weight, filled by an initializer's name, instance or function (glorot_uniform unless said otherwise).

        `regularizer` and `constraint` are those of the layer's options for a weight of this name, unless they are given.
        Raises: ArgumentError for what is no shape.
        """
        extents = extents_of(shape)
        wanted = dtypes.named(dtype or self.variable_dtype)
        filled = filling.filled(initializer or "glorot_uniform", extents, wanted)
        with inside(self):
            owners = tuple(layer.name for layer in calls.inside)
        weight = (Weight(filled) if trainable else Variable(filled)).named(name, owners)
        if not autocast:
            weight.autocast = False
        penalties.rule(self, weight, name, regularizer, constraint)
        self._made = (*self._made, (name or f"weight_{len(self._made)}", weight))
        if trainable and not self._trainable:
            weight.requires_grad = False
        if calls.made is not None:
            calls.made.append((weight, filled))
        return weight

    def add_loss(self, loss: Any) -> None:  # noqa: ANN401  a 0-d Tensor, or a list of them
        """Adds to the loss of the step, in `call`.  Raises: ArgumentError for what is no Tensor of one number."""
        penalties.add(self, loss)

    @property
    def losses(self) -> list[Tensor]:
        """What the last call, and the regularizers of the weights that are trained, add to the loss; each 0-d."""
        return penalties.losses_of(self)

    def sublayers(self) -> Iterator[Layer]:
        """The layers that this one holds: as attributes, in lists, tuples and dicts."""
        return (child for _, child in self.named_children() if isinstance(child, Layer))

    def own_tensors(self) -> list[tuple[str, Tensor]]:
        """The weights of this very layer under the names of their attributes, in order of making."""
        held = {id(value): (name, value) for name, value in list(vars(self).items()) if isinstance(value, Tensor)}
        made = [held.pop(id(weight), (name, weight)) for name, weight in self._made]
        return [*made, *held.values()]

    def own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Those that can be trained."""
        return ((name, weight) for name, weight in self.own_tensors() if isinstance(weight, Parameter))

    def own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Statistics and other state."""
        return ((name, weight) for name, weight in self.own_tensors() if not isinstance(weight, Parameter))

    def fitted(self, x: Any, *, counted: bool = False) -> Any:  # noqa: ANN401  arrays
        """x in the shape that the layer takes: a model of one's own takes what its layers take.

        `counted` says that there is a target for each x[k], so that x is no single example.  Raises: ShapeError naming the axis.
        """
        return x[:, None] if isinstance(x, np.ndarray) and x.ndim == 1 and self._input_shape == (None, 1) else x

    def check_inputs(self, x: Any) -> None:  # noqa: ANN401  arrays
        """Refuses data that the layer could not make sense of.  Raises: DataError."""

    @property
    def takes_several(self) -> bool | None:
        """Whether the layer takes a list or dict of inputs; None where nobody knows."""
        return None

    @property
    def known_output_names(self) -> list[str] | None:
        """The names of the outputs; None where nobody knows."""
        return None

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401  a NumPy dtype, or None
        """What arrays given to the layer are cast to; None: floats to `casts_to`, integers stay."""
        return (self.casts_to or np.float32) if self.computes_in is np.float32 else self.computes_in

    @property
    def output_shape(self) -> Shape:
        """The shape of the result, None standing for the batch.

        Raises: StateError before the layer is built.
        """
        if self._input_shape is None:
            raise StateError(f"{self.label} has no output shape yet", likely="build it: call it once, or give the model an Input")
        return self.compute_output_shape(self._input_shape)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights.  Setting it freezes or frees them, also those of layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for _, parameter in self.own_parameters():
            parameter.requires_grad = self._trainable
        for layer in self.sublayers():
            layer.trainable = self._trainable
        count_change(self)

    @property
    def weights(self) -> list[Tensor]:
        """Trained weights, then statistics, in order of making; then those of the layers inside.  Each once."""
        found = {id(weight): weight for _, weight in (*self.own_parameters(), *self.own_buffers())}
        for layer in self.sublayers():
            found.update((id(weight), weight) for weight in layer.weights)
        return list(found.values())

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that training changes: none of a frozen layer's, whatever was freed inside of it since."""
        if not self._trainable:
            return []
        return [weight for weight in self.weights if isinstance(weight, Parameter) and weight.requires_grad]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """The others: frozen ones and statistics."""
        changing = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in changing]

    variables, trainable_variables, non_trainable_variables = weights, trainable_weights, non_trainable_weights

    def get_weights(self) -> list[Array]:
        """Copies of all weights."""
        return [np.array(weight.numpy()) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copies arrays into the weights, in the order of `get_weights`.  Nothing is copied unless all fit.

        Raises: ArgumentError for another number of arrays, ShapeError for other shapes, DTypeError for what a weight's dtype cannot hold.
        """
        for weight, array in zip(self.weights, check_arrays(self.label, self.weights, weights), strict=True):
            weight.assign(array)

    def count_params(self) -> int:
        """The number of weights' elements.

        Raises: StateError before the layer, or one inside, is built.
        """
        building.check_built(self)
        return sum(int(np.prod(weight.shape)) for weight in self.weights)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer: `type(layer).from_config(config)`."""
        return {**self.base_config(), **arguments_of(self)}

    def base_config(self) -> dict[str, Any]:
        """What every config begins with: name, whether it trains, and the dtype policy where it is another than float32."""
        policy = {} if self._policy.name == "float32" else {"dtype": self._policy.name}
        return {"name": self.name, "trainable": self.trainable, **policy}

    @classmethod
    @checked
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer from `get_config`'s answer."""
        return cls(**config)
