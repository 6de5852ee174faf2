"""The PyTorch and the TensorFlow module of a task compute the same: loss, head, metric."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from nasea.backends.tensorflow.environment import load_tensorflow

from .conftest import Load

load_tensorflow(keras_version=2)

import tensorflow as tf  # noqa: E402 - it is settled only now which Keras it stands on

SCENES = "{'train': 4, 'val': 4, 'test': 4}"
MAPS = {"detection": ((32, 16, 16), (64, 8, 8)), "segmentation": ((16, 32, 32), (64, 16, 16))}


def both(load: Load, task: str) -> list[ModuleType]:
    return [load(task, "user_module", name, SCENES=SCENES) for name in ("pytorch", "tensorflow")]


def heads(modules: list[ModuleType], task: str) -> tuple[Any, Any]:
    """Outputs of the two PostNets with the same weights for the same feature maps."""
    torch.manual_seed(0)
    maps = [torch.randn(2, *shape) for shape in MAPS[task]]
    post_net, other = modules[0].PostNet().eval(), modules[1].PostNet()
    last = [tf.constant(each.permute(0, 2, 3, 1).numpy()) for each in maps]
    other(last, False)
    weights = list(post_net.parameters())
    assert len(weights) == len(other.trainable_variables)
    for target, value in zip(other.trainable_variables, weights, strict=True):
        array = value.detach()
        target.assign((array.permute(2, 3, 1, 0) if array.dim() == 4 else array).numpy())
    with torch.no_grad():
        return post_net(maps), other(last, False)


def test_detectors(load: Load) -> None:
    modules = both(load, "detection")
    first, second = heads(modules, "detection")
    for name in ("classes", "offsets"):
        assert np.allclose(first[name].numpy(), second[name].numpy(), atol=1e-4)
    assert first["offsets"].shape == (2, len(modules[0].ANCHORS), 4)

    np.random.seed(0)
    data = modules[0].UserModule(1, 2).dataset_define("scenes/train", True)
    _, labels = data.collate_fn([data[0], data[1]])
    as_tf = {name: labels[name].numpy() for name in ("classes", "offsets")}
    losses = (
        modules[0].UserModule(1, 2).loss_func(labels, first).numpy(),
        modules[1].UserModule(1, 2).loss_op(as_tf, second).numpy(),
    )
    assert losses[0].shape == (2,)
    assert np.allclose(*losses, rtol=1e-4)


def test_detection_metric_of_the_truth(load: Load) -> None:
    for module in both(load, "detection"):
        user = module.UserModule(1, 2)
        boxes = module.read_objects("scenes/val", False)
        answers = iter([module.match(*each[1:], module.ANCHORS) for each in boxes])

        def answer(images: Any, training: bool = False) -> dict[str, Any]:
            classes, offsets = zip(*[next(answers) for _ in images], strict=True)
            scores = 20 * np.eye(11, dtype=np.float32)[np.stack(classes)]
            if module.__name__ == "torch" or torch.is_tensor(images):
                return {"classes": torch.tensor(scores), "offsets": torch.tensor(offsets)}
            return {"classes": scores, "offsets": np.stack(offsets)}

        if hasattr(user, "metrics_func"):
            data = user.dataset_define("scenes/val", False)
            loader = torch.utils.data.DataLoader(data, 2, collate_fn=data.collate_fn)
            assert user.metrics_func(loader, answer) == pytest.approx(1.0)
        else:
            generator, data, size = user.build_dataset_search("scenes/val", False, False)
            inputs = ["scenes/val", answer], [generator, data.image_ids, size]
            assert user.metrics_op(*inputs) == pytest.approx(1.0)


def test_segmentation_networks(load: Load) -> None:
    modules = both(load, "segmentation")
    first, second = heads(modules, "segmentation")
    # The two frameworks add another epsilon in normalisation.
    assert np.allclose(first.permute(0, 2, 3, 1).numpy(), second.numpy(), atol=1e-2)

    users = [module.UserModule(1, 2) for module in modules]
    data = users[0].dataset_define("scenes/train", False)
    masks = torch.stack([data[0][1], data[1][1]])
    losses = (
        users[0].loss_func(masks, first).item(),
        users[1].loss_op(tf.constant(masks.int().numpy()), second).numpy(),
    )
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)
    metrics = (
        users[0].metrics_func([(None, masks)], lambda images: first),
        users[1].metrics_op(tf.constant(masks.int().numpy()), second),
    )
    assert metrics[0] == pytest.approx(metrics[1], abs=5e-3)


def test_the_beginnings_are_alike(load: Load) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 16, 3)).astype(np.uint8)
    first, second = (load("detection", "pre_net", name) for name in ("pytorch", "tensorflow"))
    as_torch = torch.stack([first.to_tensor(each) for each in images])
    assert np.allclose(as_torch.permute(0, 2, 3, 1).numpy(), second.to_input(images))
    assert first.PreNet()(as_torch).shape == (2, 16, 6, 8)
    assert second.PreNet()(second.to_input(images)).shape == (2, 6, 8, 16)
