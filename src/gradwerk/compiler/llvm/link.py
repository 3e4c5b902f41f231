"""LLVM text to object code, object code to addresses.  llvmlite is imported here, at the first use.

LLVM is used by one thread at a time, and by none while another forks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

from gradwerk.base.errors import VerifyError
from gradwerk.base.forks import one_at_a_time
from gradwerk.compiler.target import Target

_addresses: dict[tuple[str, bytes], int] = {}
_kept: list[Any] = []


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
    none.  Raises VerifyError for text that LLVM does not accept.
    """
    with one_at_a_time():
        machine = _machine(target)
        module = _module(text, machine, level)
        with _as_written():
            code = bytes(machine.emit_object(module))
        del module
    return code


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
    llvm.set_option("gradwerk", "-disable-lsr=true")
    llvm.set_option("gradwerk", "-enable-misched=false")
    try:
        yield
    finally:
        llvm.set_option("gradwerk", "-disable-lsr=false")
        llvm.set_option("gradwerk", "-enable-misched=true")


def _module(text: str, machine: Any, level: int) -> Any:  # noqa: ANN401
    llvm = _binding()
    try:
        module = llvm.parse_assembly(text)
        module.verify()
    except RuntimeError as error:
        raise VerifyError("LLVM does not accept a kernel", facts=(str(error),)) from error
    if level:
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
    return module


@cache
def _jit() -> Any:  # noqa: ANN401
    return _binding().create_lljit_compiler()


def link(objects: dict[str, bytes]) -> dict[str, int]:
    """The addresses of the functions that these objects define, each under its own name.  They stay loaded as long as the process."""
    with one_at_a_time():
        llvm = _binding()
        for name, image in objects.items():
            if (name, image) in _addresses:
                continue
            library = llvm.JITLibraryBuilder().add_object_img(image).add_current_process().export_symbol(name)
            linked = library.link(_jit(), f"gradwerk{len(_kept)}")
            _kept.append(linked)
            _addresses[name, image] = int(linked[name])
        return {name: _addresses[name, image] for name, image in objects.items()}


def link_many(image: bytes, names: Sequence[str]) -> dict[str, int]:
    """The addresses of several functions of one object."""
    with one_at_a_time():
        builder = _binding().JITLibraryBuilder().add_object_img(image).add_current_process()
        for name in names:
            builder = builder.export_symbol(name)
        linked = builder.link(_jit(), f"gradwerk{len(_kept)}")
        _kept.append(linked)
        return {name: int(linked[name]) for name in names}
