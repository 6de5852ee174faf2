from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nasea.errors import BudgetError, ConfigError, Interrupted, Problem
from nasea.results.front import Front

from .conftest import Pretend, Run

SOURCE = Path(__file__).parents[2] / "src"


def _search_raises(pretend: Pretend, error: BaseException) -> None:
    def search(*_: object, **__: object) -> None:
        raise error

    pretend("nasea.pipeline.search.run", "search", search)


def test_a_users_error_is_told_without_a_traceback(run: Run, pretend: Pretend) -> None:
    _search_raises(pretend, BudgetError("too [dear] for you", fix="pay more"))
    done = run("search")
    assert done.status == 2
    assert done.out == ""
    assert done.err == "error: too [dear] for you\n  fix: pay more\n"


def test_every_problem_of_a_scenario_is_told(run: Run, pretend: Pretend) -> None:
    problems = [Problem(f"scen.yaml:{n}", "key", "is wrong", "x" * 200, "fix it") for n in (3, 5)]
    _search_raises(pretend, ConfigError(problems))
    done = run("search")
    assert done.status == 2
    assert done.err == "error: 2 errors in the scenario:\n" + "".join(f"  {p}\n" for p in problems)


def test_a_stopped_run_is_no_error(run: Run, pretend: Pretend) -> None:
    _search_raises(pretend, Interrupted("stopped; saved", fix="run it again"))
    done = run("search")
    assert done.status == 130
    assert done.err == "stopped; saved\n  next: run it again\n"


def test_control_c_outside_the_pipeline(run: Run, pretend: Pretend) -> None:
    _search_raises(pretend, KeyboardInterrupt())
    done = run("search")
    assert (done.status, done.err) == (130, "stopped\n")


@pytest.mark.parametrize("said", ["", "Unable to allocate 512. TiB\nfor an array"])
def test_memory_that_is_short_is_no_defect(run: Run, pretend: Pretend, said: str) -> None:
    _search_raises(pretend, MemoryError(said))
    done = run("search")
    assert done.status == 2
    assert "Traceback" not in done.err and "for an array" not in done.err
    assert f"out of memory. {said}".splitlines()[0].strip() in done.err
    assert "the same command again" in " ".join(done.err.split())


def test_a_defect_is_owned_up_to(run: Run, pretend: Pretend) -> None:
    _search_raises(pretend, ZeroDivisionError("in the middle"))
    done = run("search")
    assert done.status == 1
    assert "Traceback" in done.err
    assert "ZeroDivisionError: in the middle" in done.err
    assert "this is a defect of nasea" in done.err


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_reader_who_leaves_is_no_failure_to_talk_about(
    tmp_path: Path, front: Front, words: list[str]
) -> None:
    front.save(tmp_path / "front.json")
    with subprocess.Popen(
        [sys.executable, "-m", "nasea", "show", str(tmp_path), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(SOURCE)},
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_a_search_outlives_the_reader_of_its_narration() -> None:
    code = (
        "from nasea.cli.terminal.listener import RichListener\n"
        "with RichListener() as listener:\n"
        "    input()\n"
        "    listener.begin('train', 'training')\n"
        "    listener.line('epoch 1')\n"
        "print('done')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(SOURCE)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None and process.stderr is not None
        process.stderr.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.stdout.read() == b"done\n"
        assert process.wait() == 0
