"""torch.nn."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn import functional as functional
from gradwerk.torch.nn import init as init
from gradwerk.torch.nn import modules as modules
from gradwerk.torch.nn import utils as utils
from gradwerk.torch.nn.activation_layers import CELU as CELU
from gradwerk.torch.nn.activation_layers import ELU as ELU
from gradwerk.torch.nn.activation_layers import GELU as GELU
from gradwerk.torch.nn.activation_layers import GLU as GLU
from gradwerk.torch.nn.activation_layers import SELU as SELU
from gradwerk.torch.nn.activation_layers import Hardshrink as Hardshrink
from gradwerk.torch.nn.activation_layers import Hardsigmoid as Hardsigmoid
from gradwerk.torch.nn.activation_layers import Hardswish as Hardswish
from gradwerk.torch.nn.activation_layers import Hardtanh as Hardtanh
from gradwerk.torch.nn.activation_layers import LeakyReLU as LeakyReLU
from gradwerk.torch.nn.activation_layers import LogSigmoid as LogSigmoid
from gradwerk.torch.nn.activation_layers import Mish as Mish
from gradwerk.torch.nn.activation_layers import PReLU as PReLU
from gradwerk.torch.nn.activation_layers import ReLU6 as ReLU6
from gradwerk.torch.nn.activation_layers import RReLU as RReLU
from gradwerk.torch.nn.activation_layers import SiLU as SiLU
from gradwerk.torch.nn.activation_layers import Softmax2d as Softmax2d
from gradwerk.torch.nn.activation_layers import Softmin as Softmin
from gradwerk.torch.nn.activation_layers import Softplus as Softplus
from gradwerk.torch.nn.activation_layers import Softshrink as Softshrink
from gradwerk.torch.nn.activation_layers import Softsign as Softsign
from gradwerk.torch.nn.activation_layers import Tanhshrink as Tanhshrink
from gradwerk.torch.nn.activation_layers import Threshold as Threshold
from gradwerk.torch.nn.containers import ModuleList as ModuleList
from gradwerk.torch.nn.containers import Sequential as Sequential
from gradwerk.torch.nn.layers import AvgPool2d as AvgPool2d
from gradwerk.torch.nn.layers import BatchNorm1d as BatchNorm1d
from gradwerk.torch.nn.layers import BatchNorm2d as BatchNorm2d
from gradwerk.torch.nn.layers import Conv1d as Conv1d
from gradwerk.torch.nn.layers import Conv2d as Conv2d
from gradwerk.torch.nn.layers import Dropout as Dropout
from gradwerk.torch.nn.layers import Embedding as Embedding
from gradwerk.torch.nn.layers import Flatten as Flatten
from gradwerk.torch.nn.layers import Identity as Identity
from gradwerk.torch.nn.layers import Linear as Linear
from gradwerk.torch.nn.layers import LogSoftmax as LogSoftmax
from gradwerk.torch.nn.layers import MaxPool2d as MaxPool2d
from gradwerk.torch.nn.layers import ReLU as ReLU
from gradwerk.torch.nn.layers import Sigmoid as Sigmoid
from gradwerk.torch.nn.layers import Softmax as Softmax
from gradwerk.torch.nn.layers import Tanh as Tanh
from gradwerk.torch.nn.losses import BCELoss as BCELoss
from gradwerk.torch.nn.losses import BCEWithLogitsLoss as BCEWithLogitsLoss
from gradwerk.torch.nn.losses import CrossEntropyLoss as CrossEntropyLoss
from gradwerk.torch.nn.losses import L1Loss as L1Loss
from gradwerk.torch.nn.losses import MSELoss as MSELoss
from gradwerk.torch.nn.module import Module as Module
from gradwerk.torch.nn.recurrent import LSTM as LSTM
from gradwerk.torch.tensors import Parameter as Parameter

__getattr__ = ORIGINAL.module("torch.nn", __name__)
