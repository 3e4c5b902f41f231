"""torch.autograd."""

from gradwerk.tensor.grad import enable_grad as enable_grad
from gradwerk.tensor.grad import grad as grad
from gradwerk.tensor.grad import no_grad as no_grad
