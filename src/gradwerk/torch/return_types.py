"""torch.return_types: what functions of several results give, by name."""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def returned(name: str, *fields: str) -> Any:  # noqa: ANN401  a class of tuples
    """The class of the results of torch's function `name`."""
    make: Any = namedtuple
    plain = make(name, fields)

    def text(self: Any) -> str:  # noqa: ANN401  a tuple of the class
        return f"torch.return_types.{name}(\n" + ",\n".join(f"{field}={getattr(self, field)!r}" for field in fields) + ")"

    return type(name, (plain,), {"__slots__": (), "__repr__": text, "__module__": __name__, "__doc__": f"The results of torch.{name}."})


aminmax = returned("aminmax", "min", "max")
cummax, cummin = (returned(name, "values", "indices") for name in ("cummax", "cummin"))
histogram = returned("histogram", "hist", "bin_edges")
kthvalue, median, mode = (returned(name, "values", "indices") for name in ("kthvalue", "median", "mode"))
nanmedian, sort, topk = (returned(name, "values", "indices") for name in ("nanmedian", "sort", "topk"))
