"""The report of a search: one HTML file that opens offline and is small enough to mail.

This module writes the text, so the page is readable without JavaScript. In the browser,
``templates/report.js`` draws charts from the JSON that this module embeds. The page loads nothing:
its security policy forbids it and only allows that script, by its digest. So markup in a user's
name cannot run either.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from nasea.results.breakdown import columns_of, costs_of
from nasea.results.front import Front
from nasea.results.report.standings import standings_beside, standings_section
from nasea.results.report_data import embedded_json, measured_column
from nasea.results.standings import Standings
from nasea.results.storage.files import write_result
from nasea.results.units import four_digits, unit_for
from nasea.strategy.registry import title_of


def save_report(front: Front, path: Path) -> None:
    """Write the report of a search as one self-contained HTML file.

    ``report.html#3`` opens with architecture 3 selected. Prediction images and results of ``nasea
    compare`` in the same folder are included.

    Raises:
        ResultsError: the file cannot be written.
    """
    beside = ((n, path.with_name(predictions_file(n))) for n in range(len(front.members)))
    pictures = {n: p.read_bytes() for n, p in beside if p.is_file()}
    write_result(path, report_html(front, pictures, standings_beside(path)))


def predictions_file(number: int) -> str:
    """Return the file name of a member's predictions on validation images."""
    return f"predictions_{number}.png"


def report_html(
    front: Front,
    predictions: Mapping[int, bytes] | None = None,
    compared: Sequence[Standings] = (),
) -> str:
    """Return the report's HTML.

    Args:
        front: the front.
        predictions: by member, the PNG file of its predictions on validation images.
        compared: comparisons with hand-picked networks.
    """
    info = front.info
    script = _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return Template(_asset("report.html")).substitute(
        title=escape(f"nasea: {info.task_name}, {info.framework_name}"),
        task=escape(info.task_name),
        framework=escape(info.framework_name),
        headline=escape(_headline(front)),
        tiles="\n".join(_tiles(front)),
        notes="\n".join(
            f'<p class="note" role="note">{escape(note)}</p>'
            for note in filter(None, (info.unfinished_note, *info.notes))
        ),
        front_table=_front_table(front),
        predictions=_predictions(front, predictions or {}),
        compared=standings_section(compared),
        growth_note="" if len(info.hypervolumes) > 1 else _hint("Shown from two generations on."),
        facts="\n".join(f"<dt>{escape(name)}</dt><dd>{text}</dd>" for name, text in _facts(front)),
        failures=_failures(front),
        style=_asset("report.css"),
        script=script,
        script_hash=f"sha256-{digest}",
        data=embedded_json(front),
    )


def _asset(name: str) -> str:
    return (resources.files("nasea.results") / "templates" / name).read_text(encoding="utf-8")


def _headline(front: Front) -> str:
    limit = front.unit.phrase(front.info.constraint_value)
    count = len(front)
    return f"{count} architecture{'s' * (count != 1)} within {limit}"


def _tiles(front: Front) -> Iterable[str]:
    info, unit = front.info, front.unit
    if front.members:
        best = front.best
        cost = unit.phrase(front.cost_of(best))
        yield _tile(
            f"best {info.accuracy_title}",
            four_digits(best.accuracy),
            f"architecture {best.number}, {cost}",
        )
    yield _tile("budget", unit.text(info.constraint_value), unit.noun)
    failed = sum(1 for e in front.evaluated if e.failure is not None)
    yield _tile("truly scored", f"{info.evaluations:,}", f"architectures, {failed} failed")
    if info.hypervolumes:
        count = len(info.hypervolumes)
        after = f"after {count} generation{'s' * (count != 1)}"
        yield _tile("hypervolume", four_digits(info.hypervolumes[-1]), after)


def _tile(name: str, value: str, remark: str) -> str:
    return (
        f'<div class="tile"><span>{escape(name)}</span><b>{escape(value)}</b>'
        f"<span>{escape(remark)}</span></div>"
    )


def _front_table(front: Front) -> str:
    units = columns_of(front)
    clock = measured_column(front)
    int8 = front.info.score_as == "int8"
    titles = ["N", front.info.accuracy_title, *(["float accuracy"] if int8 else [])]
    titles += [*(unit.title for unit in units)]
    titles += ["measured here (ms)"] if clock else []
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    rows = []
    for member in front:
        costs = costs_of(member, units)
        cells = [
            f'<a href="#{member.number}">{member.number}</a>',
            four_digits(member.accuracy),
            *([_four_digits(member.float_accuracy)] if int8 else []),
            *(
                "" if cost is None else unit.number(cost)
                for unit, cost in zip(units, costs, strict=True)
            ),
        ]
        if clock:
            cells.append("" if member.measured_ms is None else clock.number(member.measured_ms))
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        rows.append(f'<tr data-number="{member.number}">{row}</tr>')
    return "\n".join(
        [
            f'<table id="front-table"><thead><tr>{head}</tr></thead><tbody>',
            *rows,
            "</tbody></table>",
        ]
    )


def _predictions(front: Front, pictures: Mapping[int, bytes]) -> str:
    if not pictures:
        return ""
    parts = []
    for number, png in sorted(pictures.items()):
        member = front.members[number]
        cost = front.unit.phrase(front.cost_of(member))
        accuracy = f"{front.info.accuracy_title} {four_digits(member.accuracy)}"
        caption = f"architecture {number}: {accuracy}, {cost}"
        source = f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
        alt = f"Validation images, truth beside what architecture {number} finds"
        parts.append(
            f'<figure><figcaption><a href="#{number}">{escape(caption)}</a></figcaption>'
            f'<img src="{source}" alt="{escape(alt)}"></figure>'
        )
    return (
        '<section class="card" aria-labelledby="predictions-title">'
        '<h2 id="predictions-title">Predictions on validation images</h2>'
        f"{''.join(parts)}</section>"
    )


def _facts(front: Front) -> Iterable[tuple[str, str]]:
    """Yield names and HTML values that a reader needs to assess and repeat the run."""
    info = front.info
    better = "larger is better" if info.metric_mode == "max" else "smaller is better (an error)"
    yield "task", escape(info.task_name)
    yield "framework", escape(info.framework_name)
    yield "constraint", escape(f"at most {front.unit.phrase(info.constraint_value)}, whole network")
    for quantity, value in info.also:
        yield "and", escape(f"at most {unit_for(quantity, [value]).phrase(value)}")
    if info.objectives:
        traded = ", ".join(unit_for(quantity, []).noun for quantity in info.objectives)
        yield "also kept small", escape(traded)
    if info.processor is not None:
        yield "latency", escape(info.processor)
    yield "the metric", escape(f"{better}; metric_mode {info.metric_mode}")
    if info.score_as == "int8":
        yield (
            "scored as",
            "int8: accuracies are those of the files in int8, whose rounding is imitated, with "
            "ranges from training images",
        )
    if front.members:
        yield "searched layers", str(len(front.members[0].layers))
    if info.proposer is not None:
        yield "proposed by", escape(title_of(info.proposer, objectives=bool(info.objectives)))
    again = ""
    if info.scored_again:
        again = f", and {info.scored_again:,} more of members of the front, on other images"
    yield "evaluations", f"{info.evaluations:,} in {len(info.hypervolumes)} generations{again}"
    if info.ended:
        yield "ended because", escape(info.ended)
    yield "seed", str(info.seed)
    yield "scenario digest", f"<code>{escape(info.config_digest)}</code>"
    yield "nasea", escape(info.nasea_version)
    yield "written", escape(info.created)
    yield (
        "to repeat",
        "the same scenario, data and seed with this version of nasea; on a CPU with fixed threads "
        "the front comes out equal",
    )


def _failures(front: Front) -> str:
    reasons = Counter(e.failure for e in front.evaluated if e.failure is not None)
    if not reasons:
        return ""
    items = "".join(
        f"<li>{count} × {escape(reason)}</li>" for reason, count in reasons.most_common()
    )
    return (
        f"<details><summary>{reasons.total()} failed candidates</summary><ul>{items}</ul></details>"
    )


def _four_digits(value: float | None) -> str:
    return "" if value is None else four_digits(value)


def _hint(text: str) -> str:
    return f'<p class="hint">{escape(text)}</p>'
