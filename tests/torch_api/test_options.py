"""Every way to call a name of PyTorch's is one here, by place and by name: an option that is not served is one at its default only.

The ways are recorded (src/gradwerk/torch/signatures.json), so this runs without PyTorch; tests/peers/test_signatures.py holds the record
to one that is installed.
"""

from __future__ import annotations

import gc
import inspect
import itertools
import weakref
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.signatures import OTHER
from gradwerk.torch.signatures import FROM_NUMPY, RECORD
from tests.peers import signatures

PUBLIC = signatures.public("torch")
WAYS = [
    (path, way) for path in sorted(PUBLIC) for way in RECORD.signatures(path)
    if not all(p.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD) for p in way.parameters.values())
]  # fmt: skip
OPTIONS = sorted({name for _, way in WAYS for name in way.parameters})
OTHERWISE = {
    "nn.Module.state_dict": "its former order is not here",
    "Tensor.atanh_": "PyTorch documents an argument that it does not take",
    "Tensor.arctanh_": "as above",
}
"""What is called otherwise here, and why."""
WRONG = object()
"""No value of any option."""


def ours(path: str) -> Any:
    called = PUBLIC[path]
    return called.__init__ if inspect.isclass(called) else called


def reaching(path: str) -> Callable[..., tuple[Any, Any]]:
    """What the function of a name is given for arguments, or a TypeError, without running it."""
    called, definition = PUBLIC[path], ours(path)
    is_method = inspect.isclass(called) or "." in definition.__qualname__
    me = (called.__new__(called),) if inspect.isclass(called) else (object(),) if is_method else ()
    adapter = getattr(definition, "adapter", None)
    if adapter is not None:
        me = me if adapter.skipped else ()
        return lambda *args, **kwargs: adapter.adapted((*me, *args), kwargs)
    own = inspect.signature(definition)

    def bound(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        found = own.bind(*me, *args, **kwargs)
        return found.args, found.kwargs

    return bound


def whole(way: Signature) -> tuple[list[Any], dict[str, Any]]:
    """All arguments of a way to call: those by place, and those by name alone; each of its own, an option at its default."""
    placed, named = [], {}
    for p in way.parameters.values():
        value = object() if p.default is p.empty else None if p.default is OTHER else p.default
        if p.kind is Parameter.POSITIONAL_OR_KEYWORD:
            placed.append(value)
        elif p.kind is Parameter.VAR_POSITIONAL:
            placed += [object(), object()]
        elif p.kind is Parameter.KEYWORD_ONLY:
            named[p.name] = value
    return placed, named


@pytest.mark.parametrize(("path", "way"), [(path, way) for path, way in WAYS if path not in OTHERWISE], ids=str)
def test_each_way_to_call_is_one_here(path: str, way: Signature) -> None:
    """All options by place, then one less by place and one more by name: what must be given arrives, and defaults change nothing."""
    reach, (placed, named) = reaching(path), whole(way)
    names = [p.name for p in way.parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    needed = [value for value in (*placed, *named.values()) if type(value) is object]
    counts = range(len(names) + 1) if len(names) == len(placed) else (len(placed),)
    for count in counts:
        by_name = dict(zip(names[count:], placed[count:], strict=True)) if count < len(names) else {}
        try:
            args, kwargs = reach(*placed[:count], **by_name, **named)
        except ArgumentError as error:
            refused = [name for name in way.parameters if f"torch's option {name!r} is not supported" in str(error)]
            assert refused, error
            assert way.parameters[refused[0]].default is Parameter.empty, error
            continue
        arrived = [item for one in (*args, *kwargs.values()) for item in (one if isinstance(one, tuple) else (one,))]
        assert all(any(value is one for one in arrived) for value in needed), (count, args, kwargs)


@pytest.mark.parametrize(("path", "way"), [(path, way) for path, way in WAYS if path not in OTHERWISE], ids=str)
def test_an_option_that_is_not_served_is_refused_by_name(path: str, way: Signature) -> None:
    reach, ignored = reaching(path), getattr(getattr(ours(path), "adapter", None), "ignored", ())
    placed, named = whole(Signature([p for p in way.parameters.values() if p.default is p.empty]))
    for name, p in way.parameters.items():
        if p.default is p.empty or name in ignored:
            continue
        try:
            args, kwargs = reach(*placed, **named, **{name: WRONG})
        except (ArgumentError, ArgumentTypeError) as error:
            assert name in str(error)
        else:
            assert WRONG in args or WRONG in kwargs.values()


@pytest.mark.parametrize(("path", "way"), WAYS, ids=str)
def test_an_option_that_torch_does_not_have_is_none_here(path: str, way: Signature) -> None:
    """The options of all other names, given in addition, are a TypeError."""
    reach, (placed, named) = reaching(path), whole(way)
    known = {name for one in RECORD.signatures(path) for name in one.parameters}
    if any(p.kind is Parameter.VAR_KEYWORD for one in RECORD.signatures(path) for p in one.parameters.values()):
        return
    for name in OPTIONS:
        if name in known or FROM_NUMPY.get(name) in known:
            continue
        with pytest.raises(TypeError, match=name):
            reach(*placed, **named, **{name: None})


@pytest.mark.parametrize("path", sorted({path for path, _ in WAYS}))
def test_arguments_that_are_too_few_or_too_many_are_an_error_in_words_of_torch(path: str) -> None:
    """Of every function, class and method of Tensors; none names a class or function of ours that torch does not have."""
    called, ways = PUBLIC[path], RECORD.signatures(path)
    if path in OTHERWISE or path.startswith(("nn.Module.", "optim.Optimizer.")):
        return
    if inspect.isclass(called) and not hasattr(ours(path), "adapter"):
        return
    me = (torch.ones(2, 3),) if path.startswith("Tensor.") else ()
    by_place = [[p for p in way.parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD] for way in ways]
    least = min(sum(p.default is p.empty for p in placed) for placed in by_place)
    endless = any(p.kind is Parameter.VAR_POSITIONAL for way in ways for p in way.parameters.values())
    takes_others = getattr(getattr(ours(path), "adapter", None), "own", None)
    counts = [least - 1] if least else []
    if not endless and not (takes_others and takes_others.has_others):
        counts.append(max(map(len, by_place)) + 1)
    for count in counts:
        with pytest.raises(TypeError) as caught:
            called(*me, *[object() for _ in range(count)])
        said, name = str(caught.value).partition("(")[0], path.rpartition(".")[2]
        assert said.split(".")[-1] == name or said == f"{name}.__init__", caught.value
        assert said.split(".")[0] in (name, "Tensor"), caught.value


NOTHING: tuple[Any, ...] = (None, False, 0, 0.0, "", (), [], {})
"""What is false, and may mean something all the same."""


@pytest.mark.parametrize(("path", "way"), [(path, way) for path, way in WAYS if path not in OTHERWISE], ids=str)
def test_what_is_false_is_served_or_refused_or_the_default(path: str, way: Signature) -> None:
    """`size_average=False` asks for a sum, though its default is None: an option that does not arrive says what its default says."""
    reach, ignored = reaching(path), getattr(getattr(ours(path), "adapter", None), "ignored", ())
    placed, named = whole(Signature([p for p in way.parameters.values() if p.default is p.empty]))
    for name, p in way.parameters.items():
        if p.default is p.empty or name in ignored:
            continue
        try:
            reach(*placed, **named, **{name: WRONG})
        except (ArgumentError, ArgumentTypeError):
            for value in NOTHING:
                if value == p.default or (value is None and p.default in (False, OTHER)):
                    continue
                with pytest.raises((ArgumentError, ArgumentTypeError), match=name):
                    reach(*placed, **named, **{name: value})


@pytest.mark.parametrize("make", [
    lambda: type("Own", (torch.optim.SGD,), {})([torch.nn.Parameter(torch.ones(1))], lr=0.1),
    lambda: type("Own", (torch.nn.Linear,), {})(2, 3, device="cpu"),
    lambda: type("Own", (torch.nn.MSELoss,), {})(None, None, "sum"), lambda: type("Own", (torch.nn.Linear,), {})(2, 3),
])  # fmt: skip
def test_a_class_of_ones_own_is_forgotten_with_its_objects(make: Callable[[], Any]) -> None:
    kept = [weakref.ref(type(make())) for _ in range(3)]
    gc.collect()
    assert [ref() for ref in kept] == [None] * 3


def test_one_number_for_each_axis_says_what_one_says() -> None:
    for dilation in (1, (1, 1), [1, 1], np.int64(1)):
        made = torch.nn.MaxPool2d(2, dilation=dilation)
        made.dilation = dilation
        assert made(torch.ones(1, 4, 4)).shape == (1, 2, 2)
    assert torch.nn.MaxPool2d(2, dilation=(1, 2))(torch.ones(1, 4, 4)).shape == (1, 2, 1)
    for wrong in ({"ceil_mode": (False,)}, {"dilation": np.ones(2)}):
        with pytest.raises((ArgumentError, ArgumentTypeError), match=next(iter(wrong))):
            torch.nn.MaxPool2d(2, **wrong)(torch.ones(1, 4, 4))


def test_none_says_what_false_says_where_that_is_the_default() -> None:
    assert [len(batch) for batch in torch.utils.data.DataLoader([1], pin_memory=None)] == [1]
    with pytest.raises(ArgumentError, match="'in_order' is not supported here yet"):
        torch.utils.data.DataLoader([1], in_order=None)


SAMPLES = {
    "cross_entropy": torch.tensor([2, 0]), "mse_loss": torch.zeros(2, 3), "l1_loss": torch.zeros(2, 3),
    "binary_cross_entropy": torch.ones(2, 3), "binary_cross_entropy_with_logits": torch.ones(2, 3),
}  # fmt: skip
LOSSES = {
    "CrossEntropyLoss": "cross_entropy", "MSELoss": "mse_loss", "L1Loss": "l1_loss", "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
}  # fmt: skip


@pytest.mark.parametrize(("size_average", "reduce"), [*itertools.product((None, True, False), repeat=2)])
@pytest.mark.parametrize("name", [*LOSSES, *SAMPLES])
def test_the_options_of_old_are_the_reduction_that_they_mean(name: str, size_average: bool | None, reduce: bool | None) -> None:
    """Of both the default None is True; what is not reduced is not averaged either.  They go before `reduction`."""
    meant = "none" if reduce is False else "sum" if size_average is False else "mean"
    x, y = torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]]), SAMPLES[LOSSES.get(name, name)]
    old = {"size_average": size_average, "reduce": reduce}

    def loss(**options: Any) -> Any:
        return getattr(torch.nn, name)(**options)(x, y) if name in LOSSES else getattr(torch.nn.functional, name)(x, y, **options)

    expected = loss(reduction=meant)
    if old == dict.fromkeys(old):
        np.testing.assert_array_equal(loss(**old), expected)
        return
    with pytest.warns(UserWarning, match=f"please use reduction='{meant}' instead"):
        np.testing.assert_array_equal(loss(**old, reduction="sum"), expected)


def test_an_option_of_old_that_is_no_truth_value() -> None:
    x = torch.ones(2)
    with pytest.raises(ArgumentTypeError, match=r"(?s)mse_loss: size_average is True, False or None, not str\n.*likely: reduction='sum'"):
        torch.nn.functional.mse_loss(x, x, "sum")
    with pytest.raises(ArgumentTypeError, match=r"(?s)MSELoss was made with Tensors\n.*nn.MSELoss\(\)\(input, target\)"):
        torch.nn.MSELoss(x, x)
