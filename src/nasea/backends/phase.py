"""The base of all phases of a backend: the framework and the other ranks."""

from __future__ import annotations

from collections.abc import Sequence

from nasea.backends.distributed.leader import Followers
from nasea.backends.framework import AnyFramework
from nasea.backends.memory import Memory
from nasea.backends.user.code import UserCode
from nasea.config import Scenario
from nasea.errors import Notice


class Phase:
    """The members that a backend has at any time.

    Args:
        framework: does the work.
        followers: the other ranks.
    """

    def __init__(self, framework: AnyFramework, followers: Followers) -> None:
        self.framework = framework
        self.followers = followers

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.framework.scenario

    @property
    def user(self) -> UserCode:
        """The user's module."""
        return self.framework.user

    @property
    def environment(self) -> dict[str, str]:
        """Framework version, devices and threads, for the log."""
        found = self.framework.environment
        return found | {"device": self.followers.all_devices(found["device"])}

    @property
    def weights_suffix(self) -> str:
        """Ending of a weights file, e.g. ``.pt``."""
        return self.framework.weights_suffix

    @property
    def metric_call(self) -> str:
        """The user's metric as it is called, for messages."""
        return self.framework.metric_call

    @property
    def schedule_call(self) -> str:
        """The user's schedule as it is called, for messages."""
        return self.framework.schedule_call

    @property
    def notices(self) -> Sequence[Notice]:
        """Notices for the user, so far."""
        return self.framework.notices

    @property
    def peak_memory(self) -> Memory:
        """Peak memory so far."""
        return self.framework.peak_memory

    def close(self) -> None:
        """Release worker processes, memory and directories; the backend is unusable afterwards."""
        self.user.close()
        self.followers.send_command("close")
