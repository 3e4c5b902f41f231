"""torch.utils.data.distributed: the part of a dataset that one of several processes reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.creation import randperm
from gradwerk.torch.distributed import get_rank, get_world_size
from gradwerk.torch.generators import Generator
from gradwerk.torch.utils.data.samplers import Sampler

# ruff: noqa: FBT001, FBT002  torch's signature


class DistributedSampler(Sampler):
    """Every n-th index of a dataset, shuffled anew for each epoch alike in all processes.

    Args:
        dataset: of a length.
        num_replicas: how many processes; those of the group unless given.
        rank: the number of this one; that in the group unless given.
        shuffle: draws an order, by `seed` and the number of the epoch.
        seed: the same in all processes.
        drop_last: leaves out what does not go around evenly, instead of reading some twice.

    Raises: ArgumentError for a rank that is not among the processes; StateError without a group, where one is asked.
    """

    def __init__(
        self, dataset: Sized, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True, seed: int = 0,
        drop_last: bool = False,
    ) -> None:  # fmt: skip
        self.dataset, self.shuffle, self.seed, self.drop_last, self.epoch = dataset, shuffle, seed, drop_last, 0
        self.num_replicas = get_world_size() if num_replicas is None else num_replicas
        self.rank = get_rank() if rank is None else rank
        if not 0 <= self.rank < self.num_replicas:
            raise ArgumentError(f"Invalid rank {self.rank}, rank should be in the interval [0, {self.num_replicas - 1}]")
        whole = len(dataset)
        rounded = math.floor if drop_last and whole % self.num_replicas else math.ceil
        self.num_samples = rounded(whole / self.num_replicas)
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[Any]:
        count = len(self.dataset)
        order = list(range(count))
        if self.shuffle:
            source = Generator()
            source.manual_seed(self.seed + self.epoch)
            order = randperm(count, generator=source).tolist()
        missing = self.total_size - count
        if missing > 0:
            order += (order * math.ceil(missing / count))[:missing]
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Before each epoch: it is shuffled by this number."""
        self.epoch = epoch


__getattr__ = ORIGINAL.module("torch.utils.data.distributed", __name__)
