"""torch.backends.cuda: flags that can be set and read, and change nothing."""

from types import SimpleNamespace

from gradwerk.torch.absent import ORIGINAL

matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True, fp32_precision="none",
)  # fmt: skip


def is_built() -> bool:
    """False."""
    return False


__getattr__ = ORIGINAL.module("torch.backends.cuda", __name__)
