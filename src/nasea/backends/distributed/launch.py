"""Detects whether a launcher started this process, and as which rank of how many.

``torchrun``, ``mpirun`` and ``horovodrun`` set environment variables for this, and ``TF_CONFIG`` is
set by hand or by a platform. Nothing else of the launchers is used: the processes connect to each
other by themselves.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from nasea.errors import NotAvailableError

_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_TF_CONFIG = "TF_CONFIG"
_RANKS: dict[Literal["mpirun", "horovodrun"], dict[str, str]] = {
    "mpirun": {
        "rank": "OMPI_COMM_WORLD_RANK",
        "size": "OMPI_COMM_WORLD_SIZE",
        "local_rank": "OMPI_COMM_WORLD_LOCAL_RANK",
        "local_size": "OMPI_COMM_WORLD_LOCAL_SIZE",
    },
    "horovodrun": {
        "rank": "HOROVOD_RANK",
        "size": "HOROVOD_SIZE",
        "local_rank": "HOROVOD_LOCAL_RANK",
        "local_size": "HOROVOD_LOCAL_SIZE",
    },
}
"""Launchers that give ranks but not the address of rank 0, and their variables."""

_JOBS = ("PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "HOROVOD_GLOO_RENDEZVOUS_PORT")
"""Variables that distinguish the jobs of these launchers."""

_FIRST_PORT, _PORTS = 20_000, 10_000
"""Port range for jobs that name no port; below the range from which systems assign ports."""


@dataclass(frozen=True)
class Launch:
    """One of the processes that a launcher started.

    Attributes:
        launcher: the launcher that started it.
        rank: its rank, from 0.
        size: number of processes.
        local_rank: its rank among the processes of this machine, from 0.
        local_size: number of processes on this machine.
        host: address of rank 0.
        port: port on which rank 0 listens.
        own: the (host, port) reserved for this process by TF_CONFIG; ``None`` if there is none.
    """

    launcher: Literal["torchrun", "mpirun", "horovodrun", "TF_CONFIG"]
    rank: int
    size: int
    local_rank: int
    local_size: int
    host: str
    port: int
    own: tuple[str, int] | None = None


def read_launch(environ: Mapping[str, str]) -> Launch | None:
    """Return what the launcher passed to this process; ``None`` without a launcher.

    Raises:
        NotAvailableError: several machines without MASTER_ADDR, or an invalid TF_CONFIG.
    """
    if all(name in environ for name in _TORCHRUN):
        rank, size, local_rank, local_size = (int(environ[name]) for name in _TORCHRUN[:4])
        host, port = environ["MASTER_ADDR"], int(environ["MASTER_PORT"])
        found = Launch("torchrun", rank, size, local_rank, local_size, host, port)
        return found if size > 1 else None
    for launcher, names in _RANKS.items():
        if all(name in environ for name in names.values()):
            numbers = {key: int(environ[name]) for key, name in names.items()}
            if numbers["size"] == 1:
                return None
            place = (numbers["rank"], numbers["size"], numbers["local_rank"], numbers["local_size"])
            return Launch(launcher, *place, _host(launcher, environ, numbers), _port(environ))
    return _read_tf_config(environ[_TF_CONFIG]) if environ.get(_TF_CONFIG) else None


@cache
def current_launch() -> Launch | None:
    """Return :func:`read_launch` of this process, from the environment at the first call."""
    return read_launch(os.environ)


def launched_rank() -> int:
    """Return the rank of this process; 0 without a launcher."""
    found = current_launch()
    return 0 if found is None else found.rank


def rendezvous_error(launch: Launch, error: Exception) -> NotAvailableError:
    """Return the error of a launcher's processes that cannot connect to each other."""
    fix = "set MASTER_ADDR to the first machine and MASTER_PORT to a free port there"
    if launch.launcher == "TF_CONFIG":
        fix = "start every worker that TF_CONFIG names, the first one on its machine and port"
    return NotAvailableError(
        f"the processes that {launch.launcher} started do not meet at {launch.host}, port "
        f"{launch.port}: {str(error).splitlines()[0]}",
        fix=fix,
    )


def hide_launch_variables(environ: MutableMapping[str, str]) -> None:
    """Remove variables that would let the user's code join the other processes by itself."""
    for name in (*_TORCHRUN, "GROUP_RANK", "ROLE_RANK", "GROUP_WORLD_SIZE", "ROLE_WORLD_SIZE"):
        environ.pop(name, None)
    for name in [name for name in environ if name == _TF_CONFIG or name.startswith("HOROVOD_")]:
        environ.pop(name)


def _host(launcher: str, environ: Mapping[str, str], numbers: Mapping[str, int]) -> str:
    host = environ.get("MASTER_ADDR")
    if host is None and numbers["size"] > numbers["local_size"]:
        fix = "mpirun -x MASTER_ADDR=HOST -x MASTER_PORT=29500 …"
        if launcher == "horovodrun":
            fix = "MASTER_ADDR=HOST MASTER_PORT=29500 horovodrun …"
        raise NotAvailableError(
            f"{launcher} started this run on several machines, but does not say where rank 0 is",
            fix=f"{fix}, HOST being the first machine",
        )
    return host or "127.0.0.1"


def _port(environ: Mapping[str, str]) -> int:
    """Return the same port for all processes of a job, unlikely to be that of another job."""
    job = next((environ[name] for name in _JOBS if environ.get(name)), "")
    return int(environ.get("MASTER_PORT") or _FIRST_PORT + zlib.crc32(job.encode()) % _PORTS)


def _read_tf_config(text: str) -> Launch | None:
    """Rank the chief, if there is one, first, then the workers; other tasks take no part.

    Raises:
        NotAvailableError: TF_CONFIG describes no such cluster, or this process has another task.
    """
    try:
        stored = json.loads(text)
        if (
            isinstance(stored, dict) and "cluster" not in stored
        ):  # as some platforms set it for a single process
            return None
        cluster = {"chief": [], "worker": [], **stored["cluster"]}
        tasks = [(kind, i) for kind in ("chief", "worker") for i in range(len(cluster[kind]))]
        addresses = [_address(cluster[kind][i]) for kind, i in tasks]
        own = (stored["task"]["type"], int(stored["task"]["index"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_understood(f"{type(error).__name__}: {error}") from error
    if own not in tasks:
        raise _not_understood(f"{own[0]} {own[1]} is neither the chief nor one of its workers")
    if len(tasks) == 1:
        return None
    rank = tasks.index(own)
    host = addresses[rank][0]
    local = [place for place, (other, _) in enumerate(addresses) if other == host]
    return Launch(
        "TF_CONFIG",
        rank,
        len(tasks),
        local.index(rank),
        len(local),
        *addresses[0],
        own=addresses[rank] if rank else None,
    )


def _address(text: Any) -> tuple[str, int]:
    host, _, port = str(text).rpartition(":")
    if not host:
        raise ValueError(f"{text!r} is not an address host:port")
    return host, int(port)


def _not_understood(why: str) -> NotAvailableError:
    return NotAvailableError(
        f"the variable TF_CONFIG is set, but does not describe the processes of a run: {why}",
        fix='set it to {"cluster": {"worker": ["HOST:PORT", "OTHER:PORT"]}, "task": {"type": '
        '"worker", "index": 0}}, with the index of each process, or unset it',
    )
