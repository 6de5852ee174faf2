"""The user's PyTorch module: its interface and every call into it."""

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
from nasea.backends.user.labels import advice_on_labels
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
    """``user_module.py`` in PyTorch; see :class:`nasea.backends.user.code.UserCode`."""

    def import_module(self) -> ModuleType:
        """Import and return the user's module."""
        return import_user_module(self.directory)

    def check(self, module: Any) -> None:
        """Raise UserModuleError if the module does not have the expected interface."""
        if isinstance(module, ModuleType):
            check_interface(module, INTERFACE, unwritten=[nn.Module.forward])
        _refuse_loss_object(module, self.file)

    def require_memory(self, error: Exception) -> None:
        """Raise torch.OutOfMemoryError if ``error`` says that memory ran out."""
        if is_out_of_memory(error):
            raise as_out_of_memory(error) from error

    def held(self) -> Held:
        """Return the parameters and modules that UserModule holds."""
        return Held(self._user, self.directory)

    def attributes(self) -> Attributes:
        """Take a snapshot of the plain attributes of UserModule."""
        return attributes_of(self._user, self.directory)

    def require_type(self, class_name: str, network: object) -> None:
        """Raise UserModuleError if a PreNet or PostNet is not an ``nn.Module``."""
        if not isinstance(network, nn.Module):
            raise UserModuleError(
                f"{self.file}: {class_name} must be a torch.nn.Module, found "
                f"{type(network).__module__}.{type(network).__qualname__}",
                fix=f"derive it from nn.Module: class {class_name}(nn.Module)",
            )

    def parts_of(self, network: nn.Module) -> list[object]:
        """Return the module and its parameters."""
        return [network, *network.parameters()]

    @contextmanager
    def keep_random_state(self) -> Iterator[None]:
        """Restore the random generators on exit."""
        before = generator_state(), torch.get_rng_state()
        yield
        set_generator_state(before[0])
        torch.set_rng_state(before[1])

    def make_network(self, class_name: str) -> nn.Module:
        """Make a new PreNet or PostNet; see :class:`nasea.backends.user.code.UserCode`."""
        network: nn.Module = super().make_network(class_name)
        _require_sizes(class_name, network, self.file)
        return network

    def dataset(self, directory: str, is_training: bool) -> torch.utils.data.Dataset[Any]:
        """Call ``dataset_define`` and check that it returns a map-style data set with a length."""
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
        """Call ``scheduler_define`` and check that it returns a schedule of updates."""
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
        """The source of ``scheduler_define``; empty if it is not available."""
        try:
            return inspect.getsource(type(self._user).scheduler_define)
        except (OSError, TypeError, AttributeError):
            return ""

    def loss(self, labels: object, outputs: object) -> torch.Tensor:
        """Call ``loss_func`` and return the mean of its result, a scalar tensor with a gradient.

        Raises:
            UserCodeError: it raises.
            UserModuleError: it returns no floating-point tensor with a gradient.
        """
        try:
            with self.guard("UserModule.loss_func(labels, logits)"):
                loss = self._user.loss_func(labels, outputs)
        except UserCodeError as error:
            shown = describe(labels)
            raise UserCodeError(
                error.doing,
                error.trace,
                fix=f"loss_func got labels {shown}; PostNet's output is {describe(outputs)}"
                + advice_on_labels(shown, "label.long()"),
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
        """Call the module's optional ``pictures`` without gradients and return its result."""
        with torch.no_grad():
            return super().pictures(images, labels, outputs)

    def metric(self, loader: Iterable[Any], evaluate: Any) -> float:
        """Call ``metrics_func`` in a private working directory and return its value.

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


def _require_sizes(class_name: str, network: nn.Module, file: str) -> None:
    """Raise UserModuleError if a module has lazy layers, whose shapes need a first batch.

    Parameters are counted, copied and loaded before the first batch, and a layer that is never
    called would never get a shape.
    """
    lazy = {
        name: module
        for name, module in network.named_modules()
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
    # Checked now, not when the first checkpoint is written or, worse, read.
    try:
        unpack(pack(scheduler.state_dict()))
    except Exception as error:
        raise UserModuleError(
            f"{file}: the state of the schedule that scheduler_define returned "
            f"({type(scheduler).__name__}) cannot be kept in a checkpoint",
            fix="keep only numbers, strings, lists, dicts and tensors in its attributes, or leave "
            "the others out in state_dict()",
        ) from error
