"""The outcome of a retraining as data: ``retrained.json``."""

from __future__ import annotations

import json
import math
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
_ROUNDED_SHARE = 0.25
"""Share of a quantisation-aware training that is rounded: at its end, where the learning rate is
low, as is usual."""
_STRICT: ConfigDict = {"strict": True, "extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True)
class TrainingPlan:
    """The training plan of a network.

    Attributes:
        from_scratch: whether it starts from initial values instead of the result's weights.
        epochs: number of epochs.
        learning_rate: initial learning rate, before the user's schedule.
        teacher: the teacher for distillation, if any: number of an architecture of the front, or
            folder of a retrained network inside the results directory.
        teacher_share: weight of the teacher in the loss, from 0 to 1.
        quantisation_aware: whether the end of training, and measurement, simulate its int8 file.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    from_scratch: bool
    epochs: int
    learning_rate: float
    teacher: int | str | None = None
    teacher_share: float = 0.5
    quantisation_aware: bool = False

    @property
    def float_epochs(self) -> int:
        """Number of epochs trained in float; the last quarter is rounded where any is."""
        if not self.quantisation_aware:
            return self.epochs
        return self.epochs - math.ceil(self.epochs * _ROUNDED_SHARE)

    @property
    def said(self) -> dict[str, Any]:
        """The plan as a dict, without defaults of keys that earlier versions lack."""
        return {k: v for k, v in asdict(self).items() if v or k != "quantisation_aware"}

    @property
    def words(self) -> str:
        """The plan in one line."""
        start = "from scratch" if self.from_scratch else "from the weights of the search"
        taught = ""
        if isinstance(self.teacher, int):
            taught = f", taught by architecture {self.teacher}"
        elif self.teacher is not None:
            taught = f", taught by {self.teacher}"
        many = "s" if self.epochs != 1 else ""
        rounded = ", rounded to int8" if self.quantisation_aware else ""
        how = f"{start}{taught}{rounded}, learning rate {self.learning_rate:g}"
        return f"{self.epochs} epoch{many} {how}"


@dataclass(frozen=True)
class EpochRow:
    """A network after an epoch of its retraining.

    Attributes:
        epoch: number of finished epochs; 0 is before training.
        metric: value of the user's metric on all of val_dir; ``None`` if it failed.
        loss: mean over the epoch; ``None`` at epoch 0.
        float_metric: if ``metric`` is that of the simulated int8 file, the metric of the float
            network at epochs whose weights were kept.
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
        info: the search that found it.
        member: the architecture, with accuracy and metric of the kept epoch.
        searched_metric: its metric after the search, on all of val_dir, of the kind
            ``searched_as``.
        plan: the training plan.
        best_epoch: the epoch whose weights were kept.
        epochs: the measurements, from epoch 0.
        name: name of its files, without suffixes.
        test_metric: metric on all of test_dir; ``None`` if there is none.
        searched_as: whether the search measured float or int8; ``info.score_as`` is that of
            retraining.
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
        """The name of the generated file."""
        return f"{self.name}.py"

    @property
    def weights_file(self) -> str:
        """The name of the weights file."""
        return f"{self.name}{self.info.weights_suffix}"

    @property
    def remark(self) -> str:
        """A summary in one line."""
        return (
            f"retrained: {self.plan.words}; weights of epoch {self.best_epoch}, "
            f"metric {self.searched_metric:.4g}{self._kind(self.searched_as)} in the search, "
            f"{self.member.metric:.4g}{self._kind(self.info.score_as)} now"
        )

    def _kind(self, kind: str) -> str:
        """Return the kind in brackets, if search and retraining measured different kinds."""
        return f" ({kind})" if self.searched_as != self.info.score_as else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return {"format": _FORMAT, "version": _VERSION, **asdict(self)}

    def save(self, path: Path) -> None:
        """Write the record as JSON.

        Raises:
            ResultsError: the file cannot be written.
        """
        write_result(path, json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Retrained:
        """Read a file written by ``save``.

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
        directory: folder of the network; an earlier one is kept under the first free name of
            ``directory.1``, ``directory.2``, ..., unless it is the same network with the same
            files.
        retrained: the network.
        model: text of the generated file.
        weights: content of the weights file.

    Returns:
        The new path of an earlier network, if one was kept.

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
