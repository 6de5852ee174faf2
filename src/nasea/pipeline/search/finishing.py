"""The results stage: scores the front on all validation images and writes all results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasea.backends.records import EvaluationSubset, Measurement
from nasea.backends.scoring.prediction_images import METHOD, PredictionImage, most_different
from nasea.errors import MetricError, NaseaError, Notice
from nasea.pipeline.probe import Prepared
from nasea.pipeline.run_info import run_info
from nasea.pipeline.search.background import Background
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.search.members import member_of, rendered
from nasea.pipeline.search.scores import ScoreBook
from nasea.pipeline.session.events import Listener, Progress
from nasea.pipeline.session.interrupt import StopRequest
from nasea.results.front import Evaluated, Front, FrontMember, Unfinished
from nasea.results.storage.store import write_results
from nasea.results.storage.unchanged import unchanged
from nasea.space import Genome
from nasea.strategy import Archive, Record, SearchOutcome, representatives

_PICTURES = 6
_LOOKED_AT = 24
"""The drawn images are chosen from so many."""


def finish(
    prepared: Prepared,
    proposer: str,
    direction: Direction,
    outcome: SearchOutcome,
    book: ScoreBook,
    background: Background,
    directory: Path,
    listener: Listener,
    stop: StopRequest,
) -> Front:
    """Score the front on all of val_dir and write ``results/``.

    Args:
        prepared: the run.
        proposer: name of the strategy.
        direction: converts a metric into an accuracy.
        outcome: all measured scores of the search, and why it ended.
        book: the score book of the run.
        background: how the supernet was trained, with warnings to show with the results.
        directory: the directory in which ``results/`` is created.
        listener: receives progress.
        stop: the stop request, checked after every member.

    Raises:
        MetricError: no member could be scored.
        ResultsError: the results cannot be written.
    """
    listener.begin("results", "scoring the front on all validation images, writing results/")
    records = _chosen(prepared, outcome.archive)
    scored = _score_whole(prepared, records, book, listener, stop)
    in_float = _in_float(prepared, [record.genome for record, _ in scored], book, stop)
    members = [
        member_of(
            prepared, direction, number, record.genome, record.score.metric, metric,
            in_float.get(record.genome),
        )
        for number, (record, metric) in enumerate(scored)
    ]  # fmt: skip
    front = assemble(
        prepared, proposer, direction, members, outcome.archive, outcome.state.hypervolumes,
        background, outcome.reason,
    )  # fmt: skip
    models = [rendered(prepared, front, member) for member in members]

    def write_weights(member: FrontMember, path: Path) -> int:
        return prepared.backend.write_weights(member.genome, path)

    limit = prepared.scenario.resource.weights_limit_bytes
    place = directory / "results"
    same = unchanged(place, front, [model.text for model in models], limit)
    if same is not None:
        return same
    pictures = _pictures(prepared, front, listener)
    written = write_results(place, front, models, write_weights, pictures, limit)
    for notice in written.notices():
        listener.notice(notice)
    return written.front


def _pictures(
    prepared: Prepared, front: Front, listener: Listener
) -> dict[int, tuple[PredictionImage, ...]]:
    """Return predictions of the most accurate and the cheapest member on some validation images.

    These are the images on which the two differ most: others would show twice the same.
    """
    drawn: dict[int, tuple[PredictionImage, ...]] = {}
    try:
        for member in (front.best, front.members[0]):
            drawn[member.number] = prepared.backend.prediction_images(member.genome, _LOOKED_AT)
        chosen = most_different(drawn[front.best.number], drawn[0], _PICTURES)
        drawn = {number: tuple(found[n] for n in chosen) for number, found in drawn.items()}
    except NaseaError as error:  # a failed illustration must not lose the results
        listener.notice(Notice("report", f"predictions are not drawn: {error}"))
        return {}
    if prepared.scenario.task == "detection" and not all(drawn.values()):
        text = f"predictions are not drawn; {METHOD}, which is optional, would have them drawn"
        listener.notice(Notice("report", text))
    return {number: pictures for number, pictures in drawn.items() if pictures}


def preview(
    prepared: Prepared,
    proposer: str,
    direction: Direction,
    archive: Archive,
    hypervolumes: Sequence[float],
    background: Background,
    unfinished: Unfinished,
) -> Front:
    """Return the front so far, with the scores of the search."""
    records = _chosen(prepared, archive)
    scored = [(r, r.score.metric) for r in records if r.score.metric is not None]
    members = [
        member_of(prepared, direction, number, record.genome, record.score.metric, metric)
        for number, (record, metric) in enumerate(scored)
    ]
    front = assemble(prepared, proposer, direction, members, archive, hypervolumes, background)
    return replace(front, info=replace(front.info, unfinished=unfinished))


def _chosen(prepared: Prepared, archive: Archive) -> list[Record]:
    """Return the front; with several costs, at most as many members as a generation."""
    front = archive.front(prepared.scenario.constraint.value)
    return representatives(front, prepared.scenario.searcher.pop_size)


def assemble(
    prepared: Prepared,
    proposer: str,
    direction: Direction,
    members: Sequence[FrontMember],
    archive: Archive,
    hypervolumes: Sequence[float],
    background: Background,
    ended: str = "",
) -> Front:
    """Return the front with all data of the report."""
    scenario = prepared.scenario
    info = replace(
        run_info(scenario, direction.mode, len(archive)),
        proposer=proposer,
        processor=None if prepared.profile is None else prepared.profile.describe(),
        hypervolumes=tuple(hypervolumes),
        notes=background.notes,
        trunks=prepared.space.trunks,
        ended=ended,
        scored_again=sum(record.score.tried - 1 for record in archive),
        images=(prepared.eval_images or prepared.data.val_images, prepared.data.val_images),
        separation=background.separated,
        losses=background.losses,
        supernet=background.supernet,
    )
    evaluated = tuple(
        Evaluated(
            genome=record.genome,
            cost=record.cost,
            accuracy=(
                None if record.score.metric is None else direction.accuracy(record.score.metric)
            ),
            generation=record.generation,
            failure=record.score.failure,
            further_costs=record.further_costs,
        )
        for record in archive
    )
    return Front(info, tuple(members), evaluated)


def _in_float(
    prepared: Prepared, genomes: Sequence[Genome], book: ScoreBook, stop: StopRequest
) -> dict[Genome, float]:
    """Return the metrics of the float networks on all of val_dir, if scores are those of int8."""
    if prepared.scenario.searcher.score_as == "float":
        return {}
    known = {genome: book.get(genome, whole=True, in_float=True) for genome in genomes}
    unknown = sorted((g for g, one in known.items() if one is None), key=prepared.space.steps)
    coming = iter(unknown)

    def on_measured(measured: Measurement) -> None:
        genome = next(coming)
        known[genome] = measured
        book.put(genome, measured, whole=True, in_float=True)
        stop.check()

    data = EvaluationSubset(in_float=True)
    prepared.backend.measure_each([(genome, data) for genome in unknown], on_measured)
    return {g: one.metric for g, one in known.items() if one is not None and one.metric is not None}


def _score_whole(
    prepared: Prepared,
    records: Sequence[Record],
    book: ScoreBook,
    listener: Listener,
    stop: StopRequest,
) -> list[tuple[Record, float]]:
    """Return the records with their metrics on all of val_dir, without failed ones."""
    unknown = sorted(
        (r.genome for r in records if book.get(r.genome, whole=True) is None),
        key=prepared.space.steps,
    )
    coming = iter(unknown)
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        listener.progress(Progress("results", done, len(records), "architecture"))
        stop.check()

    def on_measured(measured: Measurement) -> None:
        book.put(next(coming), measured, whole=True)
        advance()

    for _ in range(len(records) - len(unknown)):
        advance()
    prepared.backend.measure_each([(genome, EvaluationSubset()) for genome in unknown], on_measured)
    scored: list[tuple[Record, float]] = []
    failures: list[str] = []
    for record in records:
        measured = book.get(record.genome, whole=True) or Measurement(None)
        if measured.metric is None:
            failures.append(measured.failure or "unknown")
            text = f"{record.genome} left out of the results: {measured.failure}"
            listener.notice(Notice("results", text))
        else:
            scored.append((record, measured.metric))
    if not scored:
        raise MetricError(
            "no architecture of the front could be scored on the whole of val_dir: "
            + "; ".join(failures[:3])
        )
    return scored
