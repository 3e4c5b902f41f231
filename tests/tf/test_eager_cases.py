"""Functions of tf beside TensorFlow 2.21 (recorded): values, shapes, dtypes, gradients, kinds of errors, printing."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk.tf as tf
from gradwerk.base.errors import GradwerkError
from tests.peers import tf_eager_cases

RECORDED = tf_eager_cases.recorded()
LINES = tf_eager_cases.cases()


@pytest.mark.parametrize("line", LINES)
def test_a_line_gives_what_it_gives_in_tensorflow(line: str) -> None:
    wanted, found = RECORDED[line], tf_eager_cases.run(tf, line)
    if "error" in wanted:
        assert "error" in found, f"TensorFlow refuses it: {found}"
        assert kinds(str(wanted["error"][()])) >= {str(found["error"][()])}, found["said"]
        return
    assert "error" not in found, found["said"]
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        ours = found[name]
        assert ours.shape == array.shape, name
        if array.dtype.kind == "U":
            assert str(ours) == str(array), name
            continue
        assert ours.dtype == array.dtype, name
        scale = max(1.0, float(np.abs(array[np.isfinite(array)]).max(initial=0))) if array.dtype.kind in "fc" else 1
        rough = 2e-3 if array.dtype == np.float16 else 2e-5
        np.testing.assert_allclose(ours, array, rtol=rough, atol=rough * scale / 10, err_msg=name)


def kinds(error: str) -> set[str]:
    """What ours may be where TensorFlow's is of this kind: an InvalidArgumentError is also a ValueError here."""
    return {"INVALID": {"INVALID", "VALUE", "TYPE"}, "VALUE": {"VALUE", "INVALID"}, "TYPE": {"TYPE"}, "OTHER": {"OTHER", "INVALID"}}[error]


@pytest.mark.parametrize("line", [line for line in LINES if line.endswith("# refused")])
def test_what_is_refused_is_told_by_our_errors(line: str) -> None:
    with pytest.raises((GradwerkError, TypeError)) as caught:
        eval(line, {"tf": tf, "np": np, **tf_eager_cases.inputs(tf)})  # noqa: S307  our own lines
    assert isinstance(caught.value, GradwerkError) or "hash" in line
