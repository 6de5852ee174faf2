"""Which of several processes this is, as launchers tell it."""

from __future__ import annotations

import json

import pytest

from nasea.backends import SingleProcess, follow, open_process_group, opening
from nasea.backends.distributed.launch import hide_launch_variables, read_launch
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


HOROVODRUN = {
    "HOROVOD_RANK": "1", "HOROVOD_SIZE": "2", "HOROVOD_LOCAL_RANK": "1", "HOROVOD_LOCAL_SIZE": "2",
    "HOROVOD_GLOO_RENDEZVOUS_PORT": "4711",
}  # fmt: skip


def tf_config(kind: str, index: int, **cluster: list[str]) -> dict[str, str]:
    message = {"cluster": cluster, "task": {"type": kind, "index": index}}
    return {"TF_CONFIG": json.dumps(message)}


def test_horovodrun_tells_ranks_and_no_more() -> None:
    found = read_launch(HOROVODRUN)
    assert found is not None
    assert (found.launcher, found.rank, found.size) == ("horovodrun", 1, 2)
    assert (found.local_rank, found.local_size, found.host) == (1, 2, "127.0.0.1")
    other = read_launch(HOROVODRUN | {"HOROVOD_GLOO_RENDEZVOUS_PORT": "4712"})
    assert other is not None and other.port != found.port
    with pytest.raises(NotAvailableError, match="does not say where rank 0 is") as message:
        read_launch(HOROVODRUN | {"HOROVOD_LOCAL_SIZE": "1"})
    assert "MASTER_ADDR=HOST" in str(message.value.fix)


def test_tf_config() -> None:
    workers = ["node0:2222", "node1:2222", "node1:2223"]
    found = read_launch(tf_config("worker", 2, worker=workers))
    assert found is not None
    assert (found.launcher, found.rank, found.size) == ("TF_CONFIG", 2, 3)
    assert (found.local_rank, found.local_size) == (1, 2)
    assert (found.host, found.port, found.own) == ("node0", 2222, ("node1", 2223))
    first = read_launch(tf_config("worker", 0, worker=workers))
    assert first is not None and first.rank == 0 and first.own is None


def test_the_chief_of_a_tf_config_leads() -> None:
    cluster = {"chief": ["a:1"], "worker": ["b:1"], "evaluator": ["c:1"]}
    found = [read_launch(tf_config(kind, 0, **cluster)) for kind in ("chief", "worker")]
    assert [one and (one.rank, one.size, one.host) for one in found] == [(0, 2, "a"), (1, 2, "a")]
    with pytest.raises(NotAvailableError, match="evaluator 0 is neither"):
        read_launch(tf_config("evaluator", 0, **cluster))


@pytest.mark.parametrize("text", ["{", "[]", '{"cluster": {}}', '{"cluster": {"worker": ["a"]}}'])
def test_a_tf_config_that_is_none(text: str) -> None:
    with pytest.raises(NotAvailableError, match="TF_CONFIG is set, but") as message:
        read_launch({"TF_CONFIG": text})
    assert '"worker": ["HOST:PORT"' in str(message.value.fix)


def test_mpirun_on_several_machines_must_be_told_where_the_first_is() -> None:
    several = MPIRUN | {"OMPI_COMM_WORLD_LOCAL_SIZE": "1", "OMPI_COMM_WORLD_LOCAL_RANK": "0"}
    with pytest.raises(NotAvailableError) as message:
        read_launch(several)
    assert "MASTER_ADDR" in str(message.value.fix)
    found = read_launch(several | {"MASTER_ADDR": "node0", "MASTER_PORT": "1234"})
    assert found is not None
    assert (found.host, found.port) == ("node0", 1234)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"RANK": "0"},
        TORCHRUN | {"WORLD_SIZE": "1"},
        HOROVODRUN | {"HOROVOD_SIZE": "1"},
        tf_config("worker", 0, worker=["a:1"]),
        {"TF_CONFIG": '{"task": {"type": "worker", "index": 0}}'},
        {"TF_CONFIG": ""},
    ],
)
def test_by_itself(environ: dict[str, str]) -> None:
    assert read_launch(environ) is None


def test_code_of_the_user_finds_no_launcher() -> None:
    environ = TORCHRUN | HOROVODRUN | {"TF_CONFIG": "{}", "PATH": "/bin"}
    hide_launch_variables(environ)
    assert environ == {"PATH": "/bin"}


def test_torchrun_does_not_start_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "current_launch", lambda: read_launch(TORCHRUN))
    asked = scenario("tensorflow")
    with pytest.raises(NotAvailableError, match="torchrun keeps the port") as message:
        follow(asked)
    assert "TF_CONFIG" in str(message.value.fix)
    with pytest.raises(NotAvailableError, match="torchrun keeps the port"):
        with open_process_group(asked, lambda: None):
            pass


def test_one_id_is_one_process() -> None:
    with open_process_group(scenario("pytorch"), lambda: None) as opened:
        assert isinstance(opened, SingleProcess)
        assert opened.size == 1 and not opened.notices
