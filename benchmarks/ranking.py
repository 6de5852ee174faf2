"""How predictions compare with measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def relative_errors(predicted: Sequence[float], measured: Sequence[float]) -> dict[str, float]:
    """Mean and largest |predicted / measured - 1|, and the share of those within 10 %."""
    errors = np.abs(np.asarray(predicted) / np.asarray(measured) - 1)
    return {
        "mean": float(errors.mean()),
        "largest": float(errors.max()),
        "within_10_percent": float((errors <= 0.1).mean()),
    }
