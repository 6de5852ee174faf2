"""A report in headless Chromium: what its script does, and what it looks like."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")

needs_browser = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")

_LEAST = 520
"""Windows are at least about as wide; the page lies in a frame as wide as is asked for."""

_DONE = "addEventListener('message', e => { document.getElementById('out').textContent = e.data; })"


def told(
    html: str,
    script: str,
    folder: Path,
    *,
    width: int = 1280,
    language: str = "en",
    dark: bool = False,
) -> Any:
    """Run ``script`` in a page once it is there; return the value of its last expression.

    Args:
        html: the page.
        script: JavaScript; ``return`` gives a JSON value.
        folder: for files.
        width: pixels.
        language: that the browser says its user wants.
        dark: whether the user prefers dark pages.
    """
    outer = _framed(_with_script(html, script), folder, width, 800)
    done = _chromium(outer, "--dump-dom", "--virtual-time-budget=5000", *_as(language, dark))
    found = re.search(r'<pre id="out"[^>]*>(.*?)</pre>', done, re.DOTALL)
    assert found is not None and found[1], f"the script said nothing:\n{done[:2000]}"
    answer = json.loads(unescape(found[1]))
    assert "error" not in answer, answer
    return answer["value"]


def picture(
    html: str,
    path: Path,
    *,
    width: int,
    height: int,
    script: str = "",
    dark: bool = False,
) -> None:
    """Write the page as a PNG file of this size, after ``script``."""
    outer = _framed(_with_script(html, script), path.parent, width, height)
    size = f"--window-size={max(width, _LEAST)},{height}"
    _chromium(outer, f"--screenshot={path.resolve()}", size, *_as("en", dark))
    with Image.open(path) as image:
        image.crop((0, 0, width, height)).convert("RGB").save(path, optimize=True)


def _as(language: str, dark: bool) -> list[str]:
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    return [f"--accept-lang={language}", *scheme]


def _with_script(html: str, script: str) -> str:
    """Add a script that the page's policy admits, and that tells what it returns."""
    code = (
        "(() => { const say = (what) => parent.postMessage(JSON.stringify(what), '*');"
        f" try {{ say({{ value: (() => {{ {script} }})() ?? null }}); }}"
        " catch (fault) { say({ error: String(fault) }); } })();"
    )
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    html = html.replace("script-src '", f"script-src 'sha256-{digest}' '", 1)
    return html.replace("</body>", f"<script>{code}</script></body>", 1)


def _framed(html: str, folder: Path, width: int, height: int) -> Path:
    (folder / "page.html").write_text(html, encoding="utf-8")
    shutil.rmtree(folder / "profile", ignore_errors=True)  # remembers the language
    outer = folder / "frame.html"
    style = f"width:{width}px;height:{height}px;border:0;display:block"
    outer.write_text(
        f'<body style="margin:0"><pre id="out" hidden></pre><script>{_DONE}</script>'
        f'<iframe src="page.html" style="{style}"></iframe>',
        encoding="utf-8",
    )
    return outer


def _chromium(page: Path, *options: str) -> str:
    assert BROWSER is not None, "tests that need it are skipped without it"
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", profile]
    done = subprocess.run(
        [*command, *options, page.resolve().as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout
