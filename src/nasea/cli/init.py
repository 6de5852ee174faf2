"""``nasea init``: a project that runs at once."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasea.errors import NaseaError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

# Python files carry it inside the package, where they are text to copy and not modules of nasea.
_TEMPLATE_SUFFIX = "-tpl"

_DENSE = ("{framework}", "dense", "{task}", "{framework}_dense", "{framework}_{task}")
_FOLDERS = {
    "classification": ("{framework}", "{framework}_{task}"),
    "detection": (*_DENSE, "scenes", "{task}_scenes"),
    "segmentation": (*_DENSE, "scenes", "{task}_scenes"),
}
"""Task -> folders of templates/ that make up its project; what projects have in common is there
once. ``dense``: a class for many places of an image."""

_NEEDED = {
    "pytorch": {"torch": "torch"},
    "tensorflow": {"tensorflow": "tensorflow", "tf_keras": "tensorflow"},
    "classification": {"sklearn": "demo"},
    "detection": {"sklearn": "demo", "PIL": "demo", "faster_coco_eval": "demo"},
    "segmentation": {"sklearn": "demo", "PIL": "demo"},
}
"""Framework or task -> module the project imports -> the extra of nasea that brings it."""


class _Framework(Enum):
    pytorch = "pytorch"
    tensorflow = "tensorflow"


class _Task(Enum):
    classification = "classification"
    detection = "detection"
    segmentation = "segmentation"


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Created if missing.")],
    framework: Annotated[
        _Framework, typer.Option(case_sensitive=False, help="Framework of user_module.py.")
    ] = _Framework.pytorch,
    task: Annotated[
        _Task, typer.Option(case_sensitive=False, help="What the network is for.")
    ] = _Task.classification,
) -> None:
    """Write a project that runs at once.

    Its data are made of handwritten digits and need no download. Existing files are never
    overwritten.
    """
    files = project_files(framework.value, task.value)
    write_project(files, directory)
    typer.echo(f"wrote to {directory}: {', '.join(files)}")
    extras = _missing_extras(framework.value, task.value)
    if extras:
        typer.echo(f"first:  pip install 'nasea[{','.join(extras)}]'")
    typer.echo(f"next:   cd {directory}\n        nasea check\n        nasea search -c scen.yaml")


def project_files(framework: str, task: str) -> dict[str, bytes]:
    """Path below the project's directory -> content, of the project for ``framework``, ``task``."""
    from importlib.resources import files

    templates = files("nasea") / "templates"
    folders = [name.format(framework=framework, task=task) for name in _FOLDERS[task]]
    found = {
        path.removesuffix(_TEMPLATE_SUFFIX): file.read_bytes()
        for folder in folders
        for path, file in _walk(templates / folder)
    }
    return dict(sorted(found.items()))


def write_project(files: dict[str, bytes], directory: Path) -> None:
    """Write all files, or none when one of them is there already.

    Raises:
        NaseaError: a file exists, or cannot be written.
    """
    existing = [path for path in files if (directory / path).exists()]
    if existing:
        raise NaseaError(
            f"{directory} already holds {', '.join(existing)}; nothing was written",
            fix="name another directory, or move these files away",
        )
    try:
        for path, content in files.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(content)
    except OSError as error:
        raise NaseaError(
            f"cannot write {error.filename or directory}: {error.strerror or error}",
            fix="name a directory that can be written",
        ) from error


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry


def _missing_extras(framework: str, task: str) -> list[str]:
    from importlib.util import find_spec

    needed = _NEEDED[framework] | _NEEDED[task]
    missing = (extra for module, extra in needed.items() if find_spec(module) is None)
    return list(dict.fromkeys(missing))
