"""The command line in Chinese, and in English wherever nobody asked for that."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from nasea.cli.init import project_files
from nasea.cli.terminal.wording import table_in_words
from nasea.errors import Notice
from nasea.pipeline.session.events import Listener, Progress
from nasea.results.front import Front

from .conftest import Pretend, Run

HAN = re.compile(r"[\u4e00-\u9fff]")
VERBS = (
    "init", "check", "search", "show", "compare", "retrain", "export", "fidelity", "doctor",
    "schema",
)  # fmt: skip
LATENCY = ("build", "bench", "run", "import", "measure", "list")


@pytest.fixture
def misspelt(tmp_path: Path) -> Path:
    """A scenario with one misspelt key."""
    path = tmp_path / "scen.yaml"
    text = project_files("pytorch", "classification")["scen.yaml"].decode()
    path.write_text(text.replace("batch_size: 64", "batch_sise: 64"), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def back_to_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--lang`` sets the variable of this process."""
    monkeypatch.setenv("NASEA_LANG", "en")


def nasea(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, with no language but that of ``environ``."""
    plain = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "PYTHONPATH")}
    return subprocess.run(
        [sys.executable, "-m", "nasea", *words],
        capture_output=True,
        env={**plain, **environ},
        check=False,
        encoding="utf-8",
        errors="surrogateescape",
    )


def test_a_misspelt_key(run: Run, misspelt: Path) -> None:
    done = run("--lang", "zh", "check", "-c", str(misspelt), "--only-config")
    assert done.status == 2
    lines = done.err.splitlines()
    assert lines[0] == "错误：场景文件中有 1 个错误："
    assert any(line.endswith("strategy.batch_sise: 未知的配置项") for line in lines)
    assert "    解决办法：是不是想写 'batch_size'？" in lines
    assert done.out == ""


def test_the_language_of_the_locale(misspelt: Path) -> None:
    words = ("check", "-c", str(misspelt), "--only-config")
    done = nasea(*words, LANG="zh_CN.UTF-8")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "错误：场景文件中有 1 个错误：")
    english = nasea(*words)
    assert english.stderr.splitlines()[0] == "error: 1 error in the scenario:"
    for other in ({"LC_ALL": "C"}, {"LANG": "C"}, {"NASEA_LANG": "en", "LANG": "zh_CN.UTF-8"}):
        assert nasea(*words, **other).stderr == english.stderr
    ascii_only = nasea(*words, NASEA_LANG="zh", PYTHONIOENCODING="ascii")
    assert (ascii_only.returncode, ascii_only.stderr) == (2, english.stderr)


@pytest.mark.parametrize(
    "words", [(), *((one,) for one in VERBS), *(("latency", x) for x in LATENCY)]
)
def test_help_is_chinese(run: Run, words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    english = run(*words, "--help")
    monkeypatch.setenv("COLUMNS", "80")
    done = run("--lang", "zh", *words, "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"用法：{' '.join(['nasea', *words])} [OPTIONS]")
    named = r"^  (-[\w-]+|[a-z]{4,8})\b"
    for name in re.findall(named, english.out, re.MULTILINE):
        if name.startswith("-") or not words:
            assert name in done.out
    for paragraph in re.split(r"\n\s*\n", done.out):
        assert HAN.search(paragraph), paragraph
    left = re.sub(r"\S*[_./`-]\S*|[A-Z]\S*", "", done.out)
    assert not re.search(r"\b(the|of|with|default|and)\b", left), left


def test_no_words_are_a_question_for_help(run: Run) -> None:
    done = run("--lang", "zh")
    assert (done.status, done.out) == (run().status, "")
    assert done.err == run("--lang", "zh", "--help").out
    assert "错误" not in run("--lang", "zh", "latency").err


def test_lang_may_stand_anywhere(run: Run) -> None:
    first = run("--lang", "zh", "search", "--help").out
    os.environ["NASEA_LANG"] = "en"
    assert run("search", "--help", "--lang=zh").out == first
    os.environ["NASEA_LANG"] = "en"
    assert run("search", "--lang", "zh", "--help").out == first


def test_another_language_is_refused(run: Run) -> None:
    done = run("--lang", "fr", "check")
    assert done.status == 2
    assert "'fr' is neither en nor zh" in done.err


@pytest.mark.parametrize(
    "words, expected",
    [
        (("serch",), "没有命令 'serch'"),
        (("check", "--targe", "x"), "没有选项 --targe"),
        (("retrain", "--arch", "x"), "'--arch' 的值无效"),
        (("init", "a", "b"), "多出的参数：b"),
        (("retrain", "--arch"), "'--arch' 需要一个值"),
    ],
)
def test_errors_of_usage(run: Run, words: Sequence[str], expected: str) -> None:
    done = run("--lang", "zh", *words)
    assert done.status == 2
    assert expected in done.err.splitlines()[-1]


def test_narration(run: Run, pretend: Pretend) -> None:
    class Report:
        lines = (("budget", "100 k parameters"), ("time: scoring", "about 2 min"))
        layers = (("0", "16x8x8", "32x4x4", "2", "skip"),)
        notices = ()
        coverage = ()

    def check(config: Path, *, targets: Sequence[str], listener: Listener) -> Report:
        listener.begin("train", "training the supernet, 3 epochs")
        listener.notice(Notice("resource", "no CUDA device: running on the CPU"))
        listener.line("epoch 1/3: loss 0.7120, 312 images/s")
        return Report()

    pretend("nasea.pipeline.diagnosis.check", "check", check)
    done = run("--lang", "zh", "check")
    assert done.err.splitlines() == [
        "== 训练超网，3 轮",
        "提示：resource: 没有 CUDA 设备：在 CPU 上运行",
        "第 1/3 轮：损失 0.7120，312 张/秒",
    ]
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[:2] == ["约束        100 k 个参数", "用时：打分  约 2 分钟"]
    assert [line.split() for line in lines[3:4]] == [["层", "输入", "输出", "步长", "候选块"]]
    assert lines[-1] == "scen.yaml：可以开始搜索"


def test_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    from nasea.cli.terminal.progress import in_a_line

    progress = Progress("train", 3, 20, "update", 60, {"loss": "0.41"}, run_seconds_left=65)
    assert in_a_line(progress) == "train: 3/20 updates, 0:01:05 left, loss 0.41"
    monkeypatch.setenv("NASEA_LANG", "zh")
    assert in_a_line(progress) == "训练: 3/20 次更新, 还剩 0:01:05, 损失 0.41"


def test_columns_of_tables_stay_aligned(
    front: Front, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nasea.translation.folding import width

    (tmp_path / "front.json").write_text(json.dumps(front.to_dict()), encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "120")
    done = run("--lang", "zh", "show", str(tmp_path))
    assert done.status == 0
    header = next(line for line in done.out.splitlines() if "精度" in line)
    row = done.out.splitlines()[done.out.splitlines().index(header) + 2]
    end = width(header[: header.index("精度") + 2])
    assert row[:end].rstrip() == row[:end]  # the accuracy ends below the end of its title
    monkeypatch.setenv("COLUMNS", "40")
    narrow = run("--lang", "zh", "show", str(tmp_path))
    assert all(width(line) <= 40 for line in narrow.out.splitlines())


def test_json_and_exceptions_stay_english(
    run: Run, front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nasea.errors import NaseaError

    (tmp_path / "front.json").write_text(json.dumps(front.to_dict()), encoding="utf-8")
    assert (
        run("--lang", "zh", "show", str(tmp_path), "--json").out
        == run("--lang", "en", "show", str(tmp_path), "--json").out
    )
    monkeypatch.setenv("NASEA_LANG", "zh")
    assert str(NaseaError("the front is empty", fix="leave it out")).endswith("fix: leave it out")
    assert HAN.search(run("schema").out) is None


def test_cells_keep_their_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASEA_LANG", "zh")
    table = Table()
    table.add_column("part", footer="whole network")
    table.add_column("runs")
    table.add_row(Text("block family", "bold"), "not run")
    shown = table_in_words(table)
    assert [column.header for column in shown.columns] == ["部分", "能运行"]
    [cell] = shown.columns[0].cells
    assert isinstance(cell, Text) and (cell.plain, cell.style) == ("候选块系列", "bold")
    assert shown.columns[0].footer == "整个网络"
