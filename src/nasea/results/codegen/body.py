"""The part common to all frameworks: the searched layers as source text."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence

from nasea.backends.network.operations import LayerCall
from nasea.results.codegen.source import Call, comment, literal
from nasea.space import Candidate, Shape, output_shape
from nasea.space.ops import reduction


def searched_layers(
    candidates: Sequence[Candidate], layers: Sequence[LayerCall], shape: Shape, indent: str
) -> str:
    """Return the searched layers, one item each, with a comment above.

    Args:
        candidates: the candidate of each layer.
        layers: the framework's calls that build them.
        shape: (C, H, W) of the input of the first layer.
        indent: prefix of every line.
    """
    lines = []
    for index, (candidate, layer) in enumerate(zip(candidates, layers, strict=True)):
        after = output_shape(candidate.program, shape)
        facts_of_layer = (
            comment(candidate.name),
            f"{shape[0]} -> {after[0]} channels",
            f"stride {reduction(candidate.program)}",
            f"{shape[1]}x{shape[2]} -> {after[1]}x{after[2]}",
        )
        lines.append(f"{indent}# layer {index}: {', '.join(facts_of_layer)}\n")
        lines.append(f"{indent}{_call(layer).source(indent)},\n")
        shape = after
    return "".join(lines)


def helper_sources(layers: Sequence[LayerCall]) -> list[str]:
    """Return the source of the classes that the framework lacks, and of their dependencies.

    It is copied from the modules of the classes, in the order of each module: all functions and
    classes that are used, directly or indirectly.
    """
    wanted: dict[str, set[str]] = {}
    for call in (call for layer in layers for call in layer.every_call()):
        if not call.namespace:
            wanted.setdefault(call.kind.__module__, set()).add(call.name)
    return [text for module, names in wanted.items() for text in _definitions(module, names)]


def _definitions(module: str, names: set[str]) -> Iterator[str]:
    source = inspect.getsource(sys.modules[module])
    defined = {
        node.name: node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    waiting, needed = list(names), set(names)
    while waiting:
        inside = ast.walk(defined[waiting.pop()])
        named = {node.id for node in inside if isinstance(node, ast.Name)}
        new = (named & defined.keys()) - needed
        waiting.extend(new)
        needed |= new
    lines = source.splitlines()
    for name, node in defined.items():
        if name in needed:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield "\n".join(lines[first - 1 : node.end_lineno])


def _call(layer: LayerCall) -> Call:
    arguments = [
        Call("", tuple(map(_call, argument)), ("[", "]"))
        if isinstance(argument, tuple)
        else _call(argument)
        if isinstance(argument, LayerCall)
        else literal(argument)
        for argument in layer.arguments
    ]
    options = (f"{name}={literal(value)}" for name, value in layer.options.items())
    return Call(layer.name, (*arguments, *options))
