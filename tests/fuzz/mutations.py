"""Odd user modules: one method of a working module returns something odd, or raises.

A mutation is text that is appended to a working module, so that a failure can be tried by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

Draw = st.SearchStrategy["Mutation"]

EXCEPTIONS = (
    "ValueError('odd')",
    "KeyError('odd')",
    "IndexError()",
    "Exception",
    "StopIteration('odd')",
    "RecursionError('odd')",
    "MemoryError('odd')",
    "OSError(2, 'odd')",
    "UnicodeDecodeError('utf-8', b'', 0, 1, 'odd')",
    "AssertionError()",
    "NotImplementedError",
    "SystemExit(3)",
    "SystemExit('odd')",
    "Mute('odd')",
    "3",
)
"""What a method may raise; ``Mute`` has no text of its own, and 3 is no exception at all."""

PLAIN = (
    "None",
    "True",
    "0",
    "-1",
    "3",
    "10 ** 400",
    "0.5",
    "float('nan')",
    "float('inf')",
    "1j",
    "''",
    "'text'",
    "b'bytes'",
    "[]",
    "()",
    "{}",
    "set()",
    "range(3)",
    "object()",
    "type",
    "...",
    "len",
    "(lambda *given: None)",
    "(x for x in ())",
    "__import__('math')",
    "Mute('odd')",
    "np.zeros(())",
    "np.zeros((0, 3))",
    "np.ones((8, 10), np.float32)",
    "np.full((8, 10), np.nan)",
    "np.array(['a'])",
    "np.array([object()])",
    "np.float32(0.25)",
    "np.int64(3)",
)
"""Values of no framework."""

_PREAMBLE = """
import numpy as np


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__
"""


@dataclass(frozen=True)
class Site:
    """Where a module can be odd.

    Attributes:
        name: for tables.
        code: text with ``{body}``, a statement, in it.
        given: expressions of what works there, ``out`` for one.
        blamed: one of these words must be in the message.
    """

    name: str
    code: str
    given: tuple[str, ...]
    blamed: tuple[str, ...]


@dataclass(frozen=True)
class Mutation:
    """One odd module.

    Attributes:
        site: where.
        body: the statement that is odd.
        raised: the exception it raises; empty where it returns something.
    """

    site: Site
    body: str
    raised: str = ""

    @property
    def text(self) -> str:
        """What to append to the working module."""
        return _PREAMBLE + self.site.code.replace("{body}", self.body)

    def __str__(self) -> str:
        return f"{self.site.name}: {self.body}"


def mutations(sites: Mapping[str, Site], values: tuple[str, ...]) -> Draw:
    """Any of them.

    Args:
        sites: where.
        values: expressions of the framework.
    """
    return st.sampled_from(sorted(sites)).flatmap(lambda name: _at(sites[name], values))


def _at(site: Site, values: tuple[str, ...]) -> Draw:
    raising = st.sampled_from(EXCEPTIONS).map(
        lambda error: Mutation(site, f"raise {error}", error.partition("(")[0])
    )
    leaves = st.sampled_from([*PLAIN, *values, *site.given])
    nestings = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=2).map(lambda x: f"[{', '.join(x)}]"),
            st.lists(inner, min_size=1, max_size=2).map(lambda x: f"({', '.join(x)},)"),
            st.lists(inner, max_size=2).map(
                lambda x: "{" + ", ".join(f"'k{i}': {item}" for i, item in enumerate(x)) + "}"
            ),
        ),
        max_leaves=3,
    )
    values = st.one_of(nestings, st.sampled_from(site.given or PLAIN))
    return st.one_of(raising, values.map(lambda value: Mutation(site, f"return {value}")))
