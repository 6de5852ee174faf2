"""A network of a search or a retraining, picked by its number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from nasea.errors import ResultsError
from nasea.results.front import Front, FrontMember, RunInfo
from nasea.results.front.places import FRONT_FILE as FRONT_FILE
from nasea.results.front.places import RESULTS
from nasea.results.retrained import RETRAINED_FILE, Retrained

NEAR = "near_"
"""What the name of a folder of candidates near a budget begins with."""

EXPORTED = "exported"
"""Folder beside a model file where its exported files go."""


@dataclass(frozen=True)
class Result:
    """A network with its weights.

    Attributes:
        info: the search that found it.
        member: its record in the front; that of a retrained network has the accuracy after
            retraining.
        directory: the folder of its files.
        name: name of its files, without suffixes.
        weights: its weights file.
        remark: how it was retrained, if it was.
    """

    info: RunInfo
    member: FrontMember
    directory: Path
    name: str
    weights: Path
    remark: str = ""

    @property
    def title(self) -> str:
        """The name of the network in tables."""
        if self.remark:
            return f"architecture {self.member.number} retrained"
        if self.directory.name.startswith(NEAR):
            return f"architecture {self.member.number} of {self.directory.name}"
        return f"architecture {self.member.number}"

    @property
    def exported(self) -> Path:
        """The folder of its exported files."""
        return self.directory / EXPORTED

    def require_weights(self) -> None:
        """Check that the weights file exists.

        Raises:
            ResultsError: it does not; see :mod:`nasea.results.storage.weights_limit`.
        """
        if not self.weights.is_file():
            raise ResultsError(
                f"{self.weights} is not there",
                fix=f"nasea weights{self.place} --arch {self.member.number} writes it from "
                "checkpoint/"
                if self.info.supernet and not self.remark
                else "put back the file that nasea wrote",
            )

    @property
    def place(self) -> str:
        """The folder as an argument of a command; nothing for the usual one."""
        return "" if str(self.directory) == RESULTS else f" {quote(str(self.directory))}"


def is_retrained(directory: Path) -> bool:
    """Return whether a directory is that of a retraining."""
    return (directory / RETRAINED_FILE).is_file()


def pick_result(directory: Path, number: int | None) -> Result:
    """Return the network with a given number in a directory.

    Args:
        directory: ``results`` of a search, or a folder of a retraining inside it.
        number: N of ``model_arch_result_N.py``; may be omitted if there is only one.

    Raises:
        ResultsError: there are no results in the directory, or none with this number.
    """
    if is_retrained(directory):
        retrained = Retrained.load(directory / RETRAINED_FILE)
        member = retrained.member
        if number is not None and number != member.number:
            raise ResultsError(
                f"{directory} holds architecture {member.number}, not {number}",
                fix=f"leave --arch out, or give --arch {member.number}",
            )
        weights = directory / retrained.weights_file
        return Result(retrained.info, member, directory, retrained.name, weights, retrained.remark)
    front = load_finished(directory)
    if number is None:
        raise ResultsError(
            f"{directory} holds {len(front)} architectures: which one?",
            fix=f"give --arch N, {_numbers(front)}",
        )
    member = front.architecture(number)
    model_file, weights_file = front.files_of(member)
    name = model_file.removesuffix(".py")
    return Result(front.info, member, directory, name, directory / weights_file)


def load_finished(directory: Path) -> Front:
    """Return the front of a finished search, whose networks have files.

    Args:
        directory: ``results`` of the search.

    Raises:
        ResultsError: there is no front in the directory, or the search is not finished.
    """
    front = Front.load(directory)
    if front.info.unfinished is not None:
        raise ResultsError(
            f"the search is not finished ({front.info.unfinished.words}): its networks have no "
            "files yet",
            fix="run nasea search again: it continues, and writes them when it ends; with --finish "
            "it ends after the last complete generation",
        )
    return front


def _numbers(front: Front) -> str:
    return f"N from 0 to {len(front) - 1}" if len(front) > 1 else "which can only be 0"
