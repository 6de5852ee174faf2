"""``nasea latency measure``: times whole networks on this machine, next to the predictions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nasea.backends.export.host.runtimes import RUNTIMES, HostRuntime
from nasea.backends.export.host.timing import CAREFUL, Job, Run, Timing, time_all
from nasea.backends.export.older_runtime import older_than_the_file
from nasea.errors import LatencyError, NaseaError
from nasea.pipeline.session.events import Listener, NullListener, Progress
from nasea.results.front import Front
from nasea.results.picked import load_finished
from nasea.results.storage.store import rewrite_tables

_MODEL = re.compile(r"model_arch_result_(\d+)\b.*")


@dataclass(frozen=True)
class MeasuredFile:
    """A network measured end to end.

    Attributes:
        path: the file.
        timing: the measured time.
        number: its number in the front; ``None`` if it is not in the front.
        predicted_ms: latency predicted by the search, in ms; ``None`` without a latency model.
    """

    path: Path
    timing: Timing
    number: int | None = None
    predicted_ms: float | None = None


def measure(
    files: Sequence[Path], results: Path, *, listener: Listener | None = None
) -> list[MeasuredFile]:
    """Time networks on one thread of this machine's CPU, with batch size 1.

    The times of files named ``model_arch_result_N`` are added to the results of the search:
    front.json and report.html then show the measured time next to the predicted one.

    Args:
        files: ``.onnx`` or ``.tflite`` files.
        results: the results directory of a search; need not exist.
        listener: receives progress.

    Returns:
        The measured files, in the order of ``files``.

    Raises:
        LatencyError: a file is missing or cannot be run.
        ResultsError: the results are damaged or cannot be written.
    """
    listener = listener or NullListener()
    runtimes = [_runtime_of(path) for path in files]
    listener.begin("latency", f"timing {len(files)} networks end to end, one thread")
    jobs = [
        Job(partial(_open, runtime, path), CAREFUL)
        for runtime, path in zip(runtimes, files, strict=True)
    ]

    def on_round(done: int, total: int) -> None:
        listener.progress(Progress("latency", done, total, "network"))

    timings = time_all(jobs, on_round)
    place = results / "front.json"
    if not place.is_file():
        return [MeasuredFile(path, timing) for path, timing in zip(files, timings, strict=True)]
    front = load_finished(place)
    found = [_match(path, t, front) for path, t in zip(files, timings, strict=True)]
    times = {item.number: item.timing.ms for item in found}
    members = tuple(
        replace(member, measured_ms=times.get(member.number, member.measured_ms))
        for member in front
    )
    rewrite_tables(results, replace(front, members=members))
    return found


def _runtime_of(path: Path) -> HostRuntime:
    for runtime in RUNTIMES.values():
        if path.suffix == runtime.suffix:
            if not path.is_file():
                raise LatencyError(
                    f"{path}: no such file",
                    fix="write it first: python3 results/model_arch_result_N.py, or nasea export",
                )
            return runtime
    known = ", ".join(runtime.suffix for runtime in RUNTIMES.values())
    raise LatencyError(f"{path}: this machine runs {known}", fix="give files of these kinds")


def _open(runtime: HostRuntime, path: Path) -> Run:
    try:
        return runtime.runner(path)
    except NaseaError:
        raise
    except Exception as error:  # each runtime raises its own exceptions
        reason = str(error).strip().split("\n")[0]
        fix = None
        if older_than_the_file(str(error)):
            fix = f"the file is newer than {runtime.release()}: install a newer release of it"
        raise LatencyError(
            f"{path} cannot be run by {runtime.release()}: {reason}", fix=fix
        ) from error


def _match(path: Path, timing: Timing, front: Front) -> MeasuredFile:
    named = _MODEL.fullmatch(path.stem)
    if named is None or int(named[1]) >= len(front):
        return MeasuredFile(path, timing)
    member = front[int(named[1])]
    return MeasuredFile(path, timing, member.number, member.latency_ms)
