"""The user's metric in any framework: what it may return, how it may fail, where it works.

A framework joins by subclassing :class:`MetricContract` where its project is at hand.
"""

from __future__ import annotations

import textwrap
from abc import ABC
from pathlib import Path
from typing import Any

import pytest

from nasea.backends.records import EvaluationSubset, Measurement
from nasea.errors import MetricError
from nasea.space import fair_path

from .kit import Kit

WHOLE = EvaluationSubset()

TINY = {
    "supernet__filters": [12],
    "supernet__strides": [2],
    "supernet__blocks": ["separable_k3"],
}


METER = """
class Meter:
    def __init__(self):
        self.reset()

    def reset(self):
        self.total, self.count = 0.0, 0

    def update(self, value):
        self.total, self.count = self.total + value, self.count + 1


class UserModule(UserModule):
    def __init__(self, epoch, batch_size):
        super().__init__(epoch, batch_size)
        self.meter, self.calls, self.seen = Meter(), 0, []
"""


class MetricContract(ABC):
    """The suite."""

    kit: Kit

    out_of_memory: str
    """A statement that raises the framework's own error for a full device; it says ``20 GiB``."""
    numbers: tuple[str, ...]
    """Expressions for 0.5 in types of the framework."""
    no_numbers: tuple[str, ...]
    """Expressions of the framework that are no single real number."""
    private: str
    """Data that reads ``../beside.txt`` as it is read, and a metric that reads 7 from
    ``annotations/val.txt`` and leaves ``result.json``, which must not be there yet."""

    def measured(
        self, project: Path, statements: str, data: EvaluationSubset = WHOLE
    ) -> Measurement:
        """Score one architecture with a metric that consists of ``statements``."""
        text = "from fractions import Fraction\nclass UserModule(UserModule):\n"
        text += f"    def {self.kit.METRIC}:\n"
        text += textwrap.indent(textwrap.dedent(statements), " " * 8)
        self.kit.write_module(project, text)
        backend = self.kit.ready(project, **TINY)
        found: Measurement = backend.measure(fair_path(backend.supernet.space.choices, 0, 0), data)
        return found

    @pytest.mark.parametrize(
        "statement, reason",
        [
            ("return float('nan')", "the metric is nan"),
            ("return np.float32('inf')", "the metric is inf"),
            ("raise ValueError('no boxes')", "ValueError: no boxes"),
            ("raise RuntimeError('no boxes')", "RuntimeError: no boxes"),
            ("return undefined_name", "NameError"),
            ("return open('nowhere.json')", "FileNotFoundError"),
            ("assert False, 'nothing found'", "nothing found"),
            ("exit(-1)", "called exit(-1)"),
            ("", "20 GiB"),
        ],
    )
    def test_a_failure_is_a_failed_candidate(
        self, project: Path, statement: str, reason: str
    ) -> None:
        measurement = self.measured(project, statement or self.out_of_memory)
        assert measurement.metric is None
        assert measurement.failure is not None and reason in measurement.failure
        assert "nasea/backends" not in measurement.failure
        assert Path.cwd() == project

    @pytest.mark.parametrize("value", ["'0.5'", "None", "[0.5]", "True", "1j", ""])
    def test_what_is_not_a_number_is_refused(self, project: Path, value: str) -> None:
        for each in [value] if value else self.no_numbers:
            with pytest.raises(MetricError, match="must return a number"):
                self.measured(project, f"return {each}")

    @pytest.mark.parametrize(
        "value", ["0.5", "np.float32(0.5)", "np.array([[0.5]])", "Fraction(1, 2)", ""]
    )
    def test_numbers_of_any_kind_are_metrics(self, project: Path, value: str) -> None:
        for each in [value] if value else self.numbers:
            metric = self.measured(project, f"return {each}").metric
            assert metric == 0.5 and type(metric) is float

    def with_memory(self, project: Path, statements: str) -> Any:
        """A backend whose UserModule has a meter, and a metric that consists of ``statements``."""
        text = f"{METER}\n    def {self.kit.METRIC}:\n"
        self.kit.write_module(project, text + textwrap.indent(textwrap.dedent(statements), " " * 8))
        return self.kit.ready(project)

    def test_a_meter_is_reset_before_a_call_and_put_back_behind_it(self, project: Path) -> None:
        backend = self.with_memory(
            project,
            """
            self.meter.update(1.0)
            return float(self.meter.count)
            """,
        )
        meter = backend.user._user.meter
        meter.update(5.0)  # as training may
        found: list[Measurement] = []
        genomes = [fair_path(backend.supernet.space.choices, 0, step) for step in range(3)]
        backend.measure_each([(genome, WHOLE) for genome in genomes], found.append)
        assert [one.metric for one in found] == [1.0, 1.0, 1.0]
        assert (meter.count, meter.total) == (1, 5.0)

    @pytest.mark.parametrize(
        "statements",
        [
            "self.calls += 1; return float(self.calls)",
            "self.seen.append(1); return float(len(self.seen))",
        ],
    )
    def test_a_memory_that_nobody_can_reset_is_refused(
        self, project: Path, statements: str
    ) -> None:
        backend = self.with_memory(project, statements)
        genomes = [fair_path(backend.supernet.space.choices, 0, step) for step in range(3)]
        with pytest.raises(MetricError, match="remembers earlier calls"):
            backend.measure_each([(genome, WHOLE) for genome in genomes], [].append)

    def test_it_works_in_a_private_directory(self, project: Path) -> None:
        (project / "annotations").mkdir()
        (project / "annotations" / "val.txt").write_text("7")
        (project.parent / "beside.txt").write_text("5")
        self.kit.write_module(project, self.private)
        backend: Any = self.kit.ready(project)
        for step in range(2):
            genome = fair_path(backend.supernet.space.choices, 0, step)
            measurement = backend.measure(genome, WHOLE)
            assert (measurement.metric, measurement.failure) == (7.0, None)
        left = sorted(path.name for path in project.iterdir() if path.name != "__pycache__")
        assert left == ["annotations", "user_module.py"]
        assert Path.cwd() == project
