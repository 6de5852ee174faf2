"""What reading images costs at the size that users have.

    python benchmarks/loading/run.py [--images 20000] [--frameworks pytorch,tensorflow]
        [--side 224] [--candidates 3] [--epochs 3] [--processes 1,2] [--directory D]

Makes an image folder of so many JPEGs (320×256) in 1,000 classes, and TFRecords of the same, and
deletes both in the end. Then, of each framework and with a small network, so that reading counts:
start-up; images/s of training and resident memory, epoch by epoch; images/s of the readers that
pre-training brings; and what a candidate reads, takes and keeps in memory when it is evaluated on a
tenth of the images and on all, with and without images that are kept, on one process and on two.
Every measurement runs in a process of its own. 20,000 images need 1 GB of disk, and up to 12 GB for
the kept ones at 224 × 224.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from recording import record, recorded, table

SHARDS, BATCH = 16, 64
HERE = Path(__file__).parent
SCENARIO = """
scenario:
  strategy:
    name: NASEA
    framework: {title}
    batch_size: {batch}
    epochs: {epochs}
    constraint:
      application_type: image_classification
      constraint_type: size
      constraint_value: 1e6
    supernet:
      input_shape: {shape}
      filters: [8, 16]
      strides: [2, 2]
      blocks: [separable_k3, basic_x0.5]
    dataset: {{train_dir: "{train}", val_dir: "{val}"}}
    searcher: {{bn_images: 256}}
  resource:
    name: {name}_standalone
    gpu_id: {gpus}
    device: cpu
{more}
"""


def main() -> None:
    """Make the data, measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--candidates", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--frameworks", default="pytorch,tensorflow")
    parser.add_argument("--processes", default="1,2", help="how many evaluate")
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(json.loads(arguments.child))
        return
    with tempfile.TemporaryDirectory(dir=arguments.directory) as scratch:
        root = Path(scratch)
        start = time.perf_counter()
        make_data(root, arguments.images)
        made = time.perf_counter() - start
        print(f"{arguments.images:,} JPEGs and their TFRecords made in {made:.0f} s")
        results = recorded("loading")  # those of the other framework stay
        for framework in arguments.frameworks.split(","):
            results[framework] = measured(root, framework, arguments)
    record("loading", 0, results)


def make_data(root: Path, images: int) -> None:
    """A folder ``all`` with classes of JPEGs, a tenth of them as ``tenth``, and ``records``."""
    draw = np.random.default_rng(0)
    encoded = []
    for _ in range(256):  # smooth noise: about as large as photographs are
        small = Image.fromarray(draw.integers(0, 256, (20, 24, 3), np.uint8))
        stream = io.BytesIO()
        small.resize((320, 256), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=92)
        encoded.append(stream.getvalue())
    for number in range(images):
        folder = root / "all" / f"{number % classes_of(images):04d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(encoded[number % len(encoded)])
        if number < max(images // 10, 1):
            other = root / "tenth" / f"{number % classes_of(images):04d}"
            other.mkdir(parents=True, exist_ok=True)
            os.link(folder / f"{number}.jpg", other / f"{number}.jpg")
    np.save(root / "encoded.npy", np.array(encoded, object), allow_pickle=True)


def classes_of(images: int) -> int:
    """A thousand, unless that leaves few images a class."""
    return max(2, min(1000, images // 10))


def measured(root: Path, framework: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """All that is measured of a framework, printed on the way."""
    common = {"root": str(root), "framework": framework, "side": arguments.side,
              "epochs": arguments.epochs, "candidates": arguments.candidates}  # fmt: skip
    found: dict[str, Any] = {"images": arguments.images, "side": arguments.side}
    found |= {"training": ask(common | {"what": "training"})}
    found["readers"] = ask(common | {"what": "readers", "images": arguments.images})
    each = [
        {"val": val, "processes": processes, "kept": kept}
        for val in ("tenth", "all")
        for processes in map(int, arguments.processes.split(","))
        for kept in (True, False)
    ]
    found["evaluation"] = []
    for one in each:
        found["evaluation"].append(one | ask(common | one | {"what": "evaluation"}))
    show(framework, found)
    return found


def ask(task: dict[str, Any]) -> Any:
    """Run a measurement in a process of its own."""
    reads = Path(task["root"], "reads")
    reads.write_bytes(b"")
    environ = {**os.environ, "LOADING_READS": str(reads), "LOADING_SIDE": str(task["side"])}
    command = [sys.executable, __file__, "--child", json.dumps(task)]
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(framework: str, found: dict[str, Any]) -> None:
    """Print the tables of a framework."""
    training = found["training"]
    rows = [[str(n), f"{e['images_per_s']:.0f}", f"{e['resident_mib']:.0f}"]
            for n, e in enumerate(training["epochs"], 1)]  # fmt: skip
    print(f"\n{framework}: start-up {training['start_s']:.1f} s, {training['workers']} workers")
    print(table(["epoch", "images/s", "resident MiB"], rows))
    print(table(["reader for pre-training", "images/s", "again", "resident MiB"], [
        [name, f"{one['first']:.0f}", f"{one['again']:.0f}", f"{one['resident_mib']:.0f}"]
        for name, one in found["readers"].items()]))  # fmt: skip
    print(table(
        ["validation images", "processes", "kept", "first s", "later s", "reads first",
         "reads later", "private MiB", "file MiB"],
        [[str(one["images"]), str(one["processes"]), "yes" if one["kept"] else "no",
          f"{one['first_s']:.2f}", f"{one['later_s']:.2f}", str(one["first_reads"]),
          str(one["later_reads"]), f"{one['private_mib']:.0f}", f"{one['file_mib']:.0f}"]
         for one in found["evaluation"]]))  # fmt: skip


def child(task: dict[str, Any]) -> None:
    """One measurement; its last line is JSON."""
    done = {"training": training, "readers": readers, "evaluation": evaluation}[task["what"]]
    print(json.dumps(done(task)))


def project(task: dict[str, Any], val: str, processes: int, more: str = "") -> Any:
    """The scenario of a measurement, with its module, in the current directory."""
    from nasea.config import load_scenario

    root, side = Path(task["root"]), task["side"]
    first = task["framework"] == "pytorch"
    home = root / "project"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    shutil.copy(HERE / f"{task['framework']}_module.py", home / "user_module.py")
    text = SCENARIO.format(
        title="PyTorch" if first else "TensorFlow", batch=BATCH, epochs=task["epochs"],
        shape=[3, side, side] if first else [side, side, 3], name=task["framework"],
        train=root / "all", val=root / val, gpus=",".join(map(str, range(processes))), more=more,
    )  # fmt: skip
    (home / "scen.yaml").write_text(text)
    os.chdir(home)
    return load_scenario(home / "scen.yaml").scenario, home


def training(task: dict[str, Any]) -> dict[str, Any]:
    """Start-up, then epochs of training."""
    from nasea.pipeline.probe import prepare
    from nasea.pipeline.session.events import NullListener
    from nasea.space import fair_path

    scenario, home = project(task, "tenth", 1)
    start = time.perf_counter()
    prepared = prepare(scenario, home, NullListener())
    begun = time.perf_counter() - start
    backend = prepared.backend.begin_training(1, 0)
    epochs = []
    for epoch in range(task["epochs"]):
        start = time.perf_counter()
        choices = prepared.space.choices
        backend.train_epoch(epoch, lambda index, c=choices: fair_path(c, 0, index), lambda _: None)
        seconds = time.perf_counter() - start
        rate = prepared.data.train_images / seconds
        epochs.append({"images_per_s": rate, "resident_mib": resident()})
    workers = backend.workers
    backend.close()
    return {"start_s": begun, "epochs": epochs, "workers": workers}


def readers(task: dict[str, Any]) -> dict[str, Any]:
    """Epochs of the readers that nasea brings, without training."""
    root = Path(task["root"])
    places = {"image folder": root / "all"}
    if task["framework"] == "tensorflow":
        places["TFRecords"] = write_records(root, task["images"])
    return {name: pass_over(task, place) for name, place in places.items()}


def pass_over(task: dict[str, Any], place: Path) -> dict[str, float]:
    """Images a second of two epochs over a directory; what is remembered tells in the second."""
    from nasea.backends import open_backend

    task_scenario, home = project(task, "tenth", 1)
    dataset = task_scenario.dataset.model_copy(update={"train_dir": str(place),
                                                       "val_dir": str(place)})  # fmt: skip
    scenario = task_scenario.model_copy(update={"dataset": dataset})
    rates = []
    probed = open_backend(scenario, home, "pre-training").probe(None)
    if task["framework"] == "pytorch":
        probed.data.choose_workers(1e-3)
    for epoch in range(2):
        start = time.perf_counter()
        images = sum(len(batch[0]) for batch in probed.data.epoch(epoch))
        rates.append(images / (time.perf_counter() - start))
    memory = resident()
    probed.close()
    return {"first": rates[0], "again": rates[1], "resident_mib": memory}


def evaluation(task: dict[str, Any]) -> dict[str, Any]:
    """Candidates, one generation after the other: the first one reads."""
    from nasea.backends import open_process_group
    from nasea.backends.records import EvaluationSubset
    from nasea.pipeline.opening import open_scenario
    from nasea.space import fair_path

    processes = task["processes"]
    more = "" if task["kept"] else "    image_cache: 0\n"
    scenario, home = project(task, task["val"], processes, more)
    reads = Path(os.environ["LOADING_READS"])
    seconds, counts = [], []
    with open_process_group(scenario, lambda: None) as group:
        opened = open_scenario(scenario, home, group=group)
        backend = opened.backend.attach(opened.space, 0)
        for turn in range(1 + task["candidates"]):
            genomes = [fair_path(opened.space.choices, turn, n) for n in range(processes)]
            reads.write_bytes(b"")
            start = time.perf_counter()
            backend.measure_each([(g, EvaluationSubset()) for g in genomes], lambda one: None)
            seconds.append(time.perf_counter() - start)
            counts.append(reads.stat().st_size)
        private = sum(private_mib(pid) for pid in family())
        kept = backend.data.cache.size / 1024**2
        images = opened.data.val_images
        backend.close()
    return {
        "images": images, "first_s": seconds[0], "later_s": sum(seconds[1:]) / task["candidates"],
        "first_reads": counts[0], "later_reads": sum(counts[1:]) // task["candidates"],
        "private_mib": private, "file_mib": kept,
    }  # fmt: skip


def write_records(root: Path, images: int) -> Path:
    """The same images as TFRecord files."""
    from nasea.backends.opening import load_tensorflow

    load_tensorflow(2)
    import tensorflow as tf

    encoded = np.load(root / "encoded.npy", allow_pickle=True)
    folder = root / "records"
    folder.mkdir(exist_ok=True)
    for shard in range(SHARDS):
        with tf.io.TFRecordWriter(str(folder / f"train-{shard:05d}-of-{SHARDS:05d}")) as writer:
            for number in range(shard, images, SHARDS):
                image = tf.train.BytesList(value=[encoded[number % len(encoded)]])
                label = tf.train.Int64List(value=[number % classes_of(images)])
                features = {"image/encoded": tf.train.Feature(bytes_list=image),
                            "image/class/label": tf.train.Feature(int64_list=label)}  # fmt: skip
                example = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(example.SerializeToString())
    return folder


def resident() -> float:
    """MiB of main memory that this process has now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def private_mib(pid: int) -> float:
    """MiB that a process has for itself: what files share is not counted."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def family() -> list[int]:
    """This process and those that it started."""
    mine = str(os.getpid())
    found = [int(mine)]
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "stat").read_text().rpartition(")")[2].split()[1] == mine:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


if __name__ == "__main__":
    main()
