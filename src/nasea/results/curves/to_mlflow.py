"""MLflow: a run in the experiment of the project, on the server of ``MLFLOW_TRACKING_URI``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasea.results.curves.sink import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SERVICE = "mlflow"
_BATCH = 200
_SECONDS = 5.0
_LONGEST = 500


class MlflowSink:
    """See :class:`nasea.results.curves.sink.Sink`.

    It uses its own client, since the user's module may use MLflow's current run.

    Args:
        name: name of the experiment.
        settings: parameters of the run.
        runs: the stored run ids.
    """

    def __init__(self, name: str, settings: Mapping[str, object], runs: Runs) -> None:
        import mlflow
        from mlflow.entities import Metric

        self._metric: Any = Metric
        self._client: Any = mlflow.MlflowClient()
        self._waiting: list[Any] = []
        self._sent = time.monotonic()
        known = runs.get(SERVICE)
        self._run = self._resumed(known) if known else None
        if self._run is None:
            self._run = self._begun(name, settings)
            runs.put(SERVICE, self._run)

    def scalar(self, tag: str, value: float, step: int) -> None:
        """See :class:`nasea.results.curves.sink.Sink`."""
        self._waiting.append(self._metric(tag, float(value), int(1000 * time.time()), step))
        # Otherwise the server would receive thousands of requests.
        if len(self._waiting) >= _BATCH or time.monotonic() - self._sent > _SECONDS:
            self._send()

    def figure(self, tag: str, figure: Figure, step: int) -> None:
        """See :class:`nasea.results.curves.sink.Sink`."""
        self._client.log_figure(self._run, figure, f"{tag}/{step:05d}.png")

    def attach(self, path: Path) -> None:
        """See :class:`nasea.results.curves.sink.Sink`."""
        self._client.log_artifact(self._run, str(path))

    def close(self, *, failed: bool) -> None:
        """See :class:`nasea.results.curves.sink.Sink`."""
        self._send()
        self._client.set_terminated(self._run, "FAILED" if failed else "FINISHED")

    def _send(self) -> None:
        self._sent = time.monotonic()
        if self._waiting:
            self._client.log_batch(self._run, metrics=self._waiting)
            self._waiting = []

    def _resumed(self, run: str) -> str | None:
        try:
            self._client.update_run(run, status="RUNNING")
        except Exception:  # deleted, or on another server
            return None
        return run

    def _begun(self, name: str, settings: Mapping[str, object]) -> str:
        experiment = self._client.get_experiment_by_name(name)
        number = (
            self._client.create_experiment(name) if experiment is None else experiment.experiment_id
        )
        run: str = self._client.create_run(number).info.run_id
        for key, value in settings.items():
            self._client.log_param(run, key, str(value)[:_LONGEST])
        return run
