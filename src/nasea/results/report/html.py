"""The report of a search: one HTML file that opens offline and is small enough to mail.

The modules beside this one write the text, so the page is readable without JavaScript. In the
browser, ``templates/report.js`` draws charts from the JSON that this module embeds, and shows the
page in Chinese on request. The page loads nothing: its security policy forbids it and only allows
that script, by its digest. So markup in a user's name cannot run either.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from nasea.results.front import Front
from nasea.results.report.choice import choice_section
from nasea.results.report.facts import facts, failures, headline, notes, tiles
from nasea.results.report.standings import standings_beside, standings_section
from nasea.results.report.tables import front_section, layer_tables, series_table
from nasea.results.report.words import Said, phrase, say
from nasea.results.report_data import embedded_json
from nasea.results.standings import Standings
from nasea.results.storage.files import write_result
from nasea.results.units import four_digits


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
    growth, losses = enumerate(info.hypervolumes, 1), enumerate(info.losses, 1)
    known = sum(loss is not None for loss in info.losses)
    return Template(_asset("report.html")).substitute(
        title=escape(f"nasea: {info.task_name}, {info.framework_name}"),
        task=say(info.task_name).html(),
        framework=escape(info.framework_name),
        headline=headline(front).html("h1"),
        tiles="\n".join(tiles(front)),
        notes=notes(front),
        choice=choice_section(front),
        front_table=front_section(front),
        layers=layer_tables(front) if front.members else "",
        predictions=_predictions(front, predictions or {}),
        compared=standings_section(compared),
        growth=_curve(
            say("Shown from two generations on."),
            len(info.hypervolumes),
            series_table(say("generation"), say("hypervolume"), growth),
        ),
        training=_curve(
            say("Shown from two epochs on."),
            known,
            series_table(say("epoch"), say("loss"), losses),
        ),
        training_hidden="" if info.losses else "hidden",
        facts=facts(front),
        failures=failures(front),
        style=_asset("report.css"),
        script=script,
        script_hash=f"sha256-{digest}",
        data=embedded_json(front, compared),
    )


def _asset(name: str) -> str:
    return (resources.files("nasea.results") / "templates" / name).read_text(encoding="utf-8")


def _curve(hint: Said, points: int, table: str) -> str:
    """Return the table of a curve, or a hint that there are too few points for one."""
    return table if points > 1 else hint.html("p", 'class="hint"')


def _predictions(front: Front, pictures: Mapping[int, bytes]) -> str:
    if not pictures:
        return ""
    parts = []
    for number, png in sorted(pictures.items()):
        member = front.members[number]
        caption = say(
            "architecture {number}: {accuracy} {value}, {cost}",
            number=number,
            accuracy=say(front.info.accuracy_title),
            value=four_digits(member.accuracy),
            cost=phrase(front.unit, front.cost_of(member)),
        )
        source = f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
        alt = say("Validation images, truth beside what architecture {number} finds", number=number)
        link = caption.html("a", f'href="#{number}"')
        parts.append(
            f"<figure><figcaption>{link}</figcaption>"
            f'<img src="{source}"{alt.attribute("alt")}></figure>'
        )
    # Earlier versions drew the first images, and wrote no numbers of images.
    chosen = say(
        "Of up to 24 validation images, those on which the cheapest and the most accurate network "
        "differ most."
    )
    new = front.info.images is not None and len(pictures) > 1
    shown = chosen.html("p", 'class="hint"') if new else ""
    heading = say("Predictions on validation images").html("h2", 'id="predictions-title"')
    return (
        '<section class="card" aria-labelledby="predictions-title">'
        f"{heading}{shown}{''.join(parts)}</section>"
    )
