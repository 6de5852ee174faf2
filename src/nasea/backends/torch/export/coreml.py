"""Core ML packages for Apple's systems: written here, but not run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from nasea.backends.export.packages import optional
from nasea.backends.torch.export.expansions import MultipliedByOnes
from nasea.backends.torch.export.writers import Flat, refusal
from nasea.backends.user.held_back import held_back
from nasea.errors import NaseaError


def write_coreml(
    network: nn.Module, images: torch.Tensor, names: Sequence[str], path: Path, precision: str
) -> None:
    """Write an ``.mlpackage`` (an ML program) with the fixed batch size of ``images``.

    Args:
        network: in evaluation mode.
        images: one batch of the file's batch size.
        names: names of its output tensors.
        path: path of the new package.
        precision: ``float32`` or ``float16``, for weights and activations.

    Raises:
        ExportError: Core ML does not support an operator of the network.
    """
    tools = optional("coremltools", "coremltools")
    try:
        with held_back(), torch.no_grad(), MultipliedByOnes():
            # torch does not annotate it
            traced = torch.jit.trace(  # type: ignore[no-untyped-call]
                Flat(network), images, check_trace=False
            )
            package = tools.convert(
                traced,
                inputs=[tools.TensorType(name="images", shape=tuple(images.shape))],
                outputs=[tools.TensorType(name=re.sub(r"\W", "_", name)) for name in names],
                convert_to="mlprogram",
                compute_precision=getattr(tools.precision, precision.upper()),
                skip_model_load=True,
            )
            package.save(str(path))
    except (OSError, NaseaError):
        raise
    except Exception as error:
        raise refusal("Core ML", [("coremltools", error)], len(images)) from error
