"""``nasea latency bench``: writes a scenario's operators as files to measure on another device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nasea.config import load_scenario
from nasea.cost import Operator
from nasea.cost.operators import KINDS, RESHAPE
from nasea.cost.profiles import Gap
from nasea.cost.profiles.operator_csv import manifest_text, row_of
from nasea.errors import LatencyError, Notice
from nasea.install import install_line
from nasea.pipeline.probe import Built, open_latency_space
from nasea.pipeline.session.events import Listener, NullListener, Progress

MANIFEST = "operators.csv"

Write = Callable[[Operator], bytes]

_WITH_TENSORFLOW = True
"""Off in tests that must not load TensorFlow, which takes seconds."""


@dataclass(frozen=True)
class Bench:
    """The files that were written.

    Attributes:
        folder: the folder of the manifest, ``onnx/`` and ``tflite/``.
        operators: number of operators.
        formats: file suffixes, without a dot.
    """

    folder: Path
    operators: int
    formats: tuple[str, ...]


def write_bench(
    config: Path,
    folder: Path,
    *,
    directory: Path | None = None,
    listener: Listener | None = None,
) -> Bench:
    """Write every distinct operator of the search space, PreNet and PostNet, and a manifest.

    Args:
        config: the scenario; if it has no latency budget, the default blocks for one are used.
        folder: the folder to create; must not contain a manifest.
        directory: the directory of ``user_module.py``; the current directory by default.
        listener: receives progress and notices.

    Raises:
        NaseaError: a mistake that the user can fix.
    """
    listener = listener or NullListener()
    if (folder / MANIFEST).exists():
        raise LatencyError(
            f"{folder} already holds {MANIFEST}; nothing was written",
            fix="name another folder with --out, or move that one away",
        )
    loaded = load_scenario(config)
    for notice in loaded.notices:
        listener.notice(notice)
    listener.begin("latency", f"writing the operators of {config}")
    opened = open_latency_space(loaded.scenario, (directory or Path.cwd()).resolve())
    try:
        operators = distinct_operators(opened)
    finally:
        opened.backend.close()
    writers = _writers(loaded.scenario.keras_version, listener)
    rows = []
    for number, operator in enumerate(operators):
        row = {"id": f"{number:03d}"}
        for suffix, write in writers.items():
            row[suffix] = f"{suffix}/{number:03d}.{suffix}"
            _save(folder / row[suffix], write(operator))
        rows.append({**row, **row_of(operator)})
        listener.progress(Progress("latency", number + 1, len(operators), "operator"))
    _save(folder / MANIFEST, manifest_text(rows).encode())
    return Bench(folder, len(operators), tuple(writers))


def distinct_operators(opened: Built) -> list[Operator]:
    """Return the distinct operators of the search space, PreNet and PostNet.

    Raises:
        LatencyError: names the operators that nasea does not support.
    """
    found = dict.fromkeys(op for subgraph in opened.subgraphs for op in subgraph.operators)
    operators = [op for op in found if op.kind != RESHAPE]
    unknown = [op for op in operators if op.kind not in KINDS]
    if unknown:
        gaps = [f"  {Gap.of(op, 'no file can be written for it')}" for op in unknown]
        raise LatencyError(
            "\n".join(["the networks contain operators that nasea does not support:", *gaps]),
            fix="use other operations in PreNet or PostNet",
        )
    return operators


def _writers(keras_version: int, listener: Listener) -> dict[str, Write]:
    writers: dict[str, Write] = {}
    missing: list[tuple[str, str]] = []
    if find_spec("onnx") is not None:
        from nasea.backends.export.host.onnx_writer import single_operator

        writers["onnx"] = lambda operator: bytes(single_operator(operator).SerializeToString())
    else:
        missing.append(("ONNX", "onnx"))
    if _WITH_TENSORFLOW and find_spec("tensorflow") is not None:
        from nasea.backends.tensorflow.environment import load_tensorflow

        load_tensorflow(keras_version)
        from nasea.backends.tensorflow.export.operator_files import tflite_operator

        writers["tflite"] = tflite_operator
    else:
        missing.append(("TFLite", "tensorflow"))
    for name, extra in missing:
        text = f"no {name} files: {install_line(extra)} for these"
        listener.notice(Notice("latency bench", text))
    if not writers:
        raise LatencyError(
            "neither ONNX nor TFLite files can be written",
            fix=f"{install_line('onnx')}, or {install_line('tensorflow')}",
        )
    return writers


def _save(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise LatencyError(
            f"cannot write {path}: {error.strerror or error}", fix="name another folder with --out"
        ) from error


def formats_in_words(formats: Sequence[str]) -> str:
    """Name the written formats, for messages."""
    names = {"onnx": "ONNX", "tflite": "TFLite"}
    return " and ".join(names[name] for name in formats)
