"""Reads a scenario file of any content."""

from __future__ import annotations

import codecs
import stat
from pathlib import Path

from nasea.errors import ConfigError, Problem

_MAX_BYTES = 64 * 1024  # a scenario has about 1 KiB; this limits the time for any file
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """Return the text of a file, without byte order mark and with line feeds as line ends.

    Raises:
        ConfigError: the file does not exist, cannot be read, or is not UTF-8 text.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _unusable(path, "is a directory, not a file", fix=f"write {path / 'scen.yaml'}")
        if not stat.S_ISREG(mode):
            raise _unusable(path, "is not a regular file")  # reading a pipe may block forever
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        fix = "name the file with -c FILE, or let `nasea init` write a project"
        raise _unusable(path, "there is no such file", fix=fix) from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise _unusable(path, f"cannot be read: {reason.lower()}") from None
    if len(content) > _MAX_BYTES:
        raise _unusable(path, f"is larger than {_MAX_BYTES // 1024} KiB, too large for a scenario")
    if content.startswith(_UTF16):
        raise _unusable(path, "is UTF-16 text", fix="save it as UTF-8")
    if b"\0" in content:
        raise _unusable(path, "is a binary file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(f"{path}:{line}", "", "is not UTF-8 text", fix="save it as UTF-8")
        raise ConfigError([problem]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unusable(path: Path, rule: str, fix: str | None = None) -> ConfigError:
    return ConfigError([Problem(str(path), "", rule, fix=fix)])
