"""torch.Tensor: what it shares, what it says of its layout, what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError, StateError


def test_numpy_and_from_numpy_share_memory() -> None:
    array = np.zeros((2, 3), np.float32)
    x = torch.from_numpy(array)
    array[0, 0] = 5
    x.numpy()[1, 1] = 7
    assert x[0, 0].item() == 5
    assert array[1, 1] == 7
    assert torch.tensor(array).numpy() is not array
    with pytest.raises(StateError, match=r"Use tensor\.detach\(\)\.numpy\(\)"):
        torch.zeros(2, requires_grad=True).numpy()


def test_views_share_and_view_refuses_what_strides_cannot_say() -> None:
    x = torch.arange(6).view(2, 3)
    x.view(-1)[4] = 9
    assert x[1, 1].item() == 9
    assert x.t().stride() == (1, 3)
    assert not x.t().is_contiguous()
    assert x.t().contiguous().is_contiguous()
    with pytest.raises(ShapeError, match=r"reshape"):
        x.t().view(6)
    assert x.t().reshape(6).tolist() == [0, 3, 1, 9, 2, 5]
    assert x.size() == (2, 3)
    assert (x.size(1), x.dim(), x.numel()) == (3, 2, 6)
    assert repr(x.size()) == "torch.Size([2, 3])"


EXPANDED = {
    ((3, 4), (-1, 4)): (3, 4), ((3, 1), (-1, 4)): (3, 4), ((3, 4), (2, -1, -1)): (2, 3, 4), ((1, 4), (-1, -1)): (1, 4), ((1,), (0,)): (0,),
    ((3,), (2, -1)): (2, 3), ((), (2, 3)): (2, 3), ((3, 1, 5), (-1, 2, -1)): (3, 2, 5), ((0, 1), (-1, 4)): (0, 4),
}  # fmt: skip
"""Of a shape and sizes the shape that PyTorch 2.13 gives."""


@pytest.mark.parametrize(("shape", "sizes"), EXPANDED)
def test_minus_one_keeps_an_extent(shape: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    x = torch.arange(math.prod(shape)).view(shape)
    for found in (x.expand(*sizes), x.expand(sizes), x.expand_as(torch.zeros(EXPANDED[shape, sizes]))):
        assert tuple(found.shape) == EXPANDED[shape, sizes]
        np.testing.assert_array_equal(found.numpy(), np.broadcast_to(x.numpy(), found.shape))


@pytest.mark.parametrize(("shape", "sizes", "says"), [
    ((3,), (-1, 3), r"\(-1\) isn't allowed in a leading, non-existing dimension 0"), ((), (-1,), "non-existing dimension 0"),
    ((2, 3), (-1, 4), r"\(4\) must match the existing size \(3\) at non-singleton dimension 1"), ((1, 3), (-2, 3), r"\(-2\) is no extent"),
    ((2, 3), (3,), "greater or equal to the number of dimensions"),
])  # fmt: skip
def test_sizes_that_no_expansion_has(shape: tuple[int, ...], sizes: tuple[int, ...], says: str) -> None:
    with pytest.raises(RuntimeError, match=says):
        torch.zeros(shape).expand(sizes)


PARTS = {
    "split(2)": {5: [2, 2, 1], 4: [2, 2], 0: [0]}, "split(9)": {5: [5], 0: [0]}, "split(0)": {0: [0]}, "split([0, 3])": {3: [0, 3]},
    "split([0, 0])": {0: [0, 0]}, "chunk(3)": {5: [2, 2, 1], 4: [2, 2], 1: [1], 0: [0, 0, 0]}, "chunk(4)": {6: [2, 2, 2]},
}  # fmt: skip
"""The extents that PyTorch 2.13 cuts an extent into."""


@pytest.mark.parametrize("cut", PARTS)
@pytest.mark.parametrize("dim", [0, 1])
def test_parts_of_an_axis(cut: str, dim: int) -> None:
    for extent, parts in PARTS[cut].items():
        x = torch.arange(2 * extent).view((extent, 2) if dim == 0 else (2, extent))
        found = eval(f"x.{cut[:-1]}, dim={dim})")
        assert [part.shape[dim] for part in found] == parts
        np.testing.assert_array_equal(np.concatenate([part.numpy() for part in found], dim), x.numpy())


def test_a_convolution_gives_a_contiguous_result() -> None:
    y = torch.nn.Conv2d(1, 2, 3)(torch.zeros(1, 1, 5, 5))
    assert y.is_contiguous()
    assert y.view(1, -1).shape == (1, 18)
    assert torch.nn.MaxPool2d(3)(y).is_contiguous()


def test_dtypes_of_new_tensors() -> None:
    assert [torch.tensor(v).dtype for v in (1, 1.5, True, np.float64(2))] == [torch.int64, torch.float32, torch.bool, torch.float64]
    assert (torch.tensor([1, 2]) / 2).dtype == torch.float32
    assert (torch.arange(3) + 0.5).dtype == torch.float32
    assert (torch.tensor([1.0]) + torch.tensor(2.0, dtype=torch.float64)).dtype == torch.float32
    assert torch.ones(2).long().dtype == torch.int64
    assert torch.ones(2).to(torch.float64).dtype == torch.float64
    with pytest.raises(DTypeError, match="mean"):
        torch.arange(3).mean()


def test_seeds_repeat() -> None:
    torch.manual_seed(3)
    first = (torch.randn(4), torch.rand(2, 2), torch.randint(0, 9, (5,)), torch.randperm(6))
    torch.manual_seed(3)
    again = (torch.randn(4), torch.rand(2, 2), torch.randint(0, 9, (5,)), torch.randperm(6))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert sorted(first[3].tolist()) == list(range(6))


def test_backward_forgets_the_history_unless_told_to_keep_it() -> None:
    x = torch.ones(2, requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [4.0, 4.0]
    with pytest.raises(StateError, match="retain_graph=True"):
        loss.backward()


def test_in_place_on_a_leaf_is_refused_but_not_under_no_grad() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(StateError, match="leaf"):
        x.add_(1)
    with torch.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0, 2.0]
    assert x.requires_grad


def test_there_is_one_device() -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    assert str(torch.ones(1).to(device).device) == "cpu"
    with pytest.raises(ArgumentError, match="no device 'cuda:0'"):
        torch.device("cuda:0")
    with pytest.raises(ArgumentError, match="no device"):
        torch.nn.Linear(1, 1).to("cuda")


def test_repr() -> None:
    assert repr(torch.tensor([1.0, 2.5])) == "tensor([1.0000, 2.5000])"
    assert repr(torch.tensor([1, 2], dtype=torch.int32)) == "tensor([1, 2], dtype=torch.int32)"


def test_a_graphics_card_is_an_assertion_error_as_in_torch() -> None:
    for ask in (lambda: torch.ones(2).cuda(), lambda: torch.ones(2).to("cuda"), lambda: torch.ones(2, device="cuda"),
                lambda: torch.nn.Linear(2, 2).cuda()):  # fmt: skip
        with pytest.raises(AssertionError, match="there is no device"):
            ask()


def test_places_of_what_is_not_zero() -> None:
    for values, rows, columns in (([[1, 0], [0, 2]], [[0, 0], [1, 1]], [[0, 1], [0, 1]]), (2.5, [[]], [[0]]), (0.0, [], [[]])):
        x = torch.tensor(values)
        assert x.nonzero().tolist() == rows
        assert [place.tolist() for place in x.nonzero(as_tuple=True)] == columns
        assert [place.tolist() for place in torch.where(x != 0)] == columns


@pytest.mark.parametrize("compiled", [False, True])
def test_an_axis_of_nothing_is_cut_into_as_many_parts_as_were_asked_for(compiled: bool) -> None:  # noqa: FBT001
    cuts = {
        3: (lambda x: x.chunk(3), (0, 2)), 1: (lambda x: x.chunk(1), (0, 2)), 2: (lambda x: x.transpose(0, 1).chunk(2, 1), (2, 0)),
        0: (lambda x: x.split([]), (0, 2)), 4: (lambda x: x.split([0] * 4), (0, 2)),
    }  # fmt: skip
    for count, (cut, shape) in cuts.items():
        parts = (torch.compile(cut) if compiled else cut)(torch.zeros(0, 2))
        assert [tuple(part.shape) for part in parts] == [shape] * count
    assert [len(torch.zeros(0, 2).split(size)) for size in (0, 3)] == [1, 1]
    for cut in (lambda x: x.chunk(2), lambda x: x.split(2)):
        with pytest.raises(ShapeError, match="at least a 1-dimensional tensor"):
            cut(torch.zeros(()))


def test_means_of_whole_numbers_are_refused_by_name() -> None:
    functional, whole = torch.nn.functional, torch.tensor([[[1, 2], [3, 4]]])
    for name, ask in {
        "avg_pool2d": lambda: functional.avg_pool2d(whole, 2),
        "mse_loss": lambda: functional.mse_loss(whole, whole),
        "l1_loss": lambda: functional.l1_loss(whole, whole),
    }.items():
        with pytest.raises(DTypeError, match=rf"{name}\(\): not implemented for 'Long'"):
            ask()
    assert functional.l1_loss(whole, whole + 1, reduction="sum").item() == 4


def test_a_size_stays_one() -> None:
    size = torch.ones(2, 3, 4).shape
    for made, wanted in (
        (size[1:], [3, 4]), (size[::-1], [4, 3, 2]), (size[:0], []), (size + (1,), [2, 3, 4, 1]), ((1,) + size, [1, 2, 3, 4]),
        (size[:1] * 2, [2, 2]), (2 * size[:1], [2, 2]), (torch.Size((torch.tensor(2), True)), [2, 1]), (size + size[:1], [2, 3, 4, 2]),
    ):  # fmt: skip
        assert type(made) is torch.Size and repr(made) == f"torch.Size({wanted})" and made.numel() == np.prod(wanted)
        assert made == tuple(wanted) and hash(made) == hash(tuple(wanted)) and torch.zeros(made).shape == made
    assert type(size[0]) is int
    for wrong in ([2.5], ["a"], 3):
        with pytest.raises(TypeError, match="takes an iterable of 'int'"):
            torch.Size(wrong)
    with pytest.raises(TypeError):
        size + [1]


def test_ops_and_types_hold_plain_shapes() -> None:
    """Where one is built of parts of a Size: its text, and what is kept under it, would be another."""
    made = []
    x = torch.ones(2, 3, 4)
    with_shapes = [
        lambda: x.reshape(x.shape[1:] + x.shape[:1]), lambda: x.expand((5,) + x.shape), lambda: torch.zeros(x.shape[1:]),
        lambda: x.view(x.shape),
        lambda: x.sum(0), lambda: x[0, :, None], lambda: x[torch.tensor([0, 1])],
        lambda: torch.full(x.shape[:2], 1.0), lambda: x.flatten(1), lambda: torch.randn(x.shape[1:]),
        lambda: torch.stack([x, x]), lambda: x.mT,
    ]  # fmt: skip
    for function in with_shapes:
        made.append(function())
        assert type(made[-1]._type.shape) is tuple, made[-1]
    steps = [step for one in made if one._view is not None for step in one._view.steps]
    assert steps and not [step for step in steps for value in step.attributes().values() if type(value) is torch.Size]


def test_a_range_names_places_as_a_list_does() -> None:
    x, y = torch.arange(6.0).reshape(2, 3).requires_grad_(), torch.tensor([2, 0])
    picked = x[range(2), y]
    assert picked.tolist() == [2.0, 3.0] and x[range(1, -1, -1)].tolist() == x[[1, 0]].tolist() and x[:, range(0, 3, 2)].shape == (2, 2)
    assert x[range(0)].shape == (0, 3) and torch.compile(lambda x, y: x[range(2), y])(x, y).tolist() == [2.0, 3.0]
    picked.sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    written = torch.zeros(2, 3)
    written[range(2), y] = 5.0
    assert written.tolist() == [[0.0, 0.0, 5.0], [5.0, 0.0, 0.0]]
    with pytest.raises(IndexError):
        _ = x[range(3), torch.tensor([0, 0, 0])]
