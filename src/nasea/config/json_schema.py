"""The JSON Schema of ``scen.yaml``, generated from the schema: editors complete and check by it.

It is a little more lenient than nasea where a text may mean a value (tuples, ``0,1``, ``11M``), and
knows nothing of rules between keys. Run ``python -m nasea.config.json_schema >
docs/reference/scen.schema.json`` after a change of the schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter

from nasea.config.schema.fields import KeyedField, keyed_fields
from nasea.config.schema.keys import TASKS, By, Form
from nasea.config.schema.scenario import Scenario

_DRAFT = "http://json-schema.org/draft-07/schema#"  # which all YAML editors know

_Schema = dict[str, Any]


def json_schema() -> _Schema:
    """The schema of a scenario file, as a dict that ``json.dumps`` takes."""
    fields = {one.key.path: one for one in keyed_fields()}
    strategy = _section("strategy", fields)
    resource = _section("resource", fields)
    strategy["properties"]["resource"] = resource
    if "epochs" in strategy.get("required", ()):  # which time_budget stands in for
        strategy["required"].remove("epochs")
        strategy["anyOf"] = [{"required": ["epochs"]}, {"required": ["time_budget"]}]
    strategy["allOf"] = [_only_for_some(one) for one in fields.values() if _is_for_some(one)]
    scenario: _Schema = {
        "type": "object",
        "properties": {"strategy": strategy, "resource": resource},
        "required": ["strategy"],
        "additionalProperties": False,
    }
    if "required" in resource:
        inside = {"properties": {"strategy": {"required": ["resource"]}}}
        scenario["anyOf"] = [{"required": ["resource"]}, inside]
    return {
        "$schema": _DRAFT,
        "title": "nasea scenario (scen.yaml)",
        "type": "object",
        "properties": {"scenario": scenario},
        "required": ["scenario"],
    }


def render_json_schema() -> str:
    """The schema as text that ends in a newline."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _section(path: str, fields: Mapping[str, KeyedField]) -> _Schema:
    """The schema of a section with the sections in it."""
    properties: _Schema = {}
    required: list[str] = []
    for key, field in fields.items():
        if not key.startswith(f"{path}."):
            continue
        name, _, rest = key.removeprefix(f"{path}.").partition(".")
        if not rest:
            properties[name] = _value(field)
        elif name not in properties:
            properties[name] = _section(f"{path}.{name}", fields)
        if field.key.required_for == TASKS and name not in required:
            required.append(name)
    section: _Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return section | ({"required": required} if required else {})


def _value(field: KeyedField) -> _Schema:
    found = _form(field.form, TypeAdapter(_hint(field)).json_schema(), field.key.any_case)
    if field.form.nullable:
        found = {"anyOf": [found, {"type": "null"}]}
    meaning = field.key.meaning
    found = {"description": meaning[:1].upper() + meaning[1:], **found}
    default = field.default
    if default is not None and not isinstance(default, By):
        is_choice = isinstance(default, str) and bool(field.form.choices)
        found["default"] = field.form.spelling(str(default)) if is_choice else default
    return found


def _form(form: Form, typed: _Schema, any_case: bool = False) -> _Schema:
    """What a value may look like.

    Args:
        form: of it.
        typed: the schema of its type.
        any_case: its letters may be large or small.
    """
    typed = next((one for one in typed.get("anyOf", []) if one.get("type") != "null"), typed)
    typed = {key: value for key, value in typed.items() if key not in ("title", "default")}
    if form.choices:
        exact: _Schema = {"enum": list(form.choices)}
        if not any_case:
            return exact
        return {"anyOf": [exact, *({"pattern": _in_any_case(one)} for one in form.choices)]}
    if form.cost or form.span:  # 11M, 1h30m
        return {"anyOf": [typed, {"type": "string", "pattern": "[0-9]"}]}
    if form.item is None:
        return typed
    items = typed.get("items", {}) or next(iter(typed.get("prefixItems", [{}])))
    listed: _Schema = {"type": "array", "items": _form(form.item, items)}
    listed |= {key: typed[key] for key in ("minItems", "maxItems") if key in typed}
    if form.joined:
        listed["items"] = {"anyOf": [{"type": "string"}, {"type": "array"}]}
    if form.item.kind is str:
        return listed
    tuples = [{"type": "string", "pattern": r"^\s*\(.*\)\s*$"}]
    bare = [{"type": "integer", "minimum": 0}, {"type": "string"}]
    return {"anyOf": [listed, *(bare if form.bare else tuples)]}


def _in_any_case(word: str) -> str:
    letters = (f"[{one.lower()}{one.upper()}]" if one.isalpha() else one for one in word)
    return f"^{''.join(letters)}$"


def _hint(field: KeyedField) -> Any:
    model: type[BaseModel] = Scenario
    for name in field.location[:-1]:
        annotation = model.model_fields[name].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation
    return get_type_hints(model, include_extras=True)[field.location[-1]]


def _is_for_some(field: KeyedField) -> bool:
    return bool(field.key.required_for) and field.key.required_for != TASKS


def _only_for_some(field: KeyedField) -> _Schema:
    """The rule of a key that some tasks cannot do without."""
    tasks = next(one for one in keyed_fields() if one.key.path.endswith(".application_type"))
    names = [tasks.form.spelling(task) for task in field.key.required_for]
    section, name = field.key.path.split(".")[1:]
    task = {"required": ["application_type"], "properties": {"application_type": {"enum": names}}}
    return {
        "if": {"required": ["constraint"], "properties": {"constraint": task}},
        "then": {"properties": {section: {"required": [name]}}},
    }


if __name__ == "__main__":
    print(render_json_schema(), end="")
