"""Scenario files made to do harm, through the real command: status 2 and a short message."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.cli.init import project_files

from .conftest import Run

GOOD = project_files("pytorch", "classification")["scen.yaml"].decode()
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE = {
    "a tag that runs code": GOOD.replace("64, 64]", "!!python/object/apply:os.mkdir [mark]]"),
    "a tag for a whole section": "scenario: !!python/object/new:os.mkdir {args: [mark]}\n",
    "a billion laughs": LAUGHS + GOOD.replace("[16, 16, 32, 32, 64, 64]", "*i"),
    "a billion laughs as the scenario": LAUGHS + "scenario: *i\n",
    "an anchor within itself": "scenario: &s {strategy: *s}\n",
    "deep lists": "[" * 60_000,
    "deep sections": "{scenario: " * 5_000,
    "deep indentation": "".join(" " * depth + "scenario:\n" for depth in range(300)),
    "thousands of keys": "scenario:\n" + "".join(f" k{number}:\n" for number in range(5_000)),
    "thousands of keys, tabs": "scenario:\n" + "\tk: 1\n" * 6_000,
    "thousands of values": GOOD.replace("[16, 16,", "[" + "1," * 30_000),
    "a number without end": GOOD.replace("100000", "9" * 50_000),
    "an exponent without end": GOOD.replace("100000", "1e" + "9" * 400),
    "a quote without end": GOOD.replace("digits/train", '"' + "\\" * 40_001),
    "quotes only": "'" * 60_001,
    "zero bytes": GOOD.replace("digits", "di\0gits"),
    "control characters": GOOD.replace("digits", "\x1b[2J\x07"),
    "lone surrogates": GOOD.replace("digits", "di\udcffgits"),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-32": GOOD.encode("utf-32"),
    "Latin-1": GOOD.replace("digits", "größe").encode("latin-1"),
    "two byte order marks": "\ufeff\ufeff" + GOOD.replace("64]", "six]"),
    "two documents": GOOD + "---\n" + GOOD,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_in_few_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("user_module.py").write_text("import os\nos.mkdir('mark')\n")
    content = HOSTILE[name]
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogateescape")
    Path("scen.yaml").write_bytes(content)
    done = run("check", "-c", "scen.yaml", "--only-config")
    assert done.status == 2
    assert "Traceback" not in done.err and done.err.startswith("error: ")
    assert len(done.err) < 10_000
    assert "\x1b[2J" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scen.yaml", "user_module.py"]
