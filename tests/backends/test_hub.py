"""Where the processes of a run meet; here they are threads."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from nasea.backends.distributed.hub import Hub
from nasea.backends.distributed.hub_client import HubClient
from nasea.backends.distributed.wire import HubError

HERE = "127.0.0.1"


@pytest.fixture
def ranks() -> Iterator[list[Hub | HubClient]]:
    """The hub and two others."""
    hub = Hub(HERE, 0, 3)
    others = [HubClient(HERE, hub.port, rank, 5.0) for rank in (1, 2)]
    yield [hub, *others]
    hub.retire()
    for other in others:
        other.close()


def all_at_once(ranks: list[Hub | HubClient], give: Callable[[int], list[bytes]]) -> list[object]:
    with ThreadPoolExecutor(len(ranks)) as pool:
        calls = [pool.submit(give, rank) for rank in range(len(ranks))]
        return [call.exception() or call.result() for call in calls]


def test_keys_are_seen_by_all(ranks: list[Hub | HubClient]) -> None:
    first, second, third = ranks
    second.set("a", "text")
    first.set("b", b"\n\x00 bytes")
    assert third.check(["a", "b"]) and not third.check(["a", "c"])
    assert (first.get("a"), second.get("b")) == (b"text", b"\n\x00 bytes")
    third.delete_key("a")
    assert not first.check(["a"])
    with pytest.raises(HubError, match="nothing under a"):
        second.get("a")


def test_a_counter_gives_every_number_once(ranks: list[Hub | HubClient]) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda r=rank: found.extend(r.add("n", 1) for _ in range(50)))
        for rank in ranks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 151))


def test_rounds_give_all_what_each_gave(ranks: list[Hub | HubClient]) -> None:
    large = b"x" * 3_000_000
    for number, content in enumerate((b"", b"small", large)):
        message = all_at_once(
            ranks, lambda r, c=content, n=number: ranks[r].gather(f"{n}", r, c + bytes([r]), 5.0)
        )
        assert message == [[content + bytes([rank]) for rank in range(3)]] * 3
    assert isinstance(ranks[0], Hub) and not ranks[0]._rounds


def test_who_does_not_come_is_named_after_a_while(ranks: list[Hub | HubClient]) -> None:
    message = all_at_once(ranks[:2], lambda rank: ranks[rank].gather("n", rank, b"", 0.2))
    assert all(isinstance(one, HubError) and "rank 2" in str(one) for one in message)
    assert "Timed out" in str(message[0])


def test_who_goes_is_known_to_all_at_once(ranks: list[Hub | HubClient]) -> None:
    heard = [threading.Event() for _ in ranks[:2]]
    for rank, event in zip(ranks, heard, strict=False):
        rank.on_lost(event.set)
    start = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(ranks[rank].gather, "n", rank, b"", 60.0) for rank in (0, 1)]
        assert isinstance(ranks[2], HubClient)
        ranks[2].close()
        assert all("rank 2 closed" in str(call.exception()) for call in calls)
    assert all(event.wait(5) for event in heard)
    assert time.monotonic() - start < 30


def test_after_the_end_who_goes_is_not_missed() -> None:
    hub = Hub(HERE, 0, 2)
    other = HubClient(HERE, hub.port, 1, 5.0)
    lost = threading.Event()
    hub.on_lost(lost.set)
    hub.retire()
    other.close()
    assert not lost.wait(0.2)


def test_a_hub_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind((HERE, 0))
        with pytest.raises(HubError, match="cannot be reached"):
            HubClient(HERE, free.getsockname()[1], 1, 0.2)


def test_a_stranger_s_noise_changes_nothing(ranks: list[Hub | HubClient]) -> None:
    from multiprocessing.connection import Client

    assert isinstance(ranks[0], Hub)
    for noise in (b"GET / HTTP/1.1", b"[]", b"{}"):
        with Client((HERE, ranks[0].port), "AF_INET") as stranger:
            stranger.send_bytes(noise)
    message = all_at_once(ranks, lambda rank: ranks[rank].gather("n", rank, b"", 5.0))
    assert message == [[b"", b"", b""]] * 3
