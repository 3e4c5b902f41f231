"""torchvision.io: picture files."""

from gradwerk.torchvision.absent import ORIGINAL
from gradwerk.torchvision.io import image as image
from gradwerk.torchvision.io.image import ImageReadMode as ImageReadMode
from gradwerk.torchvision.io.image import decode_image as decode_image
from gradwerk.torchvision.io.image import decode_jpeg as decode_jpeg
from gradwerk.torchvision.io.image import decode_png as decode_png
from gradwerk.torchvision.io.image import encode_jpeg as encode_jpeg
from gradwerk.torchvision.io.image import encode_png as encode_png
from gradwerk.torchvision.io.image import read_file as read_file
from gradwerk.torchvision.io.image import read_image as read_image
from gradwerk.torchvision.io.image import write_file as write_file
from gradwerk.torchvision.io.image import write_jpeg as write_jpeg
from gradwerk.torchvision.io.image import write_png as write_png

__getattr__ = ORIGINAL.module("torchvision.io", __name__)
