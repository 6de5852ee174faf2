"""Whatever a file holds, loading it gives a scenario or a ConfigError, soon."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasea.config import load_scenario
from nasea.errors import ConfigError

_SAMPLE = (Path(__file__).parent / "data" / "documented_sample.yaml").read_bytes()
_PIECES = [
    *"：，（“”\t\u00a0\u2028\x85\r\n'\"#!|>%@`:,[]{}\0\\\ufeff",
    *("\n\t", "&a ", "*a", "!!int ", "%YAML 1.9\n", "- ", "? ", ": ", "---\n", "...\n", "<<: "),
    *("null", "true", "1e-4", "-1", "0x1", "1_0", "9" * 50, "resource:", "scenario:"),
]
_QUICK = settings(
    max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def survives(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "scen.yaml"
        path.write_bytes(content)
        try:
            load_scenario(path)
        except ConfigError as error:
            assert error.problems
            assert str(error)


@given(st.binary(max_size=200))
@_QUICK
def test_random_bytes(content: bytes) -> None:
    survives(content)


@given(st.text(max_size=200) | st.lists(st.sampled_from(_PIECES), max_size=40).map("".join))
@_QUICK
def test_random_text(content: str) -> None:
    survives(content.encode("utf-8", "surrogatepass"))


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(_SAMPLE)), st.integers(0, 12), st.sampled_from(_PIECES) | st.text()
        ),
        min_size=1,
        max_size=4,
    )
)
@_QUICK
def test_random_changes_of_the_sample(changes: list[tuple[int, int, str]]) -> None:
    content = _SAMPLE
    for place, removed, inserted in changes:
        added = inserted.encode("utf-8", "surrogatepass")
        content = content[:place] + added + content[place + removed :]
    survives(content)
