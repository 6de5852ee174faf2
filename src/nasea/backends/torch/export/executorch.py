"""ExecuTorch files for the CPUs of phones, with the XNNPACK delegate: float32 and int8."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nasea.backends.export.exporter import Array, Run
from nasea.backends.export.packages import optional
from nasea.backends.torch.export.writers import Flat, refusal
from nasea.backends.user.held_back import held_back
from nasea.errors import NaseaError

_PACKAGE = "executorch"
_XNNPACK = "executorch.backends.xnnpack"
_INT8 = {
    # Operators that XNNPACKQuantizer annotates; normalisation is folded into convolutions.
    "batch_norm", "conv2d", "conv_transpose2d", "linear", "relu", "hardtanh", "relu6", "add",
    "mul", "cat", "adaptive_avg_pool2d",
    # Operators that share the scale of their input, or only move values.
    "max_pool2d", "mean", "view", "reshape", "permute", "transpose", "slice",
    "flatten", "squeeze", "unsqueeze", "dropout", "pad", "constant_pad_nd", "clone", "contiguous",
    "lift_fresh_copy", "detach_",
}  # fmt: skip


def write_executorch(network: nn.Module, images: torch.Tensor, path: Path) -> None:
    """Write a float32 ``.pte`` file with the fixed batch size of the images.

    Raises:
        ExportError: torch.export or ExecuTorch does not support something in the network.
    """
    try:
        with held_back(), torch.no_grad():
            path.write_bytes(lowered(Flat(network), (images,)))
    except (OSError, NaseaError):
        raise
    except Exception as error:
        raise refusal("ExecuTorch", [("executorch", error)], len(images)) from error


def write_executorch_int8(
    network: nn.Module, images: torch.Tensor, path: Path, examples: Iterator[Array]
) -> tuple[str, ...]:
    """Write an int8 ``.pte`` file by PT2E quantisation, with a scale per channel of the weights.

    Args:
        network: in evaluation mode.
        images: one batch of the file's batch size.
        path: path of the new file.
        examples: images that calibrate activation ranges, in such batches.

    Returns:
        The operators that XNNPACK cannot quantise, which compute in float32.

    Raises:
        ExportError: as :func:`write_executorch`.
    """
    quantizer = optional(f"{_XNNPACK}.quantizer.xnnpack_quantizer", _PACKAGE)
    pt2e = optional("torchao.quantization.pt2e.quantize_pt2e", "torchao")
    try:
        with held_back(), torch.no_grad():
            graph = torch.export.export(Flat(network), (images,)).module()
            used = {
                node.target._schema.name.removeprefix("aten::")
                for node in graph.graph.nodes
                if isinstance(node.target, torch._ops.OpOverload)
                and node.target.namespace == "aten"
            }
            config = quantizer.get_symmetric_quantization_config(is_per_channel=True)
            prepared = pt2e.prepare_pt2e(graph, quantizer.XNNPACKQuantizer().set_global(config))
            for some in examples:
                prepared(torch.from_numpy(some))
            path.write_bytes(lowered(pt2e.convert_pt2e(prepared), (images,)))
    except (OSError, NaseaError):
        raise
    except Exception as error:
        raise refusal("ExecuTorch in int8", [("executorch", error)], len(images)) from error
    return tuple(sorted(name for name in used if name.rstrip("_") not in _INT8))


def lowered(network: Any, inputs: tuple[torch.Tensor, ...]) -> bytes:
    """Return a network, in evaluation mode, as the content of a ``.pte`` file for these inputs."""
    exir = optional("executorch.exir", _PACKAGE)
    partition = optional(f"{_XNNPACK}.partition.xnnpack_partitioner", _PACKAGE)
    program = torch.export.export(network, inputs)
    lowered = exir.to_edge_transform_and_lower(
        program, partitioner=[partition.XnnpackPartitioner()]
    )
    return bytes(lowered.to_executorch().buffer)


def load_executorch(path: Path, threads: int | None = None) -> Run:
    """Return a function that runs a ``.pte`` file in ExecuTorch's Python runtime, as on a device.

    Args:
        path: the file.
        threads: number of threads of this process from now on; ``None`` for the default.
    """
    runtime = optional("executorch.runtime", _PACKAGE)
    with held_back():
        if threads is not None:
            bindings = optional("executorch.extension.pybindings.portable_lib", _PACKAGE)
            bindings._unsafe_reset_threadpool(threads)
        method = runtime.Runtime.get().load_program(path).load_method("forward")

    def run(images: Array) -> list[Array]:
        outputs = method.execute([torch.from_numpy(images)])
        return [output.numpy().copy() for output in outputs]  # the next run overwrites them

    return run
