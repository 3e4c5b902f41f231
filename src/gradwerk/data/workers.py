"""Work done ahead of time: by threads, or by processes whose arrays come back in memory that both share.

Results come in the order of the jobs, whoever was faster.  A worker process is a fork: it has the data as they were, and a function of any
kind needs no copy of them.  Each result is written to memory without a name, which is gone when nobody holds it: nothing is left behind,
whatever ends whom (docs/decisions/0036-workers-are-forks.md).
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import queue
import signal
import socket
import sys
import tempfile
import threading
import traceback
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.settings import settings
from gradwerk.base.trees import map_tree
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
Tree = Any
Job = Any
_ALIGNMENT = 64
_PATIENCE = 1.0
"""Seconds between two looks whether the parent, or a worker, is still there."""
_FAREWELL = 5.0
"""Seconds that a worker has to end by itself."""


@dataclass(frozen=True)
class Codec:
    """How leaves that hold an array are shipped as that array: those of a front end's Tensors."""

    array_of: Callable[[Any], Array | None]
    """The array of a leaf, or None for what is no such leaf."""
    leaf_of: Callable[[Array], Any]


PLAIN = Codec(lambda leaf: leaf.numpy() if isinstance(leaf, Tensor) else None, Tensor)


@dataclass(frozen=True)
class Part:
    """Where the array of a leaf lies in the memory of a result; `is_coded` for a leaf of the codec."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_coded: bool


@dataclass(frozen=True)
class Failure:
    """What a worker's job ended with."""

    kind: type[Exception]
    text: str


class Threads:
    """`make` of each job, by some threads of this process."""

    def __init__(self, make: Callable[[Job], Tree], count: int, *, ahead: int = 2) -> None:
        self.make, self.count, self.ahead = make, count, ahead

    def run(self, jobs: Iterable[Job]) -> Iterator[Tree]:
        """The results, in order.  An error of a job is raised when its turn comes."""
        pool = ThreadPoolExecutor(self.count, "gradwerk-data")
        waiting: deque[Future[Tree]] = deque()
        rest = iter(jobs)
        try:
            waiting += [pool.submit(self.make, job) for job in islice(rest, self.count * self.ahead)]
            while waiting:
                result = waiting.popleft().result()
                waiting += [pool.submit(self.make, job) for job in islice(rest, 1)]
                yield result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Nothing is held."""


class Processes:
    """`make` of each job, by some processes.  Raises: ArgumentError where the system cannot fork.

    Args:
        make: called in a worker with a job; gives a tree of arrays (others are sent as they are).
        count: how many processes.
        start: called in each first, with its number.
        ahead: jobs in hand for each.
        codec: how other leaves are shipped as arrays.
        patience: seconds to wait for one result, without end unless given.
    """

    def __init__(
        self, make: Callable[[Job], Tree], count: int, *, start: Callable[[int], None] | None = None, ahead: int = 2, codec: Codec = PLAIN,
        patience: float = 0.0,
    ) -> None:  # fmt: skip
        if not can_fork():
            what = "worker processes need a system that can fork, and are no worker's"
            raise ArgumentError(what, likely="threads do the same work, with the same results")
        self.count, self.ahead, self.codec, self.patience = count, ahead, codec, patience
        self.connections: list[Connection] = []
        self.processes: list[ForkProcess] = []
        self.parent = os.getpid()
        weakref.finalize(self, let_go, self.parent, self.processes, self.connections).atexit = False  # daemons end with their process
        context = multiprocessing.get_context("fork")
        try:
            for number in range(count):
                ours, theirs = context.Pipe()
                self.connections.append(ours)
                arguments = (number, theirs, list(self.connections), make, start, codec)
                process = context.Process(target=_serve, args=arguments, name=f"gradwerk-data-{number}", daemon=True)
                with warnings.catch_warnings():  # a fork beside threads: ours, and those of NumPy, see to it themselves
                    warnings.simplefilter("ignore", DeprecationWarning)
                    process.start()
                self.processes.append(process)
                theirs.close()
        except BaseException:
            self.close()
            raise

    def run(self, jobs: Iterable[Job]) -> Iterator[Tree]:
        """The results, in order.  Raises: what a job ended with; StateError for a worker that ended itself."""
        rest, sent, received = enumerate(jobs), 0, 0
        try:
            for number, job in islice(rest, self.count * self.ahead):
                self._send(number % self.count, job)
                sent += 1
            while received < sent:
                result = self._receive(received % self.count)
                received += 1
                for number, job in islice(rest, 1):
                    self._send(number % self.count, job)
                    sent += 1
                yield result
        finally:
            if received < sent:
                self.close()  # what is still under way belongs to nobody

    def _send(self, number: int, job: Job) -> None:
        try:
            self.connections[number].send(job)
        except (BrokenPipeError, ConnectionResetError):
            raise self._ended(number) from None

    def _receive(self, number: int) -> Tree:
        connection, waited = self.connections[number], 0.0
        while not connection.poll(_PATIENCE):
            waited += _PATIENCE
            if self.patience and waited >= self.patience:
                raise StateError(f"DataLoader timed out after {self.patience:g} seconds", facts=(f"worker process {number}",))
        try:
            message, size = connection.recv()
            if isinstance(message, Failure):
                raise _raised(message)
            shared = _received_memory(connection, size) if size else b""
        except (EOFError, ConnectionResetError):
            raise self._ended(number) from None
        return map_tree(lambda leaf: _array_at(leaf, shared, self.codec) if isinstance(leaf, Part) else leaf, message)

    def _ended(self, number: int) -> StateError:
        """The error for a worker that is there no longer."""
        process = self.processes[number]
        process.join(_FAREWELL)
        code = process.exitcode
        how = "answers no longer" if code is None else f"ended itself with exit code {code}"
        if code is not None and code < 0:
            how = f"was ended by signal {-code} ({signal.Signals(-code).name})"
        likely = "it ran out of memory: fewer workers, or smaller batches" if code == -signal.SIGKILL else ""
        return StateError(f"worker process {number} of {self.count} (pid {process.pid}) {how}", likely=likely)

    @property
    def is_open(self) -> bool:
        """Whether there are workers, of this process and not of the one that it was forked from."""
        return bool(self.processes) and self.parent == os.getpid()

    def close(self) -> None:
        """Ends the workers, whatever they do."""
        end(self.parent, self.processes, self.connections)


def end(parent: int, processes: list[ForkProcess], connections: list[Connection]) -> None:
    """Ends the workers of this process; the lists are empty then."""
    if parent != os.getpid():
        return
    ending, closing = processes[:], connections[:]
    processes.clear()
    connections.clear()
    for connection in closing:
        connection.close()  # who reads from it ends
    for process in ending:
        process.terminate()
    for process in ending:
        process.join(_FAREWELL)
        if process.exitcode is None:
            process.kill()
            process.join()
        process.close()


def let_go(parent: int, processes: list[ForkProcess], connections: list[Connection]) -> None:
    """Ends workers that nobody holds any more."""
    with suppress(Exception):  # nobody is there to be told
        end(parent, processes, connections)


def can_fork() -> bool:
    """Whether worker processes can be had: the system can fork, and this process is no worker itself."""
    return "fork" in multiprocessing.get_all_start_methods() and not multiprocessing.current_process().daemon


def _serve(
    number: int, connection: Connection, others: Iterable[Connection], make: Callable[[Job], Tree], start: Callable[[int], None] | None,
    codec: Codec,
) -> None:  # fmt: skip
    """The life of a worker: jobs in, results out, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the parent's to say what Ctrl-C ends
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in others:
        other.close()  # of these the parent alone holds the far end, so that its death is noticed
    settings.threads = 1
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, jobs, os.getppid()), daemon=True).start()
    failure = _failure_of(start, number, number) if start is not None else None
    while True:
        job = jobs.get()
        try:
            message, memory, size = (failure, None, 0) if failure is not None else _packed(make(job), codec)
        except Exception as error:
            message, memory, size = _failed(error, number), None, 0
        _send(connection, message, memory, size, number)
        for stream in (sys.stdout, sys.stderr):  # what was printed: a worker may be ended at any time from now on
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()


def _listen(connection: Connection, jobs: queue.SimpleQueue[Job], parent: int) -> None:
    """Takes jobs as they come, so that the parent never waits for a worker that waits for it; ends the process with the parent."""
    with suppress(EOFError, OSError):
        while os.getppid() == parent:
            if connection.poll(_PATIENCE):
                jobs.put(connection.recv())
    os._exit(0)


def _failure_of(start: Callable[[int], None], argument: int, number: int) -> Failure | None:
    try:
        start(argument)
    except Exception as error:
        return _failed(error, number)
    return None


def _failed(error: Exception, number: int) -> Failure:
    told = "".join(traceback.format_exception(error))
    return Failure(type(error), f"Caught {type(error).__name__} in DataLoader worker process {number}.\nOriginal {told}")


def _send(connection: Connection, message: Tree, memory: int | None, size: int, number: int) -> None:
    try:
        try:
            connection.send((message, size))
        except OSError:
            os._exit(0)  # nobody is there
        except Exception as error:  # what cannot be sent: a function made on the fly, a class inside of a function
            why = f"what worker process {number} made cannot be sent: {type(error).__name__}: {error}"
            connection.send((Failure(StateError, message.text if isinstance(message, Failure) else why), 0))
        else:
            if memory is not None:
                with socket.socket(fileno=os.dup(connection.fileno())) as end:
                    socket.send_fds(end, [b"m"], [memory])
    finally:
        if memory is not None:
            os.close(memory)


def _raised(failure: Failure) -> Exception:
    """The error of a worker, of the same kind, with its traceback as text."""
    try:
        return failure.kind(_Verbatim(failure.text))
    except Exception:  # a kind that wants other arguments
        return StateError(failure.text)


class _Verbatim(str):
    """A text that KeyError, which shows what is in it as Python writes it, shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _packed(tree: Tree, codec: Codec) -> tuple[Tree, int | None, int]:
    """The tree with places for its arrays, and the memory that holds these, as an open file with its size; None where there are none."""
    arrays: list[tuple[int, Array]] = []
    end = 0

    def placed(leaf: Any) -> Any:  # noqa: ANN401
        nonlocal end
        coded = codec.array_of(leaf)
        array = coded if coded is not None else leaf
        if not isinstance(array, np.ndarray) or array.dtype.hasobject:
            return leaf
        offset = -(-end // _ALIGNMENT) * _ALIGNMENT
        arrays.append((offset, array))
        end = offset + array.nbytes
        return Part(offset, array.shape, array.dtype, coded is not None)

    message = map_tree(placed, tree)
    if not end:
        return message, None, 0
    memory = _nameless(end)
    try:
        for offset, array in arrays:
            _write(memory, offset, array)
    except BaseException:
        os.close(memory)
        raise
    return message, memory, end


def _write(memory: int, offset: int, array: Array) -> None:
    """Puts the elements there, in one go: memory that is mapped would be asked for page by page."""
    rest = np.ascontiguousarray(array).reshape(-1).view(np.uint8) if array.nbytes else np.empty(0, np.uint8)
    while len(rest):
        written = os.pwrite(memory, rest.data, offset)
        rest, offset = rest[written:], offset + written


def _nameless(size: int) -> int:
    """Memory without a name, as an open file.  Raises: OSError, MemoryError."""
    if hasattr(os, "memfd_create"):
        memory = os.memfd_create("gradwerk-data")
    else:
        with tempfile.TemporaryFile() as file:
            memory = os.dup(file.fileno())
    os.ftruncate(memory, size)
    return memory


def _received_memory(connection: Connection, size: int) -> mmap.mmap:
    with socket.socket(fileno=os.dup(connection.fileno())) as end:
        _, files, _, _ = socket.recv_fds(end, 1, 1)
    if not files:
        raise EOFError
    try:
        return mmap.mmap(files[0], size, flags=mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))
    finally:
        os.close(files[0])


def _array_at(part: Part, shared: mmap.mmap | bytes, codec: Codec) -> Any:  # noqa: ANN401
    """The leaf of a part; its array stands in the shared memory, which it holds."""
    count = int(np.prod(part.shape)) * part.dtype.itemsize
    if not count:
        array = np.empty(part.shape, part.dtype)
    else:
        array = np.frombuffer(shared, np.uint8, count, part.offset).view(part.dtype).reshape(part.shape)
    return codec.leaf_of(array) if part.is_coded else array
