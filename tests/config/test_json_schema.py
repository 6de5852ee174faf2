"""The JSON Schema for editors: current, and of one mind with nasea about real files."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from nasea.config.json_schema import json_schema, render_json_schema
from nasea.config.schema.fields import keyed_fields

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "reference" / "scen.schema.json"
SCENARIOS = [
    path
    for folder in ("src/nasea/templates", "benchmarks")
    for path in sorted((ROOT / folder).rglob("scen.yaml"))
    if "$" not in path.read_text("utf-8")  # which a script fills in
]


def test_the_committed_schema_is_up_to_date() -> None:
    """To mend: ``make reference``."""
    assert COMMITTED.read_text(encoding="utf-8") == render_json_schema()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.parent.name)
def test_real_files_are_valid(path: Path) -> None:
    assert not problems(YAML(typ="safe").load(path))


def test_every_key_is_described() -> None:
    for field in keyed_fields():
        found: Any = json_schema()["properties"]["scenario"]
        for name in field.key.path.split("."):
            found = found["properties"][name]
        assert found["description"].lower() == field.key.meaning.lower()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("framework", "tensorFLOW"),
        ("constraint.constraint_value", "11M"),
        ("supernet.input_shape", "(1, 8, 8)"),
        ("supernet.widths", None),
        ("time_budget", "1h30m"),
        ("searcher.initial", [["res", "skip"], "res skip"]),
        ("optimizer.weights_optimizer.betas", [0.9, 0.99]),
    ],
)
def test_what_nasea_takes_is_valid(key: str, value: object) -> None:
    assert not problems(changed(key, value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("framework", "JAX"),
        ("epochs", 0),
        ("epochs", "ten"),
        ("supernet.strides", [1, 3]),
        ("supernet.filters", 64),
        ("supernet.input_shape", [8, 8]),
        ("supernet.filter", [64]),
        ("optimizer.weights_optimizer.learning_rate", 2),
        ("constraint.application_type", "object_detection"),  # which needs pre_train_dir
    ],
)
def test_what_nasea_refuses_is_not(key: str, value: object) -> None:
    assert problems(changed(key, value))


def test_what_is_required() -> None:
    content = changed("epochs", 3)
    del content["scenario"]["strategy"]["epochs"]
    assert problems(content)
    content["scenario"]["strategy"]["time_budget"] = "2h"
    assert not problems(content)
    del content["scenario"]["strategy"]["dataset"]["val_dir"]
    assert problems(content)


def changed(key: str, value: object) -> dict[str, Any]:
    """A valid scenario with another value of a key."""
    template = ROOT / "src" / "nasea" / "templates" / "pytorch_classification" / "scen.yaml"
    content: dict[str, Any] = deepcopy(YAML(typ="safe").load(template))
    place = content["scenario"]["strategy"]
    *sections, name = key.split(".")
    for section in sections:
        place = place.setdefault(section, {})
    place[name] = value
    return content


def problems(content: object) -> list[str]:
    validator = jsonschema.Draft7Validator(json_schema())
    return [error.message for error in validator.iter_errors(content)]
