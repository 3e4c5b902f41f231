"""Two worlds live the same life, one eager, one compiled: after every event they are equal, or the compiled one refused clearly.

Events: attributes toggled, weights frozen, tied and untied, the learning rate changed, gradients added up or cleared, views written,
training and evaluation, plain Python state replaced, steps with the gradient inside and outside.
"""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.module import Module
from gradwerk.ops.elementwise import mul, relu, tanh, where
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.random import Generator
from gradwerk.tensor.tensor import Parameter, Tensor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3)).astype(np.float32)
W1, W2 = (RNG.normal(size=(3, 3)).astype(np.float32) for _ in range(2))


class Net(Module):
    """Two square layers, dropout, a running mean; settings of every kind."""

    def __init__(self):
        self.first, self.second = Parameter(W1), Parameter(W2)
        self.bias = Parameter(np.zeros(3, np.float32))
        self.mean = Tensor(np.zeros(3, np.float32))
        self.scale, self.smooth, self.extra = 1.0, True, []
        self.generator = Generator(3)

    def forward(self, x):
        h = x @ self.first + self.bias
        h = tanh(h) if self.smooth else relu(h)
        if self.training:
            with no_grad():
                self.mean.assign(mul(self.mean, 0.9) + h.mean(axis=0) * 0.1)
            h = where(self.generator.uniform(h.shape) < 0.8, h, 0.0)
        for factor in self.extra:
            h = h * factor
        return (h - self.mean) @ self.second * self.scale


class World:
    """A net and how it is trained."""

    def __init__(self):
        self.net = Net()
        self.rate = Tensor(np.float32(0.05))
        self.velocity = {name: Tensor(np.zeros(p.shape, np.float32)) for name, p in self.parameters().items()}
        self.clear, self.power = True, 2

    def parameters(self):
        return {"first": self.net.first, "second": self.net.second, "bias": self.net.bias}

    def loss(self, x):
        return (self.net(x) ** self.power).mean()

    def update(self):
        done = set()
        for name, p in self.parameters().items():
            if p.grad is None or not p.requires_grad or id(p) in done:
                continue
            done.add(id(p))
            v = self.velocity[name]
            v.assign(v * 0.5 + p.grad)
            p.assign(p - v * self.rate)

    def train(self, x):
        if self.clear:
            for p in self.parameters().values():
                p.grad = None
        loss = self.loss(x)
        if loss.requires_grad:
            loss.backward()
            self.update()
        return loss

    def arrays(self):
        tensors = [*self.parameters().values(), self.net.mean, self.rate, *self.velocity.values(), self.net.generator.counter]
        grads = [p.grad for p in self.parameters().values()]
        return [t.numpy() for t in tensors], [None if g is None else g.numpy() for g in grads]


def same(a, b):
    np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


class Twins(RuleBasedStateMachine):
    """Rules act on both worlds alike."""

    @initialize()
    def begin(self):
        self.eager, self.compiled = World(), World()
        self.worlds = (self.eager, self.compiled)
        self.step = compile_(self.compiled.train)
        self.forward = compile_(self.compiled.loss)
        self.advance = compile_(self.compiled.update)

    def agree(self):
        (tensors, grads), (others, other_grads) = self.eager.arrays(), self.compiled.arrays()
        for a, b in zip(tensors, others, strict=True):
            same(a, b)
        for a, b in zip(grads, other_grads, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                same(a, b)

    @rule(steps=st.integers(1, 3), rows=st.sampled_from([4, 4, 2]))
    def train(self, steps, rows):
        for _ in range(steps):
            same(self.eager.train(Tensor(X[:rows])).numpy(), self.step(X[:rows]).numpy())
            self.agree()

    @rule()
    def gradient_from_outside(self):
        one, other = self.eager.loss(Tensor(X)), self.forward(X)
        same(one.numpy(), other.numpy())
        assert one.requires_grad == other.requires_grad
        if one.requires_grad:
            one.backward()
            other.backward()
        self.agree()

    @rule()
    def update_from_outside(self):
        self.eager.update()
        self.advance()
        self.agree()

    @rule()
    def evaluate(self):
        with no_grad():
            same(self.eager.loss(Tensor(X)).numpy(), self.forward(X).numpy())

    @rule(name=st.sampled_from(["first", "second", "bias"]), wanted=st.booleans())
    def freeze(self, name, wanted):
        for world in self.worlds:
            getattr(world.net, name).requires_grad = wanted

    @rule(tied=st.booleans())
    def tie(self, tied):
        for world in self.worlds:
            world.net.second = world.net.first if tied else Parameter(W2)

    @rule(rate=st.sampled_from([0.01, 0.1]))
    def learning_rate(self, rate):
        for world in self.worlds:
            world.rate.assign(rate)

    @rule(mode=st.booleans())
    def train_or_eval(self, mode):
        for world in self.worlds:
            world.net.train(mode)

    @rule(smooth=st.booleans(), scale=st.sampled_from([1.0, 0.5]))
    def attributes(self, smooth, scale):
        for world in self.worlds:
            world.net.smooth, world.net.scale = smooth, scale

    @rule(clear=st.booleans(), power=st.sampled_from([2, 3]))
    def plain_attributes(self, clear, power):
        for world in self.worlds:
            world.clear, world.power = clear, power

    @rule(factors=st.lists(st.sampled_from([0.5, 2.0]), max_size=2))
    def list_contents(self, factors):
        for world in self.worlds:
            world.net.extra[:] = factors

    @rule(row=st.integers(0, 2), value=st.sampled_from([0.0, 0.25]))
    def write_a_view(self, row, value):
        for world in self.worlds:
            world.net.first.detach()[row] = value
            world.net.bias.detach()[1:] += value

    @rule()
    def clear_gradients(self):
        for world in self.worlds:
            for p in world.parameters().values():
                p.grad = None


Twins.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
TestTwins = Twins.TestCase
