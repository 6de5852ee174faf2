"""A figure that a notebook shows, whether pyplot was imported or not."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A matplotlib figure that notebooks display as an image."""

    def _repr_png_(self) -> bytes:
        """Return the picture."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()
