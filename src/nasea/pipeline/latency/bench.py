"""``nasea latency bench``: writes a scenario's operators as files to measure on another device."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nasea.backends.export.deployment import Deployment
from nasea.config import Scenario, load_scenario
from nasea.cost import Operator
from nasea.cost.operators import KINDS, RESHAPE
from nasea.cost.profiles import Gap
from nasea.cost.profiles.operator_csv import manifest_text, row_of
from nasea.errors import LatencyError, Notice
from nasea.install import install_line
from nasea.pipeline.latency.build import sample, subgraphs_in
from nasea.pipeline.probe import Built, open_latency_space
from nasea.pipeline.session.events import Listener, NullListener, Progress
from nasea.space import Genome, Space

MANIFEST = "operators.csv"
SOURCE = "source.txt"
"""Digest of what the space was made of: a folder may be older than the scenario."""

NETWORKS = "networks.json"
"""By kind of file: networks to calibrate on, and the operators that each consists of. Of those of
PyTorch the TFLite and ExecuTorch files hold the body alone."""

Write = Callable[[Operator], bytes]

_WITH_TENSORFLOW = True
"""Off in tests that must not load TensorFlow, which takes seconds."""


@dataclass(frozen=True)
class Bench:
    """The files that were written.

    Attributes:
        folder: the folder of the manifest, ``onnx/``, ``tflite/`` and ``pte/``.
        operators: number of operators.
        formats: file suffixes, without a dot.
        networks: number of whole networks.
    """

    folder: Path
    operators: int
    formats: tuple[str, ...]
    networks: int = 0


def write_bench(
    config: Path,
    folder: Path,
    *,
    networks: int = 0,
    executorch: bool = False,
    directory: Path | None = None,
    listener: Listener | None = None,
) -> Bench:
    """Write every distinct operator of the search space, PreNet and PostNet, and a manifest.

    The manifest is written last: a folder that holds one is complete.

    Args:
        config: the scenario; if it has no latency budget, the default blocks for one are used.
        folder: the folder to create; must not contain a manifest.
        networks: random whole networks to write too, as the framework's device files; a profile
            is calibrated on them.
        executorch: also write ExecuTorch files, which takes seconds each.
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
    if executorch and find_spec("executorch") is None:
        raise LatencyError(
            ".pte files need executorch, which is not installed here",
            fix=install_line("executorch"),
        )
    loaded = load_scenario(config)
    for notice in loaded.notices:
        listener.notice(notice)
    listener.begin("latency", f"writing the operators of {config}")
    opened = open_latency_space(loaded.scenario, (directory or Path.cwd()).resolve())
    try:
        operators = distinct_operators(opened)
        whole = _random_networks(opened, operators, networks) if networks else []
        listed = {}
        if networks:
            deployment = opened.backend.deployment()
            kind = deployment.suffix.removeprefix(".")
            listed[kind] = _write_networks(deployment, whole, folder, listener)
    finally:
        opened.backend.close()
    writers = _writers(loaded.scenario.keras_version, executorch, listener)
    for kind in ("tflite", "pte"):
        if networks and kind in writers and kind not in listed:
            listed[kind] = _write_bodies(kind, opened.space, whole, folder, listener)
    if networks:
        _save(folder / NETWORKS, json.dumps(listed, indent=1).encode())
    rows = []
    for number, operator in enumerate(operators):
        row = {"id": f"{number:03d}"}
        for suffix, write in writers.items():
            row[suffix] = f"{suffix}/{number:03d}.{suffix}"
            _save(folder / row[suffix], write(operator))
        rows.append({**row, **row_of(operator)})
        listener.progress(Progress("latency", number + 1, len(operators), "operator"))
    home = (directory or Path.cwd()).resolve()
    _save(folder / SOURCE, source_digest(loaded.scenario, home).encode())
    _save(folder / MANIFEST, manifest_text(rows).encode())
    return Bench(folder, len(operators), tuple(writers), networks)


def source_digest(scenario: Scenario, home: Path) -> str:
    """Return the SHA-256, in hexadecimal, of everything that determines the operators.

    Args:
        scenario: its section ``supernet`` and the keys that select the default blocks count.
        home: the directory of ``user_module.py`` and, optionally, ``blocks.py``.
    """
    content = scenario.supernet.model_dump_json() + scenario.framework + scenario.task
    digest = hashlib.sha256(content.encode())
    for name in ("user_module.py", "blocks.py"):
        path = home / name
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


@dataclass(frozen=True)
class _Network:
    """A random network.

    Attributes:
        genome: the architecture.
        ends: ids of the operators of PreNet and PostNet.
        body: ids of the operators between them.
    """

    genome: Genome
    ends: list[str]
    body: list[str]


def _random_networks(opened: Built, operators: Sequence[Operator], count: int) -> list[_Network]:
    numbers = {operator: f"{number:03d}" for number, operator in enumerate(operators)}
    found = []
    for genome in sample(opened, count, opened.scenario.seed):
        before, behind, *body = [
            [numbers[operator] for operator in subgraph.operators if operator.kind != RESHAPE]
            for subgraph in subgraphs_in(opened, genome)
        ]
        found.append(_Network(genome, before + behind, [one for ids in body for one in ids]))
    return found


def _write_networks(
    deployment: Deployment, networks: Sequence[_Network], folder: Path, listener: Listener
) -> dict[str, object]:
    """Write an empty network and the networks as device files; return their manifest rows."""
    suffix = deployment.suffix
    _save(folder / f"networks/nothing{suffix}", deployment.nothing())
    listed = []
    for number, one in enumerate(networks):
        file = f"networks/{number:03d}{suffix}"
        _save(folder / file, deployment.network(one.genome))
        listed.append({"file": file, "operators": one.ends + one.body})
        listener.progress(Progress("latency", number + 1, len(networks), "network"))
    return {"nothing": f"networks/nothing{suffix}", "networks": listed}


def _write_bodies(
    kind: str, space: Space, networks: Sequence[_Network], folder: Path, listener: Listener
) -> dict[str, object]:
    """Write the networks as TFLite or ExecuTorch files, without PreNet and PostNet."""
    if kind == "pte":
        from nasea.backends.torch.export.operator_files import pte_body as body
        from nasea.backends.torch.export.operator_files import pte_nothing as nothing
    else:
        from nasea.backends.tensorflow.export.deployment import body, nothing

    _save(folder / f"networks/nothing.{kind}", nothing())
    listed = []
    for number, one in enumerate(networks):
        file = f"networks/{number:03d}.{kind}"
        _save(folder / file, body(space, one.genome))
        listed.append({"file": file, "operators": one.body})
        listener.progress(Progress("latency", number + 1, len(networks), "network"))
    return {"nothing": f"networks/nothing.{kind}", "networks": listed}


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


def _writers(keras_version: int, executorch: bool, listener: Listener) -> dict[str, Write]:
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
    if executorch:
        from nasea.backends.torch.export.operator_files import pte_operator

        writers["pte"] = pte_operator
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
    names = {"onnx": "ONNX", "tflite": "TFLite", "pte": "ExecuTorch"}
    return " and ".join(names[name] for name in formats)
