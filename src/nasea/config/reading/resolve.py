"""Turns the values of a file into a scenario: defaults, validation, rules between keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from pydantic import ValidationError

from nasea.config.reading.advice import advice
from nasea.config.reading.nodes import Node, Scalar
from nasea.config.reading.report import Report
from nasea.config.reading.suggest import closest
from nasea.config.reading.walk import Found
from nasea.config.schema.costs import check_costs
from nasea.config.schema.fields import AXES, KeyedField, Location, keyed_fields
from nasea.config.schema.keys import TASKS, Situation, alternatives
from nasea.config.schema.rules import check
from nasea.config.schema.scenario import Scenario
from nasea.config.schema.strides import spread_strides
from nasea.terms import Task

_PROCESSOR = ("constraint", "processor_version")
_ALSO_LATENCY = ("constraint", "also_latency")
_OBJECTIVES = ("searcher", "objectives")
_EPOCHS, _TIME = ("epochs",), ("time_budget",)
_FILTERS, _STRIDES = ("supernet", "filters"), ("supernet", "strides")
_SHAPE, _FORMAT = ("supernet", "input_shape"), ("supernet", "data_format")
_STRIDES_PATH = "strategy.supernet.strides"

PLANNED_EPOCHS = 60
"""``epochs`` until a time budget has planned them, or if there is no plan."""


def resolve(found: Found, report: Report) -> Scenario:
    """Build the scenario.

    Raises:
        ConfigError: lists the problems in the report and those found here.
    """
    if not found.lines:
        report.settle()  # without a scenario there is nothing to check
    return _Resolver(found, report).scenario()


class _Resolver:
    def __init__(self, found: Found, report: Report) -> None:
        self._found = found
        self._report = report
        self._fields = {field.location: field for field in keyed_fields()}
        self._situation = self._find_situation()

    def scenario(self) -> Scenario:
        values = self._values()
        scenario: Scenario | None = None
        unsound: set[Location] = set()
        try:
            scenario = Scenario.model_validate(_nested(values))
        except ValidationError as error:
            unsound = self._refuse_values(error)
        unsound |= check_costs(
            {place: one for place, one in self._found.given.items() if place not in unsound},
            self._situation.constraint_type,
            self,
        )
        sound = {place: value for place, value in values.items() if place not in unsound}
        check(sound, set(self._found.given) & set(values), self)
        self._report.settle()
        if scenario is None:  # every failed validation reports a problem
            raise AssertionError(f"{self._report.file}: refused without a reason")
        return scenario

    def refuse(
        self, location: Location, rule: str, *, fix: str | None = None, item: int | None = None
    ) -> None:
        """Report that a value breaks a rule between keys."""
        field, given = self._fields[location], self._found.given.get(location)
        key = field.key.shown if item is None else f"{field.key.shown}[{item}]"
        if given is None:
            line = self._found.line_of_parent(field.key.path)
            self._report.problem(line, key, rule, fix=fix)
        else:
            node = given.node if item is None else given.items[item]
            self._report.problem(node.line, key, rule, found=node.source, fix=fix)

    def notice(self, location: Location, text: str) -> None:
        """Report a notice about a value."""
        field, given = self._fields[location], self._found.given.get(location)
        line = given.node.line if given else self._found.line_of_parent(field.key.path)
        self._report.notice(line, f"{field.key.shown}: {text}")

    def _find_situation(self) -> Situation:
        axes: dict[str, str | None] = {}
        for axis, location in AXES.items():
            field, given = self._fields[location], self._found.given.get(location)
            value: object = None
            if given is not None:
                value = given.value
            elif not self._found.is_excused(field.key.path):
                value = Situation(**axes).resolve(field.default)
            axes[axis] = value if isinstance(value, str) else None
        return Situation(**axes)

    def _values(self) -> dict[Location, object]:
        values: dict[Location, object] = {}
        for location, field in self._fields.items():
            given = self._found.given.get(location)
            if given is not None and self._applies(field):
                values[location] = given.value
            elif given is None and self._found.is_excused(field.key.path):
                continue
            elif given is None and location == _EPOCHS and _TIME in self._found.given:
                values[location] = PLANNED_EPOCHS
            elif given is None and self._is_required(field):
                self._refuse_absence(field)
            else:
                default = self._situation_of(location).resolve(field.default)
                if default is not None or field.form.nullable:
                    values[location] = default
        if _TIME in self._found.given and _EPOCHS in self._found.given and values.get(_TIME):
            self.notice(_EPOCHS, "not used: time_budget plans the epochs")
        if values.get(_PROCESSOR) is not None and _PROCESSOR not in self._found.given:
            self.notice(
                ("constraint", "type"),
                f"no processor_version given; using {values[_PROCESSOR]}",
            )
        self._spread_strides(values)
        return values

    def _spread_strides(self, values: dict[Location, object]) -> None:
        """Choose strides for a body with a non-default number of layers, if it has none."""
        layers, classic = values.get(_FILTERS), values.get(_STRIDES)
        if _STRIDES in self._found.given or self._found.is_excused(_STRIDES_PATH):
            return
        if not isinstance(layers, tuple) or not isinstance(classic, tuple):
            return
        shape, last = values.get(_SHAPE), values.get(_FORMAT) == "channels_last"
        if not layers or len(layers) == len(classic):
            return
        if not (isinstance(shape, tuple) and len(shape) == 3):
            return
        height, width = shape[:2] if last else shape[1:]
        if not all(isinstance(side, int) and side > 0 for side in (height, width)):
            return  # refused, so the strides do not matter
        task = cast(Task, self._situation.task)
        values[_STRIDES] = spread_strides(task, len(layers), height, width)
        self.notice(_STRIDES, f"not given; using {list(cast(tuple[int, ...], values[_STRIDES]))}")

    def _situation_of(self, location: Location) -> Situation:
        """Return the situation that decides on a key; any use of latency needs a processor."""
        if location == _PROCESSOR and self._asks_for_latency():
            return replace(self._situation, constraint_type="latency")
        return self._situation

    def _asks_for_latency(self) -> bool:
        objectives = self._found.given.get(_OBJECTIVES)
        named = None if objectives is None else objectives.value
        traded = isinstance(named, Iterable) and "latency" in named
        return traded or _ALSO_LATENCY in self._found.given

    def _applies(self, field: KeyedField) -> bool:
        situation = self._situation_of(field.location)
        for axis, users in field.key.applies.items():
            value = situation.value(axis)
            if value is not None and value not in users:
                decider = self._fields[AXES[axis]]
                wanted = alternatives([decider.form.spelling(user) for user in users])
                self.notice(
                    field.location,
                    f"ignored, as {decider.key.shown} is {decider.form.spelling(value)}; "
                    f"used with {wanted}",
                )
                return False
        return True

    def _is_required(self, field: KeyedField) -> bool:
        needed_by = field.key.required_for
        return needed_by == TASKS or self._situation.task in needed_by

    def _refuse_absence(self, field: KeyedField) -> None:
        line = self._found.line_of_parent(field.key.path)
        rule = "required key is missing"
        if field.key.required_for != TASKS:
            rule = f"required key for {self._situation.task} is missing"
        self._report.problem(line, field.key.shown, rule, fix=f"give {field.form.words}")

    def _refuse_values(self, error: ValidationError) -> set[Location]:
        """Report the validation errors; return the locations of all invalid fields."""
        reported: set[tuple[Location, int | None]] = set()
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            location, item = _split(one["loc"])
            given = self._found.given.get(location)
            if given is None:
                continue  # omitted above, with a reason
            if one["type"] == "too_short" and given.items:
                continue  # pydantic does not count items that it has already refused
            if item is not None and item >= len(given.items):
                item = None  # pydantic's location of an item missing from a list of fixed length
            if (location, item) not in reported:
                reported.add((location, item))
                self._refuse_value(location, item)
        return {location for location, _ in reported}

    def _refuse_value(self, location: Location, item: int | None) -> None:
        field, given = self._fields[location], self._found.given[location]
        form, node = field.form, given.node
        if item is not None and form.item is not None:
            form, node = form.item, given.items[item]
        default, zero = (None, None) if item is not None else _meanings(field)
        fix = advice(node, form, default=default, zero=zero)
        fix = fix or _did_you_mean(node, list(form.choices))
        self.refuse(location, f"must be {form.words}", fix=fix, item=item)


def _meanings(field: KeyedField) -> tuple[str | None, str | None]:
    """Return the meanings of an absent value and of 0, which follow ``none:`` and ``0:``."""
    _, _, default = field.key.meaning.partition("none: ")
    _, _, zero = field.key.meaning.partition("; 0: ")
    return default or None, zero.partition(";")[0] or None


def _did_you_mean(node: Node, choices: list[str]) -> str | None:
    near = closest(node.text, choices) if isinstance(node, Scalar) else None
    return f"did you mean '{near}'?" if near else None


def _split(place: tuple[int | str, ...]) -> tuple[Location, int | None]:
    names = tuple(part for part in place if isinstance(part, str))
    return names, next((part for part in place if isinstance(part, int)), None)


def _nested(values: dict[Location, object]) -> dict[str, object]:
    """Turn ``{("supernet", "filters"): …}`` into ``{"supernet": {"filters": …}}``."""
    root: dict[str, object] = {}
    sections: dict[str, dict[str, object]] = {}
    for field in keyed_fields():
        *parents, name = field.location
        section = sections.setdefault(parents[0], {}) if parents else root
        if field.location in values:
            section[name] = values[field.location]
    return {**root, **sections}
