"""Kernels whose loads and stores are written down: calls of a recorder are put before each memory instruction of their text."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gradwerk.compiler.llvm.link import Code, compile_text, host_target, link
from gradwerk.compiler.machines import host
from gradwerk.compiler.memory import root
from gradwerk.compiler.pipeline import PASSES
from gradwerk.compiler.program import Program, lower
from gradwerk.compiler.steps import HostStep, Segment, Step
from gradwerk.compiler.verify import began
from gradwerk.compiler.work import Buffer, Operand, Work
from gradwerk.ir.graph import Graph

GUARD = 1024
BYTES = {"float": 4, "double": 8, "i64": 8, "i32": 4, "i8": 1, "ptr": 8}
VALUE = r"[%<][^,]*?"
LOAD = re.compile(r"^  %\S+ = load (?P<type>[^,]+), ptr (?P<place>%\w+(?:\.\w+)*), align")
STORE = re.compile(r"^  store (?P<type><\d+ x \w+>|\w+) .+, ptr (?P<place>%\w+(?:\.\w+)*), align")
MASKED = re.compile(r"@llvm\.masked\.(?P<what>load|store|gather|scatter)\.")
SITE = re.compile(r"^  (?:%\S+ = )?(?:load|store|call .*@llvm\.masked)\b")


@dataclass(frozen=True)
class Event:
    """`lanes` elements of `item` bytes from `place` on, those whose bit is set in `mask`."""

    place: int
    lanes: int
    item: int
    mask: int
    stores: bool
    masked: bool


@dataclass
class Recorder:
    """The instrumented kernels of a process, and what they do."""

    events: list[Event] = field(default_factory=list)
    known: dict[str, Code] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 5)
        self.callback = kind(lambda place, lanes, item, mask, how: self.note(place, lanes, item, mask, how))
        self.address = ctypes.cast(self.callback, ctypes.c_void_p).value or 0

    def note(self, place: int, lanes: int, item: int, mask: int, how: int) -> None:
        self.events.append(Event(place & (1 << 64) - 1, lanes, item, mask & (1 << 64) - 1, bool(how & 1), bool(how & 2)))

    def kernel(self, work: Work) -> int:
        """The address of a work's kernel with its recorder's calls."""
        if work.kernel.name not in self.known:
            text = self.watched(work.kernel.build(host_target()))
            self.known[work.kernel.name] = link({work.kernel.name: compile_text(text, host_target())})
        return self.known[work.kernel.name][work.kernel.name]

    def watched(self, text: str) -> str:
        """The text with a call before each access.  Raises: AssertionError at a memory instruction of an unknown form."""
        lines: list[str] = []
        for line in text.splitlines():
            if SITE.match(line):
                lines += self.calls(line, len(lines))
            elif re.search(r"\b(load|store|atomicrmw|cmpxchg|memcpy|memset)\b", line) and not line.startswith(("declare", "define")):
                raise AssertionError(f"a memory instruction that is not recorded: {line}")
            lines.append(line)
        return "\n".join(lines)

    def calls(self, line: str, n: int) -> list[str]:
        if found := MASKED.search(line):
            return self.masked(line, found["what"], n)
        found = LOAD.match(line) or STORE.match(line)
        assert found, f"a memory instruction that is not recorded: {line}"
        lanes, item = shape_of(found["type"])
        mask = (1 << lanes) - 1
        how = int(line.startswith("  store"))
        return [f"  %rec{n}.p = ptrtoint ptr {found['place']} to i64", self.call(f"%rec{n}.p", lanes, item, str(signed(mask)), how)]

    def masked(self, line: str, what: str, n: int) -> list[str]:
        args = arguments(line)
        stores = what in ("store", "scatter")
        places, mask = (args[1], args[3]) if stores else (args[0], args[2])
        lanes = int(re.match(r"<(\d+) x", mask)[1])  # type: ignore[index]
        suffix = re.search(r"\.v\d+([fi])(\d+)[.]", line)
        assert suffix, line
        item, how = int(suffix[2]) // 8, 2 + stores
        wide = "zext" if lanes < 64 else "bitcast"
        bits = [f"  %rec{n}.b = bitcast {mask} to i{lanes}", f"  %rec{n}.m = {wide} i{lanes} %rec{n}.b to i64"]
        if what in ("load", "store"):
            return [*bits, f"  %rec{n}.p = ptrtoint {places} to i64", self.call(f"%rec{n}.p", lanes, item, f"%rec{n}.m", how)]
        for k in range(lanes):
            bits += [
                f"  %rec{n}.a{k} = extractelement {places}, i32 {k}",
                f"  %rec{n}.p{k} = ptrtoint ptr %rec{n}.a{k} to i64",
                f"  %rec{n}.s{k} = lshr i64 %rec{n}.m, {k}",
                f"  %rec{n}.o{k} = and i64 %rec{n}.s{k}, 1",
                self.call(f"%rec{n}.p{k}", 1, item, f"%rec{n}.o{k}", how),
            ]
        return bits

    def call(self, place: str, lanes: int, item: int, mask: str, how: int) -> str:
        where = f"inttoptr (i64 {self.address} to ptr)"
        return f"  call void {where}(i64 {place}, i64 {lanes}, i64 {item}, i64 {mask}, i64 {how})"


def signed(mask: int) -> int:
    return mask - (1 << 64) if mask >> 63 else mask


def shape_of(type_: str) -> tuple[int, int]:
    """(lanes, bytes of one) of an LLVM type."""
    found = re.match(r"<(\d+) x (\w+)>", type_)
    return (int(found[1]), BYTES[found[2]]) if found else (1, BYTES[type_])


def arguments(line: str) -> list[str]:
    """The arguments of a call, commas inside of angle brackets left alone."""
    text = line[line.index("(") + 1 : line.rindex(")")]
    parts, depth, start = [], 0, 0
    for k, letter in enumerate(text):
        depth += (letter == "<") - (letter == ">")
        if letter == "," and depth == 0:
            parts.append(text[start:k].strip())
            start = k + 1
    return [*parts, text[start:].strip()]


def lowered(graph: Graph) -> Program:
    """What the compiler makes of a graph, before memory."""
    for item in PASSES:
        graph = item.run(graph)
    return lower(graph, host(), {})


class Room:
    """Memory for the buffers of one program, far apart."""

    def __init__(self) -> None:
        self.raw: dict[Buffer, np.ndarray] = {}

    def flat(self, buffer: Buffer) -> np.ndarray:
        base = root(buffer)
        if base not in self.raw:
            raw = np.zeros(base.nbytes + 2 * GUARD + 64, np.uint8)
            skip = -raw.ctypes.data % 64
            self.raw[base] = raw[skip : skip + base.nbytes + 2 * GUARD]
        return self.raw[base][GUARD : GUARD + base.nbytes].view(base.dtype)

    def view(self, operand: Operand, trips: tuple[int, ...]) -> np.ndarray:
        flat = self.flat(operand.buffer)
        strides = [s * flat.itemsize for s in operand.strides]
        return np.lib.stride_tricks.as_strided(flat[began(operand, trips) :], operand.shape, strides)

    def address(self, buffer: Buffer) -> int:
        self.flat(buffer)
        return self.raw[buffer].ctypes.data + GUARD

    def find(self, event: Event) -> tuple[Buffer, int] | None:
        """The buffer in which an event lies, and its first element; None on the stack and in tables."""
        for buffer, raw in self.raw.items():
            start = raw.ctypes.data
            if start <= event.place < start + raw.nbytes:
                distance = event.place - start - GUARD
                assert distance % buffer.dtype.itemsize == 0
                return buffer, distance // buffer.dtype.itemsize
        return None


def run_recorded(program: Program, inputs: Sequence[np.ndarray], recorder: Recorder) -> list[np.ndarray]:
    """The outputs of a program run in order, every chunk held to what it declares."""
    room = Room()
    for buffer, array in zip(program.inputs, inputs, strict=True):
        room.flat(buffer)[...] = np.ravel(array)
    for buffer, data in program.constants.items():
        room.flat(buffer)[...] = np.frombuffer(data, buffer.dtype)
    for buffer in program.checks:
        room.flat(buffer)
    run_steps(program.steps, (), room, recorder, set(program.checks))
    return [room.flat(buffer).copy() for buffer in program.outputs]


def run_steps(steps: Sequence[Step], trips: tuple[int, ...], room: Room, recorder: Recorder, unchecked: set[Buffer]) -> None:
    """Steps in one iteration of each loop around."""
    for step in steps:
        if isinstance(step, HostStep):
            for place, result in zip(step.writes, step.op.evaluate(*(room.view(o, trips).copy() for o in step.reads)), strict=True):
                room.view(place, trips)[...] = result
        elif isinstance(step, Segment):
            for work in step.work:
                run_work(work, trips, room, recorder, unchecked)
        else:
            trip = 0
            while trip < step.trips and (step.flag is None or bool(room.view(step.flag, trips)) is step.when):
                run_steps(step.steps, (*trips, trip), room, recorder, unchecked)
                trip += 1


def run_work(work: Work, trips: tuple[int, ...], room: Room, recorder: Recorder, unchecked: set[Buffer]) -> None:
    kernel = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2, ctypes.c_void_p)(recorder.kernel(work))
    buffers = list(dict.fromkeys(root(access.operand.buffer) for access in work.accesses))
    slots = np.array([room.address(b) for b in buffers], np.int64)
    words: list[int] = []
    for access in work.accesses:
        item = access.operand.dtype.itemsize
        words += [buffers.index(root(access.operand.buffer)), began(access.operand, trips) * item, 0]
    args = np.array([*words, *work.extents, 0], np.int64)
    beside = np.zeros(work.form.scratch + 2 * GUARD + 64, np.uint8)
    scratch = beside.ctypes.data + GUARD + -(beside.ctypes.data + GUARD) % 64
    stored: dict[Buffer, set[int]] = {}
    for chunk in range(work.chunks):
        recorder.events.clear()
        kernel(slots.ctypes.data, args.ctypes.data, chunk, 0, scratch)
        own: dict[Buffer, set[int]] = {}
        allowed = declared(work, chunk, trips)
        for event in dict.fromkeys(recorder.events):
            if -GUARD <= event.place - scratch < work.form.scratch + GUARD:
                inside = 0 <= event.place - scratch <= work.form.scratch - event.lanes * event.item
                assert inside or not event.mask, f"{work.title}: more than {work.form.scratch} bytes of scratch memory"
                continue
            hold(event, work, allowed, room, own, unchecked)
        for buffer, elements in own.items():
            stored.setdefault(buffer, set()).update(elements)
    for access in work.accesses:
        if access.writes and not (access.reads and access.keeps) and root(access.operand.buffer) not in unchecked:
            wanted = set((access.footprint.elements() + began(access.operand, trips)).tolist())
            missing = wanted - stored.get(root(access.operand.buffer), set())
            assert not missing, f"{work.title}: declares to write {len(missing)} elements that it leaves alone, {sorted(missing)[:5]} ..."


def declared(work: Work, chunk: int, trips: tuple[int, ...]) -> dict[tuple[Buffer, bool], set[int]]:
    """The elements that a chunk may read and write, by buffer."""
    found: dict[tuple[Buffer, bool], set[int]] = {}
    for access in work.accesses:
        elements = set((access.footprint.elements(chunk) + began(access.operand, trips)).tolist())
        for stores in {access.writes, not access.reads}:
            found.setdefault((root(access.operand.buffer), stores), set()).update(elements)
    return found


def hold(
    event: Event, work: Work, allowed: dict[tuple[Buffer, bool], set[int]], room: Room, own: dict[Buffer, set[int]], unchecked: set[Buffer]
) -> None:  # fmt: skip
    """An event lies in what was declared.

    A chunk may read back what it wrote.  A whole vector that begins at a declared element may run past the row's end: what it reads there
    is dropped.
    """
    found = room.find(event)
    if found is None or found[0] in unchecked or not event.mask:
        return
    buffer, first = found
    assert event.item == buffer.dtype.itemsize, f"{work.title}: {event.item} bytes of {buffer.dtype}"
    elements = [first + k for k in range(event.lanes) if event.mask >> k & 1]
    if event.stores:
        outside = [e for e in elements if e not in allowed.get((buffer, True), ())]
        assert not outside, f"{work.title}: stores {outside[:5]} of {buffer.label}, which it did not declare to write"
        own.setdefault(buffer, set()).update(elements)
        return
    mine, known = own.get(buffer, set()), allowed.get((buffer, False), set())
    outside = [e for e in elements if e not in known and e not in mine]
    past = outside and not event.masked and event.lanes > 1 and (elements[0] in known or elements[0] in mine)
    assert not outside or past, f"{work.title}: loads {outside[:5]} of {buffer.label}, which it did not declare to read"
