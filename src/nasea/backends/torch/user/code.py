"""The user's PyTorch module: its interface, and every call into it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from nasea.backends.torch.memory import as_out_of_memory, is_out_of_memory
from nasea.backends.torch.training.state import pack, unpack
from nasea.backends.torch.training.user_state import Held, attributes_of
from nasea.backends.torch.user.describe import describe
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.backends.user import code
from nasea.backends.user.attributes import Attributes
from nasea.backends.user.module import (
    Interface,
    accepts,
    check_interface,
    import_user_module,
)
from nasea.errors import UserCodeError, UserModuleError

INTERFACE: Interface = {
    "UserModule": {
        "__init__": ("epoch", "batch_size"),
        "dataset_define": ("dataset_dir", "is_training"),
        "scheduler_define": ("optimizer", "steps_per_epoch"),
        "metrics_func": ("eval_dataloader", "eval_function"),
        "loss_func": ("labels", "logits"),
    },
    "PreNet": {"__init__": (), "forward": ("inputs",)},
    "PostNet": {"__init__": (), "forward": ("inputs",)},
}


class UserCode(code.UserCode):
    """``user_module.py``, called with guards; see :class:`nasea.backends.user.code.UserCode`."""

    def imported(self) -> ModuleType:
        """The user's module."""
        return import_user_module(self.directory)

    def check(self, module: Any) -> None:
        """Raise UserModuleError where the module is not what it must be."""
        if isinstance(module, ModuleType):
            check_interface(module, INTERFACE, unwritten=[nn.Module.forward])
        _refuse_loss_object(module, self.file)

    def require_memory(self, error: Exception) -> None:
        """Raise torch.OutOfMemoryError where another exception says so."""
        if is_out_of_memory(error):
            raise as_out_of_memory(error) from error

    def held(self) -> Held:
        """Parameters and modules that UserModule holds."""
        return Held(self._user, self.directory)

    def attributes(self) -> Attributes:
        """The plain attributes of UserModule, as they are now."""
        return attributes_of(self._user, self.directory)

    def require_end(self, class_name: str, end: object) -> None:
        """Raise UserModuleError where what a class makes is not a module."""
        if not isinstance(end, nn.Module):
            raise UserModuleError(
                f"{self.file}: {class_name} must be a torch.nn.Module, found "
                f"{type(end).__module__}.{type(end).__qualname__}",
                fix=f"derive it from nn.Module: class {class_name}(nn.Module)",
            )

    def parts_of(self, end: nn.Module) -> list[object]:
        """The model and its weights."""
        return [end, *end.parameters()]

    @contextmanager
    def undrawn(self) -> Iterator[None]:
        """Put the random generators back after it."""
        before = generator_state(), torch.get_rng_state()
        yield
        set_generator_state(before[0])
        torch.set_rng_state(before[1])

    def end(self, class_name: str) -> nn.Module:
        """A new PreNet or PostNet."""
        end: nn.Module = super().end(class_name)
        _require_sizes(class_name, end, self.file)
        return end

    def dataset(self, directory: str, is_training: bool) -> torch.utils.data.Dataset[Any]:
        """What ``dataset_define`` returns, checked to be a data set with a length."""
        doing = f"UserModule.dataset_define({directory!r}, is_training={is_training})"
        with self.guard(doing):
            dataset = self._user.dataset_define(directory, is_training)
        ok = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
        if not ok or isinstance(dataset, torch.utils.data.IterableDataset):
            raise UserModuleError(
                f"{self.file}: dataset_define must return a torch.utils.data.Dataset with a "
                f"length and items by number, found {type(dataset).__name__}",
                fix="write __len__(self) and __getitem__(self, index)",
            )
        return dataset  # type: ignore[no-any-return]

    def scheduler(self, optimizer: torch.optim.Optimizer, steps_per_epoch: int) -> Any:
        """What ``scheduler_define`` returns, checked to be a schedule."""
        doing = f"UserModule.scheduler_define(optimizer, {steps_per_epoch})"
        with self.guard(doing):
            scheduler = self._user.scheduler_define(optimizer, steps_per_epoch)
        wanted = ("step", "state_dict", "load_state_dict")
        ok = all(callable(getattr(scheduler, name, None)) for name in wanted)
        if not ok or isinstance(scheduler, torch.optim.Optimizer):
            raise UserModuleError(
                f"{self.file}: scheduler_define must return a torch.optim.lr_scheduler object, "
                f"found {type(scheduler).__name__}"
            )
        if not accepts(scheduler.step, 0):
            raise UserModuleError(
                f"{self.file}: scheduler_define returned {type(scheduler).__name__}, whose step() "
                "asks for more; the schedule is stepped once per update without a metric",
                fix="use a schedule of the step number, e.g. CosineAnnealingLR or OneCycleLR",
            )
        _require_storable(scheduler, self.file)
        return scheduler

    @property
    def schedule_code(self) -> str:
        """The source of ``scheduler_define``; empty where it cannot be had."""
        try:
            return inspect.getsource(type(self._user).scheduler_define)
        except (OSError, TypeError, AttributeError):
            return ""

    def loss(self, labels: object, outputs: object) -> torch.Tensor:
        """The mean of what ``loss_func`` returns, a scalar tensor with a gradient."""
        try:
            with self.guard("UserModule.loss_func(labels, logits)"):
                loss = self._user.loss_func(labels, outputs)
        except UserCodeError as error:
            raise UserCodeError(
                error.doing,
                error.trace,
                fix=f"loss_func got labels {describe(labels)}; PostNet's output is "
                f"{describe(outputs)}",
            ) from error
        if not isinstance(loss, torch.Tensor) or not loss.is_floating_point():
            raise UserModuleError(
                f"{self.file}: loss_func must return a floating-point tensor, "
                f"found {describe(loss)}"
            )
        if not loss.requires_grad:
            raise UserModuleError(
                f"{self.file}: the tensor that loss_func returns has no gradient",
                fix="compute it from logits with torch, without detach(), item() or no_grad()",
            )
        return loss.mean() if loss.dim() else loss

    def pictures(self, images: Any, labels: object, outputs: object) -> object:
        """What the module's optional ``pictures`` returns."""
        with torch.no_grad():
            return super().pictures(images, labels, outputs)

    def metric(self, loader: Iterable[Any], evaluate: Any) -> float:
        """What ``metrics_func`` returns, run in a private working directory.

        Raises:
            CandidateFailed, MetricError: see :meth:`number`.
        """
        with self.measuring() as memory:

            def metric() -> object:
                memory.reset()
                value = self._user.metrics_func(loader, evaluate)
                one = isinstance(value, torch.Tensor) and value.numel() == 1
                return value.item() if one else value

            return self.number("metrics_func", metric)


def _refuse_loss_object(module: Any, file: str) -> None:
    if isinstance(getattr(module.UserModule, "loss_func", None), nn.Module):
        kind = type(module.UserModule.loss_func).__name__
        raise UserModuleError(
            f"{file}: UserModule.loss_func is an object, {kind}; it would be called as "
            "loss_func(labels, logits), the other way round than losses of PyTorch",
            fix="write a method, def loss_func(self, labels, logits): return self.loss(logits, "
            f"labels), with self.loss = {kind}(…) in __init__",
        )


def _require_sizes(class_name: str, end: nn.Module, file: str) -> None:
    """Raise UserModuleError where layers wait for their first batch to have a size.

    Ends are counted, copied and loaded before there is one, and one that is never called would
    never have any.
    """
    lazy = {
        name: module
        for name, module in end.named_modules()
        if any(map(is_lazy, (*module.parameters(recurse=False), *module.buffers(recurse=False))))
    }
    if lazy:
        found = ", ".join(
            f"{class_name}.{name}".rstrip(".") + f" ({type(module).__name__})"
            for name, module in lazy.items()
        )
        raise UserModuleError(
            f"{file}: no shape before the first batch: {found}",
            fix="give the layer its size, e.g. nn.Linear(64, 10) for nn.LazyLinear(10); "
            "leave it out where forward never calls it",
        )


def _require_storable(scheduler: Any, file: str) -> None:
    # Found out now, not when the first checkpoint is written or, worse, read.
    try:
        unpack(pack(scheduler.state_dict()))
    except Exception as error:
        raise UserModuleError(
            f"{file}: the state of the schedule that scheduler_define returned "
            f"({type(scheduler).__name__}) cannot be kept in a checkpoint",
            fix="keep only numbers, strings, lists, dicts and tensors in its attributes, or leave "
            "the others out in state_dict()",
        ) from error
