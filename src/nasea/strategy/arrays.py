"""The types that the search works on."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Genome: TypeAlias = tuple[int, ...]
"""One candidate index per layer, then one index per width that is a choice."""

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
