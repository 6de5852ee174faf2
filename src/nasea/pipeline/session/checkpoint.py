"""Checkpoints: written atomically, verified when read, the last two of each kind kept.

A file is two lines of text and a payload: a magic line, a JSON header (meta data, length and
SHA-256 of meta data and payload), then the bytes of the payload. Nothing in it is executed or
unpickled here; the backend reads the payload as plain tensors.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasea.errors import CheckpointError, Notice
from nasea.results.storage.files import sync_folder

_MAGIC = b"nasea-checkpoint 1\n"
_KEPT = 2
_MAX_HEADER = 256 * 1024**2


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint file.

    Attributes:
        meta: JSON values.
        payload: bytes; empty if there are meta data only.
        digest: SHA-256 of both, in hexadecimal.
    """

    meta: dict[str, Any]
    payload: bytes
    digest: str


class CheckpointStore:
    """The checkpoints of one kind in one directory.

    Args:
        directory: the directory; created if missing.
        kind: prefix of the file names, e.g. ``train``.
    """

    def __init__(self, directory: Path, kind: str) -> None:
        self.directory = directory
        self.kind = kind
        self._name = re.compile(rf"{re.escape(kind)}-(\d+)\.ckpt")

    def save(self, meta: Mapping[str, Any], payload: bytes = b"") -> str:
        """Write the next checkpoint, delete all but the last two, and return its digest.

        Raises:
            CheckpointError: it cannot be written; earlier ones are unchanged.
        """
        digest = _digest(meta, payload)
        header = json.dumps({"digest": digest, "bytes": len(payload), "meta": meta})
        files = self.files()
        serial = 1 + (self._serial(files[-1]) if files else 0)
        path = self.directory / f"{self.kind}-{serial:06d}.ckpt"
        temporary = path.with_suffix(".tmp")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as stream:
                stream.writelines((_MAGIC, header.encode(), b"\n", payload))
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
            sync_folder(self.directory)
            for old in files[: len(files) + 1 - _KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise CheckpointError(
                f"the checkpoint {path} cannot be written: {error.strerror or error}",
                fix="make room or the directory writable, then run the same command again: it "
                "resumes from the last checkpoint",
            ) from error
        return digest

    def load(self, notices: list[Notice]) -> Checkpoint | None:
        """Return the newest intact checkpoint; ``None`` if there are no checkpoints.

        Args:
            notices: a notice is appended for each damaged file that was skipped.

        Raises:
            CheckpointError: all checkpoints are damaged.
        """
        files = self.files()
        faults: list[str] = []
        for path in reversed(files):
            try:
                intact = read(path)
            except CheckpointError as error:
                faults.append(error.message)
                continue
            for fault in faults:
                notices.append(Notice("checkpoint", f"{fault}; resuming from {path.name}"))
            return intact
        if faults:
            raise CheckpointError(
                "no checkpoint is intact:\n" + "\n".join(f"  {fault}" for fault in faults),
                fix="start over with --restart",
            )
        return None

    def glance(self) -> dict[str, Any] | None:
        """Return the meta data of the newest checkpoint, unverified and without its payload.

        ``None`` if there is none, or its header is unreadable.
        """
        for path in reversed(self.files()):
            with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                with path.open("rb") as stream:
                    stream.readline(len(_MAGIC))
                    meta = json.loads(stream.readline(_MAX_HEADER))["meta"]
                return meta if isinstance(meta, dict) else None
        return None

    def clear(self) -> None:
        """Remove every checkpoint of this kind."""
        for path in self.files():
            path.unlink(missing_ok=True)

    def files(self) -> list[Path]:
        """Return the checkpoint files, oldest first."""
        if not self.directory.is_dir():
            return []
        found = [p for p in self.directory.iterdir() if self._name.fullmatch(p.name)]
        return sorted(found, key=self._serial)

    def _serial(self, path: Path) -> int:
        match = self._name.fullmatch(path.name)
        assert match is not None
        return int(match.group(1))


def read(path: Path) -> Checkpoint:
    """Read and verify a file; raise CheckpointError if it is no checkpoint or is damaged."""
    try:
        with path.open("rb") as stream:
            if stream.readline(len(_MAGIC)) != _MAGIC:
                raise CheckpointError(f"{path} is not a checkpoint of this version of nasea")
            header = json.loads(stream.readline(_MAX_HEADER))
            payload = stream.read()
        meta, size, digest = header["meta"], header["bytes"], header["digest"]
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: its header is unreadable") from error
    if len(payload) != size:
        raise CheckpointError(f"{path} is damaged: it holds {len(payload)} of {size} bytes")
    if _digest(meta, payload) != digest:
        raise CheckpointError(f"{path} is damaged: its digest does not match its content")
    return Checkpoint(meta, payload, digest)


def _digest(meta: Mapping[str, Any], payload: bytes) -> str:
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    digest.update(payload)
    return digest.hexdigest()
