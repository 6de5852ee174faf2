from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import pytest

from nasea.results.front import RunInfo, Separated, Unfinished
from nasea.results.report import words
from nasea.results.report.chinese import CHINESE
from nasea.results.report.html import report_html, save_report
from nasea.results.report_data import family_of, summary_of
from nasea.results.standings import Contender, Kind, Standings

from .builders import HOSTILE, make_front, make_info, traded_front


class _Page(HTMLParser):
    """Collects the tags of a page and the text of its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)
        else:
            self.text += data

    @property
    def data(self) -> Any:
        return json.loads(self.scripts[0])


def test_nothing_is_loaded_from_anywhere() -> None:
    html = report_html(make_front(0.7, 0.8))
    loading = {"src", "srcset", "data", "poster", "action", "xlink:href"}
    for tag, attributes in _Page(html).tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert not loading & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in html and "@import" not in html
    # Names a namespace, loads nothing.
    assert set(re.findall(r"https?://[^\"']*", html)) == {"http://www.w3.org/2000/svg"}


def test_policy_admits_only_the_report_s_own_script() -> None:
    page = _Page(report_html(make_front(0.7)))
    assert len(page.scripts) == 2
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    (policy,) = (a["content"] for _, a in page.tags if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy


def test_names_cannot_inject_markup() -> None:
    tame = _Page(report_html(make_front(0.7, info=make_info(notes=("careful",)))))
    hostile = make_front(0.7, block=HOSTILE, info=make_info(notes=(HOSTILE,), framework=HOSTILE))
    page = _Page(report_html(hostile))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in tame.tags]
    assert page.data["members"][0]["layers"][0]["block"] == HOSTILE
    assert HOSTILE in page.text


def test_data_holds_layers_ends_and_totals() -> None:
    data = _Page(report_html(make_front(0.7, 0.8, latency_ms=2.5))).data
    member = data["members"][1]
    assert data["columns"] == ["parameters", "FLOPs", "latency (ms)"]
    assert member["files"] == ["model_arch_result_1.py", "model_arch_result_1.pt"]
    assert member["layers"][0]["costs"][0] == ["1,600,000", 0.4]
    assert member["ends"][0] == ["2,400,000", 0.6]
    assert member["total"][0] == ["4,000,000", None]
    (axis,) = data["axes"]
    assert axis["steps"] == [0, 1] and data["best"] == 1
    assert axis["costs"] == [2e6, 4e6]
    assert axis["cost_texts"][1] == "4.00 M"


def test_every_cost_that_was_traded_has_an_axis() -> None:
    page = _Page(report_html(traded_front()))
    by_size, by_latency = page.data["axes"]
    assert (by_size["noun"], by_latency["noun"]) == ("parameters", "latency")
    assert by_latency["costs"] == [3.5, 3.0, 2.5]
    assert by_latency["steps"] == [2, 1], "cheapest first"
    assert by_latency["budget"] is None
    assert "proposed by" not in page.text, "results of earlier versions do not say"


@pytest.mark.parametrize(
    ("proposer", "message"), [("assisted", "a predictor"), ("evolutionary", "NSGA-II")]
)
def test_page_tells_who_proposed_the_architectures(
    proposer: Literal["assisted", "evolutionary"], message: str
) -> None:
    info = replace(make_info(), proposer=proposer)
    assert message in _Page(report_html(make_front(0.7, 0.8, info=info))).text
    traded = traded_front()
    info = replace(traded.info, proposer=proposer)
    assert ("NSGA-III" in _Page(report_html(replace(traded, info=info))).text) == (
        message == "NSGA-II"
    )


def test_page_tells_the_facts_without_script() -> None:
    page = _Page(report_html(make_front(0.7, 0.8, info=make_info(notes=("weak ratio 1.2",)))))
    for fact in (
        "2 architectures within 11.00 M parameters",
        "weak ratio 1.2",
        "3f9c1b0a",
        "0.8000",
        "1 × loss is NaN",
        "smaller is better (an error)",
    ):
        assert fact in page.text
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert links == {"#0", "#1"}


def test_an_empty_front_is_reported(tmp_path: Path) -> None:
    save_report(make_front(), tmp_path / "report.html")
    assert "0 architectures within" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("block", "family"),
    [
        ("inverted_residual_k5_e3", "inverted residual"),
        ("bottleneck_w0.25", "bottleneck"),
        ("skip", "skip"),
        ("k3", "k3"),
        ("", ""),
    ],
)
def test_family_of(block: str, family: str) -> None:
    assert family_of(block) == family


def test_summary_counts_repeats() -> None:
    assert summary_of(["a", "a", "skip", "a"]) == "a ×2, skip, a"


def course() -> RunInfo:
    """What newer searches tell about themselves."""
    return replace(
        make_info(),
        images=(500, 5000),
        separation=Separated(7.25, 3.0, 0.004),
        losses=(2.5, None, 1.25),
    )


def test_the_images_of_search_and_front_are_told_apart() -> None:
    front = make_front(0.7, 0.8, info=course())
    text = _Page(report_html(front)).text
    assert "accuracy: on all 5,000 validation images." in text
    assert "the score that found the member, on 500 of 5,000 validation images" in text
    assert "0.6900" in text and "0.7900" in text, "the scores of the search"
    assert "grey points" in text and "scores of the search, on 500 of 5,000" in text
    assert "in the search" not in _Page(report_html(make_front(0.7, info=make_info()))).text[:900]


def test_dominated_members_are_marked_and_explained() -> None:
    page = _Page(report_html(make_front(0.7, 0.65, 0.8, info=course())))
    assert page.text.count("†") == 2, "a mark and its explanation"
    assert "A cheaper member is at least as accurate. The front was found with" in page.text
    assert "†" not in _Page(report_html(make_front(0.7, 0.8, info=course()))).text
    assert "for another cost" in _Page(report_html(traded_front())).text


def test_it_says_which_to_take_and_how_to_go_on() -> None:
    text = _Page(report_html(make_front(0.5, 0.79, 0.8, info=course()))).text
    assert "Architecture 2: 0.8000, 6.00 M parameters most accurate within the budget" in text
    assert "Architecture 1: 0.7900, 4.00 M parameters knee" in text
    assert "Architecture 0: 0.5000, 2.00 M parameters cheapest" in text
    for command in ("nasea retrain --arch 2", "nasea export --arch 2", "nasea compare --budget 6M"):
        assert command in text
    assert "good to ±0.004: smaller differences mean nothing" in text


def test_separation_and_training_are_shown() -> None:
    page = _Page(report_html(make_front(0.7, info=course())))
    assert "7.2 times that of one architecture's scores; 3 or more is clear" in page.text
    assert page.data["losses"] == [2.5, None, 1.25]
    weak = replace(course(), separation=Separated(1.5, 3.0))
    assert (
        "below 3: much of the order is chance"
        in _Page(report_html(make_front(0.7, info=weak))).text
    )
    none = replace(course(), separation=Separated(None, 3.0))
    assert "scores did not vary" in _Page(report_html(make_front(0.7, info=none))).text


def test_every_network_is_there_without_script() -> None:
    page = _Page(report_html(make_front(0.7, 0.8, info=course())))
    assert page.text.count("PreNet and PostNet") == 2
    assert "1,600,000" in page.text and "2,400,000" in page.text
    assert "0.6500" in page.text, "the last hypervolume, as a table"


def test_an_unfinished_front_says_so_first() -> None:
    info = replace(course(), unfinished=Unfinished(7, 100, 3))
    text = _Page(report_html(make_front(0.7, 0.8, info=info))).text
    assert "Unfinished: 2 architectures within" in text
    assert "generation 7 of at most 100, 3 scored of the next" in text
    assert "nasea search --finish" in text and "nasea export" not in text
    assert "accuracy: on 500 of 5,000 validation images." in text


def test_hand_picks_are_in_the_same_chart() -> None:
    data = _Page(report_html(make_front(0.7, 0.8), compared=[standings()])).data
    (axis,) = data["axes"]
    how = {"epochs": 5, "seeds": 2, "images": "val_dir"}
    assert [(row[0], row[3], row[4], row[5]) for row in axis["trained"]] == [
        (3e6, "mobilenetv2", True, how),
        (4e6, "architecture 1", False, how),
    ], "networks drawn at random are no hand picks"
    left, right, bottom, top = axis["windows"]["compared"]
    for cost, mean, half, *_ in axis["trained"]:
        assert left < cost / axis["scale"] < right and bottom < mean - half < mean + half < top
    plain = _Page(report_html(make_front(0.7, 0.8))).data["axes"][0]
    assert plain["trained"] == [] and "compared" not in plain["windows"]


def standings() -> Standings:
    def row(name: str, kind: Kind, parameters: int, accuracy: float) -> Contender:
        return Contender(
            name, kind, f"{name} of a paper", parameters, 10 * parameters, None, (8,), (1,),
            ("basic",), (accuracy, accuracy + 0.01), (accuracy, accuracy + 0.01), (1.0, 1.0),
        )  # fmt: skip

    rows = (
        row("mobilenetv2", "hand pick", 3_000_000, 0.9),
        row("architecture 1", "searched", 4_000_000, 0.88),
        row("random, best", "random", 4_000_000, 0.5),
    )
    return Standings("size", 4e6, 5, 2, rows)


# --- Chinese ---

TEMPLATES = Path(words.__file__).parents[1] / "templates"


def fields(text: str) -> list[str]:
    return sorted(re.findall(r"{(\w+)}", text))


def test_every_text_has_a_chinese_one_with_the_same_values() -> None:
    for english, chinese in CHINESE.items():
        assert fields(english) == fields(chinese), english
        assert english in ("FLOPs", "{cost} FLOPs", "nasea") or re.search(
            r"[\u4e00-\u9fff]", chinese
        ), english


def test_nothing_is_said_that_has_no_chinese_text(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: list[str] = []

    class Strict(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            if key not in self:
                missing.append(key)
            return super().get(key, default)

    monkeypatch.setattr(words, "CHINESE", Strict(CHINESE))
    info = replace(course(), ended="", notes=("a",), scored_again=3, also=(("flops", 1e9),))
    int8 = replace(info, score_as="int8", processor="npu", proposer="assisted")
    for front in (
        make_front(0.5, 0.79, 0.8, 0.75, info=info),
        make_front(0.5, 0.8, latency_ms=2.0, info=int8),
        make_front(0.7, info=replace(course(), unfinished=Unfinished(7, 100, 3))),
        make_front(0.7, info=replace(course(), unfinished=Unfinished(7, 100), images=None)),
        traded_front(),
        make_front(),
    ):
        report_html(front, {0: b""} if front.members else {}, [standings()])
    assert missing == []
    page = (TEMPLATES / "report.html").read_text(encoding="utf-8")
    static = re.findall(r"data-t(?: hidden)?>([^<$]+)<", page)
    static += re.findall(r'aria-label="([^"]+)" data-t-label', page)
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    drawn = re.findall(r'\bt\("([^"]+)"', script)
    drawn += re.findall(r'drawCurve\("[^"]+", [\w.]+, "([^"]+)", "([^"]+)"', script)[0]
    assert len(static) > 10 and len(drawn) > 20
    for text in (*(" ".join(one.split()) for one in static), *drawn):
        assert text in CHINESE, text


def test_what_a_run_said_is_said_in_chinese_too() -> None:
    """Why it ended, its warnings, the verdict; an exception of the user's own code is not."""
    raised = "ValueError: epoch 3, loss 0.5"
    info = replace(
        course(),
        ended="all 10 generations are done",
        notes=(f"searcher: {raised}", "separation: scores did not vary; nothing can be ranked"),
        proposer="assisted",
    )
    page = report_html(make_front(0.5, 0.8, info=info), {0: b"png"}, [standings()])
    for shown in (
        'data-zh="全部 10 代已完成"',
        'data-zh="由已有得分拟合的预测器（searcher.mode: assisted）"',
        f">searcher: {raised}</p>",
        'data-zh="最好的人工设计网络：',
        'data-zh-alt="验证图像：真实标注与网络 0 的结果并列"',
    ):
        assert shown in page, shown
