"""Small fronts that the tests of results share."""

from __future__ import annotations

from dataclasses import replace

from nasea.results.front import Evaluated, Front, FrontMember, LayerRow, RunInfo

HOSTILE = '</script><script>alert("x")</script>'


def make_info(
    *,
    constraint_type: str = "size",
    constraint_value: float = 11_000_000.0,
    framework: str = "PyTorch",
    notes: tuple[str, ...] = (),
) -> RunInfo:
    assert constraint_type in ("size", "flops", "latency")
    return RunInfo(
        task="image_classification",
        framework=framework,
        constraint_type=constraint_type,  # type: ignore[arg-type]  # narrowed by the assert
        constraint_value=constraint_value,
        metric_mode="min",
        seed=7,
        config_digest="3f9c1b0a",
        nasea_version="0.1.0",
        created="2025-01-02T03:04:05+00:00",
        evaluations=4,
        hypervolumes=(0.5, 0.6, 0.65),
        notes=notes,
    )


def make_member(
    number: int, accuracy: float, *, block: str = "basic_w64", latency_ms: float | None = 2.5
) -> FrontMember:
    """A member of 2, 4, 6, ... million parameters, with one block and one skip."""
    millions = 2 * (number + 1)
    layers = (
        LayerRow(0, block, 64, 128, 2, 28, 28, millions * 400_000, 40_000_000, latency_ms),
        LayerRow(1, "skip", 128, 128, 1, 28, 28, 0, 0, None if latency_ms is None else 0.0),
    )
    return FrontMember(
        number=number,
        genome=(number, 0),
        blocks=(block, "skip"),
        accuracy=accuracy,
        metric=round(1 - accuracy, 6),
        search_metric=round(1 - accuracy + 0.01, 6),
        parameters=millions * 1_000_000,
        flops=millions * 100_000_000,
        latency_ms=None if latency_ms is None else latency_ms + number,
        layers=layers,
    )


def make_front(
    *accuracies: float,
    block: str = "basic_w64",
    latency_ms: float | None = None,
    info: RunInfo | None = None,
) -> Front:
    """A front with one member for each accuracy, and scored candidates below them."""
    info = info or make_info()
    members = tuple(
        make_member(number, accuracy, block=block, latency_ms=latency_ms)
        for number, accuracy in enumerate(accuracies)
    )
    front = Front(info, members)
    scored = tuple(
        Evaluated(member.genome, front.cost_of(member), member.accuracy - 0.01, 0)
        for member in members
    )
    return replace(front, evaluated=(*scored, Evaluated((9, 9), 5e6, None, 1, "loss is NaN")))


def traded_front() -> Front:
    """Three members over parameters and latency: the dearer in one, the cheaper in the other."""
    info = replace(make_info(), objectives=("latency",))
    front = make_front(0.7, 0.8, 0.75, latency_ms=2.5, info=info)
    members = tuple(
        replace(member, latency_ms=3.5 - 0.5 * member.number) for member in front.members
    )
    evaluated = tuple(
        replace(one, further_costs=(3.5 - 0.5 * place,))
        for place, one in enumerate(front.evaluated)
    )
    return replace(front, members=members, evaluated=evaluated)
