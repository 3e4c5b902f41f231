"""What functions compute in under torch.autocast: products and convolutions in the narrow dtype, losses and the like in float32."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.torch.dtypes import asked

# ruff: noqa: ANN401  arguments of any function
LOWER = frozenset({
    "addbmm", "addmm", "baddbmm", "bmm", "einsum", "matmul", "mm", "Tensor.addbmm", "Tensor.addmm", "Tensor.baddbmm", "Tensor.bmm",
    "Tensor.matmul", "Tensor.mm", "linalg.vecdot", "nn.functional.conv1d", "nn.functional.conv2d", "nn.functional.conv3d",
    "nn.functional.conv_transpose1d", "nn.functional.conv_transpose2d", "nn.functional.conv_transpose3d", "nn.functional.linear",
    "nn.functional.scaled_dot_product_attention",
})  # fmt: skip
"""What takes its operands in the narrow dtype."""
FULL = frozenset({
    "cdist", "cholesky", "cholesky_inverse", "cholesky_solve", "inverse", "nanquantile", "pinverse", "prod", "quantile", "trace",
    "Tensor.prod", "Tensor.quantile", "Tensor.nanquantile", "Tensor.trace",
    *(f"nn.functional.{name}" for name in (
        "adaptive_avg_pool3d", "avg_pool3d", "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss",
        "cross_entropy", "ctc_loss", "gaussian_nll_loss", "grid_sample", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss",
        "margin_ranking_loss", "max_pool3d", "mse_loss", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
        "nll_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
    )),
    *(f"linalg.{name}" for name in (
        "cholesky", "cond", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq", "matrix_norm", "matrix_rank", "norm", "pinv",
        "qr", "slogdet", "solve", "svd", "svdvals", "tensorinv", "tensorsolve", "vector_norm",
    )),
    *(f"fft.{name}" for name in (
        "fft", "fft2", "fftn", "hfft", "ifft", "ifft2", "ifftn", "ihfft", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftn",
    )),
})  # fmt: skip
"""What takes them in float32, as PyTorch on CPUs."""


_chosen: list[DType] = [dtypes.bfloat16]
"""What `autocast("cpu")` takes unless it is told."""


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for a kind of device: for "cuda", which is what is asked without a name, never."""
    return device_type == "cpu" and mode.narrow is not None


def get_autocast_dtype(device_type: str) -> DType:
    """The narrow dtype of a kind of device."""
    return (mode.narrow or _chosen[0]) if device_type == "cpu" else dtypes.float16


def set_autocast_dtype(device_type: str, dtype: Any) -> None:
    """What `autocast("cpu")` takes from now on, unless it is told."""
    if device_type == "cpu":
        _chosen[0] = asked("set_autocast_dtype", dtype, dtypes.bfloat16)


def lowered(tree: Any, dtype: DType) -> Any:
    """Floating Tensors, among arguments and in lists, in a dtype; those of float64 stay."""
    if isinstance(tree, Handle):
        own = tree._type.dtype
        return cast(tree, dtype) if dtypes.is_float(own) and own not in (dtype, dtypes.float64) else tree
    if type(tree) in (list, tuple):
        return type(tree)(lowered(one, dtype) for one in tree)
    return tree


def under_autocast(function: Callable[..., Any], path: str) -> Callable[..., Any]:
    """A function of torch's name that heeds autocast; the function itself where its name is in no list."""
    if path not in LOWER and path not in FULL:
        return function
    lowers = path in LOWER

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        narrow = mode.narrow
        if narrow is None:
            return function(*args, **kwargs)
        dtype = narrow if lowers else dtypes.float32
        mode.narrow = None  # what it is made of computes in the dtypes that it is given
        try:
            return function(*[lowered(x, dtype) for x in args], **{name: lowered(x, dtype) for name, x in kwargs.items()})
        finally:
            mode.narrow = narrow

    return call
