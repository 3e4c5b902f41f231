"""torch.version."""

from gradwerk.torch.absent import ORIGINAL

__version__ = "2.13.0+gradwerk"
debug = False
cuda: str | None = None
hip: str | None = None
rocm: str | None = None
xpu: str | None = None

__getattr__ = ORIGINAL.module("torch.version", __name__)
