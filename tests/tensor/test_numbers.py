"""A number, an array or a list beside a Tensor: none takes a dtype that cannot hold it, in any operator, form, or way to run."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import torch as api
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.ops import compare, elementwise, functions
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch.tensors import Tensor as TorchTensor

Function = Callable[[Any, Any], Any]
ARITHMETIC: dict[str, Function] = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}
COMPARISONS: dict[str, Function] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]
NUMBERS = [True, 2, 2.5, np.float64(0.5), np.int32(3), np.bool_(True)]
CLASSES = [Tensor, TorchTensor]


def met(dtype: str, number: Any, *, divided: bool) -> str:
    """The table: a number of a wider kind brings its own dtype, division is of floats."""
    plain = number.item() if isinstance(number, np.generic) else number
    own = {bool: "bool", int: "int64", float: "float32"}[type(plain)]
    rank = {"b": 0, "u": 1, "i": 1, "f": 2}
    wide = own if rank[np.dtype(own).kind] > rank[np.dtype(dtype).kind] else dtype
    return "float32" if divided and np.dtype(wide).kind != "f" else wide


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*ARITHMETIC, *COMPARISONS])
def test_a_number_beside_a_tensor(cls: type[Tensor], dtype: str, name: str) -> None:
    function = {**ARITHMETIC, **COMPARISONS}[name]
    x = np.array([1, 3, 1]).astype(dtype)
    for number in NUMBERS:
        meeting = met(dtype, number, divided=name == "div")
        if meeting == "bool" and name in ARITHMETIC:
            continue  # no arithmetic of bools
        for left, right, exact in (
            (cls(x), number, function(x.astype(np.float64), float(number))),
            (number, cls(x), function(float(number), x.astype(np.float64))),
        ):
            if name == "sub" and meeting == "uint8" and exact.min() < 0:
                continue
            if name == "sub" and cls is TorchTensor and "bool" in (dtype, np.asarray(number).dtype.name):  # as PyTorch
                with pytest.raises(DTypeError, match="with a bool tensor is not supported"):
                    function(left, right)
                continue
            made = function(left, right)
            assert isinstance(made, cls)
            assert made.dtype == (meeting if name in ARITHMETIC else "bool"), (dtype, number)
            np.testing.assert_allclose(made.numpy(), exact.astype(made.dtype), rtol=1e-6)
            compiled = gradwerk.compile(lambda t, f=function, n=number, first=left is number: f(n, t) if first else f(t, n))(cls(x))
            np.testing.assert_array_equal(made.numpy(), compiled.numpy())
            assert made.dtype == compiled.dtype


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "maximum", "minimum"])
def test_an_op_refuses_a_number_that_its_neighbour_cannot_hold(name: str) -> None:
    op = getattr(elementwise, name)
    for x in (Tensor([1, 2, 3]), np.array([1, 2, 3])):
        for number in (0.5, float("inf"), 2.0, 1 << 70):
            with pytest.raises(DTypeError, match=r"cannot hold|does not fit"):
                op(x, number)
            with pytest.raises(DTypeError, match=r"cannot hold|does not fit"):
                op(number, x)
    with pytest.raises(DTypeError, match="does not fit uint8"):
        op(Tensor(np.uint8([1])), 300)
    with pytest.raises(DTypeError, match="does not fit uint8"):
        op(Tensor(np.uint8([1])), -1)


@pytest.mark.parametrize("world", [np.asarray, Tensor])
def test_the_condition_says_nothing_about_what_is_chosen(world: Callable[[Any], Any]) -> None:
    mask = world(np.array([True, False]))
    for pair, dtype in (((2.5, 0), "float32"), ((1, 0), "int64"), ((True, False), "bool"), ((0, -0.5), "float32")):
        made = elementwise.where(mask, *pair)
        assert made.dtype == dtype
        np.testing.assert_array_equal(np.asarray(made), np.asarray(pair, dtype))
    floats = elementwise.where(mask, world(np.array([1.5, 2.5], np.float32)), 0)
    np.testing.assert_array_equal(np.asarray(floats), [1.5, 0])
    if world is Tensor:
        compiled = gradwerk.compile(lambda m: elementwise.where(m, 2.5, 0))(mask)
        np.testing.assert_array_equal(compiled.numpy(), np.float32([2.5, 0]))


@pytest.mark.parametrize("cls", CLASSES)
def test_what_is_written_is_held(cls: type[Tensor]) -> None:
    writes = [lambda t: t.__iadd__(0.5), lambda t: t.assign(0.5), lambda t: t.assign([1.5, 2, 3])]
    if cls is Tensor:  # PyTorch cuts a number that stands on the right of x[0] = (tests/torch_api/test_numbers_held.py)
        writes.append(lambda t: t.__setitem__(0, 0.5))
    for write in writes:
        whole = cls(np.array([1, 2, 3]))
        with pytest.raises(DTypeError):
            write(whole)
        np.testing.assert_array_equal(whole.numpy(), [1, 2, 3])
        traced = gradwerk.compile(lambda t, w=write: w(t))
        with pytest.raises(DTypeError):
            traced(whole)
    real = cls([1.0, 2.0])
    real[0] = 3
    real *= 2
    real **= 2
    real[1] = np.float64(0.5)
    np.testing.assert_array_equal(real.numpy(), [36, 0.5])


def test_what_is_no_number_is_left_to_python() -> None:
    x = Tensor([1.0, 2.0])
    for other in (None, [], ["a"], [x], {1: 2}, "a", 1j):
        assert (x == other) is False
        assert (x != other) is True
        with pytest.raises(TypeError):
            x + other  # type: ignore[operator]
    with pytest.raises(DTypeError, match="neither a Tensor, an array nor a number"):
        elementwise.add(x, "a")


def beside(cls: type[Tensor], dtype: str, array: str) -> str:
    """The dtype in which a Tensor and an array meet: as TensorFlow has it, but for what would be cut off; in PyTorch NumPy's."""
    if cls is TorchTensor:
        return str(np.result_type(np.dtype(dtype), np.dtype(array)))
    return dtype if np.dtype(dtype).kind == "f" or np.can_cast(np.dtype(array), np.dtype(dtype)) else ""


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("other", DTYPES)
def test_an_array_beside_a_tensor_is_read_at_each_call(cls: type[Tensor], dtype: str, other: str) -> None:
    x, array = np.array([1, 3, 1]).astype(dtype), np.array([1, 1, 0]).astype(other)
    meeting = beside(cls, dtype, other)
    for function, turned in ((operator.mul, False), (operator.truediv, False), (operator.truediv, True), (operator.lt, True)):
        if meeting == "bool" and function is not operator.lt:
            continue  # no arithmetic of bools
        if function is operator.truediv:
            array[:] = 1
        step = lambda t, f=function, turned=turned: f(array, t) if turned else f(t, array)
        compiled = gradwerk.compile(step)
        if not meeting and function is operator.truediv and array.dtype != np.float64:
            continue  # both become float32
        if not meeting:
            for run in (step, compiled):
                with pytest.raises(DTypeError, match="equal dtypes"):
                    run(cls(x))
            continue
        wanted = "bool" if function is operator.lt else meeting
        if function is operator.truediv and np.dtype(meeting).kind != "f":
            wanted = "float32"
        for filled in (1, 0 if function is not operator.truediv else 1, 1):
            array[1] = filled
            made, replayed = step(cls(x)), compiled(cls(x))
            assert isinstance(made, cls)
            assert made.dtype == replayed.dtype == wanted
            pair = (x.astype(np.float64), array.astype(np.float64))
            exact = function(*(pair[::-1] if turned else pair))
            np.testing.assert_allclose(made.numpy(), exact, rtol=1e-6)
            np.testing.assert_array_equal(made.numpy(), replayed.numpy())


@pytest.mark.parametrize("cls", CLASSES)
def test_an_array_is_written_in_the_tensors_dtype_and_read_at_each_call(cls: type[Tensor]) -> None:
    target, array = cls([1.0, 2.0]), np.array([3.0, 4.0])
    step = gradwerk.compile(lambda: target.assign(array))
    for numbers in ([3.0, 4.0], [5.0, 6.0]):
        array[:] = numbers
        step()
        assert target.tolist() == numbers
        target.assign(array * 2)
        assert target.tolist() == [2 * n for n in numbers]
        target[0] = array[:1].sum()
        target[:] = array
        assert target.tolist() == numbers
    whole = cls(np.array([1, 2]))
    if cls is Tensor:
        with pytest.raises(DTypeError, match="another dtype"):
            whole.assign(array)
    whole.assign(np.array([7, 8], np.int32))
    assert whole.tolist() == [7, 8]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_list_beside_a_tensor_is_its_numbers(dtype: str) -> None:
    x = np.array([[1, 0, 1]]).astype(dtype)
    for numbers in ([1, 2, 3], (1, 2, 3), [[1], [2]], [True, False, True], [2.5, 1.0, 0.0], [2.5, 1, True]):
        rank = {"b": 0, "u": 1, "i": 1, "f": 2}
        for function in (operator.mul, operator.eq):
            for run in (function, gradwerk.compile(function)):
                if rank[np.asarray(numbers).dtype.kind] > rank[np.dtype(dtype).kind]:
                    with pytest.raises(DTypeError, match="equal dtypes"):
                        run(Tensor(x), numbers)
                    continue
                if dtype == "bool" and function is operator.mul:
                    continue  # no arithmetic of bools
                made = run(Tensor(x), numbers)
                assert made.dtype == ("bool" if function is operator.eq else dtype), numbers
                np.testing.assert_array_equal(made.numpy(), function(x, np.asarray(numbers)))
    with pytest.raises(TypeError):
        TorchTensor(x) * [1, 2, 3]  # type: ignore[operator]


def test_a_list_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DTypeError, match="does not fit uint8"):
        Tensor(np.uint8([1, 2])) + [1, 300]
    with pytest.raises(ShapeError, match="differ in length"):
        Tensor([1.0, 2.0]) + [[1, 2], [3]]


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_whole_division_is_pythons(cls: type[Tensor], dtype: str) -> None:
    x = np.array([7, 200, 3] if dtype == "uint8" else [7, -7, 3]).astype(dtype)
    for divisor in (2, 3, 7, np.array([2, 5, 1]).astype(dtype)) + (() if dtype == "uint8" else (-2, -7)):
        for function in (operator.floordiv, operator.mod):
            wanted = function(x, np.asarray(divisor, dtype))
            for run in (function, gradwerk.compile(function)):
                made = run(cls(x), divisor)
                assert made.dtype == dtype
                np.testing.assert_array_equal(made.numpy(), wanted)
    for function in (operator.floordiv, operator.mod):
        with pytest.raises(ArgumentError, match="cannot be divided by 0"):
            function(cls(x), 0)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "float64"])
def test_powers_by_number(cls: type[Tensor], dtype: str) -> None:
    x = np.array([0, 1, 2, 3, 5]).astype(dtype)
    x = x if dtype[0] == "u" else np.concatenate([x, -x[1:]])
    for exponent in (0, 1, 2, 3, 7, 1.5, 0.5, -1, -2, -0.5, 2.0, -3.0, 65, 200):
        if not isinstance(exponent, float) and x.dtype.kind != "f":
            if exponent < 0:
                with pytest.raises(ArgumentError, match="negative power"):
                    cls(x) ** exponent
                continue
            with np.errstate(all="ignore"):
                wanted = np.power(x, x.dtype.type(exponent))
        else:
            with np.errstate(all="ignore"):
                wanted = np.power(x.astype(np.float64), exponent).astype(x.dtype if x.dtype.kind == "f" else np.float32)
        for made in (cls(x) ** exponent, gradwerk.compile(lambda t, n=exponent: t**n)(cls(x))):
            assert made.dtype == wanted.dtype
            np.testing.assert_allclose(made.numpy(), wanted, rtol=2e-6 if wanted.dtype == np.float32 else 1e-14, err_msg=str(exponent))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_whole_powers_of_whole_tensors_wrap_as_numpys(dtype: str) -> None:
    base = np.arange(12).astype(dtype) if dtype == "uint8" else np.arange(-6, 6).astype(dtype)
    exponents = np.array([0, 1, 2, 3, 5, 8, 13, 31, 63, 64, 65, 127]).astype(dtype)
    wanted = np.power(base[:, None], exponents)
    pair = Tensor(base[:, None].copy()), Tensor(exponents)
    np.testing.assert_array_equal((pair[0] ** pair[1]).numpy(), wanted)
    np.testing.assert_array_equal(gradwerk.compile(operator.pow)(*pair).numpy(), wanted)
    np.testing.assert_array_equal((2 ** Tensor(exponents)).numpy(), np.power(np.dtype(dtype).type(2), exponents))
    if dtype != "uint8":
        inverse = (pair[0] ** Tensor(-exponents[1:])).numpy()
        np.testing.assert_array_equal(inverse, np.where(abs(base[:, None]) == 1, wanted[:, 1:], 0))


TORCH_POWERS = [  # base, exponent, value, gradient for the base, gradient for the exponent (PyTorch 2.13.0)
    (0.0, 0.0, 1.0, 0.0, 0.0), (0.0, 0.5, 0.0, np.inf, 0.0), (0.0, 1.5, 0.0, 0.0, 0.0), (0.0, 2.0, 0.0, 0.0, 0.0),
    (0.0, -1.0, np.inf, -np.inf, -np.inf), (-2.0, 2.0, 4.0, -4.0, np.nan), (-2.0, 3.0, -8.0, 12.0, np.nan),
    (-2.0, 0.5, np.nan, np.nan, np.nan), (-2.0, 0.0, 1.0, 0.0, np.nan), (-2.0, -1.0, -0.5, -0.25, np.nan), (4.0, 0.5, 2.0, 0.25, 2.7725887),
    (2.0, -2.0, 0.25, -0.25, 0.1732868), (np.inf, 0.0, 1.0, 0.0, np.inf), (np.nan, 0.0, 1.0, 0.0, np.nan),
]  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
def test_powers_of_tensors_at_special_points(*, compiled: bool) -> None:
    base, exponent, value, for_base, for_exponent = (np.array(column, np.float32) for column in zip(*TORCH_POWERS, strict=True))

    def step(a: Any, b: Any) -> tuple[Any, ...]:
        a, b = a.detach().requires_grad_(), b.detach().requires_grad_()
        y = a**b
        return y.detach(), *api.autograd.grad(y.sum(), (a, b))

    got = (api.compile(step) if compiled else step)(api.tensor(base), api.tensor(exponent))
    for mine, wanted in zip(got, (value, for_base, for_exponent), strict=True):
        np.testing.assert_allclose(mine.numpy(), wanted, rtol=1e-6)


def test_a_vector_times_a_vector_has_no_axes() -> None:
    a, b = np.float32([1, 2, 3]), np.float32([4, 5, 6])
    compiled = gradwerk.compile(operator.matmul)(Tensor(a), Tensor(b))
    for product in (functions.matmul(a, b), (Tensor(a) @ Tensor(b)).numpy(), compiled.numpy()):
        assert np.shape(product) == ()
        assert product == 32
    assert (Tensor(a) @ Tensor(b)).tolist() == 32.0
    assert compare.greater(Tensor(a) @ Tensor(b), 31).item() is True
