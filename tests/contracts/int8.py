"""Networks that are scored and trained as their int8 files compute.

A framework joins by subclassing :class:`Int8Contract` where its project is at hand.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasea.backends.export.calibration import calibrating_images
from nasea.backends.export.formats import find_format
from nasea.backends.records import EvaluationSubset
from nasea.errors import DataError
from nasea.space import Act, Conv, Genome, Norm, Program, fair_path

from .kit import SPACES, Arrays, Kit, same

WHOLE = EvaluationSubset()
IN_FLOAT = EvaluationSubset(in_float=True)
CONV = Conv(3, 4, 1, "conv")


def rounded(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """To one of 256 values between two limits, of which one is 0."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    zero = round(-low / scale)
    return (np.clip(np.rint(x / scale) + zero, 0, 255) - zero) * scale


def rounded_by_itself(x: np.ndarray) -> np.ndarray:
    return rounded(x, float(x.min()), float(x.max()))


def rounded_weight(weight: np.ndarray) -> np.ndarray:
    """(C', C): with a scale for each row."""
    scale = np.abs(weight).max(1, keepdims=True) / 127
    return np.clip(np.rint(weight / scale), -127, 127) * scale


class Int8Contract(ABC):
    """The suite."""

    kit: Kit
    framework: str
    format: str
    """What it is exported to in int8."""
    loss_metric: str
    """A metric that sees far more than a few right answers would tell: the loss."""

    @abstractmethod
    def run(
        self, program: Program, weights: Mapping[str, np.ndarray], images: np.ndarray
    ) -> np.ndarray:
        """A program as in int8, its ranges those on the images, statistics 0 and 1."""

    @abstractmethod
    def outputs(self, backend: Any, genome: Genome, images: np.ndarray) -> np.ndarray:
        """What the scorer's network gives."""

    def genome(self, backend: Any, step: int = 1) -> Genome:
        return fair_path(backend.supernet.space.choices, 0, step)

    def trained(self, project: Path, **changes: Any) -> Any:
        self.kit.write_module(project, self.loss_metric)
        backend = self.kit.ready(project, **changes)
        self.kit.train(backend, [0, 1])
        return backend

    # --- one layer is what the formula says ---

    @pytest.fixture
    def layer(self) -> dict[str, Any]:
        random = np.random.default_rng(0)
        return {
            "weight": random.normal(size=(4, 3)).astype(np.float32) * [[1], [5], [0.1], [2]],
            "scale": np.array([1.5, 0.2, 3.0, 1.0], np.float32),
            "shift": np.array([0.5, -0.3, 0.1, 0.0], np.float32),
            "images": random.normal(size=(2, 3, 5, 5)).astype(np.float32) + 0.3,
        }

    def slots(self, layer: dict[str, Any]) -> dict[str, np.ndarray]:
        return {
            "conv/weight": layer["weight"][:, :, None, None].astype(np.float32),
            "norm/scale": layer["scale"],
            "norm/shift": layer["shift"],
        }

    def test_a_convolution_rounds_input_weight_and_output(self, layer: dict[str, Any]) -> None:
        found = self.run((CONV,), self.slots(layer), layer["images"])
        x = rounded_by_itself(layer["images"])
        limits = np.einsum("nchw,oc->nohw", layer["images"], layer["weight"])
        y = np.einsum("nchw,oc->nohw", x, rounded_weight(layer["weight"]))
        wanted = rounded(y, float(limits.min()), float(limits.max()))
        step = (limits.max() - limits.min()) / 255
        assert np.abs(found - wanted).max() <= 1.001 * step, "a tie may be rounded either way"
        assert (np.abs(found - wanted) < 0.01 * step).mean() > 0.98

    @pytest.mark.parametrize("stride", [1, 2])  # strided points have a gradient of their own
    def test_nothing_is_rounded_between_a_convolution_and_its_relu(
        self, layer: dict[str, Any], stride: int
    ) -> None:
        program: Program = (replace(CONV, stride=stride), Norm(4, "norm"), Act("relu"))
        found = self.run(program, self.slots(layer), layer["images"])
        factor = layer["scale"][:, None, None] / np.sqrt(1 + 1e-5)

        def block(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
            x = x[:, :, ::stride, ::stride]
            y = np.einsum("nchw,oc->nohw", x, weight) * factor + layer["shift"][:, None, None]
            return np.maximum(y, 0)

        high = float(block(layer["images"], layer["weight"]).max())
        x = rounded_by_itself(layer["images"])
        wanted = rounded(block(x, rounded_weight(layer["weight"])), 0.0, high)
        assert np.abs(found - wanted).max() <= 1.001 * high / 255
        assert (np.abs(found - wanted) < 0.01 * high / 255).mean() > 0.98

    # --- a score is that of the file ---

    @pytest.mark.parametrize("space", SPACES)
    def test_outputs_are_those_of_the_exported_file(
        self, project: Path, space: dict[str, Any]
    ) -> None:
        backend = self.trained(project, searcher__score_as="int8", **space)
        genome = self.genome(backend)
        path = project / f"weights{backend.weights_suffix}"
        backend.write_weights(genome, path)
        exporter = backend.exporter(backend.supernet.space, genome, path)
        format = find_format(self.format, self.framework)
        if format.missing:
            pytest.skip(f"{format.missing} is not installed")
        shown = backend.scenario.searcher.bn_images
        calibration = calibrating_images(exporter.training_images, shown, "")
        file = project / f"network{format.suffix}"
        exporter.write(format, file, None, calibration)
        run = exporter.load(format, file)
        images = np.concatenate(list(exporter.images()))
        in_file, in_float = run(images)[0], exporter.run(images)[0]
        imitated = self.outputs(backend, genome, images)
        # Of so small a network outputs differ by a step of the last range or two, so what is
        # compared is what rounding did to them.
        errors = [(each - in_float).ravel() for each in (imitated, in_file)]
        assert np.corrcoef(*errors)[0, 1] > 0.5
        assert (imitated.argmax(1) == in_file.argmax(1)).mean() >= 0.9

    def test_float_is_still_to_be_had_and_is_what_it_was(self, project: Path) -> None:
        int8 = self.trained(project, searcher__score_as="int8")
        plain = self.trained(project)
        genome = self.genome(int8)
        before = self.kit.weights(int8)
        scored = int8.measure(genome, WHOLE).metric
        assert scored is not None
        in_float = int8.measure(genome, IN_FLOAT).metric
        assert in_float == plain.measure(genome, WHOLE).metric != scored
        assert same(before, self.kit.weights(int8)), "measuring changes nothing"

    def test_shared_beginnings_change_no_score(self, project: Path) -> None:
        backend = self.trained(project, searcher__score_as="int8")
        first = self.genome(backend, 0)
        other = (*first[:-1], (first[-1] + 1) % backend.supernet.space.choices[-1])
        jobs = [(first, WHOLE), (other, WHOLE), (other, IN_FLOAT), (first, WHOLE), (other, WHOLE)]
        together: list[Any] = []
        backend.measure_each(jobs, together.append)
        assert together == [backend.measure(*job) for job in jobs]
        assert together[1] != together[2]

    # --- bad input ---

    def test_images_that_are_not_finite_show_no_ranges(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        backend = self.kit.ready(project, searcher__score_as="int8")
        batches = backend.scorer.data.statistics(0)
        spoiled = [*batches[1:], batches[0] / 0.0]
        monkeypatch.setattr(type(backend.scorer.data), "statistics", lambda data, draw: spoiled)
        with pytest.raises(DataError, match="calibrate int8 have values that are not finite"):
            backend.measure(self.genome(backend), WHOLE)

    # --- training ---

    def test_training_in_int8_trains_float_weights_that_are_written_as_ever(
        self, project: Path
    ) -> None:
        self.kit.write_module(project, self.loss_metric)
        backend = self.kit.attached(project, searcher__score_as="int8")
        backend.train_int8()
        backend = backend.begin_training(2, backend.scenario.seed)
        before = self.kit.slots(backend)
        self.kit.train(backend)
        after: Arrays = self.kit.slots(backend)
        assert all(np.isfinite(values).all() for values in after.values())
        assert any(not np.array_equal(before[name], after[name]) for name in after)
        genome = self.genome(backend)
        path = project / f"weights{backend.weights_suffix}"
        backend.write_weights(genome, path)
        exporter = backend.exporter(backend.supernet.space, genome, path)
        in_float = backend.measure(genome, IN_FLOAT).metric
        assert exporter.measure(exporter.run).metric == pytest.approx(in_float, rel=1e-5)

    def test_training_in_int8_learns_about_what_training_in_float_does(self, project: Path) -> None:
        plain = self.kit.attached(project)
        int8 = self.kit.attached(project)
        int8.train_int8()
        losses = []
        for backend in (plain, int8):
            training = backend.begin_training(2, backend.scenario.seed)
            losses.append([report.loss for report in self.kit.train(training)])
        assert losses[0] != losses[1]
        assert np.allclose(*losses, rtol=0.2)

    def test_training_rounds_from_the_first_rounded_epoch_on_and_resumes_the_same(
        self, project: Path
    ) -> None:
        plain = self.kit.attached(project)
        late = self.kit.attached(project)
        late.train_int8(1)
        plain, late = (b.begin_training(2, b.scenario.seed) for b in (plain, late))
        self.kit.train(plain, [0])
        self.kit.train(late, [0])
        assert same(self.kit.slots(plain), self.kit.slots(late)), "the first epoch is in float"
        state = late.state()
        floats, rounded = (self.kit.train(each, [1]) for each in (plain, late))
        assert [report.loss for report in floats] != [report.loss for report in rounded]
        resumed = self.kit.attached(project)
        resumed.train_int8(1)
        resumed = resumed.begin_training(2, resumed.scenario.seed)
        resumed.restore(state)
        again = self.kit.train(resumed, [1])
        assert [report.loss for report in again] == [report.loss for report in rounded]
        assert same(self.kit.slots(resumed), self.kit.slots(late))

    def test_rounding_hardly_turns_the_gradient(self, project: Path) -> None:
        moves = []
        for int8 in (False, True):
            backend = self.kit.attached(project, optimizer={"type": "sgd", "learning_rate": 0.01})
            if int8:
                backend.train_int8()
            before = self.kit.slots(backend)
            training = backend.begin_training(2, backend.scenario.seed)
            self.kit.train(training, until=1)
            after = self.kit.slots(training)
            moves.append(np.concatenate([(after[n] - before[n]).ravel() for n in before]))
        cosine = moves[0] @ moves[1] / np.linalg.norm(moves[0]) / np.linalg.norm(moves[1])
        assert 0.9 < cosine < 1 - 1e-6
