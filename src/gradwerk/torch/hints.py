"""What hints may name to users of gradwerk.torch."""

from __future__ import annotations

from gradwerk.tensor.hints import Hints, speak

speak("gradwerk.torch", Hints(
    choose="torch.where(condition, a, b) chooses by element",
    count="",
    read="return it from the compiled function and read it outside",
    select="torch.where(mask, x, 0) keeps the shape",
    keep="keep it in a Tensor and write that in place: .add_(), .copy_()",
    write="do it under torch.no_grad(), or to a copy",
))  # fmt: skip
