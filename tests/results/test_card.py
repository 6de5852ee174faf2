"""The card of an exported file, as text."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nasea.results.card import (
    NO_LICENCE,
    UNKNOWN_SCALING,
    Images,
    ModelCard,
    Origin,
    Price,
    Quality,
    Tensor,
    card_paths,
)

GOLDEN = Path(__file__).parent / "golden"

CARD = ModelCard(
    file="model_arch_result_3.int8.tflite",
    kind="tflite-int8",
    runtime="LiteRT",
    precision="int8",
    input=Images(
        tensor=Tensor("images", (1, 3, 32, 32), "float32"),
        layout="NCHW",
        low=-2.117904,
        high=2.64,
        looked_at=500,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        scaling="user_module.MEAN, user_module.STD",
    ),
    outputs=(Tensor("output.out", (1, 10), "float32"), Tensor("output.aux", (1, 10), "float32")),
    quality=Quality(
        task="image classification",
        accuracy=0.9125,
        network_accuracy=0.915,
        metric=0.085,
        metric_mode="min",
        predictions=(1990, 2000),
        val_dir="data/val",
        val_images=2000,
        train_dir="data/train",
        train_images=10_000,
    ),
    price=Price(
        parameters=10_130,
        flops=1_234_567,
        bytes=58_100,
        predicted_ms=0.0356,
        processor="my_phone (Pixel 4), error 3.1%",
        measured_ms=0.00855,
        measured_images=1,
        machine="AMD EPYC",
    ),
    origin=Origin(
        network="architecture 3 retrained",
        blocks=("basic_x1", "skip"),
        widths=(16, 16),
        training="30 epochs from the weights of the search, learning rate 0.005",
        search={"flops": 2e6, "epochs": 40, "generation_num": 10, "seed": 0},
        created="2025-01-02T03:04:05+00:00",
        config_digest="3f9c1b0a77aa55",
        calibration_images=512,
        command="nasea export results/retrained_3 --arch 3 --format tflite-int8",
        versions={"nasea": "0.1.0", "framework": "PyTorch 2.13.0", "Python": "3.11.7"},
    ),
    licence="Apache-2.0",
)
BARE = replace(
    CARD,
    file="model_arch_result_3.mlpackage",
    kind="coreml",
    runtime="Core ML",
    precision="float32",
    input=replace(CARD.input, mean=(), std=(), scaling=UNKNOWN_SCALING),
    quality=replace(CARD.quality, accuracy=None, predictions=None, metric_mode="max"),
    price=replace(CARD.price, predicted_ms=None, processor=None, measured_ms=None),
    origin=replace(CARD.origin, widths=(), calibration_images=None),
    licence=NO_LICENCE,
)


@pytest.mark.parametrize("name, card", [("card", CARD), ("card_bare", BARE)])
def test_the_cards_are_the_golden_ones(name: str, card: ModelCard) -> None:
    assert card.json() == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    assert card.markdown() == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")


def test_nothing_is_lost_in_json() -> None:
    content = json.loads(CARD.json())
    assert (content.pop("format"), content.pop("version")) == ("nasea-model-card", 1)
    assert content == json.loads(json.dumps(asdict(CARD)))


def test_cards_lie_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / CARD.file
    assert CARD.save(file) == card_paths(file)
    assert {path.name for path in tmp_path.iterdir()} == {f"{CARD.file}.json", f"{CARD.file}.md"}
