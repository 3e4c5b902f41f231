"""gradwerk.torch: PyTorch's names over Gradwerk.  `import gradwerk.torch as torch`."""
# ruff: noqa: A001, A004  torch's names

from gradwerk.base.dtypes import bfloat16 as bfloat16
from gradwerk.base.dtypes import bool_ as bool_
from gradwerk.base.dtypes import float16 as float16
from gradwerk.base.dtypes import float32 as float32
from gradwerk.base.dtypes import float64 as float64
from gradwerk.base.dtypes import int32 as int32
from gradwerk.base.dtypes import int64 as int64
from gradwerk.base.dtypes import uint8 as uint8
from gradwerk.tensor.grad import enable_grad as enable_grad
from gradwerk.tensor.grad import no_grad as no_grad
from gradwerk.torch import autograd as autograd
from gradwerk.torch import cuda as cuda
from gradwerk.torch import hints as _hints  # noqa: F401  they are spoken from then on
from gradwerk.torch import linalg as linalg
from gradwerk.torch import nn as nn
from gradwerk.torch import optim as optim
from gradwerk.torch import utils as utils
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.activating import celu as celu
from gradwerk.torch.activating import celu_ as celu_
from gradwerk.torch.activating import hardshrink as hardshrink
from gradwerk.torch.activating import prelu as prelu
from gradwerk.torch.activating import rrelu as rrelu
from gradwerk.torch.activating import rrelu_ as rrelu_
from gradwerk.torch.activating import selu as selu
from gradwerk.torch.activating import selu_ as selu_
from gradwerk.torch.activating import threshold as threshold
from gradwerk.torch.activating import threshold_ as threshold_
from gradwerk.torch.along import cumprod as cumprod
from gradwerk.torch.along import cumsum as cumsum
from gradwerk.torch.along import logcumsumexp as logcumsumexp
from gradwerk.torch.arranging import roll as roll
from gradwerk.torch.compiling import compile as compile
from gradwerk.torch.creation import arange as arange
from gradwerk.torch.creation import as_tensor as as_tensor
from gradwerk.torch.creation import empty as empty
from gradwerk.torch.creation import eye as eye
from gradwerk.torch.creation import full as full
from gradwerk.torch.creation import linspace as linspace
from gradwerk.torch.creation import manual_seed as manual_seed
from gradwerk.torch.creation import ones as ones
from gradwerk.torch.creation import ones_like as ones_like
from gradwerk.torch.creation import rand as rand
from gradwerk.torch.creation import rand_like as rand_like
from gradwerk.torch.creation import randint as randint
from gradwerk.torch.creation import randn as randn
from gradwerk.torch.creation import randn_like as randn_like
from gradwerk.torch.creation import randperm as randperm
from gradwerk.torch.creation import tensor as tensor
from gradwerk.torch.creation import zeros as zeros
from gradwerk.torch.creation import zeros_like as zeros_like
from gradwerk.torch.devices import device as device
from gradwerk.torch.finfo import finfo as finfo
from gradwerk.torch.functions import abs as abs
from gradwerk.torch.functions import allclose as allclose
from gradwerk.torch.functions import argmax as argmax
from gradwerk.torch.functions import bmm as bmm
from gradwerk.torch.functions import cat as cat
from gradwerk.torch.functions import clamp as clamp
from gradwerk.torch.functions import cos as cos
from gradwerk.torch.functions import equal as equal
from gradwerk.torch.functions import exp as exp
from gradwerk.torch.functions import flatten as flatten
from gradwerk.torch.functions import get_default_dtype as get_default_dtype
from gradwerk.torch.functions import is_tensor as is_tensor
from gradwerk.torch.functions import log as log
from gradwerk.torch.functions import log_softmax as log_softmax
from gradwerk.torch.functions import matmul as matmul
from gradwerk.torch.functions import max as max
from gradwerk.torch.functions import maximum as maximum
from gradwerk.torch.functions import mean as mean
from gradwerk.torch.functions import min as min
from gradwerk.torch.functions import minimum as minimum
from gradwerk.torch.functions import mm as mm
from gradwerk.torch.functions import numel as numel
from gradwerk.torch.functions import permute as permute
from gradwerk.torch.functions import pow as pow
from gradwerk.torch.functions import relu as relu
from gradwerk.torch.functions import relu_ as relu_
from gradwerk.torch.functions import reshape as reshape
from gradwerk.torch.functions import sigmoid as sigmoid
from gradwerk.torch.functions import sin as sin
from gradwerk.torch.functions import softmax as softmax
from gradwerk.torch.functions import sqrt as sqrt
from gradwerk.torch.functions import squeeze as squeeze
from gradwerk.torch.functions import stack as stack
from gradwerk.torch.functions import sum as sum
from gradwerk.torch.functions import tanh as tanh
from gradwerk.torch.functions import transpose as transpose
from gradwerk.torch.functions import unsqueeze as unsqueeze
from gradwerk.torch.functions import where as where
from gradwerk.torch.generators import Generator as Generator
from gradwerk.torch.serialization import load as load
from gradwerk.torch.serialization import save as save
from gradwerk.torch.shapes import Size as Size
from gradwerk.torch.sharing import from_numpy as from_numpy
from gradwerk.torch.tensors import Tensor as Tensor

bool = bool_
float = float32
double = float64
half = float16
long = int64
int = int32
__version__ = "2.13.0+gradwerk"

__getattr__ = ORIGINAL.module("torch", __name__)
