"""What the script of a report does, in headless Chromium."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasea.results.front import Evaluated, Front, FrontMember, Separated
from nasea.results.report.html import report_html

from .browser import needs_browser, told
from .builders import make_front, make_info
from .test_report import standings

pytestmark = needs_browser

LOOK = """
const chart = document.getElementById("front-chart");
const click = (selector) => document.querySelector(selector).click();
const marks = (selector) => [...chart.querySelectorAll(selector)];
const labels = (id) =>
  [...document.querySelectorAll(`#${id} text`)].map((text) => text.textContent);
const within = (node) => {
  const [frame, box] = [node.closest("svg svg"), node].map((one) => one.getBoundingClientRect());
  return box.left >= frame.left - 1 && box.right <= frame.right + 1;
};
"""


def front() -> Front:
    info = replace(
        make_info(),
        images=(500, 5000),
        separation=Separated(7.2, 3.0, 0.004),
        losses=(2.5, 2.0, 1.7, 1.5),
    )
    found = make_front(0.70, 0.80, 0.79, 0.85, info=info)
    members: tuple[FrontMember, ...] = found.members
    low = Evaluated((3, 3), 5e6, 0.1, 2)
    return replace(found, members=members, evaluated=(*found.evaluated, low))


@pytest.fixture(scope="module")
def html() -> str:
    return report_html(front(), compared=[standings()])


def test_it_draws_and_nothing_lies_outside_the_frame(html: str, tmp_path: Path) -> None:
    seen: Any = told(
        html,
        LOOK
        + """
        const out = { points: marks(".point").length, aside: marks(".point.aside").length,
          words: labels("front-chart"), legend: document.getElementById("marks").textContent,
          generations: labels("growth-chart"), epochs: labels("training-chart") };
        for (let k = 0; k < 3; k++) click('[data-zoom="0.6"]');
        const step = chart.querySelector(".step"), at = step.getAttribute("d").match(/-?[\\d.]+/g);
        const svg = step.closest("svg");
        return { ...out, zoomed: marks(".point").length, overflow: getComputedStyle(svg).overflow,
          beyond: Number(at[0]) < Number(svg.getAttribute("x")) };
        """,
        tmp_path,
    )
    assert (seen["points"], seen["aside"]) == (4, 1)
    assert {"accuracy (higher is better)", "budget 11.00 M"} <= set(seen["words"])
    for mark in ("member of the front", "a cheaper one is as accurate", "hand pick, trained alone"):
        assert mark in seen["legend"]
    assert seen["zoomed"] < 4, "points outside are not drawn at the frame"
    assert seen["beyond"] and seen["overflow"] == "hidden", "the line goes on where nobody sees it"
    # Counted as in the log: from 1, in whole numbers.
    for words, last, title in (
        (seen["generations"], 3, "generation"),
        (seen["epochs"], 4, "epoch"),
    ):
        assert words[:last] == [str(n) for n in range(1, last + 1)]
        assert title in words


def test_views_keys_and_links(html: str, tmp_path: Path) -> None:
    seen = told(
        html,
        LOOK
        + """
        const heading = () => document.querySelector("#selected h2").textContent;
        const all = () => marks(".seen").length;
        const out = { first: heading(), near: all() };
        click("[data-view=all]"); out.all = all();
        click("[data-view=compared]"); out.names = marks(".name").map((text) => text.textContent);
        out.inside = marks(".trained").every(within);
        out.pressed = document.querySelector("[data-view=compared]").getAttribute("aria-pressed");
        const press = (key) =>
          chart.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        press("ArrowLeft"); out.left = heading();
        press("Home"); out.home = heading();
        press("End"); out.end = heading();
        out.focus = document.activeElement.getAttribute("aria-label");
        click('#front-table tr[data-number="1"] a'); out.row = heading();
        out.said = document.getElementById("said").textContent;
        const commands = document.querySelectorAll("#selected .command code");
        out.command = [...commands].map((one) => one.textContent);
        out.copy = document.querySelectorAll(".command button").length;
        out.layers = document.getElementById("all-layers") === null;
        return out;
        """,
        tmp_path,
    )
    assert seen["first"] == "Architecture 3" and seen["all"] == seen["near"] + 1
    assert sorted(seen["names"]) == ["architecture 1", "mobilenetv2"] and seen["inside"]
    assert seen["pressed"] == "true"
    found = [seen[key] for key in ("left", "home", "end", "row")]
    assert found == [f"Architecture {n}" for n in (2, 0, 3, 1)]
    assert seen["focus"].startswith("Architecture 3, accuracy 0.8500, 8.00 M parameters")
    assert "Architecture 1" in seen["said"]
    assert seen["command"] == ["nasea retrain --arch 1", "nasea export --arch 1"]
    assert seen["copy"] == 5 and seen["layers"]


def test_it_can_be_read_in_chinese(html: str, tmp_path: Path) -> None:
    script = """
        const text = (selector) => document.querySelector(selector).textContent;
        const read = () => [document.documentElement.lang, text("h1"), text("#front-title"),
          text("#selected h2"), document.querySelector("[data-zoom]").getAttribute("aria-label"),
          text("#language")];
        const first = read();
        document.getElementById("language").click();
        return [first, read(), document.body.innerText];
    """
    first, second, text = told(html, script, tmp_path)
    english = ["en", "4 architectures within 11.00 M parameters", "The front", "Architecture 3"]
    chinese = ["zh-CN", "4 个网络满足约束：11.00 M 参数", "帕累托前沿", "网络 3"]
    assert first == [*english, "Zoom in", "中文"]
    assert second == [*chinese, "放大", "English"]
    for word in ("超体积", "超网的训练", "选哪个", "约束", "复制", "参数量"):
        assert word in text
    first, second, _ = told(html, script, tmp_path, language="zh-CN")
    assert first == [*chinese, "放大", "English"], "as the browser asks"
    assert second[: len(english)] == english


@pytest.mark.parametrize("width", [320, 390, 3840])
def test_it_fits_into_every_window(html: str, tmp_path: Path, width: int) -> None:
    seen = told(
        html,
        """
        const wide = [...document.querySelectorAll("body *")]
          .filter((one) => !one.closest(".scroll, svg, #said"))
          .filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
        const size = parseFloat(getComputedStyle(document.body).fontSize);
        return [innerWidth, document.documentElement.scrollWidth, size,
          wide.map((one) => one.outerHTML.slice(0, 80))];
        """,
        tmp_path,
        width=width,
    )
    assert seen[0] == width and seen[1] <= width and seen[3] == []
    assert seen[2] == pytest.approx(15 if width < 1900 else 30.4, abs=1)


@pytest.mark.parametrize("dark", [False, True])
def test_what_can_be_pressed_has_a_name_and_what_is_drawn_contrast(
    html: str, tmp_path: Path, dark: bool
) -> None:
    nameless, faint, card = told(
        html,
        """
        const press = "button, a, summary, [role=button], [role=img], svg[role]";
        const bare = [...document.querySelectorAll(press)].filter((one) =>
          !(one.textContent.trim() || one.getAttribute("aria-label")));
        const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
        const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        const light = (colour) => {
          const [r, g, b] = colour.map((v) => linear(v / 255));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const card = rgb(getComputedStyle(document.querySelector(".card")).backgroundColor);
        const ratio = (a, b) => {
          const both = [light(a), light(b)];
          return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
        };
        const drawn = [...document.querySelectorAll(".seen, .trained, .step, .budget, .dot")];
        const faint = drawn.map((one) => {
          const style = getComputedStyle(one);
          const outlined = one.matches("line, .step, .searched, .aside .dot");
          const ink = rgb(outlined ? style.stroke : style.fill);
          const opacity = Number(one.getAttribute("opacity") ?? 1);
          const mixed = ink.map((v, k) => v * opacity + card[k] * (1 - opacity));
          return [one.getAttribute("class"), ratio(mixed, card)];
        }).filter((one) => one[1] < 3);
        return [bare.map((one) => one.outerHTML.slice(0, 90)), faint, card];
        """,
        tmp_path,
        dark=dark,
    )
    assert (nameless, faint) == ([], [])
    assert (sum(card) < 300) == dark
