"""torch.utils.data."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.utils.data.dataset import Dataset as Dataset
from gradwerk.torch.utils.data.dataset import Subset as Subset
from gradwerk.torch.utils.data.dataset import TensorDataset as TensorDataset
from gradwerk.torch.utils.data.dataset import random_split as random_split
from gradwerk.torch.utils.data.loader import DataLoader as DataLoader
from gradwerk.torch.utils.data.loader import default_collate as default_collate

__getattr__ = ORIGINAL.module("torch.utils.data", __name__)
