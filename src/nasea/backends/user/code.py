"""The user's module in either framework: imported, made, guarded, and asked for its metric."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nasea.backends.scoring.prediction_images import METHOD
from nasea.backends.user.metric import CandidateFailed, CandidateRaised, finite_number
from nasea.backends.user.metric_memory import MetricMemory
from nasea.backends.user.module import FILE_NAME, require_new, user_code, user_frames
from nasea.backends.user.working_directory import PrivateDirectory
from nasea.errors import NaseaError


class UserCode(ABC):
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
        self._module = self.imported() if module is None else module
        self.check(self._module)
        self._workplace = PrivateDirectory()
        with self.guard("UserModule(epoch, batch_size)"):
            self._user = self._module.UserModule(epochs, batch_size)

    # --- what a framework gives ---

    @abstractmethod
    def imported(self) -> Any:
        """The user's module."""

    @abstractmethod
    def check(self, module: Any) -> None:
        """Raise UserModuleError where the module is not what it must be."""

    @abstractmethod
    def require_end(self, class_name: str, end: object) -> None:
        """Raise UserModuleError where what a class makes is no PreNet, or no PostNet."""

    @abstractmethod
    def parts_of(self, end: Any) -> Iterable[object]:
        """What two ends must not have in common."""

    @abstractmethod
    def require_memory(self, error: Exception) -> None:
        """Raise the framework's own exception where another one says that memory is short."""

    @contextmanager
    def undrawn(self) -> Iterator[None]:
        """What is drawn within is drawn again after it, where initial values need that."""
        yield

    def in_short(self, trace: str) -> str:
        """A traceback without what is not the user's."""
        return trace.rstrip()

    # --- what is the same in all ---

    def close(self) -> None:
        """Remove what was made for the user's code."""
        self._workplace.close()

    @contextmanager
    def guard(self, doing: str) -> Iterator[None]:
        """Report errors within as failures of the user's code."""
        with user_code(doing, self.directory):
            yield

    def end(self, class_name: str) -> Any:
        """A new PreNet or PostNet."""
        make = getattr(self._module, class_name)
        with self.guard(f"{class_name}()"):
            end = make()
        self.require_end(class_name, end)
        if not isinstance(make, type):
            with self.undrawn(), self.guard(f"{class_name}()"):
                again = make()
            require_new(class_name, self.file, self.parts_of(end), self.parts_of(again))
        return end

    @property
    def draws_pictures(self) -> bool:
        """Whether the module has the optional method that draws predictions."""
        return callable(getattr(self._user, "pictures", None))

    @property
    def class_names(self) -> object:
        """The module's optional names of classes; ``None`` where it has none."""
        return getattr(self._user, "class_names", None)

    def pictures(self, images: Any, labels: Any, outputs: Any) -> object:
        """What the module's optional ``pictures`` returns."""
        with self.guard(METHOD):
            return self._user.pictures(images, labels, outputs)

    @contextmanager
    def measuring(self) -> Iterator[MetricMemory]:
        """A private working directory for the metric, and what it remembers as it was, after."""
        memory = MetricMemory(self._user, self.directory)
        with self._workplace.entered(), memory.kept():
            yield memory

    def number(
        self, name: str, metric: Callable[[], Any], found: Callable[[], str] = lambda: ""
    ) -> float:
        """What the metric returns; what goes wrong in it is the candidate's failure.

        Args:
            name: of the metric.
            metric: asks for it.
            found: says what it was given, in words.

        Raises:
            CandidateFailed: it raised, called ``exit`` or returned a number that is not finite.
            MetricError: it returned something that is not a number.
        """
        try:
            value = metric()
        except SystemExit as error:
            raise CandidateFailed(f"{name} called exit({error.code!r})") from error
        except NaseaError:
            raise
        except Exception as error:
            self.require_memory(error)
            text = self.in_short(user_frames(error, self.directory))
            raise CandidateRaised(f"{name} failed{found()}:\n{text}") from error
        return finite_number(value, name)
