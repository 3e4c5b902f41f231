"""LLVM text to object code, object code to addresses.  llvmlite is imported here, at the first use.

LLVM is used by one thread at a time, and by none while another forks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary, finalize

import numpy as np

from gradwerk.base.errors import VerifyError
from gradwerk.base.forks import one_at_a_time
from gradwerk.compiler.backend import Unlinkable
from gradwerk.compiler.target import Target

RESERVE = 1 << 25
"""Bytes that have to be free where LLVM is asked for something: it ends the process where memory is short."""
MOST_LIBRARIES = 64
"""Of one LLJIT."""


@cache
def _binding() -> ModuleType:
    """llvmlite, made ready for the host."""
    with one_at_a_time():
        import llvmlite.binding  # noqa: PLC0415  loads 100 MB: only when something is compiled or linked

        llvm: ModuleType = llvmlite.binding
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    return llvm


def versions() -> str:
    """What compiles our text: the versions of llvmlite and of the LLVM within."""
    import llvmlite  # noqa: PLC0415

    return f"llvmlite {llvmlite.__version__} LLVM {_binding().llvm_version_info}"


@cache
def host_target() -> Target:
    """The machine we run on."""
    llvm = _binding()
    with one_at_a_time():
        features, processor, triple = llvm.get_host_cpu_features(), llvm.get_host_cpu_name(), llvm.get_process_triple()
    wide = 64 if features.get("avx512f") and features.get("avx512vl") and features.get("avx512bw") else 32 if features.get("avx2") else 16
    flags = ",".join(sorted(("+" if on else "-") + name for name, on in features.items()))
    registers = 32 if wide == 64 or not triple.startswith("x86_64") else 16
    return Target(processor, flags, triple, wide, registers)


@cache
def _machine(target: Target) -> Any:  # noqa: ANN401  llvmlite's TargetMachine
    llvm = _binding()
    return llvm.Target.from_triple(target.triple).create_target_machine(cpu=target.cpu, features=target.features, opt=2, jit=True)


def compile_text(text: str, target: Target, *, level: int = 0) -> bytes:
    """The object file of a module's text.

    `level` 1 to 3 runs LLVM's middle end first; our kernels come out of the builder in the form code generation wants, so the default is
    none.  Raises VerifyError for text that LLVM does not accept, MemoryError where there is too little memory to compile.
    """
    with one_at_a_time():
        reserve()
        machine = _machine(target)
        module = _module(text, machine, level)
        with _as_written():
            return bytes(machine.emit_object(module))


def reserve() -> None:
    """Raises MemoryError where LLVM would end the process for want of memory; untouched, what is asked for takes none."""
    np.empty(RESERVE, np.uint8)


def assembly(text: str, target: Target, *, level: int = 0) -> str:
    """The assembly of a module's text, for people."""
    with one_at_a_time():
        machine = _machine(target)
        module = _module(text, machine, level)
        with _as_written():
            return str(machine.emit_assembly(module))


@contextmanager
def _as_written() -> Iterator[None]:
    """Code generation that keeps our instructions in the order in which the builders wrote them.

    Loop strength reduction takes half of the time of code generation, nine tenths with many run-time strides, and gains nothing
    measurable in our kernels.  The machine scheduler moves all loads of a register tile to its top, where they do not fit: 8 x 3 tiles ran
    at 75 GFLOP/s with it and at 116 without, and compiles faster; elementwise kernels run alike.  The switches are of the whole
    process: they are put back for other users of llvmlite.
    """
    llvm = _binding()
    try:
        for option in ("-disable-lsr=true", "-enable-misched=false"):
            llvm.set_option("gradwerk", option)
        yield
    finally:
        try:
            _restore_options(llvm)
        except BaseException:  # a signal came
            _restore_options(llvm)
            raise


def _restore_options(llvm: Any) -> None:  # noqa: ANN401  llvmlite's binding
    """May be done twice."""
    for option in ("-disable-lsr=false", "-enable-misched=true"):
        llvm.set_option("gradwerk", option)


def _module(text: str, machine: Any, level: int) -> Any:  # noqa: ANN401
    """The module of a text, in a context of its own: types and constants stay as long as their context, which goes with the module."""
    llvm = _binding()
    try:
        module = llvm.parse_assembly(text, llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise VerifyError("LLVM does not accept a kernel", facts=(str(error),)) from error
    if level:
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
    return module


class Code(dict[str, int]):
    """Addresses of functions by name.  They are good as long as somebody holds this, or another `Code` with the same functions."""

    def __init__(self, libraries: dict[str, Library]) -> None:
        super().__init__({name: library.addresses[name] for name, library in libraries.items()})
        self.libraries = tuple({id(library): library for library in libraries.values()}.values())


class Library:
    """Objects linked together; unloaded some time after the last `Code` that has one of them."""

    def __init__(self, linked: Any, linker: Any, names: Sequence[str]) -> None:  # noqa: ANN401  llvmlite's ResourceTracker and LLJIT
        self.addresses = {name: int(linked[name]) for name in names}
        linked.linker = linker  # it must not go first
        finalize(self, _given_up.append, linked).atexit = False


@dataclass
class Linker:
    """The LLJIT that links now.  It remembers something of every library for ever, so after some it gives place to a new one, and goes
    with its last library.
    """

    linker: Any = None
    count: int = 0

    def link(self, images: Sequence[bytes], names: Sequence[str]) -> Library:
        """The functions of these objects.  A library takes some 40 KB, an object within it 10.  Raises: Unlinkable."""
        llvm = _binding()
        if self.linker is None or self.count >= MOST_LIBRARIES:
            self.linker, self.count = llvm.create_lljit_compiler(), 0
        self.count += 1
        library = llvm.JITLibraryBuilder().add_current_process()
        try:
            for image in images:
                library = library.add_object_img(image)
            for name in names:
                library = library.export_symbol(name)
            return Library(library.link(self.linker, f"gradwerk{self.count}"), self.linker, names)
        except RuntimeError as error:  # no object file, cut off, without a function of that name
            self.linker = None  # whatever is left of it in there
            raise Unlinkable(str(error)) from error


_linker = Linker()
_libraries: WeakValueDictionary[tuple[str, bytes], Library] = WeakValueDictionary()
_given_up: deque[Any] = deque()
"""What belonged to libraries that nobody has.  They go at any time and in any thread, so LLVM hears of it when it is used next."""
_kept: list[Library] = []


def link(objects: dict[str, bytes]) -> Code:
    """The functions that these objects define, each under its own name; those that are not loaded are linked into one library.

    Raises: MemoryError where there is too little memory to load them, Unlinkable where they are no objects.
    """
    with one_at_a_time():
        while _given_up:
            _given_up.popleft().close()
        found = {name: _libraries.get((name, image)) for name, image in objects.items()}
        missing = [name for name, library in found.items() if library is None]
        if missing:
            reserve()
            library = _linker.link([objects[name] for name in missing], missing)
            for name in missing:
                found[name] = _libraries[name, objects[name]] = library
        return Code({name: library for name, library in found.items() if library is not None})


def link_many(image: bytes, names: Sequence[str]) -> dict[str, int]:
    """The addresses of several functions of one object.  They stay loaded as long as the process.  Raises: Unlinkable."""
    with one_at_a_time():
        library = _linker.link([image], names)
        _kept.append(library)
        return library.addresses
