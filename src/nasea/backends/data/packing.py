"""Values as bytes whose arrays can be used where they lie: pickle's out-of-band buffers.

A packed value is a head (two numbers, the length of each buffer), the pickle, and the buffers, each
beginning at a multiple of :data:`ALIGNMENT`.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Iterator, Sequence
from typing import Any

ALIGNMENT = 64
"""Bytes; what frameworks ask of memory that they use without copying it."""

_NUMBER = struct.Struct("<Q")


class NotPackable(Exception):
    """A value holds something that cannot be written, such as a lock."""


def pack(value: object, pickler: type[pickle.Pickler] = pickle.Pickler) -> bytes:
    """Return the value as bytes.

    Args:
        value: what pickle can write.
        pickler: supports the tensors of a framework.

    Raises:
        NotPackable: pickle cannot write it.
    """
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO()
    try:
        pickler(stream, protocol=5, buffer_callback=buffers.append).dump(value)
    except Exception as error:  # the user's classes may raise anything when they are pickled
        raise NotPackable(f"{type(error).__name__}: {error}") from error
    parts = [buffer.raw() for buffer in buffers]
    lengths = [part.nbytes for part in parts]
    head = stream.getbuffer()
    packed = bytearray()
    for number in (head.nbytes, len(parts), *lengths):
        packed += _NUMBER.pack(number)
    for part in (head, *parts):
        packed += bytes(-len(packed) % ALIGNMENT)
        packed += part
    packed += bytes(-len(packed) % ALIGNMENT)
    return bytes(packed)


def unpack(packed: memoryview, copies: bool = True) -> Any:
    """Return the value.

    Args:
        packed: what :func:`pack` gave, of one's own writing: unpickling runs what is in it.
        copies: whether its arrays are copies, not the memory of ``packed`` itself.
    """
    length, count = _NUMBER.unpack_from(packed, 0)[0], _NUMBER.unpack_from(packed, 8)[0]
    lengths = [_NUMBER.unpack_from(packed, 16 + 8 * i)[0] for i in range(count)]
    head, *parts = _cut(packed, 16 + 8 * count, [length, *lengths])
    return pickle.loads(head, buffers=[bytearray(part) if copies else part for part in parts])


def _cut(packed: memoryview, start: int, lengths: Sequence[int]) -> Iterator[memoryview]:
    for length in lengths:
        start += -start % ALIGNMENT
        yield packed[start : start + length]
        start += length
