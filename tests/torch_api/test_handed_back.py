"""torch.jit hands back what it is given and says so once; torch.utils.benchmark times; the older names of nn.init."""

from __future__ import annotations

import typing
import warnings
from typing import Any

import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.torch import jit, nn
from gradwerk.torch.utils import benchmark


def test_what_is_given_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_told", set())
    net = nn.Linear(2, 2)
    with pytest.warns(UserWarning, match="torch.compile") as told:
        assert jit.script(net) is net
        assert jit.script(net) is net
    assert len(told) == 1
    with pytest.warns(UserWarning, match=r"torch\.jit\.trace gives back"):
        assert jit.trace(net, torch.ones(1, 2), check_trace=False, strict=False) is net

    @jit.ignore
    def one(x: Any) -> Any:
        return x

    @jit.ignore(drop=True)
    def two(x: Any) -> Any:
        return x

    assert (jit.export(one), jit.unused(two), jit.script_if_tracing(one), jit.freeze(net)) == (one, two, one, net)
    assert (jit.is_scripting(), jit.is_tracing()) == (False, False)
    assert jit.isinstance([1], typing.List[int])  # noqa: UP006  as scripts write it
    assert not jit.isinstance([1], (typing.Dict[str, int], int))  # noqa: UP006  as scripts write it
    with pytest.raises(ArgumentTypeError):
        jit.script(3)


def test_it_times_a_statement() -> None:
    timer = benchmark.Timer("x @ x", globals={"x": torch.ones(8, 8)}, label="product", description="ours")
    once = timer.timeit(20)
    assert once.mean > 0
    assert "20 runs" in repr(once)
    assert "product: ours" in repr(once)
    many = timer.blocked_autorange(min_run_time=0.01)
    assert sum(many.raw_times) >= 0.01
    assert many.median <= max(many.times)
    assert timer.adaptive_autorange(max_run_time=0.02).number_per_run >= 1
    assert "ours" in str(benchmark.Compare([once, many]))
    with pytest.raises(ArgumentError, match=r"C\+\+"):
        benchmark.Timer(language="c++")


OLDER = ("uniform", "normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal", "eye")


@pytest.mark.parametrize("name", OLDER)
def test_older_names_fill_and_warn(name: str) -> None:
    torch.manual_seed(1)
    with pytest.warns(FutureWarning, match=rf"nn.init.{name}_"):
        old = getattr(nn.init, name)(torch.empty(3, 4))
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        new = getattr(nn.init, f"{name}_")(torch.empty(3, 4))
    assert torch.equal(old, new)
