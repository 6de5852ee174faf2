"""``nasea latency measure``: whole networks end to end here, beside what was predicted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nasea.backends.export.host.runtimes import RUNTIMES, HostRuntime
from nasea.backends.export.host.timing import CAREFUL, Job, Run, Timing, time_all
from nasea.errors import LatencyError, NaseaError
from nasea.pipeline.session.events import Listener, Progress, Silence
from nasea.results.front import Front
from nasea.results.storage.store import rewrite_tables

_MODEL = re.compile(r"model_arch_result_(\d+)\b.*")


@dataclass(frozen=True)
class MeasuredFile:
    """A network measured end to end.

    Attributes:
        path: the file.
        timing: what was measured.
        number: its architecture in the front; ``None`` where it is not of the front.
        predicted_ms: what the search took it for; ``None`` where latency was not modelled.
    """

    path: Path
    timing: Timing
    number: int | None = None
    predicted_ms: float | None = None


def measure(
    files: Sequence[Path], results: Path, *, listener: Listener | None = None
) -> list[MeasuredFile]:
    """Time networks on one thread of this machine's CPU, at batch 1.

    Files called ``model_arch_result_N`` are entered in the results of the search: front.json and
    report.html then hold the measured time beside the predicted one.

    Args:
        files: ``.onnx`` or ``.tflite``.
        results: the directory of a search's results; need not exist.
        listener: hears of progress.

    Raises:
        LatencyError: a file is missing, or cannot be run.
        ResultsError: the results are damaged, or cannot be written.
    """
    listener = listener or Silence()
    runtimes = [_runtime_of(path) for path in files]
    listener.begin("latency", f"timing {len(files)} networks end to end, one thread")
    jobs = [
        Job(partial(_opened, runtime, path), CAREFUL)
        for runtime, path in zip(runtimes, files, strict=True)
    ]

    def on_round(done: int, total: int) -> None:
        listener.progress(Progress("latency", done, total, "network"))

    timings = time_all(jobs, on_round)
    place = results / "front.json"
    if not place.is_file():
        return [MeasuredFile(path, timing) for path, timing in zip(files, timings, strict=True)]
    front = Front.load(place)
    found = [_matched(path, t, front) for path, t in zip(files, timings, strict=True)]
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


def _opened(runtime: HostRuntime, path: Path) -> Run:
    try:
        return runtime.runner(path)
    except NaseaError:
        raise
    except Exception as error:  # each runtime has its own
        reason = str(error).strip().split("\n")[0]
        raise LatencyError(f"{path} cannot be run by {runtime.release()}: {reason}") from error


def _matched(path: Path, timing: Timing, front: Front) -> MeasuredFile:
    named = _MODEL.fullmatch(path.stem)
    if named is None or int(named[1]) >= len(front):
        return MeasuredFile(path, timing)
    member = front[int(named[1])]
    return MeasuredFile(path, timing, member.number, member.latency_ms)
