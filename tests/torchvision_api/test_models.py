"""torchvision.models: modules, names and numbers of torchvision; trained weights from files; what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradwerk import torch, torchvision
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError, MissingOptionError
from gradwerk.torchvision import models
from gradwerk.torchvision.models.weights import ImageClassification, imagenet
from tests.peers import vision_models as cases

RECORDED = json.loads(cases.RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [*cases.QUICK, *(pytest.param(name, marks=pytest.mark.long) for name in cases.LARGE)])
def test_modules_names_and_numbers_are_torchvisions(name: str) -> None:
    model, theirs = cases.made(models, name), dict(RECORDED[name])
    exact = np.array(theirs.pop("numbers"))
    assert cases.structure(model) == theirs
    assert np.abs(np.array(cases.numbers(torch, model)) - exact).max() <= 1e-5 * np.abs(exact).max()


def test_the_published_numbers_of_parameters() -> None:
    for name in ("squeezenet1_1", "mobilenet_v2", "densenet121"):
        model = models.get_model(name)
        known = models.get_model_weights(name).DEFAULT.meta
        assert sum(parameter.numel() for parameter in model.parameters()) == known["num_params"]


@pytest.mark.parametrize("name", ["googlenet", pytest.param("inception_v3", marks=pytest.mark.long)])
def test_training_gives_the_other_classifiers_too(name: str) -> None:
    model = cases.made(models, name)
    extent = 96 if name == "googlenet" else 299
    given = model(torch.randn(2, 3, extent, extent))
    assert [tuple(each.shape) for each in given] == [(2, 7)] * len(given) and given.logits is given[0]
    sum(each.sum() for each in given).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    without = getattr(models, name)(num_classes=7, aux_logits=False, init_weights=False)
    assert not any("aux" in key.lower() for key in without.state_dict())


def test_the_head_is_replaced_and_the_rest_frozen() -> None:
    torch.manual_seed(0)
    model = models.resnet18()
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = torch.nn.Linear(model.fc.in_features, 2)
    before = model.layer4[1].conv2.weight.clone()
    optimizer = torch.optim.SGD(model.fc.parameters(), lr=1e-4)
    pictures, labels = torch.randn(4, 3, 64, 64), torch.tensor([0, 1, 0, 1])
    losses = []
    model.eval()
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(pictures), labels)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0] and torch.equal(before, model.layer4[1].conv2.weight)
    codes = torch.nn.Sequential(*list(model.children())[:-1])(pictures)
    assert codes.shape == (4, 512, 1, 1)


@pytest.mark.filterwarnings("ignore:torch.save wrote a safetensors file")
def test_trained_weights_come_from_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    theirs = models.squeezenet1_1()
    torch.save(theirs.state_dict(), folder / "squeezenet1_1-b8a52dc0.pth")
    for weights in ("DEFAULT", "IMAGENET1K_V1", models.SqueezeNet1_1_Weights.DEFAULT):
        ours = models.squeezenet1_1(weights=weights)
        assert all(torch.equal(one, other) for one, other in zip(ours.parameters(), theirs.parameters(), strict=True))
    with pytest.warns(UserWarning, match="pretrained=True is of former versions"):
        ours = models.squeezenet1_1(pretrained=True)
    assert torch.equal(ours.features[0].weight, theirs.features[0].weight)
    whole = models.googlenet(init_weights=False)
    torch.save(whole.state_dict(), folder / "googlenet-1378be20.pth")
    ours = models.googlenet(weights="DEFAULT", aux_logits=False)
    assert ours.aux1 is None and ours.transform_input and torch.equal(ours.fc.weight, whole.fc.weight)
    named = {}
    for key, value in models.densenet121().state_dict().items():
        parts = key.split(".")
        at = next((at for at, part in enumerate(parts) if part.startswith("denselayer")), None)
        if at is not None and parts[at + 1][-1] in "12":
            parts[at + 1] = f"{parts[at + 1][:-1]}.{parts[at + 1][-1]}"
        named[".".join(parts)] = value
    torch.save(named, folder / "densenet121-a639ec97.pth")
    assert torch.equal(models.densenet121(weights="DEFAULT").classifier.weight, named["classifier.weight"])


def test_weights_that_cannot_be_had_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    missing = (tmp_path / "nothing-00000000.pth").as_uri()
    with pytest.raises(FileError, match="put the file at"):
        torch.hub.load_state_dict_from_url(missing, check_hash=True)
    (tmp_path / "other-00000000.pth").write_bytes(b"else")
    with pytest.raises(FileError, match="another file than its digest says"):
        torch.hub.load_state_dict_from_url((tmp_path / "other-00000000.pth").as_uri(), check_hash=True)
    assert not list((tmp_path / "hub" / "checkpoints").iterdir())
    torch.hub.set_dir(tmp_path / "mine")
    assert torch.hub.get_dir() == str(tmp_path / "mine")
    torch.hub._chosen.clear()
    assert torch.hub.get_dir() == str(tmp_path / "hub")


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="1000 classes, not 10"):
        models.resnet18(weights="DEFAULT", num_classes=10)
    with pytest.raises(ArgumentError, match="has no 'IMAGENET'"):
        models.resnet18(weights="IMAGENET")
    with pytest.raises(ArgumentTypeError, match="one of its members"):
        models.resnet18(weights=models.ResNet34_Weights.DEFAULT)
    with pytest.raises(ArgumentError, match="no network is called"):
        models.get_model("resnet19")
    with pytest.raises(ArgumentError, match="no weights are called"):
        models.get_weight("ResNet18_Weights.V9")
    with pytest.raises(MissingOptionError, match="ImageNet's classes"):
        models.ResNet18_Weights.DEFAULT.meta["categories"]
    with pytest.raises(ArgumentError, match="a BasicBlock has groups=1"):
        models.resnet18(groups=2)
    with pytest.raises(ArgumentError, match="four numbers"):
        models.mobilenet_v2(inverted_residual_setting=[[1, 2]])


def test_networks_by_name() -> None:
    names = models.list_models()
    assert len(names) == 28 and set(names) == {*cases.QUICK, *cases.LARGE}
    assert models.list_models("vgg*", exclude="*_bn") == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert models.get_weight("ResNet50_Weights.IMAGENET1K_V2") is models.ResNet50_Weights.DEFAULT
    assert models.get_model_builder("alexnet") is models.alexnet and torchvision.models is models
    from gradwerk.torchvision.models.resnet import Bottleneck  # noqa: PLC0415  a module beside functions

    assert Bottleneck.expansion == 4


def test_pictures_are_prepared_as_the_weights_expect() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    prepare = imagenet("none", 1, 1.0, 1.0, crop=24, resize=32).transforms()
    got = prepare(Image.fromarray(pixels))
    transforms = torchvision.transforms
    by_hand = transforms.Compose([
        transforms.Resize(32), transforms.CenterCrop(24), transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])  # fmt: skip
    assert isinstance(prepare, ImageClassification) and got.shape == (3, 24, 24) and "crop_size=[24]" in repr(prepare)
    assert torch.allclose(got, by_hand(Image.fromarray(pixels)), atol=1e-6)
