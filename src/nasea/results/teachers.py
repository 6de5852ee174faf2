"""Finds a teacher for distillation among the results of a search and of its retrainings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nasea.results.front import Front
from nasea.results.front.places import FRONT_FILE
from nasea.results.near import results_root
from nasea.results.picked import NEAR, Result, is_retrained, pick_result
from nasea.results.retrained import RETRAINED_FILE, Retrained
from nasea.space import Genome


@dataclass(frozen=True)
class Teacher:
    """A network to learn from.

    Attributes:
        name: number of an architecture of the front, or folder of a retrained network inside the
            results directory.
        network: its record and weights.
    """

    name: int | str
    network: Result


@dataclass(frozen=True)
class Distilled:
    """A network that a retraining taught.

    Attributes:
        retrained: the record of its retraining.
        student: the network with the weights of the search.
        teacher: the network that it learned from.
    """

    retrained: Retrained
    student: Result
    teacher: Result


def find_teacher(results: Path, student: Result) -> Teacher | None:
    """Return the most accurate network that costs more than the student and is more accurate.

    Retrained networks count, wherever they are in the results directory, and come first among
    equals. Those of the student's own folder of candidates do not: they cost the same.

    Args:
        results: results directory of the search, or a folder of candidates inside it.
        student: the network to be taught, one of ``results``.
    """
    root = results_root(results)
    front = Front.load(root / FRONT_FILE)
    found = [
        Teacher(folder.relative_to(root).as_posix(), pick_result(folder, None))
        for folder in _retrained(root)
        if results == root or folder.parent != results
    ]
    found.append(Teacher(front.best.number, pick_result(root, front.best.number)))
    cost, accuracy = front.cost_of(student.member), student.member.accuracy
    fitting = [
        one
        for one in found
        if front.cost_of(one.network.member) > cost and one.network.member.accuracy > accuracy
    ]
    return max(fitting, key=lambda one: one.network.member.accuracy, default=None)


def has_retrained_above(results: Path, cost: float) -> bool:
    """Return whether a retrained network costs more, in the constraint's unit.

    Args:
        results: results directory of the search.
        cost: the cost.
    """
    front = Front.load(results / FRONT_FILE)
    made = (Retrained.load(folder / RETRAINED_FILE) for folder in _retrained(results))
    return any(front.cost_of(one.member) > cost for one in made)


def distilled(root: Path) -> list[Distilled]:
    """Return the networks that retrainings taught, with teachers that are still there.

    Of one architecture, the network that became the most accurate; of equals, the first.

    Args:
        root: results directory of a search.
    """
    found: dict[Genome, Distilled] = {}
    for folder in _retrained(root):
        retrained = Retrained.load(folder / RETRAINED_FILE)
        genome = retrained.member.genome
        if genome in found:
            before = found[genome].retrained.member.accuracy
            if before >= retrained.member.accuracy:
                continue
        teacher = _teacher_of(root, retrained)
        if teacher is not None and teacher.weights.is_file():
            student = pick_result(folder.parent, retrained.member.number)
            found[genome] = Distilled(retrained, student, teacher)
    return list(found.values())


def _teacher_of(root: Path, retrained: Retrained) -> Result | None:
    name = retrained.plan.teacher
    if isinstance(name, int):
        # Earlier versions took the teacher of a candidate from its own folder.
        known = name < len(Front.load(root / FRONT_FILE))
        return pick_result(root, name) if known else None
    if name is None or not is_retrained(root / name):
        return None
    return pick_result(root / name, None)


_ASIDE = re.compile(r"\.[0-9]+$")
"""How the names of earlier candidates' folders end; ``near_1.5M_flops`` does not."""


def _retrained(root: Path) -> list[Path]:
    """Return the folders of the retrained networks of a search, without those put aside."""
    patterns = ("retrained_*", f"{NEAR}*/retrained_*")
    return [
        path.parent
        for pattern in patterns
        for path in sorted(root.glob(f"{pattern}/{RETRAINED_FILE}"))
        if "." not in path.parent.name and not _ASIDE.search(path.parent.parent.name)
    ]
