from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nasea.translation.folding import fold, width

MIXED = st.text(alphabet="结构候选块，。（）、 abc-xyz=1.2M", max_size=120)


def test_a_chinese_character_takes_two_columns() -> None:
    assert width("结构 N") == 6


def test_lines_break_between_characters_but_not_before_a_mark() -> None:
    assert fold("搜索结构，停止之后接着跑。", 10) == ["搜索结构，", "停止之后接", "着跑。"]
    assert fold("读取 user_module.py，写入 results/", 16) == [
        "读取",
        "user_module.py，",
        "写入 results/",
    ]
    assert fold("一二三四五", 8, "  ", "    ") == ["  一二三", "    四五"]


@given(text=MIXED, columns=st.integers(24, 80))
def test_nothing_is_lost_and_lines_fit(text: str, columns: int) -> None:
    lines = fold(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        longest = max((width(word) for word in line.split(" ")), default=0)
        assert width(line) <= max(columns, longest)
