"""The command ``nasea`` with a pipeline that only says its lines: what a terminal shows of them.

    python played.py FOLDER WORDS... [+ WORDS...]

With several commands, each is announced. At its pauses it waits until ``FOLDER/N`` is there, or, if
``FOLDER/go`` is, not at all.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from nasea.cli.main import main
from nasea.errors import Interrupted, Notice
from nasea.pipeline.session.events import Listener, Progress, Round
from nasea.pipeline.session.interrupt import stop_on_signal
from nasea.results.front import Front
from nasea.results.units import unit_for

FOLDER = Path(sys.argv[1])
WARNING = Notice(
    "strategy.epochs",
    "each candidate of a layer will see about 4.4 epochs' worth of images; below 10 a supernet "
    "often cannot tell architectures apart (epochs: 90 would do, or fewer supernet.blocks)",
)
EPOCHS, GENERATIONS = 120, 3


def pause(number: int, listener: Listener, progress: Progress) -> None:
    """Wait; meanwhile the same progress is reported again and again."""
    with stop_on_signal() as stop:
        listener.line("at the pause")
        while not ((FOLDER / str(number)).exists() or (FOLDER / "go").exists()):
            listener.progress(progress)
            time.sleep(0.02)
            if stop.requested:
                raise Interrupted(
                    "stopped; everything so far is saved",
                    fix="run the same command again to resume",
                )


def search(*_: object, listener: Listener, **options: object) -> Front:
    """Say what a search says."""
    listener.line("nasea 1.2.3, scenario scen.yaml")
    listener.begin("probe", "probing: shapes, costs, one batch through every candidate")
    listener.notice(WARNING)
    listener.begin("train", f"training the supernet, {EPOCHS} epochs")
    for epoch in range(1, EPOCHS + 1):
        figures = {"epoch": f"{epoch}/{EPOCHS}", "loss": "0.5000", "lr": "0.01", "images/s": "900"}
        left = 60.0 * (EPOCHS - epoch)
        update = Progress("train", 10 * epoch, 10 * EPOCHS, "update", left, figures, left + 600)
        listener.progress(update)
        if epoch == 100:
            print("a line of user_module.py")
            pause(1, listener, update)
        text = f"epoch {epoch}/{EPOCHS}: loss 0.5000, 900 images/s"
        listener.line(Round(text, epoch, EPOCHS, "epoch"))
    listener.begin("search", f"searching, up to {GENERATIONS} generations of 20")
    for number in range(1, GENERATIONS + 1):
        figures = {"generation": f"{number}/{GENERATIONS}", "front": "7", "best accuracy": "0.9876"}
        scored = Progress("search", 7, 20, "architecture", 240.0, figures, 300.0)
        listener.progress(scored)
        if number == 2:
            pause(2, listener, scored)
        text = (
            f"generation {number}/{GENERATIONS}: {20 * number} scored, front of 7 "
            "(7.73 k parameters to 99.2 k parameters), best accuracy 0.9876, hypervolume 0.1100"
        )
        listener.line(Round(text, number, GENERATIONS, "generation"))
    listener.begin("results", "scoring the front on all validation images, writing results/")
    return Front.load(FOLDER / "front.json")


def retrain(*_: object, listener: Listener, **options: object) -> object:
    """Say what a retraining says."""
    listener.begin("retrain", "retraining: 3 epochs from the weights of the search")
    for epoch in (1, 2, 3):
        text = f"epoch {epoch}/3: loss 0.9, accuracy 0.9{epoch}, kept"
        listener.line(Round(text, epoch, 3, "epoch"))
    summary = (
        "accuracy on val_dir: 0.7667 in the search, 0.7667 before training, 0.9300 after epoch 3 "
        "of 3, the best",
    )
    files = (exported("onnx"), exported("onnx-int8"))
    retrained = SimpleNamespace(model_file="retrained_0.py")
    return SimpleNamespace(
        files=files, summary=summary, directory=Path("results/retrained_0"), retrained=retrained
    )


def exported(name: str) -> object:
    """Return a file that was run."""
    from nasea.backends.export.formats import FORMATS
    from nasea.pipeline.export.comparison import Comparison
    from nasea.pipeline.export.exported import ExportedFile

    format = FORMATS["pytorch", name]
    comparison = Comparison(300, 4.8e-7, 9.0, 300, 1, 1)
    path = Path(f"results/exported/model_arch_result_3{format.suffix}")
    return ExportedFile(
        format=format,
        path=path,
        size=59_400,
        batch=None,
        comparison=comparison,
        accuracy=0.9167,
        drop=0.0033,
        milliseconds=0.0761,
        timed_images=1,
    )


def export(*_: object, listener: Listener, **options: object) -> list[object]:
    """Say what an export says."""
    listener.begin("export", "exporting model_arch_result_3")
    return [exported("onnx"), exported("onnx-int8")]


def check(*_: object, listener: Listener, **options: object) -> object:
    """Say what a check says."""
    listener.begin("probe", "probing: shapes, costs, one batch through every candidate")
    candidates = "skip, separable_k3, separable_k5, inverted_k3_e3, inverted_k5_e3, inverted_k3_e6"
    return SimpleNamespace(
        lines=(
            ("task", "classification, pytorch"),
            ("PreNet", "1x8x8 -> 16x8x8, 176 parameters"),
            ("budget", "100 k parameters, satisfiable: 63.8% of random architectures meet it"),
            ("time: in all", "about 26 s"),
            ("warning", "each candidate of a layer will see about 4.4 epochs' worth of images"),
        ),
        layers=tuple((str(n), "8-24x8x8", "16-48x4x4", "2", candidates) for n in range(3)),
        notices=(WARNING,),
        coverage=(),
    )


def planned(*_: object) -> object:
    """Return the plan of a comparison."""

    def spec(name: str, filters: tuple[int, ...], title: str) -> object:
        return SimpleNamespace(name=name, cost=lambda _: 99_400, filters=filters, title=title)

    specs = (
        spec(
            "architecture 10, inherited", (16, 32, 64), "architecture 10, from the search's weights"
        ),
        spec(
            "resnet_d1", (18, 36, 70, 64), "ResNet, basic blocks (He et al. 2016), 1 a resolution"
        ),
        spec("uniform_universal_s3_m5_e4", (16, 34, 68), "universal_s3_m5_e4 in every layer"),
    )
    reason = "no width of it costs what the budget is within 3 %"
    excluded = (SimpleNamespace(name="mobilenetv1", reason=reason),)
    return SimpleNamespace(specs=specs, excluded=excluded, unit=unit_for("size", [100_000]))


def replace(module: str, **names: Any) -> None:
    """Replace a module by one that holds these names."""
    fake = ModuleType(module)
    vars(fake).update(names)
    sys.modules[module] = fake


replace("nasea.pipeline.search.run", search=search)
replace("nasea.pipeline.retraining.retrain", retrain=retrain)
replace("nasea.pipeline.export.exporting", export=export)
replace("nasea.pipeline.diagnosis.check", check=check)
replace(
    "nasea.pipeline.hand_picks.compare",
    compare=None,
    CompareOptions=None,
    folder_of=None,
    planned_comparison=planned,
)
commands = [one.split() for one in " ".join(sys.argv[2:]).split(" + ")]
if len(commands) == 1:
    main(commands[0])
for words in commands:
    print("$ nasea", *words, flush=True)
    with suppress(SystemExit):
        main(words)
    print(flush=True)
