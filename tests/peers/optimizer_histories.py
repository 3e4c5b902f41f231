"""Random histories of an optimizer, in either namespace: what happens to parameters, gradients, settings, groups and state between steps.

A history is plain data drawn from a seed, so that PyTorch and ours live through the same one.  Recorded are all parameters after each
step, and at the end what the state dict holds, in float64, and PyTorch's own error in float32, which bounds ours (see layer_cases.py).
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Event = tuple[Any, ...]
SHAPES = ((3,), (2, 2), (), (2,), (4,), (1, 2))
SIZES = tuple(int(np.prod(shape)) for shape in SHAPES)
RULES = ("SGD", "Adam", "AdamW")
OTHERS: dict[str, dict[str, list[Any]]] = {
    "RMSprop": {"alpha": [0.9, 0.5], "eps": [1e-3, 1e-2]},
    "Adadelta": {"rho": [0.9, 0.5], "eps": [1e-2]},
    "Adamax": {"betas": [(0.9, 0.99), (0.5, 0.9)], "eps": [1e-3]},
    "NAdam": {"betas": [(0.9, 0.99), (0.5, 0.9)], "momentum_decay": [4e-3, 0.3], "decoupled_weight_decay": [True, False]},
    "RAdam": {"betas": [(0.9, 0.99), (0.5, 0.9)], "decoupled_weight_decay": [True, False]},
    "ASGD": {"lambd": [1e-4, 0.1], "alpha": [0.75, 0.3], "t0": [3.0, 1e6]},
    "Rprop": {"etas": [(0.5, 1.2), (0.3, 1.5)], "step_sizes": [(1e-6, 50), (1e-3, 0.5)]},
    "Adagrad": {"lr_decay": [0.0, 0.1, 0.5], "eps": [1e-10, 1e-2], "initial_accumulator_value": [0.0, 0.1, 2.0]},
}
"""The later rules, and values of settings that change nothing of what is kept."""
FIRST_OF_OTHERS = 1000
"""From this seed on histories are those of the other rules."""
LENGTH = 24
"""Events of a history."""


class History(NamedTuple):
    """How an optimizer is made, and what happens to it."""

    rule: str
    options: dict[str, Any]
    groups: list[list[int]]
    events: list[Event]


def option(rng: np.random.Generator, rule: str) -> tuple[str, Any]:
    """A setting and a value for it."""
    values: dict[str, list[Any]] = {"lr": [0.0, 0.02, 0.1, 0.3], "weight_decay": [0, 0.1, 0.3], "maximize": [True, False]}
    if rule == "Rprop":
        del values["weight_decay"]
    if rule in OTHERS:
        values |= OTHERS[rule]
    elif rule == "SGD":
        values |= {"momentum": [0, 0.5, 0.9, 0.9], "dampening": [0, 0.3, 0.6], "nesterov": [True, False]}
    else:
        values |= {"betas": [(0.9, 0.999), (0.5, 0.9), (0.0, 0.99)], "eps": [1e-8, 1e-3], "decoupled_weight_decay": [True, False]}
    key = str(rng.choice(list(values)))
    return key, values[key][rng.integers(len(values[key]))]


def history(seed: int) -> History:
    """The history of a seed."""
    rng = np.random.default_rng(seed)
    rule = RULES[seed % len(RULES)] if seed < FIRST_OF_OTHERS else [*OTHERS][seed % len(OTHERS)]
    options = dict(option(rng, rule) for _ in range(3))
    if options.pop("nesterov", False):
        options |= {"nesterov": True, "momentum": 0.9, "dampening": 0}
    if rule in ("Adam", "AdamW"):
        options["amsgrad"] = bool(rng.random() < 0.3)
    if rule == "AdamW":
        options.pop("decoupled_weight_decay", None)
    first = int(rng.integers(2, 5))
    groups = [list(range(first))] if rng.random() < 0.5 else [list(range(first // 2)), list(range(first // 2, first))]
    later = list(drawn_events(rng, rule, list(range(first, len(SHAPES)))))
    return History(rule, options, [group for group in groups if group], [("train", (True,) * len(SHAPES), "none", seed), *later])


def drawn_events(rng: np.random.Generator, rule: str, free: list[int]) -> Iterator[Event]:
    """Steps, and what happens between them."""
    kinds = {
        "train": 8, "step": 3, "freeze": 3, "set": 5, "rate": 1, "group": 1, "leave": 1, "enter": 1, "save": 1, "load": 1, "copy": 1,
        "pickle": 0.5, "own": 0.5, "in place": 0.5,
    }  # fmt: skip
    names, weights = list(kinds), np.array(list(kinds.values()))
    for number in range(LENGTH):
        kind, where = str(rng.choice(names, p=weights / weights.sum())), int(rng.integers(100))
        if kind == "train":
            yield kind, tuple((rng.random(len(SHAPES)) < 0.7).tolist()), str(rng.choice(["none", "none", "zeros", "keep"])), 1000 + number
        elif kind == "step":
            yield kind, tuple((rng.random(len(SHAPES)) < 0.6).tolist()), 1000 + number
        elif kind == "freeze":
            yield kind, int(rng.integers(len(SHAPES))), bool(rng.random() < 0.5)
        elif kind == "set":
            yield kind, where, *option(rng, rule), str(rng.choice(["item", "update", "or", "pop", "del"]))
        elif kind == "rate":
            yield kind, where, float(rng.choice([0.05, 0.2])), int(rng.integers(3))
        elif kind == "group" and free:
            yield kind, [free.pop()], dict([option(rng, rule)])
        elif kind in ("leave", "enter"):
            yield kind, where, int(rng.integers(len(SHAPES)))
        elif kind == "load":
            yield kind, bool(rng.random() < 0.4)
        elif kind == "own":
            yield kind, where, float(number)
        elif kind == "in place":
            yield kind, int(rng.integers(len(SHAPES)))
        elif kind in ("save", "copy", "pickle"):
            yield (kind,)


class Life:
    """One optimizer in one namespace, living through a history."""

    def __init__(self, t: Any, made: History, dtype: str, compiled: Callable[[Any], Any]) -> None:
        self.t, self.dtype, self.compiled = t, dtype, compiled
        self.parameters = [t.nn.Parameter(t.tensor(numbers(10 + k, shape, dtype))) for k, shape in enumerate(SHAPES)]
        groups = [{"params": [self.parameters[k] for k in group]} for group in made.groups]
        self.optimizer = getattr(t.optim, made.rule)(groups, **made.options)
        self.saved: Any = None
        self.seen: list[Array] = []
        self.wrap()

    def wrap(self) -> None:
        """Compiles for the present parameters and optimizer."""
        parameters, optimizer = self.parameters, self.optimizer

        def train(c: Any, used: tuple[bool, ...], clearing: str) -> None:
            if clearing != "keep":
                optimizer.zero_grad(set_to_none=clearing == "none")
            parts = np.split(np.arange(sum(SIZES)), np.cumsum(SIZES)[:-1])
            terms = [
                (p * c[int(part[0]) : int(part[-1]) + 1].reshape(p.shape) + 0.5 * p * p).sum()
                for p, part, wanted in zip(parameters, parts, used, strict=True)
                if wanted and p.requires_grad
            ]
            if terms:
                sum(terms[1:], start=terms[0]).backward()
            optimizer.step()

        def step() -> None:
            optimizer.step()

        self.train, self.step = self.compiled(train), self.compiled(step)

    def group(self, where: int) -> Any:
        """A parameter group."""
        return self.optimizer.param_groups[where % len(self.optimizer.param_groups)]

    def live(self, event: Event) -> None:
        """One event."""
        kind, *said = event
        getattr(self, f"on_{kind.replace(' ', '_')}")(*said)
        if kind in ("train", "step"):
            self.seen.append(np.concatenate([np.ravel(p.detach().numpy()) for p in self.parameters]))

    def on_train(self, used: tuple[bool, ...], clearing: str, seed: int) -> None:
        """A whole step."""
        self.train(self.t.tensor(numbers(seed, (sum(SIZES),), self.dtype)), used, clearing)

    def on_step(self, given: tuple[bool, ...], seed: int) -> None:
        """Gradients from elsewhere, some of them none, and an update."""
        for k, (parameter, wanted) in enumerate(zip(self.parameters, given, strict=True)):
            parameter.grad = self.t.tensor(numbers(seed + k, SHAPES[k], self.dtype)) if wanted else None
        self.step()

    def on_freeze(self, which: int, frozen: bool) -> None:
        self.parameters[which].requires_grad = not frozen

    def on_set(self, where: int, key: str, value: Any, how: str) -> None:
        """A setting, in one of the ways of a dict."""
        group = self.group(where)
        if how == "item":
            group[key] = value
        elif how == "update":
            group.update({key: value})
        elif how == "or":
            group |= {key: value}
        elif how == "pop":
            group.pop(key)
            group.setdefault(key, value)
            group.setdefault(key, "another")
        else:
            del group[key]
            group.update([(key, value)])

    def on_rate(self, where: int, value: float, how: int) -> None:
        """A learning rate that is a Tensor, of either width, and with an axis; written to where it is one already."""
        group = self.group(where)
        if isinstance(group["lr"], self.t.Tensor):
            group["lr"].mul_(0.5)
        else:
            group["lr"] = [self.t.tensor(value), self.t.tensor(value, dtype=self.t.float64), self.t.tensor([value])][how]

    def on_group(self, members: list[int], options: dict[str, Any]) -> None:
        """One more group, refused where a parameter has entered another."""
        try:
            self.optimizer.add_param_group({"params": [self.parameters[k] for k in members], **options})
        except ValueError:
            self.seen.append(np.full(1, 7.0, self.dtype))

    def on_leave(self, where: int, place: int) -> None:
        """A parameter leaves its group."""
        params = self.group(where)["params"]
        if params:
            params.pop(place % len(params))

    def on_enter(self, where: int, which: int) -> None:
        """A parameter enters a group, or changes from one to another."""
        for group in self.optimizer.param_groups:
            group["params"] = [p for p in group["params"] if p is not self.parameters[which]]
        self.group(where)["params"].append(self.parameters[which])

    def state_dict(self) -> Any:
        """The state dict, once those that left are back: PyTorch has none for state without a group."""
        present = [p for group in self.optimizer.param_groups for p in group["params"]]
        for parameter in self.parameters:
            if parameter in self.optimizer.state and all(parameter is not p for p in present):
                self.optimizer.param_groups[-1]["params"].append(parameter)
        return self.optimizer.state_dict()

    def on_save(self) -> None:
        self.saved = copy.deepcopy(self.state_dict()), self.members()

    def members(self) -> list[list[int]]:
        """Which parameters are in which group."""
        return [[k for p in group["params"] for k, q in enumerate(self.parameters) if p is q] for group in self.optimizer.param_groups]

    def on_load(self, edited: bool) -> None:
        """What was saved, or what is there now; with other steps and rates."""
        now = self.state_dict()
        state, members = self.saved or (now, self.members())
        others = members != self.members() and [*map(len, members)] == [*map(len, self.members())]
        state = copy.deepcopy(now if others else state)  # PyTorch takes state of another shape, and fails at the next step
        if edited:
            for held in state["state"].values():
                if "step" in held:
                    held["step"] = held["step"] + 2
            state["state"].pop(0, None)
            state["param_groups"][0]["lr"] = 0.07
        try:
            self.optimizer.load_state_dict(state)
        except ValueError:  # other groups by now
            self.seen.append(np.full(1, 7.0, self.dtype))

    def on_copy(self) -> None:
        self.parameters, self.optimizer = copy.deepcopy((self.parameters, self.optimizer))
        self.wrap()

    def on_pickle(self) -> None:
        self.parameters, self.optimizer = pickle.loads(pickle.dumps((self.parameters, self.optimizer)))  # noqa: S301
        self.wrap()

    def on_own(self, where: int, value: float) -> None:
        self.group(where)["of my own"] = value

    def on_in_place(self, which: int) -> None:
        """The state of a parameter is written to."""
        for tensor in self.optimizer.state.get(self.parameters[which], {}).values():
            tensor.mul_(0.5)

    def told(self) -> Iterator[Array]:
        """What the state dict holds, as numbers."""
        state = self.state_dict()
        for place in sorted(state["state"]):
            for key, held in sorted(state["state"][place].items()):
                yield np.array([place, len(key)], self.dtype)
                yield np.ravel(held.numpy()).astype(self.dtype)
        for group in state["param_groups"]:
            for key, value in sorted(group.items()):
                yield np.array([len(key)], self.dtype)
                if key == "lr" or not hasattr(value, "detach"):
                    plain = value.detach().numpy() if hasattr(value, "detach") else value
                    yield np.ravel(np.array(plain, object)).astype(self.dtype) if value is not None else np.zeros(0, self.dtype)


def numbers(seed: int, shape: tuple[int, ...], dtype: str) -> Array:
    """Normal numbers."""
    return np.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)


def run_history(t: Any, name: str, dtype: str, compiled: Callable[[Any], Any] = lambda f: f) -> dict[str, Array]:
    """The parameters after each step, and the state dict at the end."""
    made = history(int(name))
    life = Life(t, made, dtype, compiled)
    for event in made.events:
        life.live(event)
    return {"parameters": np.concatenate(life.seen), "state": np.concatenate([*life.told(), np.zeros(1, dtype)])}


GROUPS: dict[str, tuple[Callable[..., dict[str, Array]], dict[str, Any]]] = {
    "history": (run_history, {str(seed): history(seed) for seed in [*range(36), *range(FIRST_OF_OTHERS, FIRST_OF_OTHERS + 16)]})
}
"""What is recorded; test_torch.py draws others where PyTorch is installed."""
