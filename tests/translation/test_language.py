from __future__ import annotations

import io

import pytest

from nasea.translation import chinese, language, translate, translate_label


@pytest.mark.parametrize(
    "environ, expected",
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANGUAGE": "zh_CN"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANGUAGE": "zh_CN:en", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LANGUAGE": "fr:en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"NASEA_LANG": "zh", "LC_ALL": "C"}, "zh"),
        ({"NASEA_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
        ({"NASEA_LANG": "klingon", "LANG": "zh_CN.UTF-8"}, "zh"),
    ],
)
def test_what_the_environment_asks_for(environ: dict[str, str], expected: str) -> None:
    assert language(environ) == expected


def test_streams_that_cannot_carry_it_stay_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASEA_LANG", "zh")
    for encoding, expected in [("utf-8", True), ("gb18030", True), ("ascii", False)]:
        for name in ("stdout", "stderr"):
            stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
            monkeypatch.setattr(f"sys.{name}", stream)
        assert chinese() is expected
    assert translate("there is no such file") == "there is no such file"


def test_english_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(context: str = "") -> None:
        raise AssertionError("the catalogue was read")

    monkeypatch.setattr("nasea.translation.speaking._translator", refuse)
    monkeypatch.setenv("NASEA_LANG", "en")
    assert translate("there is no such file") == "there is no such file"
    assert translate_label("layer") == "layer"
