"""torch.backends.mps."""

from gradwerk.torch.absent import ORIGINAL


def is_available() -> bool:
    """False."""
    return False


def is_built() -> bool:
    """False."""
    return False


__getattr__ = ORIGINAL.module("torch.backends.mps", __name__)
