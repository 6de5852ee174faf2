"""The reference of all keys, generated from the schema.

Run ``python -m nasea.config.reference > docs/reference/configuration.md`` after a change of the
schema.
"""

from __future__ import annotations

from nasea.config.schema.fields import AXES, KeyedField, keyed_fields
from nasea.config.schema.keys import TASKS, By, alternatives

_HEAD = """\
# Configuration reference

Generated from the schema; do not edit. All keys of `scen.yaml` and the places where they stand.
Keys marked *extension* are additions to the classic format, and all of them are optional.

- Everything stands under `scenario:`. `resource` may stand there or under `strategy`.
- A list may be written as a YAML list or as a tuple: `[3, 224, 224]` or `(3, 224, 224)`.
- A budget may be written `2500000`, `2.5M`, `2.5e6`, `2_500_000` or `2,500,000`; k, M, G (or B) and
  T stand for thousands, millions, billions and trillions; latency also as `7.5 ms`. So may counts,
  such as `eval_images: 5k`. What might be
  meant otherwise (`60,000`, `60.000`, `5m`) is read with a notice.
- Merge keys and anchors (`<<: *defaults`) work; a key at the top that holds what they refer to, and
  one that begins with `x-`, may stand beside `scenario`.
- Write Windows paths without quotes or in single quotes; in double quotes a backslash is an escape.
- An empty value of a key whose default is *none* means that default.
- Full-width punctuation, tabs, no-break spaces and the letter case of keys and names are corrected
  with a notice. Everything else that is wrong is refused, all errors at once, with exit status 2.
- A key that the framework, task, constraint or optimizer at hand does not use is ignored with a
  notice.
"""


def render_reference() -> str:
    """Return the reference as Markdown."""
    parts = [_HEAD]
    sections: dict[str, list[KeyedField]] = {}
    for field in keyed_fields():
        sections.setdefault(field.key.path.rpartition(".")[0], []).append(field)
    for section, fields in sections.items():
        parts.append(f"## {section}\n")
        parts.append("| key | type and range | required | default | meaning |")
        parts.append("|---|---|---|---|---|")
        parts.extend(_row(one) for one in fields)
        parts.append("")
    return "\n".join(parts)


def _row(field: KeyedField) -> str:
    key = field.key
    name = key.path.rpartition(".")[2]
    cells = [f"`{name}`", _accepts(field), _required(field), _default(field), _meaning(field)]
    return f"| {' | '.join(cells)} |"


def _accepts(field: KeyedField) -> str:
    if field.form.choices:
        choices = alternatives([f"`{choice}`" for choice in field.form.choices])
        return f"{choices}, in any letter case" if field.key.any_case else choices
    return field.form.words


def _required(field: KeyedField) -> str:
    if field.key.required_for == TASKS:
        return "yes"
    return ", ".join(field.key.required_for) or "no"


def _default(field: KeyedField) -> str:
    return "" if field.key.required_for else _value(field, field.default)


def _value(field: KeyedField, value: object) -> str:
    if isinstance(value, By):
        cases: dict[str, list[str]] = {}
        for case, one in value.values.items():
            cases.setdefault(_value(field, one), []).append(case)
        if len(cases) == 1 and value.axis in field.key.applies:
            return next(iter(cases))
        texts = (f"({one})" if ": " in one else one for one in cases)
        return "; ".join(
            f"{', '.join(names)}: {text}" for text, names in zip(texts, cases.values(), strict=True)
        )
    if value is None or value == ():
        return "*none*"
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f"`{field.form.spelling(str(value)) if field.form.choices else value}`"


def _meaning(field: KeyedField) -> str:
    meaning = field.key.meaning
    for axis, users in field.key.applies.items():
        decider = next(one for one in keyed_fields() if one.location == AXES[axis])
        spelled = [f"`{decider.form.spelling(user)}`" for user in users]
        meaning += f"; only with {alternatives(spelled)}"
    return f"{meaning} (*extension*)" if field.key.extension else meaning


if __name__ == "__main__":
    print(render_reference(), end="")
