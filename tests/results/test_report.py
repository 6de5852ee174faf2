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

from nasea.results.report.html import report_html, save_report
from nasea.results.report_data import family_of, summary_of

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
    assert axis["cost_texts"][1] == "4.00 M parameters"


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
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["#0", "#1"]


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
