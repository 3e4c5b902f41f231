"""torchvision.transforms.functional."""

from gradwerk.torchvision.absent import ORIGINAL
from gradwerk.torchvision.transforms.colours import adjust_brightness as adjust_brightness
from gradwerk.torchvision.transforms.colours import adjust_contrast as adjust_contrast
from gradwerk.torchvision.transforms.colours import adjust_gamma as adjust_gamma
from gradwerk.torchvision.transforms.colours import adjust_hue as adjust_hue
from gradwerk.torchvision.transforms.colours import adjust_saturation as adjust_saturation
from gradwerk.torchvision.transforms.colours import adjust_sharpness as adjust_sharpness
from gradwerk.torchvision.transforms.colours import erase as erase
from gradwerk.torchvision.transforms.colours import gaussian_blur as gaussian_blur
from gradwerk.torchvision.transforms.colours import invert as invert
from gradwerk.torchvision.transforms.colours import normalize as normalize
from gradwerk.torchvision.transforms.colours import rgb_to_grayscale as rgb_to_grayscale
from gradwerk.torchvision.transforms.colours import to_grayscale as to_grayscale
from gradwerk.torchvision.transforms.conversion import convert_image_dtype as convert_image_dtype
from gradwerk.torchvision.transforms.conversion import pil_to_tensor as pil_to_tensor
from gradwerk.torchvision.transforms.conversion import to_pil_image as to_pil_image
from gradwerk.torchvision.transforms.conversion import to_tensor as to_tensor
from gradwerk.torchvision.transforms.kinds import InterpolationMode as InterpolationMode
from gradwerk.torchvision.transforms.kinds import get_dimensions as get_dimensions
from gradwerk.torchvision.transforms.kinds import get_image_num_channels as get_image_num_channels
from gradwerk.torchvision.transforms.kinds import get_image_size as get_image_size
from gradwerk.torchvision.transforms.places import affine as affine
from gradwerk.torchvision.transforms.places import perspective as perspective
from gradwerk.torchvision.transforms.places import rotate as rotate
from gradwerk.torchvision.transforms.sizes import center_crop as center_crop
from gradwerk.torchvision.transforms.sizes import crop as crop
from gradwerk.torchvision.transforms.sizes import five_crop as five_crop
from gradwerk.torchvision.transforms.sizes import hflip as hflip
from gradwerk.torchvision.transforms.sizes import pad as pad
from gradwerk.torchvision.transforms.sizes import resize as resize
from gradwerk.torchvision.transforms.sizes import resized_crop as resized_crop
from gradwerk.torchvision.transforms.sizes import ten_crop as ten_crop
from gradwerk.torchvision.transforms.sizes import vflip as vflip

__getattr__ = ORIGINAL.module("torchvision.transforms.functional", __name__)
