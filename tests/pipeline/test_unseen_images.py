"""Images that choose nothing: measured in the end, from the files that were written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nasea.config import load_scenario
from nasea.errors import NaseaError
from nasea.pipeline.hand_picks.compare import CompareOptions, compare
from nasea.pipeline.hand_picks.contenders import ContenderSelection
from nasea.pipeline.retraining.outcome import Outcome
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.results.retrained import Retrained

from .project import Project, Recorder, both_frameworks

pytest_plugins = ["pipeline.fixtures"]


def retrained(project: Project, listener: Recorder | None = None) -> Outcome:
    return retrain(
        project.home / "scen.yaml",
        1,
        Request(epochs=2, learning_rate=0.02),
        formats=(),
        results=project.home / "results",
        directory=project.home,
        listener=listener,
    )


def with_test_images(project: Project, images: str) -> Project:
    project.scenario(("val_dir: digits/val", "val_dir: digits/val\n      test_dir: digits/test"))
    return project.module(("SPLITS = {", f'SPLITS = {{"test": slice({images}), '))


@both_frameworks
def test_the_written_network_is_measured_on_them(project: Project) -> None:
    before = load_scenario(project.home / "scen.yaml").scenario
    with_test_images(project, "300, 500")  # the same as val_dir, so the same metric
    after = load_scenario(project.home / "scen.yaml").scenario
    assert after.training_digest() == before.training_digest()
    assert "test_dir" not in str(before.to_dict())
    outcome = retrained(project)
    found = outcome.retrained
    assert found.test_metric == pytest.approx(found.member.metric, abs=1e-6)
    assert outcome.summary[-1].startswith("accuracy on test_dir, which chose nothing: 0.")
    assert Retrained.load(outcome.directory / "retrained.json") == found

    again = Recorder()
    assert retrained(project, again).retrained == found
    assert "kept in" not in again.text


def test_comparisons_are_measured_on_them(project: Project) -> None:
    options = CompareOptions(ContenderSelection(9000.0, (1,), ("resnet_d1",)), epochs=1, seeds=1)
    directory = project.home
    plain = compare(directory / "scen.yaml", options, directory=directory)
    with_test_images(project, "300, 500")
    found = compare(directory / "scen.yaml", options, directory=directory, restart=True)
    assert (plain.images, found.images) == ("val_dir", "test_dir")
    timeless = [[replace(row, seconds=()) for row in one.rows] for one in (plain, found)]
    assert timeless[0] == timeless[1]
    assert "Nothing was chosen on these images" in (directory / "results/report.html").read_text()


def test_what_fails_on_them_fails_before_training(project: Project) -> None:
    project.scenario(("val_dir: digits/val", "val_dir: digits/val\n      test_dir: digits/tset"))
    message = Recorder()
    with pytest.raises(NaseaError, match="tset"):
        retrained(project, message)
    assert "epoch 1/2" not in message.text
