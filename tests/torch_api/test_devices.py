"""Devices, with a simulated second kind: moves, what may meet, what NumPy sees, modules, optimizers, files, compiled steps."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, TraceError
from gradwerk.tensor import devices
from gradwerk.torch import nn
from tests.simulated import Simulated

TWO = r"Expected all tensors to be on the same device, but found at least two devices, cpu and sim:0!"


@pytest.fixture
def sim() -> Iterator[Simulated]:
    kind = Simulated()
    with devices.registered("sim", kind):
        yield kind


def place(x: Any) -> str:
    return str(x.device)


def test_without_another_kind_there_is_the_cpu() -> None:
    x = torch.ones(2)
    assert (place(x), x.is_cuda, x.is_cpu, torch.cuda.is_available(), torch.cuda.device_count()) == ("cpu", False, True, False, 0)
    assert x.to("cpu") is x.cpu() is x.to(torch.device("cpu")) is x
    assert torch.device("cpu:0").index == 0
    for ask in (lambda: x.cuda(), lambda: x.to("cuda"), lambda: nn.Linear(1, 1).cuda(), lambda: torch.device("cuda:0")):
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            ask()
    for name in ("sim", "sim:0", "cpu:1", "cpu:x", ""):
        with pytest.raises(ArgumentError, match="there is no device"):
            torch.device(name)


def test_names_and_numbers(sim: Simulated) -> None:
    assert [str(torch.device(name)) for name in ("sim", "sim:1", "cpu")] == ["sim", "sim:1", "cpu"]
    assert (torch.device("sim:1").type, torch.device("sim", 1).index) == ("sim", 1)
    assert torch.device("sim", 1) == torch.device("sim:1") != torch.device("sim")
    assert place(torch.ones(1).to("sim")) == "sim:0"
    with pytest.raises(ArgumentError, match="there is no device 'sim:2'"):
        torch.device("sim:2")
    with pytest.raises(ArgumentError, match="there is a device 'sim' already"), devices.registered("sim", sim):
        pass


def test_moves_are_copies_and_gradients_flow_back(sim: Simulated) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.to("sim")
    assert (place(x), place(y), y.tolist(), y.is_leaf) == ("cpu", "sim:0", [1.0, 2.0], False)
    assert sim.copies == [("in", 0)]
    z = y.to("sim:1")
    assert (place(z), sim.copies[1:]) == ("sim:1", [("out", 0), ("in", 1)])
    assert y.to("sim:0") is y
    (z.cpu() * torch.tensor([3.0, 5.0])).sum().backward()
    assert x.grad is not None
    assert (place(x.grad), x.grad.tolist()) == ("cpu", [3.0, 5.0])
    with torch.no_grad():
        x += 1
    assert y.tolist() == [1.0, 2.0]
    assert place(x.to(y)) == "sim:0"
    assert (place(x.to("sim", torch.float64)), x.to("sim", torch.float64).dtype) == ("sim:0", torch.float64)


def test_what_is_computed_stays_there(sim: Simulated) -> None:
    x = torch.arange(6, dtype=torch.float32).reshape(2, 3).to("sim")
    results = [
        x + 1, 2.0 * x, x @ x.T, x.sum(), x.t(), x[0], x[:, 1:], x.reshape(3, 2), torch.cat([x, x]), x.clone(), x.detach(), x > 2,
        x.argmax(), torch.zeros_like(x), torch.ones_like(x), torch.rand_like(x), torch.randn_like(x), x.contiguous(), x.double(),
        copy.deepcopy(x), torch.where(x > 2, x, 0.0), torch.softmax(x, 1), x * torch.tensor(2.0), x.data, copy.copy(x),
        torch.exp(torch.ones(300, 300).to(x)),
    ]  # fmt: skip
    assert {place(y) for y in results} == {"sim:0"}
    x[0] = 7.0
    x[1] = torch.ones(3)
    x.t()[0].mul_(2)
    assert (place(x), x.tolist()) == ("sim:0", [[14.0, 7.0, 7.0], [2.0, 1.0, 1.0]])
    x.copy_(torch.zeros(2, 3))
    assert (place(x), x.sum().item()) == ("sim:0", 0.0)


def test_two_devices_do_not_meet(sim: Simulated) -> None:
    x, y = torch.ones(2), torch.ones(2).to("sim")
    for ask in (lambda: x + y, lambda: y * x, lambda: torch.cat([x, y]), lambda: torch.where(x > 0, y, y), lambda: y.add_(x)):
        with pytest.raises(RuntimeError, match=TWO):
            ask()
    with pytest.raises(RuntimeError, match="two devices, sim:0 and sim:1!"):
        y + y.to("sim:1")
    assert place(y * torch.tensor(3.0)) == place(torch.tensor(3.0) * y) == "sim:0"
    assert place(torch.tensor(3.0).to("sim") * y) == "sim:0"


def test_numpy_sees_the_cpu_alone(sim: Simulated) -> None:
    x = torch.ones(2).to("sim")
    message = r"can't convert sim:0 device type tensor to numpy. Use Tensor.cpu\(\) to copy the tensor to host memory first."
    for ask in (x.numpy, lambda: np.asarray(x), lambda: np.exp(x)):
        with pytest.raises(TypeError, match=message):
            ask()
    assert x.cpu().numpy().tolist() == x.numpy(force=True).tolist() == x.tolist() == [1.0, 1.0]
    assert (x.sum().item(), float(x[0]), bool(x[0])) == (2.0, 1.0, True)
    assert repr(x) == "tensor([1., 1.], device='sim:0')"


def trained(net: Any, x: Any, y: Any, optimizer: Any, steps: int = 3) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        ((net(x) - y) ** 2).mean().backward()
        optimizer.step()


def net_of() -> Any:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))


@pytest.mark.parametrize("rule", ["SGD", "Adam"])
@pytest.mark.parametrize("when", ["before", "between"])
def test_modules_and_what_optimizers_hold_are_moved(sim: Simulated, rule: str, when: str) -> None:
    x, y = torch.randn(8, 3), torch.randn(8, 1)
    here, there = net_of(), net_of()
    options = {"lr": 0.05, **({"momentum": 0.9} if rule == "SGD" else {})}
    mine, other = (getattr(torch.optim, rule)(net.parameters(), **options) for net in (here, there))
    if when == "between":
        trained(here, x, y, mine)
        trained(there, x, y, other)
    weights = list(there.parameters())
    assert there.to("sim") is there
    assert all(a is b for a, b in zip(weights, there.parameters(), strict=True))
    assert {place(one) for one in (*there.parameters(), *there.buffers())} == {"sim:0"}
    trained(here, x, y, mine)
    trained(there, x.to("sim"), y.to("sim"), other)
    assert {place(p.grad) for p in there.parameters()} == {"sim:0"}
    assert {place(p) for p in there.parameters()} == {"sim:0"}
    for a, b in zip(here.parameters(), there.cpu().parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    assert {place(p.grad) for p in there.parameters()} == {"cpu"}
    with pytest.raises(RuntimeError, match=TWO):
        there.to("sim")(x)


def test_layers_are_made_on_the_cpu(sim: Simulated) -> None:
    with pytest.raises(ArgumentError, match="made on the CPU, not on sim"):
        nn.Linear(2, 2, device="sim")
    with pytest.raises(ArgumentError, match="made on the CPU, not on sim"):
        torch.zeros(2, device="sim")


def test_files_hold_contents_and_map_location_says_where_they_go(sim: Simulated, tmp_path: Any) -> None:
    net = net_of().to("sim")
    torch.save(net.state_dict(), tmp_path / "net")
    assert {place(one) for one in torch.load(tmp_path / "net").values()} == {"cpu"}
    named_places = {"sim:1": "sim:1", torch.device("sim"): "sim:0", None: "cpu"}
    for named, there in [*named_places.items(), ({"cpu": "sim:1"}, "sim:1"), ({"cuda:0": "sim"}, "cpu")]:
        assert {place(one) for one in torch.load(tmp_path / "net", map_location=named).values()} == {there}
    other = net_of()
    other.load_state_dict(torch.load(tmp_path / "net", map_location="sim"))
    assert {place(p) for p in other.parameters()} == {"cpu"}
    net.load_state_dict(other.state_dict())
    assert {place(p) for p in net.parameters()} == {"sim:0"}


def test_compiled_steps_are_guarded_by_the_device_of_arguments_and_of_what_they_hold(sim: Simulated) -> None:
    net = net_of()

    @torch.compile
    def step(x: Any) -> Any:
        return net(x).tanh(), x[0]

    x = torch.randn(4, 3)
    first = [one.tolist() for one in step(x)]
    with pytest.raises(RuntimeError, match=TWO):
        step(x.to("sim"))
    net.to("sim")
    with pytest.raises(RuntimeError, match=TWO):
        step(x)
    results = step(x.to("sim"))
    assert {place(one) for one in results} == {"sim:0"}
    traces = len(step.retraces)
    step(x.to("sim"))
    assert len(step.retraces) == traces
    net.cpu()
    results = step(x)
    assert {place(one) for one in results} == {"cpu"}
    assert len(first[0]) == 4


def test_gradients_of_compiled_steps_are_where_their_leaves_are(sim: Simulated) -> None:
    x = torch.randn(4, 3)

    def gradients(net: Any, step: Any, x: Any) -> list[Any]:
        net.zero_grad()
        loss = step(x)
        if loss.requires_grad:
            loss.backward()
        return [p.grad for p in net.parameters()]

    for inside in (True, False):
        net = nn.Linear(3, 2).to("sim")

        def step(x: Any, net: Any = net, inside: bool = inside) -> Any:
            loss = (net(x) ** 2).sum()
            if inside:
                loss.backward()
                return loss.detach()
            return loss

        there = x.to("sim")
        eager = [one.tolist() for one in gradients(net, step, there)]
        compiled = gradients(net, torch.compile(step), there)
        assert {place(one) for one in compiled} == {"sim:0"}
        for one, other in zip(compiled, eager, strict=True):
            np.testing.assert_allclose(one.tolist(), other, rtol=1e-5)
        assert place(compiled[0] + net.weight) == "sim:0"


def test_a_whole_step_with_an_optimizer_runs_compiled(sim: Simulated) -> None:
    here, there = net_of(), net_of().to("sim")
    x, y = torch.randn(8, 3), torch.randn(8, 1)
    for net, given in ((here, (x, y)), (there, (x.to("sim"), y.to("sim")))):
        optimizer = torch.optim.Adam(net.parameters(), lr=0.05)

        @torch.compile
        def step(x: Any, y: Any, net: Any = net, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = ((net(x) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss.detach()

        for _ in range(3):
            step(*given)
    assert {place(p) for p in there.parameters()} == {"sim:0"}
    for a, b in zip(here.parameters(), there.parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().cpu().numpy())


def test_moving_inside_a_compiled_function_is_refused(sim: Simulated) -> None:
    with pytest.raises(TraceError, match="is moved from cpu to sim:0 inside a compiled function"):
        torch.compile(lambda x: x.to("sim"))(torch.ones(2))


def test_the_core_refuses_numpy_too(sim: Simulated) -> None:
    import gradwerk as gw

    x = gw.Tensor([1.0])
    x._storage.place = devices.Device("sim", 0)
    with pytest.raises(ArgumentTypeError, match="can't convert sim:0"):
        x.numpy()
