"""Every law for every registered op."""

from __future__ import annotations

import pytest

from gradwerk.ir.op import REGISTRY
from tests.laws.cases import load_registry
from tests.laws.compiled_laws import COMPILED_LAWS
from tests.laws.laws import LAWS, Law

OPS = load_registry()


@pytest.mark.parametrize("law", (*LAWS, *COMPILED_LAWS), ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", sorted(OPS))
def test_law(name: str, law: Law) -> None:
    law(OPS[name])


def test_names_are_snake_case_of_the_class() -> None:
    for name, cls in OPS.items():
        assert REGISTRY[name] is cls
        assert name.replace("_", "") == cls.__name__.lower()
