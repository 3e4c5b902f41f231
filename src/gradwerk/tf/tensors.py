"""tf.Tensor: the core's Tensor with TensorFlow's rules: dtypes that never meet by themselves, contents that nobody writes, its printing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, GradwerkError, ShapeError, StateError
from gradwerk.ir.op import Operand
from gradwerk.ops import compare
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.arrangement import stack
from gradwerk.tensor import tensor as base
from gradwerk.tensor.grad import copied
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.operators import matrix_product
from gradwerk.tensor.state import mode
from gradwerk.tf.dtypes import DType, of
from gradwerk.tf.errors import InvalidArgumentError, OperatorNotAllowedInGraphError, told
from gradwerk.tf.given import Reference, leaves, loses, plain_array
from gradwerk.tf.quotients import divided, powered
from gradwerk.tf.shapes import TensorShape, shape_of
from gradwerk.tf.values.hosted import TENSORS
from gradwerk.tf.values.texts import TextTensor

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers; TensorFlow's signatures

SHOWN = {core.bool_: "bool", core.float32: "float", core.float64: "double", core.float16: "half"}
"""TensorFlow's words in errors, of dtypes that it calls otherwise than NumPy."""


class Kind(type):
    """The class of tf.Tensor: what layers of Keras give counts as one, variables do not."""

    def __instancecheck__(cls, instance: object) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        return cls is Tensor and (type(instance) is base.Tensor or type(instance) in ALSO or type(instance) in COUNTED)


ALSO: set[type] = {TextTensor}
"""Classes that hold what no core Tensor can: texts."""
COUNTED: set[type] = set()
"""Classes that count as tf.Tensor too: the symbolic Tensors of graphs (which add theirs)."""


class Strict:
    """What tf.Tensor and tf.Variable share: TensorFlow's dtypes, shapes and operators."""

    __slots__ = ()
    _type: Any
    numpy: Callable[[], Any]

    @classmethod
    def promote(cls, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """Tensors of one dtype; numbers, arrays and lists take that of the Tensor beside them.  Raises: InvalidArgumentError."""
        return meeting(a, b)

    @classmethod
    def listed(cls, numbers: object, dtype: Any) -> Any:
        """A list or number beside a Tensor of this dtype, as one."""
        if numbers is None or isinstance(numbers, (str, bytes, dict, set)):
            return NotImplemented
        return beside(numbers, core.named(dtype)) if hasattr(numbers, "__iter__") or hasattr(numbers, "__array__") else NotImplemented

    @property
    def dtype(self) -> DType:
        """The element type, as tf.DType."""
        return of(self._type.dtype)

    @property
    def shape(self) -> TensorShape:
        """The extents."""
        return shape_of(self._type.shape)

    def get_shape(self) -> TensorShape:
        """The extents."""
        return self.shape

    @property
    def device(self) -> str:
        """The device that holds the contents, as TensorFlow names it."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def ref(self) -> Reference:
        """What stands for it as a key in sets and dicts."""
        return Reference(self)

    experimental_ref = ref

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """The contents.  Raises: StateError: only Tensors of a graph are evaluated in a session."""
        raise StateError("eval is not supported when eager execution is enabled, use .numpy() instead")

    def _with(self, function: Callable[[Operand, Operand], Any], other: object) -> Any:
        if symbolic(other):
            return NotImplemented
        return checked(super()._with, function, other)  # type: ignore[misc]  # Operators has it

    def _after(self, function: Callable[[Operand, Operand], Any], other: object) -> Any:
        if symbolic(other):
            return NotImplemented
        return checked(super()._after, function, other)  # type: ignore[misc]  # Operators has it

    def __iadd__(self, other: Any) -> Any:
        """`x += y` binds the name x anew, as in TensorFlow: the Tensor that other names hold stays as it is."""
        return operator.add(self, other)

    def __isub__(self, other: Any) -> Any:
        return operator.sub(self, other)

    def __imul__(self, other: Any) -> Any:
        return operator.mul(self, other)

    def __itruediv__(self, other: Any) -> Any:
        return operator.truediv(self, other)

    def __ifloordiv__(self, other: Any) -> Any:
        return operator.floordiv(self, other)

    def __imod__(self, other: Any) -> Any:
        return operator.mod(self, other)

    def __ipow__(self, other: Any) -> Any:
        return operator.pow(self, other)

    def __pow__(self, exponent: Any) -> Any:
        return self._with(powered, exponent)

    def __rpow__(self, base: Any) -> Any:
        return self._after(powered, base)

    def __truediv__(self, other: Any) -> Any:
        return self._with(divided, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._after(divided, other)

    def __matmul__(self, other: Any) -> Any:
        return self._with(matrix_product, other)

    def __eq__(self, other: object) -> Any:
        if other is None:
            return False
        return compared(self, other, compare.equal, otherwise=False)

    def __ne__(self, other: object) -> Any:
        if other is None:
            return True
        return compared(self, other, compare.not_equal, otherwise=True)

    def __hash__(self) -> int:
        raise ArgumentTypeError(f"{type(self).__name__} is unhashable. Instead, use tensor.ref() as the key.")


def compared(a: Any, b: Any, function: Callable[[Any, Any], Any], *, otherwise: bool) -> Any:
    """Where elements are equal; a truth alone where the shapes do not fit."""
    try:
        return a._with(function, b)
    except InvalidArgumentError as error:
        if isinstance(error.__cause__, ShapeError):
            return Tensor(np.asarray(otherwise))
        raise


def checked(method: Callable[..., Any], function: Callable[..., Any], other: object) -> Any:
    """The operator's result; what it cannot do is told as TensorFlow's error."""
    try:
        return method(function, other)
    except GradwerkError as error:
        new = told(error, getattr(function, "__name__", "").title().replace("_", ""))
        if new is error:
            raise
        raise new from error


SYMBOLIC: set[str] = {"KerasTensor"}


def symbolic(x: object) -> bool:
    """Whether it is a value of a model or of a graph, whose own operators are asked then."""
    return type(x).__name__ in SYMBOLIC or type(x) in ALSO or type(x) in COUNTED or type(x) in COUNTED


def meeting(a: Any, b: Any) -> tuple[Any, Any]:
    """Operands of one dtype.  Raises: InvalidArgumentError where two Tensors have two, ArgumentTypeError for a number that does not fit."""
    if isinstance(a, Handle) and isinstance(b, Handle):
        if a._type.dtype != b._type.dtype:
            one, other = (SHOWN.get(x._type.dtype, core.name(x._type.dtype)) for x in (a, b))
            raise InvalidArgumentError(
                f"cannot compute this as input #1(zero-based) was expected to be a {one} tensor but is a {other} tensor",
                likely=f"tf.cast(y, tf.{core.name(a._type.dtype)})",
            )
        return a, b
    if isinstance(a, Handle):
        return a, beside(b, a._type.dtype)
    return beside(a, b._type.dtype), b


def beside(value: Any, dtype: np.dtype[Any]) -> Any:
    """A number, list or array in the dtype of the Tensor beside it: a Tensor, or the number where that is the same.

    Raises: InvalidArgumentError for floats beside whole numbers.
    """
    if type(value) is float and core.has_gradient(dtype):
        return value
    if isinstance(value, np.ndarray):
        return Tensor(value) if value.dtype == dtype else cast(Tensor(value), dtype)
    if type(value) is int and not core.is_bool(dtype) and not core.is_unsigned(dtype) and abs(value) < 2**31:
        return value
    return converted(value, dtype)


def converted(value: Any, dtype: np.dtype[Any]) -> Any:
    """Numbers as a Tensor of this dtype, which has to be able to hold their kind.

    Raises: ArgumentTypeError where it is not.
    """
    if isinstance(value, Handle):
        if value._type.dtype != dtype:
            shown = f"Tensor conversion requested dtype {core.name(dtype)} for Tensor with dtype {core.name(value._type.dtype)}: {value!r}"
            raise ArgumentError(shown, likely=f"tf.cast(x, tf.{core.name(dtype)})")
        return value
    if isinstance(value, (list, tuple)) and any(isinstance(leaf, Handle) for leaf in leaves(value)):
        return stack([converted(one, dtype) for one in value])
    array = value if isinstance(value, np.ndarray) else plain_array(value)
    if array.dtype != dtype and array.size and loses(array, dtype):
        shown = value if np.ndim(array) == 0 else array.reshape(-1)[0].item()
        raise ArgumentTypeError(f"Cannot convert {shown} to EagerTensor of dtype {core.name(dtype)}")
    return Tensor(array, dtype)


class Tensor(Strict, base.Tensor, metaclass=Kind):  # type: ignore[misc]  # its dtypes and shapes are TensorFlow's own
    """Numbers of one dtype in a shape, which never change.

    Two Tensors meet only where their dtypes are the same; numbers of Python's take the dtype of the Tensor beside them.

    Source: https://www.tensorflow.org/api_docs/python/tf/Tensor
    """

    __slots__ = ()
    result_class: ClassVar[type[Handle]]

    @property
    def name(self) -> str:
        """Raises: AbsentNameError: only Tensors of a graph have names."""
        raise AttributeError("Tensor.name is undefined when eager execution is enabled.")

    @property
    def graph(self) -> Any:
        """Raises: AttributeError: only Tensors of a graph have one."""
        raise AttributeError("Tensor.graph is undefined when eager execution is enabled.")

    def numpy(self) -> Any:
        """The contents as an array, or a number of NumPy's where there are no axes.  Raises: TraceError inside of a tf.function."""
        array = super().numpy()
        return array if array.ndim else array[()]

    def set_shape(self, shape: Any) -> None:
        """Raises: ArgumentError where the Tensor has another shape."""
        if not self.shape.is_compatible_with(shape):
            raise ArgumentError(f"Tensor's shape {self.shape} is not compatible with supplied shape {shape}")

    def cpu(self) -> Any:
        """Itself."""
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        raise ArgumentTypeError("'Tensor' object does not support item assignment", likely="tf.tensor_scatter_nd_update")

    def __getitem__(self, key: Any) -> Any:
        return picked(self, super().__getitem__, key)

    def __iter__(self) -> Iterator[Any]:
        if not self._type.shape:
            raise ArgumentTypeError("Cannot iterate over a scalar tensor.")
        return super().__iter__()

    def __len__(self) -> int:
        if not self._type.shape:
            raise ArgumentTypeError("Scalar tensor has no `len()`")
        return int(self._type.shape[0])

    def __bool__(self) -> bool:
        if mode.trace is not None:
            raise OperatorNotAllowedInGraphError(
                "Using a symbolic `tf.Tensor` as a Python `bool` is not allowed.", likely="tf.cond, or `if` where AutoGraph reads it"
            )
        return super().__bool__()

    def __str__(self) -> str:
        if self._array is None or mode.trace is not None:
            return f"Tensor(shape={self.shape}, dtype={self.dtype.name})"
        text = shown(self)
        mark = "\n" if "\n" in text else ""
        return f"tf.Tensor({mark}{text}, shape={self.shape}, dtype={self.dtype.name})"

    def __repr__(self) -> str:
        if self._array is None or mode.trace is not None:
            return f"<tf.Tensor 'traced' shape={self.shape} dtype={self.dtype.name}>"
        text = repr(base.Tensor.numpy(self)) if self._type.shape else str(shown(self))
        mark = "\n" if "\n" in text else ""
        return f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={mark}{text}>"


def shown(x: Any) -> str:
    """The contents as NumPy prints them."""
    array = core.widened(x.contents("printing"))
    return str(array) if array.ndim else str(array[()])


def picked(x: Any, take: Callable[[Any], Any], key: Any) -> Any:
    """x[key], with Tensors of whole numbers in slices.  Raises: InvalidArgumentError."""
    keys = key if isinstance(key, tuple) else (key,)
    if isinstance(key, list):  # TensorFlow reads it as a tuple
        key = keys = tuple(key)
    if any(isinstance(one, (list, np.ndarray)) for one in keys):
        raise ArgumentTypeError(
            "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid indices, "
            f"got {key!r:.80}", likely="tf.gather(x, indices), or tf.gather_nd",
        )  # fmt: skip
    try:
        return take(tuple(map(_plain_key, keys)) if isinstance(key, tuple) else _plain_key(key))
    except GradwerkError as error:
        raise told(error, "StridedSlice") from error


def _plain_key(key: Any) -> Any:
    """A key with numbers where Tensors of one are."""
    if isinstance(key, slice):
        found = slice(*(None if end is None else _number(end) for end in (key.start, key.stop, key.step)))
        if found.step == 0:
            raise InvalidArgumentError("strides must be non-zero: a slice has the step 0")
        return found
    if isinstance(key, Handle) and core.is_integer(key._type.dtype) and not key._type.shape and mode.trace is None:
        return int(key)  # type: ignore[call-overload]  # every class of Tensors has it
    return key


def _number(end: Any) -> Any:
    return int(end) if isinstance(end, Handle) else end  # type: ignore[call-overload]  # as above


def as_tensor(value: Any, dtype: np.dtype[Any] | None = None) -> Any:
    """What a function of tf takes, as a Tensor.  Raises: ArgumentTypeError, ArgumentError."""
    if isinstance(value, Handle):
        if dtype is not None and value._type.dtype != dtype:
            return converted(value, dtype)
        return value
    if type(value) in ALSO or hasattr(value, "__tf_tensor__"):
        return value if type(value) in ALSO else value.__tf_tensor__(dtype)
    if isinstance(value, (list, tuple)) and any(isinstance(leaf, Handle) for leaf in leaves(value)):
        if dtype is None:
            dtype = next(leaf._type.dtype for leaf in leaves(value) if isinstance(leaf, Handle))
        parts = [as_tensor(one, dtype) if isinstance(one, (Handle, list, tuple)) else converted(one, dtype) for one in value]
        return stack(parts)
    if dtype is not None:
        return converted(value, dtype)
    return Tensor(plain_array(value))


def settled(value: Any) -> Any:
    """As `as_tensor`; of a variable its value now, in memory of its own: parts of it stay what they are when it changes."""
    x = as_tensor(value)
    return copied(x) if isinstance(x, Handle) and type(x) is not type(x).result_class else x


def _after(first: Tensor, x: Any) -> Any:
    """What stands behind a first Tensor, in its dtype where it can be."""
    found = as_tensor(x)
    number = not isinstance(x, (Handle, np.ndarray, np.generic))
    fits = number and core.rank(found._type.dtype) <= core.rank(first._type.dtype)
    return converted(x, first._type.dtype) if fits else meeting(first, found)[1]


def operands(*given: Any) -> list[Any]:
    """Operands of one operation, as Tensors of one dtype: the first Tensor's, else that of the first operand.

    Raises: InvalidArgumentError where Tensors have several.
    """
    first = next((x for x in given if isinstance(x, Handle)), None)
    if first is None:
        first = as_tensor(given[0])
        return [first, *(_after(first, x) for x in given[1:])]
    head = given[0]
    if isinstance(head, (np.ndarray, np.generic)):
        meeting(Tensor(head), first)  # in TensorFlow the first array sets the dtype
    return [meeting(first, x)[1] if isinstance(x, Handle) else converted(x, first._type.dtype) for x in given]
TENSORS.append(Tensor)
__all__ = ["Tensor"]
