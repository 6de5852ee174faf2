"""Generated model files: an architecture as plain code that needs the framework, not nasea."""

from nasea.results.codegen.header import ModelHeader, Origin
from nasea.results.codegen.render import render_model

__all__ = ["ModelHeader", "Origin", "render_model"]
