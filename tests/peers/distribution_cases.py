"""Distributions and what PyTorch says of them, for tests/torch_api/test_distributions.py:

    python -m tests.peers.distribution_cases PATH      (PyTorch 2.13.0)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

MADE = {
    "Normal": ("Normal(t([0.5, -1.0]), t([1.5, 0.3]))", "Normal(t([0.1, 2.0]), t([0.7, 1.1]))", "t([[0.3, 0.2], [-2.0, 4.0]])"),
    "Normal of numbers": ("Normal(0.5, 2.0)", "Normal(1.0, 0.5)", "t(0.7)"),
    "Uniform": ("Uniform(t([0.0, -1.0]), t([1.0, 3.0]))", "Uniform(t([-1.0, -2.0]), t([2.0, 2.5]))", "t([0.25, 2.0])"),
    "Exponential": ("Exponential(t([0.5, 2.0]))", "Exponential(t([1.5, 0.2]))", "t([0.3, 2.5])"),
    "Laplace": ("Laplace(t([0.5, -1.0]), t([1.5, 0.3]))", "Laplace(t([0.1, 2.0]), t([0.7, 1.1]))", "t([[0.3, 0.2], [-2.0, 4.0]])"),
    "Gamma": ("Gamma(t([0.5, 3.0]), t([1.5, 0.3]))", "Gamma(t([1.1, 2.0]), t([0.7, 1.1]))", "t([0.3, 2.0])"),
    "Beta": ("Beta(t([0.5, 3.0]), t([1.5, 2.3]))", "Beta(t([1.1, 2.0]), t([0.7, 1.1]))", "t([0.3, 0.9])"),
    "Dirichlet": ("Dirichlet(t([[0.5, 3.0, 1.0], [2.0, 1.0, 4.0]]))", "Dirichlet(t([1.5, 2.0, 1.1]))", "t([0.3, 0.2, 0.5])"),
    "Bernoulli": ("Bernoulli(probs=t([0.2, 0.7]))", "Bernoulli(probs=t([0.6, 0.9]))", "t([1.0, 0.0])"),
    "Bernoulli of logits": ("Bernoulli(logits=t([0.2, -0.7]))", "Bernoulli(logits=t([1.6, 0.9]))", "t([1.0, 0.0])"),
    "Geometric": ("Geometric(probs=t([0.2, 0.7]))", "Geometric(probs=t([0.6, 0.9]))", "t([3.0, 0.0])"),
    "Binomial": ("Binomial(5, probs=t([0.2, 0.7]))", "Binomial(5, probs=t([0.6, 0.9]))", "t([3.0, 5.0])"),
    "Poisson": ("Poisson(t([0.5, 4.0]))", "Poisson(t([1.5, 2.0]))", "t([2.0, 3.0])"),
    "Categorical": ("Categorical(probs=t([[1.0, 2.0, 3.0], [0.2, 0.3, 0.5]]))", "Categorical(logits=t([0.2, -1.0, 0.3]))", "i([2, 0])"),
    "Categorical of logits": ("Categorical(logits=t([0.2, -1.0, 0.3]))", "Categorical(probs=t([1.0, 1.0, 3.0]))", "i([[0], [2]])[:, 0]"),
    "OneHotCategorical": (
        "OneHotCategorical(probs=t([1.0, 2.0, 3.0]))", "OneHotCategorical(probs=t([3.0, 2.0, 3.0]))", "t([0.0, 0.0, 1.0])",
    ),
    "Multinomial": ("Multinomial(4, probs=t([1.0, 2.0, 3.0]))", "", "t([1.0, 0.0, 3.0])"),
    "MultivariateNormal": (
        "MultivariateNormal(t([0.5, -1.0]), t([[2.0, 0.5], [0.5, 1.0]]))",
        "MultivariateNormal(t([0.0, 1.0]), scale_tril=t([[1.0, 0.0], [0.3, 0.7]]))", "t([[0.1, 0.2], [1.0, -2.0]])",
    ),
    "MultivariateNormal of precision": (
        "MultivariateNormal(t([0.5, -1.0]), precision_matrix=t([[2.0, 0.5], [0.5, 1.0]]))", "", "t([0.1, 0.2])",
    ),
    "LogNormal": ("LogNormal(t([0.5, -1.0]), t([1.5, 0.3]))", "LogNormal(t([0.1, 2.0]), t([0.7, 1.1]))", "t([0.3, 0.2])"),
    "Independent": (
        "Independent(Normal(t([0.5, -1.0]), t([1.5, 0.3])), 1)", "Independent(Normal(t([0.1, 2.0]), t([0.7, 1.1])), 1)", "t([0.3, 0.2])",
    ),
    "Tanh of normal": ("TransformedDistribution(Normal(t([0.5, -1.0]), 1.5), [TanhTransform()])", "", "t([0.3, -0.2])"),
    "Logistic": (
        "TransformedDistribution(Uniform(t(0.0), 1.0), [SigmoidTransform().inv, AffineTransform(0.5, -2.0)])", "", "t([0.3, -0.2])",
    ),
    "Power of exponential": ("TransformedDistribution(Exponential(t([0.5, 2.0])), PowerTransform(2.0))", "", "t([0.3, 1.2])"),
    "Softplus": ("TransformedDistribution(Normal(t(0.5), 1.5), [SoftplusTransform(), ExpTransform()])", "", "t([1.3, 2.2])"),
}  # fmt: skip
ASKED = ("log_prob", "cdf", "icdf", "entropy", "perplexity", "mean", "mode", "variance", "stddev", "enumerate_support", "kl", "repr",
         "shapes")  # fmt: skip
WRONG = (
    "Normal(0.0, -1.0)", "Normal(t([1.0]), t([0.0]))", "Uniform(1.0, 0.0)", "Bernoulli(1.5)", "Bernoulli()", "Bernoulli(0.5, 0.5)",
    "Categorical(t([-1.0, 2.0]))", "Categorical(t(1.0))", "Normal(0.0, 1.0).log_prob(1.0)", "Exponential(1.0).log_prob(t(-1.0))",
    "Categorical(t([0.5, 0.5])).log_prob(i(2))", "MultivariateNormal(t([0.0, 0.0]), t([[1.0, 2.0], [2.0, 1.0]]))", "Normal('a', 1.0)",
    "MultivariateNormal(t([0.0, 0.0]))", "Bernoulli(0.5).rsample()", "kl_divergence(Normal(0.0, 1.0), Poisson(1.0))",
    "Gamma(1.0, 1.0).icdf(t(0.5))",
    "Independent(Normal(0.0, 1.0), 1)", "Normal(t([0.0, 1.0]), 1.0).log_prob(t([1.0, 2.0, 3.0]))", "Poisson(-1.0)", "Binomial(-1, 0.5)",
)  # fmt: skip


def names(torch: Any) -> dict[str, Any]:
    """What the texts above speak of: t makes parameters, i whole numbers."""
    held = vars(torch.distributions) | {name: getattr(torch.distributions, name) for name in dir(torch.distributions) if name[0].isupper()}
    return {**held, "t": lambda x: torch.tensor(x, requires_grad=True), "i": torch.tensor}


def plain(x: Any) -> Any:
    """Numbers in lists, of seven digits."""
    return json.loads(json.dumps(x.detach().tolist()), parse_float=lambda text: float(f"{float(text):.7g}"))


def answers(torch: Any, name: str) -> dict[str, Any]:
    """What is said of one distribution; "absent" where PyTorch has none."""
    made, other, value = MADE[name]
    held = names(torch)
    found: dict[str, Any] = {}
    for asked in ASKED:
        p, x = eval(made, held), eval(value, held).detach()
        try:
            found[asked] = answer(torch, asked, p, x, eval(other, held) if other else None)
        except NotImplementedError:
            found[asked] = "absent"
    return found


def answer(torch: Any, asked: str, p: Any, x: Any, q: Any) -> Any:
    """One answer."""
    if asked in ("log_prob", "cdf"):
        return plain(getattr(p, asked)(x))
    if asked == "icdf":
        return plain(p.icdf(torch.tensor([0.3, 0.8])))
    if asked in ("entropy", "perplexity", "enumerate_support"):
        return plain(getattr(p, asked)())
    if asked == "kl":
        return "absent" if q is None else plain(torch.distributions.kl_divergence(p, q))
    if asked == "repr":
        return repr(p).partition("(")[0]
    if asked == "shapes":
        return [list(p.batch_shape), list(p.event_shape), list(p.expand((3, *p.batch_shape)).sample((2,)).shape), list(p.sample().shape)]
    return plain(getattr(p, asked))


def gradients(torch: Any, name: str) -> Any:
    """Those of log_prob with respect to the parameters that were given."""
    made, _, value = MADE[name]
    held, leaves = names(torch), []

    def leaf(x: Any) -> Any:
        leaves.append(torch.tensor(x, requires_grad=True))
        return leaves[-1]

    x = eval(value, held).detach()
    found = eval(made, {**held, "t": leaf}).log_prob(x).sum()
    return [plain(one) for one in torch.autograd.grad(found, leaves)] if leaves else []


def refusal(torch: Any, text: str) -> str:
    """The kind of an error."""
    try:
        eval(text, names(torch))
    except Exception as error:
        return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    return "none"


if __name__ == "__main__":
    import torch

    said = {"answers": {name: answers(torch, name) for name in MADE}, "gradients": {name: gradients(torch, name) for name in MADE}}
    said["wrong"] = {text: refusal(torch, text) for text in WRONG}
    Path(sys.argv[1]).write_text(json.dumps(said), encoding="utf-8")
