"""Chooses the data class of a task, which reads its data and calls its metric."""

from __future__ import annotations

from nasea.backends.data.image_cache import ImageCache
from nasea.backends.tensorflow.data.boxes import BoxData
from nasea.backends.tensorflow.data.datasets import Data
from nasea.backends.tensorflow.data.masks import MaskData
from nasea.backends.tensorflow.data.pairs import PairData
from nasea.backends.tensorflow.user.code import UserCode
from nasea.config import Scenario
from nasea.errors import Notice

_DATA: dict[str, type[Data]] = {
    "classification": PairData,
    "detection": BoxData,
    "segmentation": MaskData,
}


def open_data(scenario: Scenario, user: UserCode, notices: list[Notice], cache: ImageCache) -> Data:
    """Return the data sets of a scenario.

    Args:
        scenario: task, batch size, directories, input shape.
        user: the user's code.
        notices: collects notices for the user.
        cache: holds decoded images.

    Raises:
        NaseaError: ``build_dataset_search`` fails or returns something else.
    """
    return _DATA[scenario.task](scenario, user, notices, cache)
