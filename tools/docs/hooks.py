"""What the site adds to the pages of docs/: see mkdocs.yml.

- Pages of the reference are generated: the commands from their help, Python from the docstrings.
- The changelog and CONTRIBUTING.md, which stand in the root of the repository, are pages.
- Links from a page to a file outside docs/ go to the repository, if its address is known
  (NASEA_REPOSITORY); else their text stays.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s]+)(?=\))")

_NOWHERE = "nowhere:"
_LINK_TO_NOWHERE = re.compile(rf"\[([^\[\]]*)\]\({_NOWHERE}[^)]*\)")

_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)

_FROM_DOCSTRINGS = {
    False: "Generated from the docstrings; [how to use it](../python.md).",
    True: "由文档字符串生成，保持英文；[用法](../python.zh.md)。",
}
"""Whether the page is Chinese -> its first line."""

_ROLE = re.compile(r":(?:func|class|meth|mod|data|attr):<code>~?([^<]*)</code>")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """The text of a page as the site shows it."""
    source = posixpath.normpath(page.file.src_uri)
    name = re.sub(r"\.zh(?=\.md$)", "", source)
    chinese = source != name
    at = posixpath.join("docs", source)
    if name == "changelog.md" and not chinese:
        markdown, at = (ROOT / "CHANGELOG.md").read_text("utf-8"), "CHANGELOG.md"
    elif name == "contributing.md":
        markdown, at = (ROOT / "CONTRIBUTING.md").read_text("utf-8"), "CONTRIBUTING.md"
    elif name == "reference/cli.md":
        with language("zh" if chinese else "en"):
            markdown = f"{_title(markdown)}\n\n{command_line()}"
    elif name == "reference/python.md":
        markdown = f"{_title(markdown)}\n\n{_FROM_DOCSTRINGS[chinese]}\n{python_names()}"
    elif name == "decisions/README.md":
        markdown += "\n" + decisions()
    if chinese and not name.startswith("reference/"):
        markdown = with_anchors(markdown, (DOCS / name).read_text("utf-8"))
    repository = config["repo_url"] or _NOWHERE
    linked = _LINK.sub(lambda found: _link(found[1], at, source, repository), markdown)
    return _LINK_TO_NOWHERE.sub(r"\1", linked)


def on_page_content(html: str, **_: Any) -> str:
    """A page without the roles of reStructuredText, which docstrings have for editors."""
    return _ROLE.sub(lambda found: f"<code>{found[1].rpartition('.')[2]}</code>", html)


def with_anchors(chinese: str, english: str) -> str:
    """A Chinese page whose headings also have the anchors of the English ones.

    Pages without a Chinese version stand in for it as they are, and link to English anchors.
    """
    anchors = iter(_anchors(english))
    return _HEADING.sub(lambda found: f'<a id="{next(anchors, "")}"></a>\n\n{found[0]}', chinese)


def _anchors(markdown: str) -> list[str]:
    """Anchors of the headings below the title, as GitHub and the site make them."""
    from pymdownx.slugs import slugify

    slug = slugify(case="lower")
    return [slug(title.replace("`", ""), "-") for title in _HEADING.findall(markdown)]


def _title(markdown: str) -> str:
    return markdown.splitlines()[0]


@contextmanager
def language(code: str) -> Iterator[None]:
    """Let nasea speak this language."""
    before = os.environ.get("NASEA_LANG")
    os.environ["NASEA_LANG"] = code
    try:
        yield
    finally:
        del os.environ["NASEA_LANG"]
        if before is not None:
            os.environ["NASEA_LANG"] = before


def command_line() -> str:
    """The help of every command, in the language of NASEA_LANG."""
    _nasea()
    import typer.main

    from nasea.cli.main import app
    from nasea.cli.terminal.help import describe_in_chinese
    from nasea.translation import chinese

    parts = []
    whole = typer.main.get_command(app)
    if chinese():
        describe_in_chinese(whole)
    pending = [("nasea", whole)]
    while pending:
        name, command = pending.pop(0)
        context: Any = command.make_context(
            name, [], resilient_parsing=True, terminal_width=96, max_content_width=96
        )
        help_text = command.get_help(context).replace("\b", "")
        parts.append(f"## {name}\n\n```text\n{help_text.strip()}\n```\n")
        below = getattr(command, "commands", {})
        pending[:0] = [(f"{name} {word}", one) for word, one in below.items()]
    return "\n".join(parts)


def python_names() -> str:
    """Everything in ``nasea.__all__`` by where it is written, for mkdocstrings to describe."""
    nasea = _nasea()
    names = [name for name in nasea.__all__ if name != "__version__"]
    lines = []
    for name in sorted(names, key=lambda name: (name[0].isupper(), name)):
        found = getattr(nasea, name)
        lines += ["", f"## nasea.{name}", "", f"::: {_home(found, name)}"]
        lines += ["    options:", "      show_root_heading: false", "      heading_level: 3"]
    return "\n".join(lines) + "\n"


def _home(found: Any, name: str) -> str:
    return f"{found.__module__}.{getattr(found, '__qualname__', name)}"


def _nasea() -> Any:
    sys.path.insert(0, str(ROOT / "src"))
    import nasea

    return nasea


def decisions() -> str:
    """A list of the decisions, the newest last."""
    lines = []
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        title = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"


def _link(target: str, at: str, source: str, repository: str) -> str:
    """A link as it has to be on the site.

    Args:
        target: as it is written.
        at: the file it is written in, from the root of the repository.
        source: the page it is shown on, from docs/.
        repository: where files outside docs/ can be read.
    """
    path, hash_, anchor = target.partition("#")
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(at), path))
    if whole in ("CHANGELOG.md", "CONTRIBUTING.md"):
        whole = f"docs/{whole.lower()}"
    elif whole.startswith("README"):
        whole = "docs/index.md"
    if whole.startswith("docs/"):
        here = posixpath.dirname(posixpath.join("docs", source))
        return posixpath.relpath(whole, here) + hash_ + anchor
    return f"{repository}/blob/main/{whole}{hash_}{anchor}"
