"""TensorBoard events, written without torch or TensorFlow.

Only TensorBoard's record format and protocol buffers are used. Its ``EventFileWriter`` is not used:
if TensorFlow is installed, it uses TensorFlow's file system, which takes seconds to import. Its
thread also hides a full disk until a later call, and prints its own traceback.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from typing_extensions import Self

from nasea.results.storage.files import write_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

# Often enough to watch a run live, rarely enough to cost nothing.
_FLUSH_SECONDS = 5.0


class EventLog:
    """Writes one TensorBoard event file into a folder; a context manager.

    Args:
        directory: the log folder of TensorBoard; created if missing.

    Raises:
        ResultsError: from every method, when the file cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        try:
            directory.mkdir(parents=True, exist_ok=True)
            self.path, self._file = _new_file(directory)
        except OSError as error:
            raise write_error(directory, error) from error
        self._records = RecordWriter(self._file)
        self._flushed = 0.0
        self._write(Event(file_version="brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Add a point to the curve ``tag``; values that are not finite are written unchanged."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._add(Summary.Value(tag=tag, simple_value=float(value)), step)

    def figure(self, tag: str, figure: Figure, step: int) -> None:
        """Add a matplotlib figure as a PNG image."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        png = buffer.getvalue()
        width, height = struct.unpack(">II", png[16:24])  # the IHDR chunk, always first
        image = Summary.Image(
            height=height, width=width, colorspace=4, encoded_image_string=png
        )  # 4: RGBA
        self._add(Summary.Value(tag=tag, image=image), step)

    def text(self, tag: str, text: str, step: int) -> None:
        """Add text; TensorBoard shows it as Markdown."""
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING

        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        tensor = TensorProto(dtype=DT_STRING, tensor_shape=shape, string_val=[text.encode("utf-8")])
        plugin = SummaryMetadata.PluginData(plugin_name="text")
        metadata = SummaryMetadata(plugin_data=plugin)
        self._add(Summary.Value(tag=tag, metadata=metadata, tensor=tensor), step)

    def flush(self) -> None:
        """Flush everything written so far to the operating system."""
        try:
            self._file.flush()
        except OSError as error:
            raise write_error(self.path, error) from error
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Flush and close; closing twice is harmless."""
        try:
            self._file.close()
        except OSError as error:
            raise write_error(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _add(self, value: Summary.Value, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._write(Event(step=step, summary=Summary(value=[value])))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        try:
            self._records.write(event.SerializeToString())
        except OSError as error:
            raise write_error(self.path, error) from error
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()


def _new_file(directory: Path) -> tuple[Path, BinaryIO]:
    """Open a new event file with a name that TensorBoard recognises."""
    stem = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
    attempt = 0
    while True:
        path = directory / f"{stem}.{attempt}"
        try:
            return path, path.open("xb")
        except FileExistsError:
            attempt += 1
