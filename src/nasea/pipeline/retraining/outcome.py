"""The outcome of a retraining."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nasea.pipeline.export.exported import ExportedFile
from nasea.pipeline.retraining.kept import comparable
from nasea.pipeline.search.direction import Direction
from nasea.results.retrained import Retrained


@dataclass(frozen=True)
class Outcome:
    """The outcome of a retraining.

    Attributes:
        retrained: the network and its training curve.
        directory: the folder of the network.
        files: the exported files.
    """

    retrained: Retrained
    directory: Path
    files: tuple[ExportedFile, ...]

    @property
    def summary(self) -> tuple[str, ...]:
        """The outcome as lines of text."""
        one = self.retrained
        direction = Direction.of_result(one.info.metric_mode, one.member)
        first = one.epochs[0].metric
        begun = "failed" if first is None else f"{direction.accuracy(first):.4f}"
        kind = one.info.accuracy_title
        searched = direction.accuracy(one.searched_metric)
        as_before = "" if one.searched_as == one.info.score_as else f" ({one.searched_as})"
        lines: tuple[str, ...] = (
            f"{kind} on val_dir: {searched:.4f} in the search{as_before}, "
            f"{begun} before training, {one.member.accuracy:.4f} after epoch {one.best_epoch} of "
            f"{one.plan.epochs}, {self._why_kept(direction)}",
        )
        if one.member.float_accuracy is not None:
            lines += (f"of the float network: {one.member.float_accuracy:.4f}",)
        if one.test_metric is None:
            return lines
        unseen = direction.accuracy(one.test_metric)
        return (*lines, f"{kind} on test_dir, which chose nothing: {unseen:.4f}")

    def _why_kept(self, direction: Direction) -> str:
        """Return the reason why the weights of this epoch were kept."""
        one = self.retrained
        rivals = comparable(one.epochs, one.best_epoch, one.plan.float_epochs)
        found = [
            row
            for row in one.epochs
            if row.metric is not None and (row in rivals or row.epoch == one.best_epoch)
        ]
        best = max(found, key=lambda row: (direction.accuracy(row.metric or 0.0), row.epoch))
        if best.metric is None or best.metric == one.member.metric:
            return "the best"
        accuracy = direction.accuracy(best.metric)
        return f"within the noise of the best ({accuracy:.4f} after epoch {best.epoch})"


@dataclass(frozen=True)
class Progressed:
    """The progress of a retraining.

    Attributes:
        number: number of the architecture.
        epoch: finished epochs.
        accuracy: after the last finished epoch, on all of val_dir; ``None`` if the metric failed.
    """

    number: int
    epoch: int
    accuracy: float | None
