"""Running the user's PreNet and PostNet to see what they make and what they cost."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasea.backends.torch.export.operators import operators_of_module
from nasea.backends.torch.network.supernet import lay_out
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.copying import copy_end, require_own_copy
from nasea.backends.torch.user.describe import describe
from nasea.cost import Costs, Operator
from nasea.errors import UserCodeError, UserModuleError
from nasea.space import Shape


def run_pre_net(user: UserCode, pre_net: nn.Module, images: torch.Tensor) -> Shape:
    """Shape of PreNet's output for one image of the batch ``images`` (N, C, H, W)."""
    require_own_copy(pre_net)
    try:
        with torch.no_grad(), user.guard(f"PreNet.forward(inputs), inputs of {_shape(images)}"):
            output = copy_end(pre_net).train()(images)
    except UserCodeError as error:
        if images.dtype == torch.float32:
            raise
        fix = f"the data set gives {describe(images)}; make it float32 with image.float()"
        raise UserCodeError(error.doing, error.trace, fix=fix) from error
    if not isinstance(output, torch.Tensor) or output.dim() != 4:
        found = _shape(output) if isinstance(output, torch.Tensor) else type(output).__name__
        raise UserModuleError(
            f"{user.file}: PreNet.forward must return one tensor (N, C, H, W), found {found}"
        )
    if output.dtype != torch.float32:
        raise UserModuleError(
            f"{user.file}: PreNet.forward must return float32, found {describe(output)}",
            fix="end it with outputs.float()",
        )
    if 0 in output.shape:
        raise UserModuleError(
            f"{user.file}: PreNet.forward returns a tensor without values, {describe(output)}"
        )
    if output.shape[0] != images.shape[0]:
        raise UserModuleError(
            f"{user.file}: PreNet.forward changed the number of images from {images.shape[0]} "
            f"to {output.shape[0]}"
        )
    return (int(output.shape[1]), int(output.shape[2]), int(output.shape[3]))


def run_post_net(
    user: UserCode, post_net: nn.Module, inputs: torch.Tensor | list[torch.Tensor]
) -> object:
    """PostNet's output on ``inputs`` (N, C, H, W), or on the tapped layers and the last one."""
    require_own_copy(post_net)
    shape = _shape(inputs) if isinstance(inputs, torch.Tensor) else [_shape(x) for x in inputs]
    try:
        with torch.no_grad(), user.guard(f"PostNet.forward(inputs), inputs of {shape}"):
            return copy_end(post_net).train()(inputs)
    except UserCodeError as error:
        raise UserCodeError(
            error.doing,
            error.trace,
            fix=f"PostNet must accept what the last searched layer makes: {shape} "
            "(the last of supernet.filters is the number of channels)",
        ) from error


def examine_end(
    user: UserCode, end: nn.Module, inputs: torch.Tensor | list[torch.Tensor]
) -> tuple[Costs, tuple[Operator, ...]]:
    """Parameters (frozen ones included), FLOPs and operators of an end for one image.

    Args:
        user: the user's code.
        end: the module; a copy of it runs in evaluation mode.
        inputs: what it gets, with a batch of one.
    """
    module = copy_end(end).eval()
    doing = f"{type(end).__name__}.forward(inputs) in evaluation mode, one image"
    with torch.no_grad(), user.guard(doing), FlopCounterMode(display=False) as counter:
        module(inputs)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    with user.guard(doing):
        operators = operators_of_module(copy_end(end).eval(), inputs, type(end).__name__)
    return Costs(parameters, int(counter.get_total_flops())), operators


def accepts_channels_last(end: nn.Module, inputs: torch.Tensor | list[torch.Tensor]) -> bool:
    """Whether an end that runs also runs with everything in channels-last layout.

    A ``view`` across a plane that is not stored in one piece fails; such a module gets the plain
    layout.
    """
    module = copy_end(end).eval()
    lay_out(module, torch.channels_last)
    batch = [inputs] if isinstance(inputs, torch.Tensor) else inputs
    batch = [x.contiguous(memory_format=torch.channels_last) for x in batch]
    with torch.no_grad():
        try:
            module(batch[0] if isinstance(inputs, torch.Tensor) else batch)
        except Exception:  # one of another kind will come back, and be told, where the end is used
            return False
    return True


def _shape(tensor: torch.Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
