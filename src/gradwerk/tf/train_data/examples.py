"""tf.train.Example and what it is made of: named lists of bytes, floats or whole numbers, in the bytes of protocol buffers.

    Example { features: Features { feature: {name: Feature { bytes_list | float_list | int64_list { value: [...] } } } } }
    SequenceExample { context: Features, feature_lists: FeatureLists { feature_list: {name: FeatureList { feature: [Feature] } } } }
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError
from gradwerk.data.wire import BYTES, floats, ints, packed_floats, packed_ints
from gradwerk.tf.train_data.messages import (
    Message,
    Named,
    Several,
    Values,
    as_bytes,
    as_float,
    as_int,
    block,
    checked,
    escaped,
    shortest,
)  # fmt: skip

# ruff: noqa: N802  the names of protocol buffers
# ruff: noqa: ANN401  values come from NumPy and Python

class BytesList(Message):
    """A list of bytes.  Raises: ArgumentTypeError for texts that are none: encode them."""

    __slots__ = ("value",)

    def __init__(self, value: Iterable[bytes] = ()) -> None:
        self.value = Values(as_bytes, value)

    def Clear(self) -> None:
        self.value = Values(as_bytes)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        return ((1, one) for one in self.value)

    def take(self, number: int, kind: int, value: Any) -> None:
        if number == 1 and kind == BYTES:
            list.append(self.value, value)

    def lines(self) -> Iterator[str]:
        return (f'value: "{escaped(one)}"' for one in self.value)


class FloatList(Message):
    """A list of floats, which are kept as float32.  Raises: ArgumentTypeError for what are none."""

    __slots__ = ("value",)

    def __init__(self, value: Iterable[float] = ()) -> None:
        self.value = Values(as_float, value)

    def Clear(self) -> None:
        self.value = Values(as_float)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        if self.value:
            yield 1, packed_floats(self.value)

    def take(self, number: int, kind: int, value: Any) -> None:
        if number == 1:
            list.extend(self.value, floats(value, kind))

    def lines(self) -> Iterator[str]:
        return (f"value: {shortest(one)}" for one in self.value)


class Int64List(Message):
    """A list of whole numbers of 64 bits.  Raises: ArgumentTypeError for what are none, ArgumentError for larger ones."""

    __slots__ = ("value",)

    def __init__(self, value: Iterable[int] = ()) -> None:
        self.value = Values(as_int, value)

    def Clear(self) -> None:
        self.value = Values(as_int)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        if self.value:
            yield 1, packed_ints(self.value)

    def take(self, number: int, kind: int, value: Any) -> None:
        if number == 1:
            list.extend(self.value, ints(value))

    def lines(self) -> Iterator[str]:
        return (f"value: {one}" for one in self.value)


class Feature(Message):
    """A list of one of the three kinds.  Raises: ArgumentError where more than one is given."""

    __slots__ = ("_held", "_kind")
    KINDS: ClassVar[tuple[str, ...]] = ("bytes_list", "float_list", "int64_list")
    MADE: ClassVar[tuple[type[Any], ...]] = (BytesList, FloatList, Int64List)

    def __init__(
        self, bytes_list: BytesList | None = None, float_list: FloatList | None = None, int64_list: Int64List | None = None
    ) -> None:
        given = {k: one for k, one in enumerate((bytes_list, float_list, int64_list)) if one is not None}
        if len(given) > 1:
            raise ArgumentError("a Feature is a list of one kind, given are several")
        self._kind, self._held = -1, None  # type: int, Any
        for kind, one in given.items():
            self._kind, self._held = kind, one
        if given and not isinstance(self._held, self.MADE[self._kind]):
            raise ArgumentTypeError(f"{self.KINDS[self._kind]} is a {self.MADE[self._kind].__name__}, not a {type(self._held).__name__}")

    def _list(self, kind: int) -> Any:
        """The list of a kind; asking an empty Feature for one does not make it one, writing into it does."""
        if self._kind == kind:
            return self._held
        made = self.MADE[kind]()
        made.value.owner = lambda: self._become(kind, made)
        return made

    def _become(self, kind: int, held: Any) -> None:
        self._kind, self._held = kind, held

    @property
    def bytes_list(self) -> BytesList:
        """The bytes; empty where it is of another kind."""
        return self._list(0)  # type: ignore[no-any-return]  # of this kind

    @property
    def float_list(self) -> FloatList:
        """The floats; empty where it is of another kind."""
        return self._list(1)  # type: ignore[no-any-return]  # of this kind

    @property
    def int64_list(self) -> Int64List:
        """The whole numbers; empty where it is of another kind."""
        return self._list(2)  # type: ignore[no-any-return]  # of this kind

    def WhichOneof(self, oneof_group: str) -> str | None:
        """The name of the kind; None for none."""
        return self.KINDS[self._kind] if self._kind >= 0 else None

    def HasField(self, field_name: str) -> bool:
        """Whether it is of a kind."""
        if field_name not in self.KINDS:
            raise ArgumentError(f"Feature has no field {field_name}", facts=(", ".join(self.KINDS),))
        return self.WhichOneof("kind") == field_name

    def Clear(self) -> None:
        self._kind, self._held = -1, None

    def parts(self) -> Iterator[tuple[int, bytes]]:
        if self._held is not None:
            yield self._kind + 1, self._held.SerializeToString()

    def take(self, number: int, kind: int, value: Any) -> None:
        if kind == BYTES and 1 <= number <= len(self.MADE):
            if self._kind != number - 1:
                self._kind, self._held = number - 1, self.MADE[number - 1]()
            self._held.MergeFromString(value)

    def lines(self) -> Iterator[str]:
        return block(self.KINDS[self._kind], self._held.lines()) if self._held is not None else iter(())


class Features(Message):
    """Features by their names."""

    __slots__ = ("feature",)

    def __init__(self, feature: Mapping[str, Feature] | None = None) -> None:
        self.feature: Named[Feature] = Named(Feature, feature)

    def Clear(self) -> None:
        self.feature = Named(Feature)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        return ((1, entry) for entry in self.feature.entries())

    def take(self, number: int, kind: int, value: Any) -> None:
        if number == 1 and kind == BYTES:
            self.feature.read(value)

    def lines(self) -> Iterator[str]:
        return self.feature.lines("feature")


class FeatureList(Message):
    """Features one after the other: what a sequence has under one name."""

    __slots__ = ("feature",)

    def __init__(self, feature: Iterable[Feature] = ()) -> None:
        self.feature = Several(Feature, feature)

    def Clear(self) -> None:
        self.feature = Several(Feature)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        return ((1, one.SerializeToString()) for one in self.feature)

    def take(self, number: int, kind: int, value: Any) -> None:
        if number == 1 and kind == BYTES:
            self.feature.append(Feature.FromString(value))

    def lines(self) -> Iterator[str]:
        return (line for one in self.feature for line in block("feature", one.lines()))


class FeatureLists(Message):
    """Lists of features by their names."""

    __slots__ = ("feature_list",)

    def __init__(self, feature_list: Mapping[str, FeatureList] | None = None) -> None:
        self.feature_list: Named[FeatureList] = Named(FeatureList, feature_list)

    def Clear(self) -> None:
        self.feature_list = Named(FeatureList)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        return ((1, entry) for entry in self.feature_list.entries())

    def take(self, number: int, kind: int, value: Any) -> None:
        if number == 1 and kind == BYTES:
            self.feature_list.read(value)

    def lines(self) -> Iterator[str]:
        return self.feature_list.lines("feature_list")


class Example(Message):
    """An example of a data set: named features."""

    __slots__ = ("features",)

    def __init__(self, features: Features | None = None) -> None:
        self.features = checked(features, Features)

    def Clear(self) -> None:
        self.features = Features()

    def parts(self) -> Iterator[tuple[int, bytes]]:
        if self.features.feature:
            yield 1, self.features.SerializeToString()

    def take(self, number: int, kind: int, value: Any) -> None:
        if number == 1 and kind == BYTES:
            self.features.MergeFromString(value)

    def lines(self) -> Iterator[str]:
        return block("features", self.features.lines())


class SequenceExample(Message):
    """An example that is a sequence: features of the whole, and lists of features of each step."""

    __slots__ = ("context", "feature_lists")

    def __init__(self, context: Features | None = None, feature_lists: FeatureLists | None = None) -> None:
        self.context, self.feature_lists = checked(context, Features), checked(feature_lists, FeatureLists)

    def Clear(self) -> None:
        self.context, self.feature_lists = Features(), FeatureLists()

    def parts(self) -> Iterator[tuple[int, bytes]]:
        if self.context.feature:
            yield 1, self.context.SerializeToString()
        if self.feature_lists.feature_list:
            yield 2, self.feature_lists.SerializeToString()

    def take(self, number: int, kind: int, value: Any) -> None:
        if kind == BYTES and number in (1, 2):
            (self.context if number == 1 else self.feature_lists).MergeFromString(value)

    def lines(self) -> Iterator[str]:
        yield from block("context", self.context.lines())
        yield from block("feature_lists", self.feature_lists.lines())


def read_example(data: bytes) -> Mapping[str, Feature]:
    """The features of an Example.  Raises: DataError naming what is none."""
    try:
        return Example.FromString(data).features.feature
    except (DataError, UnicodeDecodeError):
        raise DataError(f"Could not parse example input, value: {data[:40]!r}") from None


def read_sequence(data: bytes) -> tuple[Mapping[str, Feature], Mapping[str, Sequence[Feature]]]:
    """The features of a SequenceExample, and those of its steps.  Raises: DataError naming what is none."""
    try:
        read = SequenceExample.FromString(data)
    except (DataError, UnicodeDecodeError):
        raise DataError(f"Could not parse sequence example input, value: {data[:40]!r}") from None
    return read.context.feature, {name: one.feature for name, one in read.feature_lists.feature_list.items()}
