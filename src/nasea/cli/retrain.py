"""``nasea retrain``: a result of a search, trained in full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasea.cli.terminal.wording import say
from nasea.errors import NaseaError

if TYPE_CHECKING:
    from nasea.pipeline.retraining.outcome import Outcome


def retrain(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS_DIR", help="Where a search wrote its results.")
    ] = Path("results"),
    arch: Annotated[
        int | None, typer.Option(metavar="N", help="Architecture N of the front.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="COST",
            help="Instead of --arch: retrain several that cost about as much, and finish the best. "
            "50k, 3M, or milliseconds. Several (12M,3M): the largest first.",
        ),
    ] = None,
    candidates: Annotated[int, typer.Option(metavar="K", help="For --budget: how many begin.")] = 8,
    epochs: Annotated[
        int | None, typer.Option(metavar="E", help="Epochs; the scenario's by default.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(metavar="LR", help="Learning rate; the scenario's by default.")
    ] = None,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch", help="Start from initial weights, not from the inherited ones."
        ),
    ] = False,
    distill: Annotated[
        bool,
        typer.Option(
            "--distill",
            help="Also learn from the most accurate larger network in RESULTS_DIR, best a "
            "retrained one.",
        ),
    ] = False,
    teacher_share: Annotated[
        float, typer.Option(metavar="P", help="With --distill: the teacher's share of the loss.")
    ] = 0.5,
    quantisation_aware: Annotated[
        bool,
        typer.Option(
            "--quantisation-aware",
            help="Round weights and activations to int8 in the last quarter of the epochs, and "
            "measure so.",
        ),
    ] = False,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Export to this format (see nasea export). May be repeated. Default: onnx for "
            "PyTorch, pb for TensorFlow.",
        ),
    ] = None,
    no_export: Annotated[
        bool, typer.Option("--no-export", help="Write only the model file and its weights.")
    ] = False,
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario of the search.")
    ] = Path("scen.yaml"),
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Discard the checkpoints of this retraining and start over."
        ),
    ] = False,
) -> None:
    """Train one network of the front in full, then export it.

    Uses the loss, schedule and metric of user_module.py and keeps the weights of the last epoch
    that is as good as the best, but for noise.
    After a stop, the same command resumes. The network is written to RESULTS_DIR/retrained_N, with
    the suffix _scratch, _distilled or _int8 where that applies.

    With --budget, K networks of about that cost begin: the best that the search scored there, and
    regular ones (one block a stage). After a few epochs the better half goes on, and so forth
    (successive halving): two to three times the epochs of one retraining in all. They are written
    to RESULTS_DIR/near_COST, and retrained there. With several costs and --distill, what is
    retrained for a larger cost teaches the smaller networks.
    """
    from nasea.backends.distributed.launch import launched_rank
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.retraining.plan import Request
    from nasea.pipeline.search.following import follow_run
    from nasea.pipeline.session.events import NoticesOnce

    if launched_rank() > 0:  # of all that a launcher started, the first leads
        follow_run(config)
        return
    if (arch is None) == (budget is None):
        raise NaseaError(
            "which network? --arch N takes one of the front, --budget COST the best of several",
            fix="give one of the two; nasea show lists the front",
        )
    request = Request(
        from_scratch, epochs, learning_rate, distill, teacher_share, quantisation_aware
    )
    wanted = [] if no_export else (formats or None)
    outcomes: list[Outcome] = []
    try:
        with RichListener() as listener:
            if budget is not None:
                from nasea.config import load_scenario
                from nasea.pipeline.retraining.budgets import for_each_budget
                from nasea.pipeline.retraining.halving import retrain_best
                from nasea.results.recommend import parse_budgets

                scenario = load_scenario(config).scenario
                heard_by = NoticesOnce(listener)

                def retrain_near(cost: float, options: Request) -> None:
                    chosen = retrain_best(
                        config,
                        cost,
                        candidates,
                        options,
                        formats=wanted,
                        results=results,
                        restart=restart,
                        listener=heard_by,
                    )
                    outcomes.append(chosen.outcome)

                for_each_budget(
                    scenario,
                    parse_budgets(budget, scenario.constraint.type),
                    request,
                    retrain_near,
                    results=results,
                    directory=Path.cwd(),
                    listener=heard_by,
                )
            elif arch is not None:
                from nasea.pipeline.retraining.retrain import retrain as run

                outcomes.append(
                    run(
                        config,
                        arch,
                        request,
                        formats=wanted,
                        results=results,
                        restart=restart,
                        listener=listener,
                    )
                )
    finally:  # of several budgets also those before one that was stopped
        for outcome in outcomes:
            _tell(outcome)


def _tell(outcome: Outcome) -> None:
    """Print the outcome of a retraining."""
    from nasea.cli.export import exported_table
    from nasea.cli.terminal.console import results_console, tell

    if outcome.files:
        results_console().print(exported_table(list(outcome.files)))
    for line in outcome.summary:
        tell(line)
    say(f"model:  {outcome.directory / outcome.retrained.model_file}")
    for one in outcome.files:
        say(f"wrote:  {one.path}")
    say(f"export: nasea export {outcome.directory} --format FORMAT")
