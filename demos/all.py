"""All six demos: three tasks in two frameworks, one after the other.

    make demo-all

The aim is under 25 minutes on 2 CPU cores. Prints what each says and at the end how long each took.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

DEMOS = [
    (script, framework, *task)
    for framework in ("pytorch", "tensorflow")
    for script, *task in (("digits",), ("scenes", "detection"), ("scenes", "segmentation"))
]


def main() -> None:
    """Run them; end with the exit status of the first that fails."""
    lines = []
    for script, *words in DEMOS:
        start = time.perf_counter()
        path = Path(__file__).with_name(f"{script}.py")
        done = subprocess.run([sys.executable, str(path), *words])
        if done.returncode:
            sys.exit(done.returncode)
        minutes = (time.perf_counter() - start) / 60
        lines.append(f"{script:8}{' '.join(words):26}{minutes:6.1f} min")
        print(flush=True)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
