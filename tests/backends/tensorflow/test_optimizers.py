"""An update is what tf.keras' own optimiser makes of the same gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nasea.backends.tensorflow.training.optimizers import make_optimizer
from nasea.backends.training.trainer import Update

from .project import ready, scenario

SETTINGS = [
    ({"type": "adam", "learning_rate": 0.01, "betas": [0.8, 0.95]}),
    ({"type": "sgd", "learning_rate": 0.01}),
    ({"type": "momentum", "learning_rate": 0.01, "momentum": 0.7}),
]
legacy = tf.keras.optimizers.legacy


def of_keras(settings: dict[str, Any]) -> Any:
    if settings["type"] == "adam":
        beta1, beta2 = settings["betas"]
        return legacy.Adam(settings["learning_rate"], beta1, beta2)
    return legacy.SGD(settings["learning_rate"], settings.get("momentum", 0.0))


@pytest.mark.parametrize("settings", SETTINGS, ids=["adam", "sgd", "momentum"])
def test_updates_are_those_of_keras(settings: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    shapes = {"a": (3, 3, 2, 4), "b": (4,), "c": ()}
    first = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    mine = {name: tf.Variable(value) for name, value in first.items()}
    theirs = {name: tf.Variable(value) for name, value in first.items()}
    optimizer = make_optimizer(scenario(optimizer=settings).optimizer, mine)
    keras = of_keras(settings)
    for step in range(6):
        gradients = {n: tf.constant(rng.normal(size=s), tf.float32) for n, s in shapes.items()}
        rate = 0.01 / (1 + step)  # the schedule is asked at every update
        optimizer.apply(gradients, rate)
        keras.learning_rate = rate
        keras.apply_gradients((gradients[name], theirs[name]) for name in shapes)
        for name in shapes:
            np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("settings", SETTINGS, ids=["adam", "sgd", "momentum"])
def test_what_an_update_leaves_out_stays_and_forgets_nothing(settings: dict[str, Any]) -> None:
    alone, among = ({"a": tf.Variable([1.0, 2.0])} for _ in range(2))
    among["b"] = tf.Variable([3.0])
    one = make_optimizer(scenario(optimizer=settings).optimizer, alone)
    other = make_optimizer(scenario(optimizer=settings).optimizer, among)
    for step in range(3):
        gradient = tf.constant([0.5, -0.25 * step])
        one.apply({"a": gradient}, 0.01)
        other.apply({"a": gradient}, 0.01)
        before = among["a"].numpy()
        other.apply({"b": tf.constant([1.0])}, 0.01)
        assert np.array_equal(among["a"], before)
    assert np.array_equal(alone["a"], among["a"])


@pytest.mark.parametrize("settings", SETTINGS, ids=["adam", "sgd", "momentum"])
def test_an_update_of_the_supernet(project: Path, settings: dict[str, Any]) -> None:
    backend = ready(
        project, optimizer=settings, supernet__blocks=["basic_x0.5"], supernet__filters=[8, 8]
    )
    trainer = backend.trainer
    seen: list[dict[str, Any]] = []
    apply = trainer.optimizer.apply

    def spying(gradients: dict[str, Any], rate: float) -> None:
        seen.append(dict(gradients))
        apply(gradients, rate)

    trainer.optimizer.apply = spying  # type: ignore[method-assign]
    copies = {name: tf.Variable(value) for name, value in trainer.variables.items()}
    keras = of_keras(settings)
    batches = [batch for batch, _ in zip(backend.data.epoch(0), range(4), strict=False)]
    for start in (0, 2):
        trainer.learn(Update([(0, 0)] * 2, rate=0.01), batches[start : start + 2])
        gradients = seen[-1]
        assert gradients.keys() == copies.keys(), "every variable is used"
        keras.apply_gradients((gradients[name], copies[name]) for name in copies)
        for name, variable in trainer.variables.items():
            np.testing.assert_allclose(variable, copies[name], rtol=1e-4, atol=1e-6, err_msg=name)
