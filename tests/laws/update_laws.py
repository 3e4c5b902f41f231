"""What every update rule obeys, as functions over a class of nn.optimizer.Optimizer: a new one is tested by existing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import gradwerk.nn
from gradwerk.base import dtypes
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.averaging import Average
from gradwerk.nn.optimizer import Optimizer
from gradwerk.nn.updates import Decay
from gradwerk.tensor.tensor import Parameter, Tensor

Rule = type[Any]
RNG = np.random.default_rng(5)
STARTS = [RNG.standard_normal(shape).astype(np.float32) for shape in ((3, 2), (5,), ())]
GRADIENTS = [[RNG.standard_normal(w.shape).astype(np.float32) for w in STARTS] for _ in range(4)]


def rules() -> dict[str, Rule]:
    """Every update rule of gradwerk.nn, by the name of its class."""
    modules = [importlib.import_module(f"gradwerk.nn.{found.name}") for found in pkgutil.iter_modules(gradwerk.nn.__path__)]
    found = {name: value for module in modules for name, value in vars(module).items() if isinstance(value, type)}
    return {name: value for name, value in found.items() if issubclass(value, Optimizer) and value.rule is not Optimizer.rule}


RATE_IS_FIRST_SIZE, FOLLOW_SUMS = ("Rprop",), ("Ftrl", "ScheduleFreeAdamW")
"""Rules whose learning rate is the size of the first step and no more; and those whose parameters follow from sums, not from themselves."""
STEPS_OF_A_LONG_RUN = 80
"""A product of 80 numbers below 0.2 is 0 in float32."""


def parameters() -> list[Parameter]:
    return [Parameter(w.copy()) for w in STARTS]


def given(number: int) -> list[Tensor]:
    return [Tensor(g) for g in GRADIENTS[number]]


def bits(*groups: Sequence[Tensor]) -> list[bytes]:
    return [tensor.numpy().tobytes() for group in groups for tensor in group]


def is_documented(rule: Rule) -> None:
    """Its class says what it is."""
    assert len((rule.__doc__ or "").splitlines()[0]) > 3


def compiled_is_eager(rule: Rule) -> None:
    """Three steps leave the same parameters and slots, up to rounding; in a step of its own and in a compiled one."""
    ends = []
    for wrap in (lambda fn: fn, compile_):
        weights = parameters()
        optimizer = rule(weights, 0.1)
        step = wrap(optimizer.apply)
        for number in range(3):
            step(given(number))
        ends.append([tensor.numpy() for tensor in (*weights, *optimizer.buffers())])
    for eager, compiled in zip(*ends, strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-5, atol=1e-6)


def goes_on_from_its_state(rule: Rule) -> None:
    """Parameters and state that another takes over go on to the same bits."""
    weights, others = parameters(), parameters()
    optimizer = rule(weights, 0.1)
    for number in range(2):
        optimizer.apply(given(number))
    twin = rule(others, 0.1)
    twin.load_state({path: tensor.numpy().copy() for path, tensor in optimizer.state().items()})
    for mine, other in zip(weights, others, strict=True):
        other.assign(mine.numpy().copy())
    for optimizer_ in (optimizer, twin):
        for number in (2, 3):
            optimizer_.apply(given(number))
    assert bits(weights, [*optimizer.buffers()]) == bits(others, [*twin.buffers()])


def leaves_alone_what_has_no_gradient(rule: Rule) -> None:
    """A parameter without a gradient, or a frozen one, keeps its bits, and so do its slots."""
    weights = parameters()
    weights[2].requires_grad = False
    optimizer = rule(weights, 0.1)
    before = [bits(column) for column in optimizer.slots.values()]
    optimizer.apply(given(0)[:1] + [None] + given(0)[2:])
    for place in (1, 2):
        np.testing.assert_array_equal(weights[place].numpy(), STARTS[place])
        assert [bits([column[place]]) for column in optimizer.slots.values()] == [column[place : place + 1] for column in before]
    assert (weights[0].numpy() != STARTS[0]).any()


def goes_down(rule: Rule) -> None:
    """|w|^2 / 2 becomes smaller, and of its negative upwards the same steps."""
    ends = []
    for sign in (1, -1):
        weights = parameters()
        optimizer = rule(weights, 0.01, maximize=sign < 0)
        for _ in range(20):
            optimizer.apply([Tensor(np.asarray(np.float32(sign) * w.numpy())) for w in weights])  # of NumPy 1 an int would widen a number
        assert sum(float((w.numpy() ** 2).sum()) for w in weights) < sum(float((w**2).sum()) for w in STARTS)
        ends.append(bits(weights))
    assert ends[0] == ends[1]


def a_rate_of_zero_moves_nothing(rule: Rule) -> None:
    """The learning rate is read at each step, or for the next one, of a compiled one too: another needs no new trace."""
    if rule.__name__ in RATE_IS_FIRST_SIZE + FOLLOW_SUMS:
        return
    weights = parameters()
    optimizer = rule(weights, 0.0)
    step = compile_(optimizer.apply)
    step(given(0))
    assert bits(weights) == [w.tobytes() for w in STARTS]
    optimizer.learning_rate = 0.1
    step(given(1))
    step(given(2))
    assert bits(weights) != [w.tobytes() for w in STARTS]
    assert len(step.specializations) == 1


def decays(rule: Rule) -> None:
    """With gradients of 0, a decoupled decay leaves w (1 - rate * decay) at the first step."""
    if rule.__name__ in FOLLOW_SUMS:
        return
    weights = parameters()
    rule(weights, 0.5, decay=Decay(0.1, decoupled=True)).apply([Tensor(np.zeros_like(w)) for w in STARTS])
    for weight, start in zip(weights, STARTS, strict=True):
        np.testing.assert_allclose(weight.numpy(), start * (1 - 0.5 * 0.1), rtol=1e-6)


def keeps_the_dtype_of_its_parameters(rule: Rule) -> None:
    """Parameters and slots of narrow and wide floats stay what they are, and steps are those in float32, up to rounding.

    A slot of one number for a parameter is in the dtype of the step, so that what it says is not rounded again and again.
    """
    for dtype in (dtypes.float64, dtypes.float16, dtypes.bfloat16):
        starts = [dtypes.converted(w, dtype) for w in STARTS]
        weights, wide = [Parameter(w) for w in starts], [Parameter(dtypes.widened(w)) for w in starts]
        optimizer, other = rule(weights, 0.1), rule(wide, 0.1)
        for gradients in GRADIENTS[:2]:
            held = [dtypes.converted(g, dtype) for g in gradients]
            optimizer.apply([Tensor(g) for g in held])
            other.apply([Tensor(dtypes.widened(g)) for g in held])
        kept = [tensor for slot, tensors in optimizer.slots.items() for tensor in tensors if slot not in rule.numbers_kept]
        numbers = [tensor for slot in rule.numbers_kept for tensor in optimizer.slots[slot]]
        assert {tensor.dtype for tensor in (*weights, *kept)} == {dtype}
        assert {tensor.dtype for tensor in numbers} <= {dtypes.accumulator(dtype)}
        few = 8 * float(dtypes.limits(dtype).eps)
        for mine, exact in zip(weights, wide, strict=True):
            np.testing.assert_allclose(dtypes.widened(mine.numpy()), exact.numpy(), rtol=few, atol=few, err_msg=str(dtypes.name(dtype)))


def keeps_an_average(rule: Rule) -> None:
    """Beside its own slots, whatever those are, an average of the parameters, in their dtype to the last digits."""
    weights = [Parameter(w.astype(np.float64)) for w in (*STARTS, np.zeros((2, 3, 2), np.float32))]
    optimizer = rule(weights, 0.1, average=Average(0.7))
    exact: list[Any] = []
    for number in range(3):
        gradients = [*GRADIENTS[number], np.ones(weights[-1].shape)]
        optimizer.apply([Tensor(g.astype(np.float64)) for g in gradients])
        now = [w.numpy().copy() for w in weights]
        exact = [0.7 * e + 0.3 * w for e, w in zip(exact, now, strict=True)] if exact else now
    for kept, wanted in zip(optimizer.slots["average"], exact, strict=True):
        np.testing.assert_allclose(kept.numpy(), wanted, rtol=1e-13)


def goes_on_for_long(rule: Rule) -> None:
    """Many steps in float32 end where those in float64 do, also where the past is forgotten soon: products of shares become 0."""
    settings: dict[str, Any] = {"beta_1": 0.2} if "beta_1" in vars(rule([Parameter(STARTS[1])], 0.1)) else {}
    ends = []
    for dtype in (dtypes.float32, dtypes.float64):
        weight = Parameter(STARTS[1].astype(dtype))
        optimizer = rule([weight], 0.01, **settings)
        for number in range(STEPS_OF_A_LONG_RUN):
            optimizer.apply([Tensor(GRADIENTS[number % 4][1].astype(dtype))])
        ends.append(weight.numpy())
    np.testing.assert_allclose(*ends, rtol=1e-4, atol=1e-4)


UPDATE_LAWS: tuple[Callable[[Rule], None], ...] = (
    is_documented, compiled_is_eager, goes_on_from_its_state, leaves_alone_what_has_no_gradient, goes_down, a_rate_of_zero_moves_nothing,
    decays, keeps_the_dtype_of_its_parameters, keeps_an_average, goes_on_for_long,
)  # fmt: skip
