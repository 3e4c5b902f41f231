"""A choice of PyTorch's own samples (OpInfo), as PyTorch 2.13.0 answered them: every entry is compared, or excluded with a reason.

All run as they are; one of each entry and dtype also compiled, of which `--part` takes a part.  opinfo_record.py says what is recorded.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as api
from gradwerk.base.errors import GradwerkError, TraceError
from tests.laws import part
from tests.peers.freeze import APART, arrays_of
from tests.peers.opinfo_calls import SINGLE, comparable, difference, names_an_equal, resolved
from tests.peers.opinfo_record import WIDE, Case, answered, unpacked

ENTRIES, CASES = unpacked(arrays_of(APART["opinfo"]))
BY_ENTRY: dict[str, list[Case]] = {}
for _case in CASES:
    BY_ENTRY.setdefault(_case.entry, []).append(_case)


def listed(file: str) -> dict[str, str]:
    """What a list says of each name: the line that begins with `#` above it is the reason."""
    found, reason = {}, ""
    for line in (Path(__file__).parent / file).read_text().splitlines():
        if line.startswith("#"):
            reason = line[1:].strip()
        else:
            found |= dict.fromkeys(line.split(), reason)
    return found


EXCLUDED, REFUSED = listed("opinfo_excluded.txt"), listed("opinfo_refused.txt")
MOST_EXCLUDED, MOST_REFUSED = 209, 178
"""These lists become shorter, never longer."""


def call_of(case: Case) -> Any:
    """Ours for a case."""
    method = case.name if case.form in ("method", "operator") else ""
    ours = getattr(api.Tensor, method) if method else resolved(api, case.name, case.entry)
    return ours if case.form == "operator" else comparable(api, case.name, ours)


def faults(case: Case, width: str, *, compiled: bool) -> list[str]:
    """What is wrong with our answer.  Raises: GradwerkError where there is none."""
    call = call_of(case)
    inside = (lambda *args, **kwargs: api.compile(lambda: call(*args, **kwargs))()) if compiled else call
    got = answered(api, inside, case.args, case.kwargs, width, grad=case.grad)
    found, single = [], case.name in SINGLE or case.kwargs.get("dtype") == np.dtype("float32")
    for kind, mine, theirs, slack in zip(("value", "gradient"), got, (case.results, case.gradients), slacks(case, width), strict=True):
        if len(mine) != len(theirs):
            return [f"{len(mine)} of a kind, wanted {len(theirs)}: {kind}"]
        for one, wanted, allowed in zip(mine, theirs, slack, strict=True):
            rounded = wanted if allowed is None else narrowed(wanted)
            wrong = difference(one, rounded, single=single, slack=allowed or 0.0)
            if wrong and not (kind == "value" and names_an_equal(case.name, case.args, case.kwargs, one, rounded)):
                found.append(f"{kind}: {wrong}")
    return found


def slacks(case: Case, width: str) -> tuple[list[float | None], list[float | None]]:
    """What results and gradients may be off; None for those that are as they were recorded."""
    count = len(case.results)
    held = case.slack if case.slack and width == "float32" else [None] * (count + len(case.gradients))
    return held[:count], held[count:]


def narrowed(wanted: Any) -> Any:
    """A result of float64 numbers as one of float32 numbers."""
    with np.errstate(all="ignore"):
        return wanted.astype({"float64": np.float32, "complex128": np.complex64}[str(wanted.dtype)])


def widths(case: Case) -> list[str]:
    """The dtypes in which a case is run."""
    return [*WIDE, *WIDE.values()] if case.dtype == "floats" else [case.dtype]


def described(case: Case, width: str) -> str:
    """The case, short."""
    short = [f"{a.dtype}{list(a.shape)}" if isinstance(a, np.ndarray) else repr(a) for a in case.args]
    return f"{case.entry} {width}: {', '.join([*short, *(f'{k}={v!r}'[:60] for k, v in case.kwargs.items())])}"


def tried(case: Case, width: str, *, compiled: bool) -> tuple[bool, list[str]]:
    """Whether it was refused, and what is wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return False, [f"{described(case, width)}: {fault}" for fault in faults(case, width, compiled=compiled)]
    except GradwerkError as error:
        key = f"{case.entry}:{'floats' if width in ('float32', 'float64') else width}"
        known = key in REFUSED or (compiled and isinstance(error, TraceError))
        return True, [] if known else [f"{described(case, width)}: {type(error).__name__}: {error}"]


@pytest.mark.parametrize("entry", BY_ENTRY)
def test_eager(entry: str) -> None:
    found, refused = [], set()
    for case in BY_ENTRY[entry]:
        for width in widths(case):
            was_refused, wrong = tried(case, width, compiled=False)
            found += wrong
            if was_refused:
                refused.add(f"{entry}:{'floats' if width in ('float32', 'float64') else width}")
    assert not found, "\n".join(found[:5])
    assert {key for key in REFUSED if key.rpartition(":")[0] == entry} == refused, "what is refused no longer leaves the list"


@pytest.mark.parametrize("entry", BY_ENTRY)
def test_compiled(entry: str) -> None:
    found = []
    for dtype in {case.dtype: None for case in BY_ENTRY[entry]}:
        cases = [case for case in BY_ENTRY[entry] if case.dtype == dtype]
        case = max(cases, key=lambda case: len(case.args) + len(case.kwargs))
        if part.has("opinfo", entry, dtype):
            found += tried(case, widths(case)[0], compiled=True)[1]
    assert not found, "\n".join(found[:5])


def test_every_entry_is_compared_or_excluded() -> None:
    assert {*BY_ENTRY} | {*EXCLUDED} == {*ENTRIES}
    assert not {*BY_ENTRY} & {*EXCLUDED}
    assert all(EXCLUDED.values()) and all(REFUSED.values())
    assert len(EXCLUDED) <= MOST_EXCLUDED and len(REFUSED) <= MOST_REFUSED
    here = [entry for entry, reason in EXCLUDED.items() if "not here" in reason and resolved(api, entry.partition("/")[0], entry)]
    assert not here, f"are here now, so PyTorch's samples are to be recorded: {here}"
