"""torch.utils."""

from gradwerk.torch.utils import data as data
