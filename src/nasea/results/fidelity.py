"""Agreement of a supernet's ranking with stand-alone training, as data: ``fidelity.json``."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

from nasea.results.equal_cost import EqualCost, family_bias, slices_of, tau_at_equal_cost
from nasea.results.report_data import family_of
from nasea.results.storage.files import write_result
from nasea.results.units import Unit, unit_for
from nasea.strategy.ranking import kendall_tau, spearman_rho, tau_interval, top_k_regret
from nasea.terms import CostKind

FIDELITY_FILE = "fidelity.json"
_FORMAT = "nasea-fidelity"
_VERSION = 1


@dataclass(frozen=True)
class Compared:
    """One architecture, scored on the supernet and trained stand-alone.

    Attributes:
        genome: integer encoding, one gene per layer.
        blocks: name of the block of each layer.
        cost: in the budget's unit: parameters, FLOPs, or milliseconds.
        supernet: accuracy with the supernet's weights; higher is better.
        alone: accuracy after stand-alone training, one value per seed; higher is better.
    """

    genome: tuple[int, ...]
    blocks: tuple[str, ...]
    cost: float
    supernet: float
    alone: tuple[float, ...]

    @property
    def mean_alone(self) -> float:
        """The mean accuracy over the seeds."""
        return statistics.fmean(self.alone)


@dataclass(frozen=True)
class Fidelity:
    """Random feasible architectures, scored on the supernet and trained stand-alone.

    Attributes:
        quantity: what the budget limits.
        epochs: epochs of each stand-alone training.
        rows: the architectures, by rising cost.
        failed: number of further architectures without a metric on the supernet or stand-alone.
        slice_at: the cost that all have within 5 %, if they were drawn from one slice.
    """

    quantity: CostKind
    epochs: int
    rows: tuple[Compared, ...]
    failed: int = 0
    slice_at: float | None = None

    @property
    def unit(self) -> Unit:
        """The unit of the costs."""
        return unit_for(self.quantity, [row.cost for row in self.rows])

    @property
    def seeds(self) -> int:
        """The number of stand-alone trainings of each."""
        return len(self.rows[0].alone)

    @property
    def supernet(self) -> list[float]:
        """Accuracies on the supernet."""
        return [row.supernet for row in self.rows]

    @property
    def alone(self) -> list[float]:
        """Accuracies after stand-alone training, means over the seeds."""
        return [row.mean_alone for row in self.rows]

    @property
    def tau(self) -> float:
        """Kendall's tau between the supernet's ranking and that of stand-alone training."""
        return kendall_tau(self.supernet, self.alone)

    @cached_property
    def tau_interval(self) -> tuple[float, float]:
        """The 95 % interval of :attr:`tau`, over the choice of architectures."""
        return tau_interval(self.supernet, self.alone)

    @property
    def rho(self) -> float:
        """Spearman's rank correlation of the same rankings."""
        return spearman_rho(self.supernet, self.alone)

    @property
    def tau_of_cost(self) -> float:
        """Kendall's tau of ranking by cost alone, the more expensive first."""
        return kendall_tau([row.cost for row in self.rows], self.alone)

    @property
    def tau_of_one_seed(self) -> float:
        """Kendall's tau with a single stand-alone training, mean over the seeds."""
        return statistics.fmean(kendall_tau(self.supernet, seed) for seed in self._by_seed())

    @property
    def tau_of_seeds(self) -> float | None:
        """Kendall's tau between stand-alone trainings with different seeds, mean over pairs.

        It shows the randomness of one training; ``None`` with one seed.
        """
        pairs = [kendall_tau(a, b) for a, b in combinations(self._by_seed(), 2)]
        return statistics.fmean(pairs) if pairs else None

    def regret(self, k: int) -> float:
        """Return the accuracy lost by training only the ``k`` best of the supernet."""
        return top_k_regret(self.supernet, self.alone, k)

    @property
    def slices(self) -> tuple[EqualCost, ...]:
        """The slices of equal cost that contain enough architectures."""
        return slices_of(self._costs, self.supernet, self.alone)

    @property
    def tau_at_equal_cost(self) -> tuple[float, int] | None:
        """Kendall's tau over the pairs of equal cost, and their number; see :mod:`.equal_cost`."""
        return tau_at_equal_cost(self._costs, self.supernet, self.alone)

    @property
    def family_bias(self) -> dict[str, tuple[float, int]]:
        """Per block family, how far the supernet ranks it too high (or, below 0, too low)."""
        families = [[family_of(block) for block in row.blocks] for row in self.rows]
        return family_bias(families, self.supernet, self.alone)

    @property
    def _costs(self) -> list[float]:
        return [row.cost for row in self.rows]

    def _by_seed(self) -> list[Sequence[float]]:
        return list(zip(*(row.alone for row in self.rows), strict=True))

    def save(self, path: Path) -> None:
        """Write the data as JSON.

        Raises:
            ResultsError: the file cannot be written.
        """
        measures = {
            "tau": self.tau,
            "tau_interval": self.tau_interval,
            "tau_of_cost": self.tau_of_cost,
            "tau_of_seeds": self.tau_of_seeds,
            "tau_at_equal_cost": self.tau_at_equal_cost,
            "slices": [asdict(one) for one in self.slices],
            "family_bias": self.family_bias,
        }
        content = {"format": _FORMAT, "version": _VERSION, **asdict(self), "measures": measures}
        write_result(path, json.dumps(content, indent=1) + "\n")
