"""What rank 0 tells the others, and what they know how to do."""

from __future__ import annotations

from typing import get_args

import pytest

from nasea.backends.distributed.follower import Follower
from nasea.backends.distributed.ranks import Command


@pytest.mark.parametrize("command", [each for each in get_args(Command) if each != "end"])
def test_a_follower_has_a_method_for_each_command(command: str) -> None:
    assert callable(getattr(Follower, f"_{command}"))
