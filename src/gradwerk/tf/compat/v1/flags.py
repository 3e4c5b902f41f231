"""tf.flags: options of a script, declared by `DEFINE_*` and read from the command line at the first use of FLAGS."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from gradwerk.base.errors import AbsentNameError, ArgumentError

# ruff: noqa: ANN401, N802  TensorFlow's names
__all__ = [
    "DEFINE_bool", "DEFINE_boolean", "DEFINE_enum", "DEFINE_float", "DEFINE_integer", "DEFINE_list", "DEFINE_string", "FLAGS",
    "mark_flag_as_required",
]  # fmt: skip


class FlagValues:
    """The options by name: `FLAGS.learning_rate`.  Called with a list of words it reads those, and gives the ones that are no options."""

    def __init__(self) -> None:
        self.__dict__.update(_parser=argparse.ArgumentParser(allow_abbrev=False), _values={}, _read=False, _required=set())

    def _define(self, name: str, default: Any, help_text: str | None, **options: Any) -> None:
        if name in self._values:
            raise ArgumentError(f"The flag '{name}' is defined twice.")
        self._values[name] = default
        self._parser.add_argument(f"--{name}", f"-{name}", dest=name, default=default, help=(help_text or "").replace("%", "%%"), **options)
        self.__dict__["_read"] = False

    def __call__(self, argv: Any) -> list[str]:
        words = list(argv)
        found, rest = self._parser.parse_known_args(words[1:])
        self._values.update(vars(found))
        self.__dict__["_read"] = True
        missing = [name for name in self._required if self._values[name] is None]
        if missing:
            raise ArgumentError(f"flag --{missing[0]} must have a value other than None.")
        return [*words[:1], *rest]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not self._read:
            self(sys.argv)
        if name not in self._values:
            raise AbsentNameError(f"no flag {name!r} was defined")
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if not self._read:
            self(sys.argv)
        self._values[name] = value

    __getitem__ = __getattr__

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Any:
        return iter(self._values)

    def flag_values_dict(self) -> dict[str, Any]:
        """All options by name."""
        if not self._read:
            self(sys.argv)
        return dict(self._values)

    def mark_as_parsed(self) -> None:
        """The defaults count, whatever the command line says."""
        self.__dict__["_read"] = True


FLAGS = FlagValues()


def DEFINE_string(name: str, default: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002
    """An option that is a text."""
    FLAGS._define(name, default, help, type=str)


def DEFINE_integer(name: str, default: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002
    """An option that is a whole number."""
    FLAGS._define(name, default, help, type=int)


def DEFINE_float(name: str, default: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002
    """An option that is a number."""
    FLAGS._define(name, default, help, type=float)


def _truth(text: str) -> bool:
    if text.lower() in ("true", "t", "1", "yes"):
        return True
    if text.lower() in ("false", "f", "0", "no"):
        return False
    raise argparse.ArgumentTypeError(f"Non-boolean argument to boolean flag: {text}")


def DEFINE_boolean(name: str, default: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002
    """An option that is a truth: `--name`, `--noname` or `--name=false`."""
    FLAGS._define(name, default, help, type=_truth, nargs="?", const=True)
    FLAGS._parser.add_argument(f"--no{name}", dest=name, action="store_false", default=default, help=argparse.SUPPRESS)


DEFINE_bool = DEFINE_boolean


def DEFINE_enum(name: str, default: Any, enum_values: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002
    """An option that is one of several texts."""
    FLAGS._define(name, default, help, choices=list(enum_values))


def DEFINE_list(name: str, default: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002
    """An option that is texts with commas between."""
    first = default.split(",") if isinstance(default, str) else default
    FLAGS._define(name, first, help, type=lambda text: text.split(",") if text else [])


def mark_flag_as_required(flag_name: str, flag_values: FlagValues = FLAGS) -> None:
    """An option without which the command line is refused."""
    flag_values._required.add(flag_name)
