"""torch.distributions.kl_divergence: by the kinds of the two distributions."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.torch.distributions.categories import Categorical, OneHotCategorical
from gradwerk.torch.distributions.continuous import Exponential, Laplace, Normal, Uniform
from gradwerk.torch.distributions.counts import Bernoulli, Binomial, Geometric, Poisson
from gradwerk.torch.distributions.distribution import Distribution, UndefinedError, sum_rightmost
from gradwerk.torch.distributions.gammas import Beta, Dirichlet, Gamma
from gradwerk.torch.distributions.independent import Independent
from gradwerk.torch.distributions.multivariate import MultivariateNormal, mahalanobis
from gradwerk.torch.distributions.transformed import TransformedDistribution
from gradwerk.torch.linalg.inverses import solve_triangular
from gradwerk.torch.nn.activations import softplus
from gradwerk.torch.tensors import Tensor

Rule = Callable[[Any, Any], Tensor]
RULES: dict[tuple[type, type], Rule] = {}
"""The rule of each pair of kinds; people add theirs."""
INFINITE = float("inf")


def register_kl(type_p: type, type_q: type) -> Callable[[Rule], Rule]:
    """A decorator for the rule of two kinds of distributions.  Raises: ArgumentTypeError for what is no Distribution."""
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise ArgumentTypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def decorate(rule: Rule) -> Rule:
        RULES[type_p, type_q] = rule
        return rule

    return decorate


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """The mean of log p(x) - log q(x) over p.  Shape: batch_shape.  Raises: UndefinedError for a pair without a rule."""
    order = type(p).__mro__, type(q).__mro__
    fitting = [pair for pair in RULES if isinstance(p, pair[0]) and isinstance(q, pair[1])]
    found = [(order[0].index(a) + order[1].index(b), RULES[a, b]) for a, b in fitting]
    if not found:
        raise UndefinedError(f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}")
    return min(found, key=lambda one: one[0])[1](p, q)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    yes = p.probs.mul(softplus(q.logits.neg()).sub(softplus(p.logits.neg())))
    yes = yes.masked_fill(q.probs.eq(0), INFINITE).masked_fill(p.probs.eq(0), 0)
    no = p.probs.neg().add(1).mul(softplus(q.logits).sub(softplus(p.logits)))
    return yes.add(no.masked_fill(q.probs.eq(1), INFINITE).masked_fill(p.probs.eq(1), 0))


@register_kl(Binomial, Binomial)
def _binomial(p: Binomial, q: Binomial) -> Tensor:
    if bool(p.total_count.lt(q.total_count).any()):
        raise UndefinedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    found = p.total_count.mul(p.probs.mul(p.logits.sub(q.logits)).add(p.probs.neg().log1p()).sub(q.probs.neg().log1p()))
    return found.masked_fill(p.total_count.gt(q.total_count), INFINITE)


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    found = p.probs.mul(p.logits.sub(q.logits))
    return found.masked_fill(q.probs.eq(0), INFINITE).masked_fill(p.probs.eq(0).expand(*found.shape), 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _categorical(p, q)


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    first = q.concentration1.lgamma().add(q.concentration0.lgamma()).add(p.total.lgamma())
    second = p.concentration1.lgamma().add(p.concentration0.lgamma()).add(q.total.lgamma())
    third = p.concentration1.sub(q.concentration1).mul(p.concentration1.digamma())
    fourth = p.concentration0.sub(q.concentration0).mul(p.concentration0.digamma())
    return first.sub(second).add(third).add(fourth).add(q.total.sub(p.total).mul(p.total.digamma()))


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    whole = a.sum(-1)
    shift = whole.lgamma().sub(b.sum(-1).lgamma()).sub(a.lgamma().sub(b.lgamma()).sum(-1))
    return shift.add(a.sub(b).mul(a.digamma().sub(whole.digamma().unsqueeze(-1))).sum(-1))


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate.div(p.rate)
    return ratio.log().neg().add(ratio).sub(1)


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    first = q.concentration.mul(p.rate.div(q.rate).log())
    second = q.concentration.lgamma().sub(p.concentration.lgamma())
    third = p.concentration.sub(q.concentration).mul(p.concentration.digamma())
    return first.add(second).add(third).add(q.rate.sub(p.rate).mul(p.concentration.div(p.rate)))


@register_kl(Geometric, Geometric)
def _geometric(p: Geometric, q: Geometric) -> Tensor:
    return p.entropy().neg().sub(q.probs.neg().log1p().div(p.probs)).sub(q.logits)


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, away = p.scale.div(q.scale), p.loc.sub(q.loc).abs()
    return ratio.log().neg().add(away.div(q.scale)).add(ratio.mul(away.neg().div(p.scale).exp())).sub(1)


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = p.scale.div(q.scale).square()
    return ratio.add(p.loc.sub(q.loc).div(q.scale).square()).sub(1).sub(ratio.log()).mul(0.5)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ArgumentError("KL-divergence between two Multivariate Normals with different event shapes cannot be computed")
    size = p.event_shape[0]
    lead = (p.scale_tril.mul(0)[..., 0, 0]).add(q.scale_tril.mul(0)[..., 0, 0]).shape
    wide_p, wide_q = (one.scale_tril.expand(*lead, size, size) for one in (p, q))
    spread: Any = solve_triangular(wide_q, wide_p, upper=False)
    traces = spread.square().sum((-2, -1))
    return q._half_log_det().sub(p._half_log_det()).add(traces.add(mahalanobis(wide_q, q.loc.sub(p.loc))).sub(size).mul(0.5))


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate.mul(p.rate.log().sub(q.rate.log())).sub(p.rate.sub(q.rate))


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    found = q.high.sub(q.low).div(p.high.sub(p.low)).log()
    return found.masked_fill(q.low.gt(p.low).logical_or(q.high.lt(p.high)), INFINITE)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    width = p.high.sub(p.low)
    first = q.scale.mul(math.sqrt(2 * math.pi)).div(width).log()
    second = width.div(q.scale).square().div(24)
    return first.add(second).add(p.high.add(p.low).sub(q.loc.mul(2)).div(q.scale.mul(2)).square().mul(0.5))


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise UndefinedError("KL between Independents of different reinterpreted_batch_ndims is not implemented")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise UndefinedError("KL between distributions of different transforms is not implemented")
    count = len(p.event_shape) - len(p.base_dist.event_shape)
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), count)
