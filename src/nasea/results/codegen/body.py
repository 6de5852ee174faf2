"""What the writers of all frameworks share: the searched layers as source text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from nasea.results.codegen.source import Call, Value, comment, literal
from nasea.space import Add, Candidate, Conv, Op, Pool, Program, Shape, output_shape
from nasea.space.ops import branches_of


def searched_layers(
    candidates: Sequence[Candidate], shape: Shape, indent: str, layer: Callable[[Program], Call]
) -> str:
    """The searched layers, one item each, a comment above it.

    Args:
        candidates: one a layer.
        shape: (C, H, W) of the first one's input.
        indent: what every line begins with.
        layer: the source of one.
    """
    lines = []
    for index, candidate in enumerate(candidates):
        after = output_shape(candidate.program, shape)
        facts_of_layer = (
            comment(candidate.name),
            f"{shape[0]} -> {after[0]} channels",
            f"stride {_stride(candidate.program)}",
            f"{shape[1]}x{shape[2]} -> {after[1]}x{after[2]}",
        )
        lines.append(f"{indent}# layer {index}: {', '.join(facts_of_layer)}\n")
        lines.append(f"{indent}{layer(candidate.program).source(indent)},\n")
        shape = after
    return "".join(lines)


def class_names(
    candidates: Sequence[Candidate], source: Callable[[Op], Sequence[Call]]
) -> set[str]:
    """Names of the classes that the source of all operations, nested ones too, begins with."""
    return {
        call.name
        for candidate in candidates
        for op in _nested(candidate.program)
        for call in source(op)
    }


def options(*options: tuple[str, Value, Value]) -> tuple[str, ...]:
    """``name=value`` of every (name, value, the framework's default) that differs from it."""
    return tuple(f"{name}={literal(value)}" for name, value, usual in options if value != usual)


def _nested(program: Program) -> Iterator[Op]:
    for op in program:
        yield op
        for branch in branches_of(op):
            yield from _nested(branch)


def _stride(program: Program) -> int:
    """By how much a program divides the sides of its input."""
    total = 1
    for op in program:
        if isinstance(op, Conv | Pool):
            total *= op.stride
        elif isinstance(op, Add):
            total *= _stride(op.branches[0])
    return total
