"""The outcome of a search: as data (:mod:`.data`), and for display (:mod:`.front`)."""

from nasea.results.front.data import Evaluated, FrontMember, LayerRow, widths_in_words
from nasea.results.front.front import Front
from nasea.results.front.run_info import RunInfo, Separated, Trunks, Unfinished

__all__ = [
    "Evaluated",
    "Front",
    "FrontMember",
    "LayerRow",
    "RunInfo",
    "Separated",
    "Trunks",
    "Unfinished",
    "widths_in_words",
]
