"""Architectures as PyTorch code."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from string import Template

from nasea.backends.network.operations import LayerCall
from nasea.backends.records import FileOptions
from nasea.results.codegen.body import helper_sources, searched_layers
from nasea.results.codegen.header import ModelHeader, facts
from nasea.results.codegen.source import INDENT, assignment
from nasea.results.units import four_digits
from nasea.space import Candidate, Shape

_PLAIN_FORWARD = """
        return self.post_net(self.body(self.pre_net(images)))
"""

_TAPPED_FORWARD = """
        x = self.pre_net(images)
        tapped = []
        for index, layer in enumerate(self.body):
            x = layer(x)
            if index in TAPS:
                tapped.append(x)
        return self.post_net([*tapped, x])
"""


def render_pytorch(
    candidates: Sequence[Candidate],
    layers: Sequence[LayerCall],
    taps: Sequence[int],
    in_shape: Shape,
    input_chw: Shape,
    header: ModelHeader,
    _: FileOptions,
) -> str:
    """See :func:`nasea.results.codegen.render_model`."""
    template = resources.files("nasea.results") / "templates" / "model_pytorch.py.txt"
    return Template(template.read_text(encoding="utf-8")).substitute(
        name=header.name,
        folder=header.folder,
        advice=header.advice,
        number=int(header.member.number),
        parameters=f"{int(header.member.parameters):,}",
        accuracy=four_digits(float(header.member.accuracy)),
        facts=facts(header),
        constants=_constants(header.name, input_chw, taps),
        classes="".join(f"{source.strip()}\n\n\n" for source in helper_sources(layers)),
        body=_body(candidates, layers, in_shape, INDENT * 2),
        image=", ".join(map(str, map(int, input_chw))),
        forward=(_TAPPED_FORWARD if taps else _PLAIN_FORWARD).strip("\n"),
    )


def _constants(name: str, input_chw: Shape, taps: Sequence[int]) -> str:
    lines = [
        assignment("NAME", name),
        assignment("INPUT_SHAPE", tuple(map(int, input_chw))),
        *([assignment("TAPS", tuple(sorted(map(int, taps))))] if taps else []),
    ]
    return "\n".join(lines)


def _body(
    candidates: Sequence[Candidate], layers: Sequence[LayerCall], shape: Shape, indent: str
) -> str:
    return f"nn.Sequential(\n{searched_layers(candidates, layers, shape, indent + INDENT)}{indent})"
