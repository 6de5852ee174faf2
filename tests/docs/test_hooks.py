"""What the site makes of links to files outside docs/."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

HOOKS = Path(__file__).parents[2] / "tools" / "docs" / "hooks.py"
PAGE = "[the `code`](../src/nasea/terms.py#L1), [more](python.md#errors), [there](https://a.b/c)"


@pytest.fixture
def hooks() -> Any:
    spec = importlib.util.spec_from_file_location("hooks", HOOKS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("repository", "first"),
    [
        ("https://a.b/nasea", "[the `code`](https://a.b/nasea/blob/main/src/nasea/terms.py#L1)"),
        ("", "the `code`"),
        (None, "the `code`"),
    ],
)
def test_links_to_files_need_the_address_of_the_repository(
    hooks: Any, repository: str | None, first: str
) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="latency.md"))
    made = hooks.on_page_markdown(PAGE, page=page, config={"repo_url": repository})
    assert made == f"{first}, [more](python.md#errors), [there](https://a.b/c)"


def test_commands_are_described_in_the_language_of_the_page(hooks: Any) -> None:
    helps = {}
    for name in ("cli", "cli.zh"):
        page = SimpleNamespace(file=SimpleNamespace(src_uri=f"reference/{name}.md"))
        text = (HOOKS.parents[2] / "docs" / "reference" / f"{name}.md").read_text("utf-8")
        helps[name] = hooks.on_page_markdown(text, page=page, config={"repo_url": ""})
    assert (
        helps["cli"].startswith("# Command line\n") and "Search for architectures" in helps["cli"]
    )
    assert helps["cli.zh"].startswith("# 命令行\n") and "Search for arch" not in helps["cli.zh"]
    for command in ("nasea search", "nasea latency run", "nasea init"):
        assert all(f"\n## {command}\n" in text for text in helps.values())
