"""torch.utils.hooks."""

from gradwerk.base.hooks import RemovableHandle as RemovableHandle
