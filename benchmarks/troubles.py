"""What code of a user can do amid a search: written behind a user module, idle until asked."""

from __future__ import annotations

from pathlib import Path

_FILE = "trouble.txt"

TROUBLES = """

# --- trouble, where trouble.txt asks for it ---

_HOME = Path(__file__).parent
_WITHOUT_TROUBLE = UserModule


class UserModule(_WITHOUT_TROUBLE):
    calls = 0

    def metrics_func(self, eval_dataloader, eval_function):
        value = super().metrics_func(eval_dataloader, eval_function)
        trouble = _HOME / "trouble.txt"
        if not trouble.exists() or not list(_HOME.glob("checkpoint/search-*")):
            return value
        name, after = trouble.read_text().split()
        UserModule.calls += 1
        is_this_one = UserModule.calls == int(after)
        if name == "raise" and is_this_one:
            raise KeyError("nothing was found")
        if name == "nan" and is_this_one:
            return float("nan")
        if name == "memory" and _size(eval_function.path.network) > 40_000:
            torch.empty(2**46)
        if name == "hang" and b"follower" in Path("/proc/self/cmdline").read_bytes():
            import time

            time.sleep(1e6)
        return value


def _size(network):
    return sum(parameter.numel() for parameter in network.parameters())
"""
"""Python text; it uses names of the digits module and, to tell candidates apart, of nasea."""


def get_into(home: Path, name: str, after: int) -> None:
    """Have a project's code do something while candidates are scored.

    Args:
        home: the project, made with :data:`TROUBLES`.
        name: ``raise``, ``nan``: for one candidate; ``memory``: for all above 40,000 parameters;
            ``hang``: on every rank but 0.
        after: which candidate the one is.
    """
    (home / _FILE).write_text(f"{name} {after}")


def be_at_ease(home: Path) -> None:
    """End the trouble."""
    (home / _FILE).unlink(missing_ok=True)
