"""Running the user's PreNet and PostNet to see what they make and what they cost."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasea.backends.torch.user import UserCode
from nasea.backends.usermodule import FILE_NAME
from nasea.cost import Costs
from nasea.errors import UserCodeError, UserModuleError
from nasea.space import Shape


def run_pre_net(user: UserCode, pre_net: nn.Module, images: torch.Tensor) -> Shape:
    """Shape of PreNet's output for one image of the batch ``images`` (N, C, H, W)."""
    with torch.no_grad(), user.guard(f"PreNet.forward(inputs), inputs of {_shape(images)}"):
        output = copy.deepcopy(pre_net).train()(images)
    if not isinstance(output, torch.Tensor) or output.dim() != 4:
        found = _shape(output) if isinstance(output, torch.Tensor) else type(output).__name__
        raise UserModuleError(
            f"{FILE_NAME}: PreNet.forward must return one tensor (N, C, H, W), found {found}"
        )
    if output.shape[0] != images.shape[0]:
        raise UserModuleError(
            f"{FILE_NAME}: PreNet.forward changed the number of images from {images.shape[0]} "
            f"to {output.shape[0]}"
        )
    return (int(output.shape[1]), int(output.shape[2]), int(output.shape[3]))


def run_post_net(
    user: UserCode, post_net: nn.Module, inputs: torch.Tensor | list[torch.Tensor]
) -> object:
    """PostNet's output on ``inputs`` (N, C, H, W), or on the tapped layers and the last one."""
    shape = _shape(inputs) if isinstance(inputs, torch.Tensor) else [_shape(x) for x in inputs]
    try:
        with torch.no_grad(), user.guard(f"PostNet.forward(inputs), inputs of {shape}"):
            return copy.deepcopy(post_net).train()(inputs)
    except UserCodeError as error:
        raise UserCodeError(
            error.doing,
            error.trace,
            fix=f"PostNet must accept what the last searched layer makes: {shape} "
            "(the last of supernet.filters is the number of channels)",
        ) from error


def count_end(end: nn.Module, inputs: torch.Tensor | list[torch.Tensor]) -> Costs:
    """Parameters (frozen ones included) and FLOPs of an end for one image.

    Args:
        end: the module; a copy of it runs in evaluation mode.
        inputs: what it gets, with a batch of one.
    """
    module = copy.deepcopy(end).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(inputs)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return Costs(parameters, int(counter.get_total_flops()))


def accepts_channels_last(end: nn.Module, inputs: torch.Tensor) -> bool:
    """Whether an end runs, and gives the same, on a batch in channels-last layout.

    A ``view`` across a plane that is not stored in one piece fails; such a module gets the plain
    layout.
    """
    module = copy.deepcopy(end).eval()
    with torch.no_grad():
        plain = module(inputs)
        try:
            module(inputs.contiguous(memory_format=torch.channels_last))
        except RuntimeError:
            return False
    del plain
    return True


def _shape(tensor: torch.Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
