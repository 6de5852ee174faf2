"""Builds networks of a PyTorch project as ONNX files.

PyTorch exports PreNet and PostNet once. The blocks are written directly, so a network takes
milliseconds instead of the seconds of an export.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import onnx
import torch
from onnx import compose
from torch import nn

from nasea.backends.export.host.onnx_writer import IR_VERSION, OPSET, onnx_model
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.copying import copy_user_network
from nasea.backends.user.held_back import held_back
from nasea.cost.fusion import Node
from nasea.cost.lowering import graph_of
from nasea.cost.operators import ACTIVATION, Operator
from nasea.errors import LatencyError
from nasea.space import Genome, Program, Shape, Space


class OnnxDeployment:
    """See :class:`nasea.backends.export.deployment.Deployment`.

    Args:
        user: the user's code.
        pre_net: the module before the body.
        post_net: the module after the body.
        image: one image (1, C, H, W).
        space: the search space of the body.
    """

    suffix = ".onnx"

    def __init__(
        self,
        user: UserCode,
        pre_net: nn.Module,
        post_net: nn.Module,
        image: torch.Tensor,
        space: Space,
    ) -> None:
        self._space = space
        features = [torch.randn(1, *space.layers[i].out_shape) for i in (*space.taps, -1)]
        self._pre_net = _exported(user, pre_net, image.cpu(), ["image"])
        names = [f"feature{number}" for number in range(len(features))]
        read: Any = features if space.taps else features[0]
        self._post_net = _exported(user, post_net, read, names)

    def nothing(self) -> bytes:
        """See :class:`nasea.backends.export.deployment.Deployment`."""
        relu = Operator(ACTIVATION, (1, 1, 1), (1, 1, 1), activation="relu")
        shapes = ({"x": (1, 1, 1)}, {"y": (1, 1, 1)})
        return _bytes(onnx_model([Node(relu, ("x",), "y")], *shapes))

    def user_network(self, name: Literal["PreNet", "PostNet"]) -> bytes:
        """See :class:`nasea.backends.export.deployment.Deployment`."""
        return _bytes(self._pre_net if name == "PreNet" else self._post_net)

    def block(self, program: Program, in_shape: Shape) -> bytes:
        """See :class:`nasea.backends.export.deployment.Deployment`."""
        nodes, result = graph_of(program, in_shape)
        return _bytes(
            onnx_model(nodes, {"input": in_shape}, {result: nodes[-1].operator.out_shape})
        )

    def network(self, genome: Genome) -> bytes:
        """See :class:`nasea.backends.export.deployment.Deployment`."""
        nodes: list[Node] = []
        value, results = "input", []
        for layer, gene in self._space.path(genome):
            candidate = layer.candidates[gene]
            added, value = graph_of(candidate.program, layer.in_shape, value, f"l{layer.index}_")
            nodes.extend(added)
            if layer.tapped:
                results.append((value, layer.out_shape))
        results.append((value, self._space.out_shape))
        before = self._pre_net.graph.output[0].name
        behind = [item.name for item in self._post_net.graph.input]
        if not nodes:
            return _bytes(_merged(self._pre_net, self._post_net, [(before, behind[0])], "post_"))
        body = onnx_model(nodes, {"input": self._space.layers[0].in_shape}, dict(results))
        joined = _merged(self._pre_net, body, [(before, "input")], "body_")
        links = [(f"body_{name}", end) for (name, _), end in zip(results, behind, strict=True)]
        return _bytes(_merged(joined, self._post_net, links, "post_"))


def _merged(
    first: onnx.ModelProto, second: onnx.ModelProto, links: Sequence[tuple[str, str]], prefix: str
) -> onnx.ModelProto:
    """Return two models as one; the outputs of ``first`` are the inputs of ``second``."""
    renamed = compose.add_prefix(second, prefix)
    pairs = [(out, f"{prefix}{name}") for out, name in links]
    return compose.merge_models(first, renamed, io_map=pairs)


def _exported(
    user: UserCode, network: nn.Module, inputs: Any, names: Sequence[str]
) -> onnx.ModelProto:
    """Return PreNet or PostNet as one of PyTorch's own exporters writes it."""
    module = copy_user_network(network).cpu().eval()
    failures = []
    # The tracing exporter supports the most models; the newer one may support the others.
    for dynamo in (False, True):
        options: dict[str, Any] = {"external_data": False} if dynamo else {}
        try:
            with tempfile.TemporaryDirectory() as folder, held_back(), torch.no_grad():
                path = Path(folder) / "end.onnx"
                torch.onnx.export(
                    module,
                    (inputs,),
                    path,
                    dynamo=dynamo,
                    opset_version=OPSET,
                    input_names=list(names),
                    **options,
                )
                model = onnx.load(path)
            model.ir_version = IR_VERSION
            return model
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            failures.append(f"  dynamo={dynamo}: {type(error).__name__}: {reason}")
    name = type(network).__name__
    raise LatencyError(
        "\n".join([f"{name} cannot be exported as ONNX:", *failures]),
        fix=f"use operations in {name} that PyTorch can export, or a profile that prices operators "
        "(npu_v1, or one made by nasea latency import)",
    )


def _bytes(model: onnx.ModelProto) -> bytes:
    return bytes(model.SerializeToString())
