"""Detection and segmentation from start to end: digits in scenes, their places or their pixels.

    make demo-detection          make demo-detection-tf
    make demo-segmentation       make demo-segmentation-tf

Writes a project with `nasea init`, searches it with `nasea search` (which pre-trains first), prints
the front, then loads the most accurate file of it, as a user would, and judges it on scenes of
digits that neither training nor the search has seen. Expect about five minutes on 2 CPU cores and a
mAP@0.5 or mIoU of at least 0.6. Stopped in the middle it goes on where it was; finished, it only
reports. The digits come with scikit-learn.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from digits import load, nasea

from nasea.results.front import Front

HELD_OUT = "scenes/test"
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
    model = load(Path("results") / front.files_of(best)[0]).load_model()
    sys.path.insert(0, str(Path.cwd()))
    user = importlib.import_module("user_module").UserModule(epoch=1, batch_size=50)
    found = JUDGES[framework, task](user, model)
    print(
        f"\nArchitecture {best.number}, the most accurate, has {best.parameters:,} parameters. On "
        f"scenes of digits that neither training nor the search saw its {METRICS[task]} is "
        f"{found:.4f}."
    )
    print(f"Open {project}/results/report.html to look around.")


def by_pytorch(user: Any, model: Any) -> float:
    """The project's own metric on the held-out scenes."""
    import torch

    data = user.dataset_define(HELD_OUT, False)
    collate = getattr(data, "collate_fn", None)
    loader = torch.utils.data.DataLoader(data, batch_size=50, collate_fn=collate)
    with torch.no_grad():
        return float(user.metrics_func(loader, model))


def by_tensorflow_detection(user: Any, model: Any) -> float:
    """The project's own metric on the held-out scenes."""
    generator, dataset, size = user.build_dataset_search(HELD_OUT, False, False)
    return float(user.metrics_op([HELD_OUT, model], [generator, dataset.image_ids, size]))


def by_tensorflow_segmentation(user: Any, model: Any) -> float:
    """The project's own metric on the held-out scenes: the mean over batches."""
    dataset, size = user.build_dataset_search(HELD_OUT, False, False)
    total = sum(
        len(masks) * float(user.metrics_op(masks, model(images, training=False)))
        for images, masks in dataset
    )
    return total / size


JUDGES = {
    ("pytorch", "detection"): by_pytorch,
    ("pytorch", "segmentation"): by_pytorch,
    ("tensorflow", "detection"): by_tensorflow_detection,
    ("tensorflow", "segmentation"): by_tensorflow_segmentation,
}


if __name__ == "__main__":
    main()
