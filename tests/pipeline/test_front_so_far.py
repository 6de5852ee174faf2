"""The front of a search that is not finished: at any time, marked as such, and never in the way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import nasea
from nasea.errors import Interrupted, NaseaError, ResultsError
from nasea.pipeline.search import front_so_far
from nasea.pipeline.search.front_so_far import FrontSoFar
from nasea.pipeline.search.reached import reached
from nasea.pipeline.search.run import search
from nasea.pipeline.session.events import Progress
from nasea.results.front import Front, Unfinished
from nasea.results.front.places import front_file
from results.builders import make_front, make_info

from .project import Project, Recorder, assert_same_results
from .stopping import Stops

pytest_plugins = ["pipeline.fixtures"]


class Looks(Stops):
    """Looks at the front so far whenever an architecture was scored."""

    def __init__(self, results: Path, look: Callable[[Front | None], object]) -> None:
        super().__init__(lambda progress: False)
        self.results = results
        self.look = look

    def progress(self, progress: Progress) -> None:
        super().progress(progress)
        if progress.stage == "search":
            self.look(Front.load(self.results) if front_file(self.results).is_file() else None)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write whenever there is something to write: searches here take a second."""
    monkeypatch.setattr(front_so_far, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(front_so_far, "_SHARE", 1e9)


def test_there_is_a_front_at_any_time(project: Project, finished: Project) -> None:
    results, files = project.home / "results", [project.home / "checkpoint" / "front.json"]
    shutil.rmtree(results)
    generations = len(finished.front().info.hypervolumes)
    assert (
        reached(results)
        == f"the supernet is trained; the search has done {generations} generations"
    )
    project.without_search()
    assert str(reached(results)).startswith("the supernet is in training")

    # Stopped within the second generation: what is scored of it is in the front.
    generation = iter(range(10_000))
    second = Stops(lambda p: p.stage == "search" and p.done == 2 and next(generation) == 1)
    with pytest.raises(Interrupted):
        project.search(second)
    front = Front.load(results)
    state = front.info.unfinished
    assert state is not None and (state.generation, state.begun) == (1, 2)
    assert front == Front.load(project.home / "checkpoint")
    assert len(front.evaluated) == front.info.evaluations > len(front) > 0
    assert all(one.metric == one.search_metric for one in front)
    assert "unfinished, generation 1 of at most" in repr(front)
    assert "weights inherited from the supernet" in front._repr_html_()
    report = (project.home / "checkpoint" / "report.html").read_text(encoding="utf-8")
    assert "generation 1 of at most" in report

    # Its networks have no files.
    with pytest.raises(ResultsError, match="not finished") as told:
        nasea.load(results, 0)
    assert "--finish" in str(told.value)

    # It can be ended here.
    listener = Recorder()
    ended = nasea.search(
        project.home / "scen.yaml", directory=project.home, listener=listener, finish=True
    )
    assert ended.info.unfinished is None and not any(path.exists() for path in files)
    assert len(ended.info.hypervolumes) == 1 < len(finished.front().info.hypervolumes)
    assert "asked to, after 1 of" in ended.info.ended
    assert nasea.load(results, 0) is not None
    assert f"tensorboard --logdir {project.home / 'log_classification'}" in listener.text
    assert "nasea show, or checkpoint/report.html" in listener.text

    # Or go on. The front is there at every moment, and does not change what is found.
    seen: list[Front | None] = []
    project.search(Looks(project.home / "checkpoint", seen.append))
    assert len(seen) > 1
    assert all(one is not None and one.info.unfinished for one in seen[1:])
    assert not any(path.exists() for path in files)
    assert_same_results(project, finished)
    info = project.front().info
    assert info.losses and None not in info.losses
    assert info.separation is not None and info.images is not None


def test_a_stop_while_results_are_scored_leaves_the_last_generation(
    project: Project, finished: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_so_far, "_LEAST_SECONDS", 1e9)  # after the first architecture, none
    project.without_search()
    with pytest.raises(Interrupted):
        project.search(Stops(lambda progress: progress.stage == "results"))
    front = Front.load(project.home / "checkpoint")
    generations = len(finished.front().info.hypervolumes)
    assert front.info.unfinished == Unfinished(generations, generations)
    assert front.info.evaluations == finished.front().info.evaluations


def test_a_front_without_checkpoints_is_no_front_so_far(project: Project) -> None:
    shutil.rmtree(project.home / "checkpoint")
    make_front(0.7).save(project.home / "checkpoint" / "front.json")
    with pytest.raises(Interrupted):
        project.search(Stops(lambda progress: progress.stage == "train"))
    assert not (project.home / "checkpoint" / "front.json").exists()


def test_writing_takes_a_small_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    time, written = [0.0], [0]
    files = FrontSoFar(tmp_path, lambda: time[0])
    front = make_front(0.7, info=replace(make_info(), unfinished=Unfinished(1, 5)))

    def slow() -> Front:
        written[0] += 1
        time[0] += 0.1
        return front

    for _ in range(1000):
        files.write(slow)
        time[0] += 0.1
    assert written[0] * 0.1 <= 0.02 * time[0]
    before = written[0]
    files.write(slow, last=True)
    assert written[0] == before + 1, "at a stop in any case"
    assert Front.load(tmp_path) == front
    (tmp_path / ".front.json.17.tmp").write_text("of a killed process")
    files.remove()
    assert not [*tmp_path.iterdir()]


def test_a_full_disk_is_for_the_checkpoint_to_report(tmp_path: Path) -> None:
    (tmp_path / "front.json").mkdir()
    FrontSoFar(tmp_path).write(lambda: make_front(0.7))


def test_only_results_have_an_unfinished_front_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_front(0.7).save(Path("checkpoint/front.json"))
    assert front_file(Path("results")) == Path("checkpoint/front.json")
    assert front_file(Path("result")) == Path("result/front.json")
    make_front(0.7, 0.8).save(Path("results/front.json"))
    assert front_file(Path("results")) == Path("results/front.json")
    monkeypatch.chdir("results")
    assert front_file(Path(".")) == Path("front.json")
    Path("front.json").unlink()
    assert len(Front.load(".")) == 1


def test_a_search_is_finished_or_discarded(finished: Project) -> None:
    with pytest.raises(NaseaError, match="--restart discards it"):
        search(finished.home / "scen.yaml", directory=finished.home, restart=True, finish=True)
