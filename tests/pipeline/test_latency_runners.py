"""What programs print that time a file, and when rounds agree."""

from __future__ import annotations

import math

import pytest

from nasea.errors import LatencyError
from nasea.pipeline.latency.device.rounds import Patience, agreed, is_enough
from nasea.pipeline.latency.device.runners import RUNNERS, UnreadableError, runner_of

LITERT = """\
INFO: Initialized session in 20.283ms.
INFO: Running benchmark for at least 50 iterations and at least 1 seconds.
INFO: count=50 first=266601 curr=266931 min=265837 max=268116 avg=266473 std=419
INFO: Inference timings in us: Init: 20283, First inference: 339304, Warmup (avg): 302814, \
Inference (avg): 266473
"""
PERF_TEST = """\
Session creation time cost: 0.0102016 s
First inference time cost: 2 ms
Total inference time cost: 0.185739 s
Total inference requests: 100
Average inference time cost: 1.85739 ms
Total inference run time: 0.18581 s
"""
PERCENTILES = """\
Min Latency: 0.00183404 s
P50 Latency: 0.00185674 s
P90 Latency: 0.00187215 s
"""
EXECUTORCH = (
    "I 00:00:00.1 executor_runner.cpp:300] Model executed successfully 100 time(s) in 345.6 ms."
)


@pytest.mark.parametrize(
    "runner, output, ms",
    [
        ("litert", LITERT, 266.473),
        ("onnxruntime", PERF_TEST, 1.85739),
        ("onnxruntime", PERF_TEST + PERCENTILES, 1.85674),
        ("executorch", EXECUTORCH, 3.456),
        ("python", "warning: slow\nlatency: 0.0625 ms\n", 0.0625),
    ],
)
def test_programs_are_read(runner: str, output: str, ms: float) -> None:
    assert RUNNERS[runner].milliseconds(output) == pytest.approx(ms)


@pytest.mark.parametrize(
    "unit, pattern, output, ms",
    [
        (None, None, "took 250 us", 0.25),
        (None, None, "took 250 µs (again: 0.25 ms)", 0.25),
        (None, None, "model v2, 1.5e-3 s", 1.5),
        ("us", None, "1500", 1.5),
        ("ms", None, "warm-up 9\n1.5", 1.5),
        (None, r"median=([0-9.]+)", "mean=3 ms median=2 ms", 2.0),
        ("ns", r"(?:median|p50)=([0-9.]+)", "p50=2000000", 2.0),
        ("ms", r"median=(?P<time> *[0-9.]+)", "median=  2", 2.0),
    ],
)
def test_a_command_of_the_users_is_read(
    unit: str | None, pattern: str | None, output: str, ms: float
) -> None:
    runner = runner_of(None, "prog {file}", unit, pattern)
    assert runner.milliseconds(output) == pytest.approx(ms)


@pytest.mark.parametrize(
    "unit, pattern, output, told",
    [
        (None, None, "done", "no number with a unit"),
        (None, None, "1.5", "no number with a unit"),
        (None, None, "load 3 ms, run 1 ms", "several times"),
        (None, r"t=([0-9.]+)", "t=3", "without a unit"),
        ("ms", None, "1.5 us", "prints 1.5 us, not ms"),
        ("ms", None, "0.0", "a latency of 0 ms"),
        ("ms", r"t=([0-9.]+)", "nothing", "prints no latency"),
        ("ms", r"t=(.*)", "t=1,5", "prints '1,5' where --pattern wants a number"),
        ("ms", r"t=([0-9]+)?", "t=", "prints None where --pattern wants a number"),
    ],
)
def test_what_cannot_be_read_is_told(
    unit: str | None, pattern: str | None, output: str, told: str
) -> None:
    runner = runner_of(None, "prog {file}", unit, pattern)
    with pytest.raises(UnreadableError, match=told):
        runner.milliseconds(output)


def test_a_program_that_prints_in_another_unit_than_its_own_is_told() -> None:
    with pytest.raises(UnreadableError, match="not ms"):
        RUNNERS["onnxruntime"].milliseconds("Average inference time cost: 1.8 s")
    with pytest.raises(UnreadableError, match="prints no latency; its last line: ok"):
        RUNNERS["executorch"].milliseconds("Model executed successfully 1 time(s).\nok")


@pytest.mark.parametrize(
    "options, told",
    [
        ((None, None, None, None), "nasea does not know what times a file"),
        (("tflite", None, None, None), "--runner: known are litert, onnxruntime"),
        ((None, "prog x", None, None), "must hold {file}"),
        ((None, "prog {file}", "min", None), "--unit: one of ns, us, ms, s"),
        ((None, "prog {file}", "ms", "("), "not a regular expression"),
        ((None, "prog {file}", "ms", "[0-9]+"), "needs a group"),
    ],
)
def test_options_that_describe_no_runner(options: tuple[str | None, ...], told: str) -> None:
    with pytest.raises(LatencyError, match=told):
        runner_of(*options)


def test_the_minority_moves_nothing() -> None:
    quiet = [1.0, 1.01, 1.02, 1.015, 1.005]
    for strange in ([9.0, 50.0], [0.01, 0.02], [0.01, 50.0]):
        found = agreed([*quiet, *strange])
        assert 1.0 <= found.ms <= 1.02
        assert found.spread <= 0.03
        assert found.rounds == 7


def test_rounds_go_on_until_they_agree_or_patience_ends() -> None:
    patience = Patience(least=3, most=5, spread=0.03)
    assert agreed([1.0, 1.0]).spread == math.inf
    assert not is_enough([1.0, 1.0], patience)
    assert is_enough([1.0, 1.01, 1.02], patience)
    assert not is_enough([1.0, 2.0, 4.0], patience)
    assert is_enough([1.0, 2.0, 4.0, 8.0, 16.0], patience)
