"""Passing failures from one rank to the others."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from nasea.errors import NaseaError, RankLostError


class FailedElsewhere(Exception):
    """Another rank failed in a joint action; that rank, or rank 0, reports why."""


def describe_failure(error: Exception) -> dict[str, Any]:
    """Return a failure as JSON values, to be sent to another process."""
    if isinstance(error, NaseaError):
        return {"message": error.message, "fix": error.fix, "exit_code": error.exit_code}
    return {"defect": "".join(traceback.format_exception(error))}


def rebuild_failure(rank: int, described: Mapping[str, Any]) -> Exception:
    """Return the exception to raise for what :func:`describe_failure` returned on another rank."""
    if "defect" in described:
        return RuntimeError(f"rank {rank} failed:\n{described['defect']}")
    error = NaseaError(f"rank {rank}: {described['message']}", fix=described["fix"])
    error.exit_code = int(described["exit_code"])
    return error


def rank_lost_error(what: str) -> RankLostError:
    """Return the error of a run that lost a process; ``what`` says how."""
    return RankLostError(
        f"the run ends because {what}; the last checkpoint is intact",
        fix="run the same command again to resume, with fewer devices if need be; where memory is "
        "short (a process killed by SIGKILL) lower strategy.batch_size or resource.data_workers",
    )
