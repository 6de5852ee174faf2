"""Who is blamed when a user's module is odd, and are there wrong numbers that nothing reports?

    python benchmarks/user_code_fuzz.py --framework pytorch --inputs 2000
    python benchmarks/user_code_fuzz.py --framework tensorflow --inputs 200
    python benchmarks/user_code_fuzz.py --framework pytorch --task detection --inputs 500

Takes a working module and has one method of it (of UserModule, PreNet, PostNet, or of the data)
raise something or return something odd: types, shapes, dtypes, nestings, None, empty, huge, NaN.
Each module is driven from its import through the probe, an epoch of training and two scores.
*Wrong blame* is "this is a defect of nasea", a message that names neither the method nor what it
raised, or one with frames that are not the user's. *Wrong numbers* are scores that differ when they
are asked for twice, or from what the framework alone computes with the same weights. Aim: 0 of
both. Exit status 1 where there are any.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")  # networks this small are run faster by one thread
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

from fuzz.frameworks import fuzzed  # noqa: E402
from fuzz.mutations import Mutation  # noqa: E402
from fuzz.verdict import Verdict  # noqa: E402
from recording import record, table  # noqa: E402

_TASKS = ("classification", "segmentation", "detection")
_WRONG_NUMBER = ("silent", "scored ")


def tried(
    framework: str, task: str, inputs: int, number: int, project: Path
) -> dict[Mutation, Verdict]:
    """Odd modules and what became of them, each once."""
    suite = fuzzed(framework, task)
    found: dict[Mutation, Verdict] = {}

    @seed(number)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(suite.inputs)
    def try_one(mutation: Mutation) -> None:
        if mutation not in found:
            found[mutation] = verdict = suite.try_mutation(mutation, project)
            if verdict.fault:
                print(f"{mutation}\n    {verdict.fault}", flush=True)

    try_one()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework", choices=("pytorch", "tensorflow"), required=True)
    parser.add_argument("--task", choices=_TASKS, default=_TASKS[0])
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        home = Path(folder).resolve()
        found = tried(options.framework, options.task, options.inputs, options.seed, home)
        os.chdir("/")
    counts = Counter(verdict.outcome for verdict in found.values())
    faults = [verdict.fault for verdict in found.values() if verdict.fault]
    numbers = sum(fault.startswith(_WRONG_NUMBER) for fault in faults)
    results = {
        "inputs": len(found),
        "worked": counts["works"],
        "reported": counts["reported"],
        "failed candidates": counts["failed candidate"],
        "wrong blame": len(faults) - numbers,
        "wrong numbers": numbers,
    }
    print(table(("", options.framework), [(name, str(n)) for name, n in results.items()]))
    name = options.framework if options.task == _TASKS[0] else f"{options.framework}_{options.task}"
    record(f"user_code_fuzz_{name}", options.seed, results)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
