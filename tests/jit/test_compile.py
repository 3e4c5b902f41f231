"""Compiled functions do what the same Python does eagerly: results, writes, `.grad`, memory shared, gradients from outside."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from gradwerk.base.errors import DataError, GradwerkError, NumericError, StateError, TraceError
from gradwerk.base.settings import settings
from gradwerk.jit.compile import compile as compile_
from gradwerk.ops.elementwise import exp, tanh
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import broadcast_to, flip, reshape
from gradwerk.tensor.effects import print_
from gradwerk.tensor.grad import grad, no_grad
from gradwerk.tensor.tensor import Parameter, Tensor

A = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
B = np.random.default_rng(1).normal(size=(3, 2)).astype(np.float32)


class World:
    """Two parameters, a velocity and a step that trains them."""

    def __init__(self):
        self.w, self.b = Parameter(B), Parameter(np.zeros(2, np.float32))
        self.velocity, self.rate = Tensor(np.zeros_like(B)), Tensor(np.float32(0.1))

    def loss(self, x):
        return (tanh(x @ self.w + self.b) ** 2).mean()

    def step(self, x):
        self.w.grad = self.b.grad = None
        loss = self.loss(x)
        loss.backward()
        self.velocity.assign(self.velocity * 0.9 + self.w.grad)
        self.w.assign(self.w - self.rate * self.velocity)
        with no_grad():
            self.b -= self.rate * self.b.grad
        return loss

    def state(self):
        return [t.numpy() for t in (self.w, self.b, self.velocity)] + [None if t.grad is None else t.grad.numpy() for t in (self.w, self.b)]


def agree(one, other):
    for a, b in zip(one, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=3e-6, atol=1e-7)


def test_a_training_step_agrees_over_twenty_steps_and_traces_once():
    eager, compiled = World(), World()
    step = compile_(compiled.step)
    for _ in range(20):
        assert step(A).item() == pytest.approx(eager.step(Tensor(A)).item(), rel=1e-6)
    agree(compiled.state(), eager.state())
    assert step.retraces == []
    compiled.rate.assign(0.01)
    eager.rate.assign(0.01)
    step(A), eager.step(Tensor(A))
    agree(compiled.state(), eager.state())
    assert step.retraces == []


def test_grad_accumulates_into_memory_that_is_already_there():
    eager, compiled = World(), World()

    def add_up(world):
        world.loss(Tensor(A)).backward()

    step = compile_(lambda: add_up(compiled))
    for _ in range(3):
        step(), add_up(eager)
        agree(compiled.state(), eager.state())
    assert [reason for reason in step.retraces if ".grad" in reason] == step.retraces
    held = compiled.w.grad
    step()
    assert compiled.w.grad is held
    compiled.w.grad = compiled.b.grad = eager.w.grad = eager.b.grad = None
    step(), add_up(eager)
    agree(compiled.state(), eager.state())


def test_backward_from_outside_runs_the_backward_half():
    eager, compiled = World(), World()
    loss = compile_(compiled.loss)
    x, y = Tensor(A, requires_grad=True), Tensor(A, requires_grad=True)
    for _ in range(2):
        (loss(x) * 3).backward()
        (eager.loss(y) * 3).backward()
    agree(compiled.state(), eager.state())
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-6, atol=1e-7)


def test_a_gradient_flows_through_to_what_was_computed_before():
    w = Parameter(A)
    inner = compile_(lambda h: (exp(h), h.sum()))
    a, b = inner(w * 2)
    (a.sum() * b).backward()
    got = w.grad.numpy()
    w.grad = None
    (exp(w * 2).sum() * (w * 2).sum()).backward()
    np.testing.assert_allclose(got, w.grad.numpy(), rtol=2e-5)


def test_detach_and_no_grad_inside_hold_for_gradients_from_outside():
    w = Parameter(A)

    def fn(x):
        with no_grad():
            scale = (w * w).sum()
        return (w.detach() * w * x * scale).sum()

    x = Tensor(A)
    np.testing.assert_allclose(grad(compile_(fn)(x), w).numpy(), grad(fn(x), w).numpy(), rtol=1e-5)


def test_stale_memory_is_refused_from_outside_too():
    w = Parameter(A)
    out = compile_(lambda: (w * w).sum())()
    w.assign(A * 2)
    with pytest.raises(StateError, match="modified"):
        out.backward()


def test_a_gradient_taken_inside_is_not_taken_again():
    world = World()
    loss = compile_(world.step)(A)
    assert loss.requires_grad
    with pytest.raises(StateError, match="already taken"):
        loss.backward()


def test_writes_to_views_rebuild_their_base():
    def fn(buffer, row):
        buffer[1] = row
        buffer.T[0] += 1
        part = buffer[::2]
        part.assign(part * 2)
        return part, buffer[0], buffer, buffer.sum()

    eager, compiled = Tensor(A), Tensor(A)
    step = compile_(lambda row: fn(compiled, row))
    for k in range(3):
        row = np.full(3, k, np.float32)
        for a, b in zip(step(row), fn(eager, Tensor(row)), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)
    part, first, whole, _ = step(row)
    assert whole is compiled
    first.assign(50.0)
    assert compiled.numpy()[0, 0] == 50
    part[1] = 60
    assert compiled.numpy()[2, 0] == 60


def test_swapped_and_repeated_writes():
    a, b, c = Tensor(A), Tensor(A * 2), Tensor(A * 3)

    def fn():
        old = a.clone()
        a.assign(b)
        b.assign(old)
        c.assign(a)
        return old, c.T.clone()

    old, turned = compile_(fn)()
    np.testing.assert_array_equal(a.numpy(), A * 2)
    np.testing.assert_array_equal(b.numpy(), A)
    np.testing.assert_array_equal(c.numpy(), A * 2)
    np.testing.assert_array_equal(old.numpy(), A)
    np.testing.assert_array_equal(turned.numpy(), A.T * 2)
    old.assign(0.0)
    np.testing.assert_array_equal(b.numpy(), A)


def test_results_that_share_memory_share_it_and_others_do_not():
    def fn(x):
        y = x * 2
        return y, y[0], x * 2, x, y

    x = Tensor(A)
    y, row, twin, same, again = compile_(fn)(x)
    assert same is x
    assert again is y
    row.assign(0.0)
    assert not y.numpy()[0].any()
    np.testing.assert_array_equal(twin.numpy(), A * 2)
    first, second = compile_(fn)(A)[0], compile_(fn)(A)[0]
    assert first._storage is not second._storage


def test_arguments_that_share_memory():
    def fn(x, y):
        x.assign(x + 1)
        return x + y

    x = Tensor(A)
    step = compile_(fn)
    np.testing.assert_allclose(step(x, Tensor(A)).numpy(), 2 * A + 1, rtol=1e-6)
    np.testing.assert_allclose(step(x, x).numpy(), 2 * (A + 2), rtol=1e-6)
    np.testing.assert_allclose(step(x[0:2], x[1:3]).numpy()[0, 0], (A + 3)[0, 0] + (A + 3)[1, 0], rtol=1e-6)
    z = Tensor(A)
    step = compile_(lambda x: fn(x, z))
    np.testing.assert_allclose(step(Tensor(A)).numpy(), 2 * A + 1, rtol=1e-6)
    np.testing.assert_allclose(step(z).numpy(), 2 * (A + 1), rtol=1e-6)
    np.testing.assert_allclose(step(z.T.reshape(4, 3)).numpy()[0, 0], 2 * A[0, 0] + 3, rtol=1e-6)


def test_strided_and_sliced_arguments_are_written_back():
    step = compile_(lambda v: v.assign(v * 2))
    x, expected = Tensor(A), A.copy()
    for part, theirs in ((x.T, expected.T), (x[::2], expected[::2]), (x[1:3], expected[1:3]), (x[:, 1], expected[:, 1])):
        step(part)
        theirs *= 2
        np.testing.assert_array_equal(x.numpy(), expected)
    array = A[:, ::2].copy()[:, ::-1]
    out = compile_(lambda v: v + 1)(array)
    np.testing.assert_array_equal(out.numpy(), array + 1)


def test_arrays_held_outside_are_inputs_not_constants():
    table = np.ones(3, np.float32)
    step = compile_(lambda x: x * table + table[1:2])
    np.testing.assert_array_equal(step(A).numpy(), A + 1)
    table[:] = 5
    np.testing.assert_array_equal(step(A).numpy(), A * 5 + 5)
    assert step.retraces == []


@pytest.mark.parametrize("interpret", [False, True])
def test_nothing_is_written_when_the_program_raises(interpret):
    table, count = Tensor(A), Tensor(np.float32(0))

    def fn(rows):
        count.assign(count + 1)
        return gather(table, rows)

    step = compile_(fn)
    with settings.scope(interpret=interpret):
        step(np.array([0, 1]))
        with pytest.raises(DataError, match="outside"):
            step(np.array([0, 9]))
    assert count.item() == 1
    assert count._storage.version == 1


def test_numbers_are_part_of_the_signature_and_shapes_too():
    calls = []

    @compile_
    def fn(x, scale, *, flip=False):
        calls.append(1) if False else None
        return (x[::-1] if flip else x) * scale

    np.testing.assert_array_equal(fn(A, 2.0).numpy(), A * 2)
    np.testing.assert_array_equal(fn(A, 3.0, flip=True).numpy(), A[::-1] * 3)
    np.testing.assert_array_equal(fn(A[:2], 2.0).numpy(), A[:2] * 2)
    assert len(fn.retraces) == 2


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x * x.sum().item(),
        lambda x: x * float(x[0, 0]),
        lambda x: np.asarray(x),
        lambda x: Tensor(x.numpy()),
        lambda x: x[x > 0],
        lambda x: [1, 2, 3][x.argmax()],
    ],
)
def test_python_on_traced_values_is_a_clear_error(fn):
    with pytest.raises(TraceError) as caught:
        compile_(fn)(A)
    assert "test_compile.py" in str(caught.value)
    assert "likely" in str(caught.value)
    np.testing.assert_array_equal(compile_(lambda x: x * 1)(A).numpy(), A)


def test_a_leaked_traced_tensor_is_refused():
    held = []

    def fn(x, given):
        given(x * 2)
        return x

    compile_(fn)(A, iter_of(held).send)  # what a generator keeps nobody finds
    with pytest.raises(TraceError, match="trace"):
        held[0].numpy()
    with pytest.raises(TraceError, match="trace"):
        held[0] + 1


def iter_of(held):
    def keep():
        while True:
            held.append((yield))

    made = keep()
    next(made)
    return made


def test_a_failed_trace_restores_everything():
    world = World()
    world.loss(Tensor(A)).backward()
    before, grad_before, versions = world.state(), world.w.grad, world.w._storage.version

    def fn(x):
        world.step(x)
        world.w.detach()[0] = 1
        world.w.grad = None
        raise KeyError("user's own")

    with pytest.raises(KeyError):
        compile_(fn)(A)
    agree(world.state(), before)
    assert world.w.grad is grad_before
    assert world.w._storage.version == versions


def test_writes_under_gradients_from_outside_are_refused():
    w, buffer = Parameter(A), Tensor(A)
    with pytest.raises(GradwerkError, match="history"):
        compile_(lambda: buffer.copy_(w * 2))()
    with pytest.raises(TraceError, match="outside it"):
        h = w * 2
        compile_(lambda: (h * h).sum().backward())()


def test_nested_compiled_functions_are_one_program():
    inner = compile_(lambda x: x * 2)
    outer = compile_(lambda x: inner(x) + inner(x + 1))
    np.testing.assert_allclose(outer(A).numpy(), 4 * A + 2, rtol=1e-6)
    assert inner.specializations == {}


def test_methods_compile_in_classes():
    class Model:
        def __init__(self, scale):
            self.w = Tensor(np.float32(scale))

        @compile_
        def __call__(self, x):
            return x * self.w

    np.testing.assert_array_equal(Model(2)(A).numpy(), A * 2)
    np.testing.assert_array_equal(Model(3)(A).numpy(), A * 3)


def test_printing_happens_at_every_run_in_order(capsys):
    def fn(x):
        print_("first {}", x.sum())
        print_("second")
        print_("second")
        return x * 2

    step = compile_(fn)
    x = Tensor([1.0, 2.0])
    for _ in range(2):
        step(x)
    fn(x)
    assert capsys.readouterr().out == "first 3.0\nsecond\nsecond\n" * 3


@pytest.mark.parametrize("compiled", [False, True])
def test_check_nan_names_the_op_and_the_line(compiled):
    def fn(x):
        return (x - 5).log()  # the line

    with settings.scope(check_nan=True), pytest.raises(NumericError, match=r"log made 2 of 3[\s\S]*# the line"):
        (compile_(fn) if compiled else fn)(Tensor([1.0, 2.0, 7.0]))


def test_overlapping_arrays_among_written_arguments_are_refused():
    step = compile_(lambda x, y: x.assign(x + y).sum())
    block = np.ones((3, 2), np.float32)
    assert step(block[:1], block[2:]).item() == 4
    with pytest.raises(StateError, match="share memory"):
        step(block[0:2], block[1:3])


@pytest.mark.parametrize(
    "view",
    [lambda x: x.reshape(4), lambda x: x[1:], lambda x: x.T, lambda x: broadcast_to(x, (3, 2, 2)), lambda x: flip(x)[0]],
    ids=["reshape", "slice", "transpose", "broadcast", "flip"],
)
@pytest.mark.parametrize("held", [False, True])
def test_gradients_go_through_a_view_that_is_returned(view, held):
    """A compiled function gives a view of what it was given, or holds: eager and compiled it is one, and gradients go through it."""
    found = []
    for wrap in (lambda fn: fn, compile_):
        x = Parameter(np.arange(4, dtype=np.float32).reshape(2, 2))
        fn = wrap(partial(view, x) if held else view)
        for _ in range(2):
            y = fn() if held else fn(x)
            found.append(grad((y * y).sum(), x).numpy())
        with no_grad():
            assert not (fn() if held else fn(x)).requires_grad
    np.testing.assert_array_equal(found, [found[0]] * 4)


LAYOUTS = {
    "dense": lambda x: x,
    "turned": lambda x: x.T,
    "a part": lambda x: x[1:4, 2:6],
    "every second row": lambda x: x[::2],
    "every second column": lambda x: x[:, ::2],
    "one column": lambda x: x[:, 3:4],
}
MOVED = {
    "rows in one": lambda x: reshape(x, (-1,)),
    "a part of the rows in one": lambda x: reshape(x, (-1,))[2:4],
    "with an axis more": lambda x: reshape(x, (*x.shape, 1)),
    "the axes of rows in one": lambda x: reshape(reshape(x, (-1,)), (x.shape[1], x.shape[0])).T,
    "rows of a slice in one": lambda x: reshape(x[1:3], (-1,)),
}


@pytest.mark.parametrize("moved", MOVED)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("held", [False, True], ids=["given", "held"])
def test_views_share_and_copy_as_in_eager_mode_however_the_memory_lies(layout, moved, held):
    """What a movement gives is a view or a copy of a Tensor by how that lies: of an argument too, which a trace knows without memory."""
    seen = []
    for wrap in (lambda fn: fn, compile_):
        whole = Tensor(np.arange(40, dtype=np.float32).reshape(5, 8))
        x = LAYOUTS[layout](whole).detach()

        def written(x=x):
            MOVED[moved](x).assign(-1.0)
            return x * 1

        for _ in range(2):
            found = wrap(written)() if held else wrap(written)(x)
            seen += [found.numpy(), whole.numpy()]
        x.assign(np.arange(x.numpy().size, dtype=np.float32).reshape(x.shape))
        give = wrap(partial(MOVED[moved], x) if held else MOVED[moved])
        for _ in range(2):
            y = give() if held else give(x)
            y.assign(y + 1)
            seen += [y.numpy(), whole.numpy()]
        x.requires_grad = True
        for _ in range(2):
            y = give() if held else give(x)
            seen.append(grad((y * y).sum(), x).numpy())
            with no_grad():
                y.assign(y * 2)
            seen.append(whole.numpy())
    half = len(seen) // 2
    for eager, compiled in zip(seen[:half], seen[half:], strict=True):
        np.testing.assert_array_equal(eager, compiled)
