"""torch.compile gives a function for a function, and for a module what is used as the module is."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError
from gradwerk.torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop, self.second = nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2)
        self.register_buffer("scale", torch.tensor(2.0))
        self.power = 1

    def forward(self, x: Any) -> Any:
        return self.second(self.drop(torch.tanh(self.first(x)))) * self.scale * self.power

    def count(self) -> int:
        return sum(p.numel() for p in self.parameters())


def test_a_compiled_module_is_used_as_the_module() -> None:
    model = Net()
    fast = torch.compile(model)
    assert isinstance(fast, nn.Module)
    assert [id(p) for p in fast.parameters()] == [id(p) for p in model.parameters()]
    assert list(fast.state_dict()) == [f"_orig_mod.{name}" for name in model.state_dict()]
    assert fast.first is model.first
    assert fast.count() == model.count()
    assert [type(child).__name__ for child in fast.children()] == ["Net"]
    with pytest.raises(AttributeError, match="third"):
        _ = fast.third
    assert fast.eval() is fast
    assert not model.training
    assert not fast.training
    assert not model.drop.training
    x = torch.randn(5, 3)
    plain = model(x).detach().numpy()
    np.testing.assert_allclose(fast(x).detach().numpy(), plain, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fast.forward(x).detach().numpy(), plain, rtol=1e-5, atol=1e-6)
    assert fast.train().training
    assert model.drop.training


def test_attributes_set_on_it_are_the_modules_and_trace_again() -> None:
    model = Net().eval()
    fast = torch.compile(model)
    x = torch.randn(5, 3)
    once = fast(x).detach().numpy()
    fast.power = 3
    assert model.power == 3
    np.testing.assert_allclose(fast(x).detach().numpy(), 3 * once, rtol=1e-5)
    del fast.power
    assert not hasattr(model, "power")


def test_states_go_from_one_to_another() -> None:
    one, two = torch.compile(Net()), torch.compile(Net())
    two.load_state_dict(one.state_dict())
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_a_compiled_module_trains_in_a_compiled_step_as_the_module_does() -> None:
    weights = []
    for wrap in (lambda m: m, torch.compile):
        torch.manual_seed(3)
        model = Net().eval()
        used = wrap(model)
        optimizer = torch.optim.SGD(used.parameters(), lr=0.1)

        @torch.compile
        def step(x: Any, used: Any = used, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = (used(x) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss

        for _ in range(3):
            step(torch.ones(4, 3))
        weights.append([p.detach().numpy().copy() for p in model.parameters()])
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_options() -> None:
    @torch.compile(fullgraph=True, mode="max-autotune", dynamic=None)
    def double(x: Any) -> Any:
        return x + x

    assert double(torch.ones(2)).tolist() == [2.0, 2.0]
    model = Net()
    assert torch.compile(model, disable=True) is model
    with pytest.raises(ArgumentError, match="torch's option 'backend' is not supported"):
        torch.compile(model, backend="cudagraphs")


def test_options_that_change_nothing_or_are_refused() -> None:
    assert torch.zeros(2, device="cpu", pin_memory=True).tolist() == [0.0, 0.0]
    assert nn.Linear(2, 2, device=torch.device("cpu"), dtype=torch.float32).weight.shape == (2, 2)
    assert torch.ones(2).to("cpu", non_blocking=True).tolist() == [1.0, 1.0]
    for call in (
        lambda: torch.tensor([1.0], device="cuda"), lambda: torch.zeros(2, device="cuda:0"), lambda: nn.Linear(2, 2, device="mps"),
        lambda: nn.Linear(2, 2, dtype=torch.int64),
        lambda: torch.optim.SGD(Net().parameters(), differentiable=True),
    ):  # fmt: skip
        with pytest.raises(ArgumentError):
            call()


def test_gradients_set_to_zero_stay() -> None:
    model = Net().eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for forget in (model.zero_grad, optimizer.zero_grad):
        model(torch.ones(1, 3)).sum().backward()
        forget(set_to_none=False)
        assert all(p.grad is not None and not p.grad.numpy().any() for p in model.parameters())
        forget()
        assert all(p.grad is None for p in model.parameters())


def test_grad_gives_a_tuple() -> None:
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    (first,) = torch.autograd.grad(y, x, retain_graph=True)
    assert first.tolist() == [2.0, 2.0]
    assert torch.autograd.grad(y, [x], None, True)[0].tolist() == [2.0, 2.0]


def test_whole_numbers_and_generators() -> None:
    def generator() -> torch.Generator:
        return torch.Generator().manual_seed(5)

    assert torch.randint(9, (4,), generator=generator()).tolist() == torch.randint(0, 9, (4,), generator=generator()).tolist()
    assert torch.randint(3, 9, size=(40,)).numpy().min() >= 3
    with pytest.raises(ArgumentError, match=r"\(high, size\)"):
        torch.randint(3)
    with pytest.raises(ArgumentError, match="no whole number"):
        torch.randint(5, 5, (2,))
    data = torch.utils.data.TensorDataset(torch.arange(10))
    one, two = ([b[0].tolist() for b in torch.utils.data.DataLoader(data, 5, True, generator=generator())] for _ in range(2))
    assert one == two
    weight = torch.zeros(3, 3)
    assert not torch.equal(nn.init.normal_(weight, generator=generator()), torch.zeros(3, 3))


def test_softmax_of_no_axis_warns_as_torch_does() -> None:
    with pytest.warns(UserWarning, match="Implicit dimension"):
        assert nn.Softmax()(torch.zeros(2, 4)).tolist() == [[0.25] * 4] * 2


@pytest.mark.parametrize("dtypes", [("float32", "float64", None), ("float64", "float32", "float32"), ("float32", "float32", "float64"),
                                    ("float32", "float16", "float32")])  # fmt: skip
def test_cross_entropy_of_probabilities_of_another_dtype_is_in_the_common_one(dtypes: tuple[str, str, str | None]) -> None:
    x, y, w = np.array([[0.5, -1.0, 2.0]]), np.array([[0.25, 0.25, 0.5]]), np.array([1.0, 2.0, 4.0])
    given = [None if dtype is None else torch.tensor(array.astype(dtype)) for array, dtype in zip((x, y, w), dtypes, strict=True)]
    given[0].requires_grad_()
    found = nn.functional.cross_entropy(given[0], given[1], weight=given[2])
    found.backward()
    logs = x - np.log(np.exp(x).sum())
    assert str(found.dtype) == str(np.result_type(*[dtype for dtype in dtypes if dtype is not None]))
    assert str(given[0].grad.dtype) == dtypes[0]
    assert found.item() == pytest.approx(-(logs * y * (1 if dtypes[2] is None else w)).sum(), rel=1e-6)


def test_smoothed_cross_entropy_of_probabilities() -> None:
    x, labels = torch.tensor([[1.0, 2.0, 0.5], [0.1, 0.2, 3.0]]), torch.tensor([2, 0])
    by_label = nn.functional.cross_entropy(x, labels, label_smoothing=0.2)
    by_row = nn.functional.cross_entropy(x, nn.functional.one_hot(labels).float(), label_smoothing=0.2)
    np.testing.assert_allclose(by_label.item(), by_row.item(), rtol=1e-6)


DRAWS = {
    "rand": lambda x, g: torch.rand(3, 2, generator=g),
    "randn": lambda x, g: torch.randn((4,), generator=g),
    "rand_like": lambda x, g: torch.rand_like(x, generator=g) * x,
    "randn_like": lambda x, g: torch.randn_like(x, generator=g),
    "noise": lambda x, g: x + 0.1 * torch.randn(x.shape, generator=g),
    "both": lambda x, g: torch.cat([torch.rand(2, generator=g), torch.rand(2, generator=g)]),
    "written": lambda x, g: torch.rand(4, generator=g).add_(x),
}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", DRAWS)
def test_random_numbers_are_drawn_at_each_call_and_are_those_of_eager_mode(name: str, own: bool) -> None:
    x, generator = torch.arange(4.0), torch.Generator() if own else None
    runs = []
    for wrap in (lambda fn: fn, torch.compile):
        fn = wrap(lambda x: DRAWS[name](x, generator))
        (generator or torch).manual_seed(7)
        runs.append([fn(x).numpy() for _ in range(3)])
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-6, atol=1e-6)
    assert not np.array_equal(runs[1][0], runs[1][1])


def test_a_leaf_may_be_drawn_inside_a_compiled_function() -> None:
    def fn() -> Any:
        leaf = torch.rand(3, requires_grad=True)
        (leaf * leaf).sum().backward()
        return leaf, leaf.grad

    for leaf, gradient in (torch.compile(fn)(), fn()):
        np.testing.assert_allclose(gradient.numpy(), 2 * leaf.detach().numpy())


PIECES = ("forget", "forward", "loss", "clip", "update", "average", "predict")


@pytest.mark.parametrize("compiled", [*((piece,) for piece in PIECES), PIECES[:3], PIECES[3:], PIECES], ids=" ".join)
@pytest.mark.parametrize("rule", ["SGD", "Adam"])
def test_a_step_may_be_compiled_piece_by_piece(rule: str, compiled: tuple[str, ...]) -> None:
    """Any piece of a training step is a compiled function of its own, others run op by op: the same numbers come out."""
    results = []
    for chosen in ((), compiled):
        wrap = {piece: torch.compile if piece in chosen else (lambda fn: fn) for piece in PIECES}
        torch.manual_seed(3)
        model = Net()
        averages = copy.deepcopy(model)
        options = {"lr": 0.1, "momentum": 0.9} if rule == "SGD" else {"lr": 0.01, "eps": 0.01}
        update = getattr(torch.optim, rule)(model.parameters(), **options)

        def average(model: Any = model, averages: Any = averages) -> None:
            with torch.no_grad():
                for p, mean in zip(model.parameters(), averages.parameters(), strict=True):
                    mean.mul_(0.9)
                    mean.add_(p * 0.1)

        forget, forward = wrap["forget"](lambda update=update: update.zero_grad()), wrap["forward"](lambda x, model=model: model(x))
        loss = wrap["loss"](lambda p, y: ((p - y) ** 2).mean())
        clip = wrap["clip"](lambda model=model: nn.utils.clip_grad_norm_(model.parameters(), 0.5))
        step, averaged = wrap["update"](lambda update=update: update.step()), wrap["average"](average)
        predict = wrap["predict"](lambda x, model=model: model(x))
        seen = []
        for k in range(5):
            x = torch.tensor(np.random.default_rng(k).normal(size=(2 + k % 2, 3)).astype(np.float32))
            forget()
            value = loss(forward(x), x[:, :2])
            value.backward()
            norm = clip()
            step()
            averaged()
            model.eval()
            seen += [value.item(), norm.item(), *predict(x).detach().numpy().ravel()]
            model.train()
        results.append([*seen, *(v for p in averages.parameters() for v in p.detach().numpy().ravel())])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-3, atol=1e-5)
