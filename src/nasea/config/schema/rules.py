"""Rules that join several keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, cast

from nasea.config.schema.fields import Location

_CHANNELS = range(1, 5)

Values = Mapping[Location, object]


class RuleReport(Protocol):
    """Takes down what the rules find."""

    def refuse(
        self, location: Location, rule: str, *, fix: str | None = None, item: int | None = None
    ) -> None:
        """Refuse a field that breaks a rule; ``item`` is an index into its list."""

    def notice(self, location: Location, text: str) -> None:
        """Report a field that is unusual."""


def check(values: Values, given: set[Location], report: RuleReport) -> None:
    """Apply every rule to the values that are sound in themselves.

    Args:
        values: all sound values, defaults included.
        given: the locations of those that stand in the file.
        report: takes each broken rule.
    """
    for rule in _RULES:
        rule(values, given, report)


def _layers_agree(values: Values, given: set[Location], report: RuleReport) -> None:
    filters, strides = values.get(_FILTERS), values.get(_STRIDES)
    if filters is None or strides is None:
        return
    many, other = len(cast(tuple[int, ...], filters)), len(cast(tuple[int, ...], strides))
    if many == other:
        return
    if _STRIDES in given and _FILTERS in given:
        report.refuse(_STRIDES, f"must have as many items as filters: {many}, not {other}")
    elif _FILTERS in given:
        report.refuse(
            _FILTERS,
            f"must have as many items as strides, whose default has {other}",
            fix="give supernet.strides too",
        )
    else:
        report.refuse(
            _STRIDES,
            f"must have as many items as filters, whose default has {many}",
            fix="give supernet.filters too",
        )


def _features_exist(values: Values, given: set[Location], report: RuleReport) -> None:
    filters = values.get(_FILTERS)
    if filters is None or _FEATURES not in given:
        return
    last = len(cast(tuple[int, ...], filters)) - 1
    for index, layer in enumerate(cast(tuple[int, ...], values.get(_FEATURES, ()))):
        if layer > last:
            report.refuse(_FEATURES, f"must be a searched layer, from 0 to {last}", item=index)


def _format_suits_framework(values: Values, given: set[Location], report: RuleReport) -> None:
    if values.get(_FRAMEWORK) == "pytorch" and values.get(_FORMAT) == "channels_last":
        report.refuse(_FORMAT, "must be channels_first with PyTorch", fix="write channels_first")


def _shape_suits_format(values: Values, given: set[Location], report: RuleReport) -> None:
    layout = values.get(_FORMAT)
    if _SHAPE not in given or layout is None or values.get(_SHAPE) is None:
        return
    if values.get(_FRAMEWORK) == "pytorch" and layout == "channels_last":
        return  # refused already; which order the shape should have is open
    first, middle, last = cast(tuple[int, int, int], values[_SHAPE])
    channels, other = (first, last) if layout == "channels_first" else (last, first)
    if channels in _CHANNELS:
        return
    if other in _CHANNELS:
        turned = "channels_last" if layout == "channels_first" else "channels_first"
        swapped = [last, first, middle] if layout == "channels_first" else [middle, last, first]
        report.refuse(
            _SHAPE,
            f"must agree with data_format {layout}; ({first}, {middle}, {last}) is {turned}",
            fix=f"write {swapped}",
        )
    else:
        report.notice(_SHAPE, f"{channels} channels, as data_format is {layout}")


def _optimizer_suits_framework(values: Values, given: set[Location], report: RuleReport) -> None:
    if values.get(_FRAMEWORK) == "pytorch" and values.get(_OPTIMIZER) == "momentum":
        report.refuse(_OPTIMIZER, "must be SGD or Adam with PyTorch", fix="write Adam or SGD")


def _resource_suits_framework(values: Values, given: set[Location], report: RuleReport) -> None:
    framework, name = values.get(_FRAMEWORK), values.get(_RESOURCE)
    if framework is not None and name is not None and name != f"{framework}_standalone":
        report.refuse(
            _RESOURCE,
            f"must agree with the framework, {framework}",
            fix=f"write {framework}_standalone",
        )


def _norms_suit_framework(values: Values, given: set[Location], report: RuleReport) -> None:
    if values.get(_FRAMEWORK) == "tensorflow" and values.get(_NORMS) == "synchronised":
        report.refuse(
            _NORMS,
            "must be per_device with TensorFlow, which normalises the batch of each device",
            fix="write per_device, and a strategy.batch_size that is large enough on one device",
        )


def _other_budgets_are_others(values: Values, given: set[Location], report: RuleReport) -> None:
    kind = values.get(_CONSTRAINT)
    location = ("constraint", f"also_{kind}")
    if kind is not None and location in given:
        report.refuse(
            location,
            f"must be a cost other than constraint_type, {kind}",
            fix="set that budget with constraint_value",
        )


def _objectives_are_others(values: Values, given: set[Location], report: RuleReport) -> None:
    kind, seen = values.get(_CONSTRAINT), set[str]()
    for index, objective in enumerate(cast(tuple[str, ...], values.get(_OBJECTIVES, ()))):
        if objective == kind:
            report.refuse(
                _OBJECTIVES,
                f"must be costs other than constraint_type; {kind} is an objective already",
                fix="remove it",
                item=index,
            )
        elif objective in seen:
            report.refuse(_OBJECTIVES, f"must not name {objective} twice", item=index)
        seen.add(objective)
    if seen and values.get(_MODE) == "assisted":
        report.refuse(
            _OBJECTIVES,
            "must be empty with mode: assisted, which trades accuracy against one cost",
            fix="remove searcher.mode or searcher.objectives",
        )


def _initial_fits_a_generation(values: Values, given: set[Location], report: RuleReport) -> None:
    size, initial = values.get(_POP_SIZE), values.get(_INITIAL)
    if size is not None and len(cast(tuple[str, ...], initial or ())) > cast(int, size):
        report.refuse(
            _INITIAL,
            f"must be no more networks than searcher.pop_size, {size}",
            fix="raise pop_size, or leave some of them out",
        )


def _devices_differ(values: Values, given: set[Location], report: RuleReport) -> None:
    seen: set[int] = set()
    for index, device in enumerate(cast(tuple[int, ...], values.get(_DEVICES, ()))):
        if device in seen:
            report.refuse(_DEVICES, f"must not name device {device} twice", item=index)
        seen.add(device)


_OBJECTIVES = ("searcher", "objectives")
_MODE = ("searcher", "mode")
_INITIAL = ("searcher", "initial")
_POP_SIZE = ("searcher", "pop_size")
_FRAMEWORK = ("framework",)
_CONSTRAINT = ("constraint", "type")
_SHAPE = ("supernet", "input_shape")
_FORMAT = ("supernet", "data_format")
_FILTERS = ("supernet", "filters")
_STRIDES = ("supernet", "strides")
_FEATURES = ("supernet", "feature_choose")
_OPTIMIZER = ("optimizer", "type")
_RESOURCE = ("resource", "name")
_DEVICES = ("resource", "gpu_ids")
_NORMS = ("resource", "batch_norm")
_RULES: tuple[Callable[[Values, set[Location], RuleReport], None], ...] = (
    _layers_agree,
    _features_exist,
    _format_suits_framework,
    _shape_suits_format,
    _optimizer_suits_framework,
    _resource_suits_framework,
    _norms_suit_framework,
    _devices_differ,
    _objectives_are_others,
    _initial_fits_a_generation,
    _other_budgets_are_others,
)
