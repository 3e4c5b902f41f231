"""How torch makes Tensors: from data, filled, counted, drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from gradwerk.base.texts import numbered
from gradwerk.tensor import draws, random
from gradwerk.tensor import tensor as base
from gradwerk.tensor.devices import like
from gradwerk.tensor.handle import make
from gradwerk.tensor.random import Generator
from gradwerk.tensor.state import mode
from gradwerk.torch import arguments
from gradwerk.torch.arguments import extents, filling, name_of, whole
from gradwerk.torch.defaults import default_complex, default_float
from gradwerk.torch.dtypes import asked
from gradwerk.torch.options import as_recorded, on_cpu
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names


@as_recorded()
def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """A Tensor with a copy of the data.  Python numbers become int64, bool or the default float; arrays keep their dtype.

    Raises: ArgumentTypeError for None and texts.
    """
    if data is None or isinstance(data, str):
        raise ArgumentTypeError(f"tensor(): invalid data type {type(data).__name__!r}")
    if isinstance(data, (list, tuple)):
        data = _nested(data)
    wanted = _of_python(data) if dtype is None else asked("tensor", dtype, dtypes.float32)
    return Tensor.of(data, wanted, requires_grad=requires_grad)


def _of_python(data: Any) -> dtypes.DType | None:  # noqa: ANN401
    """The dtype of Python's floats where the default is another than Tensors take by themselves."""
    if default_float() == dtypes.float32 or isinstance(data, np.ndarray | np.generic | base.Tensor):
        return None
    held = np.asarray(data).dtype
    return default_float() if held == dtypes.float64 else default_complex() if held == dtypes.complex128 else None


def _nested(data: Sequence[Any]) -> Any:  # noqa: ANN401  an array, or the list itself
    """Nested lists, looked at: arrays and Tensors in them keep their dtype.  Raises: ShapeError for unequal lengths, ArgumentTypeError."""
    leaf: Any = data
    while isinstance(leaf, (list, tuple)) and leaf:
        leaf = leaf[0]
    if isinstance(leaf, Tensor):
        data = _read(data)
    try:
        array = np.asarray(data)
    except ValueError:
        message = "the nested lists have different lengths, and a Tensor has one for each axis"
        raise ShapeError(message, likely="pad them to one length") from None
    _read_now(data)
    if dtypes.is_text(array.dtype) or dtypes.is_objects(array.dtype):
        message = "tensor(): invalid data type 'str'" if dtypes.is_text(array.dtype) else "tensor(): the data are no numbers"
        raise ArgumentTypeError(message, likely=numbered(array, "data", classes=array.ndim == 1))
    return array if isinstance(leaf, (np.ndarray, np.generic, Tensor)) else data


def _read_now(data: Any) -> None:  # noqa: ANN401
    """Tells a trace which arrays Python read for it: an array alone, or those in lists."""
    if mode.trace is None:
        return
    if isinstance(data, np.ndarray):
        mode.trace.watch(data)
    elif isinstance(data, (list, tuple)):
        for item in data:
            _read_now(item)


def number_in(value: Any) -> Any:  # noqa: ANN401
    """The number that a Tensor holds, and anything else as it is.  Raises: as `item`."""
    return value.item() if isinstance(value, base.Tensor) else value


def _read(data: Any) -> Any:  # noqa: ANN401
    """Nested lists of Tensors as arrays."""
    return [_read(item) for item in data] if isinstance(data, (list, tuple)) else np.asarray(data.contents("tensor()"))


@as_recorded()
def as_tensor(data: Any, *, dtype: Any = None, device: Any = None) -> Tensor:  # noqa: ANN401
    """The Tensor itself, the memory of an array, or a new Tensor."""
    on_cpu(device)
    made = data if isinstance(data, Tensor) else from_numpy(data) if isinstance(data, np.ndarray) else tensor(data, dtype=dtype)
    return made if dtype is None else made.to(dtype=dtype)


@as_recorded()
def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Zeros, float32 unless a dtype is given."""
    return Tensor.of(np.zeros(_shape(size), asked("zeros", dtype, default_float())), requires_grad=requires_grad)


@as_recorded()
def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Ones, float32 unless a dtype is given."""
    return Tensor.of(dtypes.filled(_shape(size), 1, asked("ones", dtype, default_float())), requires_grad=requires_grad)


@as_recorded()
def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """One value everywhere; its dtype is the value's unless given.  Raises: ArgumentTypeError for a size that is no tuple."""
    _read_now(fill_value)
    fill_value = number_in(fill_value)
    fill_value = fill_value.item() if isinstance(fill_value, np.generic) else fill_value  # a number, as torch sees it
    arguments.number("full", "fill_value", fill_value)
    dtype = Tensor.of(fill_value, _of_python(fill_value)).dtype if dtype is None else asked("full", dtype, dtypes.float32)
    value = filling(fill_value, dtype) if python_numbers.is_number(fill_value) else fill_value
    if not isinstance(size, (tuple, list)):
        likely = f"({size},) is the size of one axis" if python_numbers.is_number(size) else ""
        raise ArgumentTypeError(f"full(): argument 'size' must be tuple of ints, not {type(size).__name__}", likely=likely)
    return Tensor.of(dtypes.filled(_shape((size,)), value, dtype), requires_grad=requires_grad)


@as_recorded()
def empty(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Contents undefined (zeros)."""
    return zeros(*size, dtype=dtype, requires_grad=requires_grad)


@as_recorded()
def zeros_like(input: base.Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Zeros in shape and dtype of another Tensor."""
    arguments.tensor("zeros_like", input)
    return like(zeros(input.shape, dtype=asked("zeros_like", dtype, input.dtype), requires_grad=requires_grad), input)


@as_recorded()
def ones_like(input: base.Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Ones in shape and dtype of another Tensor."""
    arguments.tensor("ones_like", input)
    return like(ones(input.shape, dtype=asked("ones_like", dtype, input.dtype), requires_grad=requires_grad), input)


@as_recorded()
def arange(start: Any = None, end: Any = None, step: Any = 1, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """start, start + step, ... before end; int64 from whole numbers, else float32.

    Raises: ArgumentError for a step of 0 or of the wrong sign, and bounds that are not finite; ArgumentTypeError without an end.
    """
    if start is None and end is None:
        raise ArgumentTypeError("arange() missing 1 required positional arguments: 'end'")
    start, end, step = map(number_in, (start, end, step))
    first, last = (0, start) if end is None else (0 if start is None else start, end)
    for name, value in (("start", first), ("end", last), ("step", step)):
        arguments.number("arange", name, value)
    if not all(map(math.isfinite, (first, last, step))):
        raise ArgumentError("arange(): unsupported range", facts=(f"from {first} to {last} by {step}",))
    floating = any(isinstance(n, (float, np.floating)) or dtypes.is_float(getattr(n, "dtype", dtypes.int64)) for n in (first, last, step))
    dtype = asked("arange", dtype, default_float() if floating else dtypes.int64)
    size = _size_of_range(first, last, step)
    if dtypes.is_integer(dtype):
        first, last, step = int(first), int(last), int(step)
    if dtype == dtypes.int64:  # of all others the numbers that were given count, not what is left of them
        size = _size_of_range(first, last, step)
    return Tensor.of(dtypes.converted(first + step * np.arange(size), dtype), requires_grad=requires_grad)


def _size_of_range(first: Any, last: Any, step: Any) -> int:  # noqa: ANN401  numbers
    if step == 0:
        raise ArgumentError("step must be nonzero")
    if (last - first) * step < 0:
        raise ArgumentError("upper bound and lower bound inconsistent with step sign", facts=(f"from {first} to {last} by {step}",))
    size: int = math.ceil((last - first) / step)
    return size


@as_recorded()
def linspace(start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """`steps` numbers from start to end, both included.  Raises: ArgumentError for a negative number of steps."""
    count = whole("linspace", "steps", steps)
    if count < 0:
        raise ArgumentError("number of steps must be non-negative", facts=(f"steps {count}",))
    dtype = asked("linspace", dtype, default_float())
    ends = [arguments.number("linspace", name, number_in(value)) for name, value in (("start", start), ("end", end))]
    first, last = (filling(float(n), dtype) for n in ends)  # they are cut first
    return Tensor.of(dtypes.converted(np.linspace(first, last, count), dtype), requires_grad=requires_grad)


@as_recorded()
def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Ones on the diagonal."""
    shape = extents("eye", (n, n if m is None else m))
    return Tensor.of(dtypes.converted(np.eye(*shape, dtype=np.float32), asked("eye", dtype, default_float())), requires_grad=requires_grad)


@as_recorded()
def manual_seed(seed: int) -> Generator:
    """Seeds the default generator.  Raises: ArgumentError for what is no finite number."""
    number = arguments.number("manual_seed", "seed", number_in(seed))
    if not math.isfinite(number):
        raise ArgumentError(f"manual_seed(): cannot convert {number} to a whole number")
    return random.seed(int(number))


@as_recorded()
def rand(*size: Any, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Uniform on [0, 1), float32 unless a floating dtype is given; in float64 the numbers are multiples of 2^-32."""
    drawn = _source(generator).uniform(_shape(size), dtype=_floating("rand", dtype, default_float()))
    return _drawn(drawn, requires_grad=requires_grad)


@as_recorded()
def randn(*size: Any, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Standard normal, float32 unless a floating dtype is given."""
    drawn = _source(generator).normal(_shape(size), dtype=_floating("randn", dtype, default_float()))
    return _drawn(drawn, requires_grad=requires_grad)


@as_recorded()
def rand_like(
    input: base.Tensor, *, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False  # noqa: ANN401
) -> Tensor:
    """Uniform, in shape and dtype of another Tensor.  Raises: DTypeError for a dtype that is not floating."""
    arguments.tensor("rand_like", input)
    dtype = _floating("rand_like", dtype, input.dtype)
    return like(rand(input.shape, generator=generator, dtype=dtype, requires_grad=requires_grad), input)


@as_recorded()
def randn_like(
    input: base.Tensor, *, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False  # noqa: ANN401
) -> Tensor:
    """Standard normal, in shape and dtype of another Tensor.  Raises: DTypeError for a dtype that is not floating."""
    arguments.tensor("randn_like", input)
    dtype = _floating("randn_like", dtype, input.dtype)
    return like(randn(input.shape, generator=generator, dtype=dtype, requires_grad=requires_grad), input)


def _source(generator: Generator | None) -> Generator:
    return random.default_generator() if generator is None else generator


def _floating(function: str, dtype: Any, otherwise: dtypes.DType) -> dtypes.DType:  # noqa: ANN401
    """The dtype of what is drawn.  Raises: DTypeError for one that is not floating; as `asked`."""
    found = asked(function, dtype, otherwise)
    if not dtypes.is_float(found):
        raise DTypeError(f"{function}(): not implemented for {name_of(found)!r}", likely="dtype=torch.float32, or randint of a range")
    return found


def _drawn(numbers: base.Tensor, *, requires_grad: bool) -> Tensor:
    """What a generator drew, in a Tensor of this class; drawn anew at each call of a compiled function."""
    drawn = make(Tensor, numbers._storage, numbers._held, numbers._type)
    drawn.requires_grad = requires_grad
    return drawn


@as_recorded()
def randint(
    low: Any = None, high: Any = None, size: Any = None, *, generator: Generator | None = None, dtype: Any = None,  # noqa: ANN401
) -> Tensor:  # fmt: skip
    """`randint(high, size)` or `randint(low, high, size)`: whole numbers from low, or 0, to before high; int64 unless a dtype is given.

    Raises: ArgumentTypeError for anything else; ArgumentError where no number lies between, or the dtype cannot hold all of them.
    """
    given = [value for value in (low, high, size) if value is not None]
    if len(given) not in (2, 3):
        raise ArgumentTypeError("randint() takes (high, size) or (low, high, size)", facts=(f"given: {', '.join(map(str, given))}",))
    named, *ends = given[-1], *(arguments.whole("randint", "high", value) for value in given[:-1])
    low, high = ends if len(ends) == 2 else (0, *ends)
    if not isinstance(named, (tuple, list)):  # a die of NumPy's or Python's
        is_size = len(ends) == 1 and python_numbers.is_number(named)
        likely = f"a size stands behind them: torch.randint({ends[0]}, {named}, ())" if is_size else ""
        raise ArgumentTypeError(f"randint(): argument 'size' must be tuple of ints, not {type(named).__name__}", likely=likely)
    shape, dtype = _shape((named,)), asked("randint", dtype, dtypes.int64)
    if high <= low:
        raise ArgumentError(f"randint: no whole number lies from {low} to before {high}")
    most = np.iinfo(np.int64 if dtypes.is_float(dtype) else dtype) if not dtypes.is_bool(dtype) else None
    limits = (0, 1) if most is None else (int(most.min), int(most.max))
    if not limits[0] <= low < high <= min(limits[1] + 1, 2**63 - 1):
        raise ArgumentError(f"randint: {dtypes.name(dtype)} does not hold all numbers from {low} to before {high}")
    bits = _source(generator).bits((math.prod(shape), 2)).numpy().astype(np.uint64)
    wide = bits[:, 0] << np.uint64(32) | bits[:, 1]
    drawn = (wide % np.uint64(high - low)).astype(np.int64).reshape(shape) + low
    return Tensor.of(dtypes.converted(drawn, dtype))


@as_recorded()
def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """0 .. n - 1 in random order, int64; at each call of a compiled function another one."""
    extents("randperm", (n,))
    if mode.trace is not None:
        drawn = draws.permutation(_source(generator), n)
        return make(Tensor, drawn._storage, drawn._held, drawn._type).to(asked("randperm", dtype, dtypes.int64))
    return Tensor.of(_source(generator).permutation(n), asked("randperm", dtype, dtypes.int64))


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    """`zeros(2, 3)` and `zeros((2, 3))` alike.  Raises: ArgumentTypeError, DTypeError, ShapeError."""
    return extents("a new Tensor", size)
