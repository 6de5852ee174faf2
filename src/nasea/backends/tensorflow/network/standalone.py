"""Loads the stand-alone network of a weights file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nasea.backends.records import DataFormat
from nasea.backends.tensorflow.network.layers import Network, build_body
from nasea.backends.tensorflow.user.code import UserCode
from nasea.errors import ResultsError
from nasea.space import Genome, Space


def load_network(
    user: UserCode,
    space: Space,
    genome: Genome,
    weights: Path,
    data_format: DataFormat,
    example: Any,
) -> Network:
    """Load the network of an architecture, with the weights and statistics of a file.

    Args:
        user: makes a new PreNet and PostNet.
        space: the search space of the architecture.
        genome: the architecture.
        weights: a file written by ``write_weights``.
        data_format: the layout of PreNet and PostNet.
        example: images; running the network on them creates the variables.

    Raises:
        ResultsError: the file cannot be read, or belongs to another network.
    """
    body = build_body(space.decode(genome), space.layers[0].in_shape, initialised=False)
    pre_net, post_net = user.make_network("PreNet"), user.make_network("PostNet")
    network = Network(pre_net, body, post_net, space.taps, data_format)
    with user.guard("PreNet, PostNet: call(inputs, training)"):
        network(example, training=False)
    fix = "put back the file that nasea wrote, or search again"
    try:
        is_hdf5 = weights.read_bytes()[:8] == b"\x89HDF\r\n\x1a\n"
    except OSError as error:
        raise ResultsError(f"cannot read {weights}: {error.strerror or error}", fix=fix) from error
    if not is_hdf5:
        raise ResultsError(f"{weights} is not a weights file", fix=fix)
    try:
        network.load_weights(str(weights))
    except Exception as error:
        raise ResultsError(
            f"{weights} does not fit: it is of another search, or PreNet or PostNet was changed "
            f"since\n{_first_line(error)}",
            fix="use the user_module.py and scen.yaml of the search, or search again",
        ) from error
    return network


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
