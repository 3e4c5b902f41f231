"""Lanes: vectors of elements, in registers and in memory, and arithmetic on them.

Every lane does the same IEEE operations whatever the number of lanes, so bits do not depend on it.
"""

from __future__ import annotations

from math import isnan

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import VerifyError
from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.values import Value, lanes, literal, overload, vector

REGISTER: dict[DType, str] = {dtype: dtypes.ROWS[dtype].register for dtype in dtypes.HELD}
"""The type of an element in a register."""
MEMORY: dict[DType, str] = {dtype: dtypes.ROWS[dtype].memory for dtype in dtypes.HELD}
"""The type of an element in memory."""

FLOAT_RELATION = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


class Lanes(Value):
    """A value with its element type; `number` is that of a literal."""

    __slots__ = ("dtype", "number")

    def __init__(self, name: str, type_: str, dtype: DType, number: float | None = None) -> None:
        super().__init__(name, type_)
        self.dtype, self.number = dtype, number


class LaneCode:
    """All that an Emitter says but for functions of numbers, for `count` lanes inside a function under construction."""

    def __init__(self, function: Function, count: int) -> None:
        self.function, self.count = function, count

    # ---- values

    def type(self, dtype: DType) -> str:
        """The LLVM type of `count` elements in registers."""
        return vector(REGISTER[dtype], self.count)

    def wrap(self, value: Value, dtype: DType) -> Lanes:
        """An LLVM value as elements of `dtype`."""
        return Lanes(value.name, value.type, dtype)

    def splat(self, x: Lanes) -> Lanes:
        """A scalar in every lane."""
        if x.number is not None:
            return self.const(x.number, x.dtype)
        return self.wrap(self.function.splat(x, self.count), x.dtype)

    def _emit(self, text: str, dtype: DType) -> Lanes:
        type_ = self.type(dtype)
        return Lanes(self.function.emit(text, type_).name, type_, dtype)

    def dtype(self, x: Lanes) -> DType:
        """The element type of x."""
        return x.dtype

    def const(self, value: float, dtype: DType) -> Lanes:
        """A literal."""
        if dtypes.is_complex(dtype):  # the bits, in one whole number
            value = int.from_bytes(dtypes.of_value(value, dtype).tobytes(), "little", signed=True)
        value = bool(value) if dtype == dtypes.bool_ else value if dtypes.is_float(dtype) else int(value)
        made = literal(value, self.type(dtype))
        return Lanes(made.name, made.type, dtype, value)

    # ---- arithmetic

    def _binary(self, float_op: str, integer_op: str, a: Lanes, b: Lanes) -> Lanes:
        op = float_op if dtypes.is_float(a.dtype) else integer_op
        return self._emit(f"{op} {a.type} {a.name}, {b.name}", a.dtype)

    def add(self, a: Lanes, b: Lanes) -> Lanes:
        """The sum; integers wrap."""
        return self._binary("fadd", "add", a, b)

    def sub(self, a: Lanes, b: Lanes) -> Lanes:
        """The difference."""
        return self._binary("fsub", "sub", a, b)

    def mul(self, a: Lanes, b: Lanes) -> Lanes:
        """The product."""
        return self._binary("fmul", "mul", a, b)

    def div(self, a: Lanes, b: Lanes) -> Lanes:
        """The quotient; integers toward zero, 0 where b is 0, wrapping where the quotient does not fit."""
        if dtypes.is_float(a.dtype):
            return self._emit(f"fdiv {a.type} {a.name}, {b.name}", a.dtype)
        zero, one = self.const(0, a.dtype), self.const(1, a.dtype)
        none = self.compare("eq", b, zero)
        if dtypes.is_unsigned(a.dtype):
            quotient = self._emit(f"udiv {a.type} {a.name}, {self.select(none, one, b).name}", a.dtype)
            return self.select(none, zero, quotient)
        minus = self.compare("eq", b, self.const(-1, a.dtype))  # the one divisor that overflows
        divisor = self.select(self.bit_or(none, minus), one, b)
        quotient = self._emit(f"sdiv {a.type} {a.name}, {divisor.name}", a.dtype)
        return self.select(none, zero, self.select(minus, self.neg(a), quotient))

    def fma(self, a: Lanes, b: Lanes, c: Lanes) -> Lanes:
        """The product of a and b, plus c, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def intrinsic(self, stem: str, *args: Lanes) -> Lanes:
        """An LLVM intrinsic whose result is like its first argument."""
        return self.wrap(self.function.intrinsic(stem, *args), args[0].dtype)

    def neg(self, x: Lanes) -> Lanes:
        """-x."""
        if dtypes.is_float(x.dtype):
            return self._emit(f"fneg {x.type} {x.name}", x.dtype)
        return self.sub(self.const(0, x.dtype), x)

    def maximum(self, a: Lanes, b: Lanes) -> Lanes:
        """The larger, b at a tie; NaN if either is NaN."""
        return self._extreme("gt", a, b)

    def minimum(self, a: Lanes, b: Lanes) -> Lanes:
        """The smaller, b at a tie; NaN if either is NaN."""
        return self._extreme("lt", a, b)

    def _extreme(self, relation: str, a: Lanes, b: Lanes) -> Lanes:
        if not dtypes.is_float(a.dtype):
            return self.select(self.compare(relation, a, b), a, b)
        if a.number is not None and not isnan(a.number):
            return self.select(self.compare(relation, a, b), a, b)
        if b.number is not None and not isnan(b.number):
            beaten = relation if b.number else {"gt": "ge", "lt": "le"}[relation]  # zeros are equal, and not the same
            return self.select(self.compare(beaten, b, a), b, a)
        best = self.select(self.compare(relation, a, b), a, b)  # b where either is NaN: right unless a alone is
        return self.select(self.compare("ne", a, a), a, best)

    # ---- choice and bits

    def compare(self, relation: str, a: Lanes, b: Lanes) -> Lanes:
        """A bool per lane; with NaN false, ne true."""
        if dtypes.is_float(a.dtype):
            return self._emit(f"fcmp {FLOAT_RELATION[relation]} {a.type} {a.name}, {b.name}", dtypes.bool_)
        sign = "" if relation in ("eq", "ne") else "s" if dtypes.is_signed_integer(a.dtype) else "u"
        return self._emit(f"icmp {sign}{relation} {a.type} {a.name}, {b.name}", dtypes.bool_)

    def select(self, condition: Lanes, a: Lanes, b: Lanes) -> Lanes:
        """Of a and b the one that the condition chooses."""
        return self._emit(f"select {condition.type} {condition.name}, {a.type} {a.name}, {b.type} {b.name}", a.dtype)

    def bit_and(self, a: Lanes, b: Lanes) -> Lanes:
        """Bitwise or logical and."""
        return self._emit(f"and {a.type} {a.name}, {b.name}", a.dtype)

    def bit_or(self, a: Lanes, b: Lanes) -> Lanes:
        """Bitwise or logical or."""
        return self._emit(f"or {a.type} {a.name}, {b.name}", a.dtype)

    def bit_xor(self, a: Lanes, b: Lanes) -> Lanes:
        """Bitwise or logical exclusive or."""
        return self._emit(f"xor {a.type} {a.name}, {b.name}", a.dtype)

    def shift_left(self, a: Lanes, bits: int | Lanes) -> Lanes:
        """Moved toward the highest bit, by fewer than there are."""
        count = self.const(bits, a.dtype) if isinstance(bits, int) else bits
        return self._emit(f"shl {a.type} {a.name}, {count.name}", a.dtype)

    def shift_right(self, a: Lanes, bits: int | Lanes) -> Lanes:
        """Moved toward the lowest bit, by fewer than there are; the sign moves in for signed types."""
        op = "ashr" if dtypes.is_signed_integer(a.dtype) else "lshr"
        count = self.const(bits, a.dtype) if isinstance(bits, int) else bits
        return self._emit(f"{op} {a.type} {a.name}, {count.name}", a.dtype)

    def mul_high(self, a: Lanes, b: Lanes) -> Lanes:
        """The upper half of the product of two uint32."""
        wide = vector("i64", self.count)
        f = self.function
        left, right = (f.emit(f"zext {x.type} {x.name} to {wide}", wide) for x in (a, b))
        product = f.emit(f"mul nuw {wide} {left}, {right}", wide)
        high = f.emit(f"lshr {wide} {product}, {literal(32, wide)}", wide)
        return self._emit(f"trunc {wide} {high} to {a.type}", a.dtype)

    # ---- conversion

    def cast(self, x: Lanes, dtype: DType) -> Lanes:
        """Converted; float to integer truncates, NaN gives 0, out of range saturates; anything to bool is x != 0."""
        source, target = x.dtype, self.type(dtype)
        if source == dtype:
            return x
        if dtype == dtypes.bool_:
            return self.compare("ne", x, self.const(0, source))
        if dtypes.is_float(source) and not dtypes.is_float(dtype):
            stem = "fptosi" if dtypes.is_signed_integer(dtype) else "fptoui"
            return self.wrap(self.function.call(f"llvm.{stem}.sat.{overload(target)}.{overload(x.type)}", target, x), dtype)
        return self._emit(f"{_conversion(source, dtype)} {x.type} {x.name} to {target}", dtype)

    def bitcast(self, x: Lanes, dtype: DType) -> Lanes:
        """The same bits as another type of the same size."""
        if REGISTER[x.dtype] == REGISTER[dtype]:
            return self.wrap(x, dtype)
        return self._emit(f"bitcast {x.type} {x.name} to {self.type(dtype)}", dtype)

    # ---- memory

    def load(self, pointer: Value, dtype: DType, mask: Value | None = None) -> Lanes:
        """`count` neighbours; those of the mask if there is one, zero elsewhere."""
        type_, f = vector(MEMORY[dtype], self.count), self.function
        if mask is None:
            return self._from_memory(f.load(type_, pointer), dtype)
        if self.count > 1:
            return self._from_memory(f.load_masked(type_, pointer, mask), dtype)
        return self._from_memory(f.either(mask, lambda: [f.load(type_, pointer)], lambda: [literal(0, type_)])[0], dtype)

    def gather(self, addresses: Value, dtype: DType, mask: Value | None = None) -> Lanes:
        """One element per address; those of the mask if there is one, zero elsewhere."""
        if self.count == 1:
            return self.load(addresses, dtype, mask)
        f = self.function
        raw = f.gather(vector(MEMORY[dtype], self.count), addresses, mask or f.first_lanes(self.count, self.count))
        return self._from_memory(raw, dtype)

    def _from_memory(self, raw: Value, dtype: DType) -> Lanes:
        if dtype == dtypes.bool_:
            return self._emit(f"icmp ne {raw.type} {raw.name}, zeroinitializer" if self.count > 1 else f"icmp ne i8 {raw.name}, 0", dtype)
        return self.wrap(raw, dtype)

    def store(self, x: Lanes, pointer: Value, mask: Value | None = None) -> None:
        """Writes `count` neighbours, or those of the mask."""
        raw, f = self._to_memory(x), self.function
        if mask is None:
            f.store(raw, pointer)
        elif self.count > 1:
            f.store_masked(raw, pointer, mask)
        else:
            with f.when(mask):
                f.store(raw, pointer)

    def scatter(self, x: Lanes, addresses: Value, mask: Value | None = None) -> None:
        """Writes one element per address, in lane order."""
        if self.count == 1:
            self.store(x, addresses, mask)
            return
        f = self.function
        f.scatter(self._to_memory(x), addresses, mask or f.first_lanes(self.count, self.count))

    def _to_memory(self, x: Lanes) -> Value:
        if x.dtype != dtypes.bool_:
            return x
        type_ = vector("i8", self.count)
        return self.function.emit(f"zext {x.type} {x.name} to {type_}", type_)

    def scalar(self, x: Value, dtype: DType) -> Lanes:
        """One lane as a value of the emitter of one lane."""
        if lanes(x.type) != 1:
            raise VerifyError("a vector stands where a scalar is due", facts=(repr(x),))
        return self.wrap(x, dtype)


def _conversion(source: DType, target: DType) -> str:
    """The LLVM conversion between two numbers, not float to integer."""
    if dtypes.is_float(target):
        if dtypes.is_float(source):
            return "fpext" if target.itemsize > source.itemsize else "fptrunc"
        return "sitofp" if dtypes.is_signed_integer(source) else "uitofp"
    if source == dtypes.bool_ or target.itemsize > source.itemsize:
        return "sext" if dtypes.is_signed_integer(source) else "zext"
    return "trunc" if target.itemsize < source.itemsize else "bitcast"
