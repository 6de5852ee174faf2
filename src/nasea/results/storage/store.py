"""Writes the results directory completely or not at all, without overwriting earlier results."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nasea.backends.scoring.prediction_images import PredictionImage
from nasea.errors import Notice, ResultsError
from nasea.results.figures.plots import save_front_png
from nasea.results.figures.prediction_images import contact_sheet
from nasea.results.front import Front, FrontMember
from nasea.results.front.places import FRONT_FILE, REPORT_FILE
from nasea.results.report.html import predictions_file, save_report
from nasea.results.storage.files import write_result
from nasea.results.storage.pareto_csv import save_front_csv
from nasea.results.storage.staging import install, install_file, is_folder, staging_for
from nasea.results.storage.unchanged import digest_of, same_networks
from nasea.results.storage.weights_limit import WeightsRoom, by_need, unwritten_words


@dataclass(frozen=True)
class RenderedModel:
    """The text of a member's generated model file."""

    number: int
    text: str


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        earlier: the new path of earlier results, if any were moved away.
        front: the front, with the digests of its weights files.
        unwritten: numbers of the members without a weights file.
        limit: bytes that weights files may take.
    """

    earlier: Path | None
    front: Front
    unwritten: tuple[int, ...]
    limit: int

    def notices(self) -> list[Notice]:
        """Return what to tell the user."""
        found = []
        if self.earlier is not None:
            found.append(f"earlier results are kept in {self.earlier.name}/")
        if self.unwritten:
            found.append(unwritten_words(self.front, self.unwritten, self.limit))
        return [Notice("results", text) for text in found]


def check_writable(directory: Path) -> None:
    """Check, before hours of training, that results can be written to ``directory``.

    Raises:
        ResultsError: they cannot be written.
    """
    with staging_for(directory) as staging:
        write_result(staging / FRONT_FILE, "{}\n")


def write_results(
    directory: Path,
    front: Front,
    models: Sequence[RenderedModel],
    write_weights: Callable[[FrontMember, Path], int],
    pictures: Mapping[int, Sequence[PredictionImage]] | None = None,
    weights_limit: int | None = None,
) -> Written:
    """Write all results of a search.

    All files are written to a directory beside ``directory``, which then replaces it. So a kill at
    any moment leaves either the earlier results or the new ones. Earlier results are kept under the
    first free name of ``results.1``, ``results.2``, ... If a repeated search gives the same results
    (the same front, identical models and weights, no other file), the earlier ones stay untouched.
    Exported files and retrained networks stay with the results they were made from.

    Weights files are left out where there is no room for them; see
    :mod:`nasea.results.storage.weights_limit`.

    Args:
        directory: usually ``results``.
        front: the outcome of the search.
        models: the generated file of every member, in the order of the front.
        write_weights: writes a member's weights to a path, and returns the number of parameters
            of the network they belong to.
        pictures: prediction images of some members, by number.
        weights_limit: bytes that weights files may take; ``None`` for the usual limit.

    Raises:
        ResultsError: a file cannot be written, or the parameter count of a network differs from
            that of its member.
    """
    with staging_for(directory) as staging:
        for member, model in zip(front, models, strict=True):
            assert member.number == model.number, "models come in the order of the front"
            write_result(staging / front.files_of(member)[0], model.text)
        room = WeightsRoom(staging, weights_limit)
        unwritten, digests = [], []
        for member in by_need(front):
            file = staging / front.files_of(member)[1]
            if room.has_room(member):
                check_count(member, write_weights(member, file))
                room.take(file)
                digests.append((file.name, digest_of(file)))
            else:
                unwritten.append(member.number)
        front = replace(front, info=replace(front.info, weights=tuple(sorted(digests))))
        for number, drawn in (pictures or {}).items():
            write_result(staging / predictions_file(number), contact_sheet(drawn))
        save_front_png(front, staging / "pareto.png")
        save_front_csv(front, staging / "pareto.csv")
        save_report(front, staging / REPORT_FILE)
        front.save(staging / FRONT_FILE)
        aside = None
        if _repeats(directory, staging, front):
            _complete(directory, staging, front)
        else:
            aside = install(staging, directory)
        # Some may have been written since the earlier search, when they were needed.
        absent = [n for n in unwritten if not (directory / front.files_of(front[n])[1]).exists()]
        return Written(aside, front, tuple(sorted(absent)), room.limit)


def rewrite_tables(directory: Path, front: Front) -> None:
    """Rewrite the files with a front's figures; keep the models unchanged.

    Args:
        directory: results of the search that found ``front``.
        front: the same front with additional data.

    Raises:
        ResultsError: a file cannot be written.
    """
    save_report(front, directory / REPORT_FILE)
    front.save(directory / FRONT_FILE)


def check_count(member: FrontMember, found: int) -> None:
    """Check the parameter count of a member's network.

    Raises:
        ResultsError: it is not ``found``.
    """
    if found != member.parameters:
        raise ResultsError(
            f"architecture {member.number} has {found:,} parameters, but its cost was counted as "
            f"{member.parameters:,}",
            fix="PreNet and PostNet must have all their parameters from the start; "
            "if they do, this is a defect of nasea: please report it",
        )


def _repeats(directory: Path, staging: Path, front: Front) -> bool:
    """Return whether ``directory`` has exactly the files of ``staging``, with equal content.

    Edited models and further trained weights are the user's work, so they count as different.
    Folders are ignored, since a search writes none, and so are weights files that only one has:
    they may have been left out here or there, for want of room, and written later.
    """
    if not is_folder(directory):
        return False
    weights = {front.files_of(member)[1] for member in front}
    written = {path.name for path in staging.iterdir()}
    found = {path.name for path in directory.iterdir() if not is_folder(path)}
    if found - weights != written - weights:
        return False
    try:
        if not same_networks(Front.load(directory / FRONT_FILE), front):
            return False
        names = [name for member in front for name in front.files_of(member) if name in written]
        own = [name for name in names if os.path.lexists(directory / name)]
        return all((directory / name).read_bytes() == (staging / name).read_bytes() for name in own)
    except (ResultsError, OSError):
        return False


def _complete(directory: Path, staging: Path, front: Front) -> None:
    """Move weights files that ``directory`` lacks there, and note which supernet has the others."""
    for member in front:
        name = front.files_of(member)[1]
        if (staging / name).is_file() and not (directory / name).exists():
            install_file(staging / name, directory)
    earlier = Front.load(directory / FRONT_FILE)
    digests = {**dict(earlier.info.weights), **dict(front.info.weights)}
    info = replace(
        earlier.info, supernet=front.info.supernet, weights=tuple(sorted(digests.items()))
    )
    if info != earlier.info:
        replace(earlier, info=info).save(directory / FRONT_FILE)
