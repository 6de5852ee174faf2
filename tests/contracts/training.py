"""What training is in any framework: whose gradients count, and going on after a stop.

A framework joins by subclassing :class:`TrainingContract` where its project is at hand.
"""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import pytest

from nasea.backends.records import UpdateReport
from nasea.backends.training import trial
from nasea.errors import CheckpointError, TrainingError
from nasea.space import Genome, fair_path, tensors

from .kit import SPACES, Kit, same

PATHS_PER_UPDATE = 2


class EpochsContract(ABC):
    """What an epoch is, however the data is given."""

    kit: Kit

    counted: str
    """Labels that are the numbers of their images, appended to ``SEEN`` by the loss."""
    random_data: str
    """Training data that draws from every generator, and a PostNet with dropout."""

    @pytest.fixture
    def loading(self) -> dict[str, Any]:
        """How data is loaded, as changes of the scenario."""
        return {}

    @abstractmethod
    def expect_same_state(self, a: bytes, b: bytes) -> None:
        """Check that optimiser, schedule and step count agree."""

    def test_an_epoch_reads_every_image_once_but_for_a_last_batch_of_one(
        self, project: Path
    ) -> None:
        self.kit.write_module(project, self.counted)
        for images, batches, read in (("44", 6, 44), ("48", 6, 48), ("41", 5, 40)):
            backend = self.kit.ready(project, dataset__train_dir=images)
            assert backend.data.batches_per_epoch == batches
            orders = []
            for epoch in (0, 1):
                seen = backend.user._module.SEEN
                seen.clear()
                reports = self.kit.train(backend, [epoch])
                assert len(seen) == len(set(seen)) == read
                assert sum(report.images for report in reports) == read
                orders.append(list(seen))
            assert orders[0] != orders[1]

    @pytest.mark.parametrize("optimizer", ["adam", "sgd"])
    def test_the_same_seed_trains_the_same(self, project: Path, optimizer: str) -> None:
        changes = {"optimizer": {"type": optimizer, "learning_rate": 0.01}}
        self.kit.write_module(project, self.random_data)
        found = []
        for seed in (5, 5, 6):
            backend = self.kit.ready(project, seed=seed, **changes)
            self.kit.train(backend)
            found.append(self.kit.weights(backend))
        assert same(found[0], found[1])
        assert not same(found[0], found[2])

    @pytest.mark.parametrize("space", SPACES)
    def test_a_stopped_training_goes_on_bit_for_bit(
        self, project: Path, loading: dict[str, Any], space: dict[str, Any]
    ) -> None:
        self.kit.write_module(project, self.random_data)
        loading = {**loading, **space}
        unbroken = self.kit.ready(project, **loading)
        losses = [report.loss for report in self.kit.train(unbroken, [0, 1])]
        expected, end = self.kit.weights(unbroken), unbroken.state()

        for stop in (2, 3):  # within an epoch and at its end
            stopped = self.kit.ready(project, **loading)
            before = [report.loss for report in self.kit.train(stopped, [0, 1], until=stop)]
            state = stopped.state()
            resumed = self.kit.ready(project, **loading)
            resumed.restore(state)
            epoch, done = divmod(stop, resumed.trainer.steps_per_epoch)
            after = [report.loss for report in self.kit.train(resumed, range(epoch, 2), done)]
            assert before + after == losses
            assert same(self.kit.weights(resumed), expected)
            self.expect_same_state(resumed.state(), end)


class TrainingContract(EpochsContract):
    """The suite."""

    holding: str
    """A UserModule whose loss has ``centres``, trained, of a start of zero; ``smooth``, a moving
    mean; ``layer``, trained; counts ``calls`` and ``seen``; and makes ``lost`` anew every time."""

    digits: str
    """The digits of scikit-learn, and a constant learning rate."""
    fails_later: str
    """A loss that is not finite from its third update in training on."""
    full_device: str
    """A PostNet that finds the device full in training; the text is ``20 GiB``."""

    @abstractmethod
    def states_with_code(self, malice: object) -> list[bytes]:
        """Training states as the framework packs them, with ``malice`` pickled inside."""

    @abstractmethod
    def states_that_do_not_fit(self) -> list[bytes]:
        """Well-formed training states that lack what is needed."""

    def test_what_user_module_holds_is_trained_and_kept(self, project: Path) -> None:
        self.kit.write_module(project, self.holding)
        unbroken = self.kit.ready(project)
        parameters = sum(t.size for t in self.kit.slots(unbroken).values())
        self.kit.train(unbroken, [0, 1])
        expected = self.kit.held(unbroken)
        assert all(abs(value).max() > 0 for value in expected.values())
        assert len(expected) >= 4
        user = unbroken.user._user
        assert user.calls == len(user.seen) > 0
        assert parameters == sum(t.size for t in self.kit.slots(unbroken).values())

        stopped = self.kit.ready(project)
        self.kit.train(stopped, [0, 1], until=2)
        state, calls = stopped.state(), stopped.user._user.calls
        resumed = self.kit.ready(project)
        resumed.restore(state)
        assert resumed.user._user.calls == calls == len(resumed.user._user.seen)
        epoch, done = divmod(2, resumed.trainer.steps_per_epoch)
        self.kit.train(resumed, range(epoch, 2), done)
        assert same(self.kit.held(resumed), expected)
        assert same(self.kit.weights(resumed), self.kit.weights(unbroken))
        assert resumed.user._user.seen == user.seen

    def test_trying_candidates_leaves_what_user_module_holds_and_tells_what_is_lost(
        self, project: Path
    ) -> None:
        self.kit.write_module(project, self.holding)
        backend = self.kit.attached(project)
        before, calls = self.kit.held(backend), backend.user._user.calls
        backend.try_candidates(lambda done, total: None)
        assert same(self.kit.held(backend), before)
        assert backend.user._user.calls == calls
        message = [
            str(notice) for notice in backend.notices if "kept in a checkpoint" in str(notice)
        ]
        assert len(message) == 1 and "UserModule.lost" in message[0]

    def test_paths_are_asked_for_by_number_and_updates_told_with_their_rate(
        self, project: Path
    ) -> None:
        backend = self.kit.ready(project)
        assert backend.trainer.steps_per_epoch == 3
        asked: list[int] = []
        reports: list[UpdateReport] = []

        def path(index: int) -> Genome:
            asked.append(index)
            return fair_path(backend.supernet.space.choices, 0, index)

        for epoch in (0, 1):
            backend.train_epoch(epoch, path, reports.append)
        assert asked == list(range(2 * backend.data.batches_per_epoch))
        assert [report.global_step for report in reports] == [1, 2, 3, 4, 5, 6]
        assert [report.step for report in reports] == [1, 2, 3, 1, 2, 3]
        rates = [report.learning_rate for report in reports]
        assert rates == pytest.approx([0.01] * 3 + [0.009] * 3)

    @pytest.mark.parametrize("widths", SPACES)
    def test_only_the_slots_of_the_paths_are_trained(
        self, project: Path, widths: dict[str, Any]
    ) -> None:
        # Adam would move a weight whose gradient is zero by what it remembers.
        changes = {"optimizer": {"type": "adam", "learning_rate": 0.01}, **widths}
        backend = self.kit.ready(project, **changes)
        space = backend.supernet.space
        self.kit.train(backend)  # every candidate has moments now
        before = self.kit.slots(backend)
        paths = [tuple(0 for _ in space.choices), tuple(count - 1 for count in space.choices)]
        backend.train_epoch(1, lambda index: paths[index % 2], lambda report: None)
        used = {
            tensor.slot
            for path in paths
            for candidate in space.decode(path)
            for tensor in tensors(candidate.program)
        }
        after = self.kit.slots(backend)
        changed = {name for name in after if not same({"": before[name]}, {"": after[name]})}
        assert changed == used
        if not widths:  # where no layer can be skipped, two paths may use every family
            assert changed < set(after)

    def test_training_learns_real_digits(self, project: Path) -> None:
        self.kit.write_module(project, self.digits)
        backend = self.kit.ready(
            project,
            batch_size=64,
            dataset={"train_dir": "640", "val_dir": "100"},
            supernet__blocks=["basic_x0.5", "basic_x1"],
        )
        losses = [report.loss for report in self.kit.train(backend, range(12))]
        assert sum(losses[-5:]) / 5 < 0.5 * losses[0]

    def test_a_state_saved_at_the_last_update_of_an_epoch_leaves_nothing_to_do(
        self, project: Path
    ) -> None:
        changes = {"dataset__train_dir": "40"}  # five batches, two an update: the third has one
        stopped, resumed = self.kit.ready(project, **changes), self.kit.ready(project, **changes)
        reports = self.kit.train(stopped, until=3)
        assert [report.images for report in reports] == [16, 16, 8]
        resumed.restore(stopped.state())
        assert self.kit.train(resumed, [0], done=3) == []
        assert same(self.kit.weights(resumed), self.kit.weights(stopped))

    def test_a_loss_that_is_not_finite_stops_before_the_weights_change(self, project: Path) -> None:
        self.kit.write_module(project, self.fails_later)
        backend = self.kit.ready(project)
        self.kit.train(backend, until=2)
        before = self.kit.slots(backend)
        with pytest.raises(TrainingError, match="nan at update 3") as caught:
            self.kit.train(backend, [1])
        assert "learning_rate" in str(caught.value.fix)
        assert same(before, self.kit.slots(backend))

    def test_a_full_device_is_no_failure_of_the_users_code(self, project: Path) -> None:
        self.kit.write_module(project, self.full_device)
        backend = self.kit.ready(project)
        with pytest.raises(TrainingError, match="20 GiB") as caught:
            self.kit.train(backend)
        assert "batch_size" in str(caught.value.fix)

    def test_a_state_that_carries_code_or_does_not_fit_is_refused(self, project: Path) -> None:
        backend = self.kit.ready(project)
        before = self.kit.weights(backend)
        mark = project / "mark"
        malice = Malice(mark)
        for state in (*self.states_with_code(malice), pickle.dumps(malice, protocol=2)):
            with pytest.raises(CheckpointError) as caught:
                backend.restore(state)
            assert "pickle" not in str(caught.value) and "weights_only" not in str(caught.value)
            assert "--restart" in str(caught.value.fix)
        assert not mark.exists()
        assert same(before, self.kit.weights(backend))
        for state in (b"", b"rubbish", *self.states_that_do_not_fit()):
            with pytest.raises(CheckpointError, match="training state"):
                backend.restore(state)
        other = self.kit.ready(project, supernet__blocks=["basic_x0.5"])
        with pytest.raises(CheckpointError, match="does not fit this run"):
            backend.restore(other.state())

    def test_trying_every_candidate_leaves_no_trace(self, project: Path) -> None:
        backend = self.kit.ready(project)
        before = self.kit.weights(backend)
        steps: list[tuple[int, int]] = []
        seconds = backend.try_candidates(lambda done, total: steps.append((done, total)))
        total = max(backend.supernet.space.choices)
        assert steps == [(turn, total) for turn in range(1, total + 1)]
        assert seconds > 0
        assert same(before, self.kit.weights(backend))
        untried = self.kit.ready(project)
        for one in (backend, untried):
            self.kit.train(one.begin_training(PATHS_PER_UPDATE, 5))
        assert same(self.kit.weights(backend), self.kit.weights(untried))

    def test_a_part_of_a_batch_is_tried_where_a_whole_one_takes_too_long(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trial, "_LARGE", 0)
        monkeypatch.setattr(trial, "TRIAL_SECONDS", 1e-9)
        monkeypatch.setattr(trial, "_FEWEST", 2)
        backend = self.kit.ready(project)
        before = self.kit.weights(backend)
        seconds = backend.try_candidates(lambda done, total: None)
        tried = backend.tried
        assert (tried.images, tried.whole, tried.is_scaled) == (2, 8, True)
        assert tried.seconds == seconds > 0
        assert tried.peak_bytes is None or tried.peak_bytes > 0
        assert same(before, self.kit.weights(backend))

    def test_a_batch_whose_labels_cannot_be_cut_is_tried_whole(self, project: Path) -> None:
        backend = self.kit.ready(project)
        images, labels = backend.batch
        part = backend.framework.first_images((images, labels), 3)
        assert [len(part[0]), len(part[1])] == [3, 3]
        nested = backend.framework.first_images((images, {"a": [labels, {"b": labels}]}), 3)
        assert [len(nested[1]["a"][0]), len(nested[1]["a"][1]["b"])] == [3, 3]
        assert backend.framework.first_images((images, labels[:5]), 3) is None
        assert backend.framework.first_images((images, "labels"), 3) is None

    def test_the_pace_of_training_is_measured_and_leaves_no_trace(self, project: Path) -> None:
        backend = self.kit.ready(project)
        before = self.kit.weights(backend)
        step = backend.try_candidates(lambda done, total: None)
        choices = backend.supernet.space.choices
        pace = backend.pace(
            PATHS_PER_UPDATE, lambda index: fair_path(choices, 5, index), 60 * step, step
        )
        assert pace.batches >= backend.data.batches_per_epoch
        assert pace.batch_seconds >= pace.waiting_seconds >= 0
        assert pace.state_bytes > 0
        only_read = backend.pace(PATHS_PER_UPDATE, lambda index: (0, 0, 0), 1e-9, step)
        assert (only_read.state_bytes, only_read.batch_seconds >= step) == (0, True)
        assert same(before, self.kit.weights(backend))
        untried = self.kit.ready(project)
        for one in (backend, untried):
            self.kit.train(one.begin_training(PATHS_PER_UPDATE, 5))
        assert same(self.kit.weights(backend), self.kit.weights(untried))

    def test_who_holds_a_closed_backend_holds_no_memory(self, project: Path) -> None:
        backend = self.kit.ready(project)
        backend.close()
        assert vars(backend).keys().isdisjoint(("data", "batch", "supernet", "scorer", "trainer"))


class Malice:
    """Pickles to a call that leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)
