"""torch.nn.utils."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.utils import parametrizations as parametrizations
from gradwerk.torch.nn.utils import parametrize as parametrize
from gradwerk.torch.nn.utils import prune as prune
from gradwerk.torch.nn.utils import rnn as rnn
from gradwerk.torch.nn.utils.clipping import clip_grad_norm_ as clip_grad_norm_
from gradwerk.torch.nn.utils.clipping import clip_grad_value_ as clip_grad_value_
from gradwerk.torch.nn.utils.clipping import clip_grads_with_norm_ as clip_grads_with_norm_
from gradwerk.torch.nn.utils.clipping import get_total_norm as get_total_norm
from gradwerk.torch.nn.utils.vectors import parameters_to_vector as parameters_to_vector
from gradwerk.torch.nn.utils.vectors import vector_to_parameters as vector_to_parameters
from gradwerk.torch.nn.utils.weight_norms import remove_spectral_norm as remove_spectral_norm
from gradwerk.torch.nn.utils.weight_norms import remove_weight_norm as remove_weight_norm
from gradwerk.torch.nn.utils.weight_norms import spectral_norm as spectral_norm
from gradwerk.torch.nn.utils.weight_norms import weight_norm as weight_norm

__getattr__ = ORIGINAL.module("torch.nn.utils", __name__)
