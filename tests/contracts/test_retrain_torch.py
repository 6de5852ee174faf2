"""Retraining with PyTorch keeps the contract; and what only PyTorch can be asked quickly."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasea.backends.export import formats
from nasea.errors import CheckpointError, Interrupted, NaseaError, NotAvailableError
from nasea.pipeline.retraining.plan import Request
from nasea.results.front import Front
from nasea.results.retrained import Retrained
from pipeline import children
from pipeline.project import Project, Recorder
from pipeline.stopping import Stops, at

from .retrain import HOME, MADE, REQUEST, N, RetrainContract, run

pytest_plugins = ["pipeline.fixtures"]

WORDS = ("retrain", "--arch", str(N), "--epochs", "3", "--learning-rate", "0.02", "--no-export")


class TestTorchRetrain(RetrainContract):
    framework = "pytorch"

    def test_finished_it_only_reports(self, unbroken: Path, tmp_path: Path) -> None:
        home = tmp_path / HOME
        shutil.copytree(unbroken, home)
        folder = home / MADE
        before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        listener = Recorder()
        run(home, REQUEST, listener)
        assert "epoch 1/3" not in listener.text
        assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
        assert not folder.with_name(f"{folder.name}.1").exists()

    def test_another_plan_keeps_the_earlier_network(self, unbroken: Path, tmp_path: Path) -> None:
        home = tmp_path / HOME
        shutil.copytree(unbroken, home)
        listener = Recorder()
        run(home, replace(REQUEST, epochs=1), listener)
        kept = home / f"results/retrained_{N}.1"
        self.same(kept, unbroken / MADE)
        assert f"kept in retrained_{N}.1/" in listener.text
        made = Retrained.load(home / f"{MADE}/retrained.json")
        assert made.plan.epochs == 1

    def test_half_done_it_is_not_mixed_with_another(self, home: Path) -> None:
        with pytest.raises(Interrupted):
            run(home, REQUEST, Stops(at("retrain", 3)))
        with pytest.raises(CheckpointError, match="how to retrain") as caught:
            run(home, replace(REQUEST, learning_rate=0.03))
        assert "the scenario" not in caught.value.message
        assert "--restart" in str(caught.value.fix)
        outcome = run(home, replace(REQUEST, epochs=1), restart=True)
        assert outcome.retrained.plan.epochs == 1

    def test_what_cannot_be_retrained(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        count = len(Front.load(home / "results/front.json"))
        faults: list[tuple[Request, dict[str, Any], str]] = [
            (REQUEST, {"number": count}, f"no architecture {count}"),
            (replace(REQUEST, epochs=0), {}, "--epochs must be a whole number"),
            (replace(REQUEST, learning_rate=2.0), {}, "--learning-rate must be"),
            (replace(REQUEST, teacher_share=0.0), {}, "--teacher-share must be"),
            (REQUEST, {"formats": ["docx"]}, "--format docx"),
            (REQUEST, {"results": home / "nowhere"}, "cannot read"),
        ]
        for request, options, shown in faults:
            with pytest.raises(NaseaError, match=shown) as caught:
                run(home, request, **options)
            assert caught.value.fix
        needy = next(
            each
            for each in formats.FORMATS.values()
            if each.framework == self.framework and each.packages
        )
        monkeypatch.setattr(formats, "find_spec", lambda name: None)
        with pytest.raises(NotAvailableError, match="needs"):
            run(home, REQUEST, formats=[needy.name])
        assert not list((home / "checkpoint").glob("retrained*")), "told before training"

    def test_a_search_run_again_leaves_it_alone(self, unbroken: Path, tmp_path: Path) -> None:
        shutil.copytree(unbroken, tmp_path / HOME)
        project = Project(tmp_path / HOME)
        project.search()
        self.same(project.home / MADE, unbroken / MADE)
        assert not (project.home / "results.1").exists()

    def test_really_killed_it_ends_the_same(self, home: Path, unbroken: Path) -> None:
        project = Project(home)
        assert children.run(project, doom="retrained.json", words=WORDS) == -signal.SIGKILL
        assert children.run(project, words=WORDS, save_seconds=180) == 0
        self.same(home / MADE, unbroken / MADE)
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
