from __future__ import annotations

import pytest

from nasea.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["doctor", *words])
    told = capsys.readouterr()
    return left.value.code, told.out, told.err


def test_it_tells_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys)
    assert status == 0
    assert "nasea" in out and "torch" in out and "numpy" in out


def test_it_tries_devices_together(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--devices", "0,1", "--cpu")
    assert status == 0, err
    labels = [line[:16].strip() for line in out.splitlines()]
    assert labels[-6:-1] == ["one device", "processes", "all-reduce", "2 devices", "speed-up"]
    assert "sum correct" in out and "10 steps" in out


@pytest.mark.parametrize("ids", ["0,x", "", "0,0", "-1"])
def test_ids_that_are_none(capsys: pytest.CaptureFixture[str], ids: str) -> None:
    status, _, err = run(capsys, "--devices", ids)
    assert status == 2
    assert "--devices must" in err and "fix:" in err


def test_gpus_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there are GPUs")
    status, _, err = run(capsys, "--devices", "0,1")
    assert status == 2
    assert "no CUDA device" in err and "--cpu" in err
