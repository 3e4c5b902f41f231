"""torch.utils.data."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.utils.data import distributed as distributed
from gradwerk.torch.utils.data.collation import default_collate as default_collate
from gradwerk.torch.utils.data.collation import default_convert as default_convert
from gradwerk.torch.utils.data.dataset import ConcatDataset as ConcatDataset
from gradwerk.torch.utils.data.dataset import Dataset as Dataset
from gradwerk.torch.utils.data.dataset import IterableDataset as IterableDataset
from gradwerk.torch.utils.data.dataset import Subset as Subset
from gradwerk.torch.utils.data.dataset import TensorDataset as TensorDataset
from gradwerk.torch.utils.data.dataset import random_split as random_split
from gradwerk.torch.utils.data.distributed import DistributedSampler as DistributedSampler
from gradwerk.torch.utils.data.loader import DataLoader as DataLoader
from gradwerk.torch.utils.data.samplers import BatchSampler as BatchSampler
from gradwerk.torch.utils.data.samplers import RandomSampler as RandomSampler
from gradwerk.torch.utils.data.samplers import Sampler as Sampler
from gradwerk.torch.utils.data.samplers import SequentialSampler as SequentialSampler
from gradwerk.torch.utils.data.samplers import SubsetRandomSampler as SubsetRandomSampler
from gradwerk.torch.utils.data.samplers import WeightedRandomSampler as WeightedRandomSampler
from gradwerk.torch.utils.data.workers import get_worker_info as get_worker_info

__getattr__ = ORIGINAL.module("torch.utils.data", __name__)
