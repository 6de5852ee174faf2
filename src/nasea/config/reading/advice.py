"""Suggests a correct spelling for a refused value, where it can be guessed."""

from __future__ import annotations

import re
from dataclasses import replace

from nasea.config.reading.escapes import advice_on_backslashes, is_misread
from nasea.config.reading.nodes import Node, Scalar
from nasea.config.reading.report import shorten
from nasea.config.reading.values import plain_value
from nasea.config.schema.amounts import amount_advice, read_amount
from nasea.config.schema.keys import Form
from nasea.config.schema.spans import span_advice

_SEPARATORS = re.compile(r"[\s,;x×*/]+", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[0-9.]{1,40}(?:[eE][-+]?[0-9]{1,4})?")
_DEVICE = re.compile(r"/?(?:device:)?(?:cuda|gpu)?:?(?P<id>[0-9]{1,4})?", re.IGNORECASE)
_NOTHING = {"all", "any", "auto", "default", "full", "none", "no", "off", "unlimited", "never"}


_NEVER = {"never", "no", "off", "unlimited"}


def advice(
    node: Node, form: Form, *, default: str | None = None, zero: str | None = None
) -> str | None:
    """Suggest what to write in place of a refused value.

    Args:
        node: the refused value.
        form: the form that it should have.
        default: the effect of leaving the key out, if that is possible and can be described.
        zero: the meaning of 0, if it has a special one.
    """
    if not isinstance(node, Scalar) or form.choices:
        return None
    if form.kind is str and is_misread(node):
        return advice_on_backslashes(node)
    if zero and node.text.strip().casefold() in _NEVER:
        return f"write 0, which means: {zero}"
    if form.nullable and node.text.strip().casefold() in _NOTHING:
        return "leave the key out" + (f", which means: {default}" if default else "")
    if form.item is not None:
        return _of_devices(node.text) if form.bare else _of_list(node.text, form.words)
    bare = plain_value(replace(node, quoted=False))
    if form.span:
        return span_advice(node.text)
    if form.kind is str:
        return f'write "{shorten(node.text)}"' if not node.quoted and bare is not None else None
    return _of_number(node, bare, form)


def _of_number(node: Scalar, bare: object, form: Form) -> str | None:
    amount = read_amount(node.text)
    if node.quoted and _is_number(bare) and not form.cost:
        return "remove the quotes"
    if bare is None and not node.quoted:
        return "give a value, or remove the key"
    if amount is not None and amount.unit != "ms":
        if (
            form.kind is int
            and not isinstance(bare, int)
            and amount.value.is_integer()
            and 0 < amount.value < 1e15
        ):
            return f"write {int(amount.value)}"
        return None
    fix = amount_advice(node.text)
    if fix is not None and (form.cost or form.kind is float):
        return fix
    if form.cost and not _is_number(bare):
        return "write it as 2500000, 2.5M or 2.5e6"
    return None


def _of_list(text: str, words: str) -> str | None:
    """Return ``16, 32, 32``, ``1 8 8`` and ``3x224x224`` as YAML lists."""
    parts = [part for part in _SEPARATORS.split(text.strip("()[]{} ")) if part]
    if not parts or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    if words[:1].isdigit() and len(parts) != int(words[:1]):
        return None  # too many or too few items: brackets would not help
    return f"write [{shorten(', '.join(parts))}]"


def _of_devices(text: str) -> str | None:
    """Return ``cuda:0`` and ``gpu0, gpu1`` as device ids."""
    if text.strip().casefold() in ("cpu", "-1", "none"):
        return "write 0, and resource.device: cpu"
    if text.strip().casefold() in ("all", "auto"):
        return "write the ids, as in 0,1"
    parts = [_DEVICE.fullmatch(part) for part in re.split(r"[\s,;]+", text.strip("()[] ")) if part]
    if not parts or any(part is None for part in parts):
        return None
    ids = [part["id"] or "0" for part in parts if part is not None]
    return f"write {shorten(','.join(str(int(one)) for one in ids))}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
