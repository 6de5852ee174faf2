"""Two processes on the CPU, started once, against one: what holds in any framework.

A framework joins by subclassing :class:`DevicesContract` where its project is at hand, with a
fixture ``group``: two ranks, of which the process of the tests is the first.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from backends import driving
from nasea.backends.distributed.multi_process import MultipleProcesses
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.backends.scoring.prefix_cache import CacheCheck
from nasea.errors import NaseaError
from nasea.space import Genome

from .kit import Arrays, Kit, same


class DevicesContract(ABC):
    """Training and scoring on several devices."""

    kit: Kit

    loss_metric: str
    """A metric that sees far more than a few right answers would tell: the loss."""
    random_data: str
    """Training images that are drawn anew every time."""
    metric: str
    """A metric that is ``value(found)``, a function to be written, and never runs as a graph."""
    loss: str
    """The project's loss times ``factor()``, a function to be written."""
    calls_of_a_score = 1
    """How often a metric is called for the 20 validation images."""

    def led(self, group: MultipleProcesses, directory: Path, **changes: Any) -> Any:
        """A backend on both ranks that can train and measure."""
        return driving.ready(group.open(self.kit.scenario(**changes), directory))

    def genomes(self, backend: Any, count: int = 12) -> list[Genome]:
        return driving.random_genomes(backend.supernet.space, count)

    def scores(self, backend: Any, genomes: Sequence[Genome]) -> list[Measurement]:
        """Their metrics, in order."""
        found: list[Measurement] = []
        backend.measure_each([(genome, EvaluationSubset()) for genome in genomes], found.append)
        return found

    def write(self, directory: Path, change: str, function: str) -> None:
        """Write the module with ``metric`` or ``loss``, and the function that is theirs."""
        self.kit.write_module(directory, dedent(change) + dedent(function))

    @abstractmethod
    def moments(self, state: bytes) -> Arrays:
        """What the optimiser of a state remembers of gradients."""

    @abstractmethod
    def rate_at(self, updates: int, devices: int) -> float:
        """The rate of an update, by its number from 0, of the data below."""

    # --- training ---

    def test_each_rank_learns_from_its_half(self, group: MultipleProcesses, project: Path) -> None:
        backend = self.led(group, project, dataset__train_dir="45")  # two steps of 16, 13 left
        before = self.kit.weights(backend)
        reports = self.kit.train(backend, [0, 1])
        assert [report.images for report in reports] == [32, 13, 32, 13]
        assert reports[0].learning_rate == pytest.approx(2 * 0.01), "times the number of devices"
        assert all(np.isfinite(report.loss) for report in reports)
        assert not same(before, self.kit.weights(backend))

    def test_both_ranks_have_the_same_weights(
        self, group: MultipleProcesses, project: Path
    ) -> None:
        self.kit.write_module(project, self.loss_metric)
        backend = self.led(group, project)
        self.kit.train(backend, [0])
        asked = self.genomes(backend)
        here = [backend.measure(genome, EvaluationSubset()) for genome in asked]
        assert self.scores(backend, asked) == here

    def test_both_ranks_train_and_score_in_int8(
        self, group: MultipleProcesses, project: Path
    ) -> None:
        self.kit.write_module(project, self.loss_metric)
        scenario = self.kit.scenario(searcher__score_as="int8")
        backends = []
        for int8 in (False, True):
            attached = driving.attach(group.open(scenario, project))
            if int8:
                attached.train_int8()
            backends.append(attached.begin_training(driving.PATHS_PER_UPDATE, scenario.seed))
            self.kit.train(backends[-1], [0])
        assert not same(*map(self.kit.weights, backends))
        asked = self.genomes(backends[1], 4)
        here = [backends[1].measure(genome, EvaluationSubset()) for genome in asked]
        assert all(one.metric is not None for one in here)
        assert self.scores(backends[1], asked) == here

    def test_stopped_in_an_epoch_it_goes_on_bit_for_bit(
        self, group: MultipleProcesses, project: Path
    ) -> None:
        self.kit.write_module(project, self.random_data)
        unbroken = self.led(group, project, dataset__train_dir="100")
        losses = [report.loss for report in self.kit.train(unbroken, [0, 1])]
        stopped = self.led(group, project, dataset__train_dir="100")
        before = [report.loss for report in self.kit.train(stopped, [0], until=2)]
        state = stopped.state()
        resumed = self.led(group, project, dataset__train_dir="100")
        assert resumed.restore(state, 2) == 2
        after = [report.loss for report in self.kit.train(resumed, [0, 1], done=2)]
        assert before + after == losses
        assert same(self.kit.weights(resumed), self.kit.weights(unbroken))

    @pytest.mark.parametrize("first", ["one", "two"])
    def test_a_state_goes_on_with_another_number_of_devices(
        self, group: MultipleProcesses, project: Path, first: str
    ) -> None:
        changes = {"dataset__train_dir": "128"}  # 16 batches of one rank, 8 of two; 2 an update
        alone, both = self.kit.ready(project, **changes), self.led(group, project, **changes)
        begun, other = (alone, both) if first == "one" else (both, alone)
        steps, others = (8, 4) if first == "one" else (4, 8)
        assert (begun.trainer.steps_per_epoch, other.trainer.steps_per_epoch) == (steps, others)
        self.kit.train(begun, [0])
        self.kit.train(begun, [1], until=steps + steps // 2 + 1)
        done = other.restore(begun.state(), steps // 2 + 1)
        assert done == (others // 2 if first == "one" else others // 2 + 2)
        assert other.trainer.global_step == others + done
        assert same(self.kit.weights(other), self.kit.weights(begun))
        assert same(self.moments(begun.state()), self.moments(other.state()))
        reports = self.kit.train(other, [1], done=done)
        devices = 2 if first == "one" else 1
        rate = self.rate_at(others + done, devices)
        assert reports[0].learning_rate == pytest.approx(rate), "the module's schedule"
        taken = 8 * (steps // 2 + 1) * driving.PATHS_PER_UPDATE * (1 if first == "one" else 2)
        assert sum(report.images for report in reports) >= 128 - taken

    # --- failures ---

    def test_a_module_that_only_the_other_rank_cannot_import(
        self, group: MultipleProcesses, project: Path
    ) -> None:
        imports = f"import os\nif os.getpid() != {os.getpid()}:\n    import nothing_such"
        self.kit.write_module(project, imports)
        with pytest.raises(NaseaError, match="(?s)rank 1: .*nothing_such") as caught:
            group.open(self.kit.scenario(), project)
        assert caught.value.exit_code == 2

    def test_a_loss_that_is_no_number_stops_both(
        self, group: MultipleProcesses, project: Path
    ) -> None:
        # The first loss is tried before training, on each rank by itself.
        self.write(
            project,
            self.loss,
            f"""
            def factor():
                import os, pathlib
                there = pathlib.Path({str(project / "begun")!r}).exists()
                return float("nan") if there and os.getpid() != {os.getpid()} else 1.0
        """,
        )
        backend = self.led(group, project)
        (project / "begun").touch()
        before = self.kit.slots(backend)
        with pytest.raises(NaseaError, match="nan at update 1"):
            self.kit.train(backend)
        assert same(before, self.kit.slots(backend))
        (project / "begun").unlink()
        assert len(self.kit.train(backend)) == 2, "both still work together"

    # --- scoring ---

    def test_scores_do_not_depend_on_who_scores(
        self, group: MultipleProcesses, project: Path
    ) -> None:
        self.kit.write_module(project, self.loss_metric)
        alone = self.kit.ready(project)
        self.kit.train(alone, [0, 1])
        both = self.led(group, project)
        both.restore(alone.state())
        asked = self.genomes(both, 20)
        assert self.scores(both, asked) == self.scores(alone, asked)

    def test_every_candidate_is_scored_once_by_one_of_them(
        self, group: MultipleProcesses, project: Path
    ) -> None:
        self.write(
            project,
            self.metric,
            f"""
            def value(value):
                import os, time
                time.sleep(0.02)
                with open({str(project / "calls")!r}, "a") as calls:
                    calls.write(str(os.getpid()) + "\\n")
                return value
        """,
        )
        backend = self.led(group, project)
        found = self.scores(backend, self.genomes(backend, 20))
        calls = (project / "calls").read_text().split()
        assert len(set(calls)) == 2
        # Each process scores its first candidates with a shared beginning both ways.
        twice = len(calls) // self.calls_of_a_score - len(found)
        assert len(found) == 20 and 0 <= twice <= 2 * CacheCheck.WANTED

    def test_metrics_find_themselves_alone(self, group: MultipleProcesses, project: Path) -> None:
        """They join what launchers announce, write fixed names, exit."""
        self.write(
            project,
            self.metric,
            """
            def value(value):
                import os, pathlib, time
                if {"WORLD_SIZE", "TF_CONFIG", "HOROVOD_RANK"} & set(os.environ):
                    return -1.0
                for _ in range(20):
                    pathlib.Path("result.json").write_text(str(value))
                    time.sleep(0.001)
                    if pathlib.Path("result.json").read_text() != str(value):
                        return -2.0
                if value < 0.11:
                    exit(-1)
                return value
        """,
        )
        backend = self.led(group, project)
        for one in self.scores(backend, self.genomes(backend, 16)):
            assert one.metric is None or one.metric > 0
            assert one.failure is None or "exit(-1)" in one.failure
        assert not (project / "result.json").exists()

    def test_a_stop_between_scores_leaves_both_ready(
        self, group: MultipleProcesses, project: Path
    ) -> None:
        backend = self.led(group, project)
        seen: list[Measurement] = []

        def on_measured(one: Measurement) -> None:
            seen.append(one)
            if len(seen) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            backend.measure_each(
                [(g, EvaluationSubset()) for g in self.genomes(backend, 20)], on_measured
            )
        assert len(self.scores(backend, self.genomes(backend, 8))) == 8
