from __future__ import annotations

import errno
import io
import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typing_extensions import Buffer

from nasea.errors import ResultsError
from nasea.results.eventlog import EventLog
from nasea.results.figures.plots import front_figure

from .builders import make_front


def test_events_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Keeps the reader, which is TensorBoard's own, from importing TensorFlow where installed.
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with EventLog(tmp_path / "log") as log:
        for step, loss in enumerate([2.5, 1.25, math.nan]):
            log.scalar("loss", loss, step)
        log.figure("pareto", front_figure(make_front(0.7, 0.8)), 1)
        log.text("scenario", "**size** ≤ 11 M", 0)
    events = EventAccumulator(str(tmp_path / "log"))
    events.Reload()
    losses = events.Scalars("loss")
    assert [event.step for event in losses] == [0, 1, 2]
    assert [event.value for event in losses[:2]] == [2.5, 1.25]
    assert math.isnan(losses[2].value)
    (image,) = events.Images("pareto")
    assert (image.step, image.width, image.height) == (1, 1200, 750)
    (text,) = events.Tensors("scenario")
    assert text.tensor_proto.string_val[0].decode() == "**size** ≤ 11 M"


def test_two_logs_of_one_folder_do_not_collide(tmp_path: Path) -> None:
    with EventLog(tmp_path) as one, EventLog(tmp_path) as two:
        assert one.path != two.path
    one.close()  # again: harmless


def test_a_file_in_the_way_is_a_results_error(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    with pytest.raises(ResultsError, match="cannot write"):
        EventLog(tmp_path / "log")


class _FullDisk(io.RawIOBase):
    """A disk with room for so many writes."""

    def __init__(self, room: int) -> None:
        self._room = room

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        if self._room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._room -= 1
        return memoryview(data).nbytes


@pytest.mark.parametrize("room", [0, 1])
def test_a_full_disk_is_a_results_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    file = io.BufferedWriter(_FullDisk(room))
    monkeypatch.setattr("nasea.results.eventlog._new_file", lambda _: (tmp_path / "events", file))
    with pytest.raises(ResultsError, match="No space left"), EventLog(tmp_path) as log:
        log.scalar("loss", 1.0, 0)
        log.flush()


def test_no_framework_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from nasea.results.eventlog import EventLog\n"
        "with EventLog(pathlib.Path(sys.argv[1])) as log: log.scalar('loss', 1.0, 0)\n"
        "print(sorted({'torch', 'tensorflow', 'matplotlib'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
