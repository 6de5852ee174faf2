"""Pages that users read exist in Chinese, section by section."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"

TRANSLATED = (
    "index",
    "quickstart",
    "own-data",
    "choosing",
    "report",
    "troubleshooting",
    "migrate",
    "compared",
    "concepts",
    "ship-a-model",
    "latency",
    "python",
    "user-modules",
    "reference/cli",
    "reference/python",
    "changelog",
)
"""Pages that must have a Chinese version, in the order of the site."""

LAGGING: dict[str, tuple[str, ...]] = {}
"""Page -> English headings that its Chinese version does not have yet, and why it may wait."""

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def headings(text: str) -> list[tuple[str, str]]:
    """(level, title) of each heading."""
    return re.findall(r"^(#+) (.+)$", _FENCE.sub("", text), re.MULTILINE)


def commands(text: str) -> list[str]:
    """The commands of a page, without the comments beside them."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = (line.partition("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


@pytest.mark.parametrize("name", TRANSLATED)
def test_the_chinese_page_has_every_heading(name: str) -> None:
    """To mend: translate what is new in ``NAME.md`` into ``NAME.zh.md``."""
    english, chinese = (headings(text_of(DOCS / f"{name}{x}.md")) for x in ("", ".zh"))
    waiting = LAGGING.get(name, ())
    expected = [level for level, title in english if title not in waiting]
    assert [level for level, _ in chinese] == expected, (
        f"{name}.zh.md has {[title for _, title in chinese]}, "
        f"{name}.md {[title for _, title in english]}"
    )


@pytest.mark.parametrize("name", TRANSLATED)
def test_the_chinese_page_gives_the_same_commands(name: str) -> None:
    assert commands(text_of(DOCS / f"{name}.zh.md")) == commands(text_of(DOCS / f"{name}.md"))


@pytest.mark.parametrize("name", TRANSLATED)
def test_the_chinese_page_is_chinese(name: str) -> None:
    for _, title in headings(text_of(DOCS / f"{name}.zh.md")):
        is_a_name = title.isidentifier() or title == "nasea"  # of the profile npu_v1
        assert is_a_name or re.search(r"[\u4e00-\u9fff]", title), f"not translated: {title}"


def test_every_chinese_page_is_listed() -> None:
    found = {
        page.relative_to(DOCS).as_posix().removesuffix(".zh.md") for page in DOCS.rglob("*.zh.md")
    }
    assert found == set(TRANSLATED)
    assert (DOCS.parent / "README.zh.md").is_file()
    assert commands(text_of(DOCS.parent / "README.zh.md")) == commands(
        text_of(DOCS.parent / "README.md")
    )


def test_the_glossary_has_every_term() -> None:
    terms = re.findall(r"^\| \*\*(.+?)\*\* \|", text_of(DOCS / "concepts.md"), re.MULTILINE)
    chinese = re.findall(
        r"^\| \*\*.+?\*\* \| (.+?) \|", text_of(DOCS / "concepts.zh.md"), re.MULTILINE
    )
    assert chinese == terms
