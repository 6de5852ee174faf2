"""Stores measurements of a device, one line per round, on disk before the next round."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from nasea.errors import LatencyError

FORMAT = "nasea-latency-run"
VERSION = 1


class Journal:
    """The rounds of a run that may be interrupted.

    Args:
        path: the file.
        identity: what rounds must have in common to be comparable: the files, the device and the
            command, in words.
        restart: start over; the earlier file is kept under another name.

    Attributes:
        times: id of a file -> milliseconds of each round.

    Raises:
        LatencyError: the file belongs to another identity, is damaged or cannot be written.
    """

    def __init__(self, path: Path, identity: Mapping[str, str], *, restart: bool = False) -> None:
        self._path = path
        self.times: dict[str, list[float]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if restart and path.exists():
                path.replace(_unused(path))
            if path.exists() and path.stat().st_size:
                self._read(identity)
            self._file = path.open("a", encoding="utf-8")
            if not path.stat().st_size:
                self._write({"format": FORMAT, "version": VERSION, "of": dict(identity)})
        except OSError as error:
            raise _unwritable(path, error) from error

    def add(self, name: str, ms: float) -> None:
        """Store a round.

        Raises:
            LatencyError: the disk is full.
        """
        try:
            self._write({"id": name, "ms": ms})
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self.times.setdefault(name, []).append(ms)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, content: Mapping[str, object]) -> None:
        self._file.write(json.dumps(content) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self, identity: Mapping[str, str]) -> None:
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):  # a kill or a full disk tore the last line
            os.truncate(self._path, len(whole))
        lines = whole.splitlines()
        if not lines:
            return
        try:
            head = json.loads(lines[0])
            if head["format"] != FORMAT or head["version"] != VERSION:
                raise ValueError("it was not written by this version of nasea")
            before = {str(key): str(value) for key, value in head["of"].items()}
            for line in lines[1:]:
                round_ = json.loads(line)
                self.times.setdefault(str(round_["id"]), []).append(float(round_["ms"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LatencyError(
                f"{self._path} is damaged: {error}", fix="begin anew with --restart"
            ) from error
        changed = [
            f"{key}: now {value!r}, then {before.get(key)!r}"
            for key, value in identity.items()
            if before.get(key) != value
        ]
        if changed:
            raise LatencyError(
                "\n  ".join([f"{self._path} holds measurements of something else:", *changed]),
                fix="give this one another --name, or begin anew with --restart",
            )


def _unused(path: Path) -> Path:
    number = 1
    while (other := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return other


def _unwritable(path: Path, error: OSError) -> LatencyError:
    return LatencyError(
        f"cannot write {path}: {error.strerror or error}",
        fix="free some space or make the folder writable, then run the same command again",
    )
