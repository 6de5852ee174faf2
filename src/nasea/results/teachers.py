"""Finds a teacher for distillation among the results of a search and of its retrainings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nasea.results.front import Front
from nasea.results.front.places import FRONT_FILE
from nasea.results.near import results_root
from nasea.results.picked import NEAR, Result, pick_result
from nasea.results.retrained import RETRAINED_FILE


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


def find_teacher(results: Path, student: Result) -> Teacher | None:
    """Return the most accurate network that costs more than the student and is more accurate.

    Retrained networks count, wherever they are in the results directory. Those of the student's own
    folder of candidates do not: they cost the same.

    Args:
        results: results directory of the search, or a folder of candidates inside it.
        student: the network to be taught, one of ``results``.
    """
    root = results_root(results)
    front = Front.load(root / FRONT_FILE)
    found = [Teacher(front.best.number, pick_result(root, front.best.number))]
    for pattern in ("retrained_*", f"{NEAR}*/retrained_*"):
        for path in sorted(root.glob(f"{pattern}/{RETRAINED_FILE}")):
            if results == root or path.parent.parent != results:
                name = path.parent.relative_to(root).as_posix()
                found.append(Teacher(name, pick_result(path.parent, None)))
    cost, accuracy = front.cost_of(student.member), student.member.accuracy
    fitting = [
        one
        for one in found
        if front.cost_of(one.network.member) > cost and one.network.member.accuracy > accuracy
    ]
    return max(fitting, key=lambda one: one.network.member.accuracy, default=None)
