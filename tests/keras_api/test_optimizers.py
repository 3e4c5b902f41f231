"""Keras' optimizers: options that compose around the rules, and schedules.  Their numbers are held to Keras' in tests/peers."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
import gradwerk.keras as keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, TraceError
from gradwerk.tensor.tensor import Parameter

schedules = keras.optimizers.schedules
X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(12, 2)).astype(np.float32)


def model_with(optimizer: Any) -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, kernel_initializer="ones")])
    model.compile(optimizer, "mse")
    return model


class Halving(schedules.LearningRateSchedule):
    """One of the user's own."""

    def __init__(self, first: float) -> None:
        self.first = first

    def __call__(self, step: Any) -> Any:
        return self.first / (step + 1)


ALL = [
    schedules.ExponentialDecay(0.1, 2, 0.5), schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True),
    schedules.InverseTimeDecay(0.1, 2, 0.5),
    schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.01]), schedules.PolynomialDecay(0.1, 3, cycle=True),
    schedules.CosineDecay(0.1, 3, warmup_target=0.2, warmup_steps=2), schedules.CosineDecayRestarts(0.1, 2), Halving(0.2),
]  # fmt: skip


@pytest.mark.parametrize("schedule", ALL, ids=lambda schedule: type(schedule).__name__)
@pytest.mark.parametrize("kind", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_a_schedule_is_the_rates_it_gives_set_one_by_one(schedule: Any, kind: Any) -> None:
    scheduled, told = model_with(kind(schedule)), model_with(kind(0.0))
    for step in range(6):
        rate = float(scheduled.optimizer.learning_rate)
        assert rate == pytest.approx(float(schedule(step)))
        told.optimizer.learning_rate = rate
        for model in (scheduled, told):
            model.train_on_batch(X, Y)
        np.testing.assert_allclose(scheduled.get_weights()[0], told.get_weights()[0], rtol=1e-6)
    assert scheduled.training_state.steps.train_fresh.retraces == []
    with pytest.raises(ArgumentTypeError, match="follows a schedule"):
        scheduled.optimizer.learning_rate = 0.1
    scheduled.optimizer.learning_rate = schedules.ExponentialDecay(0.5, 1, 1.0)
    assert float(scheduled.optimizer.learning_rate) == 0.5
    before = scheduled.get_weights()[0]
    scheduled.train_on_batch(X, Y)
    assert np.abs(scheduled.get_weights()[0] - before).max() > 0.01


CHANGED = [
    (schedules.ExponentialDecay(0.1, 2, 0.5), {"decay_rate": 0.25, "initial_learning_rate": 0.2}, [0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625]),
    (schedules.InverseTimeDecay(0.1, 2, 0.5), {"decay_steps": 3, "staircase": True}, [0.1, 0.1, 0.1, 0.066667, 0.066667, 0.066667]),
    (
        schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.01]), {"values": [0.3, 0.2, 0.1], "boundaries": [2, 3]},
        [0.3, 0.3, 0.3, 0.2, 0.1, 0.1],
    ),
    (
        schedules.PolynomialDecay(0.1, 3), {"cycle": True, "power": 2.0, "end_learning_rate": 0.01},
        [0.1, 0.05, 0.02, 0.01, 0.02, 0.0125],
    ),
    (
        schedules.CosineDecay(0.1, 3), {"alpha": 0.5, "warmup_target": 0.2, "warmup_steps": 2},
        [0.1, 0.15, 0.2, 0.175, 0.125, 0.1],
    ),
    (
        schedules.CosineDecayRestarts(0.1, 2), {"alpha": 0.5, "_t_mul": 1.0, "_m_mul": 0.5, "first_decay_steps": 3},
        [0.1, 0.0875, 0.0625, 0.075, 0.06875, 0.05625],
    ),
]  # fmt: skip
"""Schedules, attributes that are set when two steps are behind them, and the rates that Keras 3.15 then gives from the first step on."""


@pytest.mark.parametrize(("schedule", "changes", "rates"), CHANGED, ids=[type(row[0]).__name__ for row in CHANGED])
def test_attributes_of_a_schedule_may_be_set_at_any_time(schedule: Any, changes: dict[str, Any], rates: list[float]) -> None:
    scheduled, told = model_with(keras.optimizers.SGD(schedule)), model_with(keras.optimizers.SGD(0.0))
    read = gw.compile(lambda step: schedule(step))
    for step in range(5):
        if step == 2:
            for name, value in changes.items():
                setattr(schedule, name, value)
        rate = float(schedule(step)) if step < 2 else rates[step]
        assert float(scheduled.optimizer.learning_rate) == pytest.approx(rate, abs=1e-6)
        assert read(gw.Tensor(np.asarray(step, np.int64))).item() == pytest.approx(rate, abs=1e-6)
        told.optimizer.learning_rate = rate
        for model in (scheduled, told):
            model.train_on_batch(X, Y)
        np.testing.assert_allclose(scheduled.get_weights()[0], told.get_weights()[0], rtol=1e-5)
    config = schedule.get_config()
    assert {name: config[name.removeprefix("_")] for name in changes} == changes
    assert type(schedule).from_config(config).get_config() == config


def test_a_setting_of_a_schedule_that_is_out_of_range_is_refused_when_it_is_read() -> None:
    schedule = schedules.CosineDecay(0.1, 3)
    schedule.alpha = "0.5"
    with pytest.raises(ArgumentError, match="alpha is a number, this is '0.5'"):
        schedule(1)


def test_what_a_compiled_function_reads_of_an_optimizer_is_what_it_is_then() -> None:
    optimizer = keras.optimizers.SGD(0.1, momentum=0.5)
    reads = [lambda: optimizer.momentum, lambda: optimizer.learning_rate, lambda: getattr(optimizer, "clip" + "norm") or 0.0]
    steps = [gw.compile(lambda x, read=read: x * read()) for read in reads]
    assert [step(np.float32(1.0)).item() for step in steps] == pytest.approx([0.5, 0.1, 0.0])
    optimizer.momentum, optimizer.learning_rate, optimizer.clipnorm = 0.25, 0.2, 2.0
    assert [step(np.float32(1.0)).item() for step in steps] == pytest.approx([0.25, 0.2, 2.0])
    optimizer.learning_rate = schedules.ExponentialDecay(0.5, 1, 1.0)
    assert steps[1](np.float32(1.0)).item() == 0.5
    assert [len(step.retraces) for step in steps] == [1, 1, 1]


def test_a_compiled_function_sets_no_setting_of_an_optimizer() -> None:
    optimizer, schedule = keras.optimizers.SGD(0.1), schedules.ExponentialDecay(0.5, 1, 1.0)
    cases = [(optimizer, "momentum", 0.5), (optimizer, "own", 1), (optimizer, "learning_rate", schedule), (schedule, "name", "a")]
    for owner, name, value in cases:
        before = dict(vars(owner))
        with pytest.raises(TraceError, match=f"{type(owner).__name__}.*is set inside a compiled function"):
            gw.compile(lambda x: (setattr(owner, name, value), x)[1])(np.float32(1.0))  # noqa: B023  called at once
        assert vars(owner) == before


@pytest.mark.parametrize("schedule", ALL[:-1], ids=lambda schedule: type(schedule).__name__)
def test_an_optimizer_is_made_again_of_its_config(schedule: Any) -> None:
    first = keras.optimizers.AdamW(schedule, weight_decay=0.1, clipvalue=0.5, use_ema=True, ema_momentum=0.9, amsgrad=True)
    again = keras.optimizers.AdamW.from_config(first.get_config())
    assert again.get_config() == first.get_config()
    assert [float(again._schedule(step)) for step in range(5)] == [float(schedule(step)) for step in range(5)]


@pytest.mark.parametrize(("options", "problem"), [
    ({"clipnorm": 1.0, "clipvalue": 1.0}, "only one can be set"), ({"clipnorm": -1.0}, "clipnorm is at least 0"),
    ({"weight_decay": -0.1}, "weight_decay is at least 0"), ({"ema_momentum": 1.5}, "ema_momentum lies between 0 and 1"),
    ({"ema_overwrite_frequency": 0}, "ema_overwrite_frequency is an integer of at least 1"), ({"clipnom": 1.0}, "did you mean 'clipnorm'"),
    ({"use_ema": "yes"}, "use_ema is True or False"), ({"gradient_accumulation_steps": 1}, "an integer of at least 2"),
    ({"loss_scale_factor": 0.0}, "above 0"),
])  # fmt: skip
def test_options_out_of_range_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem):
        keras.optimizers.SGD(0.1, **options)


@pytest.mark.parametrize(("make", "problem"), [
    (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps is above 0"),
    (lambda: schedules.CosineDecay("0.1", 3), "initial_learning_rate is a number"),
    (lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]), "one value more than there are boundaries"),
    (lambda: keras.optimizers.SGD(lambda: 0.1), "plain function"),
    (lambda: keras.optimizers.AdamW(weight_decay=None), "weight_decay is a number"),
])  # fmt: skip
def test_schedules_and_rates_out_of_range_are_refused(make: Any, problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem):
        make()


def test_a_beta_is_below_1() -> None:
    assert keras.optimizers.Adam(beta_2=1 - 1e-10).beta_2 == 1 - 1e-10
    for name in ("beta_1", "beta_2"):
        with pytest.raises(ArgumentError, match=f"the {name} lies from 0 to below 1, this is 1.0"):
            keras.optimizers.Adam(**{name: 1.0})


@pytest.mark.parametrize("kind", [keras.optimizers.SGD, keras.optimizers.Adam, keras.optimizers.AdamW, keras.optimizers.RMSprop])
def test_variables_are_all_the_state_there_is(kind: Any) -> None:
    """Whatever the settings: no slot of the rule is left out of the columns."""
    for choice in itertools.product([False, True], repeat=len(switches := [name for name in kind.settings if name in SWITCHES])):
        model = model_with(kind(0.1, use_ema=True, **{name: SWITCHES[name] for name, on in zip(switches, choice, strict=True) if on}))
        model.train_on_batch(X, Y)
        held = model.optimizer.rule.state().values()
        assert {id(tensor) for tensor in model.optimizer.variables} == {id(tensor) for tensor in held}


SWITCHES = {"momentum": 0.9, "amsgrad": True, "centered": True}


def test_options_may_change_between_steps() -> None:
    changed, made = model_with(keras.optimizers.SGD(0.1)), model_with(keras.optimizers.SGD(0.1, clipvalue=0.01, weight_decay=0.5))
    changed.train_on_batch(X, Y)
    changed.optimizer.clipvalue, changed.optimizer.weight_decay = 0.01, 0.5
    made.set_weights(changed.get_weights())
    for model in (changed, made):
        model.train_on_batch(X, Y)
    np.testing.assert_array_equal(changed.get_weights()[0], made.get_weights()[0])
    with pytest.raises(ArgumentError, match="before the first step"):
        changed.optimizer.use_ema = True
    assert changed.optimizer.use_ema is False


def test_fit_ends_with_the_averages() -> None:
    averaged, plain = model_with(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)), model_with(keras.optimizers.SGD(0.1))
    average = None
    for _ in range(3):
        plain.train_on_batch(X, Y)
        now = plain.get_weights()[0]
        average = now if average is None else 0.5 * average + 0.5 * now
    averaged.fit(X, Y, epochs=3, batch_size=12, shuffle=False, verbose=0)
    np.testing.assert_allclose(averaged.get_weights()[0], average, rtol=1e-5)


def test_frozen_parameters_are_no_averages() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()[0]
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=2, global_clipnorm=0.1), "mse")
    model.fit(X, Y, epochs=3, verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], before)


def weights() -> list[Any]:
    return [Parameter(np.array(start, np.float32)) for start in ([1.0, 2.0], [3.0])]


def test_gradients_are_applied_by_hand() -> None:
    for apply in (
        lambda optimizer, gradients, told: optimizer.apply_gradients(zip(gradients, told, strict=True)),
        lambda optimizer, gradients, told: optimizer.apply(gradients, told),
    ):
        told, optimizer = weights(), keras.optimizers.SGD(0.5)
        apply(optimizer, [np.array([1.0, -1.0]), gw.Tensor(np.array([2.0], np.float32))], told)
        assert [w.tolist() for w in told] == [[0.5, 2.5], [2.0]]
        with pytest.warns(UserWarning, match="Gradients do not exist"):
            apply(optimizer, [None, np.array([2.0])], told)
        assert [w.tolist() for w in told] == [[0.5, 2.5], [1.0]]
        optimizer.apply([np.array([2.0])], told[1:])
        assert [w.tolist() for w in told] == [[0.5, 2.5], [0.0]]
        assert int(optimizer.iterations) == 3
        with pytest.raises(ArgumentError, match="No gradients provided"):
            apply(optimizer, [None, None], told)
        with pytest.raises(ArgumentError, match="was not built for"):
            optimizer.apply([np.array([2.0])], weights()[1:])
        with pytest.raises(ArgumentError, match="1 gradients for 2 weights"):
            optimizer.apply([np.array([2.0])])
    with pytest.raises(ArgumentError, match="not built"):
        keras.optimizers.SGD().apply([np.array([2.0])])


def test_variables_are_written_and_kept() -> None:
    told, other = weights(), weights()
    one, two = keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.1)
    for _ in range(2):
        one.apply([np.ones(2), np.ones(1)], told)
    two.build(other)
    store: dict[str, Any] = {}
    one.save_own_variables(store)
    two.load_own_variables(store)
    for mine, its in zip(one.variables, two.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), its.numpy())
    two.set_weights([v.numpy() * 0 for v in one.variables])
    assert not any(v.numpy().any() for v in two.variables)
    with pytest.warns(UserWarning, match="none is loaded"):
        keras.optimizers.SGD(0.1).load_own_variables(store)


def test_an_update_of_other_contents_changes_nothing() -> None:
    told, optimizer = weights(), keras.optimizers.Adam(0.1)
    optimizer.build(told)
    contents = [w.numpy() + 1 for w in told], [v.numpy() for v in optimizer.variables]
    after = optimizer.stateless_apply(contents[1], [np.ones(2), np.ones(1)], contents[0])
    assert [w.tolist() for w in told] == [[1.0, 2.0], [3.0]]
    assert int(optimizer.iterations) == 0
    np.testing.assert_allclose(after[0][0].numpy(), [1.9, 2.9], rtol=1e-5)
    assert after[1][0].item() == 1
    again = optimizer.stateless_apply(after[1], [np.ones(2), np.ones(1)], after[0])
    for _ in range(2):
        optimizer.apply([np.ones(2), np.ones(1)], told)
    np.testing.assert_allclose(again[0][0].numpy(), told[0].numpy() + 1, rtol=1e-5)
    with pytest.raises(ArgumentError, match="as many weights"):
        optimizer.stateless_apply([], [np.ones(2)], contents[0])


def test_an_optimizer_is_made_of_its_config() -> None:
    made = keras.optimizers.LossScaleOptimizer(keras.optimizers.Muon(0.1, exclude_layers=["a"], gradient_accumulation_steps=3), 64.0, 5)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(made))
    assert type(again.inner_optimizer) is keras.optimizers.Muon
    assert again.get_config() == made.get_config()
    assert (again.inner_optimizer.gradient_accumulation_steps, again.initial_scale) == (3, 64.0)
    own = type("Own", (keras.optimizers.SGD,), {})
    assert type(keras.optimizers.deserialize(keras.optimizers.serialize(own()), {"Own": own})) is own


def test_a_scaled_loss_skips_what_is_not_finite_in_a_compiled_step() -> None:
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**127)
    model = model_with(optimizer)
    start = model.get_weights()[0]
    model.train_on_batch(X, 1e6 * Y)
    np.testing.assert_array_equal(model.get_weights()[0], start)
    assert (float(optimizer.dynamic_scale), int(optimizer.iterations)) == (2.0**126, 0)
    seen = model.fit(X, Y, epochs=4, verbose=0).history["loss"]
    assert float(optimizer.dynamic_scale) < 2.0**127
    for _ in range(8):
        seen = model.fit(X, Y, epochs=4, verbose=0).history["loss"]
    assert seen[-1] < seen[0]
    assert int(optimizer.iterations) > 10
    assert float(optimizer.scale_loss(gw.Tensor(np.float32(1.0)))) == float(optimizer.dynamic_scale)
    optimizer.learning_rate = 0.5
    assert float(optimizer.inner_optimizer.learning_rate) == 0.5


def test_what_does_not_decay_is_said_before_the_first_step() -> None:
    told, optimizer = weights(), keras.optimizers.SGD(0.5, weight_decay=0.2)
    optimizer.exclude_from_weight_decay(var_list=told[1:])
    optimizer.apply([np.zeros(2), np.zeros(1)], told)
    np.testing.assert_allclose(np.concatenate([w.numpy() for w in told]), [0.9, 1.8, 3.0])
    with pytest.raises(Exception, match="before the first step"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])


def test_scaled_losses_of_a_factor_and_rounds_are_undone() -> None:
    told, optimizer = weights(), keras.optimizers.SGD(0.5, loss_scale_factor=8.0, gradient_accumulation_steps=2)
    assert float(optimizer.scale_loss(gw.Tensor(np.float32(2.0)))) == 16.0
    for gradient in (8.0, 24.0):
        optimizer.apply([np.full(2, gradient), np.full(1, gradient)], told)
    assert [w.tolist() for w in told] == [[0.0, 1.0], [2.0]]
    assert int(optimizer.iterations) == 1


class Own(keras.optimizers.Optimizer):
    """As one writes it for Keras: momentum, and a count of one's own."""

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.5, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.share = momentum

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")
        self.calls = self.add_variable((), name="calls")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        velocity = self.velocities[self._get_variable_index(variable)]
        self.assign(velocity, velocity * self.share - gradient * learning_rate)
        self.assign_add(variable, velocity)
        self.assign_add(self.calls, 1.0)


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("options", [{}, {"clipnorm": 0.1, "weight_decay": 0.2}, {"use_ema": True, "ema_momentum": 0.5}])
def test_an_update_step_of_ones_own_is_sgd_with_momentum(options: Any, *, eagerly: bool) -> None:
    rate = schedules.ExponentialDecay(0.1, 2, 0.5)
    ends: list[Any] = []
    own, known = Own(rate, **options), keras.optimizers.SGD(rate, momentum=0.5, **options)
    for optimizer in (own, known):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, kernel_initializer="ones")])
        model.compile(optimizer, "mse", run_eagerly=eagerly)
        model.fit(X, Y, batch_size=4, epochs=2, verbose=0, shuffle=False)
        ends.append(model.get_weights())
    for mine, its in zip(*ends, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-6)
    assert (int(own.iterations), int(own.calls)) == (6, 12)
    assert all(v.name.endswith(f"{k}_velocity") for v, k in zip(own.velocities, ("kernel", "bias"), strict=True))
    assert len(own.variables) == 4 + 2 * ("use_ema" in options)
    copied = copy.deepcopy(model_with(Own(0.1, **options)))
    copied.train_on_batch(X, Y)
    again = copy.deepcopy(copied)
    again.train_on_batch(X, Y)
    assert (int(copied.optimizer.calls), int(again.optimizer.calls)) == (2, 4)


def test_what_an_optimizer_of_ones_own_lacks_is_said() -> None:
    class Without(keras.optimizers.Optimizer):
        pass

    with pytest.raises(Exception, match="defines no update_step"):
        Without(0.1).apply([np.ones(2), np.ones(1)], weights())
    with pytest.raises(ArgumentError, match="not here for an update_step"):
        Own(0.1, gradient_accumulation_steps=2).apply([np.ones(2), np.ones(1)], weights())
    with pytest.raises(ArgumentError, match="2 names and 1 initializers"):
        Own(0.1).add_optimizer_variables(weights(), ["a", "b"], ["zeros"])
    one, two = Own(0.1).add_optimizer_variables(weights(), ["a", "b"], ["zeros", "ones"])
    assert [v.tolist() for v in (*one, *two)] == [[0, 0], [0], [1, 1], [1]]
