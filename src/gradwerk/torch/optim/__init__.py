"""torch.optim."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.optim import lr_scheduler as lr_scheduler
from gradwerk.torch.optim import swa_utils as swa_utils
from gradwerk.torch.optim.lbfgs import LBFGS as LBFGS
from gradwerk.torch.optim.optimizers import SGD as SGD
from gradwerk.torch.optim.optimizers import Adam as Adam
from gradwerk.torch.optim.optimizers import AdamW as AdamW
from gradwerk.torch.optim.optimizers import Optimizer as Optimizer
from gradwerk.torch.optim.relatives import ASGD as ASGD
from gradwerk.torch.optim.relatives import Adadelta as Adadelta
from gradwerk.torch.optim.relatives import Adagrad as Adagrad
from gradwerk.torch.optim.relatives import Adamax as Adamax
from gradwerk.torch.optim.relatives import Muon as Muon
from gradwerk.torch.optim.relatives import NAdam as NAdam
from gradwerk.torch.optim.relatives import RAdam as RAdam
from gradwerk.torch.optim.relatives import RMSprop as RMSprop
from gradwerk.torch.optim.relatives import Rprop as Rprop

__getattr__ = ORIGINAL.module("torch.optim", __name__)
