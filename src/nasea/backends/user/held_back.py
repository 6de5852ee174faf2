"""Captures output, including what native libraries write to the file descriptors."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

_OUTPUT, _ERRORS = 1, 2


class Captured:
    """Captured output.

    Attributes:
        text: all of it, after the context has exited.
    """

    text = ""


@contextmanager
def held_back() -> Iterator[Captured]:
    """Capture stdout and stderr, including those of native code; disable logging and warnings."""
    captured, written = Captured(), StringIO()
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with ExitStack() as stack:
            sinks = [stack.enter_context(_descriptor(number)) for number in (_OUTPUT, _ERRORS)]
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            stack.enter_context(redirect_stdout(written))
            stack.enter_context(redirect_stderr(written))
            yield captured
    finally:
        logging.disable(level)
        captured.text = "".join([written.getvalue(), *(sink.text for sink in sinks)])


@contextmanager
def _descriptor(number: int) -> Iterator[Captured]:
    captured = Captured()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        kept = os.dup(number)
    except OSError:  # the descriptor is closed: nothing can be written to it
        yield captured
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), number)
        try:
            yield captured
        finally:
            os.dup2(kept, number)
            os.close(kept)
            sink.seek(0)
            captured.text = sink.read().decode(errors="replace")
