"""A budget in milliseconds on this machine: searched under, then measured end to end.

    make demo-latency

Writes a project with `nasea init`, measures the blocks of its space with `nasea latency build`,
searches under a budget of 60 % of what the slowest network is predicted to take, exports up to five
networks of the front as a user would, and times them with `nasea latency measure`. Predicted and
measured stand side by side in its last table and in the report. Expect three to four minutes on 2
CPU cores; the network's time is that of one thread.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from nasea.config import load_scenario
from nasea.cost import build_cost_model
from nasea.cost.profiles import find_profile
from nasea.pipeline.probe import open_latency_space
from nasea.results.front import Front, FrontMember

PROJECT = Path("demo_latency")
PROCESSOR = "host-onnxruntime"
SHARE = 0.6
WINNERS = 5
# Fewer epochs than `make demo`: this one is about milliseconds.
EPOCHS = 30


def main() -> None:
    """Run the demo in ``./demo_latency``."""
    if not PROJECT.exists():
        run("-m", "nasea", "init", str(PROJECT))
    os.chdir(PROJECT)
    scenario = Path("scen.yaml")
    if not Path("profiles", f"{PROCESSOR}.json").is_file():
        run("-m", "nasea", "latency", "build", "--processor", PROCESSOR)
        budget = SHARE * dearest_ms()
        text = scenario.read_text(encoding="utf-8")
        scenario.write_text(with_budget(text, budget), encoding="utf-8")
    run("-m", "nasea", "search", "-c", "scen.yaml")
    winners = spread_over(Front.load(Path("results/front.json")))
    files = []
    for member in winners:
        name = f"model_arch_result_{member.number}"
        if not Path(f"{name}.onnx").is_file():
            run(f"results/{name}.py")
        files.append(f"{name}.onnx")
    run("-m", "nasea", "latency", "measure", *files)
    print(f"Open {PROJECT}/results/report.html: the table of the front has both times.")


def run(*words: str) -> None:
    """Run Python; end with its exit status when it fails."""
    shown = words[2:] if words[:2] == ("-m", "nasea") else words
    print(f"$ {'nasea' if shown is not words else 'python3'} {' '.join(shown)}", flush=True)
    done = subprocess.run([sys.executable, *words])
    if done.returncode:
        sys.exit(done.returncode)


def dearest_ms() -> float:
    """What the slowest network of the space is predicted to take."""
    scenario = load_scenario("scen.yaml").scenario
    opened = open_latency_space(scenario, Path.cwd())
    profile = find_profile(PROCESSOR, Path.cwd())
    user_networks = (opened.pre_net.costs, opened.post_net.costs)
    model = build_cost_model(opened.space, "latency", user_networks, profile, opened.user_subgraphs)
    opened.backend.close()
    return model.value(model.costs(model.most_expensive))


def with_budget(text: str, budget_ms: float) -> str:
    """The scenario under a budget of milliseconds, with the blocks that were measured."""
    lines = []
    for line in text.splitlines():
        key = line.strip().partition(":")[0]
        indent = line[: len(line) - len(line.lstrip())]
        if key == "constraint_type":
            line = f"{indent}constraint_type: latency\n{indent}processor_version: {PROCESSOR}"
        elif key == "constraint_value":
            line = f"{indent}constraint_value: {budget_ms:.4f}   # ms at batch 1"
        elif key == "epochs":
            line = f"{indent}epochs: {EPOCHS}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def spread_over(front: Front) -> list[FrontMember]:
    """Up to five members from the fastest to the slowest."""
    members = list(front)
    if len(members) <= WINNERS:
        return members
    return [members[round(i * (len(members) - 1) / (WINNERS - 1))] for i in range(WINNERS)]


if __name__ == "__main__":
    main()
