"""The outcome of a retraining as data: ``retrained.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nasea.errors import ResultsError
from nasea.results.front import FrontMember, RunInfo
from nasea.results.storage.files import read_result, write_result
from nasea.results.storage.staging import install, staging_for

if TYPE_CHECKING:
    from pydantic import ConfigDict, TypeAdapter

RETRAINED_FILE = "retrained.json"
_FORMAT = "nasea-retrained"
_VERSION = 1
_STRICT: ConfigDict = {"strict": True, "extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is retrained.

    Attributes:
        from_scratch: whether it begins with initial values instead of the result's weights.
        epochs: how long.
        learning_rate: initial; the user's schedule changes it from there.
        teacher: number of the architecture whose outputs it learns from as well, if any.
        teacher_share: the teacher's share of the loss, from 0 to 1.
        quantisation_aware: whether it is trained, and measured, as its int8 file will compute.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    from_scratch: bool
    epochs: int
    learning_rate: float
    teacher: int | None = None
    teacher_share: float = 0.5
    quantisation_aware: bool = False

    @property
    def said(self) -> dict[str, Any]:
        """As a dict, without what plans of earlier versions did not have."""
        return {k: v for k, v in asdict(self).items() if v or k != "quantisation_aware"}

    @property
    def words(self) -> str:
        """The plan in a line."""
        start = "from scratch" if self.from_scratch else "from the weights of the search"
        taught = "" if self.teacher is None else f", taught by architecture {self.teacher}"
        epochs = f"{self.epochs} epoch{'s' * (self.epochs != 1)}"
        rounded = ", rounded to int8" if self.quantisation_aware else ""
        return f"{epochs} {start}{taught}{rounded}, learning rate {self.learning_rate:g}"


@dataclass(frozen=True)
class EpochRow:
    """A network after an epoch of its retraining.

    Attributes:
        epoch: epochs done; 0 is what it began with.
        metric: what the user's metric returned on the whole of val_dir; ``None`` when it failed.
        loss: mean over the epoch; ``None`` at epoch 0.
        float_metric: where ``metric`` is that of the int8 file, imitated: that of the float
            network, if it was the best so far.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    epoch: int
    metric: float | None
    loss: float | None = None
    float_metric: float | None = None


@dataclass(frozen=True)
class Retrained:
    """A retrained network.

    Attributes:
        info: of the search that found it.
        member: the architecture, with accuracy and metric of the best epoch.
        searched_metric: its metric as the search left it, on the whole of val_dir; what
            ``searched_as`` says.
        plan: how it was retrained.
        best_epoch: the one whose weights were kept.
        epochs: the course, from epoch 0.
        name: of its files, without their suffixes.
        test_metric: on the whole of test_dir; ``None`` where there is none.
        searched_as: what the search measured it as; ``info.score_as`` is what retraining did.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    info: RunInfo
    member: FrontMember
    searched_metric: float
    plan: TrainingPlan
    best_epoch: int
    epochs: tuple[EpochRow, ...]
    name: str
    test_metric: float | None = None
    searched_as: Literal["float", "int8"] = "float"

    @property
    def model_file(self) -> str:
        """Name of the generated file."""
        return f"{self.name}.py"

    @property
    def weights_file(self) -> str:
        """Name of the weights file."""
        return f"{self.name}{self.info.weights_suffix}"

    @property
    def remark(self) -> str:
        """What happened, in a line."""
        return (
            f"retrained: {self.plan.words}; best after epoch {self.best_epoch}, "
            f"metric {self.searched_metric:.4g}{self._kind(self.searched_as)} in the search, "
            f"{self.member.metric:.4g}{self._kind(self.info.score_as)} now"
        )

    def _kind(self, kind: str) -> str:
        """In brackets, where the two are not of one kind."""
        return f" ({kind})" if self.searched_as != self.info.score_as else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return {"format": _FORMAT, "version": _VERSION, **asdict(self)}

    def save(self, path: Path) -> None:
        """Write it as JSON.

        Raises:
            ResultsError: the file cannot be written.
        """
        write_result(path, json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Retrained:
        """Read what ``save`` wrote.

        Raises:
            ResultsError: the file is missing, damaged, or of another version.
        """
        from pydantic import ValidationError

        fix = "retrain again: nasea retrain --arch N"
        data = read_result(path, fix)
        if not isinstance(data, Mapping) or data.get("format") != _FORMAT:
            raise ResultsError(f"{path} was not written by a retraining of nasea", fix=fix)
        if data.get("version") != _VERSION:
            raise ResultsError(
                f"{path} has format version {data.get('version')}, this nasea reads {_VERSION}",
                fix="read it with the nasea that wrote it: nasea_version in the file",
            )
        content = {key: data[key] for key in data if key not in ("format", "version")}
        try:
            return _adapter().validate_json(json.dumps(content))
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise ResultsError(f"{path} is damaged: {where}: {fault['msg']}", fix=fix) from error


def write_retrained(
    directory: Path, retrained: Retrained, model: str, weights: bytes
) -> Path | None:
    """Write a retrained network: all of it or nothing.

    Args:
        directory: its own; an earlier one is kept under the first free name of ``directory.1``,
            ``directory.2``, ..., unless it is the same network with the same files.
        retrained: the network.
        model: text of the generated file.
        weights: content of the weights file.

    Returns:
        Where an earlier network is now, if there was one to keep.

    Raises:
        ResultsError: something cannot be written.
    """
    files = {retrained.model_file: model.encode(), retrained.weights_file: weights}
    if _holds(directory, retrained, files):
        return None
    with staging_for(directory) as staging:
        for name, content in files.items():
            write_result(staging / name, content)
        retrained.save(staging / RETRAINED_FILE)
        return install(staging, directory)


def _holds(directory: Path, retrained: Retrained, files: Mapping[str, bytes]) -> bool:
    try:
        earlier = replace(Retrained.load(directory / RETRAINED_FILE), test_metric=None)
        return earlier == retrained and all(
            (directory / name).read_bytes() == files[name] for name in files
        )
    except (ResultsError, OSError):
        return False


@cache
def _adapter() -> TypeAdapter[Retrained]:
    from pydantic import TypeAdapter

    return TypeAdapter(Retrained)
