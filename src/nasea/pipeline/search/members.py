"""Converts networks of a trained supernet to members of a front, and to model files."""

from __future__ import annotations

from nasea.pipeline.export.rendering import model_text
from nasea.pipeline.probe import Prepared
from nasea.pipeline.search.direction import Direction
from nasea.results.front import Front, FrontMember, LayerRow
from nasea.results.storage.store import RenderedModel
from nasea.space import Genome


def member_of(
    prepared: Prepared,
    direction: Direction,
    number: int,
    genome: Genome,
    search_metric: float | None,
    metric: float,
    float_metric: float | None = None,
) -> FrontMember:
    """Return a network as a member of a front.

    Args:
        prepared: the run.
        direction: converts a metric into an accuracy.
        number: number of the member.
        genome: the network.
        search_metric: its metric on the images of the search.
        metric: its metric on all of val_dir.
        float_metric: metric of the float network, if ``metric`` is that of its int8 file.
    """
    assert search_metric is not None
    costs = prepared.costs.costs(genome)
    return FrontMember(
        number=number,
        genome=genome,
        blocks=prepared.space.blocks(genome),
        accuracy=direction.accuracy(metric),
        metric=metric,
        search_metric=search_metric,
        parameters=costs.parameters,
        flops=costs.flops,
        latency_ms=costs.latency_ms,
        layers=_layer_rows(prepared, genome),
        float_accuracy=None if float_metric is None else direction.accuracy(float_metric),
        float_metric=float_metric,
    )


def _layer_rows(prepared: Prepared, genome: Genome) -> tuple[LayerRow, ...]:
    rows = []
    for layer, gene in prepared.space.path(genome):
        candidate, costs = layer.candidates[gene], prepared.costs.of_layer(layer)[gene]
        rows.append(
            LayerRow(
                index=layer.index,
                block=candidate.name,
                c_in=layer.in_shape[0],
                c_out=layer.out_shape[0],
                stride=layer.stride,
                out_height=layer.out_shape[1],
                out_width=layer.out_shape[2],
                parameters=costs.parameters,
                flops=costs.flops,
                latency_ms=costs.latency_ms,
            )
        )
    return tuple(rows)


def rendered(prepared: Prepared, front: Front, member: FrontMember) -> RenderedModel:
    """Return the model file of a member."""
    text = model_text(
        prepared.scenario, prepared.backend, prepared.space, member.genome, front.info, member
    )
    return RenderedModel(member.number, text)
