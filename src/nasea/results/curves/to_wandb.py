"""Weights & Biases: a run in the project, online or, by ``WANDB_MODE=offline``, in files."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasea.results.curves.sink import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SERVICE = "wandb"


class WandbSink:
    """See :class:`nasea.results.curves.sink.Sink`.

    Curves have different steps (updates, epochs, generations), but W&B requires one step that never
    decreases. So each curve is drawn over its own value ``TAG/step``.

    Args:
        name: name of the project.
        settings: configuration of the run.
        runs: the stored run ids.
        directory: directory of its files.
    """

    def __init__(
        self, name: str, settings: Mapping[str, object], runs: Runs, directory: Path
    ) -> None:
        import wandb

        self._wandb: Any = wandb
        self._drawn: set[str] = set()
        self._run: Any = wandb.init(
            project=name,
            config=dict(settings),
            id=runs.get(SERVICE),
            resume="allow",
            dir=str(directory),
            settings=wandb.Settings(silent=True, console="off"),
        )
        runs.put(SERVICE, str(self._run.id))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """See :class:`nasea.results.curves.sink.Sink`."""
        self._log(tag, float(value), step)

    def figure(self, tag: str, figure: Figure, step: int) -> None:
        """See :class:`nasea.results.curves.sink.Sink`."""
        from PIL import Image

        # As an image, since W&B plots figures by pyplot, which opens windows.
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        self._log(tag, self._wandb.Image(Image.open(buffer)), step)

    def attach(self, path: Path) -> None:
        """See :class:`nasea.results.curves.sink.Sink`."""
        shutil.copy(path, self._run.dir)  # files in this folder are uploaded at the end

    def close(self, *, failed: bool) -> None:
        """See :class:`nasea.results.curves.sink.Sink`."""
        self._run.finish(exit_code=int(failed))

    def _log(self, tag: str, value: object, step: int) -> None:
        if tag not in self._drawn:
            self._run.define_metric(tag, step_metric=f"{tag}/step")
            self._drawn.add(tag)
        self._run.log({tag: value, f"{tag}/step": step})
