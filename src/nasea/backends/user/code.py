"""The user's module in either framework: imports it, builds its classes and guards every call."""

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
from nasea.backends.user.normalisation import Normalisation, find_normalisation
from nasea.backends.user.working_directory import PrivateDirectory
from nasea.errors import NaseaError


class UserCode(ABC):
    """``user_module.py``, with every call guarded.

    Args:
        directory: the directory of the module.
        epochs: passed to ``UserModule``.
        batch_size: passed to ``UserModule``.
        module: an object to use as the user's module; ``None`` imports it.
        file: name of the file, for messages.
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
        self._module = self.import_module() if module is None else module
        self.check(self._module)
        self._workplace = PrivateDirectory()
        with self.guard("UserModule(epoch, batch_size)"):
            self._user = self._module.UserModule(epochs, batch_size)

    # --- implemented by a framework ---

    @abstractmethod
    def import_module(self) -> Any:
        """Import and return the user's module."""

    @abstractmethod
    def check(self, module: Any) -> None:
        """Raise UserModuleError if the module does not have the expected interface."""

    @abstractmethod
    def require_type(self, class_name: str, network: object) -> None:
        """Raise UserModuleError if an instance of PreNet or PostNet has the wrong type."""

    @abstractmethod
    def parts_of(self, network: Any) -> Iterable[object]:
        """Return the objects that two instances of PreNet or PostNet must not share."""

    @abstractmethod
    def require_memory(self, error: Exception) -> None:
        """Raise the framework's out-of-memory exception if ``error`` says that memory ran out."""

    @contextmanager
    def keep_random_state(self) -> Iterator[None]:
        """Restore the random generators on exit, if initial values are drawn from them."""
        yield

    def in_short(self, trace: str) -> str:
        """Return a traceback without the framework's own additions."""
        return trace.rstrip()

    # --- the same in all frameworks ---

    def close(self) -> None:
        """Remove the private working directory."""
        self._workplace.close()

    @contextmanager
    def guard(self, doing: str) -> Iterator[None]:
        """Report exceptions in the context as failures of the user's code."""
        with user_code(doing, self.directory):
            yield

    def make_network(self, class_name: str) -> Any:
        """Make a new PreNet or PostNet.

        Args:
            class_name: ``PreNet`` or ``PostNet``.

        Raises:
            UserCodeError: the constructor raises.
            UserModuleError: it has the wrong type, or shares weights with an earlier instance.
        """
        make = getattr(self._module, class_name)
        with self.guard(f"{class_name}()"):
            network = make()
        self.require_type(class_name, network)
        if not isinstance(make, type):
            with self.keep_random_state(), self.guard(f"{class_name}()"):
                again = make()
            require_new(class_name, self.file, self.parts_of(network), self.parts_of(again))
        return network

    @property
    def draws_pictures(self) -> bool:
        """Whether the module has the optional method ``pictures``, which draws predictions."""
        return callable(getattr(self._user, "pictures", None))

    @property
    def class_names(self) -> object:
        """The module's optional class names; ``None`` if it has none."""
        return getattr(self._user, "class_names", None)

    def normalisation(self, data_set: object) -> Normalisation | None:
        """Return how the module or its data set scales images; ``None`` if neither specifies it."""
        return find_normalisation(self._module, self._user, data_set)

    def pictures(self, images: Any, labels: Any, outputs: Any) -> object:
        """Call the module's optional ``pictures`` and return its result."""
        with self.guard(METHOD):
            return self._user.pictures(images, labels, outputs)

    @contextmanager
    def measuring(self) -> Iterator[MetricMemory]:
        """Run the metric in a private working directory; restore its accumulators on exit."""
        memory = MetricMemory(self._user, self.directory)
        with self._workplace.entered(), memory.kept():
            yield memory

    def number(
        self, name: str, metric: Callable[[], Any], found: Callable[[], str] = lambda: ""
    ) -> float:
        """Call the metric and return its value; an exception counts as the candidate's failure.

        Args:
            name: name of the metric method.
            metric: calls it.
            found: describes its arguments, for the message.

        Raises:
            CandidateFailed: the metric raised, called ``exit`` or returned a non-finite number.
            MetricError: the metric returned something that is not a number.
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
