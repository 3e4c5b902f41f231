"""torch.distributions: numbers, gradients and errors are PyTorch's (recorded); what is drawn is of the distribution."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import GradwerkError
from gradwerk.torch import distributions
from tests.peers.distribution_cases import ASKED, MADE, WRONG, answer, gradients, names

RECORDED = json.loads((Path(__file__).parents[1] / "peers" / "recorded" / "distributions.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MADE)
def test_numbers_are_torchs(name: str) -> None:
    made, other, value = MADE[name]
    held, differing = names(torch), []
    for asked in ASKED:
        p, x, q = eval(made, held), eval(value, held).detach(), eval(other, held) if other else None
        expected = RECORDED["answers"][name][asked]
        try:
            found = answer(torch, asked, p, x, q)
        except NotImplementedError:
            found = "absent"
        if asked == "shapes" or isinstance(expected, str) or isinstance(found, str):
            equal = found == expected
        else:
            equal = np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=3e-5, atol=3e-6, equal_nan=True)
        if not equal and (name, asked) not in LACKING:
            differing.append((asked, found, expected))
    assert differing == []


@pytest.mark.parametrize("name", MADE)
def test_gradients_are_torchs(name: str) -> None:
    for found, expected in zip(gradients(torch, name), RECORDED["gradients"][name], strict=True):
        np.testing.assert_allclose(found, expected, rtol=5e-5, atol=5e-6)


@pytest.mark.parametrize("text", WRONG)
def test_errors_are_torchs(text: str) -> None:
    kind = RECORDED["wrong"][text]
    with pytest.raises(getattr(builtins, kind)) as caught:
        eval(text, names(torch))
    assert isinstance(caught.value, GradwerkError)


LACKING = {("Gamma", "cdf"): "the incomplete gamma function is not here yet"}
COUNT = 4000
DRAWN = [name for name, (made, _, _) in MADE.items() if not made.startswith("Trans")]


@pytest.mark.parametrize("name", DRAWN)
def test_draws_have_the_mean_and_variance_of_the_distribution(name: str) -> None:
    p = eval(MADE[name][0], names(torch))
    torch.manual_seed(0)
    drawn = p.sample((COUNT,))
    assert not drawn.requires_grad and tuple(drawn.shape) == (COUNT, *p.batch_shape, *p.event_shape)
    assert p.support is None or bool(p.support.check(drawn).all())
    if isinstance(p, distributions.Categorical):
        found = np.stack([(drawn.numpy() == k).mean(0) for k in range(p.probs.shape[-1])], -1)
        np.testing.assert_allclose(found, p.probs.detach().numpy(), atol=0.03)
        return
    mean, spread = p.mean.detach().numpy(), p.stddev.detach().numpy()
    np.testing.assert_allclose(drawn.numpy().mean(0), mean, atol=float(5 * np.max(spread) / COUNT**0.5))
    if name != "LogNormal":  # its tails make the deviation of so many uncertain
        np.testing.assert_allclose(drawn.numpy().std(0), spread, rtol=0.12)


@pytest.mark.parametrize("name", [name for name in DRAWN if name not in ("Gamma", "Beta", "Dirichlet")])
def test_gradients_flow_through_draws_where_they_can(name: str) -> None:
    p = eval(MADE[name][0], names(torch))
    if not p.has_rsample:
        with pytest.raises(NotImplementedError, match="rsample"):
            p.rsample()
        return
    torch.manual_seed(3)
    assert p.rsample((2,)).requires_grad or name == "Normal of numbers"
    loc = torch.tensor([0.5, 1.0], requires_grad=True)
    torch.manual_seed(3)
    y = distributions.Normal(loc, 2.0).rsample((5,))
    (found,) = torch.autograd.grad(y.sum(), loc)
    np.testing.assert_array_equal(found.numpy(), [5.0, 5.0])


def test_a_policy_learns_from_its_draws() -> None:
    """As the examples of reinforcement learning do: log_prob of what was drawn, times the reward."""
    torch.manual_seed(0)
    logits = torch.zeros(3, requires_grad=True)
    for _ in range(60):
        chosen = distributions.Categorical(logits=logits).sample((16,))
        loss = -(distributions.Categorical(logits=logits).log_prob(chosen) * (chosen == 1).float()).mean()
        loss.backward()
        with torch.no_grad():
            logits -= 0.5 * logits.grad
        logits.grad = None
    assert distributions.Categorical(logits=logits).probs[1].item() > 0.7


def test_checks_can_be_left_out() -> None:
    assert np.isnan(distributions.Normal(0.0, -1.0, validate_args=False).log_prob(torch.tensor(1.0)).item())
    distributions.Distribution.set_default_validate_args(False)
    try:
        distributions.Normal(0.0, -1.0)
    finally:
        distributions.Distribution.set_default_validate_args(True)
    assert repr(distributions.Normal(torch.zeros(3), 1.0)) == "Normal(loc: torch.Size([3]), scale: torch.Size([3]))"
    assert repr(distributions.constraints.positive) == "GreaterThan(lower_bound=0.0)"


def test_a_rule_of_ones_own() -> None:
    class Own(distributions.Normal):
        pass

    @distributions.register_kl(Own, distributions.Normal)
    def rule(p: Any, q: Any) -> Any:
        return torch.tensor(7.0)

    assert distributions.kl_divergence(Own(0.0, 1.0), distributions.Normal(0.0, 1.0)).item() == 7
    assert distributions.kl_divergence(distributions.Normal(0.0, 1.0), Own(0.0, 1.0)).item() == 0
    del distributions.kl.RULES[Own, distributions.Normal]
