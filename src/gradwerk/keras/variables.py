"""What layers, metrics and optimizers keep: Tensors with Keras' ways to name, read and write them."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.naming import unique_name
from gradwerk.keras.options import SWITCH
from gradwerk.tensor import tensor
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import bump_epoch

Operand = Any
"""A Tensor or an array."""


@ORIGINAL.completes("keras.Variable")
class Variable(tensor.Tensor):
    """A Tensor with a name.  What is computed from it is a plain Tensor.  Copies and pickles keep the name."""

    result_class: ClassVar[type[Handle]] = tensor.Tensor
    _name = "variable"
    _owners: tuple[str, ...] = ()
    autocast = True
    """Whether a layer with a policy of two dtypes casts it while it computes."""
    _regularizer: Any = None
    _constraint: Any = None

    def named(self, name: str | None, owners: tuple[str, ...]) -> Self:
        """Itself, under a name (one that is numbered where none is given) inside of layers of these names, the outermost first."""
        self._name, self._owners = name or unique_name("Variable"), owners
        return self

    @property
    def name(self) -> str:
        """What it was called where it was made: `kernel`."""
        return self._name

    @property
    def path(self) -> str:
        """The names of the layers that it was made in, and its own: `sequential/dense/kernel`."""
        return "/".join((*self._owners, self._name))

    @property
    def trainable(self) -> bool:
        """Whether training changes it.  Raises: ArgumentError for True where it was made with trainable=False."""
        return self.requires_grad

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not SWITCH[0](value):
            raise ArgumentError(f"trainable is {SWITCH[1]}, this is {value!r}")
        if value and not isinstance(self, tensor.Parameter):
            raise ArgumentError(f"{self.path} was made with trainable=False, and stays what it is in training")
        self.requires_grad = bool(value)

    @property
    def regularizer(self) -> Any:  # noqa: ANN401  a function of the weight, or None
        """What the weight adds to the loss of a step, while it is trained."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:  # noqa: ANN401
        self._regularizer = _called(self, "regularizer", value)

    @property
    def constraint(self) -> Any:  # noqa: ANN401  a function of the weight, or None
        """What the weight is brought back to after each step."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:  # noqa: ANN401
        self._constraint = _called(self, "constraint", value)

    @property
    def value(self) -> Self:
        """Itself."""
        return self

    def __copy__(self) -> Self:
        """Another variable of this name, with memory of its own."""
        return self.__deepcopy__({})

    def assign_add(self, value: Operand) -> Self:
        """Adds in place."""
        return self.assign(self + value)

    def assign_sub(self, value: Operand) -> Self:
        """Subtracts in place."""
        return self.assign(self - value)


class Weight(Variable, tensor.Parameter):
    """A Variable that is trained."""

    result_class: ClassVar[type[Handle]] = tensor.Tensor


def _called(owner: Variable, what: str, value: Any) -> Any:  # noqa: ANN401
    """Raises: ArgumentError for what is no function."""
    if value is not None and not callable(value):
        raise ArgumentError(f"{owner.path}: a {what} is a function of the weight, this is {value!r}")
    bump_epoch()
    return value
