"""The reference: every name has its page, a page says all that the code says, and what it says of the code is true."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

import gradwerk
from docs.site import curves, markup
from docs.site.alike import core_of
from docs.site.catalogue import Entry, Section, ops, sections
from docs.site.docstrings import docstring_of, parsed
from docs.site.formulas import derivative
from docs.site.name_pages import SEE, Links, directive
from docs.site.op_pages import op_page
from docs.site.signatures import arguments_of
from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, GradwerkError
from gradwerk.ir.op import REGISTRY, Op
from gradwerk.nn.loss import squared_error
from tests.api import tables
from tests.laws.cases import draw, examples_of


@cache
def section_of(folder: str) -> Section:
    return {section.folder: section for section in sections()}[folder]


@cache
def links() -> Links:
    return Links.of(sections())


def entries() -> Iterator[tuple[Section, Entry]]:
    for section in sections():
        for entry in section.entries:
            yield section, entry


def test_every_name_has_its_page() -> None:
    """Counted in other ways than the catalogue counts: by the laws' own searches, and by the table of the README."""
    from tests.laws.layer_laws import layers
    from tests.laws.loss_laws import losses
    from tests.laws.update_laws import rules

    documented = {entry.name for entry in section_of("ops").entries}
    assert documented == {name for name, op in REGISTRY.items() if op.__module__.startswith("gradwerk.")}
    assert {entry.name for entry in section_of("losses").entries} >= losses().keys() | {"ctc", "triplet"}
    assert {entry.name for entry in section_of("optimizers").entries} >= rules().keys() | {"LBFGS", "ByGlobalNorm"}
    own = {path.rpartition(".")[2] for path in links().places}
    assert own >= {name.rpartition(".")[2] for name in layers()} | {"attention", "lstm_cell", "roc"} | set(gradwerk.__all__)
    functions = {name for names in gradwerk._FUNCTIONS.values() for name in names}
    as_ops = {name for name in functions if isinstance(getattr(gradwerk, name), Op)}
    assert {entry.name for entry in section_of("functions").entries} == functions - as_ops
    assert {type(getattr(gradwerk, name)) for name in as_ops} <= {entry.subject for entry in section_of("ops").entries}
    for front_end, places in tables.PLACES.items():
        for place in places:
            path = front_end if place == front_end else f"{front_end}.{place}"
            here = tables.owner(front_end, place)
            found = {name for name in tables.names(front_end, place) if not inspect.ismodule(inspect.getattr_static(here, name))}
            assert found <= {known.removeprefix(f"{path}.") for known in links().places if known.startswith(f"{path}.")}, path


def test_no_two_pages_are_one_file() -> None:
    """Not where capitals count for nothing either."""
    for section in sections():
        pages = [section.page_of(entry).lower() for entry in section.entries]
        assert section.listed or len(set(pages)) == len(pages) == len(section.entries), section.title


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]{2,}", text.lower())


def test_no_word_of_a_docstring_is_lost() -> None:
    for _, entry in entries():
        subject = entry.subject
        text = subject.__dict__.get("__doc__") if isinstance(subject, type) else getattr(subject, "__doc__", None)
        said = docstring_of(subject)
        shown = [said.summary, said.body, *(" ".join(one) for one in (*said.facts.items(), *said.arguments))]
        left = [word for word in words(inspect.cleandoc(text or "")) if word not in ("args", "raises", "and")]
        found = words(" ".join(shown))
        for word in set(left):
            assert found.count(word) >= left.count(word), (entry.path, word)


def test_a_docstring_is_taken_apart() -> None:
    said = parsed(
        "Sine, e**x.  Source: Abramowitz, 1964.\n\nMore of it:\n    y = 2 * x\n\nShape: that of x.  Dtype: floating, kept.\n"
        "Raises: ShapeError\nfor others.\n\nArgs:\n    x: the angle,\n        in radians.\n    a, b: two.\n"
    )
    assert said.summary == "Sine, e**x."
    assert said.body == "More of it:\n    y = 2 * x"
    assert said.facts == {
        "Source": "Abramowitz, 1964.", "Shape": "that of x.", "Dtype": "floating, kept.", "Raises": "ShapeError for others.",
    }  # fmt: skip
    assert said.arguments == (("x", "the angle, in radians."), ("a, b", "two."))
    assert markup.plain("e**x and `e**x` in [a, b]") == r"e\*\*x and `e**x` in \[a, b\]"


def evaluated(text: str, given: dict[str, Any]) -> Any:
    """What a formula of a page says, by the ops that it names."""

    def called(op: type[Op], **given: Any) -> Any:
        def apply(*args: Any, **attributes: Any) -> Any:
            return op(**attributes, **given)(*args)

        return apply

    casts = {row.name: called(ops()["cast"], dtype=row.dtype) for row in dtypes.TABLE}
    return eval(text, {"none": None, "nan": np.nan, **casts, **{name: called(op) for name, op in ops().items()}, **given})


def test_derivatives_are_those_of_the_rule() -> None:
    """The formula on the page, read as Python over the ops that it names, is what the rule computes."""
    tried = 0
    for name in sorted(ops()):
        op = ops()[name]
        if not examples_of(op):
            continue
        made, types = examples_of(op)[0]
        names = [f"a{k}" for k in range(len(types))]
        try:
            rows = derivative(made, types, names) if len(made.infer(*types)) == 1 else None
        except GradwerkError:
            continue  # it refuses, and the page has its reason
        if not rows or any("constant" in text for _, text in rows):
            continue
        arrays = draw(made, types)
        (y,) = made.evaluate(*arrays)
        g = np.random.default_rng(1).normal(size=y.shape).astype(y.dtype)
        expected = made.vjp(g, y, *arrays)
        given = dict(zip(names, arrays, strict=True)) | {"g": g, "y": y}
        for (argument, text), right in zip(rows, expected, strict=True):
            found = evaluated(text, given)
            if right is None:
                assert found is None, (name, argument)
            else:
                np.testing.assert_allclose(*np.broadcast_arrays(found, right), rtol=1e-4, atol=1e-5, err_msg=f"{name}: {text}")
                tried += 1
    assert tried > 100


def test_what_is_said_of_activations() -> None:
    """Against what is known of them."""
    relu, tanh, sigmoid = (dict(curves.facts(getattr(gradwerk, name))) for name in ("relu", "tanh", "sigmoid"))
    assert relu["Range"] == "0 to infinity" and relu["Without derivative"] == "x = 0 (taken as 0)"
    assert "mean over a standard normal x is 0.4" in relu["Zero-centred"]  # 1 / sqrt(2 pi)
    assert tanh["Range"] == "-1 to 1" and tanh["Zero-centred"].startswith("yes") and tanh["Without derivative"] == "nowhere"
    assert "below x = -3 and above x = 3" in tanh["Saturates"]  # 1 - tanh(3)^2 = 0.0099
    assert sigmoid["Range"] == "0 to 1" and "0.5" in sigmoid["Zero-centred"]


def test_what_has_a_curve() -> None:
    assert curves.of_one_element(ops()["sin"]) and curves.of_one_element(gradwerk.gelu)
    assert not any(curves.of_one_element(subject) for subject in (gradwerk.softmax, gradwerk.cumsum, gradwerk.stack, ops()["add"]))
    picture = curves.loss_picture("squared_error", squared_error)
    assert picture is not None
    (curve,) = picture.curves
    np.testing.assert_allclose(curve.y, (curve.x - 1) ** 2)
    np.testing.assert_allclose(curve.slope, 2 * (curve.x - 1))


@pytest.mark.parametrize("folder", ["losses", "keras/layers", "torch/nn/functional"])
def test_a_page_has_every_argument(folder: str) -> None:
    section = section_of(folder)
    for entry in section.entries:
        page = directive(entry, links(), up="../", options=True)
        assert page.startswith("::::{py:") and all(argument.name in page for argument in arguments_of(entry.subject)), entry.path


def test_what_takes_all_that_torch_takes_shows_it() -> None:
    entry = next(entry for entry in section_of("torch/optim").entries if entry.name == "Adam")
    page = directive(entry, links(), up="../", options=True)
    assert "Adam(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08" in page and "| `amsgrad` |" in page and "**options" not in page


def test_an_op_has_a_whole_page() -> None:
    for name in ("sin", "scatter_add", "svd", "not_equal", "scan", "fmod", "print"):
        page = op_page(Entry(f"ops.{name}", ops()[name]))
        assert all(part in page for part in ("# " + name, "**Shape**", "**Kind**", "## Types", "## Derivative", "## Code")), name


def test_what_is_to_be_seen_elsewhere_is_there() -> None:
    """`See ...`, as the whole of a docstring, names something that the reference has: a link, or words of its own beside it."""
    for _, entry in entries():
        found = SEE.match(docstring_of(entry.subject).summary)
        if found:
            assert links().found(found[1], entry.path), entry.path


KINDS = {"floating": "f", "numbers": "fiu"}


def test_what_functions_say_of_shape_and_dtype_is_true() -> None:
    """`Shape: that of x` and `Dtype: floating, kept`, of functions of one x: tried."""
    tried = 0
    for entry in section_of("functions").entries:
        needed = [p.name for p in inspect.signature(entry.subject).parameters.values() if p.default is p.empty]
        facts = docstring_of(entry.subject).facts
        kinds = re.fullmatch(r"(?:those of x, )?(floating|numbers)(?:, kept)?\.", facts.get("Dtype", ""))
        if needed != ["x"] or kinds is None or "n, n" in facts["Shape"]:
            continue
        tried += 1
        for dtype in (np.float32, np.float64, np.int32, np.uint8):
            x = gradwerk.Tensor(np.full((2, 3, 4), 0.5 if np.dtype(dtype).kind == "f" else 2, dtype))
            if np.dtype(dtype).kind not in KINDS[kinds[1]]:
                with pytest.raises(DTypeError):
                    entry.subject(x)
                continue
            y = entry.subject(x)
            assert y.dtype == dtype, (entry.path, dtype)
            assert y.shape == (2, 3, 4) or facts["Shape"] != "that of x.", entry.path
    assert tried > 20


def test_samples_of_pytorch_show_shapes() -> None:
    page = directive(Entry("torch.matmul", importlib.import_module("gradwerk.torch").matmul), links(), up="../")
    lines = re.search(r"```\{code-block\} text\n(.*?)\n```", page, re.DOTALL)
    assert lines is not None
    for line in lines[1].splitlines():
        shapes = [tuple(map(int, re.findall(r"\d+", text))) for text in re.findall(r"\([^)]*\)", line)]
        *given, result = shapes
        assert np.matmul(*(np.zeros(shape) for shape in given)).shape == result, line


def test_a_front_end_leads_to_the_core() -> None:
    led = {
        "torch.nn.HuberLoss": "nn.regression_loss.huber", "keras.optimizers.Nadam": "nn.moments.Nadam", "torch.sin": "ops.sin",
        "torch.Tensor.add_": "ops.add", "torch.gather": None, "torch.nn.Identity": None, "nn.loss.huber": None,
    }  # fmt: skip
    assert {path: core_of(Entry(path, None)) for path in led} == led
