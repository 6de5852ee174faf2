"""The Chinese catalogue is complete, current and says the same as the code."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from nasea.translation.catalogue import (
    Entry,
    parse_catalogue,
    read_catalogue,
    write_catalogue,
)
from nasea.translation.templates import PLACEHOLDER, suffixes

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools" / "translation"))

from extract import collected, templates  # noqa: E402
from update import CATALOGUE, updated  # noqa: E402

ENTRIES = read_catalogue("zh_CN")
TERMS = {
    "supernet": "超网",
    "hypervolume": "超体积",
    "Pareto front": "帕累托前沿",
    "genome": "基因",
    "hand pick": "人工设计",
    "checkpoint": "检查点",
}
"""A term of docs/concepts.md -> what it is called in Chinese."""

_CODE = re.compile(r"\{\w+\}|[\w-]*[._/:]+[\w./:]+|\w+/|--[\w-]+|`[^`]*`")


def test_every_message_is_translated() -> None:
    """To mend: ``make translations``, then translate what is empty in the catalogue."""
    current = updated(CATALOGUE.read_text(encoding="utf-8"))
    assert [one.source for one in parse_catalogue(current) if not one.target] == []
    assert current == CATALOGUE.read_text(encoding="utf-8"), "run: make translations"


def test_values_are_the_same_in_both() -> None:
    for one in ENTRIES:
        source, target = (set(PLACEHOLDER.findall(text)) for text in (one.source, one.target))
        assert source - suffixes(one.source) <= target <= source, one


def test_a_value_stands_once() -> None:
    """Else a finished text could not tell which of two places holds it."""
    for one in ENTRIES:
        names = PLACEHOLDER.findall(one.source)
        assert len(names) == len(set(names)), one


def test_messages_that_look_alike_say_the_same() -> None:
    """``{op} cannot run`` and ``{name} cannot run`` cannot be told apart once they are filled."""
    alike: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in ENTRIES:
        order = {name: str(k) for k, name in enumerate(PLACEHOLDER.findall(one.source))}
        source, target = (
            PLACEHOLDER.sub(lambda found, at=order: f"{{{at[found[1]]}}}", text)  # type: ignore[misc]
            for text in (one.source, one.target)
        )
        alike[one.context, source].add(target)
    assert {source: found for source, found in alike.items() if len(found) > 1} == {}


def test_translations_are_chinese() -> None:
    """What is the same in both is code or a name: it has no sentence of lower-case words."""
    for one in ENTRIES:
        if re.search(r"[\u4e00-\u9fff]", one.target):
            continue
        words = re.findall(r"\b[a-z]{2,}\b", _CODE.sub("", one.target))
        assert len(words) < 6 and not set(words) & {"the", "of", "is", "must"}, one


@pytest.mark.parametrize("term", TERMS)
def test_terms_are_those_of_the_glossary(term: str) -> None:
    concepts = (ROOT / "docs" / "concepts.zh.md").read_text(encoding="utf-8")
    assert TERMS[term] in concepts
    spoken = [one for one in ENTRIES if re.search(rf"\b{term}s?\b", _CODE.sub("", one.source))]
    assert spoken
    assert [one.source for one in spoken if TERMS[term] not in one.target] == []


def test_a_catalogue_is_read_as_it_was_written() -> None:
    entries = [
        Entry('a "quoted" {text}\n  of lines', "“{text}”\n\t行", "", ("a.py", "b.py")),
        Entry("layer", "层", "label"),
    ]
    header = 'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"'
    assert list(parse_catalogue(write_catalogue(entries, header))) == entries


@pytest.mark.parametrize(
    "code, found",
    [
        ("f'{path} has {len(rows)} rows of it'", ["{path} has {rows} rows of it"]),
        ('f\'{n} error{"s" if n > 1 else ""} in it\'', ["{n} errors in it", "{n} error in it"]),
        ("'write ' + name + ' in the file'", ["write {name} in the file"]),
        ("f'from {a.low:.2f} up to {b.low:.2f}'", ["from {low} up to {low2}"]),
        ("f'it is not {\", \".join(names)}'", ["it is not {names}"]),
        ("x = '{} is not the {}'", ["{value} is not the {value2}"]),
        ("x = 'some_key'", []),
        ("raise TypeError('a defect of the code')", []),
        ("'some words here' in text", []),
        ("re.search('look for this', text)", []),
        ("def f():\n    'A docstring of the code.'", []),
    ],
)
def test_messages_are_found_in_code(code: str, found: list[str]) -> None:
    import ast

    assert list(templates(ast.parse(code))) == found


def test_every_error_of_the_code_is_collected() -> None:
    """Words in the call of an error, anywhere in the code, are in the catalogue."""
    import ast

    known = set(collected())
    assert len(known) > 1500
    missed = []
    for path in (ROOT / "src" / "nasea").rglob("*.py"):
        if path.parent.name == "api":
            continue  # for people who program: exceptions are English
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not _is_error(node.func):
                continue
            for text in (*node.args, *(one.value for one in node.keywords)):
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    if len(text.value.split()) > 2 and text.value.strip() not in known:
                        missed.append(f"{path.name}: {text.value}")
    assert missed == []


def _is_error(function: object) -> bool:
    import ast

    return (
        isinstance(function, ast.Name)
        and function.id.endswith("Error")
        and (
            function.id
            not in ("ValueError", "TypeError", "RuntimeError", "KeyError", "AttributeError")
            and function.id
            not in ("NotImplementedError", "AssertionError", "IndexError", "OSError")
        )
    )
