"""The stand-alone network of a weights file."""

from __future__ import annotations

from pathlib import Path

import torch

from nasea.backends.torch.network.layers import Network, build_body
from nasea.backends.torch.user.code import UserCode
from nasea.errors import ResultsError
from nasea.space import Genome, Space


def load_network(user: UserCode, space: Space, genome: Genome, weights: Path) -> Network:
    """The network of an architecture with the weights and statistics of a file, on the CPU.

    Args:
        user: the user's ends; new ones are made.
        space: where the architecture is from.
        genome: the architecture.
        weights: what ``write_weights`` wrote. Code that it might carry is not run.

    Raises:
        ResultsError: the file cannot be read, or belongs to another network.
    """
    body = build_body(space.decode(genome), initialised=False)
    network = Network(user.end("PreNet"), body, user.end("PostNet"), space.taps)
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
        told = "\n".join(lines[:4]) + ("\n\t..." if len(lines) > 4 else "")
        raise ResultsError(
            f"{weights} does not fit: it is of another search, or PreNet or PostNet was changed "
            f"since\n{told}",
            fix="use the user_module.py and scen.yaml of the search, or search again",
        ) from error
    return network.eval()
