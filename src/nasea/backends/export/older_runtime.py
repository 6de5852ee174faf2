"""Recognises what runtimes say about a file that is newer than they are."""

from __future__ import annotations

import re

_SAYS = re.compile(
    # ONNX Runtime: of the format, of an operator set, of an operator.
    r"max supported IR version"
    r"|under development and support for this is limited"
    r"|is not a registered function/op"
    # LiteRT: of a version of an operator, of an operator.
    r"|using (an )?old TFLite binary"
    # ExecuTorch: of the format, of an operator.
    r"|Program identifier '.*' != expected"
    r"|Missing operator: \[",
    re.IGNORECASE,
)
"""From the runtimes' sources."""


def older_than_the_file(output: str) -> str:
    """Return the line by which a runtime says that it is older than the file; empty if none does.

    Args:
        output: what the runtime printed, or the text of its exception.
    """
    for line in output.splitlines():
        if _SAYS.search(line):
            return line.strip()[:240]
    return ""
