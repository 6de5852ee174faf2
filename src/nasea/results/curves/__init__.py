"""Destinations of curves and figures: TensorBoard's files, MLflow, Weights & Biases."""

from nasea.results.curves.open import Curves, open_curves, require_reporters

__all__ = ["Curves", "open_curves", "require_reporters"]
