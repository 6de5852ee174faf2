"""Places blocks in the layers of a chain."""

from __future__ import annotations

from collections.abc import Sequence

from nasea.errors import SpaceError
from nasea.space.blocks import Block
from nasea.space.ops import Program, Shape, output_shape, rename_slots
from nasea.space.slots import SharingPolicy, place
from nasea.space.space import Candidate, Layer, Space
from nasea.space.widths import DIVISOR, find_trunks


def build_space(
    in_shape: Shape,
    filters: Sequence[int],
    strides: Sequence[int],
    blocks: Sequence[Block],
    policy: SharingPolicy = "entangled",
    taps: Sequence[int] = (),
    widths: Sequence[float] | None = None,
    divisor: int = DIVISOR,
    fixed: Sequence[int] = (),
) -> Space:
    """Place the blocks in every layer of a chain.

    Args:
        in_shape: (channels, height, width) of PreNet's output.
        filters: output channels of each layer.
        strides: 1 or 2 for each layer.
        blocks: the candidates. A layer omits a block that does not apply, or that is the same
            network as an earlier one at these widths. With several trunks, a block is kept if it
            applies in all of them and differs from the earlier blocks in at least one.
        policy: which tensors candidates share.
        taps: layers whose outputs PostNet gets in addition to the last one.
        widths: output channels of all layers, as multiples of their filters; ``None``: the filters.
        divisor: every width except the filters themselves is rounded to a multiple of it.
        fixed: layers that keep their filters, in addition to the last and the tapped ones.

    Raises:
        SpaceError: a layer has no candidate, a program does not produce the layer's shape.
    """
    kept = {len(filters) - 1, *taps, *fixed}
    trunks = find_trunks(filters, kept, widths or [1], divisor)
    chain: list[list[Layer]] = []
    before = [in_shape] * len(trunks)
    for index, stride in enumerate(strides):
        behind = [
            (trunk[index], -(-height // stride), -(-width // stride))
            for trunk, (_, height, width) in zip(trunks, before, strict=True)
        ]
        shapes = list(zip(before, behind, strict=True))
        found = _candidates(index, shapes, stride, blocks, policy)
        chain.append(
            [
                Layer(index, *ends, stride, index in taps, candidates)
                for ends, candidates in zip(shapes, found, strict=True)
            ]
        )
        before = behind
    variants = tuple(zip(*chain, strict=True))
    if len(trunks) == 1:
        return Space(variants[0], policy)
    return Space(variants[-1], policy, trunks, variants)


def _candidates(
    index: int,
    shapes: Sequence[tuple[Shape, Shape]],
    stride: int,
    blocks: Sequence[Block],
    policy: SharingPolicy,
) -> list[tuple[Candidate, ...]]:
    """Return the candidates of a layer at each (shape in, shape out)."""
    firsts: list[dict[Program, Candidate]] = [{} for _ in shapes]
    found: list[list[Candidate]] = [[] for _ in shapes]
    for block in blocks:
        programs = [_program(block, index, *ends, stride) for ends in shapes]
        # A block that is the identity at some widths only would act as a second kind of skip there.
        if None in programs or 0 < programs.count(()) < len(programs):
            continue
        placed = []
        fresh = False
        for local, known in zip(programs, firsts, strict=True):
            assert local is not None
            network = rename_slots(local, lambda _: "")
            fresh |= network not in known
            program = place(local, policy, index, block.owner, block.name)
            placed.append((network, Candidate(block.name, block.family, program)))
        if fresh:
            for (network, candidate), known, offered in zip(placed, firsts, found, strict=True):
                offered.append(known.setdefault(network, candidate))
    if not found[0]:
        (c_in, *_), (c_out, *_) = shapes[0]
        raise SpaceError(
            f"layer {index} ({c_in} -> {c_out} channels, stride {stride}) has no "
            f"candidate among {', '.join(block.name for block in blocks)}"
        )
    return [tuple(offered) for offered in found]


def _program(
    block: Block, index: int, in_shape: Shape, out_shape: Shape, stride: int
) -> Program | None:
    """Build the block's program; ``None`` where the block does not apply."""
    local = block.build(in_shape[0], out_shape[0], stride)
    if local is None:
        return None
    try:
        produced = output_shape(local, in_shape)
    except SpaceError as error:
        raise SpaceError(f"block {block.name!r} in layer {index}: {error}") from error
    if produced != out_shape:
        raise SpaceError(
            f"block {block.name!r} in layer {index}: {in_shape} at stride {stride} must become "
            f"{out_shape}, but its program gives {produced}"
        )
    return local
