"""A search for a segmentation network of street scenes: CamVid at 160 x 120, 11 classes.

    python benchmarks/camvid/run.py FILE.npz [--framework tensorflow] [--smoke]

FILE.npz holds ``train_images`` (N, 120, 160, 3) uint8, ``train_masks`` (N, 120, 160) uint8 with 11
for no class, and the same for ``val`` and ``test`` (the split of SegNet: 367, 101, 233). Under 40
minutes on 2 cores. Prints the front and the mIoU of each of its networks, with inherited weights,
on the test images, which nothing was selected on. Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dense import CAMVID  # noqa: E402 - found only now

if __name__ == "__main__":
    CAMVID.main(str(__doc__))
