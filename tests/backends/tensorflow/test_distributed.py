"""Several devices, in a process in which TensorFlow was not used before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]


def test_two_processes_keep_the_contract() -> None:
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "-x"]
    module = Path(__file__).with_name("several_devices.py")
    done = subprocess.run(
        [sys.executable, *words, str(module)],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
