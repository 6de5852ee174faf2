"""Was this process started by ``torchrun`` or ``mpirun``, and as which of how many?"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from nasea.errors import NotAvailableError

_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_MPIRUN = {
    "rank": "OMPI_COMM_WORLD_RANK",
    "size": "OMPI_COMM_WORLD_SIZE",
    "local_rank": "OMPI_COMM_WORLD_LOCAL_RANK",
    "local_size": "OMPI_COMM_WORLD_LOCAL_SIZE",
}
_FIRST_PORT, _PORTS = 20_000, 10_000
"""Ports of MPI jobs that name none, below those that systems give out by themselves."""


@dataclass(frozen=True)
class Launch:
    """One process among those that a launcher started.

    Attributes:
        launcher: who started it.
        rank: which one it is, from 0.
        size: how many there are.
        local_rank: which one of this machine.
        local_size: how many this machine has.
        host: where rank 0 is to be found.
        port: where it listens.
    """

    launcher: Literal["torchrun", "mpirun"]
    rank: int
    size: int
    local_rank: int
    local_size: int
    host: str
    port: int


def read_launch(environ: Mapping[str, str]) -> Launch | None:
    """What the launcher told this process; ``None`` where it was started by itself.

    Raises:
        NotAvailableError: ``mpirun`` on several machines without MASTER_ADDR.
    """
    if all(name in environ for name in _TORCHRUN):
        rank, size, local_rank, local_size = (int(environ[name]) for name in _TORCHRUN[:4])
        host, port = environ["MASTER_ADDR"], int(environ["MASTER_PORT"])
        found = Launch("torchrun", rank, size, local_rank, local_size, host, port)
    elif all(name in environ for name in _MPIRUN.values()):
        told = {key: int(environ[name]) for key, name in _MPIRUN.items()}
        found = Launch("mpirun", **told, host=_mpi_host(environ, told), port=_mpi_port(environ))
    else:
        return None
    return found if found.size > 1 else None


@cache
def launched() -> Launch | None:
    """:func:`read_launch` of this process as it was started; asked again, it says the same."""
    return read_launch(os.environ)


def launched_rank() -> int:
    """Which of several processes of one run this is; 0 where it is the only one."""
    found = launched()
    return 0 if found is None else found.rank


def not_meeting(launch: Launch, error: Exception) -> NotAvailableError:
    """What to raise where the processes of a launcher do not find each other."""
    return NotAvailableError(
        f"the processes that {launch.launcher} started do not meet at {launch.host}, port "
        f"{launch.port}: {str(error).splitlines()[0]}",
        fix="set MASTER_ADDR to the first machine and MASTER_PORT to a free port there",
    )


def conceal(environ: MutableMapping[str, str]) -> None:
    """Take away what would have code of the user join a process group of its own accord."""
    for name in (*_TORCHRUN, "GROUP_RANK", "ROLE_RANK", "GROUP_WORLD_SIZE", "ROLE_WORLD_SIZE"):
        environ.pop(name, None)


def _mpi_host(environ: Mapping[str, str], told: Mapping[str, int]) -> str:
    host = environ.get("MASTER_ADDR")
    if host is None and told["size"] > told["local_size"]:
        raise NotAvailableError(
            "mpirun started this run on several machines, but does not say where rank 0 is",
            fix="mpirun -x MASTER_ADDR=HOST -x MASTER_PORT=29500 …, HOST being the first machine",
        )
    return host or "127.0.0.1"


def _mpi_port(environ: Mapping[str, str]) -> int:
    """The same for all processes of a job, and hardly that of another job on this machine."""
    job = environ.get("PMIX_NAMESPACE") or environ.get("OMPI_MCA_ess_base_jobid") or ""
    return int(environ.get("MASTER_PORT") or _FIRST_PORT + zlib.crc32(job.encode()) % _PORTS)
