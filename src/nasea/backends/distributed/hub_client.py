"""How the ranks other than 0 reach the hub."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Client, Connection
from typing import Any

from nasea.backends.distributed.wire import HubError, Value, configure_socket, read, write

_PAUSE = 0.1

_LATE_SECONDS = 10.0
"""A client waits for the hub this much longer than the hub waits for the other ranks."""


class HubClient:
    """A rank's connection to the hub; see :class:`Hub` for the operations.

    Args:
        host: address of rank 0.
        port: port on which its hub listens.
        rank: this rank.
        seconds: how long to try to connect.

    Raises:
        HubError: the hub cannot be reached.
    """

    def __init__(self, host: str, port: int, rank: int, seconds: float) -> None:
        self.rank = rank
        self._lock = threading.Lock()
        self._on_lost: list[Callable[[], None]] = []
        self._retired = False
        self._requests = _connect(host, port, rank, seconds)
        self._watch = _connect(host, port, rank, seconds)
        try:
            write(self._watch, {"do": "watch"})
            read(self._watch)
        except (OSError, EOFError) as error:
            raise HubError(f"rank 0 cannot be reached: {error or 'it ended'}") from error
        threading.Thread(target=self._listen, daemon=True).start()

    def on_lost(self, action: Callable[[], None]) -> None:
        """See :meth:`Hub.on_lost`."""
        self._on_lost.append(action)

    def retire(self) -> None:
        """See :meth:`Hub.retire`."""
        self._retired = True

    @property
    def host(self) -> str:
        """The address under which rank 0 sees this machine."""
        same = socket.fromfd(self._requests.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with same:
            return str(same.getsockname()[0])

    def set(self, key: str, value: Value) -> None:
        """See :meth:`Hub.set`."""
        self._ask({"do": "set", "key": key}, value.encode() if isinstance(value, str) else value)

    def get(self, key: str) -> bytes:
        """See :meth:`Hub.get`."""
        return self._ask({"do": "get", "key": key})[1][0]

    def add(self, key: str, amount: int) -> int:
        """See :meth:`Hub.add`."""
        return int(self._ask({"do": "add", "key": key, "amount": amount})[0])

    def check(self, keys: list[str]) -> bool:
        """See :meth:`Hub.check`."""
        return bool(self._ask({"do": "check", "keys": keys})[0])

    def delete_key(self, key: str) -> None:
        """See :meth:`Hub.delete_key`."""
        self._ask({"do": "delete", "key": key})

    def note(self, key: str) -> None:
        """Set a key without waiting for an answer, which rank 0 may be too busy to send."""
        with self._lock:
            write(self._requests, {"do": "note", "key": key})

    def gather(self, name: str, rank: int, content: bytes, seconds: float) -> list[bytes]:
        """See :meth:`Hub.gather`."""
        request = {"do": "gather", "key": name, "rank": rank, "seconds": seconds}
        return self._ask(request, content, seconds + _LATE_SECONDS)[1]

    def close(self) -> None:
        """Disconnect; the hub notifies the other ranks."""
        self._requests.close()
        self._watch.close()

    def _ask(
        self, request: dict[str, Any], content: bytes = b"", seconds: float | None = None
    ) -> tuple[Any, list[bytes]]:
        """Send a request and return the hub's answer; wait forever if ``seconds`` is ``None``."""
        try:
            with self._lock:
                write(self._requests, request, content)
                if not self._requests.poll(seconds):
                    raise HubError(f"Timed out after {seconds:g} s waiting for rank 0")
                answer, content = read(self._requests)
        except (OSError, EOFError, ValueError) as error:
            raise HubError(f"the connection is closed: {error or 'rank 0 ended'}") from error
        if "error" in answer:
            raise HubError(answer["error"])
        ends = list(itertools.accumulate(answer["lengths"], initial=0))
        return answer["answer"], [content[a:b] for a, b in itertools.pairwise(ends)]

    def _listen(self) -> None:
        with suppress(OSError, EOFError, ValueError, TypeError):
            read(self._watch)
        for action in self._on_lost if not self._retired else ():
            action()


def _connect(host: str, port: int, rank: int, seconds: float) -> Connection:
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = Client((host, port), "AF_INET")
            configure_socket(connection)
            write(connection, {"rank": rank})
            return connection
        except OSError as error:  # rank 0 may not be listening yet
            if time.monotonic() > deadline:
                raise HubError(f"rank 0 cannot be reached: {error}") from error
            time.sleep(_PAUSE)
