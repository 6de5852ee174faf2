"""Generates the model file of a network."""

from __future__ import annotations

from nasea.backends import AttachedBackend
from nasea.backends.opening import operations_of
from nasea.config import Scenario
from nasea.results.codegen import ModelHeader, Origin, render_model
from nasea.results.front import FrontMember, RunInfo
from nasea.space import Genome, Space


def model_text(
    scenario: Scenario,
    backend: AttachedBackend,
    space: Space,
    genome: Genome,
    info: RunInfo,
    member: FrontMember,
    origin: Origin | None = None,
) -> str:
    """Return the text of a model file.

    Args:
        scenario: the scenario of the search.
        backend: the backend, after PreNet and PostNet have run.
        space: the search space.
        genome: the architecture.
        info: the search that found it.
        member: the figures in the header.
        origin: the origin of its weights; ``None`` for the search itself.
    """
    header = ModelHeader(member, info, backend.environment["framework"], origin)
    candidates = space.decode(genome)
    operations = operations_of(scenario.framework)
    return render_model(
        info.framework,
        candidates,
        [operations.describe(candidate.program) for candidate in candidates],
        space.taps,
        space.layers[0].in_shape,
        scenario.supernet.input_chw,
        header,
        backend.file_options,
    )
