"""A device of known latencies, and programs ``adb`` and ``ssh`` that reach it.

The "network files" hold their latency in microseconds; the "runner" prints it. What goes wrong is
told by files in a folder of switches.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from nasea.cost.operators import Operator
from nasea.cost.profiles.operator_csv import manifest_text, row_of
from nasea.pipeline.latency.bench import MANIFEST, NETWORKS

RUNNER = """\
#!/bin/sh
# Prints what the file says, unless a switch says otherwise for a file of this name.
name=$(basename "$1")
echo "$name" >> "$SWITCHES/ran"
runs=$(wc -l < "$SWITCHES/ran")
if [ -e "$SWITCHES/unplug_at" ] && [ "$runs" -eq "$(cat "$SWITCHES/unplug_at")" ]; then
    touch "$SWITCHES/unplugged"; kill -9 $PPID; exit 1
fi
if [ -e "$SWITCHES/dies_at" ] && [ "$runs" -eq "$(cat "$SWITCHES/dies_at")" ]; then
    touch "$SWITCHES/dead"; sleep 30
fi
[ -e "$SWITCHES/hang_$name" ] && sleep 30
[ -e "$SWITCHES/crash_$name" ] && { echo "loading"; kill -SEGV $$; }
[ -e "$SWITCHES/crash_all" ] && { echo "unsupported operator"; exit 3; }
if [ -e "$SWITCHES/outlier_$name" ]; then rm "$SWITCHES/outlier_$name"; echo "took 900 us"; exit; fi
if [ -e "$SWITCHES/unit" ]; then echo "took $(cat "$1") $(cat "$SWITCHES/unit")"; exit; fi
echo "took $(cat "$1") us"
"""
GONE = """\
if [ -e "$SWITCHES/unplugged" ]; then
    [ -e "$SWITCHES/comes_back" ] && rm "$SWITCHES/unplugged"
    echo "%s" >&2; exit %d
fi
"""
ADB = """\
#!/bin/sh
[ "$1" = -s ] && shift 2
[ -e "$SWITCHES/dead" ] && sleep 30
%s
case $1 in
push)
    [ -e "$SWITCHES/full" ] && { echo "adb: error: failed to copy '$2' to '$3': remote write \
failed: No space left on device" >&2; exit 1; }
    cp "$2" "$3" && echo "1 file pushed";;
shell) shift; exec sh -c "$*";;
esac
""" % (GONE % ("error: device 'R5CT' not found", 1))
SSH = """\
#!/bin/sh
%s
while [ "$1" = -o ]; do shift 2; done
shift
exec sh -c "$*"
""" % (GONE % ("ssh: connect to host board port 22: Connection refused", 255))
GETPROP = """\
#!/bin/sh
[ -e "$SWITCHES/another" ] && { echo "Pixel 9"; exit; }
case $1 in *model) echo "Pixel 4";; *) echo 13;; esac
"""

_CONV = {"kernel": (3, 3)}
OPERATORS = {
    Operator("conv", (8, 16, 16), (8, 16, 16), (3, 3)): 200,
    Operator("conv", (8, 16, 16), (16, 16, 16), (3, 3)): 400,
    Operator("conv", (8, 16, 16), (16, 16, 16), (1, 1)): 100,
    Operator("add", (8, 16, 16), (8, 16, 16), inputs=2): 50,
    Operator("dense", (16, 1, 1), (10, 1, 1)): 20,
}
"""Operator -> microseconds."""

START_US = 10
"""What every run holds beyond its operators."""


@dataclass(frozen=True)
class Device:
    """A folder with a bench, and what the device is told to do."""

    home: Path
    switches: Path
    runner: Path

    @property
    def bench(self) -> Path:
        return self.home / "latency_bench"

    @property
    def folder(self) -> Path:
        """Where files go on the device."""
        return self.home / "there"

    @property
    def command(self) -> str:
        return f"sh {self.runner} {{file}}"

    def switch(self, name: str, content: str = "") -> None:
        (self.switches / name).write_text(content)

    def off(self, name: str) -> None:
        (self.switches / name).unlink()

    @property
    def ran(self) -> list[str]:
        """Names of the files in the order they were run."""
        path = self.switches / "ran"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Device:
    """A device and a written bench; a run of n operators takes theirs and 10 us."""
    home, switches, programs = tmp_path / "home", tmp_path / "switches", tmp_path / "programs"
    for folder in (home, switches, programs):
        folder.mkdir()
    for name, text in (("adb", ADB), ("ssh", SSH), ("getprop", GETPROP), ("fake.sh", RUNNER)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SWITCHES", str(switches))
    monkeypatch.setattr("nasea.pipeline.latency.device.measuring.RECONNECT_AFTER_S", (0.0, 0.0))
    device = Device(home, switches, programs / "fake.sh")
    _write_bench(device.bench)
    return device


def _write_bench(folder: Path) -> None:
    times = list(OPERATORS.values())
    rows = []
    for number, (operator, us) in enumerate(OPERATORS.items()):
        _write(folder / f"onnx/{number:03d}.onnx", us + START_US)
        rows.append({"id": f"{number:03d}", "onnx": f"onnx/{number:03d}.onnx", **row_of(operator)})
    _write(folder / "networks/nothing.onnx", START_US)
    networks = []
    for number, parts in enumerate([[0, 4], [1, 4], [0, 0, 3], [0, 1, 2, 4], [2, 3], [1, 1, 3, 4]]):
        _write(folder / f"networks/{number:03d}.onnx", sum(times[p] for p in parts) + START_US)
        ids = [f"{part:03d}" for part in parts]
        networks.append({"file": f"networks/{number:03d}.onnx", "operators": ids})
    content = {"onnx": {"nothing": "networks/nothing.onnx", "networks": networks}}
    (folder / NETWORKS).write_text(json.dumps(content))
    (folder / MANIFEST).write_text(manifest_text(rows))


def _write(path: Path, us: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(us))
