"""What ``import nasea`` offers: the same runs as the commands, and results as networks."""

from __future__ import annotations

import importlib
import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch
from ruamel.yaml import YAML
from sklearn.datasets import load_digits

import nasea
from nasea.errors import (
    ConfigError,
    NaseaError,
    ResultsError,
    SpaceError,
    UserCodeError,
    UserModuleError,
)
from nasea.pipeline.diagnosis.fidelity import Study
from nasea.pipeline.hand_picks.compare import CompareOptions
from nasea.pipeline.hand_picks.contenders import ContenderSelection
from nasea.results.front import Front
from pipeline.project import Project, both_frameworks

pytest_plugins = ["pipeline.fixtures"]


def _outputs(model: Any) -> np.ndarray[Any, Any]:
    """What a network of the tiny project says of its validation images."""
    images = (load_digits().images[300:500] / 16).astype("float32")
    if isinstance(model, torch.nn.Module):
        with torch.no_grad():
            return np.asarray(model(torch.from_numpy(images)[:, None]).numpy())
    return np.array(model(images[..., None], training=False))


def _accuracy(model: Any) -> float:
    return float((_outputs(model).argmax(1) == load_digits().target[300:500]).mean())


def _as_dict(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((project.home / "scen.yaml").read_text())
    return found


@both_frameworks
def test_a_result_is_loaded_with_the_weights_that_earned_its_accuracy(finished: Project) -> None:
    for member in finished.front():
        model = nasea.load(finished.home / "results", member.number)
        assert isinstance(model, torch.nn.Module | tf.keras.Model)
        assert _accuracy(model) == pytest.approx(member.accuracy, abs=1e-4)


@both_frameworks
def test_a_retrained_network_is_loaded_without_a_number(project: Project) -> None:
    outcome = nasea.retrain(_as_dict(project), 0, epochs=1, formats=[], directory=project.home)
    assert outcome.directory == project.home / "results" / "retrained_0"
    model = nasea.load(outcome.directory)
    assert _accuracy(model) == pytest.approx(outcome.retrained.member.accuracy, abs=1e-4)


def test_the_user_module_is_the_one_of_the_results(
    finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "user_module.py").write_text("raise RuntimeError('of another project')")
    monkeypatch.chdir(tmp_path)
    model = nasea.load(finished.home / "results", 0)
    assert _accuracy(model) == pytest.approx(finished.front()[0].accuracy, abs=1e-4)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(_outputs(again), _outputs(model))


def test_loading_says_what_is_wrong(project: Project) -> None:
    results = project.home / "results"
    with pytest.raises(ResultsError, match="which one"):
        nasea.load(results)
    with pytest.raises(ResultsError, match="no architecture 99"):
        nasea.load(results, 99)
    with pytest.raises(UserModuleError, match="was not found"):
        nasea.load(results, 0, directory=results)
    weights = results / "model_arch_result_0.pt"
    kept = weights.read_bytes()
    weights.write_bytes(b"not weights")
    with pytest.raises(ResultsError, match=r"model_arch_result_0\.pt cannot be loaded"):
        nasea.load(results, 0)
    weights.unlink()
    with pytest.raises(ResultsError, match="is not there"):
        nasea.load(results, 0)
    weights.write_bytes(kept)
    project.module(("self.classifier = nn.Linear(16, 10)", "self.classifier = nn.Linear(16, 9)"))
    with pytest.raises(ResultsError, match="PreNet or PostNet was changed"):
        nasea.load(results, 0)
    project.module(("self.dropout = ", "self.dropuot = 1 / 0  # "))
    with pytest.raises(UserCodeError, match="ZeroDivisionError") as caught:
        nasea.load(results, 0)
    assert "user_module.py" in str(caught.value)


def test_a_dict_and_a_scenario_are_the_file(project: Project) -> None:
    file = project.home / "scen.yaml"
    scenario = nasea.read_scenario(file)
    assert nasea.read_scenario(_as_dict(project)) == scenario
    front = project.front()
    for config in (_as_dict(project), scenario):  # finished, the search only reports
        again = nasea.search(config, directory=project.home)
        assert again.members == front.members
        assert again.info.config_digest == front.info.config_digest


def test_a_scenario_is_made_of_the_keys_of_a_file(project: Project) -> None:
    content = _as_dict(project)["scenario"]
    read = nasea.read_scenario(project.home / "scen.yaml")
    assert nasea.Scenario(**content) == read
    assert nasea.Scenario(**content["strategy"], resource=content["resource"]) == read
    assert nasea.Scenario.from_dict(read.to_dict()) == read == read.model_copy()
    with pytest.raises(ConfigError) as caught:
        nasea.Scenario(epochz=3, batch_size=0)
    keys = {problem.key for problem in caught.value.problems}
    assert {"strategy.epochz", "strategy.batch_size", "dataset.val_dir"} <= keys


def test_the_mistakes_of_a_dict_come_all_at_once(fresh: Project) -> None:
    content = _as_dict(fresh)["scenario"]
    content["strategy"]["epochz"] = 3
    content["strategy"]["batch_size"] = "32"
    content["strategy"]["supernet"]["strides"] = (1, 3, 2)
    content["strategy"]["dataset"]["train_dir"] = {1: "x"}
    with pytest.raises(ConfigError) as caught:
        nasea.check(content, directory=fresh.home)
    message = {problem.key: problem for problem in caught.value.problems}
    assert message["strategy.epochz"].fix == "did you mean 'epochs'?"
    assert message["strategy.batch_size"].found == "'32'"
    assert message["supernet.strides[1]"].rule == "must be 1 or 2"
    assert "dataset.train_dir" in message
    assert {problem.where for problem in caught.value.problems} == {"(from Python)"}


def test_retraining_asks_which_network(fresh: Project) -> None:
    for arguments in ({}, {"number": 0, "budget": 5000}):
        with pytest.raises(NaseaError, match="which network"):
            nasea.retrain(fresh.home / "scen.yaml", directory=fresh.home, **arguments)


@pytest.mark.parametrize(
    "place, call, expected",
    [
        (
            "diagnosis.fidelity.fidelity",
            lambda: nasea.fidelity("a.yaml", architectures=5, seeds=3, cost="5k", directory="here"),
            ("a.yaml", Study(5, None, 3, 5000.0)),
        ),
        (
            "hand_picks.compare.compare",
            lambda: nasea.compare("a.yaml", budget=5e3, numbers=[2], families=["resnet"], epochs=4),
            ("a.yaml", CompareOptions(ContenderSelection(5000.0, (2,), ("resnet",)), 4, 3)),
        ),
        (
            "retraining.halving.retrain_best",
            lambda: nasea.retrain("a.yaml", budget="5k", candidates=3, directory="here").outcome,
            ("a.yaml", 5000.0, 3),
        ),
    ],
)
def test_a_function_asks_for_what_its_command_asks(
    place: str,
    call: Callable[[], Any],
    expected: tuple[Any, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    class Given:
        outcome = property(lambda self: self)

    def run(*arguments: Any, **options: Any) -> Given:
        asked.extend(arguments)
        asked.append(options)
        return Given()

    module, name = f"nasea.pipeline.{place}".rsplit(".", 1)
    monkeypatch.setattr(importlib.import_module(module), name, run)
    call()
    assert tuple(asked[: len(expected)]) == expected
    assert asked[-1].get("results", Path("here/results")) == Path("here/results")


def test_everything_offered_is_there_and_documented() -> None:
    assert nasea.Front is Front
    for name in nasea.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(nasea, name))
    with pytest.raises(AttributeError, match="no attribute 'serach'"):
        _ = nasea.serach


def test_networks_of_the_user_are_in_the_first_generation(project: Project) -> None:
    before = project.front()
    own = [before[0].written, ["basic_x1", "separable_k3", "separable_k3"]]
    content = _as_dict(project)
    content["scenario"]["strategy"]["searcher"] |= {"initial": own, "generation_num": 1}
    message: list[str] = []
    front = nasea.search(
        content, directory=project.home, on_event=lambda event: message.append(str(event))
    )
    first = [one.genome for one in front.evaluated if one.generation == 0]
    assert before[0].genome in first
    assert len(first) == 6
    assert any(
        "another search on the same supernet, with another searcher.initial" in t for t in message
    )


def test_networks_that_cannot_be_searched_are_named_before_anything_is_trained(
    fresh: Project,
) -> None:
    content = _as_dict(fresh)
    content["scenario"]["strategy"]["searcher"]["initial"] = [
        ["basic_x1", "basic_x1"],
        "basic_x1, basic_x9, basic_x1",
        "basic_x1 ×3",
    ]
    content["scenario"]["strategy"]["constraint"]["constraint_value"] = "5k"
    with pytest.raises(SpaceError) as caught:
        nasea.search(content, directory=fresh.home)
    for message in (
        r"searcher.initial[0]: this space has 3 layers, found 2 blocks",
        r"searcher.initial[1]: layer 1 has no block 'basic_x9'",
        r"searcher.initial[2]: basic_x1 ×3: costs",
        "fix: write a list of networks",
    ):
        assert message in str(caught.value)
    assert not list((fresh.home / "checkpoint").glob("*.ckpt"))


def test_export_hands_on_what_the_command_has(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def run(config: object, number: object, formats: object, **options: object) -> list[object]:
        seen.update(options, formats=formats)
        return []

    monkeypatch.setattr("nasea.pipeline.export.exporting.export", run)
    given = {"formats": ["onnx-int8"], "batch": 2, "calibration_images": 7, "licence": "MIT"}
    assert nasea.export(number=0, quiet=True, **given) == []  # type: ignore[arg-type]
    assert {key: seen[key] for key in given} == given
