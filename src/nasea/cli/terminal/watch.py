"""Reports crashes in native code, which no exception handler can catch.

A fault in a library (oneDNN, CUDA, a user's extension) ends the process by a signal: no traceback,
no message, often only "Segmentation fault" from the shell. So a small process is forked before
anything is imported. It waits until this process has ended. If Python's faulthandler wrote a fatal
error, it reports what crashed, where, the likely reason and what to do.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import re
import tempfile

_TENSORFLOW = "tensorflow"
_WITHOUT_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


def watch_for_crashes() -> None:
    """Report a crash of this process in native code to the user; a second call does nothing.

    If fatal errors are already handled (by a notebook or a test), this does nothing.
    """
    if faulthandler.is_enabled() or not hasattr(os, "fork"):
        return
    dump = tempfile.TemporaryFile(prefix="nasea-crash-")  # noqa: SIM115 - as long as the process
    read, write = os.pipe()  # closed on exec, so no other program holds the writing end
    if os.fork() == 0:
        os.close(write)
        _wait(read, dump.fileno())
    os.close(read)
    faulthandler.enable(dump)
    # Both stay open to the end of the process.
    atexit.register(lambda: (dump.fileno(), write))


def _wait(read: int, dump: int) -> None:
    """Wait, in the other process, for the end of the first one, then report; never return."""
    try:
        os.setsid()  # Ctrl-C is for the other one
        os.read(read, 1)
        os.lseek(dump, 0, os.SEEK_SET)
        text = b""
        while part := os.read(dump, 1 << 16):
            text += part
        if text:
            message = crash_message(text.decode(errors="replace"), os.environ)
            from nasea.translation import translate

            os.write(2, translate(message).encode())
    finally:
        os._exit(0)


def crash_message(dump: str, environ: os._Environ[str] | dict[str, str]) -> str:
    """Return the message for a crash.

    Args:
        dump: output of ``faulthandler``.
        environ: environment variables of the crashed process.
    """
    found = re.search(r"Fatal Python error: (.*)", dump)
    what = found.group(1).strip() if found else "a fatal error"
    frames = re.findall(r'  File "(.*)", line (\d+) in (.*)', dump)
    mine = [f"{path}, line {line}, in {name}" for path, line, name in frames[:8]]
    where = "".join(f"\n    {frame}" for frame in mine)
    lines = [
        f"\nerror: nasea was ended by a crash in native code ({what}), no Python code can raise "
        f"that; it was in{where or ' code that left no trace'}",
    ]
    fix = "update the library that the lines above are of, and report it there"
    if _TENSORFLOW in dump and environ.get(_WITHOUT_ONEDNN) != "0":
        lines.append(
            "  likely reason: oneDNN, the library that TensorFlow computes with on CPUs; on "
            "processors with AVX-512 the gradient of a convolution with a kernel of 1 and a stride "
            "corrupts memory where channels are few. nasea's own layers avoid it, PreNet and "
            "PostNet may not"
        )
        fix = (
            f"set {_WITHOUT_ONEDNN}=0 and run the same command again, or write such a convolution "
            "in PreNet or PostNet as x[:, ::2, ::2] and one without a stride"
        )
    lines.append(f"  fix: {fix}; a search or a retraining resumes from its last checkpoint\n")
    return "\n".join(lines)
