"""Evolutionary, hardware-aware neural architecture search for vision models."""

from nasea.api import search
from nasea.version import __version__

__all__ = ["__version__", "search"]
