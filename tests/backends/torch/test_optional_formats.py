"""Formats whose packages need not be installed, each tested where its package is."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nasea.backends.export.formats import FORMATS, Format
from nasea.backends.export.packages import optional
from nasea.backends.torch.export.expansions import MultipliedByOnes
from nasea.backends.torch.export.files import FILES, ExportRequest
from nasea.errors import ExportError, NotAvailableError

OWN = [each for each in FORMATS.values() if each.framework == "pytorch"]
OPTIONAL = [
    pytest.param(
        each, id=each.name, marks=pytest.mark.skipif(bool(each.missing), reason="not installed")
    )
    for each in OWN
    if each.name not in ("onnx", "onnx-float16", "onnx-int8", "pt2")
]


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.classify, self.locate = nn.Linear(4, 5), nn.Linear(4, 2)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        pooled = self.norm(self.conv(images)).relu().mean((2, 3))
        return {"out": self.classify(pooled), "where": self.locate(pooled)}


class Odd(Network):
    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"out": torch.special.i0e(super().forward(images)["out"])}


def asked(network: nn.Module, path: Path, batch: int | None) -> ExportRequest:
    torch.manual_seed(0)
    shown = np.random.default_rng(0).normal(size=(20, 2, 6, 6)).astype(np.float32)
    images = torch.from_numpy(shown[:3])
    return ExportRequest(network.eval(), images, path, batch, shown, ("out", "where"))


def test_every_format_has_a_writer_and_what_runs_here_a_runtime() -> None:
    assert list(FILES) == [each.name for each in OWN]
    for each in OWN:
        assert (FILES[each.name].load is not None) == each.runs_here
    assert len({each.suffix for each in OWN}) == len(OWN)


@pytest.mark.parametrize("format", OPTIONAL)
def test_a_file_takes_as_many_images_as_asked(format: Format, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, path = Network(), tmp_path / f"net{format.suffix}"
    files = FILES[format.name]
    given = asked(network, path, 2)
    files.write(given)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    if files.load is None:
        return
    run = files.load(path, 1)
    with torch.no_grad():
        expected = network(given.images)
    tolerance = 1e-5 if format.exact else 0.1
    for found, wanted in zip(run(given.images.numpy()), expected.values(), strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), atol=tolerance)


class Expanding(nn.Module):
    """A convolution beside the mean of the image at every pixel, as segmentation heads have it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.classify = nn.Conv2d(16, 3, 1)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        found = self.conv(images).relu()
        mean = found.mean((2, 3), keepdim=True)
        height, width = found.shape[2:]
        everywhere = (
            mean.expand(-1, -1, height, width), mean.expand_as(found),
            mean.repeat(1, 1, height, width) + torch.broadcast_to(mean, found.shape),
        )  # fmt: skip
        return {"out": self.classify(torch.cat([found, *everywhere], 1))}


@pytest.mark.parametrize("format", OPTIONAL)
def test_one_value_for_all_pixels(format: Format, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, path = Expanding(), tmp_path / f"net{format.suffix}"
    files = FILES[format.name]
    given = asked(network, path, 1)
    files.write(replace(given, names=("out",)))
    if files.load is None:
        return
    (found,) = files.load(path, 1)(given.images.numpy())
    with torch.no_grad():
        expected = network(given.images)["out"].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5 if format.exact else 0.1)


def test_expansions_are_products_with_ones() -> None:
    values = torch.arange(6.0).reshape(2, 3, 1, 1)
    whole = torch.arange(8.0).reshape(2, 4)
    with torch.no_grad(), MultipliedByOnes():
        for sizes in ((2, 3, 4, 5), (-1, -1, 4, 5), (7, 2, 3, 4, 1)):
            assert torch.equal(values.expand(*sizes), values.expand(sizes))
        made = values.expand(-1, -1, 4, 5), values.repeat(2, 1, 1, 3)[:2], whole.repeat(2, 3)
    assert made[0].is_contiguous(), "a product, not a view"
    assert torch.equal(made[0], values.expand(-1, -1, 4, 5))
    assert made[1].shape == (2, 3, 1, 3)
    assert torch.equal(made[2], whole.repeat(2, 3))


@pytest.mark.parametrize("format", OPTIONAL)
def test_an_operator_that_a_format_lacks_is_named(format: Format, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"i0e") as caught:
        FILES[format.name].write(asked(Odd(), tmp_path / f"net{format.suffix}", 1))
    assert caught.value.fix


def test_a_package_that_does_not_import_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "print('a banner')\nraise RuntimeError('built for another torch\\nand more')\n"
    (tmp_path / "crooked_runtime.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NotAvailableError) as caught:
        optional("crooked_runtime", "crooked-runtime")
    assert "crooked-runtime cannot be imported: RuntimeError: built for another torch" == str(
        caught.value.message
    )
    assert caught.value.fix == "pip install --upgrade crooked-runtime"
    assert capfd.readouterr().out == ""
    assert "crooked_runtime" not in sys.modules
