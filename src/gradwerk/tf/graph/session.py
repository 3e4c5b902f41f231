"""Session: runs parts of a graph, and holds what its variables hold."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, GradwerkError, ShapeError, StateError
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.random import Generator, fresh_seed
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.fetches import Fetches, flat_feeds
from gradwerk.tf.graph.graph import Graph, get_default_graph
from gradwerk.tf.graph.program import Program
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.operations import SYMBOLS, here
from gradwerk.tf.queues.store import Store, asking

# ruff: noqa: ANN401  fetches are trees of anything
Array = np.ndarray[Any, Any]


class BaseSession:
    """Runs operations of a graph and evaluates its Tensors.

    Args:
        target: of an engine elsewhere; only "" is here.
        graph: the default graph where None.
        config: a ConfigProto, taken and without effect.

    Raises: ArgumentError for a target.
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        if target:
            raise ArgumentError(f"a session runs in this process; {target!r} is elsewhere", likely="Session()")
        self._graph = graph if graph is not None else get_default_graph()
        self.sess_str, self._config = "", config
        self.state: dict[Any, Any] = {}
        self.resources: dict[Any, Any] = {}
        """What host operations keep: queues, tables, iterators."""
        self._programs: dict[Any, tuple[Fetches, Program, list[Tensor]]] = {}
        self._generators: dict[Operation, Generator] = {}
        self._constants: dict[Operation, Any] = {}
        self._closed, self._waiting = False, list[Store]()
        self._lock = threading.RLock()
        self._calls: dict[Any, Any] = {}

    @property
    def graph(self) -> Graph:
        """The graph that it runs."""
        return self._graph

    def close(self) -> None:
        """Ends it: its variables are gone, what waits in it for a queue gives up, and it runs nothing more."""
        self._closed = True
        for store in list(self._waiting):
            store.wake()
        self.state.clear()

    def asking(self) -> Any:
        """Inside the block its thread waits for queues until it is closed, or as long as its settings say."""
        limit = getattr(self._config, "operation_timeout_in_ms", None)
        return asking(lambda: self._closed, self._waiting, limit / 1000 if isinstance(limit, int) and limit > 0 else None)

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """The values of the fetches: of a Tensor its array, of an Operation None, of a tree a tree like it.

        Args:
            fetches: a Tensor, Operation, variable, or name, or a tree of them.
            feed_dict: values that stand for those of Tensors in this run.
            options: taken, without effect.
            run_metadata: taken; see `gradwerk.tf.compat.v1.RunMetadata`.

        Raises: StateError where it is closed or the graph is empty; ArgumentError, ArgumentTypeError for fetches and feeds that are none of
        the graph's; InvalidArgumentError for a placeholder that is not fed; FailedPreconditionError for a variable that holds nothing.
        """
        key = _key(fetches)
        if feed_dict:
            feeds = tuple(feed_dict)
            if any(isinstance(each, tuple) for each in feeds):
                feed_dict = flat_feeds(feed_dict)
                feeds = tuple(feed_dict)
        else:
            feeds = ()
        try:
            found = self._programs.get((key, feeds)) if key is not None else None
        except TypeError:  # a fetch that is no key is no fetch: told below
            key = found = None
        if found is None or self._closed:
            found = self._prepared(key, fetches, feeds, feed_dict)
        wanted, program, fed = found
        values = [taken(x, v) for x, v in zip(fed, feed_dict.values(), strict=True)] if fed else []
        return wanted.answer(program.run(values), values)

    def _prepared(self, key: Any, fetches: Any, feeds: tuple[Any, ...], feed_dict: Any) -> tuple[Fetches, Program, list[Tensor]]:
        if not isinstance(feed_dict, Mapping | None):
            raise ArgumentTypeError(f"feed_dict is a dict of values by Tensors, not a {type(feed_dict).__name__}")
        if self._closed:
            raise StateError("Attempted to use a closed Session.")
        if not self._graph.version:
            raise StateError("The Session graph is empty. Add operations to the graph before calling run().")
        fed = [self._fed(each) for each in feeds]
        wanted = Fetches(self._graph, fetches, fed)
        program = Program(self, wanted.needed, fed)
        found = wanted, program, fed
        if key is not None:
            self._programs[key, feeds] = found
        return found

    def _fed(self, each: Any) -> Tensor:
        try:
            found: Tensor = self._graph.as_graph_element(each, allow_operation=False)
        except GradwerkError as error:
            raise ArgumentTypeError(f"Cannot interpret feed_dict key as Tensor: {error.message}") from None
        if not self._graph.is_feedable(found):
            raise ArgumentError(f"Tensor {found} may not be fed.")
        return found

    def make_callable(self, fetches: Any, feed_list: Any = None, accept_options: bool = False) -> Callable[..., Any]:  # noqa: FBT001, FBT002
        """A function of the values of feed_list that gives what `run` gives."""
        feeds = list(feed_list or ())

        def call(*values: Any, **options: Any) -> Any:
            return self.run(fetches, dict(zip(feeds, values, strict=False)))

        return call

    def list_devices(self) -> list[Any]:
        """The devices that it runs on: the processor."""
        return ["/job:localhost/replica:0/task:0/device:CPU:0"]

    # ---- for runs

    def generator_of(self, op: Operation) -> Generator:
        """The stream of random numbers of one node in this session."""
        found = self._generators.get(op)
        if found is None:
            own, of_graph = op._kwargs.get("seed"), op._attributes.get("graph_seed")
            if own is None and of_graph is None:
                number = fresh_seed()
            else:
                number = zlib.crc32(repr((of_graph, own if own is not None else op._index)).encode())
            found = self._generators[op] = Generator(number)
        return found

    def constant(self, op: Operation, value: Array) -> Any:
        """A large constant as a Tensor: one for all programs."""
        found = self._constants.get(op)
        if found is None:
            found = self._constants[op] = kinds.tensor_class().sharing(value)
        return found

    def hold(self, variable: Any, array: Array) -> None:
        """A variable holds these numbers from now on."""
        self.keep(variable, kinds.tensor_class()(array))

    def keep(self, variable: Any, value: Any) -> None:
        """A variable holds a value from now on, in memory of its own."""
        held = self.state.get(variable)
        if held is not None and held._type == value._type:
            held.assign(value)
        else:
            self.state[variable] = kinds.tensor_class()(value.numpy())


def _key(fetches: Any) -> Any:
    """What a fetch set is found again by; None where it cannot be."""
    kind = type(fetches)
    if kind is list or kind is tuple:
        for each in fetches:
            inner = type(each)
            if inner is list or inner is tuple or inner is dict:
                return kind, tuple([_key(each) for each in fetches])
        return kind, tuple(fetches)
    if kind is dict:
        return kind, tuple([(name, _key(each)) for name, each in fetches.items()])
    return fetches


def taken(x: Tensor, value: Any) -> Any:
    """What is fed, as an array of the Tensor's dtype.  Raises: ArgumentTypeError, ShapeError, DTypeError."""
    kind = x._kind
    if type(value) is not np.ndarray or value.dtype != kind:
        value = converted(x, value)
    dims, shape = x._dims, getattr(value, "shape", None)
    if dims is not None and shape is not None and shape != dims:
        fits = len(shape) == len(dims) and all(n is None or n == m for n, m in zip(dims, shape, strict=True))
        if not fits:
            raise ShapeError(f"Cannot feed value of shape {shape} for Tensor {x.name}, which has shape {kinds.written(dims)}")
    return value


def converted(x: Tensor, value: Any) -> Any:
    """A value as an array of a dtype.  Raises: ArgumentTypeError."""
    if type(value) in SYMBOLS:
        raise ArgumentTypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python scalars, strings, lists, numpy "
            "ndarrays, or TensorHandles.", facts=(f"feed {x.name}",),
        )  # fmt: skip
    kind = x._kind
    if kind is None:
        return value
    if kind == kinds.TEXT:
        return kinds.strings(value)
    if isinstance(value, Handle):
        value = value.numpy()  # type: ignore[attr-defined]  # a Tensor
    try:
        found = np.asarray(value)
        if isinstance(value, int) and np.asarray(value).astype(kind) != value:
            what = f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type {dtypes.name(kind)}."
            raise ArgumentTypeError(what)
        return dtypes.of_value(value, kind) if found.dtype == kinds.TEXT else found.astype(kind)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{x.name} takes {dtypes.name(kind)}", facts=(f"given {value!r:.80}", str(error))) from None


class Session(BaseSession):
    """A session, in whose block it and its graph are the default ones.  See BaseSession for its arguments."""

    def __enter__(self) -> Self:
        self._entered = getattr(self, "_entered", [])
        self._entered.append(here.graph)
        here.graph = self._graph
        kinds.default.sessions.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        kinds.default.sessions.remove(self)
        here.graph = self._entered.pop()
        if not self._entered:
            self.close()

    def as_default(self) -> Any:
        """A block in which it is the default session; it stays open."""
        return kinds.as_default(self)

    @staticmethod
    def reset(target: str, containers: Any = None, config: Any = None) -> None:
        """All state is a session's own, so there is nothing to reset."""


class InteractiveSession(BaseSession):
    """A session that is the default one from now on, until it is closed."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        kinds.default.sessions.append(self)
        self._before = here.graph
        if graph is not None:
            here.graph = graph

    def close(self) -> None:
        """Ends it."""
        if self in kinds.default.sessions:
            kinds.default.sessions.remove(self)
        here.graph = self._before if self._graph is here.graph and self._before is not self._graph else here.graph
        super().close()
