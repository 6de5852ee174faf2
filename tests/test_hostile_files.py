"""Checkpoints and weights that somebody else wrote: whole and signed, but with code in them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from contracts.training import Malice
from nasea.backends.training import pretrained
from nasea.cli.main import main
from nasea.errors import CheckpointError
from nasea.pipeline.session.checkpoint import CheckpointStore, read
from pipeline.project import Project, Search

pytest_plugins = ["pipeline.fixtures"]

Forge = Callable[[Malice], bytes]


def as_torch_saves(malice: Malice) -> bytes:
    buffer = io.BytesIO()
    torch.save({"supernet": {"weight": malice}}, buffer)
    return buffer.getvalue()


def as_torch_saved_once(malice: Malice) -> bytes:
    buffer = io.BytesIO()
    torch.save({"supernet": malice}, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def as_numpy_saves(malice: Malice) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, weight=np.array([malice], dtype=object))
    return buffer.getvalue()


forgeries = pytest.mark.parametrize(
    "forge", [pickle.dumps, as_torch_saves, as_torch_saved_once, as_numpy_saves]
)


@forgeries
def test_a_checkpoint_that_carries_code(
    project: Project, command: Search, tmp_path: Path, forge: Forge
) -> None:
    mark = tmp_path / "mark"
    store = CheckpointStore(project.home / "checkpoint", "train")
    meta = read(store.files()[-1]).meta
    for _ in range(2):  # its digest is right: it is what the file says that is wrong
        store.save(meta, forge(Malice(mark)))
    results = project.files("results")
    status, message = command(project)
    assert status == 2 and "Traceback" not in message
    assert "the training state" in message and "--restart" in message
    assert not mark.exists()
    assert project.files("results") == results


@forgeries
@pytest.mark.parametrize("verb", ["export", "retrain"])
def test_weights_that_carry_code(
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    forge: Forge,
    verb: str,
) -> None:
    mark = tmp_path / "mark"
    for weights in (project.home / "results").glob("*.pt"):
        weights.write_bytes(forge(Malice(mark)))
    monkeypatch.chdir(project.home)
    with pytest.raises(SystemExit) as left:
        main([verb, "--arch", "0", "-c", "scen.yaml"])
    message = capsys.readouterr().err
    assert left.value.code == 2 and "Traceback" not in message
    assert "is not a weights file" in message
    assert not mark.exists()


@forgeries
def test_pre_training_that_carries_code(tmp_path: Path, forge: Forge) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(CheckpointError):
        pretrained.unpack(forge(Malice(mark)))
    assert not mark.exists()
