"""Suppresses what libraries write past Python."""

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


class Said:
    """What was held back.

    Attributes:
        text: all of it, once the context has ended.
    """

    text = ""


@contextmanager
def held_back() -> Iterator[Said]:
    """Keep output, errors, logging and warnings from the terminal, those of C++ included."""
    said, written = Said(), StringIO()
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with ExitStack() as stack:
            sinks = [stack.enter_context(_descriptor(number)) for number in (_OUTPUT, _ERRORS)]
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            stack.enter_context(redirect_stdout(written))
            stack.enter_context(redirect_stderr(written))
            yield said
    finally:
        logging.disable(level)
        said.text = "".join([written.getvalue(), *(sink.text for sink in sinks)])


@contextmanager
def _descriptor(number: int) -> Iterator[Said]:
    said = Said()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        kept = os.dup(number)
    except OSError:  # it is closed: nothing can be written to it
        yield said
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), number)
        try:
            yield said
        finally:
            os.dup2(kept, number)
            os.close(kept)
            sink.seek(0)
            said.text = sink.read().decode(errors="replace")
