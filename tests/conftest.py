"""What holds for all tests."""

import gc
import inspect
import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from hypothesis import settings

# No test depends on a clock: a busy machine must not fail one.
settings.register_profile("without_clock", deadline=None)
settings.load_profile("without_clock")
# Tests read English, on a machine that speaks Chinese too.
os.environ["NASEA_LANG"] = "en"
# As nasea itself does before it loads torch: tests share their machine with other things.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# As nasea itself does before it loads TensorFlow, which TensorBoard's reader may load before it.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow settles its threads once a process, and sums come out otherwise with others: a search
# in this process must do as one in a process of its own.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

LONGEST = (
    "test_resume.py",
    "test_devices_tensorflow.py",
    "test_devices.py",
    "test_end_to_end.py",
    "test_demos.py",
    "contracts/test_tensorflow.py",
    "pipeline/test_search_modes.py",
    "pipeline/test_dense_tensorflow.py",
    "pipeline/test_time_budget.py",
    "pipeline/test_fidelity.py",
    "pipeline/test_halving.py",
    "contracts/test_retrain_tensorflow.py",
    "test_user_code_fuzz.py",
    "test_bad_input.py",
    "test_keras3.py",
    "cli/test_doctor.py",
    "backends/tensorflow/test_distributed.py",
    "backends/torch/test_distributed.py",
    "pipeline/test_classic_tensorflow.py",
    "pipeline/test_compare.py",
    "results/test_codegen_tensorflow_script.py",
    "pipeline/test_pretrain.py",
    "pipeline/test_int8.py",
    "backends/tensorflow/test_int8.py",
    "pipeline/test_unseen_images.py",
    "test_api.py",
    "test_tutorial.py",
    "test_python_page.py",
    "test_paths.py",
)
"""Files that take longest, the longest first: begun last, one would keep one core alone busy."""


# A metric's private directory holds a link to every entry of the current directory and two above.
# Beside this repository, or the directories of all tests, that is thousands of links a search.
ALONE = Path("alone", "here")


@pytest.fixture(scope="session", autouse=True)
def begun_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests begin in an empty directory, with nothing beside it."""
    home = tmp_path_factory.mktemp("begin") / ALONE
    home.mkdir(parents=True)
    with chdir(home):
        yield


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """The directory of a test, with nothing beside it."""
    home = tmp_path / ALONE
    home.mkdir(parents=True)
    return home


def pytest_pycollect_makeitem(name: str, obj: object) -> None:
    """Refuse a contract's class that misses a method: pytest would leave it out without a word."""
    if name.startswith("Test") and inspect.isabstract(obj):
        missing = ", ".join(sorted(obj.__abstractmethods__))  # type: ignore[attr-defined]
        raise pytest.UsageError(f"{name} is abstract, so its tests would not run: {missing}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; otherwise as collected."""
    home = Path(__file__).parent
    places = {(home / name).resolve(strict=True): place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Leave what torch and TensorFlow consist of out of every collection of garbage."""
    gc.collect()
    gc.freeze()
