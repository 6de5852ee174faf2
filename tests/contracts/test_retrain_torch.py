"""Retraining with PyTorch keeps the contract; and what only PyTorch can be asked quickly."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from nasea.errors import NotAvailableError
from nasea.pipeline.plan import Request
from pipeline import children
from pipeline.project import Project
from results.model_files import Load, load

from .retrain import REQUEST, N, RetrainContract, run

__all__ = ["load"]

pytest_plugins = ["pipeline.fixtures"]

WORDS = ("retrain", "--arch", str(N), "--epochs", "3", "--learning-rate", "0.02", "--no-export")


class TestTorchRetrain(RetrainContract):
    framework = "pytorch"

    @pytest.fixture(scope="class")
    @classmethod
    def searched(cls, finished: Project) -> Path:
        return finished.home

    @pytest.fixture(autouse=True)
    def _loading(self, load: Load) -> Iterator[None]:
        self.load = load
        yield
        sys.modules.pop("user_module", None)

    def metric(self, home: Path, model_file: Path) -> float:
        model = self.load(model_file).load_model()
        import user_module  # type: ignore[import-not-found]

        user = user_module.UserModule(3, 32)
        loader = torch.utils.data.DataLoader(user.dataset_define("digits/val", False), 32)
        with torch.no_grad():
            return float(user.metrics_func(loader, model))

    def weights(self, path: Path) -> Mapping[str, Any]:
        return {name: t.numpy() for name, t in torch.load(path, weights_only=True).items()}

    @pytest.mark.parametrize("doom", ["train-000003.ckpt", "retrained.json"])
    def test_killed_and_run_again_it_ends_the_same(
        self, home: Path, unbroken: Path, doom: str
    ) -> None:
        project = Project(home)
        assert children.run(project, doom=doom, words=WORDS) == -signal.SIGKILL
        assert children.run(project, words=WORDS, save_seconds=180) == 0
        self.same(home / f"results/retrained_{N}", unbroken / f"results/retrained_{N}")
        left = [path.name for path in (home / "results").rglob(".*")]
        assert left == []

    def test_an_error_is_made_small(self, home: Path) -> None:
        project = Project(home)
        project.module(("return correct / count", "return 1 - correct / count"))
        path = home / "results/front.json"
        front = project.front()
        text = path.read_text().replace('"metric_mode": "max"', '"metric_mode": "min"')
        for member in front:
            text = text.replace(f'"metric": {member.metric}', f'"metric": {1 - member.metric}')
        path.write_text(text)
        made = run(home, REQUEST, formats=[]).retrained
        metrics = [row.metric for row in made.epochs if row.metric is not None]
        assert made.member.metric == min(metrics) < metrics[0]
        assert made.member.accuracy == pytest.approx(1 - min(metrics))

    def test_outputs_that_teach_nothing_are_told(self, home: Path) -> None:
        Project(home).module(
            ("inputs.mean((2, 3))))", "inputs.mean((2, 3))))[:, :, None]"),
            ("logits.argmax(1) == labels", "logits[..., 0].argmax(1) == labels"),
            ("F.cross_entropy(logits, labels)", "F.cross_entropy(logits[..., 0], labels)"),
        )
        with pytest.raises(NotAvailableError, match=r"scores of classes.*\(32, 10, 1\)"):
            run(home, Request(epochs=1, distill=True))
