"""Try a wheel or an sdist as a stranger would: in a fresh environment, with nothing of the clone.

    python tools/packaging/try_wheel.py dist/nasea-0.1.0-py3-none-any.whl [--extras torch,demo]

Installs it, then runs init, check, search (tiny), show, export and the exported network's own file.
Ends with an exception where one of them fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

SMALLER = {
    "epochs: 100": "epochs: 2",
    "generation_num: 10": "generation_num: 2",
    "pop_size: 20": "pop_size: 4",
}
"""So that the project of ``nasea init`` is searched in a moment."""


def main() -> None:
    """Install and run; the words of the command line say what."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path)
    parser.add_argument("--extras", default="torch,demo")
    parser.add_argument("--framework", default="pytorch", choices=["pytorch", "tensorflow"])
    parser.add_argument("--before", nargs="*", default=[], help="what pip installs first")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nasea-wheel-") as folder:
        home = Path(folder)
        venv.create(home / "venv", with_pip=True)
        binaries = home / "venv" / ("Scripts" if os.name == "nt" else "bin")
        for what in (asked.before, [f"{asked.package.resolve()}[{asked.extras}]"]):
            if what:
                run(home, binaries / "python", "-m", "pip", "install", "--quiet", *what)
        nasea = binaries / "nasea"
        run(home, nasea, "--version")
        run(home, nasea, "doctor")
        run(home, nasea, "init", "digits", "--framework", asked.framework)
        project = home / "digits"
        readme = (project / "README.md").read_text("utf-8")
        assert str(asked.package.resolve()) in readme, "the project names what was installed"
        scenario = project / "scen.yaml"
        text = scenario.read_text("utf-8")
        for usual, small in SMALLER.items():
            assert usual in text, usual
            text = text.replace(usual, small)
        scenario.write_text(text, encoding="utf-8")
        run(project, nasea, "check")
        run(project, nasea, "search", "-c", "scen.yaml")
        run(project, nasea, "show")
        run(project, nasea, "export", "--arch", "0")
        run(project, nasea, "schema", "--output", "scen.schema.json")
        run(project, binaries / "python", "results/model_arch_result_0.py")
    print(f"{asked.package.name} works on Python {sys.version.split()[0]}")


def run(directory: Path, *words: str | Path) -> None:
    """Run a command where nothing of the clone can be imported."""
    print("$", *(word.name if isinstance(word, Path) else word for word in words), flush=True)
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([str(word) for word in words], cwd=directory, env=environ, check=True)


if __name__ == "__main__":
    main()
