from __future__ import annotations

import os
import signal
import threading

import pytest

from nasea.errors import EXIT_INTERRUPTED, Interrupted
from nasea.pipeline.session.interrupt import stop_on_signal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_becomes_a_request(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signal() as stop:
        stop.check()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted) as caught:
            stop.check()
    assert caught.value.exit_code == EXIT_INTERRUPTED == 130
    assert "run the same command again" in str(caught.value)
    assert signal.getsignal(number) is before


def test_the_second_signal_ends_the_process_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), stop_on_signal() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("the second signal was held back as well")


def test_outside_the_main_thread_nothing_is_caught() -> None:
    requested: list[bool] = []

    def run() -> None:
        with stop_on_signal() as stop:
            stop.check()
            requested.append(stop.requested)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert requested == [False]
