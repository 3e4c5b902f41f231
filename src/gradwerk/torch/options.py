"""Options of torch that are not here: accepted at what means "nothing special", refused with one clear error otherwise."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.tensor.devices import CPU
from gradwerk.tensor.handle import Handle
from gradwerk.torch.devices import wanted

P = ParamSpec("P")
R = TypeVar("R")

HINTS = frozenset({
    "dynamic", "foreach", "fullgraph", "fused", "isolate_recompiles", "mode", "name", "non_blocking", "persistent_workers", "pin_memory",
    "prefetch_factor", "recompile_limit", "pickle_module", "pickle_protocol", "mmap", "weights_only", "_use_new_zipfile_serialization",
})  # fmt: skip
"""Options that ask torch for speed and change no result: any value is accepted and means nothing here."""

NOTHING_SPECIAL: Mapping[str, tuple[object, ...]] = MappingProxyType({
    **dict.fromkeys(("capturable", "ceil_mode", "differentiable"), (False,)),
    **dict.fromkeys(("is_grads_batched", "materialize_grads", "return_indices", "scale_grad_by_freq", "sparse"), (False,)),
    **dict.fromkeys(("divisor_override", "layout", "max_norm", "memory_format", "out", "padding_idx"), (None,)),
    **dict.fromkeys(("pos_weight", "reduce", "size_average", "weight", "worker_init_fn", "sampler", "batch_sampler"), (None,)),
    **dict.fromkeys(("mmap", "options", "pickle_module", "pickle_protocol", "shapes_spec"), (None,)),
    "backend": (None, "inductor"), "dilation": (1,), "dtype": (None, dtypes.float32), "norm_type": (2.0,), "only_inputs": (True,),
    "proj_size": (0,), "timeout": (0,),
})  # fmt: skip
"""What the other options may be."""


def accepts(*names: str, order: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The function takes these options of torch too, and refuses them where they would change what it does.

    `order` are torch's arguments in torch's order, where some of them may be given by position that the function itself takes by name or
    not at all.  Raises: ArgumentError, and TypeError as Python does for what torch does not take either.
    """
    places = tuple(order.split())

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        owner = function.__qualname__.removesuffix(".__init__")
        of_class = function.__name__ == "__init__"
        method = inspect.signature(function).parameters.keys() & {"self"}
        own = _positional(function) if places else 0
        parameters = inspect.signature(function).parameters
        known = None if any(p.kind is p.VAR_KEYWORD for p in parameters.values()) else parameters.keys() - {"self"}

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if places and len(args) > own:
                args = _by_name(owner, args, kwargs, places, own, 1 if method else 0)
            if kwargs:
                for name in names:
                    if name in kwargs:
                        refuse_special(owner, name, kwargs.pop(name))
                if known is not None and not kwargs.keys() <= known:
                    who = type(args[0]).__name__ if of_class else owner
                    raise _unexpected(who, next(iter(kwargs.keys() - known)), known)
            return function(*args, **kwargs)

        vars(call)["order"] = places
        return call

    return decorate


OTHERWISE: Mapping[str, str] = MappingProxyType({
    "learning_rate": "lr", "epsilon": "eps", "decay": "weight_decay", "rate": "p", "units": "out_features", "filters": "out_channels",
    "strides": "stride", "pool_size": "kernel_size", "axis": "dim", "keepdims": "keepdim", "use_bias": "bias", "return_sequences": "",
})  # fmt: skip
"""What other libraries call an argument of torch's."""


def _unexpected(owner: str, name: str, known: Collection[str]) -> ArgumentTypeError:
    """The error for an argument that torch does not take either, with the one that is meant."""
    meant = OTHERWISE.get(name, "") or next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.6)), "")
    likely = f"did you mean {meant!r}?" if meant in known else ""
    return ArgumentTypeError(f"{owner}() got an unexpected keyword argument {name!r}", likely=likely)


def _positional(function: Callable[..., Any]) -> int:
    """How many leading arguments the function takes in torch's order (all that it takes by position)."""
    return sum(1 for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD)


def _by_name(owner: str, args: Any, kwargs: dict[str, Any], places: tuple[str, ...], own: int, skip: int) -> Any:  # noqa: ANN401
    """The arguments that stand by position beyond those the function takes so, moved into `kwargs`."""
    for name, value in zip(places[own - skip :], args[own:], strict=False):
        if name in kwargs:
            raise ArgumentTypeError(f"{owner}() got multiple values for argument {name!r}")
        kwargs[name] = value
    if len(args) - skip > len(places):
        raise ArgumentTypeError(f"{owner}() takes {len(places)} positional arguments but {len(args) - skip} were given")
    return args[:own]


def axis_is_dim(function: Callable[P, R]) -> Callable[P, R]:
    """The function takes `axis` for `dim` and `keepdims` for `keepdim`, NumPy's names, as torch does.

    Raises: ArgumentTypeError for `out`, as np.mean(x) gives it: torch does not answer NumPy's reductions.
    """
    name = function.__name__

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if "out" in kwargs:
            raise ArgumentTypeError(f"{name}() got an unexpected keyword argument 'out'", likely=f"x.{name}()")
        for numpys, torchs in (("axis", "dim"), ("keepdims", "keepdim")):
            if numpys in kwargs:
                kwargs[torchs] = kwargs.pop(numpys)
        return function(*args, **kwargs)

    return call


def refuse_special(owner: str, name: str, value: object) -> None:
    """Raises: ArgumentError for a value of an option that means something."""
    if name in HINTS:
        return
    if name == "device":
        on_cpu(value)
        return
    plain = isinstance(value, (bool, int, float, str, np.dtype))
    if not any(value is one or (plain and one is not None and value == one) for one in NOTHING_SPECIAL[name]):  # float64 == None to NumPy
        if isinstance(value, Handle) and owner.endswith("Loss"):
            raise ArgumentTypeError(f"{owner} was made with Tensors", likely=f"make it first: nn.{owner}()(input, target)")
        raise ArgumentError(f"{owner}: torch's option {name!r} is not supported here yet", facts=(f"given: {name}={value!r}",))


def on_cpu(place: object) -> None:
    """The CPU, by name, as a device, or None.  Raises: ArgumentError for any other."""
    if wanted(place) not in (None, CPU):
        raise ArgumentError(f"Tensors and layers are made on the CPU, not on {place}", likely=f"make it, then move it: .to({str(place)!r})")
