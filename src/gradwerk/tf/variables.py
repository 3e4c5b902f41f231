"""tf.Variable: contents that are assigned to, under a name; trained where they are floating and nobody says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError, TraceError
from gradwerk.ir.op import Operand
from gradwerk.keras import ops
from gradwerk.keras.variables import Variable as KerasVariable
from gradwerk.tensor import tensor as base
from gradwerk.tensor.grad import copied, no_grad
from gradwerk.tensor.handle import Handle, set_requires_grad
from gradwerk.tensor.state import mode
from gradwerk.tf.arrays.constants import constant
from gradwerk.tf.dtypes import plain
from gradwerk.tf.tensors import Strict, Tensor, as_tensor, converted, picked, shown

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures; values are Tensors, arrays, lists and numbers


class FirstCallError(TraceError):
    """What is done in the first call of a function alone, which runs as Python does."""


class VariableSynchronization(Enum):
    """When copies of a variable on several devices are brought together; taken, there is one."""

    AUTO, NONE, ON_WRITE, ON_READ = range(4)


class VariableAggregation(Enum):
    """How copies of a variable on several devices are brought together; taken, there is one."""

    NONE, SUM, MEAN, ONLY_FIRST_REPLICA = range(4)


class VariableKind(type(KerasVariable)):  # type: ignore[misc]  # whatever class that is of
    """The class of tf.Variable: variables of Keras count as such; a graph that is built makes its own."""

    makers: ClassVar[list[Callable[..., Any]]] = []
    """Asked first, with the arguments: a variable, or None (graphs add theirs)."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        for maker in VariableKind.makers if cls is Variable else ():
            made = maker(*args, **kwargs)
            if made is not None:
                return made
        return super().__call__(*args, **kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        return cls is Variable and (isinstance(instance, KerasVariable) or type(instance) in COUNTS)


COUNTS: set[type] = set()
"""Classes that count as tf.Variable too: those of graphs."""


class Variable(Strict, KerasVariable, base.Parameter, metaclass=VariableKind):  # type: ignore[misc]  # as Tensor
    """Contents that may be assigned to.

    Args:
        initial_value: what it holds first: numbers, a Tensor, or a function without arguments that gives one.
        trainable: whether gradient tapes watch it and optimizers change it; where it is floating.
        name: what it is called; `Variable`.
        dtype: of the contents; that of the value.
        constraint: what it is brought back to after each step of an optimizer: a function of the variable.
        shape: of the contents, where it is looser than that of the value; taken.

    Raises: ArgumentError without a value.
    Source: https://www.tensorflow.org/api_docs/python/tf/Variable
    """

    result_class: ClassVar[type[Handle]] = Tensor
    Synchronization, Aggregation = VariableSynchronization, VariableAggregation

    def __init__(
        self, initial_value: Any = None, trainable: Any = None, validate_shape: bool = True, caching_device: Any = None,
        name: str | None = None, variable_def: Any = None, dtype: Any = None, import_scope: Any = None, constraint: Any = None,
        synchronization: Any = VariableSynchronization.AUTO, aggregation: Any = VariableAggregation.NONE, shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:  # fmt: skip
        if mode.trace is not None:
            raise FirstCallError("a variable is made inside of a function that is being traced: its first call runs as Python does")
        if initial_value is None:
            raise ArgumentError("The `initial_value` arg to `tf.Variable` must be specified.")
        value = initial_value() if callable(initial_value) and not isinstance(initial_value, Handle) else initial_value
        value = constant(value, dtype) if not isinstance(value, Handle) else as_tensor(value, plain(dtype))
        if not isinstance(value, Handle):
            raise ArgumentTypeError("a Variable holds numbers, not texts")
        base.Tensor.__init__(self, value, value._type.dtype)
        self._name, self._trained = name or "Variable", trainable is None or bool(trainable)
        if constraint is not None:
            self.constraint = constraint
        if self._trained and core.has_gradient(value._type.dtype):
            set_requires_grad(self, value=True)

    @property
    def name(self) -> str:
        """What it is called, with `:0` behind."""
        return f"{self._name}:0"

    @property  # type: ignore[misc]  # TensorFlow's cannot be set
    def trainable(self) -> bool:
        """Whether gradient tapes watch it and optimizers change it."""
        return self._trained

    @property
    def synchronization(self) -> VariableSynchronization:
        """AUTO: there is one copy."""
        return VariableSynchronization.AUTO

    @property
    def aggregation(self) -> VariableAggregation:
        """NONE: there is one copy."""
        return VariableAggregation.NONE

    def value(self) -> Any:  # type: ignore[override]  # a property in Keras
        """The contents now, as a Tensor."""
        return copied(self)

    def read_value(self) -> Any:
        """The contents now, as a Tensor."""
        return copied(self)

    def initialized_value(self) -> Any:
        """The contents now, as a Tensor."""
        return copied(self)

    def numpy(self) -> Any:
        """The contents as an array, or a number of NumPy's where there are no axes."""
        array = base.Tensor.numpy(self)
        return array if array.ndim else array[()]

    def assign(self, value: Operand, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Self:
        """New contents.  Raises: ArgumentError for another shape, ArgumentTypeError for another dtype."""
        new = converted(value, self._type.dtype) if not isinstance(value, np.ndarray) else constant(value, self._type.dtype)
        if new._type.shape != self._type.shape:
            raise ArgumentError(
                f"Cannot assign value to variable '{self.name}': Shape mismatch. The variable shape {self.shape}, "
                f"and the assigned value shape {new.shape} are incompatible."
            )  # fmt: skip
        with no_grad():
            super().assign(new)
        return self

    def assign_add(self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Self:
        """Adds to the contents.  Raises: as `assign`."""
        with no_grad():
            return self.assign(self + converted(delta, self._type.dtype))

    def assign_sub(self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Self:
        """Takes away from the contents.  Raises: as `assign`."""
        with no_grad():
            return self.assign(self - converted(delta, self._type.dtype))

    def _scatter(self, places: Any, updates: Any, way: str | None) -> Self:
        with no_grad():
            return self.assign(ops.scatter_update(self, places, as_tensor(updates, self._type.dtype), reduction=way))

    def scatter_nd_update(self, indices: Any, updates: Any, name: Any = None) -> Self:
        """New contents at places, (..., count)."""
        return self._scatter(as_tensor(indices), updates, None)

    def scatter_nd_add(self, indices: Any, updates: Any, name: Any = None) -> Self:
        """Adds at places, (..., count)."""
        return self._scatter(as_tensor(indices), updates, "add")

    def scatter_nd_sub(self, indices: Any, updates: Any, name: Any = None) -> Self:
        """Takes away at places, (..., count)."""
        return self._scatter(as_tensor(indices), -as_tensor(updates, self._type.dtype), "add")

    def _slices(self, sparse_delta: Any, way: str | None, sign: int = 1) -> Self:
        places, values = as_tensor(sparse_delta.indices), as_tensor(sparse_delta.values, self._type.dtype)
        return self._scatter(ops.expand_dims(places, -1), values if sign > 0 else -values, way)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Self:
        """New rows, as tf.IndexedSlices."""
        return self._slices(sparse_delta, None)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Self:
        """Adds to rows, as tf.IndexedSlices."""
        return self._slices(sparse_delta, "add")

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Self:
        """Takes away from rows, as tf.IndexedSlices."""
        return self._slices(sparse_delta, "add", -1)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Self:
        """The larger of rows and these, as tf.IndexedSlices."""
        return self._slices(sparse_delta, "max")

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Self:
        """The smaller of rows and these, as tf.IndexedSlices."""
        return self._slices(sparse_delta, "min")

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Self:
        """Rows times these, as tf.IndexedSlices."""
        return self._slices(sparse_delta, "mul")

    def gather_nd(self, indices: Any, name: Any = None) -> Any:
        """The contents at places, (..., count)."""
        from gradwerk.tf.arrays.selecting import gather_nd  # noqa: PLC0415  seldom

        return gather_nd(self, indices)

    def sparse_read(self, indices: Any, name: Any = None) -> Any:
        """Rows at places."""
        from gradwerk.tf.arrays.selecting import gather  # noqa: PLC0415  seldom

        return gather(self, indices)

    def set_shape(self, shape: Any) -> None:
        """Raises: ArgumentError where the contents have another shape."""
        if not self.shape.is_compatible_with(shape):
            raise ArgumentError(f"Variable's shape {self.shape} is not compatible with supplied shape {shape}")

    def __getitem__(self, key: Any) -> Any:
        return picked(self, copied(self).__getitem__, key)

    def __iadd__(self, other: Any) -> Any:
        self._refuse_in_place("+=", "assign_add(value)", "+")

    def __isub__(self, other: Any) -> Any:
        self._refuse_in_place("-=", "assign_sub(value)", "-")

    def __imul__(self, other: Any) -> Any:
        self._refuse_in_place("*=", "assign(variable * value)", "*")

    def __itruediv__(self, other: Any) -> Any:
        self._refuse_in_place("/=", "assign(variable / value)", "/")

    def _refuse_in_place(self, way: str, method: str, sign: str) -> NoReturn:
        """The name would hold a Tensor from then on, and the variable its old contents."""
        raise StateError(
            f"`variable {way} value` with `tf.Variable`s is not supported", facts=(self.name,),
            likely=f"variable.{method}, or out = variable {sign} value for a new Tensor",
        )  # fmt: skip

    def __setitem__(self, key: Any, value: Any) -> None:
        raise ArgumentTypeError("'Variable' object does not support item assignment", likely="v.scatter_nd_update(indices, updates)")

    def __repr__(self) -> str:
        head = f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}"
        if self._array is None or mode.trace is not None:
            return f"{head}>"
        text = repr(base.Tensor.numpy(self)) if self._type.shape else shown(self)
        mark = "\n" if "\n" in text else ""
        return f"{head}, numpy={mark}{text}>"

    __str__ = __repr__


__all__ = ["Variable", "VariableAggregation", "VariableSynchronization"]
