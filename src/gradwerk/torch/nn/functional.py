"""torch.nn.functional: torch's names, argument orders and channels-first layout over `gradwerk.nn`."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.nn import dropout as core_dropout
from gradwerk.nn import linear as core_linear
from gradwerk.nn import norm
from gradwerk.nn.padding import padded
from gradwerk.ops import elementwise, functions
from gradwerk.ops.look import in_range
from gradwerk.tensor import random
from gradwerk.torch import arguments
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.arguments import filling
from gradwerk.torch.functions import implicit_axis
from gradwerk.torch.nn import checks
from gradwerk.torch.nn.activations import activated
from gradwerk.torch.nn.activations import celu as celu
from gradwerk.torch.nn.activations import celu_ as celu_
from gradwerk.torch.nn.activations import elu as elu
from gradwerk.torch.nn.activations import elu_ as elu_
from gradwerk.torch.nn.activations import gelu as gelu
from gradwerk.torch.nn.activations import glu as glu
from gradwerk.torch.nn.activations import hardshrink as hardshrink
from gradwerk.torch.nn.activations import hardsigmoid as hardsigmoid
from gradwerk.torch.nn.activations import hardswish as hardswish
from gradwerk.torch.nn.activations import hardtanh as hardtanh
from gradwerk.torch.nn.activations import hardtanh_ as hardtanh_
from gradwerk.torch.nn.activations import leaky_relu as leaky_relu
from gradwerk.torch.nn.activations import leaky_relu_ as leaky_relu_
from gradwerk.torch.nn.activations import logsigmoid as logsigmoid
from gradwerk.torch.nn.activations import mish as mish
from gradwerk.torch.nn.activations import prelu as prelu
from gradwerk.torch.nn.activations import relu6 as relu6
from gradwerk.torch.nn.activations import rrelu as rrelu
from gradwerk.torch.nn.activations import rrelu_ as rrelu_
from gradwerk.torch.nn.activations import selu as selu
from gradwerk.torch.nn.activations import selu_ as selu_
from gradwerk.torch.nn.activations import silu as silu
from gradwerk.torch.nn.activations import softmin as softmin
from gradwerk.torch.nn.activations import softplus as softplus
from gradwerk.torch.nn.activations import softshrink as softshrink
from gradwerk.torch.nn.activations import softsign as softsign
from gradwerk.torch.nn.activations import tanhshrink as tanhshrink
from gradwerk.torch.nn.activations import threshold as threshold
from gradwerk.torch.nn.activations import threshold_ as threshold_
from gradwerk.torch.nn.bilinear import bilinear as bilinear
from gradwerk.torch.nn.convolutions import conv1d as conv1d
from gradwerk.torch.nn.convolutions import conv2d as conv2d
from gradwerk.torch.nn.convolutions import conv3d as conv3d
from gradwerk.torch.nn.convolutions import conv_transpose1d as conv_transpose1d
from gradwerk.torch.nn.convolutions import conv_transpose2d as conv_transpose2d
from gradwerk.torch.nn.convolutions import conv_transpose3d as conv_transpose3d
from gradwerk.torch.nn.convolutions import fold as fold
from gradwerk.torch.nn.convolutions import unfold as unfold
from gradwerk.torch.nn.dropouts import alpha_dropout as alpha_dropout
from gradwerk.torch.nn.dropouts import dropout1d as dropout1d
from gradwerk.torch.nn.dropouts import dropout2d as dropout2d
from gradwerk.torch.nn.dropouts import dropout3d as dropout3d
from gradwerk.torch.nn.dropouts import feature_alpha_dropout as feature_alpha_dropout
from gradwerk.torch.nn.embeddings import embedding as embedding
from gradwerk.torch.nn.embeddings import embedding_bag as embedding_bag
from gradwerk.torch.nn.layout import physical
from gradwerk.torch.nn.loss_functions import binary_cross_entropy as binary_cross_entropy
from gradwerk.torch.nn.loss_functions import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from gradwerk.torch.nn.loss_functions import cross_entropy as cross_entropy
from gradwerk.torch.nn.loss_functions import ctc_loss as ctc_loss
from gradwerk.torch.nn.loss_functions import gaussian_nll_loss as gaussian_nll_loss
from gradwerk.torch.nn.loss_functions import huber_loss as huber_loss
from gradwerk.torch.nn.loss_functions import kl_div as kl_div
from gradwerk.torch.nn.loss_functions import l1_loss as l1_loss
from gradwerk.torch.nn.loss_functions import mse_loss as mse_loss
from gradwerk.torch.nn.loss_functions import nll_loss as nll_loss
from gradwerk.torch.nn.loss_functions import poisson_nll_loss as poisson_nll_loss
from gradwerk.torch.nn.loss_functions import smooth_l1_loss as smooth_l1_loss
from gradwerk.torch.nn.margin_functions import cosine_embedding_loss as cosine_embedding_loss
from gradwerk.torch.nn.margin_functions import cosine_similarity as cosine_similarity
from gradwerk.torch.nn.margin_functions import hinge_embedding_loss as hinge_embedding_loss
from gradwerk.torch.nn.margin_functions import margin_ranking_loss as margin_ranking_loss
from gradwerk.torch.nn.margin_functions import multi_margin_loss as multi_margin_loss
from gradwerk.torch.nn.margin_functions import multilabel_margin_loss as multilabel_margin_loss
from gradwerk.torch.nn.margin_functions import multilabel_soft_margin_loss as multilabel_soft_margin_loss
from gradwerk.torch.nn.margin_functions import pairwise_distance as pairwise_distance
from gradwerk.torch.nn.margin_functions import soft_margin_loss as soft_margin_loss
from gradwerk.torch.nn.margin_functions import triplet_margin_loss as triplet_margin_loss
from gradwerk.torch.nn.margin_functions import triplet_margin_with_distance_loss as triplet_margin_with_distance_loss
from gradwerk.torch.nn.normalizing import group_norm as group_norm
from gradwerk.torch.nn.normalizing import instance_norm as instance_norm
from gradwerk.torch.nn.normalizing import layer_norm as layer_norm
from gradwerk.torch.nn.normalizing import local_response_norm as local_response_norm
from gradwerk.torch.nn.normalizing import normalize as normalize
from gradwerk.torch.nn.normalizing import rms_norm as rms_norm
from gradwerk.torch.nn.normalizing import scaled_dot_product_attention as scaled_dot_product_attention
from gradwerk.torch.nn.pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
from gradwerk.torch.nn.pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
from gradwerk.torch.nn.pooling import adaptive_avg_pool3d as adaptive_avg_pool3d
from gradwerk.torch.nn.pooling import adaptive_max_pool1d as adaptive_max_pool1d
from gradwerk.torch.nn.pooling import adaptive_max_pool1d_with_indices as adaptive_max_pool1d_with_indices
from gradwerk.torch.nn.pooling import adaptive_max_pool2d as adaptive_max_pool2d
from gradwerk.torch.nn.pooling import adaptive_max_pool2d_with_indices as adaptive_max_pool2d_with_indices
from gradwerk.torch.nn.pooling import adaptive_max_pool3d as adaptive_max_pool3d
from gradwerk.torch.nn.pooling import adaptive_max_pool3d_with_indices as adaptive_max_pool3d_with_indices
from gradwerk.torch.nn.pooling import avg_pool1d as avg_pool1d
from gradwerk.torch.nn.pooling import avg_pool2d as avg_pool2d
from gradwerk.torch.nn.pooling import avg_pool3d as avg_pool3d
from gradwerk.torch.nn.pooling import lp_pool1d as lp_pool1d
from gradwerk.torch.nn.pooling import lp_pool2d as lp_pool2d
from gradwerk.torch.nn.pooling import lp_pool3d as lp_pool3d
from gradwerk.torch.nn.pooling import max_pool1d as max_pool1d
from gradwerk.torch.nn.pooling import max_pool1d_with_indices as max_pool1d_with_indices
from gradwerk.torch.nn.pooling import max_pool2d as max_pool2d
from gradwerk.torch.nn.pooling import max_pool2d_with_indices as max_pool2d_with_indices
from gradwerk.torch.nn.pooling import max_pool3d as max_pool3d
from gradwerk.torch.nn.pooling import max_pool3d_with_indices as max_pool3d_with_indices
from gradwerk.torch.nn.vision import affine_grid as affine_grid
from gradwerk.torch.nn.vision import channel_shuffle as channel_shuffle
from gradwerk.torch.nn.vision import grid_sample as grid_sample
from gradwerk.torch.nn.vision import interpolate as interpolate
from gradwerk.torch.nn.vision import pixel_shuffle as pixel_shuffle
from gradwerk.torch.nn.vision import pixel_unshuffle as pixel_unshuffle
from gradwerk.torch.nn.vision import upsample as upsample
from gradwerk.torch.nn.vision import upsample_bilinear as upsample_bilinear
from gradwerk.torch.nn.vision import upsample_nearest as upsample_nearest
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Extents = int | Sequence[int]


@as_recorded()
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y = x W^T + b.  Shape: input (..., in), weight (out, in), bias (out,)."""
    checks.features(input, weight)
    checks.parts("linear", {"bias": bias})
    return core_linear.linear(input, physical(weight), bias)


@as_recorded()
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Borders: (low, high) of the last axis, then of the one before it, ...; a negative one cuts off.

    `reflect`, `replicate` and `circular` take the last one, two or three axes behind one or two others.

    Raises: ArgumentError for a value in another mode than "constant".
    """
    arguments.tensor("pad", input)
    widths = checks.widths(input, pad, mode)
    if value is not None and not hasattr(value, "dtype"):
        arguments.number("pad", "value", value)
    if mode == "constant":
        wider = any(n > 0 for pair in widths for n in pair)
        return padded(input, widths, mode, filling(float(value), input.dtype) if value is not None and wider else 0)
    if value is not None and value != 0:
        raise ArgumentError(f'Padding mode "{mode}" doesn\'t take in value argument')
    return padded(input, widths, mode)


@as_recorded()
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return activated("relu", lambda x: x.relu() if isinstance(x, Tensor) else functions.relu(x), input, inplace=inplace)


@as_recorded()
def relu_(input: Tensor) -> Tensor:
    """In place: max(x, 0)."""
    arguments.tensor("relu_", input, arrays=False)
    return input.relu_()


@as_recorded()
def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    arguments.tensor("tanh", input)
    return elementwise.tanh(input)


@as_recorded()
def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    arguments.tensor("sigmoid", input)
    return elementwise.sigmoid(input)


@as_recorded(ignored=("_stacklevel",))
def softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """exp(x) / sum(exp(x)) along `dim`."""
    arguments.tensor("softmax", input, arrays=False)
    return input.softmax(implicit_axis(input) if dim is None else dim, dtype)


@as_recorded(ignored=("_stacklevel",))
def log_softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """log(softmax(x)) along `dim`."""
    arguments.tensor("log_softmax", input, arrays=False)
    return input.log_softmax(implicit_axis(input) if dim is None else dim, dtype)


@as_recorded()
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each element with probability p and scales the rest by 1 / (1 - p)."""
    checks.probability("dropout()", p)
    if not arguments.switch("dropout", "training", training):
        return input
    return activated("dropout", lambda x: core_dropout.dropout(x, p, random.default_generator()), input, inplace=inplace)


@as_recorded()
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None, bias: Tensor | None = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalises axis 1 by the batch when training, else by the running statistics; these are updated in place when training.

    Raises: ArgumentError outside training without running statistics.
    """
    checks.normalized(input, running_mean, by_batch=arguments.switch("batch_norm", "training", training))
    checks.parts("batch_norm", {"running_var": running_var, "weight": weight, "bias": bias}, input.shape[1])
    if not training and (running_mean is None or running_var is None):
        raise ArgumentError("batch_norm outside training needs running_mean and running_var")
    if not training:
        return norm.normalize(input, running_mean, running_var, weight, bias, epsilon=eps, axis=1)
    mean, variance = norm.batch_statistics(input, axis=1)
    if running_mean is not None and running_var is not None:
        keep: Any = 1 - momentum
        keep = elementwise.cast(keep, mean.dtype) if isinstance(keep, Tensor) else keep
        norm.remember(running_mean, running_var, mean, variance, input.numel() // input.shape[1], momentum=keep, unbiased=True)
    return norm.normalize(input, mean, variance, weight, bias, epsilon=eps, axis=1)


@as_recorded()
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Integer rows with a 1 at each label, which must be below `num_classes`.

    -1 counts the classes: the largest label + 1, which only an eager call can read.
    """
    arguments.tensor("one_hot", tensor)
    num_classes = arguments.whole("one_hot", "num_classes", num_classes)
    classes = int(tensor.max().item()) + 1 if num_classes == -1 else num_classes
    return functions.one_hot(in_range(tensor, classes, "one_hot: label"), classes, tensor.dtype)


__getattr__ = ORIGINAL.module("torch.nn.functional", __name__)
