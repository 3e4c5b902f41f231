"""Options by name: a typo, or an option of Keras that is not here yet, is one clear error."""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import reprlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ParamSpec, TypedDict, TypeGuard, TypeVar

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.origin import warn
from gradwerk.base.signatures import says_nothing
from gradwerk.keras.older_options import OLDER, in_place
from gradwerk.keras.signatures import options_of, placed_of

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class LayerOptions(TypedDict, total=False):
    """What every layer takes besides its own arguments."""

    name: str | None
    trainable: bool
    dtype: Any
    autocast: bool
    input_shape: tuple[int | None, ...] | None
    activity_regularizer: Any


class DecayingOptions(TypedDict, total=False):
    """What every optimizer takes besides its own arguments, those among them that decay the weights by themselves."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class OptimizerOptions(DecayingOptions, total=False):
    """What the other optimizers take."""

    weight_decay: float | None


def shared_options(annotation: object) -> type:
    """The class that says what `**options` of this annotation takes."""
    return next((cls for cls in (OptimizerOptions, DecayingOptions) if cls.__name__ in str(annotation)), LayerOptions)


def _is_switch(value: object) -> bool:
    return value is None or isinstance(value, (bool, np.bool_)) or (isinstance(value, (int, np.integer)) and value in {0, 1})


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """A number of Python's or NumPy's, no truth value."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


Kind = tuple[Callable[[object], bool], str]
"""Whether a value is of a kind, and the kind in words."""
SWITCH: Kind = (_is_switch, "True or False")
TRUTH: Kind = (lambda value: isinstance(value, (bool, np.bool_)), "True or False")
NAME: Kind = (lambda value: value is None or isinstance(value, str), "a name or None")
_KINDS: Mapping[frozenset[str], Kind] = MappingProxyType({
    frozenset({"bool"}): SWITCH, frozenset({"int"}): (_is_integer, "an integer"), frozenset({"float"}): (is_number, "a number"),
    frozenset({"int", "None"}): (lambda value: value is None or _is_integer(value), "an integer or None"),
    frozenset({"float", "None"}): (lambda value: value is None or is_number(value), "a number or None"),
    frozenset({"str", "None"}): NAME,
})  # fmt: skip


def kind_of(annotation: object) -> Kind | None:
    """What may stand for an argument of this annotation, as it is written in the source; None where that is not said in words."""
    return _KINDS.get(frozenset(str(annotation).split(" | ")))


def checked_except(*own: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`checked`, where the function looks at the arguments of these names by itself."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        if surplus := [name for name in own if name not in parameters]:
            raise TypeError(f"{function.__qualname__} has no {surplus[0]}")
        return _checked(function, parameters, frozenset(own))

    return decorate


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Refuses unknown keyword arguments with the nearest known name, and arguments of another kind than their annotation's, before the
    function runs.
    """
    return _checked(function, inspect.signature(function).parameters, frozenset())


def _checked(function: Callable[P, R], parameters: Mapping[str, inspect.Parameter], own: frozenset[str]) -> Callable[P, R]:
    kinds = [None if name in own else kind_of(p.annotation) for name, p in parameters.items()]
    by_name = {name: kind for name, kind in zip(parameters, kinds, strict=True) if kind is not None}
    shared = next((shared_options(p.annotation) for p in parameters.values() if p.kind is inspect.Parameter.VAR_KEYWORD), None)
    takes_layer_options = shared is LayerOptions
    known = {name for name, p in parameters.items() if name != "self" and p.kind is not inspect.Parameter.VAR_KEYWORD}
    known |= set() if shared is None else shared.__annotations__.keys()
    if shared is not None and not takes_layer_options:
        by_name |= {name: kind for name, said in shared.__annotations__.items() if (kind := kind_of(said.__forward_arg__)) is not None}
    owner = function.__qualname__
    makes, older = owner.endswith(".__init__"), OLDER.get(owner.removesuffix(".__init__"), {})
    endless = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters.values())
    first = next((place for place, kind in enumerate(kinds) if kind is not None), len(kinds))
    most = len(parameters) if endless else sum(p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for p in parameters.values())

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if len(args) > most and not endless:
            args, kwargs = _by_name(function, args, kwargs, most)  # type: ignore[assignment]  # the same arguments
        if older and not older.keys().isdisjoint(kwargs):
            kwargs = in_place(owner.removesuffix(".__init__"), older, kwargs)  # type: ignore[assignment]  # by the names of today
        if takes_layer_options and "input_dim" in kwargs and "input_dim" not in parameters:
            kwargs["input_shape"] = (kwargs.pop("input_dim"),)
        if "decay" in kwargs and shared is not None and not takes_layer_options:
            warn("Argument `decay` is no longer supported and will be ignored.")
            del kwargs["decay"]
        if not kwargs.keys() <= known:
            taken = known | own_options(args[0]) if takes_layer_options and args else known
            _refuse(type(args[0]).__name__ if makes else owner, options_of(function, type(args[0]) if args else None), kwargs, taken)
            for name in kwargs.keys() - taken:
                del kwargs[name]
        if by_name and (len(args) > first or kwargs):
            named = [(name, kwargs[name], by_name[name]) for name in kwargs if name in by_name]
            for name, value, kind in (*zip(parameters, args, kinds, strict=False), *named):
                if kind is not None and not kind[0](value):
                    who = type(args[0]).__name__ if makes else owner
                    raise ArgumentError(f"{who}: {name} is {kind[1]}, this is {reprlib.repr(value)}")
        return function(*args, **kwargs)

    return call


def _by_name(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], most: int
) -> tuple[tuple[Any, ...], dict[str, Any]]:  # fmt: skip
    """The arguments with those by name that Keras takes by position and our function does not.

    Raises: ArgumentTypeError for more than Keras takes, and for an argument that is given twice.
    """
    skipped = int("." in function.__qualname__)  # self
    names = placed_of(function, type(args[0]) if skipped else None)[most - skipped :]
    owner, surplus = (type(args[0]).__name__ if function.__name__ == "__init__" else function.__qualname__), args[most:]
    if len(surplus) > len(names):
        takes = most - skipped + len(names)
        raise ArgumentTypeError(f"{owner} takes {takes} argument{'s' if takes != 1 else ''} by position, {len(args) - skipped} were given")
    if twice := [name for name in names[: len(surplus)] if name in kwargs]:
        raise ArgumentTypeError(f"{owner} got two values for {twice[0]!r}")
    return args[:most], kwargs | dict(zip(names, surplus, strict=False))


def accepted(call: Callable[..., Any], owner: type, given: dict[str, Any]) -> dict[str, Any]:
    """The options with which a layer of class `owner` was called: those that say what is done without them left out.

    Raises: ArgumentError for the first that is none of `call`'s but one of Keras' layer of this name.
    """
    parameters = inspect.signature(call).parameters
    theirs = options_of(call, owner)
    surplus = {name: given[name] for name in given if name not in parameters and name in theirs}
    if surplus and not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        _refuse(owner.__name__, theirs, surplus, parameters)
        return {name: value for name, value in given.items() if name not in surplus}
    return given


def _refuse(owner: str, theirs: Mapping[str, object], given: Mapping[str, object], known: Iterable[str]) -> None:
    """Raises for the first option that is neither ours nor one of `theirs` that says what is done without it."""
    for name in given:
        if name in known or (name in theirs and (says_nothing(given[name], theirs[name]) or (name, given[name]) == ("dtype", "float32"))):
            continue
        if name in theirs:
            raise ArgumentError(f"{owner}: Keras' option {name!r} is not supported here yet", facts=(f"given: {name}={given[name]!r}",))
        raise ArgumentError(f"{owner} has no option {name!r}", facts=(f"known: {', '.join(sorted(known))}",), likely=nearest(name, known))


def own_options(layer: Any) -> set[str]:  # noqa: ANN401
    """The options of a layer for its weights: see `Layer.weight_options`."""
    return {f"{weight}_{kind}" for weight in getattr(layer, "weight_options", ()) for kind in ("regularizer", "constraint")}


FORMER: Mapping[str, str] = MappingProxyType({
    "lr": "learning_rate", "nb_epoch": "epochs", "nb_filter": "filters", "output_dim": "units", "border_mode": "padding",
    "subsample": "strides", "init": "kernel_initializer", "p": "rate", "beta1": "beta_1", "beta2": "beta_2", "eps": "epsilon",
    "logits": "from_logits", "val_split": "validation_split", "axes": "axis",
})  # fmt: skip
"""What Keras, or another library, calls or called an option."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean 'units'?`, or '' where nothing is near.

    A former name goes before one that differs in capitals, that before one with all its words, and that before one that looks like it.
    A word that several of the names end in says none of them; and a name that goes on before one says something else: rmse is no mse.
    """
    options = list(known)
    if len({option.lower().replace("_", "") for option in options if option.lower().endswith(name.lower())}) > 1:
        return ""
    words = set(name.lower().split("_"))
    close = [one for one in options if not name.lower().endswith(one.lower())]
    if len(name) < 5:  # of an abbreviation one letter says another thing: rmse is no msle
        close = [one for one in close if len(one) != len(name) or sorted(one) == sorted(name)]
    candidates = [
        [FORMER.get(name, "")], [option for option in options if option.lower() == name.lower()],
        sorted((option for option in options if len(words) > 1 and words <= set(option.lower().split("_"))), key=len)[:1],
        difflib.get_close_matches(name, close, n=1, cutoff=0.6),
    ]  # fmt: skip
    found = next((group[0] for group in candidates if group and group[0] in options), "")
    return f"did you mean {found!r}?" if found else ""


def by_name(what: str, name: object, known: Mapping[str, T]) -> T:
    """The entry of a name.

    Raises: ArgumentError listing the known names and pointing at the nearest.
    """
    if isinstance(name, str) and name in known:
        return known[name]
    raise ArgumentError(f"unknown {what} {name!r}", facts=(f"known: {', '.join(sorted(known))}",), likely=nearest(str(name), known))


def positive_integer(owner: str, name: str, value: object) -> int:
    """A count.

    Raises: ArgumentError for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
        raise ArgumentError(f"{owner}: {name} must be a positive integer, this is {value!r}", likely=_as_integer(value))
    return int(value)


def not_negative(owner: str, name: str, value: object) -> float:
    """A finite number from 0 on.  Raises: ArgumentError."""
    if not is_number(value) or not 0 <= value < math.inf:
        raise ArgumentError(f"{owner}: {name} is a number from 0 on, this is {value!r}")
    return float(value)


def whole(owner: str, name: str, value: object, least: int = 0) -> int:
    """An integer from `least` on; NumPy's are Python's.

    Raises: ArgumentError for anything else.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise ArgumentError(f"{owner}: {name} is an integer of at least {least}, this is {value!r}", likely=_as_integer(value))
    return int(value)


def _as_integer(value: object) -> str:
    """The fix for a float that says a count: `n / 2` gives one."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and value > 0:
        return f"write {int(value)}; // divides without a remainder"
    return ""


def numbers(owner: str, name: str, value: object) -> list[float]:
    """Numbers in a list, a tuple or an array of one axis.

    Raises: ArgumentError for anything else.
    """
    held = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(held, (list, tuple)) or not all(map(is_number, held)):
        raise ArgumentError(f"{owner}: {name} is a list of numbers, this is {reprlib.repr(value)}")
    return list(held)


def arguments_of(made: object, *known: str) -> dict[str, Any]:
    """What an object was made with, as plain data: the attributes named as its class's arguments, but for those `known` already."""
    named = [p.name for p in inspect.signature(type(made).__init__).parameters.values() if p.kind is not p.VAR_KEYWORD]
    return {name: _plain(getattr(made, name)) for name in named if name not in {"self", *known} and hasattr(made, name)}


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A value as JSON can hold it."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def pair(owner: str, name: str, value: object) -> tuple[int, int]:
    """Two counts, given as one number or two.

    Raises: ArgumentError for anything else.
    """
    first, second = counts(owner, name, value, 2)
    return first, second


NUMBERS = ("no", "one", "two", "three")


def counts(owner: str, name: str, value: object, rank: int) -> tuple[int, ...]:
    """So many counts, given as one number for all of them or each by itself.

    Raises: ArgumentError for anything else.
    """
    each = (value,) * rank if isinstance(value, (int, np.integer)) else value
    if not isinstance(each, (tuple, list)) or len(each) != rank:
        several = f" or {NUMBERS[rank]} of them" if rank > 1 else ""
        raise ArgumentError(f"{owner}: {name} must be a positive integer{several}, this is {value!r}")
    return tuple(positive_integer(owner, name, one) for one in each)


def choice(owner: str, name: str, value: object, allowed: tuple[str, ...]) -> str:
    """One of a few words.

    Raises: ArgumentError naming them.
    """
    if not isinstance(value, str) or value not in allowed:
        raise ArgumentError(
            f"{owner}: {name}={reprlib.repr(value)} is not known", facts=(f"allowed: {', '.join(allowed)}",),
            likely=nearest(str(value), allowed),
        )  # fmt: skip
    return value
