"""Amounts are read as people write them, and what is open to doubt is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.config.schema.amounts import read_amount, written

from .builders import Load, Refusals, line_of, optimizer, set_keys


@given(st.integers(1, 10**15), st.sampled_from([",", "_", " ", "'"]))
def test_groups_of_three_digits_are_one_number(value: int, separator: str) -> None:
    amount = read_amount(f"{value:,}".replace(",", separator))
    assert amount is not None and amount.value == value
    assert (amount.doubt is not None) == (separator == "," and value >= 1000)


@given(
    st.integers(1, 9999),
    st.sampled_from([("k", 3), ("K", 3), ("M", 6), ("G", 9), ("B", 9), ("T", 12)]),
    st.sampled_from(["", " "]),
    st.integers(0, 3),
)
def test_a_suffix_multiplies_exactly(
    digits: int, suffix: tuple[str, int], space: str, decimals: int
) -> None:
    letter, power = suffix
    shown = f"{digits / 10**decimals:.{decimals}f}"
    amount = read_amount(f"{shown}{space}{letter}")
    assert amount is not None
    assert amount.value == digits * 10 ** (power - decimals)
    assert amount.unit == "multiple"


@given(st.integers(1, 10**14))
def test_what_a_message_writes_is_read_back(value: int) -> None:
    amount = read_amount(written(float(value)))
    assert amount is not None and (amount.value, amount.doubt) == (value, None)


@given(st.text(max_size=60))
def test_any_text_is_an_amount_or_none(text: str) -> None:
    amount = read_amount(text)
    assert amount is None or amount.value >= 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("11M", 11e6),
        ("5k", 5e3),
        ("1.1e7", 1.1e7),
        ("1.1e5", 110000),
        ("60,000", 60000),
        ("60_000", 60000),
        ("11_000_000", 11e6),
        ("1.1 M", 1.1e6),
        ("0.6G", 6e8),
        ("60 000", 60000),
    ],
)
def test_a_budget_may_be_written_in_many_ways(
    load: Load, minimal: str, text: str, value: float
) -> None:
    loaded = load(minimal.replace("2.5e6", text))
    assert loaded.scenario.constraint.value == value
    assert len(loaded.notices) == ("," in text)
    also = load(set_keys(minimal, "constraint", "also:", f"  flops: {text}"))
    assert also.scenario.constraint.also == {"flops": value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("60,000", "60,000 read as 60000: the comma separates thousands"),
        ("60.000", "60.000 read as 60: the point is a decimal point"),
        ("5m", "5m read as 5000000: m is for million"),
    ],
)
def test_a_doubtful_amount_is_read_with_a_notice(
    load: Load, minimal: str, text: str, words: str
) -> None:
    (notice,) = load(minimal.replace("2.5e6", text)).notices
    assert notice.text == f"constraint.constraint_value: {words}"
    assert line_of(notice.where) == 10


@pytest.mark.parametrize("text", ["7.125", "7.5 ms", "7.5ms"])
def test_milliseconds(load: Load, minimal: str, text: str) -> None:
    latency = minimal.replace("constraint_type: size", "constraint_type: latency")
    loaded = load(latency.replace("2.5e6", text))
    assert loaded.scenario.constraint.value == float(text.removesuffix("ms"))
    assert [one.text for one in loaded.notices if "read as" in one.text] == []


@pytest.mark.parametrize(
    ("kind", "text", "rule", "fix"),
    [
        ("size", "lots", "must be a number > 0", "write it as 2500000, 2.5M or 2.5e6"),
        ("size", '"7.5 ms"', "must be parameters", "write it as 2500000, 2.5M or 2.5e6"),
        ("size", "1,5", "must be a number > 0", "write 1.5"),
        ("size", "1.000.000", "must be a number > 0", "write 1000000"),
        (
            "size", "11MB", "must be a number > 0",
            "write a number without unit; 11MB of float32 weights are 2750000",
        ),
        (
            "flops", "300 MMACs", "must be a number > 0",
            "write 600000000: a multiply-add counts as 2 FLOPs",
        ),
        ("flops", "5 GFLOPs", "must be a number > 0", "write 5000000000"),
        ("size", "2x10^6", "must be a number > 0", "write it as 2500000, 2.5M or 2.5e6"),
        ("size", "7.5 ms", "must be parameters", "write it as 2500000, 2.5M or 2.5e6"),
        ("flops", "7.5 ms", "must be FLOPs", "write it as 2500000, 2.5M or 2.5e6"),
        ("latency", "7M", "must be milliseconds", "write the number alone, as in 7.5"),
    ],
)  # fmt: skip
def test_an_amount_of_another_unit_is_refused_with_the_right_one(
    refusals: Refusals, minimal: str, kind: str, text: str, rule: str, fix: str
) -> None:
    written_so = minimal.replace("constraint_type: size", f"constraint_type: {kind}")
    (problem,) = refusals(written_so.replace("2.5e6", text))
    assert (problem.rule, problem.found, problem.fix) == (rule, text, fix)


@pytest.mark.parametrize(
    ("written_so", "count"), [("5k", 5000), ("1.2k", 1200), ("1e3", 1000), ("2M", 2_000_000)]
)
def test_a_count_may_be_an_amount(load: Load, minimal: str, written_so: str, count: int) -> None:
    loaded = load(set_keys(minimal, "searcher", f"eval_images: {written_so}"))
    assert (loaded.scenario.searcher.eval_images, loaded.notices) == (count, ())


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize(("text", "value"), [("11M", 11e6), ("5k", 5e3), ("1.1e7", 1.1e7)])
def test_quotes_around_an_amount_do_not_matter(
    load: Load, minimal: str, text: str, value: float, quote: str
) -> None:
    loaded = load(minimal.replace("2.5e6", f"{quote}{text}{quote}"))
    assert (loaded.scenario.constraint.value, loaded.notices) == (value, ())


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("pop_size: 1.2345k", None),
        ("pop_size: 12m", "write 12000000"),
        ("bn_images: 1,024", "write 1024"),
        ('eval_images: "all"', "leave the key out, which means: all"),
        ("eval_images: None", "leave the key out, which means: all"),
        ("stall_generations: off", "write 0, which means: never"),
    ],
)
def test_a_count_in_another_notation_comes_with_the_right_one(
    refusals: Refusals, minimal: str, line: str, fix: str | None
) -> None:
    (problem,) = refusals(set_keys(minimal, "searcher", line))
    assert problem.fix == fix


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("input_shape: 3 8 8", "write [3, 8, 8]"),
        ("input_shape: 3x8x8", "write [3, 8, 8]"),
        ("input_shape: 8 8", None),
        ("filters: 16, 32", "write [16, 32]"),
        ("strides: 1,2", "write [1, 2]"),
        ("filters: wide", None),
    ],
)
def test_a_list_without_brackets_comes_with_them(
    refusals: Refusals, minimal: str, line: str, fix: str | None
) -> None:
    (problem,) = refusals(set_keys(minimal, "supernet", line))
    assert problem.fix == fix


@pytest.mark.parametrize(
    ("written_id", "fix"),
    [
        ('"cuda:0"', "write 0"),
        ("cuda:1", "write 1"),
        ("gpu0,gpu1", "write 0,1"),
        ("cuda", "write 0"),
        ("cpu", "write 0, and resource.device: cpu"),
        ("-1", "write 0, and resource.device: cpu"),
        ("all", "write the ids, as in 0,1"),
        ("tpu", None),
    ],
)
def test_a_device_by_name_comes_with_its_id(
    refusals: Refusals, minimal: str, written_id: str, fix: str | None
) -> None:
    (problem,) = refusals(minimal.replace("gpu_id: 0", f"gpu_id: {written_id}"))
    assert problem.fix == fix


def test_betas_and_rates(refusals: Refusals, minimal: str) -> None:
    text = optimizer(minimal, "betas: 0.9, 0.999", "learning_rate: 0,001", "weight_decay: 1e-4")
    betas, rate, decay = refusals(text)
    assert (betas.fix, rate.fix) == ("write [0.9, 0.999]", "write 0.001")
    assert decay.rule == "unknown key"
    assert "scheduler_define" in (decay.fix or "")
