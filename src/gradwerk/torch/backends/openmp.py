"""torch.backends.openmp."""

from gradwerk.torch.absent import ORIGINAL


def is_available() -> bool:
    """False: nothing of the kind is used here."""
    return False


__getattr__ = ORIGINAL.module("torch.backends.openmp", __name__)
