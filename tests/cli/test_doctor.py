from __future__ import annotations

import subprocess
import sys

import pytest

from nasea.cli.main import main
from nasea.pipeline.diagnosis import doctor


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["doctor", *words])
    message = capsys.readouterr()
    return left.value.code, message.out, message.err


def test_it_tells_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys)
    assert status == 0
    assert "nasea" in out and "torch" in out and "numpy" in out


@pytest.mark.parametrize("framework", ["pytorch", "TensorFlow"])
def test_it_tries_devices_together(framework: str) -> None:
    # In a process of its own, which TensorFlow must have for itself.
    words = [sys.executable, "-m", "nasea", "doctor", "--devices", "0,1", "--cpu"]
    done = subprocess.run(
        [*words, "--framework", framework], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    out = done.stdout
    labels = [line[:16].strip() for line in out.splitlines()]
    assert labels[-6:-1] == ["one device", "processes", "all-reduce", "2 devices", "speed-up"]
    assert "sum correct" in out and "10 steps" in out


@pytest.mark.parametrize("ids", ["0,x", "", "0,0", "-1"])
def test_ids_that_are_none(capsys: pytest.CaptureFixture[str], ids: str) -> None:
    status, _, err = run(capsys, "--devices", ids)
    assert status == 2
    assert "--devices must" in err and "fix:" in err


def test_a_framework_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "--devices", "0,1", "--framework", "jax")
    assert status == 2
    assert "--framework must be pytorch or tensorflow, found 'jax'" in err and "fix:" in err


def test_gpus_that_are_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    # One device is measured first, which says nothing about the others.
    monkeypatch.setattr(doctor, "run_in_subprocess", lambda *_: doctor.Speed("CPU", 1.0, 1.0))

    if torch.cuda.is_available():
        pytest.skip("there are GPUs")
    status, _, err = run(capsys, "--devices", "0,1")
    assert status == 2
    assert "no CUDA device" in err and "--cpu" in err


@pytest.mark.parametrize(
    ("there", "words", "told"),
    [
        ((), (), "neither PyTorch nor TensorFlow can be imported"),
        (("tensorflow",), (), "neither PyTorch nor TensorFlow can be imported"),
        (("torch",), ("--devices", "0", "--framework", "tensorflow"), "TensorFlow can be imported"),
    ],
)
def test_without_a_framework_it_fails(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    there: tuple[str, ...],
    words: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: name in there or None)
    status, out, err = run(capsys, *words)
    assert status == 2
    assert "Python" in out, "what is there is told first"
    assert told in " ".join(err.split()) and "fix: install" in err
