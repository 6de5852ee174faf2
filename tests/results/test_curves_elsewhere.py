"""Curves for MLflow and Weights & Biases: what is called, and what happens when a call fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from nasea.errors import NotAvailableError, Notice
from nasea.pipeline.session.journal import Journal
from nasea.results.curves import open_curves, require_reporters
from nasea.results.curves.open import RUNS_FILE
from nasea.terms import Reporter

SETTINGS = {"seed": 0, "searcher.pop_size": 20}
ALL: tuple[Reporter, ...] = ("tensorboard", "mlflow", "wandb")


class Calls(list[tuple[Any, ...]]):
    """What was called, with its arguments."""

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self if call[0] == name]


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """A module in MLflow's place that remembers."""
    calls = Calls()
    known: dict[str, str] = {}

    class Client:
        def get_experiment_by_name(self, name: str) -> object:
            return SimpleNamespace(experiment_id=known[name]) if name in known else None

        def create_experiment(self, name: str) -> str:
            return known.setdefault(name, "7")

        def create_run(self, experiment: str) -> object:
            calls.append(("create_run", experiment))
            return SimpleNamespace(info=SimpleNamespace(run_id=f"run{len(calls)}"))

        def log_batch(self, run: str, metrics: list[tuple[Any, ...]]) -> None:
            calls.append(("log_batch", run, *((m[0], m[1], m[3]) for m in metrics)))

        def __getattr__(self, name: str) -> Any:
            return lambda *given, **named: calls.append((name, *given, *named.values()))

    module, entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
    module.__spec__ = entities.__spec__ = SimpleNamespace(name="mlflow")  # type: ignore[assignment]
    module.MlflowClient = Client  # type: ignore[attr-defined]
    entities.Metric = lambda *values: values  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    return calls


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """A module in W&B's place that remembers."""
    calls = Calls()
    files = tmp_path_factory.mktemp("wandb")

    class Run:
        id = "abc"
        dir = str(files)

        def log(self, values: dict[str, object]) -> None:
            calls.append(("log", values))

        def __getattr__(self, name: str) -> Any:
            return lambda *given, **named: calls.append((name, *given, *named.values()))

    def init(**named: Any) -> Run:
        calls.append(("init", named))
        return Run()

    module = ModuleType("wandb")
    module.__spec__ = SimpleNamespace(name="wandb")  # type: ignore[assignment]
    module.init, module.Settings = init, dict  # type: ignore[attr-defined]
    module.Image = lambda figure: f"image of {figure}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", module)
    return calls


def test_mlflow_gets_parameters_curves_figures_and_the_log(tmp_path: Path, mlflow: Calls) -> None:
    journal = Journal(tmp_path, ("mlflow",), "digits", SETTINGS)
    journal.events.scalar("loss", 0.5, 1)
    journal.events.scalar("hypervolume", 0.25, 0)
    journal.events.figure("pareto", "a figure", 3)  # type: ignore[arg-type]
    (tmp_path / "pareto.csv").write_text("")
    journal.close([tmp_path / "pareto.csv", tmp_path / "not_there.png"])
    assert mlflow.of("create_run") == [("7",)]
    assert mlflow.of("log_param") == [("run1", "seed", "0"), ("run1", "searcher.pop_size", "20")]
    assert mlflow.of("log_batch") == [("run1", ("loss", 0.5, 1), ("hypervolume", 0.25, 0))]
    assert mlflow.of("log_figure") == [("run1", "a figure", "pareto/00003.png")]
    assert [Path(path).name for _, path in mlflow.of("log_artifact")] == ["log.txt", "pareto.csv"]
    assert mlflow.of("set_terminated") == [("run1", "FINISHED")]
    assert not [*tmp_path.glob("events.out.*")], "TensorBoard was left out"


def test_wandb_draws_every_curve_over_its_own_steps(tmp_path: Path, wandb: Calls) -> None:
    journal = Journal(tmp_path, ("tensorboard", "wandb"), "digits", SETTINGS)
    journal.events.scalar("loss", 0.5, 40)
    journal.events.scalar("hypervolume", 0.25, 0)
    journal.events.scalar("loss", 0.4, 80)
    journal.close(failed=True)
    [(given,)] = wandb.of("init")
    assert (given["project"], given["config"], given["id"]) == ("digits", SETTINGS, None)
    assert [one for (one,) in wandb.of("log")] == [
        {"loss": 0.5, "loss/step": 40},
        {"hypervolume": 0.25, "hypervolume/step": 0},
        {"loss": 0.4, "loss/step": 80},
    ]
    assert wandb.of("define_metric") == [
        ("loss", "loss/step"),
        ("hypervolume", "hypervolume/step"),
    ]
    assert wandb.of("finish") == [(1,)]
    assert [*tmp_path.glob("events.out.*")]


def test_a_resumed_run_goes_on_in_the_same_runs(
    tmp_path: Path, mlflow: Calls, wandb: Calls
) -> None:
    for _ in range(2):
        Journal(tmp_path, ("mlflow", "wandb"), "digits", SETTINGS).close()
    assert len(mlflow.of("create_run")) == 1
    assert mlflow.of("update_run") == [("run1", "RUNNING")]
    assert [given["id"] for (given,) in wandb.of("init")] == [None, "abc"]
    assert json.loads((tmp_path / RUNS_FILE).read_text()) == {"mlflow": "run1", "wandb": "abc"}


def test_a_run_that_starts_over_gets_new_runs(tmp_path: Path, mlflow: Calls, wandb: Calls) -> None:
    for restart in (False, True, False):
        Journal(tmp_path, ("mlflow", "wandb"), "digits", SETTINGS, restart=restart).close()
    assert len(mlflow.of("create_run")) == 2
    assert [given["id"] for (given,) in wandb.of("init")] == [None, None, "abc"]
    [(resumed, _)] = mlflow.of("update_run")
    assert json.loads((tmp_path / RUNS_FILE).read_text())["mlflow"] == resumed != "run1"


def test_a_service_that_fails_is_told_once_and_the_run_goes_on(
    tmp_path: Path, mlflow: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Notice] = []
    journal = Journal(tmp_path, ("tensorboard", "mlflow"), "digits", {}, told.append)

    def down(*given: Any) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(sys.modules["mlflow"].MlflowClient, "log_figure", down, raising=False)
    journal.events.figure("pareto", _figure(), 0)
    journal.events.figure("pareto", _figure(), 1)
    journal.close()
    assert [str(notice) for notice in told] == [
        "strategy.report_to: MLflow gets nothing more of this run, which goes on: "
        "ConnectionError: no route to host"
    ]
    assert "no route to host" in (tmp_path / "log.txt").read_text()


def test_a_service_that_cannot_be_opened_is_told(tmp_path: Path, wandb: Calls) -> None:
    def refused(**named: Any) -> None:
        raise RuntimeError("api_key not configured\nmore")

    sys.modules["wandb"].init = refused  # type: ignore[attr-defined]
    told: list[Notice] = []
    Journal(tmp_path, ("wandb",), "digits", {}, told.append).close()
    assert "RuntimeError: api_key not configured" in str(told[0])


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_package_that_is_missing_is_told_with_its_pip_line(
    name: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nasea.results.curves.open.find_spec", lambda _: None)
    with pytest.raises(NotAvailableError) as missing:
        require_reporters(("tensorboard", name))
    assert f"pip install {name}" in str(missing.value)


def test_tensorboard_alone_imports_neither(tmp_path: Path) -> None:
    before = {name for name in sys.modules if name.startswith(("mlflow", "wandb"))}
    open_curves(("tensorboard",), tmp_path, "digits", {}, lambda notice: None).close()
    after = {name for name in sys.modules if name.startswith(("mlflow", "wandb"))}
    assert after == before


def test_a_real_mlflow_file_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    for value in (0.5, 0.25):
        journal = Journal(tmp_path / "log", ("mlflow",), "digits", SETTINGS)
        journal.events.scalar("loss", value, int(1 / value))
        journal.events.figure("pareto", _figure(), 0)
        journal.close()
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("digits").experiment_id
    [run] = client.search_runs([experiment])
    assert (run.info.status, run.data.params["searcher.pop_size"]) == ("FINISHED", "20")
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(point.value, point.step) for point in history] == [(0.5, 2), (0.25, 4)]
    assert {item.path for item in client.list_artifacts(run.info.run_id)} == {"log.txt", "pareto"}


def test_a_real_wandb_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    told: list[Notice] = []
    journal = Journal(tmp_path, ("wandb",), "digits", SETTINGS, told.append)
    journal.events.scalar("loss", 0.5, 40)
    journal.events.figure("pareto", _figure(), 0)
    run = sys.modules["wandb"].run
    assert (run.summary["loss"], run.summary["loss/step"]) == (0.5, 40)
    assert run.config["searcher.pop_size"] == 20
    journal.close()
    assert not told
    [folder] = tmp_path.glob("wandb/offline-run-*")
    assert [*folder.glob("*.wandb")]
    assert [*folder.glob("files/media/images/pareto_*.png")]
    assert (folder / "files" / "log.txt").exists()


def _figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([0, 1])
    return figure
