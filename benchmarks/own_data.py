"""From a folder of images to a front, with no line of a project edited; in both frameworks.

    python benchmarks/own_data.py --cifar10 FILE.npz --bccd FOLDER --camvid FILE.npz
        [--images 48] [--size 48] [--time 2h] [--framework pytorch] [--directory D]

Lays out CIFAR-10 as folders of classes, BCCD as Pascal VOC (links) and CamVid as images/ with
masks/, so many training images and half as many to validate on (0: all). Then runs what users type,

    nasea init --data FOLDER --size 48 PROJECT
    nasea search --time 5m
    nasea show

in each framework, and compares the files of the project with those that ``nasea init`` wrote: lines
that differ count as edited. By default a search gets the least time that nasea accepts, which it
names where it is given less; seconds are of the commands that went through. So short a search of so
few images shows that everything runs to its end, not how good networks become.
"""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nasea.results.front import Front
from recording import record, recorded, table

NAME = "own_data"
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
STREETS = "sky building pole road pavement tree sign fence car pedestrian bicyclist void".split()


def chosen(count: int, kept: int) -> range:
    """So many of them, evenly: their classes may follow each other."""
    return range(0, count, max(1, count // kept) if kept else 1)[: kept or None]


def cifar10(source: Path, to: Path, images: int) -> None:
    """Folders of classes."""
    with np.load(source) as arrays:
        for part, kept, key in (("train", images, "train"), ("val", images // 2, "test")):
            pixels, labels = arrays[f"{key}_images"], arrays[f"{key}_labels"]
            for i in chosen(len(labels), kept):
                folder = to / part / CLASSES[int(labels[i])]
                folder.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels[i]).save(folder / f"{i:05}.png")


def bccd(source: Path, to: Path, images: int) -> None:
    """Pascal VOC: the images and their boxes are links, the lists of its parts are shorter."""
    lists = to / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for name in ("JPEGImages", "Annotations"):
        (to / name).symlink_to((source / name).resolve(), target_is_directory=True)
    for part, kept in (("train", images), ("val", images // 2)):
        names = (source / "ImageSets" / "Main" / f"{part}.txt").read_text().split()
        (lists / f"{part}.txt").write_text(
            "\n".join(names[i] for i in chosen(len(names), kept)) + "\n"
        )


def camvid(source: Path, to: Path, images: int) -> None:
    """Images and masks of the same names; the classes by name, a line each."""
    with np.load(source) as arrays:
        for part, kept in (("train", images), ("val", images // 2)):
            folders = [to / kind / part for kind in ("images", "masks")]
            for folder in folders:
                folder.mkdir(parents=True)
            images_of, masks_of = arrays[f"{part}_images"], arrays[f"{part}_masks"]
            for i in chosen(len(images_of), kept):
                for folder, array in zip(folders, (images_of[i], masks_of[i]), strict=True):
                    Image.fromarray(array).save(folder / f"{i:04}.png")
    (to / "classes.txt").write_text("\n".join(STREETS) + "\n")


LAYOUTS: dict[str, Callable[[Path, Path, int], None]] = {
    "cifar10": cifar10,
    "bccd": bccd,
    "camvid": camvid,
}


class Refused(Exception):
    """A command ended with an error; what it said."""


def nasea(directory: Path, *words: str) -> float:
    """Run a command as a user does; return its seconds."""
    begun = time.perf_counter()
    print(f"{directory.name}$ nasea {shlex.join(words)}", flush=True)
    command = [sys.executable, "-m", "nasea", *words]
    done = subprocess.run(command, cwd=directory, stderr=subprocess.PIPE, text=True)
    print(done.stderr, flush=True)
    if done.returncode:
        raise Refused(done.stderr)
    return time.perf_counter() - begun


def search(project: Path, span: str | None) -> tuple[str, float]:
    """Search for so long, or else for the least time that will do; return both times."""
    for _ in range(4):
        try:
            return span or "1m", nasea(project, "search", "--time", span or "1m")
        except Refused as refused:
            least = re.search(r"give at least (\w+)", str(refused))
            if least is None:
                raise
            span = least[1]
    raise SystemExit("this machine is too busy: its speed changes while it is measured")


def texts(project: Path) -> dict[Path, list[str]]:
    """The files of a project that is not searched yet, by lines."""
    files = (path for path in sorted(project.rglob("*")) if path.is_file())
    return {path: path.read_text("utf-8").splitlines() for path in files}


def edited(written: dict[Path, list[str]]) -> int:
    """Lines of these files that are not as they were."""
    count = 0
    for path, lines in written.items():
        now = path.read_text("utf-8").splitlines() if path.is_file() else []
        count += sum(line[:2] in ("+ ", "- ") for line in difflib.ndiff(lines, now))
    return count


def run(data: Path, framework: str, asked: argparse.Namespace) -> dict[str, Any]:
    """From ``nasea init`` to a front that is shown."""
    project = data.parent / f"{data.name}_{framework}"
    size = ["--size", str(asked.size)] if asked.size else []
    seconds = nasea(
        data.parent, "init", "--data", data.name, "--framework", framework, *size, project.name
    )
    written = texts(project)
    span, searched = search(project, asked.time)
    seconds += searched
    seconds += nasea(project, "show")
    front = Front.load(project / "results")
    return {
        "data": data.name,
        "framework": framework,
        "task": front.info.task,
        "time": span,
        "edited": edited(written),
        "seconds": round(seconds),
        "epochs": len(front.info.losses),
        "scored": front.info.evaluations,
        "front": len(front),
        "best": front.best.accuracy,
    }


def known() -> dict[tuple[str, str], dict[str, Any]]:
    """What is on record, by data and framework."""
    return {(row["data"], row["framework"]): row for row in recorded(NAME).get("rows", [])}


def main() -> None:
    """Run what is asked for, and print and write all that is known."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    for name in LAYOUTS:
        parser.add_argument(f"--{name}", type=Path, metavar="DATA")
    parser.add_argument("--images", type=int, default=48, help="to train on; 0: all")
    parser.add_argument("--size", type=int, default=48, help="as of nasea init; 0: as it chooses")
    parser.add_argument("--time", help="as of nasea search; by default the least that will do")
    parser.add_argument("--framework", choices=["pytorch", "tensorflow"], help="only this one")
    parser.add_argument("--directory", type=Path, help="kept; by default a temporary one")
    asked = parser.parse_args()
    rows = known()
    with tempfile.TemporaryDirectory() as temporary:
        home = asked.directory or Path(temporary)
        for name, lay_out in LAYOUTS.items():
            source = getattr(asked, name)
            if source is None:
                continue
            data = home / name
            data.mkdir(parents=True)
            lay_out(source.resolve(), data, asked.images)
            for framework in [asked.framework] if asked.framework else ["pytorch", "tensorflow"]:
                row = run(data, framework, asked)
                row |= {"images": asked.images, "size": asked.size}
                rows = known() | {(name, framework): row}
                record(NAME, 0, {"rows": list(rows.values())})
    head = ("data", "framework", "lines edited", "seconds", "epochs", "scored", "front")
    keys = ("data", "framework", "edited", "seconds", "epochs", "scored", "front")
    print(table(head, [[str(row[key]) for key in keys] for row in rows.values()]))


if __name__ == "__main__":
    main()
