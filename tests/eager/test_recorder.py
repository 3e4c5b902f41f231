"""What the recorder promises beside the right numbers: what compiles, what is held, and what an interruption leaves."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.settings import Eager, settings
from gradwerk.tensor import engine
from gradwerk.tensor.deferred import endings, joining
from gradwerk.tensor.deferred.joining import MOST_ENTRIES
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.tensor import Tensor
from tests.eager.loops import F, net, sgd, trained, weights, x, y
from tests.eager.ways import alike


@pytest.fixture(autouse=True)
def _deferred() -> Iterator[None]:
    recorder.forget()
    with settings.scope(eager=Eager.DEFERRED):
        yield
        recorder.finish()


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The graphs of stretches for which a program was asked."""
    asked: list[Any] = []
    made = engine.executable

    def executable(graph: Any, in_place: Any) -> Any:
        asked.append(graph)
        return made(graph, in_place)

    monkeypatch.setattr(engine, "executable", executable)
    return asked


def waits(tensor: Tensor) -> bool:
    return tensor._storage.waiting is not None


def test_the_setting_takes_two_words() -> None:
    with pytest.raises(ArgumentError, match="immediate or deferred"):
        settings.eager = "later"  # type: ignore[assignment]
    assert Eager("deferred") is settings.eager


def test_an_operation_waits_until_somebody_looks() -> None:
    a = torch.ones(3) * 2
    b = a + 1
    assert waits(a)
    assert waits(b)
    assert b.tolist() == [3.0] * 3
    assert not waits(a)


def test_what_is_immediate_never_waits() -> None:
    with settings.scope(eager=Eager.IMMEDIATE):
        assert not waits(torch.ones(3) * 2)


def test_a_loop_is_learned_once_and_its_numbers_never_compile_again(compiled: list[Any]) -> None:
    model = net()
    optimizer = sgd(model)
    for t in range(12):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * 0.9**t
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t)) * (1 + 0.1 * t)
        loss.backward()
        optimizer.step()
        loss.item()
    assert len(compiled) <= 3  # the number as a constant at most once, then as an input; a first step that has no velocity yet


def test_batches_cut_from_one_tensor_are_one_loop(compiled: list[Any]) -> None:
    model, data, labels = net(), torch.randn(40, 3), torch.randn(40, 2)
    step = trained(model, sgd(model))
    for k in range(0, 40, 4):
        step(data[k : k + 4], labels[k : k + 4]).item()
    assert len(compiled) == 1


def test_two_models_of_one_architecture_learn_once(compiled: list[Any]) -> None:
    for _ in range(3):
        model = net()
        step = trained(model, sgd(model))
        for t in range(5):
            step(x(t), y(t)).item()
    assert len(compiled) == 1


def test_what_nobody_holds_is_not_computed(compiled: list[Any]) -> None:
    for _ in range(3):
        a = torch.ones(4)
        for k in range(16):
            a = a * 2 + k
        a.tolist()
    (graph,) = compiled
    assert len(graph.outputs) == 1


def test_a_step_has_the_outputs_of_its_compiled_step(compiled: list[Any]) -> None:
    model = net()
    step = trained(model, sgd(model))
    for t in range(4):
        loss = step(x(t), y(t))
    del loss
    of_mean = 1  # the count of the mean, which the tape keeps when it is freed
    assert len(compiled[-1].outputs) == 1 + of_mean + 4 + (1 + 2 * 4)  # the loss, gradients, and in place: count, weights and velocities


def test_a_wrong_type_is_an_error_at_its_line() -> None:
    with pytest.raises(Exception, match="test_recorder"):
        torch.ones(3) * 2 + torch.ones(4)


def test_a_failed_run_leaves_all_as_if_it_had_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    model, other = net(), net()
    step, same = trained(model, sgd(model)), trained(other, sgd(other))
    for t in range(3):
        step(x(t), y(t)).item()
        same(x(t), y(t)).item()
    before = weights(model)
    run, failures = endings._run_program, [KeyboardInterrupt]

    def failing(*args: Any) -> None:
        if failures:
            raise failures.pop()
        run(*args)

    monkeypatch.setattr(endings, "_run_program", failing)
    with pytest.raises(KeyboardInterrupt):
        step(x(3), y(3))
    assert weights(model) == before
    for t in range(3, 6):
        alike(step(x(t), y(t)).item(), same(x(t), y(t)).item(), t)
    alike(weights(model), weights(other), "weights")


def test_a_failed_look_can_be_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run, failures = endings.run_by_op, [MemoryError]

    def failing(*args: Any, **options: Any) -> None:
        if failures:
            raise failures.pop()
        run(*args, **options)

    monkeypatch.setattr(endings, "run_by_op", failing)
    a = torch.ones(3) * 2
    b = a + 1
    with pytest.raises(MemoryError):
        b.tolist()
    c = b * 2
    assert (c.tolist(), b.tolist(), a.tolist()) == ([6.0] * 3, [3.0] * 3, [2.0] * 3)


def test_a_long_chain_is_cut_and_freed_step_by_step() -> None:
    a = torch.zeros(1)
    for _ in range(20 * MOST_ENTRIES):
        a = a + 1
    assert a.item() == 20 * MOST_ENTRIES


@pytest.mark.long
def test_a_chain_of_200_000_operations_with_history() -> None:
    w = torch.zeros(1, requires_grad=True)
    a = w
    with settings.scope(check=False):
        for _ in range(200_000):
            a = a + 1
        a.sum().backward()
    assert (a.item(), w.grad.item()) == (200_000, 1.0)


def test_steps_take_no_more_memory() -> None:
    model = net()
    step = trained(model, sgd(model))

    def train(count: int) -> None:
        for t in range(count):
            step(x(t % 40), y(t % 40)).item()

    train(50)
    gc.collect()
    tracemalloc.start()
    try:
        train(50)
        before = tracemalloc.get_traced_memory()[0]
        train(1000)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()


def test_a_plan_holds_no_batch_and_no_model() -> None:
    from weakref import ref

    model = net()
    step = trained(model, sgd(model))
    for t in range(4):
        loss = step(x(t), y(t))
        loss.item()
    gone = ref(model[0].weight), ref(loss._storage)
    del model, step, loss
    recorder.finish()
    gc.collect()
    assert [found() for found in gone] == [None, None]


def test_structures_that_differ_each_time_are_forgotten() -> None:
    for k in range(40):
        a = torch.ones(2)
        for j in range(20):
            a = a * 2 if (k >> (j % 6)) & 1 else a + 1
            a = a - j
        a.tolist()
    assert recorder.count < 40 * 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_has_finished_values() -> None:
    a = torch.ones(3) * 2
    child = os.fork()
    if not child:
        os._exit(0 if a.tolist() == [2.0] * 3 and not waits(a) else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert a.tolist() == [2.0] * 3


def test_threads_look_while_others_record() -> None:
    shared: list[Any] = []
    wrong: list[Any] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set() or shared:
            try:
                wanted, a = shared.pop()
            except IndexError:
                continue
            if a.tolist() != [wanted] * 4:
                wrong.append((wanted, a.tolist()))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        with settings.scope(check=False):
            for k in range(400):
                a = torch.full((4,), float(k))
                for j in range(10):
                    a = a * 2 - a + j
                    if j % 3 == 0:
                        shared.append((float(k + j * (j + 1) // 2), a))
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_a_signal_handler_computes_in_the_middle() -> None:
    held = [torch.ones(2)]
    count, busy = [0], [False]

    def handler(*_: Any) -> None:
        if busy[0]:  # it came again while it ran
            return
        busy[0] = True
        held[0] = held[0] * 2 - held[0] + 1
        count[0] += 1
        if count[0] % 3 == 0:
            held[0].tolist()
        busy[0] = False

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(300):
            a = torch.ones(3)
            for _ in range(10):
                a = a * 2 - 1
            assert a.tolist() == [1.0] * 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert held[0].tolist() == [1.0 + count[0]] * 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_a_signal_handler_computes_in_the_middle_of_training() -> None:
    def train() -> Any:
        model = net()
        step = trained(model, sgd(model))
        for t in range(120):
            step(x(t % 40), y(t % 40))
        return weights(model)

    held, busy = [torch.ones(2)], [False]

    def handler(*_: Any) -> None:
        if not busy[0]:
            busy[0] = True
            held[0] = held[0] * 2 - held[0] + 1
            busy[0] = False

    wanted = train()
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0007)
    try:
        for _ in range(4):
            alike(train(), wanted, "weights")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_stretch_is_told_under_debug(capsys: pytest.CaptureFixture[str]) -> None:
    with settings.scope(debug=1):
        for k in range(4):
            a = torch.ones(3)
            for _ in range(24):
                a = a * 2
            if k == 3:
                a = a.tanh()
            a.tolist()
    told = [line for line in capsys.readouterr().err.splitlines() if "stretch of" in line]
    assert [line.rpartition(": ")[2] if ";" not in line else "" for line in told[:3]] == ["op by op", "compiled", "replayed"]
    assert "stretch of 25 operations" in told[3]


def test_a_look_is_final() -> None:
    rng = np.random.default_rng(0)
    for _ in range(3):
        a = torch.tensor(rng.standard_normal((7, 7)).astype(np.float32))
        b = (a @ a).tanh() * 3
        c = (b * b).exp().sum(1) / 7
        shown = b.numpy().tobytes()
        d = (c + b).sum()
        d.item()
        assert b.numpy().tobytes() == shown


def test_core_value_and_grad_waits_too(compiled: list[Any]) -> None:
    from gradwerk.ops.elementwise import mul, sub, tanh
    from gradwerk.ops.functions import mean
    from gradwerk.tensor.grad import value_and_grad

    def loss(w: Any) -> Any:
        return mean(mul(tanh(mul(w, 2.0)), sub(w, 1.0)))

    found = []
    for _ in range(4):
        w = Tensor(np.arange(4, dtype=np.float32))
        for _ in range(8):
            value, slope = value_and_grad(loss)(w)
            w = sub(w, mul(slope, 0.1))
        found.append((value.item(), w.tolist()))
    for each in found[1:]:
        alike(list(each), list(found[0]), "value_and_grad")
    assert compiled


def test_a_gradient_uses_what_was_read() -> None:
    a, w = np.array([1, 2, 3], np.float32), torch.ones(3, requires_grad=True)
    x_ = torch.from_numpy(a)
    for t in range(4):
        a[...] = t, t + 1, t + 2
        w.grad = None
        loss = (w * x_).sum()
        a[...] = 100
        loss.backward()
        assert w.grad.tolist() == [t, t + 1, t + 2]


def test_a_numpy_array_of_one_element_is_read_anew() -> None:
    w, c = torch.ones(3, requires_grad=True), np.ones((), np.float32)
    for t in range(1, 9):
        c[...] = t
        w.grad = None
        ((w * c) * (w * c)).sum().backward()
        assert w.grad.tolist() == [2 * t * t] * 3


def test_data_of_a_part_may_be_replaced() -> None:
    for _ in range(3):
        big, other = torch.arange(12.0).reshape(4, 3), torch.full((4, 3), 5.0)
        a = big[0:2]
        b = a * 2
        a.data = other[1:3]
        c = a * 2
        assert b.tolist() == [[0, 2, 4], [6, 8, 10]]
        assert c.tolist() == [[10] * 3] * 2


def test_running_statistics_are_part_of_the_loop(compiled: list[Any]) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2), torch.nn.BatchNorm1d(2))
    step = trained(model, sgd(model))
    for t in range(6):
        step(x(t), y(t)).item()
    assert len(compiled) <= 2  # a first step that has no velocity yet
    assert model[1].num_batches_tracked.item() == 6


def test_sums_and_accumulated_gradients_are_part_of_the_loop(compiled: list[Any]) -> None:
    model = net()
    optimizer, total = sgd(model), torch.zeros(())
    for t in range(5):
        optimizer.zero_grad()
        for k in range(2):
            loss = F.mse_loss(model(x(t + k)), y(t + k)) / 2
            loss.backward()
            total += loss.detach()
        optimizer.step()
    assert np.isfinite(total.item())
    assert len(compiled) <= 3


def test_what_is_written_later_is_seen_by_all_that_share_it() -> None:
    for looked in (False, True):
        for _ in range(3):
            a = torch.ones(4) * 1
            if looked:
                a.tolist()
            twin, view, row = a.detach(), a.view(2, 2), a[1:3]
            value = torch.ones(4) * 3
            a.copy_(value * 2)
            assert [t.tolist() for t in (a, twin, view, row)] == [[6.0] * 4, [6.0] * 4, [[6.0] * 2] * 2, [6.0] * 2]
            value.copy_(a * 2)
            value[0] = 1
            a += value
            assert [t.tolist() for t in (twin, value)] == [[7.0, 18, 18, 18], [1.0, 12, 12, 12]]


def test_a_write_waits_only_where_nobody_sees_the_memory() -> None:
    a, b = torch.ones(2), torch.ones(2)
    a.copy_(b * 2)
    assert waits(a)
    array = b.numpy()
    b.copy_(a * 3)
    assert array.tolist() == [6.0, 6.0]
    assert not waits(b)


def test_memory_is_shown_as_long_as_somebody_has_it() -> None:
    a = torch.ones(3)
    part = a.numpy()[1:]
    assert a._storage.shared
    part[0] = 5
    b = a * 2
    part[1] = 7
    assert (b.tolist(), (a * 2).tolist()) == ([2.0, 10, 2], [2.0, 10, 14])
    del part
    gc.collect()
    assert not a._storage.shared
    again = a.numpy()
    again[0] = 9
    assert a.tolist() == [9.0, 5, 7]


def test_stretches_that_differ_each_time_compile_little(compiled: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "budget", endings.Budget())
    monkeypatch.setattr(endings, "PRICE", 10)
    endings.budget.left = 100
    for _ in range(2):
        for n in range(20, 40):  # 40 to 78 operations each
            a = torch.ones(3)
            for k in range(n):
                a = a * 0.5 + (k % 3)
            a.tolist()
    assert 0 < len(compiled) < 10


def test_a_leaf_that_others_see_has_the_gradient_of_what_was_read() -> None:
    n = np.ones(3, np.float32)
    w, found = torch.from_numpy(n).requires_grad_(), []
    for t in range(6):
        w.grad = None
        y_ = (w * w).sum() + w.sum()
        n += t in (0, 3, 5)
        y_.backward()
        found.append(w.grad[0].item())
    assert found == [3.0, 5, 5, 5, 7, 7]


def test_a_twin_sees_what_is_written_to_memory_that_was_laid_anew() -> None:
    for _ in range(3):
        layer, ones = torch.nn.Linear(3, 4), torch.ones(2, 3)
        layer(ones).detach()
        twin = layer.weight.detach()
        layer.weight.reshape(-1)
        with torch.no_grad():
            layer.weight.copy_(ones.sum() * torch.ones(4, 3))
        assert twin.tolist() == layer.weight.tolist() == [[6.0] * 3] * 4


def test_a_view_taken_while_a_write_begins_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = joining.alone
    seen: list[Any] = []

    def alone(target: Any, stretch: Any) -> bool:
        found = asked(target, stretch)
        if isinstance(target, Tensor) and target.shape == (3,):
            seen.append(target[1:])  # as another thread, or a signal handler
            seen[-1].tolist()
        return found

    monkeypatch.setattr("gradwerk.tensor.deferred.recorder.alone", alone)
    s = torch.ones(3)
    for k in range(3):
        s.copy_(torch.ones(3) * 5 + k)
        assert seen
        assert all(view.tolist() == s.tolist()[1:] == [5.0 + k] * 2 for view in seen)


def test_threads_look_while_others_write() -> None:
    box: list[Any] = [torch.zeros(2)]
    done = threading.Event()
    failed: list[BaseException] = []

    def look() -> None:
        while not done.is_set():
            try:
                box[0].tolist()
            except BaseException as error:  # whatever it is
                failed.append(error)
                return

    thread = threading.Thread(target=look)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        for _ in range(400):
            x_ = torch.ones(3)
            s = x_ * 3
            box[0] = view = s[1:]
            for k in range(3):
                s.copy_(x_ * k + 1)
            assert view.tolist() == s.tolist()[1:] == [3.0, 3.0]
    finally:
        sys.setswitchinterval(before)
        done.set()
        thread.join()
    assert not failed


@pytest.mark.parametrize("twin_of", [lambda p: p.detach(), lambda p: p.data, lambda p: p.detach().detach()])
@pytest.mark.parametrize("make", [lambda: torch.nn.Linear(3, 4), lambda: torch.nn.Conv2d(1, 2, 3), lambda: torch.nn.BatchNorm1d(3)])
def test_twins_of_parameters_see_what_is_written(make: Any, twin_of: Any) -> None:
    for read in (False, True, False):
        layer = make()
        weight, kept = layer.weight, twin_of(layer.weight)
        state = layer.state_dict()["weight"]
        with torch.no_grad():
            if read:
                (weight * 2).sum()
            weight.copy_(weight * 0 + torch.ones(()) * 5)
            assert {*kept.flatten().tolist(), *state.flatten().tolist(), *weight.flatten().tolist()} == {5.0}
            twin_of(weight).mul_(torch.ones(()) * 2)
            weight.add_(torch.ones(()) * 3)
            assert {*kept.flatten().tolist(), *state.flatten().tolist(), *weight.flatten().tolist()} == {13.0}


@pytest.mark.parametrize("make", [lambda: torch.nn.Linear(3, 4), lambda: torch.nn.Conv2d(1, 2, 3), lambda: torch.nn.BatchNorm1d(3)])
def test_updates_by_hand_wait(make: Any) -> None:
    layer = make()
    with torch.no_grad():
        for _ in range(4):
            layer.weight.sub_(layer.weight * 0.5)
            assert waits(layer.weight)
            layer.weight.sum().item()


def test_memory_that_was_shown_stays_where_it_is() -> None:
    x_ = torch.ones(4)
    address = x_.numpy().ctypes.data
    gc.collect()
    x_.copy_(x_ * 2)
    assert x_.numpy().ctypes.data == address


def test_memory_that_others_see_is_out_of_date_once_a_tensor_writes_to_it() -> None:
    for _ in range(3):
        w, x_ = torch.ones(3, requires_grad=True), torch.from_numpy(np.ones(3, np.float32))
        loss = (w * x_).sum()
        x_.add_(1)
        with pytest.raises(StateError, match="modified by an inplace operation"):
            loss.backward()


def test_structures_that_differ_each_time_are_computed_at_once_after_a_while() -> None:
    draw, waited = np.random.default_rng(0), []
    recorder.threads.here.trust = 20_000
    for _ in range(60):
        a = torch.ones(2)
        for k in draw.integers(0, 3, 200):
            a = (a + 1, a * 2, a.tanh())[k]
        waited.append(waits(a))
        a.tolist()
    assert waited[0]
    assert waited.count(False) > 20


def looked_at_soon(times: int) -> list[bool]:
    """Whether an operation waited, for each of a loop that looks at every other one."""
    waited, value = [], torch.ones(3)
    for _ in range(times):
        value = value * 0.5 + 1
        waited.append(waits(value))
        value.tolist()
    return waited


def test_a_loop_that_looks_all_the_time_is_computed_at_once_after_a_while() -> None:
    waited = looked_at_soon(4_000)
    assert all(waited[:100])
    assert waited[1_000:].count(True) < 300


def test_looks_within_a_loop_that_gains_by_waiting_leave_it_waiting(compiled: list[Any]) -> None:
    model = net()
    step = trained(model, sgd(model))
    recorder.here.savings = 300
    for t in range(60):
        step(x(t % 8), y(t % 8)).item()
        looked_at_soon(2)
    before = len(compiled)
    model(x(0)).sum().item()
    assert all(looked_at_soon(3))
    step(x(0), y(0)).item()
    assert len(compiled) == before


def test_training_waits_again_soon_behind_a_loop_that_looks_all_the_time() -> None:
    looked_at_soon(1_000)
    model = net()
    step = trained(model, sgd(model))
    waited = []
    for t in range(150):
        step(x(t % 8), y(t % 8))
        waited.append(waits(model(x(0))))
    assert not waited[0]
    assert all(waited[120:])


def test_an_lstm_is_part_of_the_loop(compiled: list[Any]) -> None:
    model = torch.nn.LSTM(3, 4)
    step = trained(lambda a: model(a.reshape(2, 2, 3))[0].reshape(4, 4)[:, :2], sgd(model))
    for t in range(6):
        step(x(t), y(t)).item()
    assert len(compiled) <= 2  # a first step that has no velocity yet
    assert [node.op.name for node in compiled[-1].live()].count("scan") >= 2  # forward and backward


def test_each_result_of_a_scan_waits_and_has_what_it_is() -> None:
    import gradwerk as gw

    for _ in range(3):
        last, ys = gw.scan(lambda c, z: (c + z, c * z), torch.zeros(2), torch.arange(6.0).reshape(3, 2))
        assert waits(last)
        assert waits(ys)
        del last
        assert ys.tolist() == [[0, 0], [0, 3], [8, 20]]


def test_a_scan_that_draws_does_not_wait() -> None:
    import gradwerk as gw

    last, _ = gw.scan(lambda c, z: (c + F.dropout(z, 0.5), None), torch.zeros(2), torch.ones(3, 2))
    assert not waits(last)


def test_a_run_that_fails_at_a_scan_can_be_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model, failures, run = torch.nn.LSTM(3, 4), [KeyboardInterrupt], engine.run_op
    wanted = model(torch.ones(5, 2, 3))[0].tolist()

    def failing(key: Any, op: Any, arrays: Any) -> Any:
        if failures and op.name == "scan":
            raise failures.pop()
        return run(key, op, arrays)

    monkeypatch.setattr(engine, "run_op", failing)
    y_, (h, c) = model(torch.ones(5, 2, 3))
    with pytest.raises(KeyboardInterrupt):
        h.tolist()
    assert all(map(waits, (y_, h, c)))
    assert (y_.tolist(), h[0].tolist()) == (wanted, wanted[-1])


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What backward passes were walked."""
    from gradwerk.tensor import grad

    found: list[Any] = []
    walk_back = grad.walk_back

    def counted(*args: Any, **options: Any) -> Any:
        found.append(args)
        return walk_back(*args, **options)

    monkeypatch.setattr(grad, "walk_back", counted)
    return found


def test_a_pass_behind_a_look_is_known(walks: list[Any], compiled: list[Any]) -> None:
    model = net()
    optimizer = sgd(model)
    for t in range(8):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        loss.item()
        loss.backward()
        optimizer.step()
    assert len(walks) == 1
    assert len(compiled) <= 2  # backward and step, at first without a velocity


def test_a_pass_behind_a_look_at_other_memory_is_walked(walks: list[Any]) -> None:
    w, found = torch.ones(3, 2, requires_grad=True), []
    for turned in (False, False, True, True):
        w.grad = None
        a = torch.arange(6.0).reshape(3, 2) if not turned else torch.arange(6.0).reshape(2, 3).t()
        loss = ((w * a) * w).sum()
        loss.item()
        loss.backward()
        found.append(w.grad.tolist())
    assert found[0] == found[1]
    assert found[2] == found[3] == [[0, 6], [2, 8], [4, 10]]
    assert len(walks) == 2


def test_what_a_pass_keeps_holds_no_batch_and_no_model() -> None:
    from weakref import ref

    model, data = net(), x(0)
    for _ in range(3):
        loss = F.mse_loss(model(data), y(0))
        loss.item()
        model.zero_grad()
        loss.backward()
    gone = ref(model[0].weight), ref(loss._storage), ref(data._storage)
    del model, data, loss
    recorder.finish()
    gc.collect()
    assert [found() for found in gone] == [None] * 3


def test_what_a_pass_does_not_read_is_not_computed_for_a_look() -> None:
    model, found = net(), []
    optimizer = sgd(model)
    for t in range(6):
        optimizer.zero_grad()
        first = model[0](x(t))
        loss = F.mse_loss(model[2](first.tanh()), y(t))
        loss.item()
        found.append(waits(first))
        loss.backward()
        if t < 4:
            del first
        optimizer.step()
    assert found == [False, True, True, True, True, False]  # once it was asked for behind its pass
    assert first.tolist() == (x(5) @ model[0].weight.detach().t() * 0 + first).tolist()


def test_a_look_at_what_was_left_out_gives_what_it_was() -> None:
    w = torch.full((3, 3), 0.5, requires_grad=True)
    for t in range(5):
        w.grad = None
        a = x(t)
        h = a @ w + 1
        loss = ((h - 1) * 2).sum()
        loss.item()
        loss.backward()
        left = waits(h)
        wanted = np.array(a.tolist(), np.float32) @ np.full((3, 3), 0.5, np.float32) + 1
        if t == 3:
            assert left
            a.mul_(7)
            with torch.no_grad():
                w.mul_(1)
            assert not waits(h)
            np.testing.assert_allclose(h.detach().numpy(), wanted, rtol=1e-5)
    assert not left


@pytest.mark.parametrize("kind", ["contents", "parts", "waiting", "one"])
def test_many_arguments_cost_no_more_each_than_few(kind: str) -> None:
    def calls(count: int) -> int:
        whole, found = torch.ones(count, 3), 0
        makes = {
            "contents": lambda k: torch.tensor([1.0, 2.0]), "parts": lambda k: whole[k, 1:],
            "waiting": lambda k: whole[k] * 2, "one": lambda k: whole,
        }  # fmt: skip
        made = makes[kind]
        rows = [made(k) for k in range(count)]

        def see(frame: Any, event: str, argument: Any) -> None:
            nonlocal found
            found += event in ("call", "c_call")

        sys.setprofile(see)
        try:
            for _ in range(3):  # learned, known, expected
                torch.cat(rows)
        finally:
            sys.setprofile(None)
        return found

    assert calls(256) < 5 * calls(64)
