"""Which parameters of the predictor's kernel do many scores find, beside the medians of its prior?

    python benchmarks/search_quality/priors.py DATA

DATA as in run.py. For tables of three data sets and six devices, and NAS-Bench-Macro: a long fit
to 150 random architectures and 250 of those nearest to the front, and the mean of each kind of
parameter over its median before (their logarithms averaged). 1 means that the prior was right.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tables import Table, front, macro, nb201

from nasea.strategy.predictor import gaussian_process
from nasea.strategy.predictor.kernel import Encoder, Kernel
from nasea.strategy.predictor.kernel_prior import Prior
from nasea.strategy.predictor.output_transform import OutputTransform
from nasea.strategy.problem import FloatArray, IntArray
from recording import record, table

TABLES = (
    ("cifar10", "fpga"),
    ("cifar10", "gold_6226"),
    ("ImageNet16_120", "fpga"),
    ("ImageNet16_120", "titanx_1"),
    ("cifar100", "samsung_s7"),
    ("cifar100", "raspi4"),
)
RANDOM, NEAR, NEAREST = 150, 250, 1500
ITERATIONS = 100


def sample(of: Table, rng: np.random.Generator) -> IntArray:
    """Rows that a search might have scored: some anywhere, more near the front."""
    seen = of.observed[:, 0]
    best = front(of.costs, seen, of.feasible)
    at = np.searchsorted(of.costs[best], of.costs[of.feasible], side="right") - 1
    lacking = seen[best][np.maximum(at, 0)] - seen[of.feasible]
    near = of.feasible[np.argsort(lacking, kind="stable")[:NEAREST]]
    drawn = [rng.choice(of.feasible, RANDOM, replace=False), rng.choice(near, NEAR, replace=False)]
    return rng.permutation(np.unique(np.concatenate(drawn)))


def fitted(of: Table) -> dict[str, float]:
    """Mean of each kind of parameter, as a multiple of its median before."""
    rows = sample(of, np.random.default_rng(1))
    encode = Encoder(of.problem)
    points = encode(of.genomes[rows])
    qualities: FloatArray = of.observed[rows, 0]
    kernel = Kernel(encode.layer_of, points.known.shape[1])
    targets = OutputTransform.fit(qualities).apply(qualities)
    off = gaussian_process.fit(kernel, points, targets, kernel.prior.mean) - kernel.prior.mean
    return {
        name: float(np.exp(off[where].mean()))
        for name, where in kernel.prior.slices.items()
        if name != Prior.PLANE
    }


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    gaussian_process._MAX_FITTED, gaussian_process._ITERATIONS = RANDOM + NEAR, ITERATIONS
    found: dict[str, dict[str, float]] = {}
    for images, device in TABLES:
        found[f"NB201, {images}, {device}"] = fitted(nb201(data, device, images))
    found["Macro, FLOPs"] = fitted(macro(data))
    names = list(found["Macro, FLOPs"])
    rows = [[of, *(f"{by[name]:.2f}" for name in names)] for of, by in found.items()]
    print(table(["fitted / median of the prior", *names], rows))
    record("search_quality_priors", 1, found)


if __name__ == "__main__":
    main()
