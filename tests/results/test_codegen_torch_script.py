"""A generated file at work where nasea cannot be imported."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest
import torch

from .architectures import FIXED, IMAGE
from .model_files import NAME, Load, load, run

__all__ = ["load"]  # a fixture

USER_MODULE = """
import torch
from torch import nn


class PreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, inputs):
        return self.conv(inputs)


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(16)
        self.linear = nn.Linear(16, 10)

    def forward(self, inputs):
        tapped, last = inputs
        logits = self.linear(self.norm(last).mean((2, 3)))
        return OUTPUTS
"""

NESTED = '{"out": logits, "aux": {"map": tapped, "more": [logits.argmax(1), logits.sum(), None]}}'
# The tracing exporter refuses a pooling that does not divide the plane; the newer one takes it.
UNEVEN = "nn.functional.adaptive_avg_pool2d(tapped, (3, 3))"
# Never the same twice: no export of it can be right.
RANDOM = "torch.rand_like(logits)"


def make_results(home: Path, load: Load, outputs: str = NESTED) -> ModuleType:
    """Files as a search leaves them, with weights that let no output vanish."""
    (home / "user_module.py").write_text(USER_MODULE.replace("OUTPUTS", outputs))
    path = home / "results" / f"{NAME}.py"
    path.parent.mkdir()
    path.write_text(FIXED.text(), encoding="utf-8")
    module = load(path)
    state = module.Model().state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point():
            positive = name.endswith("running_var") or (tensor.dim() == 1 and "bias" not in name)
            torch.nn.init.uniform_(
                tensor, *((0.5, 1.5) if positive else (-0.3, 0.3)), torch.Generator().manual_seed(2)
            )
    torch.save(state, path.with_suffix(".pt"))
    return module


def expect_exported(home: Path, module: ModuleType) -> list[str]:
    """Check what the script left in ``home``; returns the names of the outputs."""
    images = torch.randn(5, *IMAGE, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        outputs = dict(module.flatten(module.load_model()(images)))
    session = onnxruntime.InferenceSession(str(home / f"{NAME}.onnx"))
    exported = session.run(list(outputs), {"images": images.numpy()})
    for (name, expected), found in zip(outputs.items(), exported, strict=True):
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-4, err_msg=name)
    assert [node.name for node in session.get_outputs()] == list(outputs)
    [log] = (home / f"log_{NAME}").iterdir()
    assert log.name.startswith("events.out.tfevents") and b"Conv2d" in log.read_bytes()
    return list(outputs)


def test_run_from_the_parent_of_results(tmp_path: Path, load: Load) -> None:
    module = make_results(tmp_path, load)
    done = run(Path("results") / f"{NAME}.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    names = expect_exported(tmp_path, module)
    assert names == ["output.out", "output.aux.map", "output.aux.more.0", "output.aux.more.1"]
    first, second, *differences, last = done.stdout.splitlines()
    assert first == f"{NAME}: 2,310,154 parameters, accuracy 0.9312"
    assert second == f"{NAME}.onnx: written, batch size free"
    assert [line.split(":")[0] for line in differences] == names
    assert last == f"log_{NAME}/: graph for TensorBoard"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == [
        "blocked",
        f"log_{NAME}",
        f"{NAME}.onnx",
        "results",
        "user_module.py",
    ]


def test_run_from_a_copy_that_needs_the_newer_exporter(tmp_path: Path, load: Load) -> None:
    module = make_results(tmp_path, load, UNEVEN)
    copy = shutil.copy(tmp_path / "results" / f"{NAME}.py", tmp_path)
    done = run(Path(copy), tmp_path)
    assert done.returncode == 0, done.stderr
    assert expect_exported(tmp_path, module) == ["output"]


def test_an_export_that_is_not_the_model_is_refused(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = make_results(tmp_path, load, RANDOM)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as message:
        module.main()
    assert f"{NAME}.onnx cannot be written" in str(message.value)
    assert "output differs from PyTorch by" in str(message.value)
    assert not list(tmp_path.glob(f"*{NAME}*"))


def test_missing_packages_are_named(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = make_results(tmp_path, load)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SystemExit, match="pip install onnxruntime$"):
        module.main()


def test_missing_weights_are_named(tmp_path: Path, load: Load) -> None:
    module = make_results(tmp_path, load)
    (tmp_path / "results" / f"{NAME}.pt").unlink()
    with pytest.raises(SystemExit, match=f"{NAME}.pt is not in"):
        module.main()


def test_a_missing_user_module_is_named(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = make_results(tmp_path, load)
    (tmp_path / "user_module.py").unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="user_module.py is not in"):
        module.main()


def test_the_model_comes_with_its_weights_ready_to_evaluate(tmp_path: Path, load: Load) -> None:
    model = make_results(tmp_path, load).load_model()
    assert not model.training
    saved = torch.load(tmp_path / "results" / f"{NAME}.pt", weights_only=True)
    torch.testing.assert_close(model.state_dict(), saved, rtol=0, atol=0)


def test_weights_can_be_given(tmp_path: Path, load: Load) -> None:
    module = make_results(tmp_path, load)
    moved = (tmp_path / "results" / f"{NAME}.pt").rename(tmp_path / "mine.pt")
    assert not module.load_model(str(moved)).training


def test_weights_of_another_network_are_refused(tmp_path: Path, load: Load) -> None:
    module = make_results(tmp_path, load)
    state = module.load_model().state_dict()
    state["post_net.linear.weight"] = torch.zeros(3, 16)
    torch.save(state, tmp_path / "results" / f"{NAME}.pt")
    with pytest.raises(RuntimeError, match="the weights do not fit: .*PostNet was changed"):
        module.load_model()


def test_weights_that_carry_code_are_refused(tmp_path: Path, load: Load) -> None:
    module = make_results(tmp_path, load)
    torch.save({"x": _Hostile(tmp_path / "hacked")}, tmp_path / "results" / f"{NAME}.pt")
    with pytest.raises(Exception, match="[Ww]eights.only"):
        module.load_model()
    assert not (tmp_path / "hacked").exists()


class _Hostile:
    """Makes a directory when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return (os.mkdir, (str(self.path),))
