"""GRADWERK_DUMP: every stage of every compiled program as numbered text files, one folder per program, named by content.

    step_3f9a1c02/
      01_trace.gw  02_simplify.gw ...  05_lower.txt  06_memory_and_emit.txt     what each stage made
      arena.txt  times.json                                                     memory over time, seconds of each stage
      kernels/map_mul_add_f32_9c1f.ll  .s                                       LLVM text and assembly
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
import secrets
from collections.abc import Hashable, Sequence
from pathlib import Path

from gradwerk.base.errors import FileError
from gradwerk.base.settings import settings
from gradwerk.compiler.machines import backend_of
from gradwerk.compiler.pipeline import Record
from gradwerk.ir.plan import Block, Plan

Files = dict[str, str]


def files(record: Record, target: Hashable) -> Files:
    """Path inside the folder -> text.  A stage that is a graph parses back (gradwerk.ir.text.parse) and is named .gw."""
    result = {}
    for number, (name, text) in enumerate(record.stages.items(), 1):
        graph = name not in ("lower", "memory and emit")
        result[f"{number:02d}_{name.replace(' ', '_')}.{'gw' if graph else 'txt'}"] = text
    result["arena.txt"] = arena_text(record.arena)
    result["times.json"] = json.dumps({name: round(spent, 6) for name, spent in record.seconds.items()}, indent=1)
    backend = backend_of(target)
    for name, kernel in record.kernels.items():
        text = kernel.build(target)
        result[f"kernels/{name}.ll"] = text
        result[f"kernels/{name}.s"] = backend.assembly(text)
    return result


def folder_name(plan: Plan, record: Record) -> str:
    """The program's name and a digest of what it says: user's lines and times do not enter."""
    stem = re.sub(r"\W+", "_", plan.name).strip("_") or "program"
    said = re.sub(r"\s+#.*", "", record.stages["trace"]) + "".join(f" {b.in_place_of}" for b in plan.outputs)
    return f"{stem[:60]}_{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def dump(folder: str | Path, plan: Plan, record: Record, target: Hashable) -> Path:
    """Writes the files of one program; the folder they went to.

    Below `folder` links are replaced or refused, not followed: the names can be foreseen by whoever may write there.
    Raises: FileError where they cannot be written.

    Args:
        folder: where folders of programs are made.
        plan: the program, for its name.
        record: what each pass made.
        target: the processor that the code is for.
    """
    made, place = files(record, target), Path(folder).expanduser() / folder_name(plan, record)
    try:
        for inside in sorted({(place / name).parent for name in made}):
            inside.mkdir(parents=True, exist_ok=True)
            if inside.is_symlink():
                raise FileExistsError(errno.EEXIST, "a link stands where a folder of the dump goes", str(inside))
        for name, text in made.items():
            _put(place / name, text.rstrip() + "\n")
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise FileError(f"cannot write what GRADWERK_DUMP asks for into {folder}", facts=(str(error),)) from error
    return place


def _put(path: Path, text: str) -> None:
    """A file, new or in the place of another, that was written whole."""
    beside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def on_compiled(plan: Plan, record: Record, target: Hashable) -> None:
    """Writes a program that was just compiled, where a dump is asked for."""
    if settings.dump:
        dump(settings.dump, plan, record, target)


def arena_text(blocks: Sequence[Block]) -> str:
    """Who lies where in the arena, from which stage to which."""
    lines = [f"{max((b.offset + b.nbytes for b in blocks), default=0):,} bytes; sum of all buffers {sum(b.nbytes for b in blocks):,}"]
    lines.append(f"{'offset':>12} {'bytes':>12}  stages   buffer")
    rows = sorted(blocks, key=lambda b: (b.first, b.offset))
    lines += [f"{b.offset:12,} {b.nbytes:12,}  {b.first:3d}-{b.last:<3d}  {b.label}" for b in rows]
    return "\n".join(lines)
