"""Draw the pictures of a report that the documentation shows, with headless Chromium.

    python tools/docs/report_pictures.py RESULTS [docs/images]

RESULTS holds ``front.json`` and what ``nasea compare`` wrote. The report is written anew, so that
the pictures show what the code draws.
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
                image.quantize(200, Image.Quantize.MAXCOVERAGE).save(asked.to / name, optimize=True)
            print(asked.to / name)


if __name__ == "__main__":
    main()
