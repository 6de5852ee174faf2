"""Attributes failures while a data set is read to user code, the data or a worker process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch.utils.data import Subset

from nasea.backends.user.failing_item import add_item_note
from nasea.backends.user.module import is_user_file, text_of, user_code
from nasea.errors import DataError, UserCodeError

_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line \d+.*\n(?:    .*\n)*', re.MULTILINE)
_TORCH_DATA = str(Path("torch", "utils", "data"))
_COLLATE = str(Path("utils", "data", "_utils", "collate.py"))


@contextmanager
def reading(what: str, directory: Path, advice: str = "") -> Iterator[None]:
    """Report a failure in the context as the user code's, or as the data's if no user code fails.

    Args:
        what: name of the data set, for messages.
        directory: the directory of the user's files.
        advice: additional advice for items that cannot be collated.
    """
    try:
        with user_code(f"reading {what}", directory):
            try:
                yield
            except Exception as error:
                add_item_note(error, _item(error))
                raise
    except UserCodeError as error:
        cause = error.__cause__
        assert cause is not None
        if text_of(cause).startswith("DataLoader worker"):
            raise DataError(
                f"a process that reads {what} died: {cause}",
                fix="it ran out of memory, was killed or called exit(); "
                "resource.data_workers: 0 reads in the main process",
            ) from error
        frames, reason, collating = _anatomy(cause, error.trace, directory)
        if frames:
            trace = f"Traceback (most recent call last):\n{''.join(frames)}{reason}"
            raise UserCodeError(error.doing, trace) from error
        if collating:
            raise DataError(
                f"the items of {what} do not fit into one batch: {reason}",
                fix="give every item as (image, label) with tensors of one shape: convert, "
                f"resize or crop in the data set, or give the data set a collate_fn{advice}",
            ) from error
        raise UserCodeError(error.doing, reason) from error


def _item(error: BaseException) -> int | None:
    """Return the index of the item that torch's fetch loop in this process was reading."""
    number: int | None = None
    step = error.__traceback__
    while step is not None:
        values = step.tb_frame.f_locals
        index, holder = values.get("idx"), values.get("self")
        if _TORCH_DATA in step.tb_frame.f_code.co_filename and isinstance(index, int):
            number = int(holder.indices[index]) if isinstance(holder, Subset) else index
        step = step.tb_next
    return number


def _anatomy(cause: BaseException, trace: str, directory: Path) -> tuple[list[str], str, bool]:
    """Return (the user's frames, the error itself, whether torch was collating items)."""
    # A worker process passes its traceback on as the text of the exception.
    text = text_of(cause)
    if not text.startswith("Caught ") or "\nOriginal Traceback" not in text:
        text = trace
    all_frames = list(_FRAME.finditer(text))
    reason = text[all_frames[-1].end() :] if all_frames else text
    frames = [f.group() for f in all_frames if is_user_file(f["file"], directory)]
    collating = any(f["file"].endswith(_COLLATE) for f in all_frames)
    step = cause.__traceback__
    while step is not None:
        collating = collating or step.tb_frame.f_code.co_filename.endswith(_COLLATE)
        step = step.tb_next
    return frames, reason.strip(), collating
