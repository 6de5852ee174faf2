"""Writes the model file and weights of a hand pick, so that it can be used."""

from __future__ import annotations

from pathlib import Path

from nasea.backends import AttachedBackend
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.config import Scenario
from nasea.errors import ResultsError
from nasea.pipeline.export.rendering import model_text
from nasea.pipeline.hand_picks.contenders import ContenderSpec
from nasea.pipeline.search.direction import Direction
from nasea.results.codegen import Origin
from nasea.results.front import FrontMember, RunInfo
from nasea.results.storage.files import write_result
from nasea.space import Space


def write_hand_pick(
    scenario: Scenario,
    direction: Direction,
    info: RunInfo,
    spec: ContenderSpec,
    words: str,
    folder: Path,
    home: Path,
    backend: AttachedBackend,
    space: Space,
    measured: Measurement,
) -> None:
    """Write a trained hand pick as its model file and weights.

    Args:
        scenario: the scenario of the search.
        direction: converts a metric into an accuracy.
        info: describes the search, or a run without one.
        spec: the hand pick.
        words: how it was trained, in one line.
        folder: folder for the files.
        home: where ``user_module.py`` is.
        backend: holds the trained network.
        space: the space of this one network.
        measured: the network's value of the user's metric.

    Raises:
        ResultsError: a file cannot be written, or the framework's parameter count differs from the
            cost model's.
    """
    assert measured.metric is not None
    genome = (0,) * len(space.layers)
    in_float = None
    if info.score_as == "int8":
        in_float = backend.measure(genome, EvaluationSubset(in_float=True)).metric
    member = FrontMember(
        number=0,
        genome=genome,
        blocks=spec.blocks,
        accuracy=direction.accuracy(measured.metric),
        metric=measured.metric,
        search_metric=measured.metric,
        float_metric=in_float,
        float_accuracy=None if in_float is None else direction.accuracy(in_float),
        parameters=spec.costs.parameters,
        flops=spec.costs.flops,
        latency_ms=spec.costs.latency_ms,
        layers=(),
    )
    inside = folder.relative_to(home) if folder.is_relative_to(home) else folder
    origin = Origin(spec.name, inside.as_posix(), words)
    text = model_text(scenario, backend, space, genome, info, member, origin)
    weights = folder / f"{spec.name}{backend.weights_suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    found = backend.write_weights(genome, weights)
    if found != spec.costs.parameters:
        raise ResultsError(
            f"{spec.name} has {found:,} parameters, but its cost was counted as "
            f"{spec.costs.parameters:,}",
            fix="PreNet and PostNet must have all their parameters from the start; "
            "if they do, this is a defect of nasea: please report it",
        )
    write_result(folder / f"{spec.name}.py", text)
