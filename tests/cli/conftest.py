from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import pytest

from nasea.cli.main import main
from nasea.results.front import Front, FrontMember, LayerRow, RunInfo


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    status: int | str | None
    out: str
    err: str


Run = Callable[..., Done]
Pretend = Callable[[str, str, object], None]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``nasea`` with some words, in this process."""
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str) -> Done:
        with pytest.raises(SystemExit) as left:
            main(words)
        captured = capsys.readouterr()
        return Done(left.value.code, captured.out, captured.err)

    return call


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Replaces a module by one that holds a single name."""

    def replace(module: str, name: str, value: object) -> None:
        fake = ModuleType(module)
        setattr(fake, name, value)
        monkeypatch.setitem(sys.modules, module, fake)

    return replace


@pytest.fixture
def front() -> Front:
    """Two architectures, the dearer one better, and a warning."""
    return Front(
        RunInfo(
            task="image_classification",
            framework="pytorch",
            constraint_type="size",
            constraint_value=100_000.0,
            metric_mode="max",
            seed=0,
            config_digest="3f9c1b0a",
            nasea_version="0.1.0",
            created="2025-01-02T03:04:05+00:00",
            evaluations=2,
            notes=("strategy.epochs: few",),
        ),
        (_member(0, 0.9), _member(1, 0.95)),
    )


def _member(number: int, accuracy: float) -> FrontMember:
    parameters = 20_000 * (number + 1)
    return FrontMember(
        number=number,
        genome=(number,),
        blocks=("basic",),
        accuracy=accuracy,
        metric=accuracy,
        search_metric=accuracy,
        parameters=parameters,
        flops=10 * parameters,
        latency_ms=None,
        layers=(LayerRow(0, "basic", 16, 16, 1, 8, 8, parameters, 10 * parameters, None),),
    )
