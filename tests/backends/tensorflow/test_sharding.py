"""The batches of an epoch, sharded: every image once, whatever is left."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from nasea.backends.tensorflow.data.sharding import Shard, shard_batches, steps_of


def batches(sizes: list[int]) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Batches of so many images, which are numbered through."""
    numbers = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    return [(tf.constant(n[:, None], tf.float32), tf.constant(n)) for n in numbers]


def shares(sizes: list[int], size: int) -> list[list[Shard]]:
    return [list(shard_batches(iter(batches(sizes)), size, rank)) for rank in range(size)]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("sizes", [[8] * 6, [8, 8, 8, 5], [8, 8, 3], [8, 2], [4], [2], [8] * 5])
def test_every_image_has_the_same_weight_in_its_step(sizes: list[int], size: int) -> None:
    sharded = shares(sizes, size)
    steps = steps_of(len(sizes), size)
    assert all(len(own) == steps for own in sharded)
    seen: Counter[int] = Counter()
    for step in range(steps):
        each: Counter[int] = Counter()
        total = sharded[0][step].images
        for own in sharded:
            share = own[step]
            images, labels = share.batch
            assert len(images) >= 2, "a single image has no variance"
            assert np.array_equal(images[:, 0], labels) and share.images == total
            for number in labels.numpy():
                each[int(number)] += share.weight / len(images)
        assert len(each) == total == sum(sizes[step * size : (step + 1) * size])
        assert list(each.values()) == pytest.approx([1 / total] * total)
        seen.update(each.keys())
    assert sorted(seen) == list(range(sum(sizes))) and set(seen.values()) == {1}


def test_two_ranks_take_what_one_takes_with_a_batch_twice_as_large() -> None:
    first, second = shares([32] * 4, 2)
    twice = batches([64, 64])
    for step, (_, labels) in enumerate(twice):
        both = [own[step].batch[1].numpy() for own in (first, second)]
        assert np.array_equal(np.concatenate(both), labels)
