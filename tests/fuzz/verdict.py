"""An odd module driven through everything, and a verdict on what the user reads."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasea.backends.records import EvaluationSubset
from nasea.errors import NaseaError, UserCodeError

from .mutations import Mutation

CLOSE = 1e-4

SMALL: dict[str, Any] = {
    "batch_size": 8,
    "epochs": 1,
    "supernet__filters": [12],
    "supernet__strides": [2],
    "supernet__blocks": ["separable_k3"],
    "dataset": {"train_dir": "16", "val_dir": "12"},
    "searcher": {"bn_images": 8},
}


@dataclass(frozen=True)
class Verdict:
    """What became of an odd module.

    Attributes:
        outcome: ``works``, ``reported`` or ``failed candidate``.
        fault: what is wrong about that; empty where nothing is.
        text: the message that the user reads.
    """

    outcome: str
    fault: str = ""
    text: str = ""


def try_mutation(
    kit: Any,
    base: str,
    independent: Callable[[Any, Path], float],
    mutation: Mutation,
    project: Path,
    changes: Mapping[str, Any],
) -> Verdict:
    """Drive a module from its import to a score.

    Args:
        kit: the framework's small project.
        base: what to append to the project's module before the mutation.
        independent: the metric of the backend's only network, computed without nasea's scoring.
        mutation: what is odd.
        project: a directory, which is also the current one.
        changes: of the scenario.
    """
    (project / "user_module.py").write_text(kit.USER_MODULE + base + mutation.text)
    try:
        return _judged(kit, independent, mutation, project, changes)
    finally:
        sys.modules.pop("user_module", None)
        for cached in project.glob("__pycache__/*"):  # two odd modules may be of one size
            cached.unlink()


def _judged(
    kit: Any,
    independent: Callable[[Any, Path], float],
    mutation: Mutation,
    project: Path,
    changes: Mapping[str, Any],
) -> Verdict:
    backend: Any = None
    try:
        backend = kit.ready(project, **SMALL | dict(changes))
        backend.try_candidates(lambda done, total: None)
        kit.train(backend)
        first, second = (backend.measure((0,), EvaluationSubset()) for _ in range(2))
        if first.metric is None:
            return Verdict("failed candidate", _blame(mutation, str(first.failure), True, project))
        if first != second:
            return Verdict("works", f"scored {first.metric}, then {second.metric}")
        return Verdict("works", _numbers(backend, first.metric, independent, project))
    except NaseaError as error:
        code = isinstance(error, UserCodeError)
        return Verdict("reported", _blame(mutation, str(error), code, project), str(error))
    except Exception as error:
        with suppress(Exception):
            return Verdict("reported", f"a defect of nasea: {type(error).__name__}: {error}")
        return Verdict("reported", f"a defect of nasea: {type(error).__name__}")
    finally:
        if backend is not None:
            with suppress(Exception):
                backend.close()


def _blame(mutation: Mutation, text: str, is_user_code: bool, project: Path) -> str:
    """Why a message blames the wrong thing; empty where it does not."""
    if mutation.raised == "MemoryError" and "out of memory" in text:
        return ""  # a full memory is reported without blame
    if not any(word in text for word in mutation.site.blamed):
        return f"blames something else: {text}"
    if re.search(r"nasea/(backends|pipeline)/|site-packages", text):
        return f"shows frames that are not the user's: {text}"
    if mutation.raised and not _names(mutation.raised, text):
        return f"does not tell what was raised: {text}"
    if mutation.raised and str(project) not in text and "exit(" not in text:
        return f"does not tell where it was raised: {text}"
    return ""


def _names(raised: str, text: str) -> bool:
    known = {"3": "must derive from BaseException", "SystemExit": "exit("}
    return known.get(raised, raised) in text


def _numbers(
    backend: Any, metric: float, independent: Callable[[Any, Path], float], project: Path
) -> str:
    weights = project / f"weights{backend.weights_suffix}"
    try:
        backend.write_weights((0,), weights)
        expected = independent(backend, weights)
    except Exception as error:
        return f"scores, but cannot be saved and scored again: {type(error).__name__}: {error}"
    if math.isclose(metric, expected, rel_tol=CLOSE, abs_tol=CLOSE):
        return ""
    return f"silent wrong number: {metric} where the network alone has {expected}"
