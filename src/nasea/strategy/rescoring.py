"""Scores members of the front again if they may owe their place to a lucky score.

Of many architectures that are about equally good, the front shows those with the largest errors.
Evolutionary searches under noise re-evaluate the elite (Fieldsend and Everson 2015, *The Rolling
Tide Evolutionary Algorithm: A Multiobjective Optimizer for Noisy Optimization Problems*). Here a
member is not scored again if its lead is larger than errors explain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from nasea.strategy.archive import Archive, Record, Score
from nasea.strategy.problem import Genome

_SURE = 2.0
"""A lead of more standard errors than this is not attributed to luck."""


@dataclass(frozen=True)
class Rescoring:
    """How architectures are scored again.

    Attributes:
        measure: (genomes, turn) -> scores on other images than those of every turn before; the
            first score is turn 0. What is measured depends on nothing else.
        most: measurements of an architecture at most, the first included; at least 1.
        noise: standard deviation of one score about what it estimates, in units of quality.
        least: architectures that must be scored before anything is scored again: an early front
            is soon replaced.
    """

    measure: Callable[[Sequence[Genome], int], Sequence[Score]]
    most: int
    noise: float
    least: int = 0


def confirmed(archive: Archive, budget: float, rescoring: Rescoring) -> tuple[Archive, int]:
    """Score members of the front again until none may owe its place to luck.

    A member that drops out is replaced by those it dominated, which are then checked in turn.

    Args:
        archive: everything scored.
        budget: of the front.
        rescoring: how to score again.

    Returns:
        The archive, with means of several measurements in place of some scores; and how many
        measurements that took.

    Raises:
        ValueError: there are more or fewer scores than genomes.
    """
    measured = 0
    if len(archive) < rescoring.least:
        return archive, measured
    while doubtful := _doubtful(archive, budget, rescoring):
        for turn, records in groupby(doubtful, key=_turn):
            genomes = [record.genome for record in records]
            scores = rescoring.measure(genomes, turn)
            known = archive.scores
            archive = archive.rescored(
                {
                    genome: known[genome].measured_again(score)
                    for genome, score in zip(genomes, scores, strict=True)
                }
            )
            measured += len(genomes)
    return archive, measured


def _turn(record: Record) -> int:
    return record.score.tried


def _doubtful(archive: Archive, budget: float, rescoring: Rescoring) -> list[Record]:
    """Members of the front whose lead may be luck, those scored least often first."""
    front = [one for one in archive.front(budget) if one.score.tried < rescoring.most]
    if not front:
        return []
    valid = [one for one in archive if one.score.quality is not None and one.cost <= budget]
    costs = np.array([(one.cost, *one.further_costs) for one in valid])
    qualities = np.array([one.score.quality for one in valid], dtype=np.float64)
    counts = np.array([one.score.measurements for one in valid])
    place = {one.genome: row for row, one in enumerate(valid)}
    found = []
    for member in front:
        row = place[member.genome]
        no_dearer = (costs <= costs[row]).all(axis=1)
        no_dearer[row] = False
        if not no_dearer.any():
            continue  # it is on the front at any score
        rival = np.flatnonzero(no_dearer)[np.argmax(qualities[no_dearer])]
        error = rescoring.noise * np.sqrt(1 / counts[row] + 1 / counts[rival])
        if qualities[row] - qualities[rival] <= _SURE * error:
            found.append(member)
    return sorted(found, key=_turn)
