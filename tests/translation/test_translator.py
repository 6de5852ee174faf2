"""Finished English text becomes the Chinese text with the same values."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.translation.catalogue import Entry, read_catalogue
from nasea.translation.templates import PLACEHOLDER, Template
from nasea.translation.translator import Translator

ENTRIES = [one for one in read_catalogue("zh_CN") if one.context in ("", "text")]
CHINESE = Translator(read_catalogue("zh_CN"))
CLEAR = [
    Template(one.source, one.target)
    for one in ENTRIES
    if PLACEHOLDER.search(one.source) and "}{" not in one.source and one.target != one.source
]
"""Templates whose values can be told from each other: not ``{one}{other}``."""

VALUES = st.from_regex(r"[A-Z]{2}[0-9]{1,4}", fullmatch=True)
"""Names that are no words."""


def rendered(template: Template, values: list[str]) -> tuple[str, str]:
    """The finished text in English and in Chinese."""
    if template.is_weak:  # "{done} of {total}" takes quantities only
        values = [re.sub("[A-Z]", "", value) for value in values]
    named = dict(zip(template.names, values, strict=False))
    named.update({name: "s" for name in template.endings})
    fill = lambda text: PLACEHOLDER.sub(lambda place: named[place[1]], text)  # noqa: E731
    return fill(template.source), fill(template.target)


@pytest.mark.parametrize("start", range(0, 100))
def test_every_template_is_recognised(start: int) -> None:
    for template in CLEAR[start::100]:
        english, chinese = rendered(template, [f"QX{k}7" for k in range(len(template.names))])
        assert CHINESE.text(english) == chinese, template


@given(template=st.sampled_from(CLEAR), values=st.lists(VALUES, min_size=12, max_size=12))
def test_values_come_through(template: Template, values: list[str]) -> None:
    english, chinese = rendered(template, values)
    assert CHINESE.text(english) == chinese


def test_messages_without_values() -> None:
    for one in ENTRIES:
        if not PLACEHOLDER.search(one.source):
            assert CHINESE.text(one.source) == one.target


@pytest.mark.parametrize(
    "english, chinese",
    [
        (
            "strategy.constraint: cheapest architecture: 2.31 M parameters; budget 1.00 M "
            "parameters: not satisfiable (PreNet and PostNet alone: 0.5 M parameters)",
            "strategy.constraint：最便宜的结构：2.31 M 个参数；约束 1.00 M 个参数：无法满足"
            "（仅 PreNet 和 PostNet：0.5 M 个参数）",
        ),
        (
            "peak 0.52 GiB in this process, after a batch through every candidate and the most "
            "expensive network",
            "本进程峰值 0.52 GiB，让一个 batch 经过每个候选块和代价最高的网络之后",
        ),
        (
            "18 s, 16%: 6 architectures before and after training",
            "18 s，16%: 训练前后各 6 个结构",
        ),
        (
            "generation 1/3: 6 scored and 2 of the front again, front of 3 (1 k parameters to "
            "3.55 k parameters), best accuracy 0.4444, hypervolume 0.1454",
            "第 1/3 代：打分 6 个，另有 2 个前沿成员再次打分，前沿 3 个"
            "（1 k 个参数到 3.55 k 个参数），最高精度 0.4444，超体积 0.1454",
        ),
        (
            "retraining: 30 epochs from scratch, taught by architecture 3, rounded to int8, "
            "learning rate 0.005",
            "重训练：30 轮，从头训练，教师网络为结构 3，舍入为 int8，学习率 0.005",
        ),
        (
            "expected from here: about 2 min (training 2.4 s, separation check 2 min, search of at "
            "most 12 19 s, results 9.3 s)",
            "从现在起预计约 2 分钟"
            "（训练 2.4 s，区分度检查 2 分钟，最多 12 次打分的搜索 19 s，结果 9.3 s）",
        ),
        (
            "epoch 3/40: loss 1.2345, accuracy 0.8123, kept",
            "第 3/40 轮：损失 1.2345，精度 0.8123，保留",
        ),
        (
            "best searched, taught by a larger network: 0.7012 ± 0.0040, 1.2 points ahead; within "
            "chance of 3 seeds",
            "搜索得到的最好网络，由更大的网络做教师：0.7012 ± 0.0040，领先 1.2 个百分点；"
            "未超出 3 个种子的随机波动",
        ),
        (
            "after epoch 5: architecture 1 0.6000, architecture 2 failed",
            "第 5 轮之后：结构 1 0.6000，结构 2 失败",
        ),
        (
            "architecture 1 of near_9k_size, taught",
            "结构 1，来自 near_9k_size，有教师",
        ),
        (
            "predictor used: rank correlation with left-out scores 0.95, of cost alone 0.46; "
            "0.59 s",
            "预测器已使用：与未用于拟合的得分的秩相关 0.95，只看代价为 0.46；0.59 s",
        ),
        (
            "framework TensorFlow 2.21.0, Keras 2.21.0, device CPU, threads all; 16 training "
            "images, 6 validation images; 252 architectures",
            "框架 TensorFlow 2.21.0，Keras 2.21.0，设备 CPU，线程：全部；16 张训练图像，"
            "6 张验证图像；252 个结构",
        ),
        (
            "before training: accuracy 0.3100, kept",
            "训练之前：精度 0.3100，保留",
        ),
        (
            "user_module.py does not have the expected interface:\n  class PreNet is missing",
            "user_module.py 的接口不符合要求：\n  缺少类 PreNet",
        ),
        (
            "cannot read p/front.json: No such file or directory",
            "无法读取 p/front.json：没有那个文件或目录",
        ),
    ],
)
def test_messages_in_messages(english: str, chinese: str) -> None:
    assert CHINESE.text(english) == chinese


def test_the_user_s_own_code_stays_as_it_is() -> None:
    trace = (
        '  File "user_module.py", line 3, in loss\n    raise ValueError("leave it out")\nValueError'
    )
    text = f"your code failed in UserModule.loss_func(labels, logits):\n{trace}"
    assert CHINESE.text(text).split("\n", 1)[1] == trace


@pytest.mark.parametrize(
    "text",
    [
        "out of memory; the batch is too large",
        "my accuracy is low, the learning rate is too high",
        "RuntimeError: epoch 3, loss 0.5",
        "torch.cuda.OutOfMemoryError: out of memory",
        "model failed: give another number",
        "going on from epoch 2, update 0 of it",
        "at the image, file data/train/7/0610.jpg",
    ],
)
def test_a_sentence_of_somebody_else_is_not_half_translated(text: str) -> None:
    assert CHINESE.text(text) == text


def test_an_exception_of_the_user_stays_in_a_message_that_is_translated() -> None:
    text = "the schedule ends at update 85 of 88, before the training does: ValueError: epoch 3, x"
    chinese = CHINESE.text(
        f"user_module.py: the schedule that scheduler_define returns {text[13:]}"
    )
    assert chinese.endswith("ValueError: epoch 3, x") and "85" in chinese
    assert re.search(r"[\u4e00-\u9fff]", chinese)


@pytest.mark.parametrize(
    "text",
    ["", "resnet18", "/tmp/my data/of images", "12.5", "Exception: something of a library", "中文"],
)
def test_unknown_text_passes(text: str) -> None:
    assert CHINESE.text(text) == text


@given(st.text(max_size=200))
def test_any_text_passes_without_failing(text: str) -> None:
    CHINESE.text(text)
    CHINESE.label(text)


def test_the_most_specific_template_wins() -> None:
    found = Translator(
        [Entry("{a} is in {b}", "{b}有{a}"), Entry("{a} is not in {b}", "{b}没有{a}")]
    )
    assert found.text("rest is not in peace") == "peace没有rest"
    assert found.text("X1 is in X2") == "X2有X1"
