"""The files of a project that depend on the data: scen.yaml, settings.py, the lists, the README."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from nasea.config.schema.amounts import short_amount
from nasea.pipeline.own_data.plan import Plan
from nasea.pipeline.own_data.records import Item
from nasea.pipeline.own_data.trunk import WIDTHS
from nasea.terms import FRAMEWORKS, TASKS

PATCH = 32
"""Side of the squares that pre-training classifies."""

PRE_EPOCHS = 10

_WIDTH = 98

_METRICS = {
    "classification": "accuracy: larger is better",
    "detection": "mAP@0.5: larger is better",
    "segmentation": "mean IoU: larger is better",
}


def scenario_text(plan: Plan) -> str:
    """Return the text of ``scen.yaml``."""
    task, why = plan.found.task, plan.reasons
    dense = task != "classification"
    lines = [
        f"# A search on the data in {plan.found.root}, written by `nasea init --data`.",
        "# Each choice has its reason above it. After a change run `nasea check`.",
        "scenario:",
        "  strategy:",
        f"    framework: {FRAMEWORKS[plan.framework].title}",
        *_reason(4, why["batch_size"]),
        f"    batch_size: {plan.batch_size}",
        *_reason(4, f"training of the supernet, which all candidates share: {why['epochs']}"),
        f"    epochs: {plan.epochs}",
        "    # time_budget: 2h          # instead of epochs: all is planned to fit into this time",
        "",
        "    constraint:                  # of the whole network: PreNet + body + PostNet",
        f"      application_type: {TASKS[task].application_type}",
        "      constraint_type: flops     # or size (parameters), latency (milliseconds)",
        *_reason(6, why["budget"]),
        f"      constraint_value: {short_amount(plan.budget)}",
        "",
        "    supernet:                    # the body that is searched, between PreNet and PostNet",
        *_reason(6, why["size"]),
        f"      input_shape: {_shape(plan, plan.size)}",
        *_body(plan),
        *(["      paths_per_update: 1        # more updates in a short training"] if dense else []),
        "",
        "    optimizer:",
        "      weights_optimizer:",
        "        type: Adam",
        f"        learning_rate: {plan.learning_rate}"
        "     # the highest; the schedule in user_module.py goes up to it",
        "",
        "    dataset:                     # lists of images; they start at DATA in settings.py",
        *(["      pre_train_dir: index/train.txt   # pre_train.yaml says how"] if dense else []),
        *[f"      {part}_dir: index/{part}.txt" for part in plan.found.parts],
        "",
        "    searcher:",
        f"      generation_num: {10 if dense else 15}",
        f"      pop_size: {16 if dense else 20}               # architectures in a generation",
        f"      metric_mode: max           # {_METRICS[task]}",
    ]
    if dense:
        lines.append("      bn_images: 64              # re-estimate a candidate's statistics")
    if plan.eval_images:
        lines += [*_reason(6, why["eval_images"]), f"      eval_images: {plan.eval_images}"]
    return "\n".join(lines) + "\n"


def pre_training_text(plan: Plan) -> str:
    """Return the text of ``pre_train.yaml``."""
    what = "objects, cut out one by one" if plan.found.task == "detection" else "squares by class"
    lines = [
        f"# Pre-training: the same layers first classify {what} (user_module_cls.py).",
        "scenario:",
        "  strategy:",
        f"    framework: {FRAMEWORKS[plan.framework].title}",
        "    batch_size: 16",
        f"    epochs: {PRE_EPOCHS}",
        "    constraint:                  # nothing is searched here; the budget is not used",
        "      application_type: image_classification",
        "      constraint_type: flops",
        f"      constraint_value: {short_amount(plan.budget)}",
        "    supernet:                    # as in scen.yaml",
        f"      input_shape: {_shape(plan, (PATCH, PATCH))}",
        *(line for line in _body(plan, reasons=False) if "feature_choose" not in line),
        "    optimizer:",
        "      weights_optimizer:",
        "        type: Adam",
        f"        learning_rate: {plan.learning_rate}",
        "    dataset:",
        "      train_dir: index/train.txt",
        "      val_dir: index/val.txt",
    ]
    return "\n".join(lines) + "\n"


def settings_text(plan: Plan) -> str:
    """Return the text of ``settings.py``."""
    found, seen = plan.found, plan.seen
    blocks = [
        ("DATA", _quoted(str(found.root)), "The folder that the lists in index/ start from."),
        ("SIZE", repr(plan.size), "Height and width that images are scaled to; "
         "``supernet.input_shape`` says the same."),
        ("CLASSES", _tuple([_quoted(name) for name in plan.classes]),
         f"Names of the classes, from number 0: {_counted(plan)}."),
        ("MEAN, STD", f"{seen.mean}, {seen.std}",
         f"Of each channel, from 0 to 255, in {seen.sampled} training images."),
        ("MIRROR", repr(plan.mirror),
         f"Whether training may show images in a mirror: {plan.reasons['mirror']}."),
    ]  # fmt: skip
    if found.task == "classification":
        blocks += [
            ("MODE", _quoted(plan.mode), "Pillow's name for colours (RGB) or grey (L)."),
            ("CROPPED", repr(not (seen.one_size and (seen.height, seen.width) == plan.size)),
             "Whether training shows random parts of images, scaled; else images moved a little."),
            ("STEM", repr(plan.trunk.stem),
             "Channels and stride of each convolution in PreNet, which come before the body."),
            ("FILTERS", repr(plan.trunk.filters),
             "As in scen.yaml; PostNet reads a map with the last of them."),
        ]  # fmt: skip
    else:
        blocks += _dense_blocks(plan)
    text = ['"""What belongs to the data. Written by `nasea init --data`."""']
    for name, value, meaning in blocks:
        doc = textwrap.wrap(meaning, _WIDTH - 6, break_long_words=False, break_on_hyphens=False)
        told = "\n".join(doc).replace("\\", "\\\\").replace('"' * 3, r"\"" * 3)
        text.append(f'{name} = {value}\n"""{told}"""')
    return "\n\n".join(text) + "\n"


def list_text(plan: Plan, part: str, reason: str) -> str:
    """Return the text of a list in ``index/``."""
    head = {
        "train": "Images that train",
        "val": "Images that score architectures",
        "test": "Images that choose nothing: they judge a retrained network",
    }[part]
    lines = [f"# {head}. The split: {reason}."]
    return "\n".join([*lines, *map(_line, plan.found.parts[part])]) + "\n"


def readme_text(plan: Plan, files: Sequence[str]) -> str:
    """Return the text of ``README.md``."""
    found, weights = plan.found, FRAMEWORKS[plan.framework].weights_suffix
    rows = [(name, meaning) for name, meaning in _FILES if name in files]
    table = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in rows)
    entry = next(name for name in files if name.startswith("tools_dopt/"))
    counts = ", ".join(f"{len(items)} {part}" for part, items in found.parts.items())
    return f"""\
# A search on {found.root.name}

{TASKS[found.task].application_type}: {counts} images, {len(plan.classes)} classes, from
`{found.root}` ({found.layout}). Nothing there was copied or changed.

    nasea check                   # shapes, costs, how long it will take; trains nothing
    nasea search -c scen.yaml     # Ctrl-C stops it; the same command goes on
    nasea show                    # the front: the best networks, from small to large

`python3 {entry} -c scen.yaml` does the same as `nasea search`.

| file | what |
|---|---|
{table}
| `results/report.html` | the report; open it in a browser |
| `results/model_arch_result_N.py`, `{weights}` | network N and its weights; nasea is not needed |

Each choice in `scen.yaml` and `settings.py` has its reason beside it. To change the split, move
lines between the lists in `index/`. Where the data has moved, change `DATA` in `settings.py`. For
new images run `nasea init --data` into another directory and copy its `index/`.
"""


def _reason(indent: int, text: str) -> list[str]:
    margin = " " * indent + "# "
    return textwrap.wrap(
        text, _WIDTH, initial_indent=margin, subsequent_indent=margin,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _shape(plan: Plan, size: tuple[int, int]) -> str:
    channels = len(plan.mode)
    last = plan.framework == "tensorflow"
    return str([*size, channels] if last else [channels, *size]) + (
        "   # height, width, channels" if last else "   # channels, height, width"
    )


def _body(plan: Plan, reasons: bool = True) -> list[str]:
    trunk = plan.trunk
    lines = [
        *(_reason(6, trunk.reason) if reasons else []),
        f"      filters: {list(trunk.filters)}",
        f"      strides: {list(trunk.strides)}",
        f"      widths: {list(WIDTHS)}"
        + ("     # times filters: a fixed trunk would decide much" if reasons else ""),
    ]
    if trunk.features:
        lines.append(
            f"      feature_choose: {list(trunk.features)}     # PostNet gets these and the last"
        )
    if plan.blocks is not None:
        lines.append(f"      blocks: [{', '.join(plan.blocks)}]")
    return lines


def _counted(plan: Plan) -> str:
    found = plan.found
    if plan.numbers is not None:
        return plan.numbers.reason
    noun = "images" if found.task == "classification" else "boxes"
    counts = found.counts("train")
    if len(plan.classes) > 30:
        return f"{min(counts.values())} to {max(counts.values())} {noun} of each to train on"
    return ", ".join(f"{name} {counts[name]}" for name in plan.classes) + f" {noun} to train on"


def _dense_blocks(plan: Plan) -> list[tuple[str, str, str]]:
    channels = ("CHANNELS", repr(plan.trunk.channels),
                "Of the feature maps that the head gets, which ``feature_choose`` names, the last "
                "layer's included; ``supernet.filters`` says the same.")  # fmt: skip
    patch = ("PATCH", repr(PATCH), "Side of the squares that pre-training classifies; "
             "pre_train.yaml says the same.")  # fmt: skip
    if plan.anchors is not None:
        levels = _tuple([repr(level) for level in plan.anchors.levels])
        meaning = (
            "Anchors on each of these maps: its stride, their heights, both in pixels of ``SIZE``, "
            f"their widths as a multiple of the height. {plan.reasons['anchors']}."
        )
        return [("LEVELS", levels, meaning[0] + meaning[1:]), channels, patch]
    assert plan.numbers is not None, "a plan for masks has read them"
    numbers = plan.numbers
    return [
        ("NUMBERS", repr(numbers.numbers), "The number in masks of each of CLASSES."),
        ("VOID", repr(numbers.void),
         "Numbers in masks that mean no class: such pixels neither train nor count."),
        ("CLASS_WEIGHTS", _tuple([repr(weight) for weight in numbers.weights]),
         "How much a pixel of each class weighs in the loss: the root of the median frequency over "
         "its own, counted in all training masks."),
        channels,
        patch,
    ]  # fmt: skip


def _tuple(parts: Sequence[str]) -> str:
    if sum(len(part) + 2 for part in parts) < 70:
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    lines = textwrap.wrap(", ".join(parts), 92, break_long_words=False, break_on_hyphens=False)
    if any(" " in part for part in parts):
        lines = [f"{part}," for part in parts]
        return "(\n    " + "\n    ".join(lines) + "\n)"
    return "(\n    " + "\n    ".join(lines) + ",\n)"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _line(item: Item) -> str:
    if item.mask:
        return f"{item.image}\t{item.mask}"
    if item.label:
        return f"{item.image}\t{item.label}"
    boxes = (f"{name} {' '.join(f'{corner:.5f}' for corner in box)}" for name, *box in item.boxes)
    return "\t".join([item.image, *boxes])


_FILES = (
    ("scen.yaml", "what to search, and the budget"),
    ("settings.py", "what belongs to the data: where it is, image size, classes"),
    ("user_module.py", "data, loss, metric, schedule, and the ends of the network"),
    ("index/train.txt", "the images that train; `index/val.txt` those that score architectures"),
    ("index/test.txt", "the images that judge a retrained network"),
    ("listed.py", "reads the images of a list"),
    ("labelled.py", "images with their classes, augmentation"),
    ("sources.py", "images with what belongs to them, from a list"),
    ("objects.py", "images with boxes, augmentation"),
    ("masks.py", "images with masks, augmentation"),
    ("distortion.py", "shift, brightness, contrast"),
    ("boxes.py", "anchors, matching, suppression"),
    ("coco.py", "mean average precision"),
    ("drawing.py", "pictures for the report"),
    ("miou.py", "mean intersection over union"),
    ("pre_train.yaml", "pre-training: what the same layers learn first"),
    ("user_module_cls.py", "the classification of pre-training"),
    ("patches.py", "what it classifies"),
    ("pre_net.py", "the beginning of the network, the same in both"),
    ("schedule.py", "how the learning rate goes up and down"),
    ("ahead.py", "reads images before their turn"),
)
