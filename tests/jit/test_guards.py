"""What a trace took for granted is looked at again: a change traces again, with the reason; Python state set inside is an error."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from gradwerk.base.errors import TraceError
from gradwerk.base.settings import settings
from gradwerk.jit import guards, slots
from gradwerk.jit.compile import compile as compile_
from gradwerk.jit.control import scan
from gradwerk.nn.module import Module
from gradwerk.tensor.tensor import Parameter, Tensor
from tests.tensor.meanwhile import at_every_line

A = np.arange(6, dtype=np.float32).reshape(2, 3)
SCALE = 2.0


class Layer(Module):
    def __init__(self, scale):
        self.scale, self.w = scale, Parameter(np.ones(3, np.float32))

    def forward(self, x):
        return x * self.w * self.scale


class Stack(Module):
    def __init__(self):
        self.layers = [Layer(2.0), Layer(3.0)]
        self.options = {"shift": 1.0}

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x + self.options["shift"]


def test_a_module_attribute_traces_again_and_the_rest_does_not():
    model = Stack()
    step = compile_(model)
    for _ in range(2):
        np.testing.assert_array_equal(step(A).numpy(), A * 6 + 1)
    assert step.retraces == []
    model.layers[1].scale = 5.0
    np.testing.assert_array_equal(step(A).numpy(), A * 10 + 1)
    assert "layers.1" in step.retraces[0]
    model.layers[1].scale = 5.0
    Layer(9.0).scale = 3.0
    step(A)
    assert len(step.retraces) == 1


def test_lists_dicts_and_replaced_parameters():
    model = Stack()
    step = compile_(lambda x: model(x))
    step(A)
    model.layers.append(Layer(10.0))
    np.testing.assert_array_equal(step(A).numpy(), A * 60 + 1)
    model.options["shift"] = 0.0
    np.testing.assert_array_equal(step(A).numpy(), A * 60)
    model.layers[0].w = Parameter(np.full(3, 2, np.float32))
    np.testing.assert_array_equal(step(A).numpy(), A * 120)
    assert len(step.retraces) == 3


def test_globals_closures_defaults_and_plain_objects(monkeypatch):
    class Options:
        factor = 1.0

    options = Options()
    options.factor = 4.0
    shift = 1.0

    def helper(x):
        return x * SCALE

    def fn(x):
        return helper(x) * options.factor + shift

    step = compile_(fn)
    np.testing.assert_array_equal(step(A).numpy(), A * 8 + 1)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    np.testing.assert_array_equal(step(A).numpy(), A * 12 + 1)
    options.factor = 1.0
    np.testing.assert_array_equal(step(A).numpy(), A * 3 + 1)
    shift = 2.0
    np.testing.assert_array_equal(step(A).numpy(), A * 3 + 2)
    assert step.retraces == [
        "global SCALE changed from 2.0 to 3.0",
        "options.factor changed from 4.0 to 1.0",
        "shift changed from 1.0 to 2.0",
    ]


def test_requires_grad_is_guarded():
    layer = Layer(1.0)

    def fn(x):
        loss = layer(x).sum()
        loss.backward()
        return loss

    step = compile_(fn)
    step(A)
    np.testing.assert_array_equal(layer.w.grad.numpy(), A.sum(0))
    layer.w.grad = None
    layer.w.requires_grad = False
    with pytest.raises(Exception, match="requires no gradient"):
        step(A)
    layer.w.requires_grad = True
    step(A)
    np.testing.assert_array_equal(layer.w.grad.numpy(), A.sum(0))


def test_train_and_eval():
    class Switch(Module):
        def forward(self, x):
            return x * 2 if self.training else x

    switch = Switch()
    step = compile_(switch)
    np.testing.assert_array_equal(step(A).numpy(), A * 2)
    switch.eval()
    np.testing.assert_array_equal(step(A).numpy(), A)
    switch.train()
    np.testing.assert_array_equal(step(A).numpy(), A * 2)
    assert step.retraces == ["Switch.training changed from True to False"]
    switch.eval()
    step(A)
    assert len(step.retraces) == 1


def test_setting_state_inside_is_an_error_and_is_undone():
    layer, seen, count = Layer(2.0), [], 0

    def sets(x):
        layer.scale = 3.0
        return x

    def appends(x):
        seen.append(x)
        return x

    def counts(x):
        nonlocal count
        count += 1
        return x * count

    with pytest.raises(TraceError, match=r"Layer.scale is set[\s\S]*layer.scale = 3.0"):
        compile_(sets)(A)
    with pytest.raises(TraceError, match="seen"):
        compile_(appends)(A)
    with pytest.raises(TraceError, match="count changed from 0 to 1"):
        compile_(counts, watch_only=True)(A)
    assert (layer.scale, seen, count) == (2.0, [], 0)


def test_modules_made_inside_may_be_set():
    def fn(x):
        fresh = Layer(2.0)
        fresh.scale = 4.0
        return fresh(x)

    np.testing.assert_array_equal(compile_(fn)(A).numpy(), A * 4)


def test_tied_weights_and_overlapping_views():
    class Tied(Module):
        def __init__(self):
            self.a = Parameter(A)
            self.b = self.a
            self.row = self.a.detach()[0]

        def forward(self, x):
            return (x * self.a * self.b + self.row).sum()

    def fn(model, x):
        loss = model(x)
        model.a.grad = None
        loss.backward()
        model.a.assign(model.a - model.b.grad * 0.1)
        model.row.assign(model.row * 2)
        return loss

    eager, compiled = Tied(), Tied()
    step = compile_(fn)
    for _ in range(3):
        assert step(compiled, A).item() == pytest.approx(fn(eager, Tensor(A)).item(), rel=1e-6)
        np.testing.assert_allclose(compiled.a.numpy(), eager.a.numpy(), rtol=1e-6)
        np.testing.assert_allclose(compiled.a.grad.numpy(), eager.a.grad.numpy(), rtol=1e-6)


def test_the_reason_is_printed_under_debug(capsys):
    step = compile_(lambda x: x * 2)
    with settings.scope(debug=1):
        step(A)
        step(A[:1])
    assert "is traced again: an argument changed from (2, 3) to (1, 3)" in capsys.readouterr().err


class Closed:
    """Answers no attribute, and not with the usual error."""

    def __getattr__(self, name):
        raise RuntimeError(f"{name} is not to be asked for")


class Endless:
    """Answers any attribute with another of its kind."""

    def __getattr__(self, name):
        return Endless()


class Asked:
    """A user's object with such attributes of its class, and one that an object may have its own of."""

    endless, closed, factor = Endless(), Closed(), 2.0

    def times(self, x):
        return x * self.factor


def test_what_a_class_holds_is_not_asked_for_names():
    asked = Asked()
    step = compile_(lambda x: asked.times(x))
    assert step(A).numpy().tolist() == (A * 2).tolist()


def test_an_attribute_set_over_that_of_the_class_traces_again():
    asked = Asked()
    step = compile_(lambda x: asked.times(x))
    for factor in (2.0, 3.0, 4.0):
        if factor > 2.0:
            asked.factor = factor
        assert step(A).numpy().tolist() == (A * factor).tolist()
    del asked.factor
    assert step(A).numpy().tolist() == (A * 2).tolist()


def test_an_object_that_refuses_to_be_asked_is_passed_over():
    held = [Closed()]
    step = compile_(lambda x: x * len(held))
    np.testing.assert_array_equal(step(A).numpy(), A)


@pytest.mark.parametrize("ask", [
    lambda w, x: x * 2 if w.requires_grad else x * 3,
    lambda w, x: scan(lambda carry, row: (carry + row * (2 if w.requires_grad else 3), carry), x[0] * 0, x)[0],
    lambda w, x: [x * 2, x * 3][w.requires_grad],
], ids=["branch", "loop", "index"])  # fmt: skip
def test_whether_a_tensor_requires_a_gradient_is_looked_at_in_each_call(ask):
    """Also where nothing is computed of it."""
    w, x = Parameter(np.ones(2, np.float32)), Tensor(np.ones(2, np.float32))
    fn = compile_(lambda x: ask(w, x))
    for wants in (True, False, True, True, False):
        w.requires_grad = wants
        np.testing.assert_array_equal(fn(x).numpy(), ask(w, x).numpy())
    assert len(fn.retraces) <= 2


def test_what_another_thread_sets_while_guards_are_asked_is_seen_by_the_next_call():
    class Scaled(Module):
        def __init__(self):
            self.scale = 1.0

        def forward(self, x):
            return x * self.scale

    net, x, lines = Scaled(), Tensor(np.ones(1)), 0
    step = compile_(net)
    for net.scale in (2.0, 1.0):  # each has its program, and the latest is asked first
        step(x)

    def call():
        net.scale = 2.0
        net.scale = 1.0
        step(x)

    for lines in at_every_line(call, lambda: setattr(net, "scale", 2.0), guards, slots):
        assert step(x).item() == net.scale, lines
    assert lines > 10


RATE = 1.0


@compile_
def compiled_inside(x):
    return x * RATE


class Inside:
    factor = 1.0

    def __call__(self, x):
        return x * self.factor * RATE

    @compile_
    def method(self, x):
        return self(x)

    @functools.cached_property
    def kept(self):
        return lambda x: x * RATE


@pytest.mark.parametrize("name", ["function", "method", "object", "partial", "partial of a compiled function"])
def test_what_compiled_functions_and_partials_inside_read_is_guarded(name, monkeypatch):
    inside = {
        "function": compiled_inside, "method": Inside().method, "object": compile_(Inside()),
        "partial": functools.partial(Inside()), "partial of a compiled function": functools.partial(compiled_inside),
    }[name]  # fmt: skip
    step = compile_(lambda x: inside(x))
    assert step(A)[1, 0].item() == 3.0
    monkeypatch.setitem(globals(), "RATE", 2.0)
    assert step(A)[1, 0].item() == 6.0


def test_a_compiled_method_that_another_function_calls_is_guarded(monkeypatch):
    held = Inside()
    step = compile_(lambda x: held.method(x))
    assert step(A)[1, 0].item() == 3.0
    monkeypatch.setitem(globals(), "RATE", 2.0)
    assert step(A)[1, 0].item() == 6.0


class Described:
    """A descriptor that keeps its number among the attributes, by another name."""

    def __get__(self, owner, kind=None):
        return 2.0 if owner is None else vars(owner).get("_number", 2.0)

    def __set__(self, owner, value):
        vars(owner)["_number"] = value


class Kept(Module):
    factor = Described()

    def forward(self, x):
        return x * self.factor


def test_what_a_descriptor_keeps_is_seen_when_it_is_set_back():
    layer = Kept()
    step = compile_(lambda x: layer(x))
    for factor in (2.0, 3.0, 2.0, 4.0, 2.0):
        layer.factor = factor
        assert step(A).numpy().tolist() == (A * factor).tolist()
