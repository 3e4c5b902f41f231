"""A name that PyTorch has and we lack says so, wherever it is asked for; what is offered in its place is here."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from gradwerk import torch
from gradwerk.base.errors import GradwerkError
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.conversions import Conversions
from gradwerk.torch.optim import optimizers

MODULES = (
    "torch", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.nn.utils", "torch.optim", "torch.utils", "torch.utils.data",
    "torch.autograd", "torch.cuda", "torch.fft", "torch.linalg",
)  # fmt: skip
CLASSES = {"torch.Tensor": torch.Tensor, "torch.nn.Module": torch.nn.Module, "torch.optim.Optimizer": optimizers.Optimizer}


@pytest.mark.parametrize("place", [*MODULES, *CLASSES])
def test_every_name_of_the_original_is_here_or_says_that_it_is_not(place: str) -> None:
    owner = CLASSES[place] if place in CLASSES else importlib.import_module(f"gradwerk.{place}")
    names = ORIGINAL.names(place)
    assert names
    missing = [name for name in names if not hasattr(owner, name)]
    present = [name for name in names if name not in missing]
    assert len(missing) < len(names)
    for name in missing:
        with pytest.raises(AttributeError, match=f"{place}.{name} is not here yet") as caught:
            getattr(owner, name)
        assert isinstance(caught.value, GradwerkError)
        near = ORIGINAL.near(place, name, present)
        assert not near or hasattr(owner, near)


def test_names_offered_by_hand_are_missing_and_have_a_near_one() -> None:
    lines = [line[1:] for line in ORIGINAL.lines if line[0] == "near"]
    assert len(lines) > 20
    for place, name, near in lines:
        owner = CLASSES[place] if place in CLASSES else importlib.import_module(f"gradwerk.{place}")
        assert name in ORIGINAL.names(place), f"{place} has no {name}"
        assert hasattr(owner, near), f"{place}.{near}"


def test_an_import_statement_says_it_too() -> None:
    with pytest.raises(ImportError, match=r"torch.nn.FractionalMaxPool2d is not here yet; near: MaxPool2d"):
        from gradwerk.torch.nn import FractionalMaxPool2d  # noqa: F401, PLC0415
    with pytest.raises(ImportError, match=r"torch.export is not here yet"):
        from gradwerk.torch import export  # noqa: F401, PLC0415
    with pytest.raises(AttributeError, match=r"torch.nn.FractionalMaxPool2d is not here yet; near: MaxPool2d"):
        _ = torch.nn.FractionalMaxPool2d


def test_a_slip_of_the_pen_is_offered_the_name_that_is_meant() -> None:
    with pytest.raises(AttributeError, match=r"(?s)torch.nn has no 'Linaer'.*likely: torch.nn.Linear"):
        _ = torch.nn.Linaer
    with pytest.raises(AttributeError, match=r"torch.nn has no 'whatever'") as caught:
        _ = torch.nn.whatever
    assert "likely" not in str(caught.value)


def test_what_the_user_defines_goes_before() -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_forward_hook = 3

        def half(self) -> str:
            return "mine"

    assert (Net().register_forward_hook, Net().half()) == (3, "mine")
    assert not hasattr(torch.tensor([1.0]), "stft")


def test_each_module_that_answers_for_absent_names_answers_with_an_error_of_ours() -> None:
    asked = 0
    for root in ("torch", "keras", "tf", "torchvision"):
        package = importlib.import_module(f"gradwerk.{root}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.rpartition(".")[2].startswith("_") or "__getattr__" not in vars(importlib.import_module(found.name)):
                continue
            with pytest.raises(GradwerkError, match="nonesuch"):
                _ = importlib.import_module(found.name).nonesuch
            asked += 1
    assert asked > 40


@pytest.mark.parametrize("name", sorted(name for name in ORIGINAL.names("torch.Tensor") if name.startswith("is_")))
def test_what_a_tensor_is_not_is_false(name: str) -> None:
    value = getattr(torch.ones(2), name, None)
    assert value is (name in {"is_cpu", "is_leaf"}) or value is None or callable(value)
    assert not isinstance(vars(Conversions).get(name), property) or value is False
