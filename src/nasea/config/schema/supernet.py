"""The section ``supernet`` of a scenario: the search space and the input of the network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from nasea import terms
from nasea.config.schema.keys import By, Key
from nasea.config.schema.kinds import (
    Count,
    Counts,
    Indices,
    Multiples,
    Names,
    Shape,
    Strides,
)
from nasea.config.schema.section import Section
from nasea.terms import DENSE_TASKS


class Supernet(Section):
    """The search space and the input of the network."""

    input_shape: Annotated[
        Shape,
        Key(
            "strategy.supernet.input_shape",
            "one image, in the order that data_format says (pixels; channels)",
            default=By(
                "data_format",
                {"channels_first": (3, 224, 224), "channels_last": (224, 224, 3)},
            ),
        ),
    ]
    data_format: Annotated[
        Literal["channels_first", "channels_last"],
        Key(
            "strategy.supernet.data_format",
            "order of the axes: channels, height, width or height, width, channels; PyTorch "
            "accepts channels_first only",
            default=By("framework", {"pytorch": "channels_first", "tensorflow": "channels_last"}),
        ),
    ]
    filters: Annotated[
        Counts,
        Key("strategy.supernet.filters", "output channels of each searched layer"),
    ] = (64, 64, 128, 128, 256, 256, 512, 512)
    strides: Annotated[
        Strides,
        Key(
            "strategy.supernet.strides",
            "stride of each searched layer; as many as filters; with other than 8 filters and no "
            "strides, 2 is spread evenly, at most 3 times (segmentation 2) and as the input allows",
            default=By(
                "task",
                {t: task.strides for t, task in terms.TASKS.items()},
            ),
        ),
    ]
    feature_choose: Annotated[
        Indices,
        Key(
            "strategy.supernet.feature_choose",
            "searched layers, counted from 0, whose outputs PostNet also gets",
            applies={"task": DENSE_TASKS},
        ),
    ] = ()
    blocks: Annotated[
        Names | None,
        Key(
            "strategy.supernet.blocks",
            "candidate blocks of each layer, by name or family; none: the default set of the "
            "constraint",
            extension=True,
        ),
    ] = None
    widths: Annotated[
        Multiples | None,
        Key(
            "strategy.supernet.widths",
            "output channels that layers may have, as multiples of their filters; one choice for "
            "all layers, but those that PostNet reads keep their filters; none: the filters",
            extension=True,
        ),
    ] = None
    divisor: Annotated[
        Count | None,
        Key(
            "strategy.supernet.divisor",
            "what widths are rounded to a multiple of, those inside blocks too; none: 8 for "
            "widths, and blocks as they are",
            extension=True,
        ),
    ] = None
    activation: Annotated[
        Literal["relu", "hswish", "silu"],
        Key(
            "strategy.supernet.activation",
            "the non-linearity of nasea's own blocks: ReLU quantises well and fuses everywhere, "
            "h-swish and SiLU are more accurate where the target runs them fast",
            extension=True,
        ),
    ] = "relu"
    sharing: Annotated[
        Literal["entangled", "independent"],
        Key(
            "strategy.supernet.sharing",
            "whether the candidate blocks of a family share one largest tensor, or have their own",
            extension=True,
        ),
    ] = "entangled"
    paths_per_update: Annotated[
        Count | None,
        Key(
            "strategy.supernet.paths_per_update",
            "architectures trained in one update, in which each tensor gets the mean gradient of "
            "those that use it; none: chosen by nasea",
            extension=True,
        ),
    ] = None

    @model_serializer(mode="wrap")
    def _as_before(self, whole: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without keys that say nothing: digests of scenarios without them stay what they were."""
        values: dict[str, object] = whole(self)
        unsaid = {"widths": None, "divisor": None, "activation": "relu"}
        return {name: v for name, v in values.items() if name not in unsaid or v != unsaid[name]}

    @property
    def input_chw(self) -> tuple[int, int, int]:
        """``(channels, height, width)`` of one image, whatever the data format."""
        if self.data_format == "channels_first":
            return self.input_shape
        height, width, channels = self.input_shape
        return channels, height, width
