"""torchvision.datasets."""

from gradwerk.torchvision.absent import ORIGINAL
from gradwerk.torchvision.datasets.cifar import CIFAR10 as CIFAR10
from gradwerk.torchvision.datasets.cifar import CIFAR100 as CIFAR100
from gradwerk.torchvision.datasets.fakedata import FakeData as FakeData
from gradwerk.torchvision.datasets.folder import DatasetFolder as DatasetFolder
from gradwerk.torchvision.datasets.folder import ImageFolder as ImageFolder
from gradwerk.torchvision.datasets.mnist import EMNIST as EMNIST
from gradwerk.torchvision.datasets.mnist import KMNIST as KMNIST
from gradwerk.torchvision.datasets.mnist import MNIST as MNIST
from gradwerk.torchvision.datasets.mnist import FashionMNIST as FashionMNIST
from gradwerk.torchvision.datasets.vision import VisionDataset as VisionDataset

__getattr__ = ORIGINAL.module("torchvision.datasets", __name__)
