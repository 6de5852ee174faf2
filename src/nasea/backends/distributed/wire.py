"""Messages between ranks: a line of JSON followed by bytes, or a signed pickle.

Commands are pickled, and unpickling can run code. The store listens on the network, so a command
is unpickled only if its signature is valid. Processes started by a launcher share no secret: there,
as with torch.distributed itself, the network must be trusted.
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
"""Idle seconds before the first probe, seconds between probes, probes before giving up."""

Value = str | bytes


class HubError(RuntimeError):
    """The hub, or another rank, cannot be reached."""


def configure_socket(connection: Connection) -> None:
    """Send without delay, and detect within two minutes that the peer's machine is gone."""
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
    """Return the next message, (head, content); raise EOFError or OSError if the peer is gone."""
    head, _, content = connection.recv_bytes(_LARGEST).partition(b"\n")
    return json.loads(head), content


_DIGEST = hashlib.sha256
_LENGTH = _DIGEST().digest_size


def new_key() -> str:
    """Return a random secret, in hexadecimal."""
    return secrets.token_hex(_LENGTH)


def sign(message: object, key: str) -> bytes:
    """Pickle and sign a message; see :func:`verify`."""
    content = pickle.dumps(message)
    return hmac.digest(key.encode(), content, "sha256") + content


def verify(content: bytes, key: str) -> Any:
    """Return the message that :func:`sign` was given, after checking its signature.

    Raises:
        RuntimeError: the message was signed with another key, or not at all.
    """
    signature, message = content[:_LENGTH], content[_LENGTH:]
    if not hmac.compare_digest(signature, hmac.digest(key.encode(), message, "sha256")):
        raise RuntimeError("a command was not written by rank 0")
    return pickle.loads(message)
