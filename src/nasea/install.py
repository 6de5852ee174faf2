"""How to install more of nasea: the line that fits how this copy of it was installed.

Messages and projects name it. ``pip install 'nasea[torch]'`` would ask an index, which need not
have nasea: so the line names the wheel, the clone or the repository that this copy came from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_PACKAGE = Path(__file__).resolve().parent

_GENERIC = re.compile(r"pip install 'nasea\[([\w,-]+)\]'")


def install_line(*extras: str) -> str:
    """The command that adds optional dependencies, such as ``pip install '/clone[torch]'``.

    Args:
        extras: names of optional dependencies, such as ``torch``.
    """
    wanted = f"[{','.join(extras)}]" if extras else ""
    found = _installed()
    if found is not None:
        url = found.read_text("direct_url.json")
        return f"pip install {_requirement(json.loads(url) if url else {}, wanted)}"
    clone = _PACKAGE.parents[1]
    if (clone / "pyproject.toml").is_file():
        return f"pip install '{clone}{wanted}'"
    return f"install nasea{wanted} from where the copy in {_PACKAGE.parent} came from"


def with_install_lines(text: str) -> str:
    """A text in which each ``pip install 'nasea[EXTRAS]'`` is the line for this copy of nasea."""
    return _GENERIC.sub(lambda found: install_line(*found[1].split(",")), text)


def _installed() -> Distribution | None:
    """The installed nasea whose code this is; ``None`` where it runs from a folder of sources."""
    from importlib.metadata import PackageNotFoundError, distribution  # slow to import

    try:
        found = distribution("nasea")
    except PackageNotFoundError:
        return None
    if Path(str(found.locate_file("nasea"))).resolve() == _PACKAGE:
        return found
    url = found.read_text("direct_url.json")
    source = _local(json.loads(url)) if url else None
    is_this = source is not None and _PACKAGE.is_relative_to(source.resolve())
    return found if is_this else None


def _requirement(origin: Mapping[str, Any], wanted: str) -> str:
    """What pip takes to install it again, by the record of PEP 610; without one it was an index."""
    if not origin:
        return f"'nasea{wanted}'"
    path = _local(origin)
    if path is not None:
        editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return f"{editable}'{path}{wanted}'"
    url = str(origin["url"])
    vcs = origin.get("vcs_info")
    if vcs:
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    if origin.get("subdirectory"):
        url += f"#subdirectory={origin['subdirectory']}"
    return f"'nasea{wanted} @ {url}'"


def _local(origin: Mapping[str, Any]) -> Path | None:
    """The folder or file that it came from; ``None`` for what came over a network."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(str(origin.get("url", "")))
    if parts.scheme != "file" or "vcs_info" in origin:
        return None
    return Path(url2pathname(parts.path))
