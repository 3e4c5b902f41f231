"""torch.distributions."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.distributions import constraints as constraints
from gradwerk.torch.distributions import kl as kl
from gradwerk.torch.distributions import transforms as transforms
from gradwerk.torch.distributions.categories import Categorical as Categorical
from gradwerk.torch.distributions.categories import Multinomial as Multinomial
from gradwerk.torch.distributions.categories import OneHotCategorical as OneHotCategorical
from gradwerk.torch.distributions.continuous import Exponential as Exponential
from gradwerk.torch.distributions.continuous import Laplace as Laplace
from gradwerk.torch.distributions.continuous import Normal as Normal
from gradwerk.torch.distributions.continuous import Uniform as Uniform
from gradwerk.torch.distributions.counts import Bernoulli as Bernoulli
from gradwerk.torch.distributions.counts import Binomial as Binomial
from gradwerk.torch.distributions.counts import Geometric as Geometric
from gradwerk.torch.distributions.counts import Poisson as Poisson
from gradwerk.torch.distributions.distribution import Distribution as Distribution
from gradwerk.torch.distributions.gammas import Beta as Beta
from gradwerk.torch.distributions.gammas import Dirichlet as Dirichlet
from gradwerk.torch.distributions.gammas import Gamma as Gamma
from gradwerk.torch.distributions.independent import Independent as Independent
from gradwerk.torch.distributions.kl import kl_divergence as kl_divergence
from gradwerk.torch.distributions.kl import register_kl as register_kl
from gradwerk.torch.distributions.multivariate import MultivariateNormal as MultivariateNormal
from gradwerk.torch.distributions.transformed import LogNormal as LogNormal
from gradwerk.torch.distributions.transformed import TransformedDistribution as TransformedDistribution
from gradwerk.torch.distributions.transforms import AffineTransform as AffineTransform
from gradwerk.torch.distributions.transforms import ComposeTransform as ComposeTransform
from gradwerk.torch.distributions.transforms import ExpTransform as ExpTransform
from gradwerk.torch.distributions.transforms import PowerTransform as PowerTransform
from gradwerk.torch.distributions.transforms import SigmoidTransform as SigmoidTransform
from gradwerk.torch.distributions.transforms import SoftplusTransform as SoftplusTransform
from gradwerk.torch.distributions.transforms import TanhTransform as TanhTransform
from gradwerk.torch.distributions.transforms import Transform as Transform
from gradwerk.torch.distributions.transforms import identity_transform as identity_transform

__getattr__ = ORIGINAL.module("torch.distributions", __name__)
