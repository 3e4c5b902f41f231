"""Options of former versions that Keras 3 still takes: what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.base.origin import warn


@dataclass(frozen=True)
class Older:
    """An option of a former version.

    now: the option that has its place; '' where nothing has, and it is left out.
    said: the warning; '' for none.
    only: the values that are left out; all where there are none.
    """

    now: str = ""
    said: str = ""
    only: tuple[object, ...] = ()


_NO_DIFFERENCE = Older()
_DENSE = Older(only=(False,))
_EITHER = Older(only=(False, True))
_RECURRENT: Mapping[str, Older] = MappingProxyType({"implementation": _NO_DIFFERENCE})
OLDER: Mapping[str, Mapping[str, Older]] = MappingProxyType({
    "Embedding": {"input_length": Older(said="Argument `input_length` is deprecated. Just remove it.")},
    "LeakyReLU": {"alpha": Older("negative_slope", "Argument `alpha` is deprecated. Use `negative_slope` instead.")},
    "InputLayer": {
        "input_shape": Older("shape", "Argument `input_shape` is deprecated. Use `shape` instead."),
        "batch_input_shape": Older("batch_shape"), "sparse": _DENSE, "ragged": _EITHER,
    },
    "Input": {"sparse": _DENSE, "ragged": _EITHER},
    "LSTM": _RECURRENT, "LSTMCell": _RECURRENT, "GRU": _RECURRENT, "GRUCell": _RECURRENT,
})  # fmt: skip
"""Of which layer, or function, each is.  `implementation` chose between ways to compute the same numbers; rows of
different lengths, as `ragged` announced them in Keras 2, go into any Input whose number of steps is None."""


def in_place(owner: str, older: Mapping[str, Older], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options with those of today in place of older ones.  Raises: ArgumentTypeError where both are given."""
    found = dict(given)
    for name in given.keys() & older.keys():
        option, value = older[name], given[name]
        if option.only and not any(value is one for one in option.only):
            continue
        del found[name]
        if value is None and not option.now:
            continue
        if option.said:
            warn(option.said)
        if option.now and option.now in found:
            raise ArgumentTypeError(f"{owner} got both {name} and {option.now}, which has its place")
        if option.now:
            found[option.now] = value
    return found
