"""Memory that is short while one candidate is scored costs that candidate, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from nasea.backends.base import AttachedBackend
from nasea.backends.records import EvaluationSubset
from nasea.backends.torch.memory import as_out_of_memory, is_out_of_memory
from nasea.errors import TrainingError
from nasea.space import Genome

from .project import random_genomes, ready, train, write_module

TOO_MUCH = 2**46  # values; more than any address space holds

IN_POST_NET = """
    class PostNet(PostNet):
        def forward(self, inputs):
            if not torch.is_grad_enabled() and "short" in globals():
                {}
            return super().forward(inputs)
"""

IN_METRIC = """
    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            if "short" in globals():
                {}
            return super().metrics_func(eval_dataloader, eval_function)
"""

SAID = {
    f"torch.empty({TOO_MUCH})": "can't allocate memory: you tried to allocate",
    f"np.empty({TOO_MUCH})": "Unable to allocate",
    "raise MemoryError": "MemoryError",
    "raise torch.OutOfMemoryError('20 GiB\\nand more')": "20 GiB",
}


def raised_by(action: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        action()
    return caught.value


def module_of(backend: AttachedBackend) -> dict[str, object]:
    """The globals of the user's module."""
    return vars(backend.user._module)


@pytest.mark.parametrize(
    "error, message",
    [
        (raised_by(lambda: torch.empty(TOO_MUCH)), "can't allocate memory: you tried"),
        (raised_by(lambda: np.empty(TOO_MUCH)), "Unable to allocate 512. TiB"),
        (torch.OutOfMemoryError(""), "OutOfMemoryError"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors"), "CUDA error: out of mem"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), "CUBLAS_STATUS_ALLOC_FAILED"),
    ],
)
def test_whoever_notices_it_is_told_in_a_line(error: Exception, message: str) -> None:
    assert is_out_of_memory(error)
    said = str(as_out_of_memory(error))
    assert message in said and "\n" not in said and "alloc_cpu.cpp" not in said


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2"), ValueError("out of memory"), OSError(28, "no space")]
)
def test_other_errors_are_others(error: Exception) -> None:
    assert not is_out_of_memory(error)


@pytest.mark.parametrize("where", [IN_POST_NET, IN_METRIC])
@pytest.mark.parametrize("statement", SAID)
def test_a_candidate_too_large_fails_with_its_reason_and_the_others_do_not(
    project: Path, where: str, statement: str
) -> None:
    write_module(project, where.format(statement))
    backend = ready(project)
    genomes = random_genomes(backend.supernet.space, 3)
    expected = [backend.measure(genome, EvaluationSubset()) for genome in genomes]
    module_of(backend)["short"] = True
    failed = backend.measure(genomes[1], EvaluationSubset())
    del module_of(backend)["short"]
    assert failed.metric is None and not failed.raised
    assert failed.failure is not None and failed.failure.startswith("out of memory: ")
    assert SAID[statement] in failed.failure and "\n" not in failed.failure
    assert [backend.measure(genome, EvaluationSubset()) for genome in genomes] == expected


def test_memory_that_others_give_back_is_enough_for_another_try(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ready(project)
    genomes = random_genomes(backend.supernet.space, 3)
    expected = [backend.measure(genome, EvaluationSubset()) for genome in genomes]
    tried: list[Genome] = []
    network = backend.supernet.network

    def crowded(genome: Genome, *ends: torch.nn.Module) -> torch.nn.Module:
        tried.append(genome)
        if len(tried) == 2:
            raise MemoryError
        return network(genome, *ends)

    monkeypatch.setattr(backend.supernet, "network", crowded)
    assert [backend.measure(genome, EvaluationSubset()) for genome in genomes] == expected
    assert tried == [genomes[0], genomes[1], genomes[1], genomes[2]]


def test_an_optimiser_that_finds_no_memory_ends_the_training(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ready(project)
    monkeypatch.setattr(
        backend.trainer.optimizer, "step", lambda *_: torch.empty(TOO_MUCH), raising=True
    )
    with pytest.raises(TrainingError, match="out of memory at update 1: can't allocate") as caught:
        train(backend)
    assert "batch_size" in str(caught.value.fix)
