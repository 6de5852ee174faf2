"""What a network finds in validation images, drawn beside the truth."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nasea.backends.pictures import Boxes, Picture

_WIDTH = 224
"""Pixels of one drawn image; small images are enlarged by whole numbers, large ones reduced."""

_COLUMNS = 3
_GAP = 8
_CAPTION = 18
_OPACITY = 0.55
_LEAST_SCORE = 0.3
"""Boxes found with less confidence are not drawn."""

_COLOURS = (
    (0, 114, 178), (230, 97, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66), (86, 180, 233),
    (148, 103, 189), (214, 39, 40), (140, 86, 75), (127, 127, 127), (23, 190, 207),
)  # fmt: skip
"""Of class 1, 2, ...; class 0 of a mask, usually the ground, stays as it is."""


def contact_sheet(pictures: Sequence[Picture]) -> bytes:
    """A PNG file with each image twice, the truth on the left and what was found on the right."""
    tiles = [_pair(picture) for picture in pictures]
    columns = min(_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    width = max(tile.width for tile in tiles) + _GAP
    height = max(tile.height for tile in tiles) + _GAP
    sheet = Image.new("RGB", (columns * width - _GAP, rows * height - _GAP), "white")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % columns * width, number // columns * height))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _pair(picture: Picture) -> Image.Image:
    truth, found = (_drawn(picture, seen) for seen in (picture.truth, picture.found))
    pair = Image.new("RGB", (truth.width * 2 + 2, truth.height + _CAPTION), "white")
    pen = ImageDraw.Draw(pair)
    for left, image, caption in ((0, truth, "truth"), (truth.width + 2, found, "found")):
        pair.paste(image, (left, _CAPTION))
        pen.text((left + 2, 2), caption, fill=(90, 90, 90), font=_font())
    return pair


def _drawn(picture: Picture, seen: Boxes | np.ndarray) -> Image.Image:
    height, width = picture.image.shape[:2]
    scale = _WIDTH // width if width <= _WIDTH else _WIDTH / width
    size = (round(width * scale), max(1, round(height * scale)))
    pixels = picture.image if isinstance(seen, Boxes) else _overlaid(picture.image, seen)
    image = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
    if isinstance(seen, Boxes):
        _draw_boxes(image, seen, scale, picture.classes)
    return image


def _overlaid(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    palette = np.asarray(_COLOURS)
    colours = palette[(mask - 1) % len(palette)]
    mixed = image * (1 - _OPACITY) + colours * _OPACITY
    return np.where((mask > 0)[..., None], mixed, image).round().astype(np.uint8)


def _draw_boxes(image: Image.Image, seen: Boxes, scale: float, classes: tuple[str, ...]) -> None:
    pen = ImageDraw.Draw(image)
    scores = np.ones(len(seen.boxes)) if seen.scores is None else seen.scores
    for box, label, score in zip(seen.boxes, seen.labels, scores, strict=True):
        if score < _LEAST_SCORE:
            continue
        colour = _COLOURS[int(label) % len(_COLOURS)]
        x0, y0, x1, y1 = (float(edge) * scale for edge in box)
        corners = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        pen.rectangle(corners, outline=colour, width=2)
        known = 0 <= label < len(classes)
        text = classes[label] if known else str(int(label))
        text += "" if seen.scores is None else f" {score:.2f}"
        place = (corners[0] + 2, max(0.0, corners[1] - 13))
        pen.rectangle(pen.textbbox(place, text, font=_font()), fill=colour)
        pen.text(place, text, fill="white", font=_font())


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=11)
