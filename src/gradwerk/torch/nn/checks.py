"""What layers look at before they compute, in torch's layout and words: channels stand in front, weights are (out, in, *window)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.nn.padding import MODES
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.torch import arguments

Extents = int | Sequence[int]


def each(value: Extents, rank: int, argument: str = "argument") -> tuple[int, ...]:
    """One whole number for each of `rank` axes.  Raises: ArgumentTypeError, ArgumentError."""
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(numbers) == 1:
        numbers *= rank
    if len(numbers) != rank:
        raise ArgumentError(f"{argument}: expected one number or {rank}, got {numbers}")
    return tuple(arguments.whole("each", argument, n) for n in numbers)


def count(layer: str, argument: str, value: Any) -> int:  # noqa: ANN401
    """A number of features, channels or rows; NumPy's whole numbers too.  Raises: ArgumentTypeError, ArgumentError for a negative one."""
    found = arguments.whole(layer, argument, value)
    if found < 0:
        raise ArgumentError(f"{layer}: {argument} must not be negative, got {found}")
    return found


def widths(input: Any, pad: Any, mode: str) -> list[tuple[int, int]]:  # noqa: A002, ANN401
    """The borders of each axis, of torch's list of numbers, which begins with the last axis.  Raises: ArgumentTypeError, ArgumentError."""
    if not isinstance(pad, (tuple, list)):
        raise ArgumentTypeError(f"pad(): argument 'pad' must be tuple of ints, not {type(pad).__name__}")
    numbers, ndim = [arguments.whole("pad", "pad", n) for n in pad], len(input.shape)
    if len(numbers) % 2:
        raise ArgumentError("Padding length must be divisible by 2", facts=(f"pad {tuple(numbers)}",))
    if len(numbers) > 2 * ndim:
        message = "Padding length should be less than or equal to two times the input dimension"
        raise ArgumentError(f"{message} but got padding length {len(numbers)} and input of dimension {ndim}")
    if mode not in MODES:
        raise ArgumentError(f"Unrecognised padding mode {mode}", facts=(f"known: {', '.join(MODES)}",))
    count = len(numbers) // 2
    if mode != "constant" and not (1 <= count <= 3 and count < ndim <= count + 2):
        facts = (f"input {tuple(input.shape)}, padding of {count} axes",)
        raise ArgumentError("Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now", facts=facts)
    given = list(zip(numbers[::2], numbers[1::2], strict=True))
    return [(0, 0)] * (ndim - count) + given[::-1]


def target(name: str, given: Any) -> None:  # noqa: ANN401
    """A Tensor.  Raises: ArgumentTypeError."""
    if not isinstance(given, Handle):
        likely = "torch.from_numpy(target)" if hasattr(given, "dtype") else ""
        raise ArgumentTypeError(f"{name}(): argument 'target' must be Tensor, not {type(given).__name__}", likely=likely)


def unit_interval(name: str, input: Any) -> None:  # noqa: A002, ANN401
    """Probabilities lie between 0 and 1, where contents can be seen (not in a compiled step).  Raises: ArgumentError."""
    held = getattr(input, "_array", None)
    if mode.trace is not None or held is None or not held.size:
        return
    array = dtypes.widened(held)
    if not (array.min() >= 0 and array.max() <= 1):
        facts = (f"lowest {array.min()}, highest {array.max()}",)
        likely = "" if (array != array).any() else "binary_cross_entropy_with_logits (nn.BCEWithLogitsLoss) takes scores of any size"
        raise ArgumentError(f"{name}: all elements of input should be between 0 and 1", facts=facts, likely=likely)


def not_negative(name: str, argument: str, value: Any) -> None:  # noqa: ANN401
    """No element is below 0, where contents can be seen (not in a compiled step).  Raises: ArgumentError."""
    held = getattr(value, "_array", None)
    if mode.trace is None and held is not None and held.size and (dtypes.widened(held) < 0).any():
        raise ArgumentError(f"{name}: {argument} has negative entry/entries")


def same_dtype(layer: str, input: Any, weight: Any) -> None:  # noqa: A002, ANN401
    """Input and weight are of one dtype.  Raises: DTypeError with the conversion that helps."""
    if input.dtype == weight.dtype:
        return
    names = arguments.name_of(input.dtype), arguments.name_of(weight.dtype)
    turn = {"float32": ".float()", "float64": ".double()"}.get(str(weight.dtype), f".to(torch.{dtypes.name(weight.dtype)})")
    facts = (f"input   {tuple(input.shape)} {dtypes.name(input.dtype)}      weight  {tuple(weight.shape)} {dtypes.name(weight.dtype)}",)
    given = "x" if isinstance(input, Handle) else "torch.from_numpy(x)"
    raise DTypeError(f"{layer}: expected the input to have the dtype of the weight, but got: {names[0]} != {names[1]}", facts=facts,
                     likely=f"convert the input: {given}{turn}")  # fmt: skip


def features(input: Any, weight: Any) -> None:  # noqa: A002, ANN401
    """linear: the last axis of the input has as many features as the weight.  Raises: ShapeError, DTypeError, ArgumentTypeError."""
    arguments.tensor("linear", input)
    arguments.tensor("linear", weight, "weight")
    given, known = input.shape, weight.shape
    if not 1 <= len(known) <= 2:
        raise ShapeError(f"linear(): expected a weight of 1 or 2 dimensions, got {weight.ndim}", facts=(f"weight  {tuple(weight.shape)}",))
    wanted = known[-1]
    if not given or given[-1] != wanted:
        rows = tuple(given)
        if len(rows) > 2 and rows[0] and math.prod(rows[1:]) == wanted:
            likely = "flatten all but the batch first: x.flatten(1), or nn.Flatten()"
        else:
            other = f", or make the layer with in_features={rows[-1]}" if rows else ""
            likely = f"give the input {wanted} features on its last axis{other}"
        raise ShapeError(
            f"linear(): input and weight shapes cannot be multiplied: the last axis of the input is {rows[-1] if rows else 'missing'}, "
            f"in_features is {wanted}",
            facts=(f"input   {rows} {dtypes.name(input.dtype)}      weight  {tuple(weight.shape)} (out_features, in_features)",),
            likely=likely,
        )  # fmt: skip
    same_dtype("linear()", input, weight)


def channels(rank: int, input: Any, weight: Any, groups: int) -> None:  # noqa: A002, ANN401
    """A convolution's input is (N, C, *space) or (C, *space) with the weight's channels.  Raises: ShapeError, DTypeError."""
    arguments.tensor(f"conv{rank}d", input)
    arguments.tensor(f"conv{rank}d", weight, "weight")
    if groups < 1:
        raise ArgumentError(f"conv{rank}d: non-positive groups is not supported", facts=(f"groups {groups}",))
    shape = tuple(input.shape)
    space = ("L",) if rank == 1 else ("H", "W") if rank == 2 else ("D", "H", "W")
    sizes = f"weight  {tuple(weight.shape)} (out_channels, in_channels / groups, *kernel_size)"
    facts = (f"input   {shape} {dtypes.name(input.dtype)}      {sizes}",)
    if weight.ndim != rank + 2:
        raise ShapeError(f"conv{rank}d: expected a weight of {rank + 2} dimensions, got {weight.ndim}", facts=facts)
    wanted = weight.shape[1] * groups
    if input.ndim not in (rank + 1, rank + 2):
        names = ", ".join(space)
        message = f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to conv{rank}d, but got input of size: {list(shape)}"
        raise ShapeError(message, facts=facts, likely=f"the input is (N, C, {names})")
    found = shape[-rank - 1]
    if found != wanted:
        last = shape[-1] == wanted and len(shape) == rank + 2
        order = ", ".join(str(n) for n in (0, rank + 1, *range(1, rank + 1)))
        likely = f"make the layer with in_channels={found}" if found % groups == 0 else ""
        if last:
            likely = f"the channels stand last: x.permute({order})"
        if wanted == 1 and len(shape) == rank + 1:
            likely = "pictures without a channels axis: x.unsqueeze(1)"
        axis = len(shape) - rank - 1
        message = f"given groups={groups}, weight of size {list(weight.shape)}, expected input{list(shape)} to have {wanted} channels"
        raise ShapeError(f"{message}, but got {found} channels instead (axis {axis})", facts=facts, likely=likely)
    same_dtype(f"conv{rank}d", input, weight)


def pooled(name: str, rank: int, input: Any) -> None:  # noqa: A002, ANN401
    """A pooling's input is (N, C, *space) or (C, *space).  Raises: ShapeError."""
    arguments.tensor(name, input)
    if input.ndim not in (rank + 1, rank + 2):
        raise ShapeError(f"{name}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor for input, but got: {list(input.shape)}")


def normalized(input: Any, running: Any, *, by_batch: bool) -> None:  # noqa: A002, ANN401
    """batch_norm: axis 1 has the features of the layer, and more than one value each to take a variance of.  Raises: ShapeError."""
    arguments.tensor("batch_norm", input)
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise ShapeError(f"batch_norm: expected at least 2D input (got {len(shape)}D input)")
    parts("batch_norm", {"running_mean": running})
    if running is not None and tuple(running.shape) != (shape[1],):
        raise ShapeError(
            f"running_mean should contain {shape[1]} elements not {math.prod(running.shape)}",
            facts=(f"input   {shape} {dtypes.name(input.dtype)}",),
            likely=f"axis 1 of the input is the channels: make the layer with num_features={shape[1]}",
        )  # fmt: skip
    if by_batch and math.prod(shape) == shape[1] and shape[1]:
        likely = "use a larger batch (DataLoader(..., drop_last=True)), or model.eval() to predict"
        raise ShapeError(f"Expected more than 1 value per channel when training, got input size {list(shape)}", likely=likely)


def floating(name: str, dtype: dtypes.DType) -> None:
    """Means and errors are no whole numbers.  Raises: DTypeError."""
    if not dtypes.is_float(dtype):
        raise DTypeError(f"{name}(): not implemented for {arguments.name_of(dtype)!r}", likely="use .float()")


def compared(name: str, input: Any, target: Any) -> tuple[Any, Any]:  # noqa: A002, ANN401
    """Predictions and targets of one shape, in their common dtype.  Raises: ShapeError."""
    arguments.tensor(name, input)
    arguments.tensor(name, target, "target")
    if tuple(input.shape) != tuple(target.shape):
        sides = f"target size ({tuple(target.shape)}) must be the same as input size ({tuple(input.shape)})"
        likely = ""
        if tuple(input.shape) == (*target.shape, 1):
            likely = "targets[..., None]"
        elif tuple(target.shape) == (*input.shape, 1):
            likely = "targets[..., 0]"
        raise ShapeError(f"{name}: {sides}", facts=("broadcasting would compare each prediction with every target",), likely=likely)
    dtype = dtypes.promoted(input.dtype, target.dtype)
    return cast(input, dtype), cast(target, dtype)


def floating_target(name: str, input: Any, target: Any) -> None:  # noqa: A002, ANN401
    """Binary targets are of the input's floating dtype.  Raises: DTypeError, ShapeError."""
    arguments.tensor(name, input)
    arguments.tensor(name, target, "target")
    if target.dtype != input.dtype:
        facts = (f"input   {dtypes.name(input.dtype)}      target  {dtypes.name(target.dtype)}",)
        turn = ".double()" if str(input.dtype) == "float64" else ".float()"
        message = f"{name}: found dtype {arguments.name_of(target.dtype)} but expected {arguments.name_of(input.dtype)}"
        raise DTypeError(message, facts=facts, likely=f"convert the targets: target{turn}")
    compared(name, input, target)


def class_labels(input: Any, target: Any, name: str = "cross_entropy") -> None:  # noqa: A002, ANN401
    """Labels (N, ...) for scores (N, C, ...).  Raises: ShapeError, DTypeError."""
    scores, labels = tuple(input.shape), tuple(target.shape)
    facts = (f"input   {scores} {dtypes.name(input.dtype)}      target  {labels} {dtypes.name(target.dtype)}",)
    if not scores:
        raise ShapeError(f"{name}: the input needs an axis of classes", facts=facts)
    if not dtypes.is_integer(target.dtype):
        message = f"{name}: expected target of whole numbers or of probabilities, but got {arguments.name_of(target.dtype)}"
        raise DTypeError(message, facts=facts, likely="class labels are target.long()")
    wanted = (scores[0], *scores[2:]) if len(scores) > 1 else ()
    if labels == wanted:
        return
    if labels == scores:
        raise DTypeError(f"{name}: expected floating point type for target with class probabilities, got "
                         f"{arguments.name_of(target.dtype)}", facts=facts, likely="one-hot targets are target.float()")  # fmt: skip
    likely = "labels have no axis of their own: target.squeeze(1)" if labels == (*wanted, 1) else ""
    if labels == scores[:-1]:
        order = ", ".join(str(n) for n in (0, len(scores) - 1, *range(1, len(scores) - 1)))
        likely = f"the classes stand last: input.permute({order})"
    raise ShapeError(f"{name}: Expected target size {list(wanted)}, got {list(labels)}", facts=facts, likely=likely)


def class_targets(input: Any, target: Any) -> None:  # noqa: A002, ANN401
    """cross_entropy: floating targets are probabilities, of the input's shape.  Raises: DTypeError, ShapeError."""
    scores, given = tuple(input.shape), tuple(target.shape)
    facts = (f"input   {scores} {dtypes.name(input.dtype)}      target  {given} {dtypes.name(target.dtype)}",)
    if not dtypes.is_float(input.dtype):
        raise DTypeError(f"cross_entropy: not implemented for {arguments.name_of(input.dtype)!r}", facts=facts,
                         likely="the scores stand first: loss(output, target)")  # fmt: skip
    if scores and given == (scores[0], *scores[2:])[: len(scores) - 1]:
        message = f"cross_entropy: expected target dtype to be Long or Byte, but got {arguments.name_of(target.dtype)}"
        raise DTypeError(message, facts=facts, likely="class labels are target.long()")
    compared("cross_entropy", input, target)


def ids(name: str, input: Any) -> None:  # noqa: A002, ANN401
    """Rows of a table are named by whole numbers.  Raises: ArgumentTypeError, DTypeError."""
    arguments.tensor(name, input)
    if not dtypes.is_integer(input.dtype):
        message = f"{name}: expected indices of type Long or Int, but got {arguments.name_of(input.dtype)}"
        raise DTypeError(message, likely="ids are input.long()" if isinstance(input, Handle) else "")


def parts(name: str, given: Mapping[str, Any], extent: int | None = None) -> None:
    """Tensors that may be left out, by the names of the arguments; of one axis and an extent, where that is given.

    Raises: ArgumentTypeError, for a truth value too; ShapeError.
    """
    for argument, value in given.items():
        if value is not None:
            arguments.tensor(name, value, argument)
            if extent is not None and tuple(value.shape) != (extent,):
                raise ShapeError(f"{name}: expected {argument} of {extent} elements", facts=(f"{argument} {tuple(value.shape)}",))


def probability(name: str, p: Any) -> float:  # noqa: ANN401
    """A number from 0 to 1.  Raises: ArgumentError, ArgumentTypeError."""
    try:
        held = float(p)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"{name}: argument 'p' must be float, not {type(p).__name__}") from None
    if not 0.0 <= held <= 1.0:
        raise ArgumentError(f"dropout probability has to be between 0 and 1, but got {p}")
    return held


def warn_of_nothing(name: str) -> None:
    """A used-up generator of parameters looks like a model without any."""
    message = f"{name}: no parameters (it is empty): an exhausted generator? model.parameters() gives them once"
    warn(f"{message}, list(model.parameters()) keeps them")
