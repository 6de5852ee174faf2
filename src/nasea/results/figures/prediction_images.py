"""Predictions on validation images, drawn beside the ground truth."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nasea.backends.scoring.prediction_images import LEAST_SCORE, Boxes, PredictionImage

_WIDTH = 320
"""Pixels of one drawn image; small images are enlarged by whole numbers, large ones reduced."""

_COLUMNS = 2
_GAP = 8
_CAPTION = 18
_OPACITY = 0.55
_MOST_LABELS = 8
"""With more boxes than that, labels would hide the image; the legend remains."""

_COLOURS = (
    (0, 114, 178), (230, 97, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66), (86, 180, 233),
    (148, 103, 189), (214, 39, 40), (140, 86, 75), (247, 182, 210), (23, 190, 207),
)  # fmt: skip
"""Of one class after the other, from class 0."""

_NOT_COUNTED = (150, 150, 150)
"""In a mask, of numbers that are no class: to be ignored."""


def contact_sheet(pictures: Sequence[PredictionImage]) -> bytes:
    """Draw a PNG file with each image twice: ground truth on the left, predictions on the right.

    A legend below lists the classes that occur, if their names are known.
    """
    tiles = [_pair(picture) for picture in pictures]
    columns = min(_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    width = max(tile.width for tile in tiles) + _GAP
    height = max(tile.height for tile in tiles) + _GAP
    across = columns * width - _GAP
    legend = _legend(pictures, across)
    sheet = Image.new("RGB", (across, rows * height - _GAP + legend.height), "white")
    sheet.paste(legend, (0, rows * height - _GAP))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % columns * width, number // columns * height))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _legend(pictures: Sequence[PredictionImage], width: int) -> Image.Image:
    """Return a legend with the colours and names of the classes in the pictures."""
    entries = {
        label: (_colour(label), picture.classes[label])
        for picture in pictures
        for seen in (picture.truth, picture.found)
        for label in _labels(seen)
        if label < len(picture.classes)
    }
    measure = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    places, x, y = [], 0.0, float(_GAP)
    for _, (colour, name) in sorted(entries.items()):
        needed = measure.textlength(name, font=_font()) + 34
        if x and x + needed > width:
            x, y = 0.0, y + _CAPTION
        places.append((x, y, colour, name))
        x += needed
    image = Image.new("RGB", (width, round(y) + _CAPTION if places else 1), "white")
    pen = ImageDraw.Draw(image)
    for x, y, colour, name in places:
        pen.rectangle((x + 1, y + 1, x + 12, y + 12), fill=colour)
        pen.text((x + 17, y), name, fill=(60, 60, 60), font=_font())
    return image


def _labels(seen: Boxes | np.ndarray) -> list[int]:
    """Return the classes drawn in colour."""
    if isinstance(seen, Boxes):
        labels = seen.labels if seen.scores is None else seen.labels[seen.scores >= LEAST_SCORE]
        return [int(label) for label in np.unique(labels) if label >= 0]
    return [int(label) for label in np.unique(seen) if label >= 0]


def _colour(label: int) -> tuple[int, int, int]:
    return _COLOURS[label % len(_COLOURS)]


def _pair(picture: PredictionImage) -> Image.Image:
    truth, found = (_drawn(picture, seen) for seen in (picture.truth, picture.found))
    pair = Image.new("RGB", (truth.width * 2 + 2, truth.height + _CAPTION), "white")
    pen = ImageDraw.Draw(pair)
    for left, image, caption in ((0, truth, "truth"), (truth.width + 2, found, "found")):
        pair.paste(image, (left, _CAPTION))
        pen.text((left + 2, 2), caption, fill=(90, 90, 90), font=_font())
    return pair


def _drawn(picture: PredictionImage, seen: Boxes | np.ndarray) -> Image.Image:
    height, width = picture.image.shape[:2]
    scale = _WIDTH // width if width <= _WIDTH else _WIDTH / width
    size = (round(width * scale), max(1, round(height * scale)))
    pixels = picture.image if isinstance(seen, Boxes) else _overlaid(picture, seen)
    image = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
    if isinstance(seen, Boxes):
        _draw_boxes(image, seen, scale, picture.classes)
    return image


def _overlaid(picture: PredictionImage, mask: np.ndarray) -> np.ndarray:
    colours = np.asarray(_COLOURS)[mask % len(_COLOURS)]
    most = len(picture.classes) or np.iinfo(np.uint8).max
    colours[(mask < 0) | (mask >= most)] = _NOT_COUNTED
    mixed: np.ndarray = picture.image * (1 - _OPACITY) + colours * _OPACITY
    drawn: np.ndarray = mixed.round().astype(np.uint8)
    return drawn


def _draw_boxes(image: Image.Image, seen: Boxes, scale: float, classes: tuple[str, ...]) -> None:
    pen = ImageDraw.Draw(image)
    scores = np.ones(len(seen.boxes)) if seen.scores is None else seen.scores
    crowded = int((np.asarray(scores) >= LEAST_SCORE).sum()) > _MOST_LABELS
    for box, label, score in zip(seen.boxes, seen.labels, scores, strict=True):
        if score < LEAST_SCORE:
            continue
        colour = _colour(int(label))
        x0, y0, x1, y1 = (float(edge) * scale for edge in box)
        corners = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        pen.rectangle(corners, outline=colour, width=2)
        if crowded:
            continue
        known = 0 <= label < len(classes)
        text = classes[label] if known else str(int(label))
        text += "" if seen.scores is None else f" {score:.2f}"
        place = (corners[0] + 2, max(0.0, corners[1] - 13))
        pen.rectangle(pen.textbbox(place, text, font=_font()), fill=colour)
        pen.text(place, text, fill="white", font=_font())


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=11)
