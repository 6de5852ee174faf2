"""Draw the pictures of a report that the documentation shows, with headless Chromium.

    python tools/docs/report_pictures.py RESULTS [docs/images]

RESULTS holds ``front.json`` and what ``nasea compare`` wrote. The report is written anew, so that
the pictures show what the code draws. Those in docs/images are of the digits project:

    make demo && cd demo_digits
    nasea compare --budget 50k --families resnet,mobilenet,efficientnet --seeds 1 --epochs 30

Chinese needs a font with its characters, such as Noto Sans CJK. A folder ``fonts`` with one, in
the folder that XDG_DATA_HOME names, need not be installed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

from nasea.results.front import Front
from nasea.results.report.html import report_html
from nasea.results.report.standings import standings_beside

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from results.browser import picture  # noqa: E402 - the tests drive the browser the same way

_PICTURES = {
    "report_light.png": {"width": 1280, "height": 960},
    "report_dark.png": {"width": 1280, "height": 960, "dark": True},
    "report_phone.png": {"width": 390, "height": 1150},
    "report_hand_picks.png": {
        "width": 1280,
        "height": 960,
        "script": "document.querySelector('[data-view=compared]')?.click();",
    },
    "report_zoomed.png": {
        "width": 1280,
        "height": 960,
        "script": "document.querySelector('#front-table tr[data-number=\"10\"] a')?.click();"
        "for (const n of [1, 2, 3]) document.querySelector('[data-zoom]').click();",
    },
    "report_curves.png": {
        "width": 1280,
        "height": 560,
        "script": "document.getElementById('growth-title').scrollIntoView(); scrollBy(0, -40);",
    },
    "report_chinese.png": {
        "width": 1280,
        "height": 1280,
        "script": "document.getElementById('language').click();",
    },
}


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("to", type=Path, nargs="?", default=ROOT / "docs" / "images")
    asked = parser.parse_args()
    page = report_html(
        Front.load(asked.results), compared=standings_beside(asked.results / "report.html")
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, options in _PICTURES.items():
            drawn = Path(folder, name)
            picture(page, drawn, **options)
            with Image.open(drawn) as image:  # few colours make a small file
                image.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1).save(
                    asked.to / name, optimize=True
                )
            print(asked.to / name)


if __name__ == "__main__":
    main()
