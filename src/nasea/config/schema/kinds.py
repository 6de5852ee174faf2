"""The types that values have, each with its rule in words beside its rule for pydantic."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nasea.config.schema.keys import Words
from nasea.config.schema.spans import SPAN_WORDS
from nasea.terms import CostKind, Reporter

Count = Annotated[int, Field(gt=0), Words("an integer > 0")]
Index = Annotated[int, Field(ge=0), Words("an integer >= 0")]
Seed = Annotated[int, Field(ge=0, lt=2**32), Words(f"an integer from 0 to {2**32 - 1}")]
Stride = Annotated[int, Field(ge=1, le=2), Words("1 or 2")]
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False), Words("a number > 0")]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), Words("a number >= 0")]
Cost = Annotated[float, Field(gt=0, allow_inf_nan=False), Words("a number > 0", cost=True)]
Span = Annotated[float, Field(gt=0, allow_inf_nan=False), Words(SPAN_WORDS, span=True)]
Fraction = Annotated[float, Field(gt=0, lt=1), Words("a number between 0 and 1, both excluded")]
KerasVersion = Annotated[int, Field(ge=2, le=3), Words("2 or 3")]
Path = Annotated[str, Field(min_length=1), Words("a path")]
Name = Annotated[str, Field(min_length=1), Words("a name")]

Shape = Annotated[tuple[Count, Count, Count], Words("3 integers > 0")]
Counts = Annotated[tuple[Count, ...], Field(min_length=1), Words("a list of integers > 0")]
Strides = Annotated[tuple[Stride, ...], Field(min_length=1), Words("a list of 1 or 2")]
Indices = Annotated[tuple[Index, ...], Words("a list of integers >= 0")]
Betas = Annotated[
    tuple[Fraction, Fraction], Words("2 numbers, each between 0 and 1, both excluded")
]
Multiples = Annotated[
    tuple[Amount, ...], Field(min_length=1), Words("a list of numbers > 0, e.g. [0.5, 1, 2]")
]
CostKinds = Annotated[tuple[CostKind, ...], Words("a list of size, flops or latency")]
Reporters = Annotated[tuple[Reporter, ...], Words("a list of tensorboard, mlflow or wandb")]
Names = Annotated[tuple[Name, ...], Field(min_length=1), Words("a list of names")]
Network = Annotated[str, Field(min_length=1), Words("the blocks of a network, one a layer")]
Networks = Annotated[
    tuple[Network, ...],
    Words("a list of networks, each the blocks of its layers", joined=True),
]
Ids = Annotated[
    tuple[Index, ...],
    Field(min_length=1),
    Words("one device id or several: 0, 0,1 or [0, 1]", bare=True),
]
