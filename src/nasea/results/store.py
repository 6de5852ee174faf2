"""The results directory: complete or not there, and never written over earlier results."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from nasea.errors import ResultsError
from nasea.results.csvfile import save_front_csv
from nasea.results.exchange import put_in_place
from nasea.results.files import write_error, write_result
from nasea.results.front import Front, FrontMember
from nasea.results.plots import save_front_png
from nasea.results.report import save_report

_FRONT = "front.json"
_FULL_BELOW = 64 * 1024
"""A file system with fewer free bytes is full."""


@dataclass(frozen=True)
class RenderedModel:
    """The text of a member's generated model file."""

    number: int
    text: str


def check_writable(directory: Path) -> None:
    """Find out before hours of training whether results can be written to ``directory`` later.

    Raises:
        ResultsError: they cannot.
    """
    with _staging(directory) as staging:
        write_result(staging / _FRONT, "{}\n")


def write_results(
    directory: Path,
    front: Front,
    models: Sequence[RenderedModel],
    write_weights: Callable[[FrontMember, Path], int],
) -> Path | None:
    """Write everything a search leaves behind.

    All files are made in a directory beside ``directory``, which then takes its place, so that a
    kill at any moment leaves the earlier results or the new ones. Earlier results are kept under
    the first free name of ``results.1``, ``results.2``, ...; unless they hold the same front, the
    same models and weights to the byte and no other file, which is what the same search leaves
    when it is run again: then they stay untouched.

    Args:
        directory: usually ``results``.
        front: the outcome of the search.
        models: the generated file of every member, in the order of the front.
        write_weights: writes a member's weights to a path, and returns the number of parameters
            of the network they belong to.

    Returns:
        Where earlier results are now, if there were any to keep.

    Raises:
        ResultsError: something cannot be written, or a network does not have the number of
            parameters that its member states.
    """
    with _staging(directory) as staging:
        for member, model in zip(front, models, strict=True):
            assert member.number == model.number, "models come in the order of the front"
            model_file, weights_file = front.files_of(member)
            write_result(staging / model_file, model.text)
            _check_count(member, write_weights(member, staging / weights_file))
        save_front_png(front, staging / "pareto.png")
        save_front_csv(front, staging / "pareto.csv")
        save_report(front, staging / "report.html")
        front.save(staging / _FRONT)
        _sync(staging)
        if _repeats(directory, staging, front):
            return None
        return _install(staging, directory)


def rewrite_tables(directory: Path, front: Front) -> None:
    """Write what shows a front's figures anew, beside the models that stay as they are.

    Args:
        directory: results of the search that found ``front``.
        front: the same front with more known about it.

    Raises:
        ResultsError: a file cannot be written.
    """
    save_report(front, directory / "report.html")
    front.save(directory / _FRONT)


def _check_count(member: FrontMember, found: int) -> None:
    if found != member.parameters:
        raise ResultsError(
            f"architecture {member.number} has {found:,} parameters, but its cost was counted as "
            f"{member.parameters:,}",
            fix="PreNet and PostNet must have all their parameters from the start; "
            "if they do, this is a defect of nasea: please report it",
        )


def _install(staging: Path, directory: Path) -> Path | None:
    """Put the finished ``staging`` in the place of ``directory``; where the old one is kept."""
    aside = None
    if _is_folder(directory) and not any(directory.iterdir()):
        directory.rmdir()
    if os.path.lexists(directory):
        aside = _first_free(directory)
        put_in_place(staging, directory, aside)
    else:
        staging.rename(directory)
    _sync_folder(directory.parent)
    return aside


def _repeats(directory: Path, staging: Path, front: Front) -> bool:
    """Whether ``directory`` has the files of ``staging`` and no other, and holds the same.

    A model that was edited or weights that were trained further are the user's work.
    """
    if not _is_folder(directory):
        return False
    written = {path.name for path in staging.iterdir()}
    if {path.name for path in directory.iterdir()} - {"__pycache__"} != written:
        return False
    try:
        earlier = Front.load(directory / _FRONT)
        same_info = replace(earlier.info, created=front.info.created) == front.info
        members = tuple(replace(member, measured_ms=None) for member in earlier)
        if not same_info or members != front.members:
            return False
        own = [name for member in front for name in front.files_of(member)]
        return all((directory / name).read_bytes() == (staging / name).read_bytes() for name in own)
    except (ResultsError, OSError):
        return False


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _first_free(directory: Path) -> Path:
    candidates = (directory.with_name(f"{directory.name}.{number}") for number in count(1))
    return next(path for path in candidates if not os.path.lexists(path))


@contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """An empty directory beside ``directory``, removed at the end if it is still there.

    Its name is always the same, so that what a killed run left there goes too. One run a directory
    is for the caller to see to.

    Raises:
        ResultsError: it cannot be made, or writing into it failed.
    """
    staging = directory.with_name(f".{directory.name}.new")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        if staging.exists():
            shutil.rmtree(staging)
        staging.mkdir()
        yield staging
    except OSError as error:
        raise write_error(directory, error) from error
    except RuntimeError as error:
        # torch.save says of a full disk only that its archive has an unexpected position.
        if shutil.disk_usage(directory.parent).free >= _FULL_BELOW:
            raise
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise write_error(directory, full) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sync(directory: Path) -> None:
    """Wait until every file of ``directory`` is on the disk."""
    for path in directory.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(directory)


def _sync_folder(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
