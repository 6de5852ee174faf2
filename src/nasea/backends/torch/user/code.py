"""The user's PyTorch module: its interface, and every call into it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from nasea.backends.scoring.prediction_images import METHOD
from nasea.backends.torch.memory import as_out_of_memory, is_out_of_memory
from nasea.backends.torch.training.state import pack, unpack
from nasea.backends.torch.training.user_state import Held, attributes_of
from nasea.backends.torch.user.describe import describe
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.backends.user.attributes import Attributes
from nasea.backends.user.metric import CandidateFailed, CandidateRaised, finite_number
from nasea.backends.user.metric_memory import MetricMemory
from nasea.backends.user.module import (
    FILE_NAME,
    Interface,
    accepts,
    check_interface,
    import_user_module,
    require_new,
    user_code,
    user_frames,
)
from nasea.backends.user.working_directory import PrivateDirectory
from nasea.errors import NaseaError, UserCodeError, UserModuleError

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


class UserCode:
    """``user_module.py``, called with guards.

    Args:
        directory: where the module is.
        epochs: handed to ``UserModule``.
        batch_size: handed to ``UserModule``.
        module: what stands for the user's module; ``None`` imports it.
        file: its name, for messages.
    """

    def __init__(
        self,
        directory: Path,
        epochs: int,
        batch_size: int,
        module: Any = None,
        file: str = FILE_NAME,
    ) -> None:
        self.directory = directory.resolve()
        self.file = file
        if module is None:
            module = import_user_module(self.directory)
        if isinstance(module, ModuleType):
            check_interface(module, INTERFACE, unwritten=[nn.Module.forward])
        _refuse_loss_object(module, file)
        self._module = module
        self._workplace = PrivateDirectory()
        with self.guard("UserModule(epoch, batch_size)"):
            self._user = module.UserModule(epochs, batch_size)

    def close(self) -> None:
        """Remove what was made for the user's code."""
        self._workplace.close()

    @contextmanager
    def guard(self, doing: str) -> Iterator[None]:
        """Report what goes wrong inside as the user's own failure."""
        with user_code(doing, self.directory):
            yield

    def held(self) -> Held:
        """Parameters and modules that UserModule holds."""
        return Held(self._user, self.directory)

    def attributes(self) -> Attributes:
        """The plain attributes of UserModule, as they are now."""
        return attributes_of(self._user, self.directory)

    def end(self, class_name: str) -> nn.Module:
        """A new PreNet or PostNet."""
        make = getattr(self._module, class_name)
        with self.guard(f"{class_name}()"):
            end = make()
        if not isinstance(end, nn.Module):
            raise UserModuleError(
                f"{self.file}: {class_name} must be a torch.nn.Module, found "
                f"{type(end).__module__}.{type(end).__qualname__}",
                fix=f"derive it from nn.Module: class {class_name}(nn.Module)",
            )
        if not isinstance(make, type):
            before = generator_state(), torch.get_rng_state()
            with self.guard(f"{class_name}()"):
                again = make()
            set_generator_state(before[0])
            torch.set_rng_state(before[1])
            ours, theirs = ([m, *m.parameters()] for m in (end, again))
            require_new(class_name, self.file, ours, theirs)
        for name, tensor in (*end.named_parameters(), *end.named_buffers()):
            if is_lazy(tensor):
                raise UserModuleError(
                    f"{self.file}: {class_name}.{name} has no shape before the first batch "
                    f"({type(end.get_submodule(name.rpartition('.')[0])).__name__})",
                    fix="give the layer its size, e.g. nn.Linear(64, 10) for nn.LazyLinear(10); "
                    "leave it out where forward never calls it",
                )
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

    @property
    def draws_pictures(self) -> bool:
        """Whether the module has the optional method that draws predictions."""
        return callable(getattr(self._user, "pictures", None))

    @property
    def class_names(self) -> object:
        """The module's optional names of classes; ``None`` where it has none."""
        return getattr(self._user, "class_names", None)

    def pictures(self, images: torch.Tensor, labels: object, outputs: object) -> object:
        """What the module's optional ``pictures`` returns."""
        with self.guard(METHOD), torch.no_grad():
            return self._user.pictures(images, labels, outputs)

    def metric(self, loader: Iterable[Any], evaluate: Any) -> float:
        """What ``metrics_func`` returns, run in a private working directory.

        Raises:
            CandidateFailed: it raised, called ``exit`` or returned a number that is not finite.
            MetricError: it returned something that is not a number.
        """
        memory = MetricMemory(self._user, self.directory)
        with self._workplace.entered(), memory.kept():
            try:
                memory.reset()
                value = self._user.metrics_func(loader, evaluate)
            except SystemExit as error:
                raise CandidateFailed(f"metrics_func called exit({error.code!r})") from error
            except NaseaError:
                raise
            except Exception as error:
                if is_out_of_memory(error):
                    raise as_out_of_memory(error) from error
                text = user_frames(error, self.directory).rstrip()
                raise CandidateRaised(f"metrics_func failed:\n{text}") from error
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            value = value.item()
        return finite_number(value, "metrics_func")


def _refuse_loss_object(module: Any, file: str) -> None:
    if isinstance(getattr(module.UserModule, "loss_func", None), nn.Module):
        kind = type(module.UserModule.loss_func).__name__
        raise UserModuleError(
            f"{file}: UserModule.loss_func is an object, {kind}; it would be called as "
            "loss_func(labels, logits), the other way round than losses of PyTorch",
            fix="write a method, def loss_func(self, labels, logits): return self.loss(logits, "
            f"labels), with self.loss = {kind}(…) in __init__",
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
