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
