"""What all sections of a scenario have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

DENSE_TASKS = ("detection", "segmentation")


class Section(BaseModel):
    """Base of all sections: immutable, strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
