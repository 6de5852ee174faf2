"""Merge keys: ``<<: *defaults`` adds the keys of another section that the mapping does not set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nasea.config.reading.nodes import Mapping, Node, Scalar, Sequence, folded


def is_merge_key(key: Scalar) -> bool:
    """Return whether a key is ``<<``, without quotes."""
    return key.text == "<<" and not key.quoted


def can_be_merged(node: Node) -> bool:
    """Return whether a node may follow ``<<``: a section or a list of sections."""
    if isinstance(node, Sequence):
        return all(isinstance(item, Mapping) for item in node.items)
    return isinstance(node, Mapping)


def with_merged(mapping: Mapping) -> Mapping:
    """Replace the merge keys of a mapping with the entries that they bring.

    A key of the mapping itself takes precedence, then the earlier of two merged sections. As YAML
    defines it, nested sections are not merged into each other: see :attr:`Mapping.hidden`.
    """
    own = [(key, node) for key, node in mapping.entries if not is_merge_key(key)]
    if len(own) == len(mapping.entries):
        return mapping
    taken = {folded(key.text): node for key, node in own}
    brought: list[tuple[Scalar, Node]] = []
    hidden: list[tuple[Scalar, int]] = []
    own_keys = {folded(key.text): key for key, _ in own}
    for source in _sources(mapping):
        for key, node in source.entries:
            name = folded(key.text)
            if name not in taken:
                taken[name] = node
                brought.append((key, node))
            elif name in own_keys and isinstance(node, Mapping) and node is not taken[name]:
                hidden.append((own_keys[name], key.line))
    return replace(mapping, entries=(*own, *brought), hidden=tuple(hidden))


def _sources(mapping: Mapping) -> Iterator[Mapping]:
    for key, node in mapping.entries:
        if is_merge_key(key):
            several = node.items if isinstance(node, Sequence) else (node,)
            yield from (one for one in several if isinstance(one, Mapping))
