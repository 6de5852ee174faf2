"""Which of several processes this is, as launchers tell it."""

from __future__ import annotations

import pytest

from nasea.backends import Alone, follow, open_world, world
from nasea.backends.launch import conceal, read_launch
from nasea.errors import NotAvailableError

from .driving import scenario

TORCHRUN = {
    "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "node0", "MASTER_PORT": "29500",
}  # fmt: skip
MPIRUN = {
    "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1", "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
}  # fmt: skip


def test_torchrun() -> None:
    found = read_launch(TORCHRUN)
    assert found is not None
    assert (found.launcher, found.rank, found.size) == ("torchrun", 3, 4)
    assert (found.local_rank, found.local_size) == (1, 2)
    assert (found.host, found.port) == ("node0", 29500)


def test_mpirun_on_one_machine_meets_at_a_port_of_its_job() -> None:
    one = read_launch(MPIRUN | {"PMIX_NAMESPACE": "job-1"})
    same = read_launch(MPIRUN | {"PMIX_NAMESPACE": "job-1", "OMPI_COMM_WORLD_RANK": "0"})
    other = read_launch(MPIRUN | {"PMIX_NAMESPACE": "job-2"})
    assert one is not None and same is not None and other is not None
    assert (one.launcher, one.rank, one.size, one.host) == ("mpirun", 1, 2, "127.0.0.1")
    assert one.port == same.port != other.port


def test_mpirun_on_several_machines_must_be_told_where_the_first_is() -> None:
    several = MPIRUN | {"OMPI_COMM_WORLD_LOCAL_SIZE": "1", "OMPI_COMM_WORLD_LOCAL_RANK": "0"}
    with pytest.raises(NotAvailableError) as told:
        read_launch(several)
    assert "MASTER_ADDR" in str(told.value.fix)
    found = read_launch(several | {"MASTER_ADDR": "node0", "MASTER_PORT": "1234"})
    assert found is not None
    assert (found.host, found.port) == ("node0", 1234)


@pytest.mark.parametrize("environ", [{}, {"RANK": "0"}, TORCHRUN | {"WORLD_SIZE": "1"}])
def test_by_itself(environ: dict[str, str]) -> None:
    assert read_launch(environ) is None


def test_code_of_the_user_finds_no_launcher() -> None:
    environ = TORCHRUN | {"PATH": "/bin"}
    conceal(environ)
    assert environ == {"PATH": "/bin"}


def test_tensorflow_is_not_started_by_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "launched", lambda: read_launch(TORCHRUN))
    asked = scenario("tensorflow")
    with pytest.raises(NotAvailableError, match="one device so far"):
        follow(asked)
    with pytest.raises(NotAvailableError, match="one device so far"):
        with open_world(asked, lambda: None):
            pass


def test_one_id_is_one_process() -> None:
    with open_world(scenario("pytorch"), lambda: None) as opened:
        assert isinstance(opened, Alone)
        assert opened.size == 1 and not opened.notices
