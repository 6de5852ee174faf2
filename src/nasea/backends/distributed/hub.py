"""A rendezvous for the processes of a run over plain sockets, for frameworks that have none.

Rank 0 keeps a :class:`Hub`: a key-value store, and rounds in which every rank contributes bytes
and receives those of all ranks. Every other rank is a
:class:`nasea.backends.distributed.hub_client.HubClient` with two connections: one for requests,
and one on which it learns that another rank is lost, even while it waits elsewhere. A process that
ends closes its connections, so all others notice at once.

Anyone who can reach the port can read and write keys, as with the store of torch.distributed.
Nothing that arrives over it is unpickled here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from typing import Any

from nasea.backends.distributed.wire import HubError, Value, configure_socket, read, write

_PAUSE = 0.1


class Hub:
    """The store that rank 0 keeps, and rank 0's own access to it.

    Args:
        host: where to listen; empty for all addresses of this machine.
        port: where to listen; 0 for any that is free.
        size: how many ranks there are.

    Raises:
        OSError: the port is taken, or the address is not of this machine.
    """

    def __init__(self, host: str, port: int, size: int) -> None:
        self.size = size
        self._listener = Listener((host, port), "AF_INET", backlog=max(8, 2 * size))
        self._values: dict[str, bytes] = {}
        self._rounds: dict[str, dict[int, bytes]] = {}
        self._served: dict[str, int] = {}
        self._changed = threading.Condition()
        self._watching: dict[int, Connection] = {}
        self._lost: str | None = None
        self._on_lost: list[Callable[[], None]] = []
        self._retired = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port on which the hub listens."""
        return int(self._listener.address[1])

    def on_lost(self, action: Callable[[], None]) -> None:
        """Register a function that another thread calls as soon as a rank is lost."""
        self._on_lost.append(action)

    def retire(self) -> None:
        """From now on, do not treat a rank that disconnects as lost."""
        self._retired = True

    # --- keys and values; see nasea.backends.distributed.ranks.Store ---

    def set(self, key: str, value: Value) -> None:
        """Store text or bytes under a key."""
        with self._changed:
            self._values[key] = value.encode() if isinstance(value, str) else value
            self._changed.notify_all()

    def get(self, key: str) -> bytes:
        """Return the bytes stored under a key; raise HubError if there are none."""
        with self._changed:
            if key not in self._values:
                raise HubError(f"there is nothing under {key}")
            return self._values[key]

    def add(self, key: str, amount: int) -> int:
        """Add to a number, initially 0; return the sum."""
        with self._changed:
            total = int(self._values.get(key, b"0")) + amount
            self._values[key] = str(total).encode()
            return total

    def check(self, keys: list[str]) -> bool:
        """Return whether all keys exist."""
        with self._changed:
            return all(key in self._values for key in keys)

    def delete_key(self, key: str) -> None:
        """Remove a key."""
        with self._changed:
            self._values.pop(key, None)

    # --- rounds ---

    def gather(self, name: str, rank: int, content: bytes, seconds: float) -> list[bytes]:
        """Contribute bytes to a round and return those of all ranks, in order of rank (all-gather).

        Args:
            name: name of the round; each name is used once.
            rank: the rank that contributes.
            content: its bytes.
            seconds: how long to wait for the other ranks.

        Raises:
            HubError: a rank is lost, or does not contribute in time.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            given = self._rounds.setdefault(name, {})
            given[rank] = content
            self._changed.notify_all()
            while len(given) < self.size:
                if self._lost is not None:
                    raise HubError(self._lost)
                left = deadline - time.monotonic()
                if left <= 0:
                    missing = min(set(range(self.size)) - given.keys())
                    raise HubError(f"Timed out after {seconds:g} s waiting for rank {missing}")
                self._changed.wait(left)
            self._served[name] = self._served.get(name, 0) + 1
            if self._served[name] == self.size:  # all have it
                del self._rounds[name], self._served[name]
            return [given[each] for each in range(self.size)]

    # --- the other ranks ---

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:  # the peer has disconnected already
                time.sleep(_PAUSE)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        """Answer one connection until it ends."""
        rank: int | None = None
        with suppress(OSError, EOFError, ValueError, TypeError, KeyError), connection:
            configure_socket(connection)
            rank = int(read(connection)[0]["rank"])
            while True:
                request, content = read(connection)
                if request["do"] == "watch":
                    self._watching[rank] = connection
                    write(connection, {})
                elif request["do"] == "note":  # the sender does not wait for an answer
                    self.set(request["key"], b"")
                else:
                    self._answer(connection, request, content)
        if rank is not None and not self._retired:
            self._lose(rank)

    def _answer(self, connection: Connection, request: dict[str, Any], content: bytes) -> None:
        key = request.get("key", "")
        answer: Any = None
        parts: list[bytes] = []
        try:
            match request["do"]:
                case "set":
                    self.set(key, content)
                case "get":
                    parts = [self.get(key)]
                case "add":
                    answer = self.add(key, int(request["amount"]))
                case "check":
                    answer = self.check(request["keys"])
                case "delete":
                    self.delete_key(key)
                case "gather":
                    parts = self.gather(key, request["rank"], content, request["seconds"])
        except HubError as error:
            write(connection, {"error": str(error)})
            return
        lengths = [len(part) for part in parts]
        write(connection, {"answer": answer, "lengths": lengths}, b"".join(parts))

    def _lose(self, rank: int) -> None:
        with self._changed:
            first = self._lost is None
            self._lost = self._lost or f"rank {rank} closed its connection"
            self._changed.notify_all()
        if first:
            for connection in list(self._watching.values()):
                with suppress(OSError, ValueError):
                    write(connection, {"lost": self._lost})
            for action in self._on_lost:
                action()
