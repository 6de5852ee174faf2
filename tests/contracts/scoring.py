"""What a score is in any framework: repeatable, without a trace in the supernet, never made up.

A framework joins by subclassing :class:`ScoringContract` where its project is at hand.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import pytest

from nasea.backends.records import EvaluationSubset
from nasea.space import Genome, fair_path

from .kit import SPACES, Kit, same

WHOLE = EvaluationSubset()


class ScoresContract(ABC):
    """What a score is, however the metric is asked."""

    kit: Kit

    loss_metric: str
    """A metric that sees far more than a few right answers would tell: the loss."""
    drawing: str
    """PreNet and metric that draw random numbers in evaluation."""

    @abstractmethod
    def metric_of_file(self, backend: Any, genome: Genome, path: Path) -> float:
        """The user's own metric of a new network with the weights of a file; checks its size."""

    def genomes(self, backend: Any, count: int) -> list[Genome]:
        choices = backend.supernet.space.choices
        return [fair_path(choices, 0, step) for step in range(count)]

    def test_measuring_changes_nothing(self, project: Path) -> None:
        self.kit.write_module(project, self.loss_metric)
        measured, untouched = self.kit.ready(project), self.kit.ready(project)
        for epoch in range(2):
            self.kit.train(measured, [epoch])
            self.kit.train(untouched, [epoch])
            before = self.kit.weights(measured)
            for genome in self.genomes(measured, 2):
                assert measured.measure(genome, WHOLE).metric is not None
            assert same(before, self.kit.weights(measured))
        assert same(before, self.kit.weights(untouched))

    def test_a_timed_score_is_the_score_and_few_statistics_are_of_a_trial_only(
        self, project: Path
    ) -> None:
        self.kit.write_module(project, self.loss_metric)
        backend = self.kit.ready(project)
        self.kit.train(backend)
        genome = self.genomes(backend, 1)[0]
        alone = backend.measure(genome, WHOLE)
        few, seconds = backend.time_score(genome, WHOLE, statistics=4)
        timed, _ = backend.time_score(genome, WHOLE)
        assert few.metric is not None and few.metric != alone.metric
        assert timed == backend.measure(genome, WHOLE) == alone
        assert seconds.total == seconds.statistics + seconds.metric > 0

    @pytest.mark.parametrize("space", SPACES)
    def test_the_same_result_in_any_order(self, project: Path, space: dict[str, Any]) -> None:
        self.kit.write_module(project, self.loss_metric + self.drawing)
        backend = self.kit.ready(project, **space)
        self.kit.train(backend)
        slices = [WHOLE, EvaluationSubset(images=10, half=1), EvaluationSubset(statistics=1)]
        jobs = [(genome, data) for genome in self.genomes(backend, 2) for data in slices]
        forwards = [backend.measure(*job).metric for job in jobs]
        backwards = [backend.measure(*job).metric for job in reversed(jobs)]
        assert forwards == backwards[::-1]
        assert len(set(forwards)) == len(jobs)

    @pytest.mark.parametrize("space", SPACES)
    def test_written_weights_reproduce_the_metric(
        self, project: Path, space: dict[str, Any]
    ) -> None:
        self.kit.write_module(project, self.loss_metric)
        backend = self.kit.ready(project, **space)
        self.kit.train(backend, [0, 1])
        for number, genome in enumerate(self.genomes(backend, 2)):
            path = project / f"{number}{backend.weights_suffix}"
            metric = backend.measure(genome, WHOLE).metric
            backend.write_weights(genome, path)
            own = self.metric_of_file(backend, genome, path)
            assert own == pytest.approx(metric, rel=1e-5)
            assert backend.measure(genome, WHOLE).metric == metric


class ScoringContract(ScoresContract):
    """The suite."""

    fails_in_evaluation: str
    """A PostNet that fails on more than one image when it is not trained: ``cannot evaluate``."""
    own_activations: str
    """A PreNet that keeps its output in an attribute."""

    @pytest.mark.parametrize(
        "bn_images, batches", [(17, [8, 8]), (18, [8, 8, 2]), (1, [2]), (99, [8] * 5 + [4])]
    )
    def test_no_statistics_from_a_single_image(
        self, project: Path, bn_images: int, batches: list[int]
    ) -> None:
        backend = self.kit.attached(project, searcher__bn_images=bn_images)
        for draw in (0, 1):
            assert [len(images) for images in backend.data.statistics(draw)] == batches

    def test_planes_of_one_pixel_can_be_scored_when_one_image_is_left_over(
        self, project: Path
    ) -> None:
        backend = self.kit.ready(
            project,
            searcher__bn_images=17,
            supernet__filters=[8, 8, 12],
            supernet__strides=[2, 2, 2],
        )
        assert backend.supernet.space.out_shape == (12, 1, 1)
        self.kit.train(backend)
        for genome in self.genomes(backend, 2):
            assert backend.measure(genome, WHOLE).failure is None

    def test_a_network_that_fails_in_evaluation_is_a_failed_candidate(self, project: Path) -> None:
        self.kit.write_module(project, self.fails_in_evaluation)
        backend = self.kit.ready(project)
        measurement = backend.measure(self.genomes(backend, 1)[0], WHOLE)
        assert measurement.metric is None and measurement.failure is not None
        assert "cannot evaluate" in measurement.failure

    def test_activations_kept_in_attributes_do_not_stop_scoring(self, project: Path) -> None:
        self.kit.write_module(project, self.own_activations)
        backend = self.kit.ready(project)
        self.kit.train(backend)
        assert backend.measure(self.genomes(backend, 1)[0], WHOLE).failure is None
