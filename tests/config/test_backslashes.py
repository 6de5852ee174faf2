r"""Windows paths in double quotes are never read as line breaks, tabs or anything else."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasea.errors import ConfigError

from .builders import Load, Refusals, line_of

_NAMES = st.text(string.ascii_letters + string.digits, min_size=1, max_size=6)
_SETTINGS = settings(
    max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@given(st.lists(_NAMES, min_size=1, max_size=3))
@_SETTINGS
def test_a_drive_path_in_double_quotes_is_refused_with_the_right_form(
    load: Load, minimal: str, names: list[str]
) -> None:
    path = "C:\\" + "\\".join(names)
    with pytest.raises(ConfigError) as caught:
        load(minimal.replace("/data/val", f'"{path}"'))
    (problem,) = caught.value.problems
    assert line_of(problem.where) == 13
    assert f"'{path}', in single quotes" in str(problem.fix)
    corrected = load(minimal.replace("/data/val", f"'{path}'"))
    assert corrected.scenario.dataset.val_dir == path
    doubled = path.replace("\\", "\\\\")
    assert load(minimal.replace("/data/val", f'"{doubled}"')).scenario.dataset.val_dir == path


@pytest.mark.parametrize("path", [r"\new\train", r"D:\Network", r"data\train", r"C:\x64"])
def test_other_escapes_that_cannot_be_meant(refusals: Refusals, minimal: str, path: str) -> None:
    (problem,) = refusals(minimal.replace("/data/val", f'"{path}"'))
    assert f"'{path}'" in str(problem.fix)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"C:\new\train", r"C:\new\train"),
        (r"'C:\new\train'", r"C:\new\train"),
        ('"C:/new/train"', "C:/new/train"),
        (r'"C:\\new\\train"', r"C:\new\train"),
        (r'"caf\u00e9 \"x\""', 'café "x"'),
    ],
)
def test_what_can_be_meant_is_taken(load: Load, minimal: str, written: str, meant: str) -> None:
    loaded = load(minimal.replace("/data/val", written))
    assert loaded.scenario.dataset.val_dir == meant
    assert loaded.notices == ()
