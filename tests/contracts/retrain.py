"""What retraining must keep in every framework; a subclass for each."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import nasea
from nasea.backends.export import formats
from nasea.errors import CheckpointError, Interrupted, ResultsError
from nasea.pipeline.export.exporting import export
from nasea.pipeline.retraining.outcome import Outcome
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.pipeline.session.events import Progress
from nasea.pipeline.session.lock import only_run
from nasea.pipeline.supernet.late_weights import write_weights
from nasea.results.front import Front
from nasea.results.retrained import Retrained
from pipeline.project import HOME, Recorder
from pipeline.result_files import count_and_score, tensors
from pipeline.stopping import Stops, at

from .finished import FinishedSearchContract, N, soon

MADE = f"results/retrained_{N}"
KILLED = "killed"
REQUEST = Request(epochs=3, learning_rate=0.02)


class RetrainContract(FinishedSearchContract):
    """The suite."""

    @pytest.fixture(scope="class")
    @classmethod
    def unbroken(cls, ended: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A copy in which a retraining went through without a break; to be looked at only.

        Beside it, in ``killed``, is what a kill in the second epoch would have left.
        """
        home = tmp_path_factory.mktemp("unbroken") / HOME
        shutil.copytree(ended, home)
        with soon():
            run(home, REQUEST, Photographer(home, KILLED))
        return home

    def same(self, one: Path, other: Path) -> None:
        """Two retrainings ended alike, to the last bit."""
        found = [Retrained.load(folder / "retrained.json") for folder in (one, other)]
        assert found[0] == found[1]
        ours, theirs = (tensors(folder / found[0].weights_file) for folder in (one, other))
        assert ours.keys() == theirs.keys()
        assert all((ours[name] == theirs[name]).all() for name in ours)

    # --- what it makes ---

    def test_it_begins_where_the_search_ended_and_keeps_the_best(self, unbroken: Path) -> None:
        front = Front.load(unbroken / "results/front.json")
        made = Retrained.load(unbroken / f"{MADE}/retrained.json")
        metrics = [row.metric for row in made.epochs]
        assert metrics[0] == made.searched_metric == front[N].metric
        assert [row.epoch for row in made.epochs] == [0, 1, 2, 3]
        best = max(metric for metric in metrics if metric is not None)
        assert made.member.metric == best == metrics[made.best_epoch]
        assert best > front[N].metric, "three more epochs teach a network of six something"
        losses = [row.loss for row in made.epochs]
        assert losses[0] is None and losses[-1] is not None and losses[1] is not None
        assert losses[-1] < losses[1]
        assert made.info == front.info
        assert made.member == replace(
            front[N], accuracy=made.member.accuracy, metric=made.member.metric
        )

    def test_its_header_is_true_and_it_runs_where_it_is(
        self, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(unbroken)
        folder = unbroken / MADE
        made = Retrained.load(folder / "retrained.json")
        text = (folder / made.model_file).read_text()
        for line in (
            f"accuracy = {made.member.accuracy}",
            f"model_param_size = {made.member.parameters}",
            f"search_metric = {made.member.search_metric}",
            'training = "3 epochs from the weights of the search',
            f"weights of epoch {made.best_epoch}",
        ):
            assert line in text
        assert count_and_score(folder / made.model_file)[1] == made.member.metric
        above = unbroken / made.model_file  # copied to where user_module.py is, it finds its own
        above.write_text(text)
        assert count_and_score(above)[1] == made.member.metric

    def test_it_is_exported_in_the_end_and_again_when_asked(self, unbroken: Path) -> None:
        folder = unbroken / MADE
        made = Retrained.load(folder / "retrained.json")
        usual = formats.find_format(formats.formats_of(self.framework)[0], self.framework)
        file = folder / "exported" / f"{made.name}{usual.suffix}"
        assert file.is_file()
        (again,) = export(
            unbroken / "scen.yaml", None, [usual.name], results=folder, directory=unbroken
        )
        assert again.path == file
        assert again.accuracy == pytest.approx(made.member.accuracy, abs=1e-9)
        with pytest.raises(ResultsError, match=f"holds architecture {N}, not 0"):
            export(unbroken / "scen.yaml", 0, results=folder, directory=unbroken)

    def test_from_scratch_it_begins_with_what_it_does_not_know(
        self, unbroken: Path, tmp_path: Path
    ) -> None:
        home = tmp_path / HOME
        shutil.copytree(unbroken, home)
        outcome = run(home, replace(REQUEST, from_scratch=True))
        made, other = outcome.retrained, Retrained.load(
            home / f"{MADE}/retrained.json"
        )  # fmt: skip
        assert outcome.directory.name == f"retrained_{N}_scratch"
        assert made.epochs[0].metric is not None
        assert made.epochs[0].metric < made.searched_metric
        assert made.epochs != other.epochs
        assert "from scratch" in (outcome.directory / made.model_file).read_text()

    def test_a_teacher_changes_what_is_learned(self, home: Path, unbroken: Path) -> None:
        best = Front.load(home / "results/front.json").best.number
        assert best != N
        outcome = run(home, replace(REQUEST, distill=True))
        made = outcome.retrained
        assert made.plan.teacher == best
        other = Retrained.load(unbroken / f"{MADE}/retrained.json")
        assert made.epochs[0].metric == other.epochs[0].metric
        assert made.epochs[1:] != other.epochs[1:]
        assert f"taught by architecture {best}" in made.remark
        with pytest.raises(ResultsError, match="it has no teacher"):
            run(home, replace(REQUEST, distill=True), number=best)

    def test_weights_that_are_not_there_are_written_anew(self, home: Path, ended: Path) -> None:
        front = Front.load(home / "results/front.json")
        names = [front.files_of(member)[1] for member in front]
        expected = tensors(ended / "results" / names[N])

        def assert_written() -> None:
            found = tensors(home / "results" / names[N])
            assert found.keys() == expected.keys()
            assert all((found[name] == expected[name]).all() for name in found)

        def remove() -> None:
            for name in names:
                (home / "results" / name).unlink(missing_ok=True)

        remove()
        with pytest.raises(ResultsError, match="is not there") as told:
            nasea.load("results", N)
        assert f"nasea weights --arch {N} writes it" in str(told.value)
        usual = formats.formats_of(self.framework)[:1]
        export(home / "scen.yaml", N, usual, directory=home)
        assert_written()
        remove()
        with (
            only_run(home / "checkpoint"),
            pytest.raises(CheckpointError, match="another nasea search is running"),
        ):
            export(home / "scen.yaml", N, usual, directory=home)
        assert write_weights(home / "scen.yaml", [N], directory=home) == [
            Path("results") / names[N]
        ]
        assert_written()
        assert [(home / "results" / name).exists() for name in names].count(True) == 1
        assert nasea.weights(home / "scen.yaml", [N], directory=home, quiet=True) == []
        assert len(write_weights(home / "scen.yaml", directory=home)) == len(names) - 1

        # Weights of another supernet are not taken for them.
        remove()
        other = replace(front, info=replace(front.info, supernet="another"))
        other.save(home / "results/front.json")
        with pytest.raises(ResultsError, match="not the one that it came from"):
            write_weights(home / "scen.yaml", [N], directory=home)
        for file in (home / "checkpoint").glob("train-*"):
            file.unlink()
        with pytest.raises(CheckpointError, match="cannot be written"):
            run(home, REQUEST)
        (home / "checkpoint").rename(home / "elsewhere")
        with pytest.raises(CheckpointError, match="cannot be written"):
            export(home / "scen.yaml", N, usual, directory=home)
        assert not (home / "checkpoint").exists()

    # --- stops ---

    def test_killed_and_run_again_it_ends_the_same(self, unbroken: Path, tmp_path: Path) -> None:
        home = tmp_path / HOME
        shutil.copytree(unbroken.with_name(KILLED), home)
        assert not (home / MADE).exists()
        listener = Recorder()
        run(home, REQUEST, listener)
        assert "resuming from epoch 1, update 0" in listener.text
        self.same(home / MADE, unbroken / MADE)

    def test_stopped_and_run_again_it_ends_the_same(self, home: Path, unbroken: Path) -> None:
        with pytest.raises(Interrupted, match="run the same command again"):
            run(home, REQUEST, Stops(at("retrain", 3)))
        assert not (home / MADE).exists()
        listener = Recorder()
        run(home, REQUEST, listener)
        assert "resuming from epoch 0, update 3" in listener.text
        self.same(home / MADE, unbroken / MADE)


class Photographer(Recorder):
    """Copies the project as it is on the disk in the second epoch."""

    def __init__(self, home: Path, name: str) -> None:
        super().__init__()
        self.home = home
        self.name = name

    def progress(self, progress: Progress) -> None:
        super().progress(progress)
        if (progress.stage, progress.done) == ("retrain", 12):
            shutil.copytree(self.home, self.home.with_name(self.name))


def run(
    home: Path, request: Request, listener: Recorder | None = None, number: int = N, **options: Any
) -> Outcome:
    """Retrain in a project, in this process."""
    options.setdefault("results", home / "results")
    return retrain(
        home / "scen.yaml", number, request, directory=home, listener=listener, **options
    )
