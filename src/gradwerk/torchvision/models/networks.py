"""How a function of a network is made, and found by its name."""

from __future__ import annotations

import fnmatch
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.torch import nn
from gradwerk.torchvision.models.weights import CLASSES, WeightsEnum

# ruff: noqa: ANN401  options of constructors

Network = Callable[..., nn.Module]
NETWORKS: dict[str, Network] = {}
"""The functions by name."""
FILES: dict[str, type[WeightsEnum]] = {}
"""The weights of each."""
ENUMS: dict[str, type[WeightsEnum]] = {}
"""The weights by the names of their classes."""
_NONE = object()


def network(
    name: str, make: Network, files: type[WeightsEnum], doc: str, *, trained: Mapping[str, Any] | None = None,
    prepare: Callable[[Any, dict[str, Any]], None] | None = None, read: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Network:  # fmt: skip
    """The function `name(*, weights=None, progress=True, **options)`.

    Args:
        name: the function's.
        make: the class, or what makes one; options go to it.
        files: its trained weights.
        doc: of the network.
        trained: options that go with trained weights, unless the caller says otherwise.
        prepare: what is done with the network behind that.
        read: from what a file holds to what the network is loaded with.
    """

    def built(*, weights: Any = None, progress: bool = True, **options: Any) -> nn.Module:
        chosen = files.verify(_asked(weights, options, files))
        if chosen is None:
            return make(**options)
        if options.setdefault("num_classes", CLASSES) != CLASSES:
            likely = "without num_classes, and a layer of your own in place of the last"
            raise ArgumentError(f"{name}: the weights {chosen!r} have {CLASSES} classes, not {options['num_classes']}", likely=likely)
        wanted = {}
        for option, value in (trained or {}).items():
            wanted[option] = options.get(option, value)
            options[option] = value
        model = make(**options)
        state = chosen.get_state_dict(progress=progress, check_hash=True)
        model.load_state_dict(state if read is None else read(state))
        if prepare is not None:
            prepare(model, wanted)
        return model

    built.__name__ = built.__qualname__ = name
    built.__doc__ = f"{doc}\n\n{ARGUMENTS}"
    NETWORKS[name], FILES[name], ENUMS[files.__name__] = built, files, files
    return built


ARGUMENTS = """    Args:
        weights: a member of the network's weights, its name ("IMAGENET1K_V1", "DEFAULT"), or None for weights begun anew.
        progress: accepted; nothing is shown.
        options: of the class.

    Raises: ArgumentError, FileError where the weights cannot be had.
    """


def _asked(weights: Any, options: dict[str, Any], files: type[WeightsEnum]) -> Any:
    """The weights that are asked for, by former versions' `pretrained=` too."""
    former = options.pop("pretrained", _NONE)
    if former is _NONE and not isinstance(weights, bool):
        return weights
    if isinstance(weights, bool):
        former = weights
    told = f"{files.__name__}.IMAGENET1K_V1" if former else "None"
    warnings.warn(f"pretrained={former!r} is of former versions: weights={told}", stacklevel=3)
    return files["IMAGENET1K_V1"] if former else None


def get_model(name: str, **config: Any) -> nn.Module:
    """The network of a name, made with these arguments.  Raises: ArgumentError for a name that is none."""
    return get_model_builder(name)(**config)


def get_model_builder(name: str) -> Network:
    """The function of a name.  Raises: ArgumentError for a name that is none."""
    try:
        return NETWORKS[name.lower()]
    except KeyError:
        raise ArgumentError(f"no network is called {name!r}: {', '.join(sorted(NETWORKS))}") from None


def get_model_weights(name: Any) -> type[WeightsEnum]:
    """The weights of a network, by its name or function.  Raises: ArgumentError for a name that is none."""
    given = name if isinstance(name, str) else name.__name__
    get_model_builder(given)
    return FILES[given.lower()]


def get_weight(name: str) -> WeightsEnum:
    """The weights of a whole name, `ResNet50_Weights.IMAGENET1K_V2`.  Raises: ArgumentError for a name that is none."""
    owner, _, member = name.partition(".")
    if owner not in ENUMS or member not in ENUMS[owner].__members__:
        raise ArgumentError(f"no weights are called {name!r}")
    return ENUMS[owner][member]


def list_models(include: str | Iterable[str] | None = None, exclude: str | Iterable[str] | None = None) -> list[str]:
    """The names of all networks, those that one of some patterns fits, without those that one of others does."""
    kept = NETWORKS.keys() if include is None else {name for name in NETWORKS if _fits(name, include)}
    return sorted(name for name in kept if exclude is None or not _fits(name, exclude))


def _fits(name: str, patterns: str | Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in ([patterns] if isinstance(patterns, str) else patterns))
