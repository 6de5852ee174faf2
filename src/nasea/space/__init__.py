"""The search space as data: operations, blocks, layers, genomes. Imports no framework."""

from nasea.space.blocks import (
    DEFAULT_BLOCKS,
    DEFAULT_BLOCKS_WITH_WIDTHS,
    Block,
    catalogue,
    conv_norm,
    residual,
    squeeze_excite,
)
from nasea.space.build import build_space
from nasea.space.fairness import fair_gene, fair_path
from nasea.space.ops import (
    Act,
    Add,
    Conv,
    GlobalPool,
    Norm,
    Op,
    Pool,
    Program,
    Scale,
    Shape,
    Tensor,
    output_shape,
    tensors,
)
from nasea.space.select import load_user_blocks, select_blocks
from nasea.space.slots import part
from nasea.space.space import Candidate, Genome, Layer, Space
from nasea.space.widths import DIVISOR

__all__ = [
    "DEFAULT_BLOCKS",
    "DEFAULT_BLOCKS_WITH_WIDTHS",
    "DIVISOR",
    "Act",
    "Add",
    "Block",
    "Candidate",
    "Conv",
    "Genome",
    "GlobalPool",
    "Layer",
    "Norm",
    "Op",
    "Pool",
    "Program",
    "Scale",
    "Shape",
    "Space",
    "Tensor",
    "build_space",
    "catalogue",
    "conv_norm",
    "fair_gene",
    "fair_path",
    "load_user_blocks",
    "output_shape",
    "part",
    "residual",
    "select_blocks",
    "squeeze_excite",
    "tensors",
]
