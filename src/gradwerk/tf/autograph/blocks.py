"""What rewritten code calls: branches and loops, which are Python's where the condition is known, and one operation where it is not."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, TraceError
from gradwerk.base.trees import flatten, map_tree, structure, unflatten
from gradwerk.jit import branch, control
from gradwerk.keras import ops
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.compare import logical_and, logical_not, logical_or
from gradwerk.ops.rounding import ceil
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tf.autograph.converting import RUNTIME, converted
from gradwerk.tf.autograph.leaving import RESULT
from gradwerk.tf.tensors import as_tensor

# ruff: noqa: ANN401  values of the user's
Get = Callable[[], tuple[Any, ...]]
Set = Callable[[tuple[Any, ...]], None]


RUNTIME.append(sys.modules[__name__])


class NotCompiledError(TraceError):
    """What a function does can be done, but not in a program: it runs as it is written instead."""


class Undefined:
    """What a name holds before it is bound; to use it is an UnboundLocalError."""

    __slots__ = ("name", "reason")

    def __init__(self, name: str, reason: str = "") -> None:
        self.name, self.reason = name, reason

    def refuse(self, *_: object) -> NoReturn:
        """Raises: UnboundLocalError."""
        raise UnboundLocalError(f"cannot access local variable '{self.name}' where it is not associated with a value{self.reason}")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __call__ = __bool__ = __iter__ = __getitem__ = __len__ = refuse


def read(value: Any) -> Any:
    """The value of a name.  Raises: UnboundLocalError where it has none."""
    if type(value) is Undefined:
        value.refuse()
    return value


def returned(value: Any) -> Any:
    """What a function gives whose returns are flags: None where it came to none."""
    return None if type(value) is Undefined else value


def unknown(value: Any) -> bool:
    """Whether nobody knows yet what a Tensor holds."""
    return mode.trace is not None and isinstance(value, Handle)


@contextmanager
def one_operation(put: Set, before: tuple[Any, ...]) -> Iterator[None]:
    """Blocks are traced into one operation inside; the names hold what they did afterwards.

    Raises: NotCompiledError for what no operation can do: writes to variables, changes of the gradient's mode.
    """
    try:
        yield
    except NotCompiledError:
        raise
    except TraceError as error:
        raise NotCompiledError(f"inside a branch or loop over Tensors: {error.message}", facts=error.facts) from error
    finally:
        put(before)


def called(function: Any) -> Any:
    """What is called in place of a function of the user's: itself, rewritten."""
    return converted(function)


def if_(test: Any, body: Callable[[], None], orelse: Callable[[], None], get: Get, put: Set, names: Sequence[str]) -> None:
    """`if`."""
    if not unknown(test):
        (body if test else orelse)()
        return
    before = get()
    first: list[Any] = []

    def one() -> list[Any]:
        body()
        first.extend(get())
        put(before)
        return _tensors(first)

    second: list[Any] = []

    def other() -> list[Any]:
        orelse()
        second.extend(get())
        put(before)
        return [value for name, a, b in zip(names, first, second, strict=True) for value in _beside(name, a, b)]

    with one_operation(put, before):
        made = branch.cond(test, one, other)
    found, values = [], iter(made)
    for name, a, b in zip(names, first, second, strict=True):
        found.append(_joined(name, a, b, values))
    put(tuple(found))


def _open(value: Any) -> bool:
    """Whether a leaf of a name's value can differ from run to run: Tensors, numbers, truths."""
    return isinstance(value, (Handle, bool, int, float, complex, np.ndarray, np.generic))


def _tensors(values: Sequence[Any]) -> list[Any]:
    return [as_tensor(leaf) for value in values for leaf in flatten(value) if _open(leaf)]


def _beside(name: str, a: Any, b: Any) -> list[Any]:
    """The leaves of one name behind the second branch, of the types that the first gave.  Raises: ArgumentError."""
    if type(b) is Undefined:
        return [ops.zeros_like(as_tensor(leaf)) for leaf in flatten(a) if _open(leaf)]
    if type(a) is Undefined:
        return []
    if structure(a) != structure(b):
        facts = (f"{a!r:.100}", f"{b!r:.100}")
        raise ArgumentError(f"'{name}' must have the same nested structure in the main and else branches", facts=facts)
    found = []
    for x, y in zip(flatten(a), flatten(b), strict=True):
        if _open(x) != _open(y) or (not _open(x) and x is not y and x != y):
            facts = (f"{x!r:.100}", f"{y!r:.100}")
            raise ArgumentError(f"'{name}' must have the same value or dtype in the main and else branches", facts=facts)
        if _open(x):
            wanted = as_tensor(x)
            found.append(as_tensor(y, wanted._type.dtype) if not isinstance(y, Handle) else y)
    return found


def _joined(name: str, a: Any, b: Any, values: Iterator[Any]) -> Any:
    """A name's value behind both branches."""
    one_sided = Undefined(name, ": one branch of an `if` over a Tensor binds it alone")
    if type(a) is Undefined:
        if name == RESULT and type(b) is not Undefined:
            raise NotCompiledError("a return under a condition that is a Tensor, where the other way goes on")
        return a if type(b) is Undefined else one_sided
    made = unflatten(a, [next(values) if _open(leaf) else leaf for leaf in flatten(a)])
    return made if type(b) is not Undefined or name == RESULT else one_sided


def while_(test: Callable[[], Any], body: Callable[[], None], get: Get, put: Set, names: Sequence[str]) -> None:
    """`while`."""
    before = get()
    holds = test()
    if not unknown(holds):
        while holds:
            body()
            holds = test()
            if unknown(holds):  # a condition that became one inside
                while_(test, body, get, put, names)
                return
        return
    carried = Carried(before, names)

    def condition(state: list[Any]) -> Any:
        put(carried.held(state))
        return test()

    def step(state: list[Any]) -> list[Any]:
        put(carried.held(state))
        body()
        return carried.after(get())

    with one_operation(put, before):
        state = branch.while_loop(condition, step, carried.start)
    put(carried.held(state, behind=True))


class Carried:
    """The part of the names' values that a loop carries from step to step; the rest stays.

    values: before the loop.
    names: of the values.
    """

    def __init__(self, values: tuple[Any, ...], names: Sequence[str]) -> None:
        self.values, self.names = values, names
        self.start = [] if not values else _tensors([value for value in values if type(value) is not Undefined])

    def held(self, state: Sequence[Any], *, behind: bool = False) -> tuple[Any, ...]:
        """All values, with what is carried in its places; behind the loop, names that it binds alone are undefined."""
        left = iter(state)
        found = []
        for name, value in zip(self.names, self.values, strict=True):
            if type(value) is Undefined:
                found.append(Undefined(name, ": a loop over Tensors binds it alone; bind it before the loop") if behind else value)
            else:
                found.append(unflatten(value, [next(left) if _open(leaf) else leaf for leaf in flatten(value)]))
        return tuple(found)

    def after(self, values: tuple[Any, ...]) -> list[Any]:
        """What a step hands on.  Raises: ArgumentError for values of another structure."""
        found: list[Any] = []
        at = 0
        for name, old, new in zip(self.names, self.values, values, strict=True):
            if type(old) is Undefined:
                if name == RESULT and type(new) is not Undefined:
                    raise NotCompiledError("a return out of a loop over Tensors")
                continue
            if structure(old) != structure(new):
                facts = (f"{old!r:.100}", f"{new!r:.100}")
                raise ArgumentError(f"'{name}' does not have the same nested structure after one iteration", facts=facts)
            for x, y in zip(flatten(old), flatten(new), strict=True):
                if not _open(x):
                    if x is not y and x != y:
                        raise ArgumentError(f"'{name}' changes in a loop over Tensors, and is none", facts=(f"{x!r:.100}", f"{y!r:.100}"))
                    continue
                wanted = self.start[at]
                at += 1
                found.append(y if isinstance(y, Handle) else as_tensor(y, wanted._type.dtype))
        return found


class Range:
    """tf.range of a bound that nobody knows yet."""

    def __init__(self, start: Any, limit: Any, delta: Any) -> None:
        self.start, self.limit, self.delta = start, limit, delta


def ranged(function: Callable[..., Any], *args: Any) -> Any:
    """What a loop goes over: a call, but for tf.range of bounds that nobody knows, which no Tensor can hold."""
    if getattr(function, "__name__", "") == "range" and function is not builtins.range and any(unknown(each) for each in args):
        start, limit, delta = (0, *args, 1) if len(args) == 1 else (*args, 1)[:3]
        return Range(start, limit, delta)
    if function is builtins.range and any(unknown(each) for each in args):
        raise TraceError("range of a Tensor whose contents nobody knows yet", likely="tf.range")
    return function(*args)


def for_(
    source: Any, going: Callable[[], Any], body: Callable[[Any], None], get: Get, put: Set, names: Sequence[str], stops: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """`for`; `going` says whether no break was met so far."""
    if isinstance(source, Range):
        _over_range(source, going, body, get, put, names)
    elif mode.trace is not None and isinstance(source, Handle):
        _over_rows(source, going, body, get, put, names, stops=stops)
    elif mode.trace is not None and hasattr(source, "element_spec"):
        raise NotCompiledError("a loop over a data set")
    else:
        for element in source:
            body(element)
            more = going()
            if unknown(more):
                raise NotCompiledError("a break or return out of a loop of Python's, under a condition that is a Tensor")
            if not more:
                break


def _over_range(source: Range, going: Callable[[], Any], body: Callable[[Any], None], get: Get, put: Set, names: Sequence[str]) -> None:
    bounds = [as_tensor(each) for each in (source.start, source.limit, source.delta)]
    dtype = max((each._type.dtype for each in bounds), key=lambda one: dtypes.ROWS[one].priority)
    start, limit, delta = (cast(each, dtype) for each in bounds)
    steps = cast(limit - start, dtypes.float64) / cast(delta, dtypes.float64)
    _counted(cast(ceil(steps), dtypes.int32), lambda at: start + cast(at, dtype) * delta, going, body, get, put, names)


def _over_rows(
    source: Any, going: Callable[[], Any], body: Callable[[Any], None], get: Get, put: Set, names: Sequence[str], *, stops: bool
) -> None:
    count = int(source._type.shape[0])
    if stops or count == 0:
        if count:
            _counted(as_tensor(np.int32(count)), lambda at: ops.take(source, at, axis=0), going, body, get, put, names, most=count)
        return
    before = get()
    carried = Carried(before, names)

    def step(state: list[Any], element: Any) -> tuple[list[Any], None]:
        put(carried.held(state))
        body(element)
        return carried.after(get()), None

    with one_operation(put, before):
        state, _ = control.scan(step, carried.start, source)
    put(carried.held(state, behind=True))


def _counted(
    count: Any, element: Callable[[Any], Any], going: Callable[[], Any], body: Callable[[Any], None], get: Get, put: Set,
    names: Sequence[str], most: int | None = None,
) -> None:  # fmt: skip
    before = get()
    carried = Carried(before, names)

    def condition(state: list[Any]) -> Any:
        at, *rest = state
        put(carried.held(rest))
        more, left = going(), at < count
        return left if more is True else logical_and(as_tensor(left), as_tensor(more))

    def step(state: list[Any]) -> list[Any]:
        at, *rest = state
        put(carried.held(rest))
        body(element(at))
        return [at + 1, *carried.after(get())]

    with one_operation(put, before):
        _, *state = branch.while_loop(condition, step, [as_tensor(np.int32(0)), *carried.start], max_iterations=most)
    put(carried.held(state, behind=True))


def if_expression(test: Any, one: Callable[[], Any], other: Callable[[], Any]) -> Any:
    """`one if test else other`."""
    if not unknown(test):
        return one() if test else other()
    return branch.cond(test, lambda: map_tree(as_tensor, one()), lambda: map_tree(as_tensor, other()))


def and_(*values: Callable[[], Any]) -> Any:
    """`a and b`: of Tensors their logical conjunction."""
    found = values[0]()
    for value in values[1:]:
        if unknown(found):
            found = logical_and(_truth(found), _truth(value()))
        elif not found:
            return found
        else:
            found = value()
    return found


def or_(*values: Callable[[], Any]) -> Any:
    """`a or b`: of Tensors their logical disjunction."""
    found = values[0]()
    for value in values[1:]:
        if unknown(found):
            found = logical_or(_truth(found), _truth(value()))
        elif found:
            return found
        else:
            found = value()
    return found


def not_(value: Any) -> Any:
    """`not a`."""
    return logical_not(_truth(value)) if unknown(value) else not value


def _truth(value: Any) -> Any:
    return cast(as_tensor(value), dtypes.bool_)
