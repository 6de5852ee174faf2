"""What users write, for the tests: scenarios and user modules, as few as show what must work.

``classification`` has both frameworks' module of the smallest kind, ``segmentation`` and
``detection`` add a task in PyTorch; ``published_…`` and ``classic`` are modules as people publish
them for TensorFlow. Their texts share ``scenarios``, ``pytorch`` and ``tensorflow``.
"""

from __future__ import annotations

from .files import Files, changed

__all__ = ["FRAMEWORKS", "Files", "changed"]

FRAMEWORKS = ("pytorch", "tensorflow")
