"""Where the user's module names the mean and standard deviation of images."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from nasea.backends.user.normalisation import Normalisation, find_normalisation


class Normalize:
    def __init__(self, mean: object, std: object) -> None:
        self.mean, self.std = mean, std


class WithMethod:
    """Statistics that are computed are not called."""

    std = 2.0

    def mean(self) -> float:
        raise AssertionError


def found(module: object = None, user: object = None, data: object = None) -> Normalisation | None:
    return find_normalisation(module or SimpleNamespace(), user or SimpleNamespace(), data)


@pytest.mark.parametrize(
    "names, where",
    [
        ({"MEAN": [0.5, 0.25], "STD": (1, 2)}, "user_module.MEAN, user_module.STD"),
        (
            {"other_mean": 1.0, "imagenet_mean": np.array([0.5, 0.25]), "imagenet_std": [1.0, 2.0]},
            "user_module.imagenet_mean, user_module.imagenet_std",
        ),
    ],
)
def test_names_of_the_module(names: dict[str, object], where: str) -> None:
    assert found(SimpleNamespace(**names)) == Normalisation((0.5, 0.25), (1.0, 2.0), where)


def test_attributes_of_the_user_module_come_first() -> None:
    class UserModule:
        mean = 0.5

        def __init__(self) -> None:
            self.std = 0.25

    result = found(SimpleNamespace(MEAN=1.0, STD=1.0), UserModule())
    assert result == Normalisation((0.5,), (0.25,), "UserModule.mean, UserModule.std")


def test_transforms_of_the_data_set_come_before_all() -> None:
    compose = SimpleNamespace(transforms=[lambda x: x, Normalize([0.5], [0.25])])
    result = found(SimpleNamespace(MEAN=1.0, STD=1.0), None, SimpleNamespace(transform=compose))
    assert result is not None
    assert (result.mean, result.std) == ((0.5,), (0.25,))
    assert result.where.startswith("data set.transform.transforms[1].mean")


@pytest.mark.parametrize(
    "module",
    [
        SimpleNamespace(),
        SimpleNamespace(MEAN=0.5),
        SimpleNamespace(MEAN="a", STD="b"),
        SimpleNamespace(MEAN=0.5, STD=0.0),
        SimpleNamespace(MEAN=float("nan"), STD=1.0),
        SimpleNamespace(mean=np.mean, std=np.std),
        SimpleNamespace(meaning=0.5, std=1.0),
        WithMethod(),
    ],
)
def test_anything_else_is_not_taken_for_one(module: object) -> None:
    assert found(module) is None
