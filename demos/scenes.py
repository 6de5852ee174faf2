"""Detection and segmentation from start to end: digits in scenes, their places or their pixels.

    make demo-detection          make demo-detection-tf
    make demo-segmentation       make demo-segmentation-tf

Writes a project with `nasea init`, searches it with `nasea search` (which pre-trains first), prints
the front, then loads the most accurate file of it, as a user would, and judges it on scenes of
digits that neither training nor the search has seen. The aim is a mAP@0.5 or mIoU of at least 0.6
in about five minutes on 2 CPU cores; docs/detection-and-segmentation.md says what was reached.
Stopped in the middle it goes on where it was; finished, it only reports. The digits come with
scikit-learn.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from digits import nasea
from judging import judge

from nasea.results.front import Front

METRICS = {"detection": "mAP@0.5", "segmentation": "mIoU"}


def main() -> None:
    """Run the demo in ``./demo_detection``, ``./demo_segmentation_tf`` and so on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("framework", choices=("pytorch", "tensorflow"))
    parser.add_argument("task", choices=METRICS)
    arguments = parser.parse_args()
    framework, task = arguments.framework, arguments.task
    project = Path(f"demo_{task}{'_tf' * (framework == 'tensorflow')}")
    if not project.exists():
        nasea("init", "--framework", framework, "--task", task, str(project))
    os.chdir(project)
    nasea("search", "-c", "scen.yaml")
    nasea("show")
    front = Front.load(Path("results/front.json"))
    best = front.best
    found = judge(framework, task, front.files_of(best)[0], "scenes/test")
    print(
        f"\nArchitecture {best.number}, the most accurate, has {best.parameters:,} parameters. On "
        f"scenes of digits that neither training nor the search saw its {METRICS[task]} is "
        f"{found:.4f}."
    )
    print(f"Open {project}/results/report.html to look around.")


if __name__ == "__main__":
    main()
