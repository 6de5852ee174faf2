"""Pasted files are corrected, once each with a notice, and quoted text is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.config import LoadedScenario

from .builders import Load, Refusals, line_of, set_keys, tensorflow


def notice_of(loaded: LoadedScenario) -> tuple[int, str]:
    (notice,) = loaded.notices
    return line_of(notice.where), notice.text


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("epochs: 10", "epochs：10", 6, "full-width colon after 'epochs'"),
        ("epochs: 10", "epochs ：  10", 6, "full-width colon after 'epochs'"),
        ("epochs: 10", "epochs:\t10", 6, "tabs in line 6"),
        ("epochs: 10", "epochs: 10\t# ten", 6, "tabs in line 6"),
        ("epochs: 10", "epochs: 10\t", 6, "tabs in line 6"),
        ("epochs: 10", "epochs:\u00a010", 6, "no-break"),
        ("epochs: 10", "epochs: 10\u3000", 6, "full-width spaces"),
        ("    epochs: 10", "\u00a0   epochs: 10", 6, "no-break"),
        ("epochs: 10", "Epochs: 10", 6, "key 'Epochs' read as 'epochs'"),
        ("epochs: 10", "ｅｐｏｃｈｓ: 10", 6, "read as 'epochs'"),
        ("scenario:", "Scenario:", 1, "key 'Scenario' read as 'scenario'"),
        ("gpu_id: 0", "GPU_ID: 0", 16, "key 'GPU_ID' read as 'gpu_id'"),
        ("image_classification", "Image_Classification", 8, "read as 'image_classification'"),
        ("image_classification", "“image_classification”", 8, "typographic quotes"),
        ("/data/val", "“/data/val”", 13, "typographic quotes"),
        ("2.5e6", "2．5e6", 10, "full-width punctuation"),
        ("name: NASEA", "name: nasea", 3, "'nasea' read as 'NASEA'"),
        ("gpu_id: 0", "gpu_id: (0)", 16, "tuple (0) read as a list"),
        ("  resource", "    resource", 14, "read as if under 'scenario'"),
    ],
)
def test_a_known_fault_is_mended_with_one_notice_at_its_line(
    load: Load, minimal: str, old: str, new: str, line: int, words: str
) -> None:
    text = minimal.replace(old, new)
    if new.startswith("    resource"):
        text = text.replace("    name: py", "      name: py").replace("    gpu", "      gpu")
    loaded = load(text)
    place, message = notice_of(loaded)
    assert place == line
    assert words in message
    assert loaded.scenario == load(minimal).scenario


@pytest.mark.parametrize(
    "written",
    ["(32, 32, 3)", "（32，32，3）", "[32，32，3]", "［32，32，3］", '"(32, 32, 3)"', "(32,32,3,)"],
)
def test_a_shape_may_be_a_tuple(load: Load, minimal: str, written: str) -> None:
    loaded = load(set_keys(tensorflow(minimal), "supernet", f"input_shape: {written}"))
    assert loaded.scenario.supernet.input_shape == (32, 32, 3)
    assert len(loaded.notices) == 1


def test_byte_order_mark_and_line_ends_pass_silently(load: Load, minimal: str) -> None:
    for text in ("\ufeff" + minimal, minimal.replace("\n", "\r\n"), minimal.replace("\n", "\r")):
        loaded = load(text)
        assert loaded.notices == ()
        assert loaded.scenario == load(minimal).scenario


def test_tabs_that_indent_every_level_are_mended_with_one_notice(load: Load, minimal: str) -> None:
    lines = []
    for line in minimal.split("\n"):
        bare = line.lstrip()
        lines.append("\t" * ((len(line) - len(bare)) // 2) + bare)
    loaded = load("\n".join(lines))
    place, message = notice_of(loaded)
    assert place == 2
    assert "tabs in the indentation of lines 2, 3" in message
    assert loaded.scenario == load(minimal).scenario


def test_a_single_tab_among_spaces_is_mended_where_only_one_width_fits(
    load: Load, minimal: str
) -> None:
    loaded = load(minimal.replace("    epochs", "\tepochs"))
    assert notice_of(loaded)[0] == 6
    assert loaded.scenario == load(minimal).scenario


def test_an_ambiguous_tab_is_refused(refusals: Refusals) -> None:
    (problem,) = refusals("a:\n  b:\n    c: 1\n\td: 2\n")
    assert line_of(problem.where) == 4
    assert "more than one way" in problem.rule
    assert problem.fix == "indent with spaces only"


def test_line_numbers_stay_those_of_the_file(refusals: Refusals, minimal: str) -> None:
    text = minimal.replace("framework: PyTorch", "framework：\tPyTorch")
    text = text.replace("/data/train", '"a\u2028b"').replace("gpu_id: 0", "gpu_id: x")
    (problem,) = refusals(text.replace("\n", "\r\n"))
    assert line_of(problem.where) == 16


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("'数据：（新），\t\u00a0x'", "数据：（新），\t\u00a0x"),
        ('"a：b"', "a：b"),
        ('"“x”"', "“x”"),
        ("'it''s：\t“fine”'", "it's：\t“fine”"),
        ('"say \\"hi：\\" \t"', 'say "hi：" \t'),
        ("'# no\tcomment'", "# no\tcomment"),
        ("'(1, 2)'", "(1, 2)"),
        ("'NULL'", "NULL"),
    ],
)
def test_quoted_text_is_never_altered(load: Load, minimal: str, written: str, meant: str) -> None:
    loaded = load(minimal.replace("/data/val", written))
    assert loaded.scenario.dataset.val_dir == meant
    assert loaded.notices == ()


def test_text_inside_quotes_and_blocks_over_lines_is_never_altered(
    load: Load, minimal: str
) -> None:
    quoted = minimal.replace("/data/val", '"one\n       key：  two"')
    assert load(quoted).scenario.dataset.val_dir == "one key：  two"
    assert load(quoted).notices == ()
    block = minimal.replace("/data/val", "|-\n        key：\ttwo\n        'x")
    assert load(block).scenario.dataset.val_dir == "key：\ttwo\n'x"
    assert load(block).notices == ()


def test_an_unquoted_path_keeps_its_characters(load: Load, minimal: str) -> None:
    loaded = load(minimal.replace("/data/val", "/数据（新）/a，b：c # note：\tx"))
    assert loaded.scenario.dataset.val_dir == "/数据（新）/a，b：c"
    assert loaded.notices == ()


def test_the_sample_with_every_fault_at_once_still_loads(load: Load, sample_path: Path) -> None:
    sample = sample_path.read_text(encoding="utf-8")
    worse = "\ufeff" + sample.replace(": ", "：\t").replace("\n", "\r\n")
    assert load(worse).scenario == load(sample).scenario
