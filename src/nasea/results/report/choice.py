"""Which networks of a front to take, and the commands for them."""

from __future__ import annotations

from html import escape

from nasea.results.front import Front, FrontMember
from nasea.results.recommend import amount, knee
from nasea.results.report.words import Said, phrase, say
from nasea.results.units import four_digits

HINT, WHY = 'class="hint"', 'class="why"'


def choice_section(front: Front) -> str:
    """Return the recommended networks with commands to copy; empty for an empty front."""
    if not front.members:
        return ""
    best = front.best
    named: list[tuple[FrontMember, Said]] = [(best, say("most accurate within the budget"))]
    bend = knee(front)
    if bend is not None:
        named.append((bend, say("knee: beyond it accuracy costs more")))
    if front[0] is not best:
        named.append((front[0], say("cheapest")))
    items = "".join(f"<li>{_named(front, member, why)}</li>" for member, why in named)
    noise = front.info.separation.noise if front.info.separation is not None else None
    caution = (
        say(
            "Scores are those of the supernet; what counts is the network trained in full. A score "
            "of the search is good to ±{noise}: smaller differences mean nothing.",
            noise=f"{noise:.2g}",
        )
        if noise
        else say("Scores are those of the supernet; what counts is the network trained in full.")
    )
    heading = say("Which one to take?").html("h2", 'id="choice-title"')
    no_knee = ""
    if bend is None and len(front) > 2:
        none = say("There is no knee: accuracy rises evenly with cost, or in too few steps.")
        no_knee = none.html("p", HINT)
    return (
        '<section class="card" aria-labelledby="choice-title">'
        f'{heading}<ul class="choice">{items}</ul>{no_knee}{_commands(front)}'
        f"{caution.html('p', HINT)}</section>"
    )


def _named(front: Front, member: FrontMember, why: Said) -> str:
    text = say(
        "Architecture {number}: {accuracy}, {cost}",
        number=member.number,
        accuracy=four_digits(member.accuracy),
        cost=phrase(front.unit, front.cost_of(member)),
    )
    link = text.html("a", f'href="#{member.number}"')
    return f"{link} {why.html('span', WHY)}"


def _commands(front: Front) -> str:
    """Return what to type next, most useful first."""
    best, unit = front.best, front.unit
    if front.info.unfinished is not None:
        lines = [
            (say("Continue the search:"), "nasea search"),
            (say("End it here, and write models with weights:"), "nasea search --finish"),
        ]
    else:
        cost = amount(float(f"{front.cost_of(best):.3g}"))
        lines = [
            (say("Train it in full, and export it:"), f"nasea retrain --arch {best.number}"),
            (
                say("Export it with the weights of the search:"),
                f"nasea export --arch {best.number}",
            ),
            (
                say("Compare with networks picked by hand, at the same cost and epochs:"),
                f"nasea compare --budget {cost}",
            ),
        ]
    assert unit.quantity == front.info.constraint_type, "nasea compare reads it in this unit"
    return "".join(f"<p>{words.html()}</p>{command(text)}" for words, text in lines)


def command(text: str) -> str:
    """Return a command; the script adds a button that copies it."""
    return f'<pre class="command" tabindex="0"><code>{escape(text)}</code></pre>'
