"""What hints may name to users of gradwerk.keras."""

from __future__ import annotations

from gradwerk.tensor.hints import Hints, speak

_EAGERLY = "compile(..., run_eagerly=True) runs the steps op by op, where Python may ask"

speak("gradwerk.keras", Hints(
    choose=_EAGERLY,
    count=_EAGERLY,
    read="",
    select=_EAGERLY,
    keep="keep it in a weight, add_weight(..., trainable=False), and .assign() it",
    write="write it with .assign(...)",
))  # fmt: skip
