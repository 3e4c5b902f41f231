"""torch.cuda: it tells the truth, that there is none."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.cuda import amp as amp
from gradwerk.torch.cuda.cards import BFloat16Tensor as BFloat16Tensor
from gradwerk.torch.cuda.cards import BoolTensor as BoolTensor
from gradwerk.torch.cuda.cards import ByteTensor as ByteTensor
from gradwerk.torch.cuda.cards import CharTensor as CharTensor
from gradwerk.torch.cuda.cards import DoubleTensor as DoubleTensor
from gradwerk.torch.cuda.cards import Event as Event
from gradwerk.torch.cuda.cards import FloatTensor as FloatTensor
from gradwerk.torch.cuda.cards import HalfTensor as HalfTensor
from gradwerk.torch.cuda.cards import IntTensor as IntTensor
from gradwerk.torch.cuda.cards import LongTensor as LongTensor
from gradwerk.torch.cuda.cards import OutOfMemoryError as OutOfMemoryError
from gradwerk.torch.cuda.cards import ShortTensor as ShortTensor
from gradwerk.torch.cuda.cards import Stream as Stream
from gradwerk.torch.cuda.cards import current_device as current_device
from gradwerk.torch.cuda.cards import current_stream as current_stream
from gradwerk.torch.cuda.cards import device as device
from gradwerk.torch.cuda.cards import device_count as device_count
from gradwerk.torch.cuda.cards import empty_cache as empty_cache
from gradwerk.torch.cuda.cards import get_arch_list as get_arch_list
from gradwerk.torch.cuda.cards import get_device_capability as get_device_capability
from gradwerk.torch.cuda.cards import get_device_name as get_device_name
from gradwerk.torch.cuda.cards import get_device_properties as get_device_properties
from gradwerk.torch.cuda.cards import get_rng_state as get_rng_state
from gradwerk.torch.cuda.cards import init as init
from gradwerk.torch.cuda.cards import initial_seed as initial_seed
from gradwerk.torch.cuda.cards import ipc_collect as ipc_collect
from gradwerk.torch.cuda.cards import is_available as is_available
from gradwerk.torch.cuda.cards import is_bf16_supported as is_bf16_supported
from gradwerk.torch.cuda.cards import is_initialized as is_initialized
from gradwerk.torch.cuda.cards import is_tf32_supported as is_tf32_supported
from gradwerk.torch.cuda.cards import manual_seed as manual_seed
from gradwerk.torch.cuda.cards import manual_seed_all as manual_seed_all
from gradwerk.torch.cuda.cards import max_memory_allocated as max_memory_allocated
from gradwerk.torch.cuda.cards import max_memory_reserved as max_memory_reserved
from gradwerk.torch.cuda.cards import memory_allocated as memory_allocated
from gradwerk.torch.cuda.cards import memory_reserved as memory_reserved
from gradwerk.torch.cuda.cards import reset_max_memory_allocated as reset_max_memory_allocated
from gradwerk.torch.cuda.cards import reset_peak_memory_stats as reset_peak_memory_stats
from gradwerk.torch.cuda.cards import seed as seed
from gradwerk.torch.cuda.cards import seed_all as seed_all
from gradwerk.torch.cuda.cards import set_device as set_device
from gradwerk.torch.cuda.cards import synchronize as synchronize

__getattr__ = ORIGINAL.module("torch.cuda", __name__)
