"""A search for a detector of blood cells: BCCD, 364 microscope images in Pascal VOC form.

    python benchmarks/bccd/run.py FOLDER [--framework tensorflow] [--smoke]

FOLDER holds Annotations, ImageSets and JPEGImages (github.com/Shenggan/BCCD_Dataset, MIT). Images
are scaled to 160 x 120. Under 40 minutes on 2 cores. Prints the front and the mAP@0.5 of each of
its networks, with inherited weights, on the images of test.txt, which nothing was selected on. Run
again, it goes on where it was stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dense import BCCD  # noqa: E402 - found only now

if __name__ == "__main__":
    BCCD.main(str(__doc__))
