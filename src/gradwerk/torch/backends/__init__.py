"""torch.backends: flags that can be set and change nothing."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.backends import cuda as cuda
from gradwerk.torch.backends import cudnn as cudnn
from gradwerk.torch.backends import mkl as mkl
from gradwerk.torch.backends import mkldnn as mkldnn
from gradwerk.torch.backends import mps as mps
from gradwerk.torch.backends import openmp as openmp

__getattr__ = ORIGINAL.module("torch.backends", __name__)
