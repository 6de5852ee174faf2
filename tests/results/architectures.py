"""Architectures to generate code for, shared by the tests of codegen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from nasea.backends.network.operations import LayerCall
from nasea.backends.opening import load_tensorflow, operations_of
from nasea.backends.records import FileOptions
from nasea.results.codegen import ModelHeader, render_model
from nasea.results.front import FrontMember
from nasea.space import (
    Act,
    Add,
    Candidate,
    Conv,
    GlobalPool,
    Norm,
    Pool,
    Program,
    Scale,
    Shape,
    build_space,
    catalogue,
    output_shape,
)

from .builders import make_info

CATALOGUE = catalogue()
IMAGE = (3, 9, 7)

FLAVOURS = {
    "pytorch": FileOptions(),
    "tensorflow": FileOptions("channels_last", keras_version=2),
    "tensorflow-first": FileOptions("channels_first", keras_version=3),
    "tensorflow-call": FileOptions("channels_last", keras_version=2, built_in_call=True),
    "tensorflow-both": FileOptions("channels_first", keras_version=2, built_in_call=True),
}
"""Files that differ by more than the architecture."""


@dataclass(frozen=True)
class Architecture:
    """Chosen candidates between a PreNet and a PostNet that keep the image's size."""

    in_channels: int
    candidates: tuple[Candidate, ...]
    taps: tuple[int, ...] = ()

    @property
    def in_shape(self) -> Shape:
        return (self.in_channels, *IMAGE[1:])

    @property
    def out_shape(self) -> Shape:
        shape = self.in_shape
        for candidate in self.candidates:
            shape = output_shape(candidate.program, shape)
        return shape

    def text(self, header: ModelHeader | None = None, flavour: str = "pytorch") -> str:
        header = header or make_header(blocks=[c.name for c in self.candidates])
        framework = flavour.split("-")[0]
        return render_model(
            framework,
            self.candidates,
            layers_of(framework, self.candidates),
            self.taps,
            self.in_shape,
            IMAGE,
            header,
            FLAVOURS[flavour],
        )


def layers_of(framework: str, candidates: Sequence[Candidate]) -> list[LayerCall]:
    """What a framework calls the layers; of Keras any version will do."""
    if framework == "tensorflow" and "tensorflow" not in sys.modules:
        load_tensorflow(keras_version=2)
    operations = operations_of(framework)
    return [operations.describe(candidate.program) for candidate in candidates]


def make_header(*, blocks: Sequence[str] = (), number: int = 3, note: str = "x") -> ModelHeader:
    member = FrontMember(
        number=number,
        genome=tuple(range(len(blocks))),
        blocks=tuple(blocks),
        accuracy=0.9312,
        metric=0.0688,
        search_metric=0.0712,
        parameters=2_310_154,
        flops=340_000_000,
        latency_ms=None,
        layers=(),
    )
    info = replace(make_info(), config_digest=note, nasea_version=note)
    return ModelHeader(member, info, framework_version=note)


def of_blocks(
    names: Sequence[str],
    filters: Sequence[int],
    strides: Sequence[int],
    *,
    in_channels: int = 8,
    taps: tuple[int, ...] = (),
) -> Architecture:
    """Blocks of the catalogue, placed as a search space places them."""
    blocks = [CATALOGUE[name] for name in dict.fromkeys(names)]
    space = build_space((in_channels, *IMAGE[1:]), filters, strides, blocks, "entangled", taps)
    return Architecture(in_channels, space.decode(space.encode(names)), taps)


FIXED = of_blocks(
    ["skip", "inverted_k5_e3_se", "separable_k3", "basic_x0.5"],
    [8, 12, 16, 16],
    [1, 2, 1, 1],
    taps=(1,),
)


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Chains of random programs over the whole vocabulary, blocks of the catalogue among them."""
    in_channels = channels = draw(st.sampled_from([1, 4, 6]))
    candidates = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            block = CATALOGUE[draw(st.sampled_from(sorted(CATALOGUE)))]
            program = block.build(channels, draw(_CHANNELS), draw(st.sampled_from([1, 2]))) or ()
            name = block.name
        else:
            program, name = draw(_programs(channels, 2)), "mine"
        candidates.append(Candidate(name, name, program))
        channels = output_shape(program, (channels, 9, 7))[0]
    taps = draw(st.sets(st.integers(0, len(candidates) - 1)))
    return Architecture(in_channels, tuple(candidates), tuple(sorted(taps)))


_CHANNELS = st.sampled_from([1, 4, 6])


@st.composite
def _programs(draw: st.DrawFn, channels: int, depth: int) -> Program:
    """Any program that fits ``channels``, with sums and gates nested ``depth`` deep."""
    program: Program = ()
    for _ in range(draw(st.integers(0, 3))):
        kinds = ["conv", "depthwise", "norm", "act", "pool"] + ["add", "scale"] * (depth > 0)
        kind = draw(st.sampled_from(kinds))
        if kind == "conv":
            c_out = draw(_CHANNELS)
            bias, kernel = draw(st.booleans()), draw(st.sampled_from([1, 3]))
            stride = draw(st.sampled_from([1, 2]))
            program += (Conv(channels, c_out, kernel, "", stride=stride, bias=bias),)
            channels = c_out
        elif kind == "depthwise":
            program += (Conv(channels, channels, 5, "", groups=channels),)
        elif kind == "norm":
            program += (Norm(channels, "", starts_at_zero=draw(st.booleans())),)
        elif kind == "act":
            program += (draw(_ACTIVATIONS),)
        elif kind == "pool":
            program += (draw(_POOLS),)
        elif kind == "add":
            program += (Add(_branches(draw, channels, depth - 1)),)
        else:
            inner = draw(_programs(channels, depth - 1))
            width = output_shape(inner, (channels, 9, 7))[0]
            program += (Scale((*inner, GlobalPool(), Conv(width, channels, 1, ""))),)
    return program


def _branches(draw: st.DrawFn, channels: int, depth: int) -> tuple[Program, ...]:
    """One to three branches that keep the shape: nothing, or a program brought back to it."""
    branches: list[Program] = []
    for _ in range(draw(st.integers(1, 3))):
        gate = Scale((GlobalPool(), *draw(_pointwise(channels, depth))))
        branches.append(draw(st.sampled_from([(), (Act(),), (gate,), (gate, Norm(channels, ""))])))
    return tuple(branches)


@st.composite
def _pointwise(draw: st.DrawFn, channels: int, depth: int) -> Program:
    """A program on one pixel that ends in ``channels`` channels."""
    inner = draw(_programs(channels, depth))
    width = output_shape(inner, (channels, 1, 1))[0]
    return (*inner, Conv(width, channels, 1, "", bias=True), Act("sigmoid"))


_ACTIVATIONS = st.sampled_from(
    [Act("relu"), Act("relu6"), Act("hswish"), Act("silu"), Act("sigmoid"), Act("hsigmoid")]
)
_POOLS = st.builds(
    Pool, st.sampled_from(["max", "avg"]), st.sampled_from([1, 3]), st.sampled_from([1, 2])
)
