"""TFLite files of PyTorch networks, written by LiteRT's converter: float32 and int8."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from nasea.backends.export.exporter import Array
from nasea.backends.export.host.litert import float_operators
from nasea.backends.export.packages import optional
from nasea.backends.torch.export.expansions import MultipliedByOnes
from nasea.backends.torch.export.writers import Flat, refusal
from nasea.backends.user.held_back import held_back
from nasea.errors import ExportError, NaseaError


def write_litert(network: nn.Module, images: torch.Tensor, path: Path) -> None:
    """Write a float32 TFLite file with the fixed batch size of the images, (N, C, H, W).

    Raises:
        ExportError: TFLite does not support an operator of the network.
    """
    converter = optional("litert_torch", "litert-torch")
    try:
        with held_back(), torch.no_grad(), MultipliedByOnes():
            converter.convert(Flat(network), (images,)).export(str(path))
    except (OSError, NaseaError):
        raise
    except Exception as error:
        raise refusal("TFLite", [("litert-torch", error)], len(images)) from error


def quantise_litert(source: Path, path: Path, examples: Iterator[Array]) -> tuple[str, ...]:
    """Write an int8 TFLite file with a scale per channel of the weights and float32 inputs.

    Args:
        source: the network in float32.
        path: path of the new file.
        examples: images that calibrate activation ranges, in batches of the file's batch size.

    Returns:
        The operators that the quantizer does not support, which compute in float32.

    Raises:
        ExportError: the quantizer cannot quantise the network. If an output is also read by another
            operator, it may write a file that does not load.
    """
    package = "ai-edge-quantizer"
    quantizing = optional("ai_edge_quantizer.quantizer", package)
    recipe = optional("ai_edge_quantizer.recipe", package)
    kinds = optional("ai_edge_quantizer.qtyping", package)
    algorithms = optional("ai_edge_quantizer.algorithm_manager", package)
    recipes = optional("ai_edge_quantizer.recipe_manager", package)
    calibrating = optional("ai_edge_quantizer.calibrator", package)
    ranging = optional("ai_edge_quantizer.utils.qsv_utils", package)
    interpreter = optional("ai_edge_litert.interpreter", "ai-edge-litert")
    try:
        with held_back():
            quantizer = quantizing.Quantizer(str(source))
            quantizer.load_quantization_recipe(recipe.static_wi8_ai8())
            for end in ("INPUT", "OUTPUT"):
                quantizer.update_quantization_recipe(
                    regex=".*",
                    operation_name=kinds.TFLOperationName(end),
                    algorithm_key=algorithms.AlgorithmName.NO_QUANTIZE,
                )
            signatures = interpreter.Interpreter(str(source)).get_signature_list()
            ((name, signature),) = signatures.items()
            (given,) = signature["inputs"]
            # By default the quantizer averages ranges with a moving average, which forgets the
            # largest values: on the digits demo outputs were off by three times as much.
            calibrator = calibrating.Calibrator(str(source), qsv_update_func=ranging.min_max_update)
            chosen = recipes.RecipeManager()
            chosen.load_quantization_recipe(quantizer.get_quantization_recipe())
            calibrator.calibrate({name: [{given: images} for images in examples]}, chosen)
            ranges = calibrator.get_model_qsvs()
            quantizer.quantize(ranges).export_model(str(path))
            return float_operators(path)
    except (OSError, NaseaError):
        raise
    except Exception as error:
        lines = str(error).strip().splitlines()
        raise ExportError(
            f"{package} cannot quantise the network: {type(error).__name__}: "
            f"{lines[0] if lines else ''}",
            fix="use --format tflite or onnx-int8; where PostNet goes on computing with one of its "
            "outputs, as in {'out': x, 'twice': 2 * x}, return it once",
        ) from error
