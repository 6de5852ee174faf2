"""Every image once an epoch, whatever the number of ranks."""

from __future__ import annotations

import pytest

from nasea.backends.torch.data.sharding import Sharding

CASES = [
    (images, batch, size)
    for images in (8, 40, 41, 42, 43, 44, 45, 47, 64, 100)
    for batch in (2, 8)
    for size in (1, 2, 3, 4)
    if images >= batch
]


@pytest.mark.parametrize("images, batch_size, size", CASES)
def test_the_ranks_cover_the_images_together(images: int, batch_size: int, size: int) -> None:
    shardings = [Sharding(images, batch_size, size, rank) for rank in range(size)]
    sharded = [sharding.mine(range(images)) for sharding in shardings]
    assert len({len(batches) for batches in sharded}) == 1, "all make the same number of steps"
    seen: list[int] = []
    for number, batches in enumerate(zip(*sharded, strict=True)):
        assert sum(sharding.weight(number) for sharding in shardings) == pytest.approx(1)
        assert [len(batch) for batch in batches] == shardings[0].counts(number)
        assert all(2 <= len(batch) <= max(batch_size, 2 * size) for batch in batches)
        different = sorted({image for batch in batches for image in batch})
        assert len(different) == shardings[0].total(number)
        seen += different
    left_out = images % (batch_size * size) == 1
    assert seen == list(range(images - left_out))


def test_a_step_of_two_ranks_is_a_step_of_one_with_twice_the_batch() -> None:
    one = Sharding(100, 64).mine(range(100))
    two = [Sharding(100, 32, 2, rank).mine(range(100)) for rank in (0, 1)]
    assert [a + b for a, b in zip(*two, strict=True)] == one


def test_a_rest_too_small_to_be_divided_is_computed_by_all_alike() -> None:
    sharding = Sharding(35, 8, 4, 2)
    assert sharding.counts(1) == [3, 3, 3, 3]
    assert sharding.mine(range(35))[1] == [32, 33, 34]
    assert sharding.weight(1) == 0.25
    assert sharding.total(1) == 3


def test_it_goes_on_where_it_was_left() -> None:
    sharding = Sharding(100, 8, 2, 1)
    assert sharding.mine(range(100), done=3) == sharding.mine(range(100))[3:]
