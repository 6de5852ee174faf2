"""Which device a run gets."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from nasea.backends.distributed import visibility
from nasea.backends.distributed.visibility import choose_visible
from nasea.backends.torch.devices import open_device
from nasea.errors import NotAvailableError, Notice

from .project import scenario

VARIABLE = "CUDA_VISIBLE_DEVICES"


@pytest.fixture
def _as_at_the_start() -> Iterator[None]:
    visibility._visible_at_first.cache_clear()
    yield
    visibility._visible_at_first.cache_clear()


@pytest.mark.parametrize(
    "visible, gpu_id, chosen",
    [
        (None, 0, "0"),
        (None, 3, "3"),
        ("3,5", 0, "3"),
        ("3,5", 1, "5"),
        (" 3 , 5 ", 1, "5"),
        ("GPU-8932f937,MIG-1/2/3", 1, "MIG-1/2/3"),
        ("", 1, ""),
        ("-1", 0, "-1"),
    ],
)
def test_the_id_counts_within_the_visible_devices(
    visible: str | None, gpu_id: int, chosen: str
) -> None:
    assert choose_visible(visible, gpu_id) == chosen


@pytest.mark.parametrize("visible, gpu_id, ids", [("3,5", 3, "0, 1"), ("4,-1,6", 1, "0")])
def test_an_id_beyond_the_visible_devices_is_refused(visible: str, gpu_id: int, ids: str) -> None:
    with pytest.raises(NotAvailableError) as shown:
        choose_visible(visible, gpu_id)
    assert f"no device {gpu_id}" in shown.value.message
    assert f"{VARIABLE} is {visible}, which leaves the ids {ids}" in shown.value.message


@pytest.mark.usefixtures("_as_at_the_start")
def test_devices_are_narrowed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: False)
    monkeypatch.setenv(VARIABLE, "3,5")
    resource = {"resource__device": "auto", "resource__gpu_ids": [1]}
    for _ in range(2):
        notices: list[Notice] = []
        assert open_device(scenario(**resource), notices).type == "cpu"
        assert os.environ[VARIABLE] == "5"
        assert "no CUDA device" in notices[0].text


@pytest.mark.usefixtures("_as_at_the_start")
def test_the_cpu_leaves_the_visible_devices_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "3,5")
    open_device(scenario(resource__device="cpu", resource__gpu_ids=[9]), [])
    assert os.environ[VARIABLE] == "3,5"
