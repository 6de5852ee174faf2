"""What was searched, and how: the headline numbers and the facts of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape

from nasea.results.front import Front
from nasea.results.report.tables import where_members, where_searched
from nasea.results.report.words import Said, as_is, message, phrase, say
from nasea.results.units import four_digits, unit_for
from nasea.strategy.registry import title_of


def headline(front: Front) -> Said:
    """Return how many networks were found."""
    limit = phrase(front.unit, front.info.constraint_value)
    count = len(front)
    found = (
        say("1 architecture within {limit}", limit=limit)
        if count == 1
        else say("{count} architectures within {limit}", count=count, limit=limit)
    )
    return found if front.info.unfinished is None else say("Unfinished: ") + found


def notes(front: Front) -> str:
    """Return the warnings, that of an unfinished search first."""
    info = front.info
    parts = []
    if info.unfinished is not None:
        state = info.unfinished
        words = "generation {done} of at most {all}"
        if state.begun:
            words = "generation {done} of at most {all}, {begun} scored of the next"
        said = say(
            "The search is not finished: {state}. Accuracies are those of the search, with weights "
            "inherited from the supernet, {images}. They are measured again, and models with "
            "weights are written, when the search ends.",
            state=say(
                words, **{"done": state.generation, "all": state.generations, "begun": state.begun}
            ),
            images=where_searched(front),
        )
        parts.append(said.html("p", 'class="note" role="note"'))
    parts += [message(note).html("p", 'class="note" role="note"') for note in info.notes]
    return "\n".join(parts)


def tiles(front: Front) -> Iterable[str]:
    """Yield the headline numbers."""
    info, unit = front.info, front.unit
    if front.members:
        best = front.best
        yield _tile(
            say("best {accuracy}", accuracy=say(info.accuracy_title)),
            four_digits(best.accuracy),
            say(
                "architecture {number}, {cost}",
                number=best.number,
                cost=phrase(unit, front.cost_of(best)),
            ),
        )
    yield _tile(say("budget"), unit.text(info.constraint_value), say(unit.noun))
    failed = sum(1 for e in front.evaluated if e.failure is not None)
    yield _tile(
        say("truly scored"),
        f"{info.evaluations:,}",
        say("architectures, {failed} failed", failed=failed),
    )
    if info.hypervolumes:
        count = len(info.hypervolumes)
        after = (
            say("after 1 generation")
            if count == 1
            else say("after {count} generations", count=count)
        )
        yield _tile(say("hypervolume"), four_digits(info.hypervolumes[-1]), after)
    found = info.separation
    if found is not None and found.ratio is not None:
        remark = (
            say("clear: scores tell architectures apart")
            if found.holds
            else say("below {enough}: much of the order is chance", enough=f"{found.enough:g}")
        )
        yield _tile(say("separation ratio"), f"{found.ratio:.1f}", remark)


def _tile(name: Said, value: str, remark: Said) -> str:
    return f'<div class="tile">{name.html()}<b>{escape(value)}</b>{remark.html()}</div>'


def facts(front: Front) -> str:
    """Return names and values that a reader needs to assess and repeat the run."""
    return "\n".join(f"{name.html('dt')}{value.html('dd')}" for name, value in _facts(front))


def _facts(front: Front) -> Iterable[tuple[Said, Said]]:
    info = front.info
    yield say("task"), say(info.task_name)
    yield say("framework"), as_is(info.framework_name)
    limit = phrase(front.unit, info.constraint_value)
    yield say("constraint"), say("at most {cost}, whole network", cost=limit)
    for quantity, value in info.also:
        yield say("and"), say("at most {cost}", cost=phrase(unit_for(quantity, [value]), value))
    if info.objectives:
        nouns = [say(unit_for(quantity, []).noun) for quantity in info.objectives]
        listed = Said(", ".join(n.english for n in nouns), "、".join(n.chinese for n in nouns))
        yield say("also kept small"), listed
    if info.processor is not None:
        yield say("latency"), message(info.processor)
    words = "larger is better; metric_mode {mode}"
    if info.metric_mode == "min":
        words = "smaller is better (an error); metric_mode {mode}"
    yield say("the metric"), say(words, mode=info.metric_mode)
    if info.images is not None:
        yield say("accuracies"), say("of members of the front: {where}", where=where_members(front))
        yield say("grey points"), say("scores of the search, {where}", where=where_searched(front))
    if info.score_as == "int8":
        yield (
            say("scored as"),
            say(
                "int8: accuracies are those of the files in int8, whose rounding is imitated, with "
                "ranges from training images"
            ),
        )
    if front.members:
        yield say("searched layers"), as_is(str(len(front.members[0].layers)))
    if info.proposer is not None:
        proposed = title_of(info.proposer, objectives=bool(info.objectives))
        yield say("proposed by"), message(proposed)
    yield say("evaluations"), _evaluations(front)
    yield from _separation(front)
    if info.ended:
        yield say("ended because"), message(info.ended)
    yield say("seed"), as_is(str(info.seed))
    yield say("scenario digest"), as_is(info.config_digest)
    yield say("nasea"), as_is(info.nasea_version)
    yield say("written"), as_is(info.created)
    yield (
        say("to repeat"),
        say(
            "the same scenario, data and seed with this version of nasea; on a CPU with fixed "
            "threads the front comes out equal"
        ),
    )


def _evaluations(front: Front) -> Said:
    info = front.info
    count, generations = f"{info.evaluations:,}", len(info.hypervolumes)
    if not info.scored_again:
        return say("{count} in {generations} generations", count=count, generations=generations)
    return say(
        "{count} in {generations} generations, and {again} more of members of the front, on other "
        "images",
        count=count,
        generations=generations,
        again=f"{info.scored_again:,}",
    )


def _separation(front: Front) -> Iterable[tuple[Said, Said]]:
    found = front.info.separation
    if found is None:
        return
    if found.ratio is None:
        yield say("separation"), say("scores did not vary")
    else:
        yield (
            say("separation"),
            say(
                "the variance between random architectures is {ratio} times that of one "
                "architecture's scores; {enough} or more is clear",
                ratio=f"{found.ratio:.1f}",
                enough=f"{found.enough:g}",
            ),
        )
    if found.noise is not None:
        yield say("noise of a score"), as_is(f"±{found.noise:.2g}")


def failures(front: Front) -> str:
    """Return the reasons of failed candidates, folded; empty without any."""
    reasons = Counter(e.failure for e in front.evaluated if e.failure is not None)
    if not reasons:
        return ""
    items = "".join(
        f"<li>{count} × {message(reason).html()}</li>" for reason, count in reasons.most_common()
    )
    summary = say("{count} failed candidates", count=reasons.total()).html("summary")
    return f"<details>{summary}<ul>{items}</ul></details>"
