"""gradwerk.torchvision: torchvision's names over gradwerk.torch: pictures, their transforms, and the small data sets."""

from gradwerk.torchvision import datasets as datasets
from gradwerk.torchvision import io as io
from gradwerk.torchvision import models as models
from gradwerk.torchvision import transforms as transforms
from gradwerk.torchvision import utils as utils
from gradwerk.torchvision.absent import ORIGINAL

__version__ = "0.28.0+gradwerk"

__getattr__ = ORIGINAL.module("torchvision", __name__)
