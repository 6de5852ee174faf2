"""The meeting point of a run's processes, over plain sockets, for a framework without one.

Rank 0 keeps a :class:`Hub`: keys and values, and rounds in which every rank gives bytes and gets
those of all. Every other rank is a :class:`nasea.backends.distributed.hub_client.HubClient`
with two connections, one for what it asks and one on which it hears that another rank is lost,
while it may be waiting somewhere else. A process that ends closes
its connections, so that all know of it at once.

Whoever reaches the port may put and read keys, as with the store of torch.distributed; nothing that
comes over it is unpickled here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from typing import Any

from nasea.backends.distributed.wire import HubError, Value, make_prompt, read, write

_PAUSE = 0.1


class Hub:
    """The store that rank 0 keeps, and its own access to it.

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
        """Where it listens."""
        return int(self._listener.address[1])

    def on_lost(self, action: Callable[[], None]) -> None:
        """Register a function that another thread calls as soon as a rank is lost."""
        self._on_lost.append(action)

    def retire(self) -> None:
        """Accept from now on that ranks disconnect."""
        self._retired = True

    # --- keys and values; see nasea.backends.distributed.ranks.Store ---

    def set(self, key: str, value: Value) -> None:
        """Put text or bytes."""
        with self._changed:
            self._values[key] = value.encode() if isinstance(value, str) else value
            self._changed.notify_all()

    def get(self, key: str) -> bytes:
        """The bytes of a key that is there."""
        with self._changed:
            if key not in self._values:
                raise HubError(f"there is nothing under {key}")
            return self._values[key]

    def add(self, key: str, amount: int) -> int:
        """Add to a number, 0 at first; returns the sum."""
        with self._changed:
            total = int(self._values.get(key, b"0")) + amount
            self._values[key] = str(total).encode()
            return total

    def check(self, keys: list[str]) -> bool:
        """Whether all the keys are there."""
        with self._changed:
            return all(key in self._values for key in keys)

    def delete_key(self, key: str) -> None:
        """Take a key away."""
        with self._changed:
            self._values.pop(key, None)

    # --- rounds ---

    def gather(self, name: str, rank: int, content: bytes, seconds: float) -> list[bytes]:
        """Give bytes to a round and get those of all ranks, in order.

        Args:
            name: of the round; each is held once.
            rank: who gives.
            content: what.
            seconds: how long to wait for the others.

        Raises:
            HubError: one is lost, or does not give in time.
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
            except OSError:  # whoever it was has gone again
                time.sleep(_PAUSE)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        """Answer one connection until it ends."""
        rank: int | None = None
        with suppress(OSError, EOFError, ValueError, TypeError, KeyError), connection:
            make_prompt(connection)
            rank = int(read(connection)[0]["rank"])
            while True:
                request, content = read(connection)
                if request["do"] == "watch":
                    self._watching[rank] = connection
                    write(connection, {})
                elif request["do"] == "note":  # whoever notes does not wait
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
