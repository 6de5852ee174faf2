"""What both frameworks share of the user's module: whose frames are shown, what can be called."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

import nasea
from nasea.backends.user.module import accepts, is_user_file, user_code, user_frames
from nasea.errors import DataError, UserCodeError

OWN = Path(nasea.__file__).parent


@pytest.mark.parametrize(
    "path, mine",
    [
        ("/home/me/project/user_module.py", True),
        ("/home/me/project/models/net.py", True),
        ("/home/me/other/net.py", False),
        ("/home/me/project/.venv/lib/python3.11/site-packages/torch/nn/functional.py", False),
        ("<frozen importlib._bootstrap>", False),
    ],
)
def test_which_files_are_the_users(path: str, mine: bool) -> None:
    assert is_user_file(path, Path("/home/me/project")) == mine


def test_naseas_own_files_are_not_the_users_where_it_is_checked_out() -> None:
    checkout = OWN.parents[1]
    assert not is_user_file(str(OWN / "backends" / "usermodule.py"), checkout)
    assert is_user_file(str(checkout / "user_module.py"), checkout)


def test_causes_and_contexts_are_left_out(tmp_path: Path) -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error
    except ValueError as error:
        assert user_frames(error, tmp_path) == "ValueError: second\n"
        own_file = user_frames(error, Path(__file__).parent)
        assert own_file.startswith("Traceback") and "KeyError" not in own_file
        assert own_file.count("File ") == 1 and "raise ValueError" in own_file
        assert "KeyError" in "".join(traceback.format_exception(error)), "the original is kept"


def test_naseas_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(DataError), user_code("reading", tmp_path):
        raise DataError("empty")


def test_ctrl_c_passes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), user_code("reading", tmp_path):
        raise KeyboardInterrupt


def test_the_cause_is_kept_for_developers(tmp_path: Path) -> None:
    cause = OSError("the disk")
    with pytest.raises(UserCodeError, match="failed in reading:\nOSError: the disk") as caught:
        with user_code("reading", tmp_path):
            raise cause
    assert caught.value.__cause__ is cause


def test_accepts() -> None:
    def two(a: int, b: int, c: int = 0) -> None: ...

    assert [accepts(two, n) for n in range(5)] == [False, False, True, True, False]
    assert accepts(lambda *args: None, 9)
    assert not accepts(3, 0)
    assert accepts(dict.get, 2)
