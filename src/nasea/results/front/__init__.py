"""The outcome of a search: as data (:mod:`.data`), and for display (:mod:`.front`)."""

from nasea.results.front.data import (
    Evaluated,
    FrontMember,
    LayerRow,
    RunInfo,
    Trunks,
    widths_in_words,
)
from nasea.results.front.front import Front

__all__ = [
    "Evaluated",
    "Front",
    "FrontMember",
    "LayerRow",
    "RunInfo",
    "Trunks",
    "widths_in_words",
]
