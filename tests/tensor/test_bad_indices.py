"""Labels and ids out of range in compiled steps: one clear error, and parameters, optimizer and counters as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.base.settings import settings
from gradwerk.jit.compile import compile as compile_
from gradwerk.jit.control import scan
from gradwerk.nn.linear import Linear
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy
from gradwerk.nn.metric import Mean
from gradwerk.nn.module import Module
from gradwerk.nn.optimizer import Adam
from gradwerk.ops.elementwise import add, cast, mul
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.look import in_range
from gradwerk.ops.reduction import argmax, reduce_sum
from gradwerk.tensor.effects import print_
from gradwerk.tensor.random import Generator
from gradwerk.tensor.tensor import Tensor
from tests import modules
from tests.modules import LSTM, BatchNorm, Dropout, Embedding

DRAW = np.random.default_rng(8)
SYMBOLS, CLASSES = 11, 5


class Reader(Module):
    """Ids through a table, a recurrence, statistics and dropout to scores."""

    def __init__(self) -> None:
        seed = self.seed = Generator(3)
        self.table, self.lstm = Embedding(SYMBOLS, 8, generator=seed), LSTM(8, 6, generator=seed)
        self.norm, self.drop, self.last = BatchNorm(6), Dropout(0.25, generator=seed), Linear(6, CLASSES, generator=seed)

    def forward(self, ids: Tensor) -> Tensor:
        steps, _ = self.lstm(self.table(ids))
        return self.last(self.drop(self.norm(steps)))


class Training:
    """A step that reads by ids and labels and writes parameters, moments, statistics, a counter of random bits and means."""

    def __init__(self) -> None:
        self.model, self.seen = Reader(), Mean()
        self.optimizer = Adam(self.model.named_parameters(), 0.01)
        self.step = compile_(self._step)

    def _step(self, ids: Tensor, labels: Tensor) -> Tensor:
        loss = mean_loss(softmax_cross_entropy(self.model(ids), labels))
        self.seen.update(loss.detach())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.apply()
        return loss.detach()

    def state(self) -> dict[str, bytes]:
        tensors = self.model.state() | self.optimizer.state() | {"seen": self.seen.total, "drawn": self.model.seed.counter}
        return {path: tensor.numpy().tobytes() for path, tensor in tensors.items()}


def batch(size: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    return rng.integers(0, SYMBOLS, (size, 3)), rng.integers(0, CLASSES, (size, 3))


def spoiled(array: np.ndarray, *places: tuple[tuple[int, int], int]) -> np.ndarray:
    array = array.copy()
    for place, value in places:
        array[place] = value
    return array


def error_of(call: Callable[..., Any], *args: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        call(*args)
    return caught.value


@pytest.mark.parametrize(("threads", "interpret"), [(1, False), (2, False), (4, False), (1, True)])
def test_a_bad_batch_leaves_everything_as_it_was(threads: int, interpret: bool) -> None:  # noqa: FBT001  a case
    ids, labels = batch(64)
    with settings.scope(threads=threads, interpret=interpret):
        clean, training = Training(), Training()
        for _ in range(2):
            assert training.step(ids, labels).item() == clean.step(ids, labels).item()
        before = training.state()
        assert before == clean.state()
        for wrong_ids, wrong_labels, says in (
            (spoiled(ids, ((33, 1), SYMBOLS)), labels, "index 11 at (33, 1) is outside 0..10"),
            (spoiled(ids, ((63, 2), -1), ((40, 0), 99)), labels, "index 99 at (40, 0) is outside 0..10"),
            (ids, spoiled(labels, ((0, 0), CLASSES)), "label 5 at (0, 0) is outside 0..4"),
            (ids, spoiled(labels, ((63, 2), -100)), "label -100 at (63, 2) is outside 0..4"),
            (spoiled(ids, ((5, 0), 50)), spoiled(labels, ((1, 1), 50)), "index 50 at (5, 0) is outside 0..10"),
        ):
            for _ in range(3):
                error = error_of(training.step, wrong_ids, wrong_labels)
                assert error.message == says
                assert error.origin.file == (modules.__file__ if says.startswith("index") else __file__)
            assert training.state() == before
        assert training.step(ids, labels).item() == clean.step(ids, labels).item()
        assert training.state() == clean.state() != before


@pytest.mark.parametrize("interpret", [False, True])
@pytest.mark.parametrize("divided", [lambda a, b: a // b, lambda a, b: a % b, lambda a, b: scan(lambda c, x: (c, c // x), a, b)[1].sum(0)])
def test_a_whole_divisor_of_zero_leaves_everything_as_it_was(divided: Callable[..., Tensor], *, interpret: bool) -> None:
    count, total = Tensor(np.array(5)), Tensor(np.zeros(3))

    @compile_
    def step(a: Tensor, b: Tensor) -> Tensor:
        count.assign(count + 1)
        result = divided(a, b)
        total.assign(total + cast(result, total.dtype))
        return result

    a, good, bad = Tensor(np.array([7, -7, 9])), np.array([2, 2, -4]), np.array([2, 0, 0])
    with settings.scope(interpret=interpret):
        step(a, Tensor(good))
        before = count.item(), total.numpy().tobytes()
        for _ in range(2):
            with pytest.raises(ArgumentError, match="ZeroDivisionError: whole numbers cannot be divided by 0") as caught:
                step(a, Tensor(bad))
            assert (count.item(), total.numpy().tobytes()) == before
            assert caught.value.origin.file == __file__
            with pytest.raises(ArgumentError) as eager:
                divided(a, Tensor(bad))
            assert (eager.value.message, eager.value.facts) == (caught.value.message, caught.value.facts)
        step(a, Tensor(good))
        assert count.item() == before[0] + 1


def test_eager_interpreted_and_compiled_say_the_same() -> None:
    ids, labels = batch()
    bad = spoiled(labels, ((2, 1), 7), ((3, 0), -9))
    errors = []
    for interpret in (None, True, False):
        training = Training()
        with settings.scope(interpret=bool(interpret)):
            step = training.step if interpret is not None else lambda *a, t=training: t._step(*map(Tensor, a))
            errors.append(error_of(step, ids, bad))
    eager, interpreted, compiled = errors
    assert eager.message == interpreted.message == compiled.message
    assert eager.facts == interpreted.facts == compiled.facts == ("indices (4, 3) int64, lowest -9, highest 7",)
    assert interpreted.render() == compiled.render()
    assert "softmax_cross_entropy(self.model(ids), labels)" in str(compiled)


def test_the_layer_is_named() -> None:
    ids, labels = batch()
    errors = []
    for interpret in (True, False):
        training = Training()
        with settings.scope(interpret=interpret):
            errors.append(error_of(training.step, spoiled(ids, ((0, 0), -2)), labels))
    assert errors[0].place == errors[1].place
    assert "table (Embedding)" in errors[1].place


def test_a_step_that_met_only_bad_data_can_still_be_used() -> None:
    ids, labels = batch()
    training, clean = Training(), Training()
    error_of(training.step, ids, labels + CLASSES)
    assert training.step(ids, labels).item() == clean.step(ids, labels).item()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("interpret", [False, True])
def test_in_a_loop_the_step_is_named(interpret: bool, reverse: bool) -> None:  # noqa: FBT001  a case
    table, rows = Tensor(DRAW.normal(size=(6, 2))), DRAW.integers(0, 6, (9, 3))
    rows[[2, 5], [1, 0]] = [6, -1]
    total = Tensor(np.zeros((3, 2)))

    @compile_
    def walk(indices: Tensor) -> Tensor:
        def step(carry: Tensor, here: Tensor) -> tuple[Tensor, Tensor]:
            carry = add(mul(carry, 0.5), gather(table, here))
            return carry, carry

        last, steps = scan(step, Tensor(np.zeros((3, 2))), indices, reverse=reverse)
        total.assign(last)
        return steps

    with settings.scope(interpret=interpret):
        walk(np.zeros((9, 3), np.int64))
        before = total.numpy()
        error = error_of(walk, rows)
    index, place, step = (-1, 0, 5) if reverse else (6, 1, 2)
    assert error.message == f"index {index} at ({place}) is outside 0..5"
    assert error.facts[-1] == f"step {step} of a scan of 9"
    np.testing.assert_array_equal(total.numpy(), before)


@pytest.mark.parametrize("interpret", [False, True])
def test_indices_that_the_step_computes(interpret: bool) -> None:  # noqa: FBT001  a case
    scores, table, count = Tensor(np.eye(4)), Tensor(np.arange(6.0).reshape(3, 2)), Tensor(np.zeros(()))

    @compile_
    def step(shift: Tensor) -> Tensor:
        count.assign(count + 1)
        scores.assign(mul(scores, 2.0))
        rows = add(argmax(scores, -1), shift)
        table.assign(scatter_add(gather(table, rows), rows, 3))
        return reduce_sum(table)

    with settings.scope(interpret=interpret):
        error = error_of(step, np.asarray(0))
        assert error.message == "index 3 at (3) is outside 0..2"
        assert (count.item(), scores.numpy().sum(), table.numpy().sum()) == (0, 4, 15)
        assert step(np.asarray([0, 0, 0, -1])).item() == pytest.approx(0 + 1 + 2 + 3 + 2 * 9)
    assert (count.item(), scores.numpy().sum()) == (1, 8)


def test_no_effect_follows_an_index_outside(capsys: pytest.CaptureFixture[str]) -> None:
    table = Tensor(np.arange(3.0))

    @compile_
    def step(rows: Tensor) -> Tensor:
        print_("rows {}", gather(table, rows))
        return rows

    step(np.array([2]))
    error_of(step, np.array([3]))
    assert capsys.readouterr().out.count("rows") == 1


def test_the_lowest_place_is_named_whatever_the_threads() -> None:
    table = Tensor(DRAW.normal(size=(1000, 64)).astype(np.float32))
    step = compile_(lambda rows, more: reduce_sum(gather(table, rows)) + reduce_sum(gather(table, cast(more, np.dtype("int64")))))
    rows = DRAW.integers(0, 1000, 40_000)
    bad, worse = rows.copy(), rows.astype(np.int32)
    bad[[17_000, 39_999]], worse[3] = 1000, -5
    for threads in (1, 2, 3):
        with settings.scope(threads=threads):
            step(rows, rows.astype(np.int32))
            assert "index 1000 at (17000)" in error_of(step, bad, worse).message
            assert "index -5 at (3)" in error_of(step, rows, worse).message


def test_a_checked_value_may_be_written_over_its_own_source() -> None:
    left, right = Tensor(np.array([0, 1])), Tensor(np.array([2, 0]))

    @compile_
    def swap() -> None:
        old = in_range(left, 3)
        left.assign(in_range(right, 3))
        right.assign(old)

    swap()
    assert (left.numpy().tolist(), right.numpy().tolist()) == ([2, 0], [0, 1])


def test_checked_indices_are_those_from_before_a_write() -> None:
    rows, table = Tensor(np.array([0, 2])), Tensor(np.arange(4.0))

    @compile_
    def step() -> Tensor:
        old = in_range(rows, 3)
        rows.assign(rows + 1)
        return gather(table, mul(old, 1)) + gather(table, old)

    assert step().numpy().tolist() == [0, 4]
    assert rows.numpy().tolist() == [1, 3]
    assert "index 3 at (1)" in error_of(step).message


INDICES = {"one array": lambda x, at: x[at], "beside a slice": lambda x, at: x[:, at], "two arrays": lambda x, at: x[at, at]}


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
@pytest.mark.parametrize("take", INDICES.values(), ids=INDICES)
def test_a_message_names_the_index_that_was_given(take: Callable[..., Tensor], dtype: Any) -> None:
    x = Tensor(np.ones((3, 3)))
    for wrong in (3, 7, 127, *(() if dtype is np.uint8 else (-4, -6, -128))):
        at = np.array([1, wrong], dtype)
        lowest = 0 if dtype is np.uint8 else -3
        for call in (take, compile_(take)):
            error = error_of(call, x, Tensor(at))
            assert error.message == f"index {wrong} at (1) is outside {lowest}..2"
            extremes = f", lowest 1, highest {wrong}" if dtype is np.uint8 else ""  # not known where some may have been wrapped
            assert error.facts == (f"indices (2,) {np.dtype(dtype)}{extremes}",)


@pytest.mark.parametrize("fails", [lambda x: Tensor(np.ones(3))[x], lambda x: 7 % x], ids=["index", "divisor"])
def test_every_function_with_an_equal_graph_raises_the_same_at_its_own_line(fails: Callable[..., Any]) -> None:
    wrong = np.array([0, 5, 0])
    raised = []
    for place in range(3):
        exec(compile(f"{chr(10) * place}def made(x): return fails(x)", f"file{place}", "exec"), scope := {"fails": fails})  # noqa: S102
        with pytest.raises((DataError, ArgumentError)) as caught:
            compile_(scope["made"])(Tensor(wrong))
        raised.append(caught.value)
    assert len({type(error) for error in raised}) == 1
    assert isinstance(raised[0], IndexError | ArgumentError)
    assert len({(error.message, error.facts, error.likely) for error in raised}) == 1
