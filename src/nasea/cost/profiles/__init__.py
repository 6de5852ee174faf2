"""Latency profiles, which price operators on a processor."""

from nasea.cost.profiles.base import Gap, Profile, UnpricedError
from nasea.cost.profiles.find import (
    find_profile,
    known_profiles,
    packaged_names,
    packaged_profile,
    profile_path,
)

__all__ = [
    "Gap",
    "Profile",
    "UnpricedError",
    "find_profile",
    "known_profiles",
    "packaged_names",
    "packaged_profile",
    "profile_path",
]
