"""The header of a generated file: facts about its architecture, readable without running it."""

from __future__ import annotations

from dataclasses import dataclass

from nasea.results.codegen.source import assignment
from nasea.results.front import FrontMember, RunInfo


@dataclass(frozen=True)
class Origin:
    """The origin of weights that are not those of the search.

    Attributes:
        name: name of the generated file, without its suffix.
        folder: its folder, relative to the directory of ``user_module.py``.
        words: how the weights were trained, in one line.
    """

    name: str
    folder: str
    words: str


@dataclass(frozen=True)
class ModelHeader:
    """The facts in the header of a generated file.

    Attributes:
        member: the architecture, its costs and its score.
        info: the search that found it.
        framework_version: name and version of the framework of the search.
        origin: origin of the weights; ``None`` for those of the search.
    """

    member: FrontMember
    info: RunInfo
    framework_version: str
    origin: Origin | None = None

    @property
    def name(self) -> str:
        """The name of the generated file without its suffix."""
        return self.origin.name if self.origin else f"model_arch_result_{int(self.member.number)}"

    @property
    def folder(self) -> str:
        """The folder of the file, relative to the directory of ``user_module.py``."""
        return self.origin.folder if self.origin else "results"

    @property
    def advice(self) -> str:
        """What the file adds where it finds no weights: a search may have left them out."""
        number = int(self.member.number)
        return "" if self.origin else f' + "; nasea weights --arch {number} writes it"'


def facts(header: ModelHeader) -> str:
    """Return the header as assignments of literals, one per fact."""
    member, info = header.member, header.info
    latency = None if member.latency_ms is None else float(member.latency_ms)
    widths = [assignment("widths", tuple(map(int, member.widths)))] if member.widths else []
    origin = [assignment("training", header.origin.words)] if header.origin else []
    of_file, of_network = "", []
    if info.score_as == "int8":
        of_file = "of the int8 file, imitated: "
        of_network = [assignment("score_as", "int8")]
        for name in ("float_accuracy", "float_metric"):
            value = getattr(member, name)
            value = None if value is None else float(value)
            of_network.append(assignment(name, value, "of this network"))
    return "\n".join(
        [
            assignment("model_param_size", int(member.parameters), "weights of the network"),
            assignment(
                "accuracy",
                float(member.accuracy),
                f"{of_file}on all of val_dir, higher is better",
            ),
            assignment("metric", float(member.metric), "as the user's metric returned it"),
            *of_network,
            assignment("metric_mode", str(info.metric_mode), "which way the metric is better"),
            assignment("search_metric", float(member.search_metric), "the metric in the search"),
            *origin,
            assignment("flops", int(member.flops), "2 x MACs, one image"),
            assignment("latency_ms", latency, "at batch 1, where it was modelled"),
            assignment("genome", tuple(map(int, member.genome))),
            assignment("blocks", tuple(map(str, member.blocks))),
            *widths,
            assignment("seed", int(info.seed)),
            assignment("config_digest", str(info.config_digest)),
            assignment("nasea_version", str(info.nasea_version)),
            assignment("framework_version", str(header.framework_version)),
        ]
    )
