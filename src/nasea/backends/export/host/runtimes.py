"""The runtimes of this machine, by the names of their profiles."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nasea.backends.export.host import litert, onnxruntime
from nasea.backends.export.host.timing import Run


@dataclass(frozen=True)
class HostRuntime:
    """A runtime that times networks on this machine, on one thread of its CPU.

    Attributes:
        name: name of the profile that is built with it.
        framework: framework of the networks that it runs.
        suffix: suffix of the files that it runs.
        runner: starts a new session with a file's content (or path); calling the result runs one
            image.
        release: returns its name and version.
    """

    name: str
    framework: str
    suffix: str
    runner: Callable[[bytes | Path], Run]
    release: Callable[[], str]


RUNTIMES: dict[str, HostRuntime] = {
    runtime.name: runtime
    for runtime in (
        HostRuntime(
            "host-onnxruntime", "pytorch", ".onnx", onnxruntime.runner, onnxruntime.release
        ),
        HostRuntime("host-litert", "tensorflow", ".tflite", litert.runner, litert.release),
    )
}


def this_processor() -> str:
    """Return the name of the CPU, as its manufacturer gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
