"""The path of each training step: strict fairness as a pure function of the step.

Each layer draws its candidates in random order without replacement, then shuffles again, so after
any number of steps no candidate of a layer was trained more than once more often than another
(FairNAS; Chu et al. 2021, arXiv:1907.01845, §3.2). Nothing is stored: step 1000 is computed without
steps 0 to 999, so a resumed run continues exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasea.space.space import Genome

_STREAM = 0x5A17
"""Keeps these draws apart from others made with the same seed."""


def fair_path(choices: Sequence[int], seed: int, step: int) -> Genome:
    """Return the path of training step ``step`` (from 0).

    Args:
        choices: number of candidates at each layer.
        seed: seed of the run.
        step: number of paths trained before this one.
    """
    return tuple(fair_gene(count, seed, layer, step) for layer, count in enumerate(choices))


def fair_gene(count: int, seed: int, gene: int, step: int) -> int:
    """Return the value of one gene at a step: ``count`` values in random order, then reshuffled."""
    turn, position = divmod(step, count)
    order = np.random.default_rng([_STREAM, seed, gene, turn]).permutation(count)
    return int(order[position])
