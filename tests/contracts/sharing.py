"""Scores with shared beginnings are the scores without, to the last bit; and less is computed.

A framework joins by subclassing :class:`SharingContract` where its project is at hand.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from nasea.backends.records import EvaluationSubset, Measurement
from nasea.backends.scoring import scorer
from nasea.backends.scoring.prefix_cache import Digest
from nasea.backends.user.nesting import flatten, restore
from nasea.space import Genome

from .kit import SPACES, Kit


class SharingContract(ABC):
    """The suite."""

    kit: Kit
    score: ModuleType
    """Where the framework scores."""
    loss_metric: str
    """A metric that sees far more than a few right answers would tell: the loss."""
    habits: Mapping[str, str]
    """What users' code may do, by a name for each."""
    tied: tuple[str, ...]
    """Those among them that tie PreNet to what comes after it behind nasea's back."""

    tapping: str
    """A PostNet that uses the first layer's output and the last's."""

    @abstractmethod
    def random_genomes(self, backend: Any, count: int) -> list[Genome]:
        """Distinct architectures of the supernet."""

    @abstractmethod
    def count_layers(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """From now on, how many layers of the body each pass of a batch has to compute."""

    @abstractmethod
    def crowd(self, monkeypatch: pytest.MonkeyPatch, backend: Any, in_metric: bool) -> None:
        """Memory is short from now on wherever something is kept, in one of two places."""

    @abstractmethod
    def tensor(self, array: np.ndarray) -> Any:
        """The framework's, of the same numbers as they lie in memory."""

    @abstractmethod
    def record(self, digest: Digest, outputs: object) -> None:
        """Let a digest take in what PostNet returned."""

    def digest(self, outputs: object) -> bytes:
        """Of what PostNet returned; arrays in it stand for tensors."""
        found = Digest()
        arrays = (array for _, array in flatten(outputs, np.ndarray))
        self.record(found, restore(outputs, np.ndarray, arrays, self.tensor))
        return found.value

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each habit is a case."""
        if "habit" in metafunc.fixturenames:
            metafunc.parametrize("habit", sorted(self.habits))

    def together(
        self, backend: Any, genomes: list[Genome], *data: EvaluationSubset
    ) -> list[Measurement]:
        found: list[Measurement] = []
        jobs = [(genome, each) for genome in genomes for each in (data or (EvaluationSubset(),))]
        backend.measure_each(jobs, found.append)
        return found

    def alone(
        self, backend: Any, genomes: list[Genome], *data: EvaluationSubset
    ) -> list[Measurement]:
        jobs = [(genome, each) for genome in genomes for each in (data or (EvaluationSubset(),))]
        return [backend.measure(*job) for job in jobs]

    def trained(self, project: Path, habit: str = "", **changes: Any) -> tuple[Any, list[Genome]]:
        self.kit.write_module(project, self.loss_metric + self.habits.get(habit, ""))
        backend = self.kit.ready(project, **changes)
        self.kit.train(backend)
        genomes = self.random_genomes(backend, 8)
        return backend, sorted(genomes, key=backend.supernet.space.steps)

    def test_whatever_the_users_code_does_no_score_changes(self, project: Path, habit: str) -> None:
        backend, genomes = self.trained(project, habit)
        expected = self.alone(backend, genomes)
        assert self.together(backend, genomes) == expected
        again = self.together(backend, genomes)
        assert again == expected, "once it is known whether sharing is safe"
        assert backend.scorer.sharing.check.failed == (habit in self.tied)

    @pytest.mark.parametrize("space", SPACES)
    def test_features_of_earlier_layers_are_shared_too(
        self, project: Path, space: dict[str, Any]
    ) -> None:
        self.kit.write_module(project, self.loss_metric + self.tapping)
        backend = self.kit.ready(project, supernet__feature_choose=(0,), **space)
        assert backend.supernet.space.taps == (0,)
        self.kit.train(backend)
        genomes = sorted(self.random_genomes(backend, 8))
        expected = self.alone(backend, genomes)
        assert self.together(backend, genomes) == expected
        assert self.together(backend, genomes) == expected
        assert backend.scorer.sharing.check.is_complete

    def test_halves_and_draws_do_not_mix(self, project: Path) -> None:
        backend, genomes = self.trained(project)
        slices = [
            EvaluationSubset(half=half, statistics=draw) for draw in (0, 1) for half in (0, 1)
        ]
        expected = self.alone(backend, genomes, *slices)
        assert self.together(backend, genomes, *slices) == expected

    @pytest.mark.parametrize("space", SPACES)
    def test_less_is_computed(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, space: dict[str, Any]
    ) -> None:
        backend, genomes = self.trained(project, **space)
        expected = self.alone(backend, genomes)
        assert self.together(backend, genomes) == expected
        self.together(backend, genomes)
        assert backend.scorer.sharing.check.is_complete
        layers = self.count_layers(monkeypatch)
        self.together(backend, [*genomes, genomes[-1]])
        passes = len(layers) // (len(genomes) + 1)
        steps = [backend.supernet.space.steps(genome) for genome in [*genomes, genomes[-1]]]
        needed = [len(steps[0])]
        for before, after in itertools.pairwise(steps):
            alike = [one == other for one, other in zip(before, after, strict=True)]
            needed.append(len(after) - [*alike, False].index(False))
        assert needed[-1] == 0 < sum(needed) < len(steps[0]) * len(genomes)
        assert layers == [count for count in needed for _ in range(passes)]
        assert backend.scorer.sharing.cache is None, "nothing is kept when the weights may change"

    def test_only_what_fits_is_kept(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        backend, genomes = self.trained(project)
        expected = self.alone(backend, genomes)
        self.together(backend, genomes)
        layers = self.count_layers(monkeypatch)
        for of_statistics, of_validation in ((0, 0), (1, 1), (3, 0), (0, 3), (2, 1)):
            kept = {False: of_statistics, True: of_validation}
            for module in (self.score, scorer):
                monkeypatch.setattr(
                    module, "outputs_within", lambda *_, image=0, kept=kept: kept[image > 0]
                )
            layers.clear()
            assert self.together(backend, genomes) == expected
            most = max(of_statistics, of_validation if of_statistics else 0)
            assert min(layers) >= len(genomes[0]) + 1 - max(most, 1)

    @pytest.mark.parametrize("in_metric", [False, True])
    def test_memory_is_given_back_before_a_candidate_fails(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, in_metric: bool
    ) -> None:
        backend, genomes = self.trained(project)
        expected = self.alone(backend, genomes)
        self.crowd(monkeypatch, backend, in_metric)
        assert self.together(backend, genomes) == expected

    def test_a_digest_tells_outputs_apart(self) -> None:
        one = np.arange(6, dtype=np.float32).reshape(2, 3)
        same = [{"a": [one]}, {"a": [one.copy()]}, {"a": [one.T.copy().T]}]
        assert len({self.digest(each) for each in same}) == 1, "however they lie in memory"
        others = [
            {"b": [one]},
            {"a": [one.reshape(3, 2)]},
            {"a": [one.astype(np.float16)]},
            {"a": [one.T]},
            {"a": [one, one]},
            {},
        ]
        assert len({self.digest(each) for each in (same[0], *others)}) == 7
