"""Slots: the tensors of a supernet, and the part of a slot that a candidate uses.

In every dimension a slot is as large as the largest tensor that uses it. A smaller tensor uses the
first channels and the centre of the kernel (Once-for-All; Cai et al. 2020, arXiv:1908.09791, §3.3).
Under the ``independent`` policy every slot has one user, whose part is the whole slot, so both
policies share one mechanism.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from nasea.errors import SpaceError
from nasea.space.blocks import SHORTCUT
from nasea.space.ops import Program, Tensor, rename_slots, tensors

SharingPolicy = Literal["entangled", "independent"]


def part(slot_shape: tuple[int, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Locate a tensor of ``shape`` in its slot: leading channels, centre of the kernel."""
    slices = [slice(0, size) for size in shape[:2]]
    for available, size in zip(slot_shape[2:], shape[2:], strict=True):
        start = (available - size) // 2
        slices.append(slice(start, start + size))
    return tuple(slices)


def place(program: Program, policy: SharingPolicy, layer: int, family: str, block: str) -> Program:
    """Turn the local slot names of a block into global ones, according to what shares them."""
    owner = family if policy == "entangled" else block

    def qualified(role: str) -> str:
        shared = policy == "entangled" and role in (SHORTCUT, f"{SHORTCUT}_norm")
        return f"layer{layer}/{role}" if shared else f"layer{layer}/{owner}/{role}"

    return rename_slots(program, qualified)


def collect(programs: Iterable[Program]) -> dict[str, Tensor]:
    """Return the slots by name, each large enough for every user.

    Raises:
        SpaceError: a program uses a slot twice.
    """
    slots: dict[str, Tensor] = {}
    for program in programs:
        seen: set[str] = set()
        for tensor in tensors(program):
            if tensor.slot in seen:
                raise SpaceError(f"slot {tensor.slot!r} is used twice by one block")
            seen.add(tensor.slot)
            known = slots.setdefault(tensor.slot, tensor)
            larger = tuple(max(pair) for pair in zip(known.shape, tensor.shape, strict=True))
            slots[tensor.slot] = Tensor(tensor.slot, known.kind, larger)
    return slots
