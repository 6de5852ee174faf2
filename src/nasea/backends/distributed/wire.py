"""Messages between the hub and the other ranks: a line of JSON, then bytes."""

from __future__ import annotations

import json
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
    """Have nothing wait for more to send, and a machine that is gone be noticed in two minutes."""
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
