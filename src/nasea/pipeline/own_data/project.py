"""Creates the files of a project from a folder of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from nasea.config.schema.amounts import short_amount
from nasea.pipeline.own_data import texts
from nasea.pipeline.own_data.look import look
from nasea.pipeline.own_data.mask_numbers import numbers_of
from nasea.pipeline.own_data.plan import Plan, make_plan
from nasea.pipeline.own_data.recognise import recognise
from nasea.pipeline.own_data.splitting import Split, split
from nasea.pipeline.own_data.trunk import WIDTHS
from nasea.terms import TASKS, Framework, Task

Templates = Callable[[Framework, Task], Mapping[str, bytes]]


@dataclass(frozen=True)
class OwnProject:
    """A project for the user's data.

    Attributes:
        plan: what was found and chosen.
        split: the split of the images.
        files: {path below the project's directory: content}.
    """

    plan: Plan
    split: Split
    files: dict[str, bytes]

    @property
    def found_lines(self) -> list[tuple[str, str]]:
        """The findings, as (label, text) pairs."""
        found = self.plan.found
        counts = ", ".join(f"{part} {len(items)}" for part, items in found.parts.items())
        numbers = self.plan.numbers
        notices = [*found.notices, *(numbers.notices if numbers else ())]
        return [
            ("data", f"{found.root}: {found.layout}"),
            ("task", f"{TASKS[found.task].application_type}, {len(self.plan.classes)} classes: "
             f"{_some(self.plan.classes)}"),
            ("images", f"{counts}; split: {self.split.reason}"),
            *(("notice", notice) for notice in notices),
        ]  # fmt: skip

    @property
    def chosen_lines(self) -> list[tuple[str, str]]:
        """The choices, as pairs of a key and a value with its reason."""
        plan, why = self.plan, self.plan.reasons
        height, width = plan.size
        trunk = plan.trunk
        lines = [
            ("size", f"{width}x{height}: {why['size']}"),
            ("filters", f"{list(trunk.filters)}: {trunk.reason}"),
            ("strides", f"{list(trunk.strides)}"),
            ("widths", f"{list(WIDTHS)} times filters: trunks are searched too"),
            ("budget", f"{short_amount(plan.budget)} FLOPs: {why['budget']}"),
            ("batch_size", f"{plan.batch_size}: {why['batch_size']}"),
            ("epochs", f"{plan.epochs}: {why['epochs']}"),
            ("mirror", f"{'yes' if plan.mirror else 'no'}: {why['mirror']}"),
        ]
        if plan.anchors is not None:
            lines.append(("anchors", why["anchors"]))
        if plan.eval_images is not None:
            lines.append(("eval_images", f"{plan.eval_images} {why['eval_images']}"))
        return lines


def own_project(
    data: Path,
    framework: Framework,
    templates: Templates,
    *,
    task: Task | None,
    gpu: bool,
    side: int | None = None,
) -> OwnProject:
    """Inspect the data and compose a project; write nothing.

    Args:
        data: the folder, or an .npz file.
        framework: framework of the project.
        templates: returns the project files that do not depend on data, for framework and task.
        task: task of the data; ``None`` for any.
        gpu: whether this machine has a GPU.
        side: longest side of images; chosen by default.

    Raises:
        DataError: the data has no known layout, or cannot be used.
    """
    divided = split(recognise(data, task))
    found, seen = look(divided.found)
    numbers = None
    if found.task == "segmentation":
        found, numbers = numbers_of(found, may_move=divided.is_ours)
    plan = make_plan(found, seen, framework, gpu=gpu, side=side, numbers=numbers)
    content = dict(templates(framework, found.task))
    content["listed.py"] = (files("nasea.pipeline.own_data") / "listed.py").read_bytes()
    written = {f"index/{p}.txt": texts.list_text(plan, p, divided.reason) for p in found.parts}
    written |= {"scen.yaml": texts.scenario_text(plan), "settings.py": texts.settings_text(plan)}
    if found.task != "classification":
        written["pre_train.yaml"] = texts.pre_training_text(plan)
    written["README.md"] = texts.readme_text(plan, [*content, *written])
    content |= {path: text.encode() for path, text in written.items()}
    return OwnProject(plan, divided, dict(sorted(content.items())))


def _some(names: tuple[str, ...], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
