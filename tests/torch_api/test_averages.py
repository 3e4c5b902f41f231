"""torch.optim.swa_utils: averages of weights against NumPy's, statistics made anew.  Schedules: tests/peers/test_schedulers.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.torch.optim import swa_utils

RNG = np.random.default_rng(5)
DECAYED = {"avg_fn": swa_utils.get_ema_avg_fn(0.7)}, {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.7)}
MEANS = {}, {"avg_fn": swa_utils.get_swa_avg_fn()}, {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}


def net() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))


@pytest.mark.parametrize("ways", [MEANS, DECAYED], ids=["mean", "decayed"])
def test_weights_are_averages_and_buffers_the_last_ones(ways: tuple[dict[str, Any], ...]) -> None:
    for way in ways:
        model = net()
        averaged, seen = swa_utils.AveragedModel(model, **way), list[Any]()
        for k in range(4):
            with torch.no_grad():
                for p in model.parameters():
                    p.copy_(torch.tensor(RNG.normal(size=tuple(p.shape)), dtype=torch.float32))
                model[1].running_mean.fill_(float(k))
            averaged.update_parameters(model)
            seen.append([p.detach().numpy().copy() for p in model.parameters()])
        shares = np.full(4, 0.25) if ways is MEANS else np.array([0.7**3, 0.3 * 0.7**2, 0.3 * 0.7, 0.3])
        for mine, rows in zip(averaged.parameters(), zip(*seen, strict=True), strict=True):
            np.testing.assert_allclose(mine.detach().numpy(), np.tensordot(shares, np.array(rows), 1), rtol=1e-5, atol=1e-6)
        assert averaged.module[1].running_mean.tolist() == [3.0] * 4
        assert averaged.n_averaged.item() == 4
        again = swa_utils.AveragedModel(net())
        again.load_state_dict(averaged.state_dict())
        x = torch.ones(2, 3)
        np.testing.assert_array_equal(again.eval()(x).detach().numpy(), averaged.eval()(x).detach().numpy())


def test_buffers_are_averaged_where_that_was_said() -> None:
    model = net()
    averaged = swa_utils.AveragedModel(model, use_buffers=True)
    for k in range(3):
        with torch.no_grad():
            model[1].running_var.fill_(float(k))
            model[1].num_batches_tracked.fill_(2 * k)
        averaged.update_parameters(model)
    assert averaged.module[1].running_var.tolist() == [1.0] * 4
    assert averaged.module[1].num_batches_tracked.item() == 2


def test_statistics_are_the_means_over_all_batches() -> None:
    layer = torch.nn.BatchNorm1d(3, momentum=0.1)
    batches = [torch.tensor(RNG.normal(size=(n, 3)), dtype=torch.float32) for n in (5, 5, 4)]
    layer(torch.ones(2, 3) * 100)
    layer.eval()
    swa_utils.update_bn([(x, "label") for x in batches], layer)
    assert not layer.training
    assert (layer.momentum, layer.num_batches_tracked.item()) == (0.1, 3)
    np.testing.assert_allclose(layer.running_mean.numpy(), np.mean([x.numpy().mean(0) for x in batches], 0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.running_var.numpy(), np.mean([x.numpy().var(0, ddof=1) for x in batches], 0), rtol=1e-5)
    swa_utils.update_bn([], torch.nn.Linear(2, 2))


@pytest.mark.parametrize("wrong", [
    lambda: swa_utils.get_ema_avg_fn(1.5), lambda: swa_utils.get_ema_multi_avg_fn(-0.1),
    lambda: swa_utils.AveragedModel(net(), avg_fn=swa_utils.get_swa_avg_fn(), multi_avg_fn=swa_utils.get_swa_multi_avg_fn()),
    lambda: swa_utils.SWALR(torch.optim.SGD(net().parameters(), lr=0.1), 0.1, anneal_strategy="step"),
    lambda: swa_utils.SWALR(torch.optim.SGD(net().parameters(), lr=0.1), 0.1, anneal_epochs=-1),
])  # fmt: skip
def test_what_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each says it in torch's words
        wrong()
