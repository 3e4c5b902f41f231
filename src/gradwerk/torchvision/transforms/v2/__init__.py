"""torchvision.transforms.v2: the transforms of pictures and Tensors, under their newer names too."""

from gradwerk.torchvision.absent import ORIGINAL
from gradwerk.torchvision.transforms import functional as functional
from gradwerk.torchvision.transforms.chance import RandomApply as RandomApply
from gradwerk.torchvision.transforms.chance import RandomChoice as RandomChoice
from gradwerk.torchvision.transforms.chance import RandomCrop as RandomCrop
from gradwerk.torchvision.transforms.chance import RandomErasing as RandomErasing
from gradwerk.torchvision.transforms.chance import RandomGrayscale as RandomGrayscale
from gradwerk.torchvision.transforms.chance import RandomHorizontalFlip as RandomHorizontalFlip
from gradwerk.torchvision.transforms.chance import RandomOrder as RandomOrder
from gradwerk.torchvision.transforms.chance import RandomResizedCrop as RandomResizedCrop
from gradwerk.torchvision.transforms.chance import RandomVerticalFlip as RandomVerticalFlip
from gradwerk.torchvision.transforms.changes import ColorJitter as ColorJitter
from gradwerk.torchvision.transforms.changes import GaussianBlur as GaussianBlur
from gradwerk.torchvision.transforms.changes import RandomAffine as RandomAffine
from gradwerk.torchvision.transforms.changes import RandomPerspective as RandomPerspective
from gradwerk.torchvision.transforms.changes import RandomRotation as RandomRotation
from gradwerk.torchvision.transforms.kinds import InterpolationMode as InterpolationMode
from gradwerk.torchvision.transforms.newer import RGB as RGB
from gradwerk.torchvision.transforms.newer import Identity as Identity
from gradwerk.torchvision.transforms.newer import ToDtype as ToDtype
from gradwerk.torchvision.transforms.newer import ToImage as ToImage
from gradwerk.torchvision.transforms.plain import CenterCrop as CenterCrop
from gradwerk.torchvision.transforms.plain import Compose as Compose
from gradwerk.torchvision.transforms.plain import ConvertImageDtype as ConvertImageDtype
from gradwerk.torchvision.transforms.plain import FiveCrop as FiveCrop
from gradwerk.torchvision.transforms.plain import Grayscale as Grayscale
from gradwerk.torchvision.transforms.plain import Lambda as Lambda
from gradwerk.torchvision.transforms.plain import Normalize as Normalize
from gradwerk.torchvision.transforms.plain import Pad as Pad
from gradwerk.torchvision.transforms.plain import PILToTensor as PILToTensor
from gradwerk.torchvision.transforms.plain import Resize as Resize
from gradwerk.torchvision.transforms.plain import TenCrop as TenCrop
from gradwerk.torchvision.transforms.plain import ToPILImage as ToPILImage
from gradwerk.torchvision.transforms.plain import ToTensor as ToTensor

__getattr__ = ORIGINAL.module("torchvision.transforms.v2", __name__)
