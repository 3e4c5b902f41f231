"""Options of torch: what a function here serves it takes itself, all others come from the record of torch (signatures.json).

They are taken where they say nothing special, and refused with one clear error otherwise.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from functools import cache, cached_property
from inspect import Parameter
from types import FunctionType, MappingProxyType
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.signatures import says_nothing
from gradwerk.tensor.devices import CPU
from gradwerk.tensor.handle import Handle
from gradwerk.torch.autocasting import under_autocast
from gradwerk.torch.defaults import default_float
from gradwerk.torch.devices import wanted
from gradwerk.torch.dtypes import asked
from gradwerk.torch.signatures import HOME, RECORD, Handover, OwnParameters, handover, path_of, path_of_class, torch_names

C = TypeVar("C", bound=type)
P = ParamSpec("P")
R = TypeVar("R")

HINTS = frozenset({
    "foreach", "fused", "mmap", "non_blocking", "persistent_workers", "pickle_module", "pickle_protocol", "pin_memory", "pin_memory_device",
    "prefetch_factor", "_use_new_zipfile_serialization",
})  # fmt: skip
"""Options that ask torch for speed and change no result: any value is taken and means nothing here."""
WAYS_TO_COMPILE = ("dynamic", "isolate_recompiles", "mode", "name", "recompile_limit")
"""Options of torch.compile that change no result either."""
LIKE_DEFAULT: Mapping[str, object] = MappingProxyType({"backend": "inductor"})
"""What an option may be besides its default."""
WANTED = "_wanted_dtype"
"""Where a layer keeps the dtype that it is to be made in, while it is made."""
OTHERWISE: Mapping[str, str] = MappingProxyType({
    "learning_rate": "lr", "epsilon": "eps", "decay": "weight_decay", "rate": "p", "units": "out_features", "filters": "out_channels",
    "strides": "stride", "pool_size": "kernel_size", "axis": "dim", "keepdims": "keepdim", "use_bias": "bias", "return_sequences": "",
})  # fmt: skip
"""What other libraries call an argument of torch's."""


def as_recorded(*, name: str = "", ignored: Collection[str] = ()) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The function is called as torch's of its name, or of another one that is recorded.

    It says itself what it serves, under torch's names; with `**options` it is given all that torch takes, defaults too.  Of the rest the
    record knows places and defaults: at its default an option is taken, otherwise refused.  `ignored` ones may be anything.  A call that
    gives no more than the function serves goes straight to it.

    Raises: ArgumentError; ArgumentTypeError for what torch does not take either.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        plain = cast("FunctionType", function)
        function = under_autocast(function, name or path_of(plain))
        is_method = plain.__code__.co_varnames[:1] == ("self",)
        return adapting(function, Adapter(plain, HINTS.union(ignored), is_method=is_method, name=name))

    return decorate


def all_recorded(cls: C) -> C:
    """A class decorator: each public method of the front end with arguments is called `as_recorded`; Python's own errors name the class."""
    none = OwnParameters((), (), frozenset(), has_others=False, has_options=False)
    for name in dir(cls):
        method = inspect.getattr_static(cls, name)
        if name[0] == "_" or not isinstance(method, FunctionType) or not method.__module__.startswith(HOME) or "adapter" in vars(method):
            continue
        method.__qualname__ = path = f"{cls.__name__}.{name}"
        if inspect.unwrap(method) is not method or OwnParameters.of(method, is_method=True) != none:
            setattr(cls, name, as_recorded(name=path)(method))
    return cls


def adapting(function: Callable[P, R], adapter: Adapter) -> Callable[P, R]:
    """The function, reached by the calls that torch takes."""
    own, adapted, skipped = adapter.own, adapter.adapted, adapter.skipped
    counts = own.counts(skipped)
    served: set[tuple[object, ...]] = set()
    """How calls with names were made that the function takes as they are: so many by position, these by name."""

    @functools.wraps(function)
    def call_alone(self: Any, /, *args: Any, **kwargs: Any) -> R:  # noqa: ANN401
        if not args and not kwargs:
            return function(self)  # type: ignore[call-arg]  # one of no arguments
        adapted((self, *args), kwargs)
        return function(self)  # type: ignore[call-arg]  # one of no arguments

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not kwargs:
            if len(args) in counts:
                return function(*args)  # type: ignore[call-arg]  # nothing was given by name
        elif (len(args), *kwargs) in served:
            return function(*args, **kwargs)
        elif own.takes(len(args) - skipped, kwargs):
            served.add((len(args), *kwargs))
            return function(*args, **kwargs)
        placed, named = adapted(args, kwargs)
        return function(*placed, **named)

    @functools.wraps(function)
    def call_layer(self: Any, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        call(self, *args, **kwargs)
        wanted = vars(self).pop(WANTED, default_float())
        if wanted != dtypes.float32:
            self._convert(wanted)

    if function.__name__ == "__init__" and str(function.__module__).startswith(f"{HOME}.nn."):
        vars(call_layer)["adapter"] = adapter
        adapter.definition = call_layer
        return call_layer  # type: ignore[return-value]  # as the function is called
    faster = call_alone if skipped and counts == range(1, 2) and not own.by_name else call
    vars(faster)["adapter"] = adapter
    adapter.definition = faster
    return faster  # type: ignore[return-value]  # of a method without arguments


class Adapter:
    """Takes the calls of one name of torch's to our function."""

    def __init__(self, function: FunctionType, ignored: frozenset[str], *, is_method: bool, name: str = "") -> None:
        self.function, self.ignored, self.skipped, self.name = function, ignored, int(is_method), name
        self.own = OwnParameters.of(function, is_method=is_method)
        self.definition: object = function
        """What stands in the class, where this is an `__init__`."""
        self.handovers: dict[tuple[object, ...], Handover] = {}
        self.paths: WeakKeyDictionary[type, str] = WeakKeyDictionary()
        """By class: those of people come and go."""

    @cached_property
    def path(self) -> str:
        """The recorded name; '' where the class of the object says it."""
        return self.name or path_of(self.function)

    def path_of(self, cls: type) -> str:
        """The recorded name of an object's class."""
        if cls not in self.paths:
            self.paths[cls] = path_of_class(cls, self.definition)
        return self.paths[cls]

    def adapted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """What our function is given for these arguments.  Raises: ArgumentError, ArgumentTypeError."""
        me, given = args[: self.skipped], args[self.skipped :]
        path = self.path or self.path_of(type(me[0]))
        form = (path, len(given), *kwargs)
        if form not in self.handovers:
            if path not in RECORD:  # of a class that torch has not
                return list(args), kwargs
            found = handover(path, self.own, len(given), kwargs)
            if found is None:
                raise _misfit(path, len(given), kwargs)
            self.handovers[form] = found
        found = self.handovers[form]
        for name, source, default in found.unserved:
            value = kwargs[source] if isinstance(source, str) else given[source]
            if value is not default and name not in self.ignored:
                refuse_special(_owner(path), name, value, default=default)
                if name == "dtype":
                    vars(me[0])[WANTED] = asked(path, value, dtypes.float32)
        placed, named = [*me], dict(found.defaults)
        for place in found.placed:
            placed += given[place] if isinstance(place, slice) else [kwargs[place] if isinstance(place, str) else given[place]]
        for name, source in found.named:
            named[name] = kwargs[source] if isinstance(source, str) else given[source]
        return placed, named


@cache
def _owner(path: str) -> str:
    """`Linear`, `Module.to`, `softmax` of a recorded path."""
    of_class = next((k for k, one in enumerate(path.split(".")) if one[:1].isupper()), -1)
    return ".".join(path.split(".")[of_class:])


def _misfit(path: str, count: int, names: Collection[str]) -> ArgumentTypeError:
    """The error for a call that torch does not take either, in its words."""
    signatures, owner = RECORD.signatures(path), _owner(path)
    is_class = owner.partition(".")[0][:1].isupper() and "." not in owner
    owner = f"{owner}.__init__" if is_class else owner
    known = list(dict.fromkeys(name for signature in signatures for name in signature.parameters))
    for name, torchs in zip(names, torch_names(path, names), strict=True):
        if torchs not in known:
            return _unexpected(owner, name, known)
    counts = [[p.name for p in one.parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD] for one in signatures]
    if len(signatures) > 1:
        ways = tuple(str(one) for one in signatures)
        return ArgumentTypeError(f"{owner}() received an invalid combination of arguments, but expected one of:", facts=ways)
    placed, (signature,) = counts[0], signatures
    named = torch_names(path, names)
    if twice := [name for name in named if name in placed[:count] or named.count(name) > 1]:
        return ArgumentTypeError(f"{owner}() got multiple values for argument {twice[0]!r}")
    least = sum(1 for name in placed if signature.parameters[name].default is Parameter.empty)
    if count > len(placed):
        takes = f"from {least + is_class} to {len(placed) + is_class}" if least < len(placed) else f"{least + is_class}"
        many = "s" if len(placed) + is_class != 1 else ""
        return ArgumentTypeError(f"{owner}() takes {takes} positional argument{many} but {count + is_class} were given")
    missing = [name for name in placed[count:least] if name not in names]
    quoted = ", ".join(f'"{name}"' for name in missing) if path in RECORD.builtins else " and ".join(map(repr, missing))
    return ArgumentTypeError(f"{owner}() missing {len(missing)} required positional argument{'s' if len(missing) > 1 else ''}: {quoted}")


def _unexpected(owner: str, name: str, known: Collection[str]) -> ArgumentTypeError:
    """The error for an argument that torch does not take, with the one that is meant."""
    meant = OTHERWISE.get(name, "") or next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.6)), "")
    likely = f"did you mean {meant!r}?" if meant in known else ""
    if name == "out" and owner.startswith("Tensor."):  # np.mean(x)
        likely = f"x.{owner.removeprefix('Tensor.')}()"
    return ArgumentTypeError(f"{owner}() got an unexpected keyword argument {name!r}", likely=likely)


def refuse_special(owner: str, name: str, value: object, *, default: object) -> None:
    """Raises: ArgumentError for a value of an option that means something."""
    if name == "device":
        on_cpu(value)
    elif name == "dtype":
        if not dtypes.is_float(asked(owner, value, dtypes.float32)):
            raise ArgumentError(f"{owner}: its dtype has to be a floating one", facts=(f"given: dtype={value!r}",))
    elif not says_nothing(value, default) and not (isinstance(value, str) and value == LIKE_DEFAULT.get(name)):
        if isinstance(value, Handle) and owner.endswith("Loss"):
            raise made_with_tensors(owner)
        raise ArgumentError(f"{owner}: torch's option {name!r} is not supported here yet", facts=(f"given: {name}={value!r}",))


def made_with_tensors(loss: str) -> ArgumentTypeError:
    """The error for `nn.MSELoss(input, target)`."""
    return ArgumentTypeError(f"{loss} was made with Tensors", likely=f"make it first: nn.{loss}()(input, target)")


def on_cpu(place: object) -> None:
    """The CPU, by name, as a device, or None.  Raises: ArgumentError for any other."""
    if wanted(place) not in (None, CPU):
        raise ArgumentError(f"Tensors and layers are made on the CPU, not on {place}", likely=f"make it, then move it: .to({str(place)!r})")
