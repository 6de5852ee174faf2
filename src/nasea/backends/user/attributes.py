"""Plain attributes of UserModule that training changes: counters, averages, queues.

What a loss counts or remembers in UserModule belongs to the training state, as the weights do.
Numbers, strings, tensors, and lists and dicts of plain values are saved in checkpoints if they
differ from their initial values. The user is notified of any other attribute that was replaced.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasea.backends.user.reachable import CODE, items_of
from nasea.errors import Notice

_PLAIN = (bool, int, float, str, type(None))
_DEPTH = 8


@dataclass(frozen=True)
class Attribute:
    """A value and the container that holds it.

    Attributes:
        holder: an object, a list or a dict.
        key: the attribute name, index or key of the value in ``holder``.
        value: the current value.
    """

    holder: Any
    key: Any
    value: Any

    def put(self, value: Any) -> None:
        """Replace the value in its holder."""
        if isinstance(self.holder, dict | list):
            self.holder[self.key] = value
        else:
            setattr(self.holder, self.key, value)


class Attributes:
    """The attributes of a UserModule other than trained objects, compared with a first snapshot.

    The snapshot is taken when this object is made.

    Args:
        user: the UserModule.
        directory: the directory of the user's files.
        tensors: the tensor type of the framework.
        apart: types to leave out: they are saved in another way, or are data.
        copied: returns a copy of a tensor that the user's code cannot change.
    """

    def __init__(
        self,
        user: object,
        directory: Path,
        tensors: type,
        apart: tuple[type, ...],
        copied: Callable[[Any], Any],
    ) -> None:
        self._user = user
        self._directory = directory
        self._tensors = tensors
        self._apart = apart
        self._copied = copied
        self._notified: set[str] = set()
        self._before = {
            name: (self._mark(each.value), self._copy(each.value))
            for name, each in self._walk(user, "", 0)
        }

    def changed(self) -> dict[str, Any]:
        """Return copies of the values that changed, by name; omit those that cannot be saved."""
        return {
            name: self._copy(each.value)
            for name, each in self._walk(self._user, "", 0)
            if self._differs(name, each) and self._is_kept(each.value)
        }

    def put(self, values: dict[str, Any]) -> None:
        """Restore copies of the values that :meth:`changed` returned."""
        present = dict(self._walk(self._user, "", 0))
        for name, value in values.items():
            holder, _, key = name.rpartition(".")
            if name in present:
                present[name].put(self._copy(value))
            elif not holder:  # an attribute that training added
                setattr(self._user, key, self._copy(value))

    def undo(self) -> None:
        """Restore the values of the first snapshot."""
        for name, each in self._walk(self._user, "", 0):
            if name in self._before and self._differs(name, each) and self._is_kept(each.value):
                each.put(self._copy(self._before[name][1]))

    def notice(self, file: str) -> Notice | None:
        """Return a notice of attributes that changed but cannot be saved; name each only once."""
        lost = {
            name
            for name, each in self._walk(self._user, "", 0)
            if self._differs(name, each) and not self._is_kept(each.value)
        } - self._notified
        if not lost:
            return None
        self._notified |= lost
        names = ", ".join(f"UserModule.{name}" for name in sorted(lost))
        return Notice(
            file,
            f"{names} changed in training and cannot be kept in a checkpoint: a resumed run "
            "differs from an uninterrupted one (keep numbers, tensors, lists of numbers, "
            "parameters or layers there)",
        )

    def _differs(self, name: str, each: Attribute) -> bool:
        return name not in self._before or self._before[name][0] != self._mark(each.value)

    def _is_kept(self, value: Any) -> bool:
        return isinstance(value, self._tensors) or _is_plain(value)

    def _mark(self, value: Any) -> Any:
        if isinstance(value, self._tensors):
            return (id(value), getattr(value, "_version", 0))
        if _is_plain(value):
            return repr(value)
        return (id(value), len(value) if hasattr(value, "__len__") else None)

    def _copy(self, value: Any) -> Any:
        if isinstance(value, self._tensors):
            return self._copied(value)
        return copy.deepcopy(value) if _is_plain(value) else value

    def _walk(self, holder: Any, name: str, depth: int) -> Iterator[tuple[str, Attribute]]:
        for key, value in items_of(holder, self._directory) if depth < _DEPTH else []:
            if isinstance(value, (*CODE, *self._apart)):
                continue
            place = f"{name}.{key}" if name else str(key)
            inner = items_of(value, self._directory)
            if isinstance(value, self._tensors) or _is_plain(value) or not inner:
                yield place, Attribute(holder, key, value)
            else:
                yield from self._walk(value, place, depth + 1)


def _is_plain(value: Any, depth: int = 0) -> bool:
    if type(value) in _PLAIN:
        return True
    if depth > _DEPTH or type(value) not in (list, dict) or len(value) > 10_000:
        return False
    if type(value) is dict and not all(type(key) is str for key in value):
        return False
    items = value.values() if type(value) is dict else value
    return all(_is_plain(each, depth + 1) for each in items)
