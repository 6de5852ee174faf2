"""Frameworks, each behind the same protocol; the one asked for is imported, the other never."""

from nasea.backends.base import Backend
from nasea.backends.opening import open_backend
from nasea.backends.world import Alone, World, follow, open_world

__all__ = ["Alone", "Backend", "World", "follow", "open_backend", "open_world"]
