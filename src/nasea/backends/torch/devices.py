"""Device, threads and random generators of one process."""

from __future__ import annotations

import torch

from nasea.backends.distributed.visibility import require_own_device, show_only
from nasea.backends.training.randomness import seed_generators
from nasea.config import Scenario
from nasea.errors import NotAvailableError, Notice


def open_device(scenario: Scenario, notices: list[Notice], local_rank: int = 0) -> torch.device:
    """Open the device of this process; without CUDA fall back to the CPU, with a notice.

    CUDA_VISIBLE_DEVICES is narrowed to one of ``resource.gpu_id`` before CUDA starts, since user
    modules call a bare ``.cuda()``.

    Args:
        scenario: device ids, kind of device, threads.
        notices: gets what the user should know.
        local_rank: position of this process's device in ``resource.gpu_id``.

    Raises:
        NotAvailableError: CUDA was asked for and is not there, or the id is beyond those that
            CUDA_VISIBLE_DEVICES leaves.
    """
    resource = scenario.resource
    if resource.device != "cpu" and not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        show_only(resource.gpu_ids[min(local_rank, len(resource.gpu_ids) - 1)])
    threads = resource.threads or torch.get_num_threads()
    torch.set_num_threads(threads)
    if resource.device == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        require_own_device(resource.gpu_ids, local_rank)
        torch.cuda.init()  # type: ignore[no-untyped-call]  # from here on seeds reach it
        return torch.device("cuda")
    if resource.device == "cuda":
        raise NotAvailableError(
            "resource.device: cuda was asked for, but CUDA is not available",
            fix="use device: auto or cpu",
        )
    notices.append(Notice("resource", "no CUDA device: running on the CPU"))
    return torch.device("cpu")


def seed_everything(*seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators, which user code draws from."""
    number = seed_generators(*seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.manual_seed(number)
    else:
        # torch.manual_seed formats three stack traces in case a device is initialised later: 2.6 ms
        # for each image that is read.
        torch.default_generator.manual_seed(number)


def move(value: object, device: torch.device) -> object:
    """Return every tensor of a nesting of dicts, lists and tuples on ``device``."""
    if isinstance(value, torch.Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {key: move(item, device) for key, item in value.items()}
    if isinstance(value, list | tuple):
        moved = [move(item, device) for item in value]
        return moved if isinstance(value, list) else tuple(moved)
    return value
