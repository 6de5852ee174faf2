"""Which outputs are fixed in size, and which only do not count images, or on another axis."""

from __future__ import annotations

import pytest

from nasea.backends.user.batch_size import Size, require_outputs_of_one
from nasea.errors import UserModuleError


@pytest.mark.parametrize(
    "of_batch, of_one, fixed",
    [
        ([(8, 10)], [(1, 10)], False),
        ([(8, 10)], [(8, 10)], True),
        ([(8, 10), (8, 3)], [(8, 10)], True),  # an auxiliary output of training
        ([(8, 10), (8, 4)], [(1, 10), (8, 4)], False),  # boxes that go with every image
        ([(8, 8, 10)], [(8, 1, 10)], False),  # time first, as many steps as images
        ([(5, 4)], [(5, 4)], False),
        ([(8, 6)], [(0, 6)], False),  # as many boxes as were found
        ([(8, 10)], [None], False),
        ([(8, 10)], [(None, 10)], False),
        ([(8, 10)], [(10,)], False),  # squeezed
        ([()], [()], False),
        ([], [], False),
    ],
)
def test_what_is_fixed(of_batch: list[Size], of_one: list[Size], fixed: bool) -> None:
    require_outputs_of_one("user_module.py", "PostNet.forward", 1, of_batch, of_one)
    if not fixed:
        require_outputs_of_one("user_module.py", "PostNet.forward", 8, of_batch, of_one)
        return
    with pytest.raises(UserModuleError, match=r"returns \(8, 10\) for 8 images and for one"):
        require_outputs_of_one("user_module.py", "PostNet.forward", 8, of_batch, of_one)
