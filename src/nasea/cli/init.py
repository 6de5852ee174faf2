"""``nasea init``: a project that runs at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from nasea.cli.terminal.wording import say
from nasea.errors import NaseaError
from nasea.install import install_line, with_install_lines

if TYPE_CHECKING:
    if sys.version_info >= (3, 11):
        from importlib.resources.abc import Traversable
    else:
        from importlib.abc import Traversable

    from nasea.terms import Framework, Task

# Python files carry it inside the package, where they are text to copy and not modules of nasea.
_TEMPLATE_SUFFIX = "-tpl"

_DENSE = ("{framework}_data", "dense", "{task}", "{framework}_dense", "{framework}_{task}")
_DIGITS = {
    "classification": ("{framework}_{task}",),
    "detection": (*_DENSE, "scenes", "{task}_scenes"),
    "segmentation": (*_DENSE, "scenes", "{task}_scenes"),
}
_OWN = {
    "classification": ("{framework}_data", "own_{task}", "{framework}_own_{task}"),
    "detection": (*_DENSE, "own_{task}"),
    "segmentation": (*_DENSE, "own_{task}"),
}
"""Task -> folders of templates/ that make up a project, besides that of the framework; what they
have in common is there once. ``dense``: a class for many places of an image."""

_OF_DIGITS = {"README.md", "scen.yaml", "pre_train.yaml"}
"""What a project for somebody's data has its own of."""

_NEEDED: dict[str, dict[str, str]] = {
    "pytorch": {"torch": "torch"},
    "tensorflow": {"tensorflow": "tensorflow", "tf_keras": "tensorflow"},
    "classification": {},
    "detection": {"PIL": "demo", "faster_coco_eval": "demo"},
    "segmentation": {"PIL": "demo"},
}
_NEEDED_BY_DIGITS = {"sklearn": "demo"}
"""Framework or task -> module the project imports -> the extra of nasea that brings it."""


class _Framework(Enum):
    pytorch = "pytorch"
    tensorflow = "tensorflow"


class _Task(Enum):
    classification = "classification"
    detection = "detection"
    segmentation = "segmentation"


def init(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Created if missing; may be left out with --data."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Your data: a project for it is written; see below."),
    ] = None,
    framework: Annotated[
        _Framework, typer.Option(case_sensitive=False, help="Framework of user_module.py.")
    ] = _Framework.pytorch,
    task: Annotated[
        _Task | None,
        typer.Option(case_sensitive=False, help="What the network is for; found out with --data."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=8, max=4096, metavar="PIXELS", help="With --data: longest side of images."
        ),
    ] = None,
) -> None:
    """Write a project that runs at once.

    Without --data it searches on images made of handwritten digits and needs no download. With
    --data FOLDER it searches on yours: folders of classes, Pascal VOC, COCO, images with masks,
    .npz arrays or TFRecord files. Task, sizes, filters, budget and epochs are chosen, with reasons.
    FOLDER is never changed, and existing files are never overwritten.
    """
    if data is not None:
        _init_own(data, directory, framework.value, None if task is None else task.value, size)
        return
    if directory is None:
        raise NaseaError(
            "which directory? nasea init DIR writes a project on handwritten digits there",
            fix="name a directory, or your data: nasea init --data FOLDER",
        )
    if size is not None:
        raise NaseaError("--size is used with --data only", fix="leave it out")
    chosen = "classification" if task is None else task.value
    files = project_files(framework.value, chosen)
    write_project(files, directory)
    say(f"wrote to {directory}: {', '.join(files)}")
    _say_next(framework.value, chosen, directory, digits=True)


def _init_own(
    data: Path, directory: Path | None, framework: Framework, task: Task | None, size: int | None
) -> None:
    from nasea.pipeline.own_data.project import own_project

    whole = data.resolve()
    target = directory or Path(f"{whole.name if whole.is_dir() else whole.stem}_search")
    home = data.resolve() if data.is_dir() else data.resolve().parent
    if data.is_dir() and (target.resolve() == home or home in target.resolve().parents):
        raise NaseaError(
            f"{target} lies in {data}, where nothing is to be written",
            fix="name a directory elsewhere: nasea init --data FOLDER DIR",
        )
    _refuse_existing(["scen.yaml", "user_module.py"], target)  # before the data is looked at
    if sys.stderr.isatty():  # 100,000 images take a minute
        say(f"looking at {data} ...", err=True)
    project = own_project(data, framework, own_files, task=task, gpu=_has_gpu(), side=size)
    write_project(project.files, target)
    _say("found", project.found_lines)
    _say("chosen", project.chosen_lines)
    say(f"wrote to {target}: {', '.join(project.files)}")
    _say_next(framework, project.plan.found.task, target, digits=False)


def _say(title: str, lines: Sequence[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from nasea.cli.terminal.console import results_console

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in lines:
        table.add_row(Text(f"  {label}", "bold"), Text(text))
    say(f"{title}:")
    results_console().print(table)


def _say_next(framework: str, task: str, directory: Path, *, digits: bool) -> None:
    extras = _missing_extras(framework, task, digits=digits)
    if extras:
        say(f"first:  {install_line(*extras)}")
    say(f"next:   cd {quote(str(directory))}")
    say("        nasea check\n        nasea search -c scen.yaml")


def _has_gpu() -> bool:
    """Whether this machine seems to have a GPU, without importing a framework."""
    from shutil import which

    return Path("/dev/nvidia0").exists() or which("nvidia-smi") is not None


def project_files(framework: str, task: str) -> dict[str, bytes]:
    """Path below the project's directory -> content, of the project on digits."""
    return _composed(_DIGITS[task], framework, task)


def own_files(framework: str, task: str) -> dict[str, bytes]:
    """The same of a project on somebody's data, without what depends on the data."""
    files = _composed(_OWN[task], framework, task)
    return {path: content for path, content in files.items() if path not in _OF_DIGITS}


def _composed(folders: Sequence[str], framework: str, task: str) -> dict[str, bytes]:
    from importlib.resources import files

    templates = files("nasea") / "templates"
    names = [name.format(framework=framework, task=task) for name in ("{framework}", *folders)]
    found = {
        path.removesuffix(_TEMPLATE_SUFFIX): _filled(file.read_bytes())
        for name in names
        if (templates / name).is_dir()
        for path, file in _walk(templates / name)
    }
    return dict(sorted(found.items()))


def _filled(content: bytes) -> bytes:
    """A template with the line that installs more of this copy of nasea."""
    try:
        return with_install_lines(content.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:  # an image
        return content


def write_project(files: dict[str, bytes], directory: Path) -> None:
    """Write all files, or none when one of them is there already.

    Raises:
        NaseaError: a file exists, or cannot be written.
    """
    _refuse_existing(files, directory)
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


def _refuse_existing(paths: Iterable[str], directory: Path) -> None:
    existing = [path for path in paths if (directory / path).exists()]
    if existing:
        raise NaseaError(
            f"{directory} already holds {', '.join(existing)}; nothing was written",
            fix="name another directory, or move these files away",
        )


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry


def _missing_extras(framework: str, task: str, *, digits: bool) -> list[str]:
    from importlib.util import find_spec

    needed = _NEEDED[framework] | _NEEDED[task] | (_NEEDED_BY_DIGITS if digits else {})
    missing = (extra for module, extra in needed.items() if find_spec(module) is None)
    return list(dict.fromkeys(missing))
