"""Chooses the writer of a framework's model files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nasea.backends.network.operations import LayerCall
from nasea.backends.records import FileOptions
from nasea.errors import NotAvailableError
from nasea.results.codegen.header import ModelHeader
from nasea.results.codegen.pytorch import render_pytorch
from nasea.results.codegen.tensorflow import render_tensorflow
from nasea.space import Candidate, Shape

_Writer = Callable[
    [
        Sequence[Candidate],
        Sequence[LayerCall],
        Sequence[int],
        Shape,
        Shape,
        ModelHeader,
        FileOptions,
    ],
    str,
]

_WRITERS: dict[str, _Writer] = {"pytorch": render_pytorch, "tensorflow": render_tensorflow}


def render_model(
    framework: str,
    candidates: Sequence[Candidate],
    layers: Sequence[LayerCall],
    taps: Sequence[int],
    in_shape: Shape,
    input_chw: Shape,
    header: ModelHeader,
    options: FileOptions,
) -> str:
    """Return the text of ``model_arch_result_N.py`` for one architecture.

    Args:
        framework: PyTorch or TensorFlow, in any letter case.
        candidates: the block chosen for each layer.
        layers: the framework's calls that build each block.
        taps: layers whose outputs PostNet receives, besides the last one.
        in_shape: (channels, height, width) of PreNet's output.
        input_chw: (channels, height, width) of an image.
        header: the header of the file.
        options: settings of the backend that the file must repeat.

    Raises:
        NotAvailableError: model files of this framework cannot be written.
        SpaceError: the chosen blocks do not fit together.
    """
    writer = _WRITERS.get(framework.lower())
    if writer is None:
        raise NotAvailableError(
            f"model files cannot be written for {framework}",
            fix=f"frameworks with model files: {', '.join(_WRITERS)}",
        )
    return writer(candidates, layers, taps, in_shape, input_chw, header, options)
