"""Calls of PyTorch's functions with the shapes that come out: PyTorch's own samples, as tests/peers recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from docs.site.signatures import shown
from tests.peers.freeze import APART, arrays_of
from tests.peers.opinfo_calls import ADAPTED
from tests.peers.opinfo_record import Case, unpacked

MOST = 3
"""Samples shown of a function."""
LONGEST = 120


@cache
def recorded() -> Mapping[str, tuple[Case, ...]]:
    """The samples of each function, by its path below `torch`."""
    found: dict[str, list[Case]] = {}
    for case in unpacked(arrays_of(APART["opinfo"]))[1]:
        found.setdefault(case.name, []).append(case)
    adapted = {entry.partition("/")[0] for entry in ADAPTED}  # whose samples call something else than the function
    return {name: tuple(cases) for name, cases in found.items() if name not in adapted}


def shapes_of(path: str) -> list[str]:
    """`(2, 3), (3, 4)` and what comes out, of a few samples that differ in their ranks; those with the most elements."""
    name = path.removeprefix("torch.").removeprefix("Tensor.")
    cases = sorted((case for case in recorded().get(name, ()) if _is_plain(case)), key=_elements, reverse=True)
    chosen: dict[Any, str] = {}
    for case in cases:
        said = f"{call_of(case)} -> {', '.join(str(tuple(np.shape(result))) for result in case.results)}"
        ranks = tuple(np.ndim(value) for value in _arrays(case))
        if len(said) <= LONGEST and ranks not in chosen:
            chosen[ranks] = said
    return list(chosen.values())[:MOST]


def call_of(case: Case) -> str:
    """Its arguments, arrays by their shapes."""
    return ", ".join([*map(_written, case.args), *(f"{name}={_written(value)}" for name, value in case.kwargs.items())])


def _written(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, np.ndarray):
        return str(value.shape)
    if isinstance(value, list | tuple) and any(isinstance(item, np.ndarray) for item in value):
        return f"[{', '.join(map(_written, value))}]"
    return str(value) if isinstance(value, np.dtype) else shown(value)


def _arrays(case: Case) -> list[Any]:
    flat = [item for value in (*case.args, *case.kwargs.values()) for item in (value if isinstance(value, list | tuple) else [value])]
    return [item for item in flat if isinstance(item, np.ndarray)]


def _is_plain(case: Case) -> bool:
    """Whether it shows shapes: arrays go in, none of them empty, and arrays come out."""
    arrays = _arrays(case)
    come_out = all(isinstance(result, np.ndarray | np.generic) for result in case.results)
    return bool(arrays and case.results) and all(array.size for array in arrays) and come_out


def _elements(case: Case) -> int:
    return sum(array.size for array in _arrays(case))
