"""Selects the blocks that a run searches: the default set, the user's choice, and own blocks."""

from __future__ import annotations

import difflib
import importlib.util
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nasea.errors import SpaceError, UserCodeError, UserModuleError
from nasea.space.blocks import (
    DEFAULT_BLOCKS,
    DEFAULT_BLOCKS_WITH_WIDTHS,
    Block,
    catalogue,
)
from nasea.space.ops import Activation, Program, output_shape
from nasea.space.slots import collect, place

USER_BLOCKS_FILE = "blocks.py"
_SAMPLES = ((16, 16, 1), (16, 16, 2), (16, 32, 1), (24, 16, 2))


def select_blocks(
    names: Sequence[str] | None,
    constraint_type: str,
    own: Mapping[str, Block],
    activation: Activation = "relu",
    divisor: int = 1,
    *,
    widths: bool = False,
) -> tuple[Block, ...]:
    """Return the candidates by name or family.

    Args:
        names: ``supernet.blocks``; ``None`` takes the default set of the constraint type and all of
            the user's own blocks.
        constraint_type: ``size``, ``flops`` or ``latency``.
        own: the user's blocks by name; they are not changed.
        activation: the activation of nasea's blocks.
        divisor: inner channels of nasea's blocks are rounded to a multiple of it.
        widths: whether several trunks are searched.

    Raises:
        SpaceError: a name that is neither a block nor a family.
    """
    known = {**catalogue(activation, divisor), **own}
    if names is None:
        defaults = DEFAULT_BLOCKS_WITH_WIDTHS if widths else DEFAULT_BLOCKS
        return tuple(known[name] for name in (*defaults[constraint_type], *own))
    chosen: dict[str, Block] = {}
    for name in names:
        found = [b for b in known.values() if name in (b.name, b.family)]
        if not found:
            close = difflib.get_close_matches(name, [*known, *{b.family for b in known.values()}])
            raise SpaceError(
                f"supernet.blocks: no block or family is called {name!r}",
                fix=f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}",
            )
        chosen.update((block.name, block) for block in found)
    return tuple(chosen.values())


def load_user_blocks(directory: Path) -> dict[str, Block]:
    """Load the blocks that ``blocks.py`` in ``directory`` lists in ``BLOCKS``; {} without the file.

    Build functions that fail later raise the same two errors.

    Raises:
        UserModuleError: there is no ``BLOCKS``, an item is not a block, a name occurs twice, or the
            shapes in a program do not fit together.
        UserCodeError: the file or a build function raises.
    """
    path = (directory / USER_BLOCKS_FILE).absolute()
    if not path.is_file():
        return {}
    blocks = getattr(_import(path), "BLOCKS", None)
    if not isinstance(blocks, list | tuple) or not all(isinstance(b, Block) for b in blocks):
        raise UserModuleError(
            f"{path}: BLOCKS must be a list of nasea.space.Block",
            fix="BLOCKS = [Block(name, family, build)], see docs/add-a-block.md",
        )
    ours = catalogue().values()
    taken = {block.name for block in ours} | {block.family for block in ours}
    own: dict[str, Block] = {}
    for block in blocks:
        if block.name in taken or block.name in own:
            raise UserModuleError(f"{path}: the name {block.name!r} is already taken")
        own[block.name] = _guarded(block, path)
        _check(own[block.name], path)
    return own


def _import(path: Path) -> object:
    spec = importlib.util.spec_from_file_location("nasea_user_blocks", path)
    if spec is None or spec.loader is None:
        raise UserModuleError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserCodeError(f"importing {path}", _trace(error, path)) from error
    return module


def _trace(error: Exception, path: Path) -> str:
    frames = traceback.TracebackException.from_exception(error)
    frames.stack = traceback.StackSummary.from_list(
        [frame for frame in frames.stack if Path(frame.filename) == path]
    )
    return "".join(frames.format())


def _guarded(block: Block, path: Path) -> Block:
    """Wrap the block's build function, so that its errors name the block and the file."""

    def build(c_in: int, c_out: int, stride: int) -> Program | None:
        try:
            program = block.build(c_in, c_out, stride)
        except SpaceError as error:
            raise UserModuleError(f"{path}: block {block.name!r}: {error}") from error
        except Exception as error:
            doing = f"build({c_in}, {c_out}, {stride}) of block {block.name!r}"
            raise UserCodeError(doing, _trace(error, path)) from error
        if program is not None and not isinstance(program, tuple):
            raise UserModuleError(
                f"{path}: block {block.name!r}: build must return a tuple of operations or None, "
                f"found {program!r}"
            )
        return program

    return replace(block, build=build)


def _check(block: Block, path: Path) -> None:
    for c_in, c_out, stride in _SAMPLES:
        program = block.build(c_in, c_out, stride)
        if program is None:
            continue
        try:
            produced = output_shape(program, (c_in, 32, 32))
            collect([place(program, "independent", 0, block.owner, block.name)])
        except SpaceError as error:
            raise UserModuleError(f"{path}: block {block.name!r}: {error}") from error
        expected = (c_out, 32 // stride, 32 // stride)
        if produced != expected:
            raise UserModuleError(
                f"{path}: block {block.name!r}: ({c_in}, 32, 32) at stride {stride} must become "
                f"{expected}, but its program gives {produced}"
            )
