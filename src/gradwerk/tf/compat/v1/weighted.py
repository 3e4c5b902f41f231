"""What layers of TensorFlow 1 share: a variable scope of their own, variables made at the first call, and penalties."""

from __future__ import annotations

from typing import Any, ClassVar

from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.graph.variable_scopes import get_variable, variable_scope
from gradwerk.tf.graph.variables import GraphKeys

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


class Layer:
    """A function of Tensors with variables of its own, made at the first call.

    Args:
        trainable: whether optimizers train its variables.
        name: of its scope; made unique from the class's own where None.
        _reuse, _scope: whether variables are found, and in which scope, as the functions of layers say.
    """

    label: ClassVar[str] = "layer"

    def __init__(self, trainable: bool = True, name: str | None = None, _reuse: Any = None, _scope: Any = None, dtype: Any = None) -> None:
        self.trainable, self._name, self._reuse, self._given = trainable, name, _reuse, _scope
        self._dtype = dtype
        self._scope: Any = None
        self.built = False
        self._held: dict[str, Any] = {}
        self.activity_regularizer: Any = None

    def __getattr__(self, name: str) -> Any:
        held = vars(self).get("_held", {})
        if name in held:
            return held[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def name(self) -> str:
        """Of its scope."""
        return str(self._scope.name).rpartition("/")[2] if self._scope is not None else self._name or self.label

    @property
    def variables(self) -> list[Any]:
        """Its variables, once it was called."""
        return list(self._held.values())

    weights = variables

    @property
    def trainable_variables(self) -> list[Any]:
        """Those that are trained."""
        return [each for each in self._held.values() if each.trainable]

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Those that are not."""
        return [each for each in self._held.values() if not each.trainable]

    non_trainable_weights = non_trainable_variables

    def add(self, name: str, shape: Any, initializer: Any, regularizer: Any = None, constraint: Any = None, trainable: bool = True) -> Any:
        """A variable of this name in its scope."""
        kept = self.trainable and trainable
        options = {"dtype": self._dtype, "regularizer": regularizer, "constraint": constraint, "trainable": kept}
        self._held[name] = made = get_variable(name, shape, initializer=initializer, **options)
        return made

    def make(self, shape: Any) -> None:
        """Makes its variables for inputs of this shape."""

    def run(self, inputs: Any) -> Any:
        """The computation."""
        return inputs

    def build(self, input_shape: Any) -> None:
        """Makes its variables for inputs of this shape, in its scope."""
        if self._scope is None:
            given = self._given if self._given is not None else self._name
            with variable_scope(given, default_name=self.label, reuse=self._reuse) as scope:
                self._scope = scope
                self.make(list(input_shape))
        self.built = True

    def __call__(self, inputs: Any, **options: Any) -> Any:
        """What it makes of its input; its variables are made where they are not there yet."""
        given = as_tensor(inputs)
        if not self.built:
            self._dtype = self._dtype if self._dtype is not None else given.dtype  # of its variables
            self.build(given.shape)
        with building().name_scope(self._scope.original_name_scope):
            made = self.run(given, **options)
            if self.activity_regularizer is not None:
                building().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, self.activity_regularizer(made))
        return made

    apply = __call__


def called(cls: type[Layer], inputs: Any, options: dict[str, Any], **given: Any) -> Any:
    """A new layer called on inputs.  options: the arguments of the function of the same name, inputs, name and reuse among them."""
    settings = {name: value for name, value in options.items() if name not in ("inputs", "reuse", "training")}
    reuse = options.get("reuse")
    more = {"_reuse": reuse, "_scope": settings.get("name")} if reuse is not None else {}
    return cls(**settings, **more)(inputs, **given)


def pair(value: Any, axes: int) -> list[int]:
    """A number for each axis."""
    return [int(value)] * axes if isinstance(value, int) else [int(each) for each in value]
