"""Runs the user's PreNet and PostNet to find their output shapes and costs."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasea.backends.torch.export.operators import operators_of_module
from nasea.backends.torch.network.supernet import lay_out
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.copying import copy_user_network, require_own_copy
from nasea.backends.torch.user.describe import describe
from nasea.backends.user.batch_size import Size, require_outputs_of_one, require_same_number
from nasea.backends.user.nesting import flatten
from nasea.cost import Costs, Operator
from nasea.errors import UserCodeError, UserModuleError
from nasea.space import Shape


def run_pre_net(user: UserCode, pre_net: nn.Module, images: torch.Tensor) -> Shape:
    """Run PreNet on a batch and return the shape of its output for one image.

    Args:
        user: guards the call.
        pre_net: the module.
        images: (N, C, H, W).

    Returns:
        (C, H, W).

    Raises:
        UserCodeError: PreNet raises.
        UserModuleError: PreNet cannot be copied, or returns no feature map.
    """
    require_own_copy(pre_net)
    try:
        with torch.no_grad(), user.guard(f"PreNet.forward(inputs), inputs of {_shape(images)}"):
            output = copy_user_network(pre_net).train()(images)
    except UserCodeError as error:
        if images.dtype == torch.float32:
            raise
        fix = f"the data set gives {describe(images)}; make it float32 with image.float()"
        raise UserCodeError(error.doing, error.trace, fix=fix) from error
    _require_feature_map(user, output, len(images))
    return (int(output.shape[1]), int(output.shape[2]), int(output.shape[3]))


def _require_feature_map(user: UserCode, output: object, images: int) -> None:
    """Raise UserModuleError if PreNet's output for ``images`` images is not a feature map."""
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
    require_same_number(user.file, "PreNet.forward", images, len(output))


def run_post_net(
    user: UserCode, post_net: nn.Module, inputs: torch.Tensor | list[torch.Tensor]
) -> object:
    """Run PostNet and return its output.

    Args:
        user: guards the call.
        post_net: the module.
        inputs: (N, C, H, W), or a list of the outputs of the tapped layers and of the last layer.

    Raises:
        UserCodeError: PostNet raises.
        UserModuleError: PostNet cannot be copied.
    """
    require_own_copy(post_net)
    shape = _shape(inputs) if isinstance(inputs, torch.Tensor) else [_shape(x) for x in inputs]
    try:
        with torch.no_grad(), user.guard(f"PostNet.forward(inputs), inputs of {shape}"):
            return copy_user_network(post_net).train()(inputs)
    except UserCodeError as error:
        raise UserCodeError(
            error.doing,
            error.trace,
            fix=f"PostNet must accept what the last searched layer makes: {shape} "
            "(the last of supernet.filters is the number of channels)",
        ) from error


def examine_pre_net(
    user: UserCode, pre_net: nn.Module, image: torch.Tensor
) -> tuple[Costs, tuple[Operator, ...]]:
    """Return the costs and operators of PreNet for ``image`` (1, C, H, W).

    Parameters include frozen ones.

    Raises:
        UserModuleError: in evaluation mode it does not return one feature map for one image.
    """
    output, costs, operators = _examined(user, pre_net, image)
    _require_feature_map(user, output, 1)
    return costs, operators


def examine_post_net(
    user: UserCode,
    post_net: nn.Module,
    inputs: torch.Tensor | list[torch.Tensor],
    batch: object,
    images: int,
) -> tuple[Costs, tuple[Operator, ...]]:
    """Return the costs and operators of PostNet for one image; parameters include frozen ones.

    Args:
        user: guards the call.
        post_net: the module.
        inputs: its input for one image.
        batch: its output for a batch.
        images: the size of that batch.

    Raises:
        UserModuleError: it returns outputs of a whole batch for one image.
    """
    output, costs, operators = _examined(user, post_net, inputs)
    sizes = _sizes(batch), _sizes(output)
    require_outputs_of_one(user.file, "PostNet.forward", images, *sizes)
    return costs, operators


def _examined(
    user: UserCode, network: nn.Module, inputs: torch.Tensor | list[torch.Tensor]
) -> tuple[object, Costs, tuple[Operator, ...]]:
    # A copy in evaluation mode: one image may be too few for batch statistics.
    module = copy_user_network(network).eval()
    doing = f"{type(network).__name__}.forward(inputs) in evaluation mode, one image"
    with torch.no_grad(), user.guard(doing), FlopCounterMode(display=False) as counter:
        output = module(inputs)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    with user.guard(doing):
        operators = operators_of_module(
            copy_user_network(network).eval(), inputs, type(network).__name__
        )
    return output, Costs(parameters, int(counter.get_total_flops())), operators


def accepts_channels_last(network: nn.Module, inputs: torch.Tensor | list[torch.Tensor]) -> bool:
    """Return whether a module that runs in the default layout also runs in channels-last.

    A ``view`` over axes that are not contiguous in memory fails; such a module stays in the
    default layout.
    """
    module = copy_user_network(network).eval()
    lay_out(module, torch.channels_last)
    batch = [inputs] if isinstance(inputs, torch.Tensor) else inputs
    batch = [x.contiguous(memory_format=torch.channels_last) for x in batch]
    with torch.no_grad():
        try:
            module(batch[0] if isinstance(inputs, torch.Tensor) else batch)
        except Exception:  # any other failure will recur, and be reported, when the module is used
            return False
    return True


def _sizes(outputs: object) -> list[Size]:
    return [_shape(tensor) for _, tensor in flatten(outputs, torch.Tensor)]


def _shape(tensor: torch.Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
