"""A small structured builder of LLVM text: modules, functions, typed values, counted loops, branches, vectors of lanes.

    module = Module()
    f = module.function("axpy", [("ptr", "x"), ("ptr", "y"), ("i64", "n")])
    x, y, n = f.params
    with f.loop(0, n, step=16) as loop:
        a = f.load("<16 x float>", f.at(x, loop.index))
        f.store(a, f.at(y, loop.index))
    module.text()

Integers may be Python ints or i64 values: arithmetic on Python ints is done at once, so one generator serves baked and run-time extents.
Addresses count in elements.  Nothing is reordered: flags such as `reassoc` stand only where a caller writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gradwerk.base.errors import VerifyError
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.values import ALIGNMENT, BYTES, Integer, Value, lanes, literal, overload, scalar, vector

ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }'
"""Some CPUs are described to LLVM as preferring half registers; our kernels choose their width themselves."""

MOST_STACK = 48 << 10
"""Bytes of a kernel's: some threads have 128 KiB for all that they call."""


class Module:
    """Functions and the intrinsics they declare."""

    def __init__(self) -> None:
        self.functions: list[Function] = []
        self.declarations: dict[str, str] = {}
        self.constants: list[str] = []

    def function(self, name: str, params: Sequence[tuple[str, str]], *, internal: bool = False) -> Function:
        """A new function of (type, name) parameters that returns nothing; `internal` ones are called by others of this module only."""
        made = Function(self, name, params, internal=internal)
        self.functions.append(made)
        return made

    def table(self, element: str, values: Sequence[float]) -> Value:
        """The address of a constant array."""
        name = f"@table{len(self.constants)}"
        rows = ", ".join(f"{element} {literal(value, element)}" for value in values)
        self.constants.append(f"{name} = internal constant [{len(values)} x {element}] [{rows}], align 64")
        return Value(name, "ptr")

    def text(self) -> str:
        """The module as LLVM text."""
        return "\n".join([*self.constants, *self.declarations.values(), *(f.text() for f in self.functions), ATTRIBUTES, ""])


@dataclass
class Loop:
    """What the block of a loop sees: the counter and the carried values.

    `next` gives their values for the following turn; behind the loop `results` holds the last ones.
    """

    index: Value
    carried: list[Value]
    following: list[Value] | None = None
    results: tuple[Value, ...] = ()

    def next(self, *values: Value) -> None:
        """The carried values of the following turn; required in every loop that carries any."""
        self.following = list(values)


class Function:
    """One function under construction.  Methods return the value they make."""

    def __init__(self, module: Module, name: str, params: Sequence[tuple[str, str]], *, internal: bool) -> None:
        self.module, self.name, self.internal = module, name, internal
        self.params = [Value(f"%{label}", type_) for type_, label in params]
        self.head: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.stack = 0
        """Bytes."""
        self.block = "entry"

    def text(self) -> str:
        """The function as LLVM text.  Raises: VerifyError, under settings.check, where it takes too much of the stack."""
        if self.stack > MOST_STACK and settings.check:
            raise VerifyError(f"{self.name} takes {self.stack} bytes of the stack", facts=(f"the most is {MOST_STACK}",))
        params = ", ".join(f"{p.type} {p.name}" for p in self.params)
        kind = "internal " if self.internal else ""
        body = "\n".join([*self.head, *self.lines])
        return f"define {kind}void @{self.name}({params}) #0 {{\nentry:\n{body}\n  ret void\n}}"

    # ---- text

    def fresh(self, stem: str = "v") -> str:
        """A name not used before."""
        self.count += 1
        return f"{stem}{self.count}"

    def emit(self, text: str, type_: str) -> Value:
        """An instruction that makes a value."""
        self.count += 1
        name = f"%v{self.count}"
        self.lines.append(f"  {name} = {text}")
        return Value(name, type_)

    def do(self, text: str) -> None:
        """An instruction without a value."""
        self.lines.append("  " + text)

    def label(self, name: str) -> None:
        """Begins a block."""
        self.lines.append(name + ":")
        self.block = name

    def call(self, name: str, result: str, *args: Value) -> Value:
        """A call of an LLVM intrinsic, which is declared; `name` is complete, as llvm.fma.v16f32."""
        self._declare(name, result, args)
        return self.emit(f"call {result} @{name}({', '.join(f'{a.type} {a.name}' for a in args)})", result)

    def run(self, name: str, *args: Value) -> None:
        """A call of an intrinsic without a value."""
        self._declare(name, "void", args)
        self.do(f"call void @{name}({', '.join(f'{a.type} {a.name}' for a in args)})")

    def _declare(self, name: str, result: str, args: Sequence[Value]) -> None:
        if name not in self.module.declarations:
            self.module.declarations[name] = f"declare {result} @{name}({', '.join(a.type for a in args)})"

    def intrinsic(self, stem: str, *args: Value) -> Value:
        """Calls an intrinsic that is overloaded by the type of its first argument, which its result has too, as fma."""
        return self.call(f"llvm.{stem}.{overload(args[0].type)}", args[0].type, *args)

    # ---- integers, all i64

    def integer(self, value: Integer) -> Value:
        """An i64 value of a Python int or of itself."""
        return literal(value, "i64") if isinstance(value, int) else value

    def _fold(self, op: str, a: Integer, b: Integer, fold: Callable[[int, int], int]) -> Integer:
        if isinstance(a, int) and isinstance(b, int):
            return fold(a, b)
        return self.emit(f"{op} i64 {a}, {b}", "i64")

    def add(self, a: Integer, b: Integer) -> Integer:
        """The sum."""
        if a == 0:
            return b
        return a if b == 0 else self._fold("add", a, b, lambda x, y: x + y)

    def sub(self, a: Integer, b: Integer) -> Integer:
        """The difference."""
        return a if b == 0 else self._fold("sub", a, b, lambda x, y: x - y)

    def mul(self, a: Integer, b: Integer) -> Integer:
        """The product."""
        if a == 1:
            return b
        if b == 1:
            return a
        return 0 if a == 0 or b == 0 else self._fold("mul", a, b, lambda x, y: x * y)

    def div(self, a: Integer, b: Integer) -> Integer:
        """The quotient of numbers that are not negative, rounded down."""
        return a if b == 1 else self._fold("udiv", a, b, lambda x, y: x // y)

    def rem(self, a: Integer, b: Integer) -> Integer:
        """The remainder of numbers that are not negative."""
        return 0 if b == 1 else self._fold("urem", a, b, lambda x, y: x % y)

    def minimum(self, a: Integer, b: Integer) -> Integer:
        """The smaller, signed."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.call("llvm.smin.i64", "i64", self.integer(a), self.integer(b))

    def maximum(self, a: Integer, b: Integer) -> Integer:
        """The larger, signed."""
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self.call("llvm.smax.i64", "i64", self.integer(a), self.integer(b))

    def round_down(self, a: Integer, multiple: int) -> Integer:
        """The largest multiple (a power of two) not above a."""
        return a - a % multiple if isinstance(a, int) else self.emit(f"and i64 {a}, {-multiple}", "i64")

    def compare(self, relation: str, a: Integer, b: Integer) -> Value:
        """An i1; relation is eq, ne, slt, sle, sgt, sge, ult, ... of i64."""
        if isinstance(a, int) and isinstance(b, int):
            true = {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[relation[-2:]]
            return literal(int(true), "i1")
        return self.emit(f"icmp {relation} i64 {a}, {b}", "i1")

    def both(self, a: Value, b: Value) -> Value:
        """Logical and, lane by lane."""
        return self.emit(f"and {a.type} {a}, {b}", a.type)

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """Of a and b the one that the condition chooses."""
        return self.emit(f"select {condition.type} {condition}, {a.type} {a}, {b.type} {b}", a.type)

    # ---- memory

    def at(self, pointer: Value, *offsets: Integer, element: str = "float") -> Value:
        """An address moved by the sum of offsets, in elements; run-time offsets first, so that ints become displacements of the address."""
        fixed = 0
        for offset in offsets:
            if isinstance(offset, int):
                fixed += offset
            else:
                pointer = self.emit(f"getelementptr {element}, ptr {pointer}, i64 {offset}", "ptr")
        return self.emit(f"getelementptr {element}, ptr {pointer}, i64 {fixed}", "ptr") if fixed else pointer

    def load(self, type_: str, pointer: Value) -> Value:
        """A value of one or more lanes; only element alignment is assumed."""
        return self.emit(f"load {type_}, ptr {pointer}, align {ALIGNMENT[scalar(type_)]}", type_)

    def store(self, value: Value, pointer: Value) -> None:
        """Writes all lanes."""
        self.do(f"store {value.type} {value}, ptr {pointer}, align {ALIGNMENT[scalar(value.type)]}")

    def load_masked(self, type_: str, pointer: Value, mask: Value, other: Value | None = None) -> Value:
        """The lanes where `mask` holds; elsewhere nothing is read and `other` (default zero) stands."""
        rest = other or Value("zeroinitializer", type_)
        align = literal(ALIGNMENT[scalar(type_)], "i32")
        return self.call(f"llvm.masked.load.{overload(type_)}.p0", type_, pointer, align, mask, rest)

    def store_masked(self, value: Value, pointer: Value, mask: Value) -> None:
        """Writes the lanes where `mask` holds."""
        align = literal(ALIGNMENT[scalar(value.type)], "i32")
        self.run(f"llvm.masked.store.{overload(value.type)}.p0", value, pointer, align, mask)

    def addresses(self, pointer: Value, index: Value, element: str) -> Value:
        """One address per lane: pointer + index, in elements; `index` is a vector of i64."""
        return self.emit(f"getelementptr {element}, ptr {pointer}, {index.type} {index}", vector("ptr", lanes(index.type)))

    def gather(self, type_: str, addresses: Value, mask: Value, other: Value | None = None) -> Value:
        """One load per lane where `mask` holds."""
        count, rest = lanes(type_), other or Value("zeroinitializer", type_)
        align = literal(ALIGNMENT[scalar(type_)], "i32")
        return self.call(f"llvm.masked.gather.{overload(type_)}.v{count}p0", type_, addresses, align, mask, rest)

    def scatter(self, value: Value, addresses: Value, mask: Value) -> None:
        """One store per lane where `mask` holds, in lane order."""
        align = literal(ALIGNMENT[scalar(value.type)], "i32")
        self.run(f"llvm.masked.scatter.{overload(value.type)}.v{lanes(value.type)}p0", value, addresses, align, mask)

    def on_stack(self, element: str, count: int) -> Value:
        """Memory on the stack, 64-byte aligned, for the whole call: little of it, as a thread may have little."""
        name = f"%{self.fresh('stack')}"
        self.stack += count * BYTES[element]
        self.head.append(f"  {name} = alloca [{count} x {element}], align 64")
        return Value(name, "ptr")

    # ---- lanes

    def splat(self, value: Value, count: int) -> Value:
        """The scalar in every lane."""
        if count == 1:
            return value
        type_ = vector(value.type, count)
        first = self.emit(f"insertelement {type_} poison, {value.type} {value}, i32 0", type_)
        return self.emit(f"shufflevector {type_} {first}, {type_} poison, <{count} x i32> zeroinitializer", type_)

    def lane_numbers(self, type_: str) -> Value:
        """0, 1, 2, ... in the lanes of an integer type."""
        count, one = lanes(type_), scalar(type_)
        if count == 1:
            return literal(0, type_)
        return Value("<" + ", ".join(f"{one} {n}" for n in range(count)) + ">", type_)

    def first_lanes(self, number: Integer, count: int) -> Value:
        """A mask of the first `number` of `count` lanes; none where it is negative."""
        if isinstance(number, int):
            text = ", ".join(f"i1 {int(n < number)}" for n in range(count))
            return Value(f"<{text}>", vector("i1", count)) if count > 1 else literal(int(number > 0), "i1")
        if count == 1:
            return self.compare("sgt", number, 0)
        small = self.emit(f"trunc i64 {self.minimum(number, count)} to i32", "i32")
        type_ = vector("i32", count)
        return self.emit(f"icmp slt {type_} {self.lane_numbers(type_)}, {self.splat(small, count)}", vector("i1", count))

    def extract(self, value: Value, lane: Integer) -> Value:
        """One lane."""
        if lanes(value.type) == 1:
            return value
        return self.emit(f"extractelement {value.type} {value}, i64 {lane}", scalar(value.type))

    def insert(self, value: Value, one: Value, lane: Integer) -> Value:
        """The vector with one lane replaced."""
        if lanes(value.type) == 1:
            return one
        return self.emit(f"insertelement {value.type} {value}, {one.type} {one}, i64 {lane}", value.type)

    def shuffle(self, a: Value, b: Value | None, order: Sequence[int]) -> Value:
        """Lanes of a and then of b by number; -1 leaves a lane undefined."""
        other = "poison" if b is None else b.name
        places = ", ".join("i32 poison" if n < 0 else f"i32 {n}" for n in order)
        type_ = vector(scalar(a.type), len(order))
        return self.emit(f"shufflevector {a.type} {a}, {a.type} {other}, <{len(order)} x i32> <{places}>", type_)

    def reduce_lanes(self, value: Value, combine: Callable[[Value, Value], Value]) -> Value:
        """All lanes into one scalar by halving, a fixed order: lane k with lane k + half, until one is left."""
        width = lanes(value.type)
        while width > 1:
            width //= 2
            low = self.shuffle(value, None, range(width))
            high = self.shuffle(value, None, range(width, 2 * width))
            if width == 1:
                low, high = self.extract(value, 0), self.extract(value, 1)
            value = combine(low, high)
        return value

    # ---- control

    @contextmanager
    def loop(
        self, start: Integer, stop: Integer, *, step: Integer = 1, carried: Sequence[Value] = (), once: bool = False
    ) -> Iterator[Loop]:
        """For index in range(start, stop, step), step positive; not at all when start >= stop, unless `once` promises a first turn."""
        name, before = self.fresh("loop"), self.block
        sure = once or (isinstance(start, int) and isinstance(stop, int) and start < stop)
        if sure:
            self.do(f"br label %{name}")
        else:
            self.do(f"br i1 {self.compare('slt', start, stop)}, label %{name}, label %{name}.end")
        self.label(name)
        loop = Loop(Value(f"%{name}.i", "i64"), [Value(f"%{name}.c{n}", c.type) for n, c in enumerate(carried)])
        at = len(self.lines)
        self.lines.extend([""] * (1 + len(carried)))
        yield loop
        if loop.following is None:
            if carried:
                raise ValueError(f"a loop of {self.name} carries values but was given no next ones")
            loop.following = []
        after = self.emit(f"add nsw i64 {loop.index}, {step}", "i64")
        self.do(f"br i1 {self.compare('slt', after, stop)}, label %{name}, label %{name}.end")
        latch = self.block
        self.lines[at] = f"  {loop.index} = phi i64 [{start}, %{before}], [{after}, %{latch}]"
        for n, (old, new) in enumerate(zip(carried, loop.following, strict=True)):
            self.lines[at + 1 + n] = f"  {loop.carried[n]} = phi {old.type} [{old}, %{before}], [{new}, %{latch}]"
        self.label(f"{name}.end")
        if sure:
            loop.results = tuple(loop.following)
        else:
            pairs = zip(carried, loop.following, strict=True)
            loop.results = tuple(self.emit(f"phi {o.type} [{o}, %{before}], [{n}, %{latch}]", o.type) for o, n in pairs)

    @contextmanager
    def repeat(self, goes_on: Callable[..., Value], *carried: Value) -> Iterator[Loop]:
        """For index in 0, 1, ... as long as `goes_on` of the index and the carried values holds."""
        name, before = self.fresh("repeat"), self.block
        self.do(f"br label %{name}")
        self.label(name)
        loop = Loop(Value(f"%{name}.i", "i64"), [Value(f"%{name}.c{n}", c.type) for n, c in enumerate(carried)])
        at = len(self.lines)
        self.lines.extend([""] * (1 + len(carried)))
        self.do(f"br i1 {goes_on(loop.index, *loop.carried)}, label %{name}.body, label %{name}.end")
        self.label(f"{name}.body")
        yield loop
        after, latch = self.emit(f"add nsw i64 {loop.index}, 1", "i64"), self.block
        self.do(f"br label %{name}")
        phis = zip([loop.index, *loop.carried], ["0", *carried], [after, *(loop.following or ())], strict=True)
        for n, (new, first, then) in enumerate(phis):
            self.lines[at + n] = f"  {new} = phi {new.type} [{first}, %{before}], [{then}, %{latch}]"
        self.label(f"{name}.end")
        loop.results = tuple(loop.carried)

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """The block runs only where the i1 holds."""
        name = self.fresh("when")
        self.do(f"br i1 {condition}, label %{name}, label %{name}.end")
        self.label(name)
        yield
        self.do(f"br label %{name}.end")
        self.label(f"{name}.end")

    def either(self, condition: Value, yes: Callable[[], Sequence[Value]], no: Callable[[], Sequence[Value]]) -> list[Value]:
        """Runs one of two blocks; the values it gives, of equal types."""
        name = self.fresh("either")
        self.do(f"br i1 {condition}, label %{name}.yes, label %{name}.no")
        self.label(f"{name}.yes")
        first = list(yes())
        end_yes = self.block
        self.do(f"br label %{name}.end")
        self.label(f"{name}.no")
        second = list(no())
        end_no = self.block
        self.do(f"br label %{name}.end")
        self.label(f"{name}.end")
        return [self.emit(f"phi {a.type} [{a}, %{end_yes}], [{b}, %{end_no}]", a.type) for a, b in zip(first, second, strict=True)]
