"""torch.fft."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.fft.frequencies import fftfreq as fftfreq
from gradwerk.torch.fft.frequencies import fftshift as fftshift
from gradwerk.torch.fft.frequencies import ifftshift as ifftshift
from gradwerk.torch.fft.frequencies import rfftfreq as rfftfreq
from gradwerk.torch.fft.transforms import fft as fft
from gradwerk.torch.fft.transforms import fft2 as fft2
from gradwerk.torch.fft.transforms import fftn as fftn
from gradwerk.torch.fft.transforms import hfft as hfft
from gradwerk.torch.fft.transforms import hfft2 as hfft2
from gradwerk.torch.fft.transforms import hfftn as hfftn
from gradwerk.torch.fft.transforms import ifft as ifft
from gradwerk.torch.fft.transforms import ifft2 as ifft2
from gradwerk.torch.fft.transforms import ifftn as ifftn
from gradwerk.torch.fft.transforms import ihfft as ihfft
from gradwerk.torch.fft.transforms import ihfft2 as ihfft2
from gradwerk.torch.fft.transforms import ihfftn as ihfftn
from gradwerk.torch.fft.transforms import irfft as irfft
from gradwerk.torch.fft.transforms import irfft2 as irfft2
from gradwerk.torch.fft.transforms import irfftn as irfftn
from gradwerk.torch.fft.transforms import rfft as rfft
from gradwerk.torch.fft.transforms import rfft2 as rfft2
from gradwerk.torch.fft.transforms import rfftn as rfftn

__getattr__ = ORIGINAL.module("torch.fft", __name__)
