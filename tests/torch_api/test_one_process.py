"""torch.distributed of one process, DistributedSampler, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gradwerk import torch
from gradwerk.base.errors import AbsentNameError, ArgumentError, StateError
from gradwerk.torch import distributed, nn
from gradwerk.torch.utils.data.distributed import DistributedSampler


@pytest.fixture
def group() -> Iterator[None]:
    distributed.init_process_group("gloo", world_size=1, rank=0)
    yield
    distributed.destroy_process_group()


def test_without_a_group_nothing_is_asked() -> None:
    assert (distributed.is_available(), distributed.is_initialized()) == (False, False)
    for call in (distributed.get_rank, distributed.get_world_size, distributed.barrier, distributed.destroy_process_group,
                 lambda: nn.parallel.DistributedDataParallel(nn.Linear(2, 2)), lambda: DistributedSampler(range(3))):  # fmt: skip
        with pytest.raises(StateError, match="process group has not been initialized"):
            call()
    for options in ({}, {"world_size": 2, "rank": 0}, {"world_size": 1, "rank": 1}):
        with pytest.raises(StateError, match="no group of several processes"):
            distributed.init_process_group("gloo", **options)
    with pytest.raises(AbsentNameError, match=r"torch.distributed.scatter is not here yet"):
        _ = distributed.scatter


def test_a_group_of_one_is_what_it_says(group: None) -> None:
    assert (distributed.get_rank(), distributed.get_world_size(), distributed.get_backend()) == (0, 1, "gloo")
    x = torch.ones(2)
    for call in (distributed.all_reduce, distributed.broadcast, distributed.reduce):
        assert call(x) is None
    held = [torch.zeros(2)]
    distributed.all_gather(held, x)
    assert held[0].tolist() == x.tolist() == [1.0, 1.0]
    with pytest.raises(ArgumentError, match="one Tensor for each process"):
        distributed.all_gather([], x)
    with pytest.raises(StateError, match="twice"):
        distributed.init_process_group(world_size=1)
    net = nn.Linear(2, 2)
    shared = nn.parallel.DistributedDataParallel(net, device_ids=None, find_unused_parameters=True)
    assert torch.equal(shared(x), net(x))
    assert list(shared.state_dict()) == ["module.weight", "module.bias"]
    with shared.no_sync():
        shared(x).sum().backward()
    assert net.weight.grad is not None
    assert list(DistributedSampler(range(3), shuffle=False)) == [0, 1, 2]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_all_parts_together_are_the_dataset(drop_last: bool, shuffle: bool) -> None:
    parts = [DistributedSampler(range(11), 4, rank, shuffle, 3, drop_last) for rank in range(4)]
    read = [list(part) for part in parts]
    assert {len(one) for one in read} == {len(parts[0])} == {2 if drop_last else 3}
    whole = [index for one in read for index in one]
    assert len(set(whole)) == (8 if drop_last else 11)
    before = list(parts[0])
    parts[0].set_epoch(1)
    assert (list(parts[0]) == before) == (not shuffle)
    with pytest.raises(ArgumentError, match="Invalid rank 4"):
        DistributedSampler(range(3), 4, 4)


def test_types_are_taken_as_dtypes() -> None:
    x = torch.ones(2).type(torch.LongTensor)
    assert x.dtype == torch.int64
    assert x.type(torch.FloatTensor).dtype == torch.float32
