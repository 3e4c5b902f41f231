"""torch.nn.modules: as far as programs name it."""

from gradwerk.torch.nn.modules import module as module
