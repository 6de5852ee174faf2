"""Learning-rate schedules and batches of TensorFlow modules, in the forms that people write."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.metric import TINY

from .project import ready, train, write_module


@pytest.mark.parametrize(
    "body",
    [
        "return tf.constant(lr_init) * 0.5 ** tf.cast(global_step // 2, tf.float32)",
        "return float(lr_init * 0.5 ** (int(global_step) // 2))",
        "return np.float64(lr_init * 0.5 ** (global_step.numpy() // 2))",
        """schedule = tf.keras.optimizers.schedules.ExponentialDecay(lr_init, 2, 0.5, True)
                return schedule(global_step)""",
        "return tf.keras.optimizers.schedules.ExponentialDecay(lr_init, 2, 0.5, True)",
        "return tf.compat.v1.train.exponential_decay(lr_init, global_step, 2, 0.5, True)",
        "return lr_init * 0.5 ** [i // 2 for i in range(100)][global_step]",
    ],
    ids=["tensor", "float", "numpy", "called schedule", "schedule", "v1", "plain step"],
)
def test_schedules_of_any_kind(project: Path, body: str) -> None:
    write_module(
        project,
        f"""
        class UserModule(UserModule):
            def lr_scheduler(self, lr_init, global_step):
                {body}
        """,
    )
    rates = [ready(project, **TINY).trainer.rate_at(batch) for batch in range(6)]
    assert rates == pytest.approx([0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025])


def test_whole_batches_only(project: Path) -> None:
    write_module(
        project,
        """
        class UserModule(UserModule):
            def build_dataset_search(self, dataset_dir, is_training):
                dataset, n = super().build_dataset_search(dataset_dir, is_training)
                return dataset.unbatch().batch(8, drop_remainder=is_training), n
        """,
    )
    backend = ready(project, **TINY)
    assert backend.data.batches_per_epoch == 5, "of 44 images, 4 are left out"
    assert [report.images for report in train(backend)] == [16, 16, 8]
