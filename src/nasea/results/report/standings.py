"""The report's section on hand-picked networks."""

from __future__ import annotations

import base64
import statistics
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

from nasea.errors import ResultsError
from nasea.results.figures.standings_plot import standings_png
from nasea.results.report.words import message, phrase, say, title
from nasea.results.standings import (
    COMPARE_FILE,
    FOLDERS,
    Contender,
    Standings,
    mean_in_words,
)

_SELECTION = {
    "val_dir": " The search chose its results on the same images; nothing chose the hand picks.",
    "test_dir": " Nothing was chosen on these images.",
}


def standings_beside(report: Path) -> list[Standings]:
    """Load the comparisons beside a report, by rising budget, without damaged files."""
    found = []
    for path in sorted(report.parent.glob(f"{FOLDERS}/{COMPARE_FILE}")):
        with suppress(ResultsError):
            found.append(Standings.load(path))
    return sorted(found, key=lambda one: (one.quantity, one.budget))


def standings_section(compared: Sequence[Standings]) -> str:
    """Return the section as HTML; empty without comparisons."""
    return "\n".join(_card(one, number) for number, one in enumerate(compared))


def _card(found: Standings, number: int) -> str:
    unit = found.unit
    titles = (say("network"), title(unit), say(found.accuracy_title), say("seconds"))
    head = titles[0].html("th", 'scope="col" class="name"')
    head += "".join(one.html("th", 'scope="col"') for one in titles[1:])
    rows = "\n".join(
        "<tr>"
        f"{message(row.name).html('td', _named(row))}"
        f"<td>{unit.number(row.cost(found.quantity))}</td>"
        f"<td>{mean_in_words(row)}</td><td>{statistics.fmean(row.seconds):.0f}</td></tr>"
        for row in found.rows
    )
    verdict = "".join(message(line).html("p") for line in found.verdict)
    missing = "".join(
        f"<li>{escape(one.name)}: {message(one.reason).html()}</li>" for one in found.excluded
    )
    left_out = f"<details>{say('not there').html('summary')}<ul>{missing}</ul></details>" * bool(
        missing
    )
    picture = base64.b64encode(standings_png(found)).decode("ascii")
    name = say("Searched and picked by hand, at {cost}", cost=phrase(unit, found.budget))
    heading = name.html("h2", f'id="compare-{number}"')
    how = say(
        "epochs of each: {epochs}, seeds: {seeds}, the last epoch's weights; mean ± 95 % interval "
        "on {images}.",
        epochs=found.epochs,
        seeds=found.seeds,
        images=found.images,
    ) + say(_SELECTION[found.images])
    hint = how.html("p", 'class="hint"')
    return (
        f'<section class="card" aria-labelledby="compare-{number}">'
        f"{heading}{verdict}"
        f'<figure><img src="data:image/png;base64,{picture}"{name.attribute("alt")}></figure>'
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{rows}\n</tbody></table></div>{hint}{left_out}</section>"
    )


def _named(row: Contender) -> str:
    """The attributes of the cell that names a network: what it is stands in a tooltip."""
    return 'class="name"' + message(row.title).attribute("title")
