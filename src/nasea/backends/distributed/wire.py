"""Messages between ranks: framed as a line of JSON and bytes, or signed.

Commands are pickled, and unpickling runs what is in them. The store listens on the network, so a
command is looked at only when it is signed. Processes that a launcher starts have no secret between
them: there, as with torch.distributed itself, the network must be trusted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
import secrets
import socket
from multiprocessing.connection import Connection
from typing import Any

_LARGEST = 1 << 40

_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}
"""Seconds of silence, seconds between questions, questions without an answer."""

Value = str | bytes


class HubError(RuntimeError):
    """The hub, or another rank, cannot be reached."""


def make_prompt(connection: Connection) -> None:
    """Send at once, and notice within two minutes that a machine is gone."""
    with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same:
        same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        same.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE.items():
            if hasattr(socket, name):
                same.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def write(connection: Connection, head: dict[str, Any], content: bytes = b"") -> None:
    """Send a message."""
    connection.send_bytes(json.dumps(head).encode() + b"\n" + content)


def read(connection: Connection) -> tuple[dict[str, Any], bytes]:
    """The next message; raises EOFError or OSError where there is none any more."""
    head, _, content = connection.recv_bytes(_LARGEST).partition(b"\n")
    return json.loads(head), content


_DIGEST = hashlib.sha256
_LENGTH = _DIGEST().digest_size


def new_key() -> str:
    """A secret, in hexadecimal."""
    return secrets.token_hex(_LENGTH)


def sealed(message: object, key: str) -> bytes:
    """The message, signed."""
    content = pickle.dumps(message)
    return hmac.digest(key.encode(), content, "sha256") + content


def unsealed(content: bytes, key: str) -> Any:
    """The message that :func:`sealed` was given.

    Raises:
        RuntimeError: it was signed with another key, or not at all.
    """
    signature, message = content[:_LENGTH], content[_LENGTH:]
    if not hmac.compare_digest(signature, hmac.digest(key.encode(), message, "sha256")):
        raise RuntimeError("a command was not written by rank 0")
    return pickle.loads(message)
