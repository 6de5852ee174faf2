"""Loads the stand-alone network of a weights file."""

from __future__ import annotations

from pathlib import Path

import torch

from nasea.backends.torch.network.layers import Network, build_body
from nasea.backends.torch.user.code import UserCode
from nasea.errors import ResultsError
from nasea.space import Genome, Space


def load_network(user: UserCode, space: Space, genome: Genome, weights: Path) -> Network:
    """Load the network of an architecture on the CPU, with the weights and statistics of a file.

    Args:
        user: makes a new PreNet and PostNet.
        space: the search space of the architecture.
        genome: the architecture.
        weights: a file written by ``write_weights``; code that it might contain is not run.

    Returns:
        The network, in evaluation mode.

    Raises:
        ResultsError: the file cannot be read, or belongs to another network.
    """
    body = build_body(space.decode(genome), initialised=False)
    network = Network(user.make_network("PreNet"), body, user.make_network("PostNet"), space.taps)
    fix = "put back the file that nasea wrote, or search again"
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ResultsError(f"cannot read {weights}: {error.strerror or error}", fix=fix) from error
    except Exception as error:
        reason = type(error).__name__
        raise ResultsError(f"{weights} is not a weights file ({reason})", fix=fix) from error
    try:
        network.load_state_dict(state)
    except Exception as error:
        lines = str(error).splitlines()
        details = "\n".join(lines[:4]) + ("\n\t..." if len(lines) > 4 else "")
        raise ResultsError(
            f"{weights} does not fit: it is of another search, or PreNet or PostNet was changed "
            f"since\n{details}",
            fix="use the user_module.py and scen.yaml of the search, or search again",
        ) from error
    return network.eval()
