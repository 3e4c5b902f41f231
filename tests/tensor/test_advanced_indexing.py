"""Arrays in brackets: NumPy's elements, eager and compiled, their gradients, and writes to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk as gw
import gradwerk.torch as torch
from gradwerk.base.errors import GradwerkError, IndexDataError, IndexKindError, OutOfRangeError, ShapeError, TraceError
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, Any]
X = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
PLACES = np.array([1, 0, -1, 1])
PAIRS = np.array([[0, -2], [2, 1], [1, 1]])
KEYS: dict[str, tuple[Any, ...]] = {
    "two neighbours": (PLACES[:2], PLACES[1:3]),
    "all axes": (PLACES, PLACES, PLACES, PLACES),
    "behind a slice": (slice(None), PLACES),
    "between slices": (slice(1, None), PAIRS, slice(None, None, 2)),
    "in the last axes": (..., PAIRS, np.array([4, 0])),
    "apart": (PLACES, slice(None), PLACES),
    "apart by a new axis": (PLACES, None, PLACES),
    "before a number": (PLACES, 2),
    "between numbers": (0, PLACES, 3),
    "behind a new axis": (None, PLACES[:2]),
    "a column and a row": (PLACES[:, None] % 2, PAIRS[:, 0]),
    "none": (slice(None), np.zeros(0, np.int64), PLACES[:1]),
    "narrow integers": (PLACES.astype(np.int32), np.array([0, 2, 1, 1], np.int32)),
    "backwards": (slice(None, None, -1), PLACES, slice(None, None, -2)),
    "lists": ([0, 1], [1, 2]),
    "a bool and places": (True, PLACES),
    "a bool apart from places": (True, slice(None), PLACES),
    "bools": (True, slice(None), True),
    "a bool that is false": (slice(None), False),
}
MASKS: dict[str, Any] = {
    "a mask and a number": (np.array([True, False]), 1),
    "a mask and places": (slice(None), np.array([True, False, True]), np.array([3, 0])),
    "a mask of two axes": (0, np.arange(12).reshape(3, 4) % 5 == 0),
    "no place": (np.array([False, False]), 0),
    "places and NumPy's bool": (slice(None), PAIRS, np.bool_(True)),
    "NumPy's bool that is false": np.bool_(False),
    "a mask of no axes": (np.array(True),),
    "a mask of no axes and places": (np.array(True), PLACES),
    "a mask of no axes behind a slice": (slice(None), np.array(True)),
    "a mask of no axes, false": (slice(None), np.array(False)),
    "a mask of no axes, false, and a place": (np.array(False), PLACES[:1]),
    "a mask of no axes and a number": (np.array(True), 1),
    "a number and a mask of no axes": (1, np.array(True)),
    "masks of no axes": (np.array(True), True, np.array(True)),
    "a mask of no axes and one of two": (np.array(True), np.arange(6).reshape(2, 3) % 4 == 0),
    "a mask of no axes at the end": (..., PLACES, np.array(True)),
}


def tensors(key: tuple[Any, ...], cls: type[Tensor]) -> tuple[Any, ...]:
    """Arrays in the key as Tensors."""
    if not isinstance(key, tuple):
        return key
    return tuple(cls(part) if isinstance(part, np.ndarray) else part for part in key)


@pytest.mark.parametrize("cls", [Tensor, torch.Tensor], ids=["core", "torch"])
@pytest.mark.parametrize("name", [*KEYS, *MASKS])
def test_elements_gradients_and_writes(name: str, cls: type[Tensor]) -> None:
    key = (KEYS | MASKS)[name]
    wanted = X[key]
    weights = np.cos(np.arange(wanted.size, dtype=np.float32)).reshape(wanted.shape)
    spread = np.zeros_like(X)
    np.add.at(spread, key, weights)
    for given in (key, tensors(key, cls)):
        x = cls(X)
        x.requires_grad = True
        np.testing.assert_array_equal(np.asarray(x[given].detach()), wanted)
        (x[given] * cls(weights)).sum().backward()
        np.testing.assert_allclose(np.asarray(x.grad), spread, rtol=1e-6)
        for value in (np.float32(7), -wanted, -wanted[..., :1]):
            written, right = cls(X.copy()), X.copy()
            written[given] = cls(value) if isinstance(value, np.ndarray) else 7.0
            right[key] = value
            np.testing.assert_array_equal(np.asarray(written), right)


@pytest.mark.parametrize("name", KEYS)
def test_compiled(name: str) -> None:
    key = KEYS[name]
    wanted = X[key]
    weights = np.cos(np.arange(wanted.size, dtype=np.float32)).reshape(wanted.shape)
    spread = np.zeros_like(X)
    np.add.at(spread, key, weights)

    def run(x: Tensor, weights: Tensor, *key: Any) -> tuple[Tensor, Tensor, Tensor]:
        x = x.detach()
        x.requires_grad = True
        part = x[key]
        return part.detach(), gw.grad((part * weights).sum(), x), (x[key] * 2.0 - part).detach()

    for given in (key, tensors(key, Tensor)):
        part, gradient, again = gw.compile(run)(Tensor(X), Tensor(weights), *given)
        np.testing.assert_array_equal(part.numpy(), wanted)
        np.testing.assert_array_equal(again.numpy(), wanted)
        np.testing.assert_allclose(gradient.numpy(), spread, rtol=1e-6)


def test_second_derivatives_and_gradients_of_writes() -> None:
    x = Tensor(X)
    x.requires_grad = True
    first = gw.grad((x[PLACES, ..., PLACES] ** 3.0).sum(), x, create_graph=True)
    second = gw.grad(first.sum(), x)
    spread = np.zeros_like(X)
    np.add.at(spread, (PLACES, ..., PLACES), 6 * X[PLACES, ..., PLACES])
    np.testing.assert_allclose(second.numpy(), spread, rtol=1e-5)
    value = Tensor(np.float32([1, 2]))
    value.requires_grad = True
    whole = x * 2.0
    whole[[0, 1], [1, 2], 0, 3] = value
    gradients = gw.grad((whole * whole).sum(), [x, value])
    right = 8 * X
    right[[0, 1], [1, 2], 0, 3] = 0
    np.testing.assert_array_equal(gradients[0].numpy(), right)
    np.testing.assert_array_equal(gradients[1].numpy(), [2, 4])


def test_a_compiled_function_reads_arrays_of_numpy_at_each_call() -> None:
    rows, columns = np.array([0, 1]), np.array([2, 0])
    compiled = gw.compile(lambda x: x[rows, columns])
    for _ in range(2):
        np.testing.assert_array_equal(compiled(Tensor(X)).numpy(), X[rows, columns])
        rows[:], columns[:] = [1, 1], [1, 2]


BAD: list[tuple[Any, type[GradwerkError], str]] = [
    (([0, 1], [0, 3]), IndexDataError, "index 3 at (1) is outside -3..2"),
    (([0, -3], [0, 1]), IndexDataError, "index -3 at (1) is outside -2..1"),
    (([0, 1], [0, 1, 2]), ShapeError, "do not broadcast together"),
    ((slice(None), [0.5]), IndexKindError, "must be integers or bools"),
    (([0], [0], [0], [0], [0]), OutOfRangeError, "too many indices: 5 for 4 axes"),
    (([0], 9), OutOfRangeError, "index 9 is outside axis 1"),
    (([True, False, True], 0), ShapeError, "the mask does not fit"),
    ((False, [0, 1]), ShapeError, "do not broadcast together"),
    ((np.array(True), 0, 0, 0, 0, 0), OutOfRangeError, "too many indices: 5 for 4 axes"),
]


@pytest.mark.parametrize(("key", "kind", "says"), BAD, ids=lambda value: getattr(value, "__name__", str(value)))
def test_what_is_no_place(key: Any, kind: type[GradwerkError], says: str) -> None:
    for act in (lambda: Tensor(X)[key], lambda: Tensor(X).__setitem__(key, 0.0)):
        with pytest.raises(kind) as caught:
            act()
        assert says in str(caught.value)


def test_what_a_trace_does_not_know() -> None:
    mask, rows = Tensor(np.array([True, False])), Tensor(np.array([0, 1]))
    with pytest.raises(TraceError, match="depends on data"):
        gw.compile(lambda x, m: x[m, 0])(Tensor(X), mask)
    with pytest.raises(TraceError, match="depends on data"):
        gw.compile(lambda x, m: x[:, m])(Tensor(X), Tensor(np.array(True)))

    def write(x: Tensor, rows: Tensor) -> None:
        x[rows, rows] = 0.0

    with pytest.raises(TraceError, match="needs the contents of the rows"):
        gw.compile(write)(Tensor(X), rows)


@pytest.mark.parametrize("rows", [250, 70_000])
@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64])
def test_places_of_any_width(kind: type[np.integer[Any]], rows: int) -> None:
    """As NumPy's x[i]: a place, and an extent, need not fit the dtype that the others come in."""
    held = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
    signed = np.issubdtype(kind, np.signedinteger)
    places = np.array([0, 1, min(rows - 1, np.iinfo(kind).max), *([-1, -100] if signed else [])], kind)
    x = Tensor(held)
    reads: list[Any] = [lambda x: x[places], lambda x: x[places, 1], lambda x: x[10:110][places % 100 if signed else places[:2]]]
    for read in reads:
        np.testing.assert_array_equal(read(x).numpy(), read(held))
        np.testing.assert_array_equal(gw.compile(read)(x).numpy(), read(held))

    def written(x: Any) -> Any:
        y = x * 1.0
        y[places] = 7.0
        y[places, 0] = 8.0
        return y

    for write in (written, gw.compile(written)):
        np.testing.assert_array_equal(write(x).numpy(), written(held))
    far = np.array([np.iinfo(kind).max], kind)
    if np.iinfo(kind).max >= rows:
        for call in (lambda: x[far], lambda: written(Tensor(held[:2])), lambda: gw.compile(lambda x: x[far])(x)):
            with pytest.raises(IndexError, match="outside"):
                call()


def test_contents_of_places_that_no_tensor_holds_are_read_at_each_call() -> None:
    held, places = np.arange(12, dtype=np.float32).reshape(4, 3), np.array([0, -1], ">i2")
    read = gw.compile(lambda x: x[places])
    for change in (0, 1, -4):
        places[1] = change
        np.testing.assert_array_equal(read(Tensor(held)).numpy(), held[places])


@pytest.mark.parametrize("key", [np.array([0.0, 1.0]), np.array([0.0], np.float16), [0.5], Tensor([0.0, 1.0])], ids=str)
def test_places_that_are_no_whole_numbers_are_not_written_either(key: Any) -> None:
    x = Tensor(np.zeros((3, 2), np.float32))
    for call in (lambda: x[key], lambda: x.__setitem__(key, 1.0), lambda: x.__setitem__((key, 0), 1.0)):
        with pytest.raises(IndexKindError, match="must be integers or bools"):
            call()
    x[[]] = 1.0
    assert not x.numpy().any()
