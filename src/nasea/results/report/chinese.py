"""The Chinese texts of the report, by the English ones; terms as in ``docs/concepts.zh.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CHINESE: Final[Mapping[str, str]] = {
    # names
    "image classification": "图像分类",
    "object detection": "目标检测",
    "semantic segmentation": "语义分割",
    "parameters": "参数量",
    "{cost} parameters": "{cost} 参数",
    "{cost} FLOPs": "{cost} FLOPs",
    "FLOPs": "FLOPs",
    "latency": "时延",
    "accuracy": "精度",
    "int8 accuracy": "int8 精度",
    "float accuracy": "浮点精度",
    "metric": "评价指标",
    "metric in the search": "搜索时的评价指标",
    "measured": "实测",
    "genome": "基因编码",
    "measured here (ms)": "本机实测 (ms)",
    "in the search": "搜索时",
    "network": "网络",
    "seconds": "秒",
    "layer": "层",
    "block": "候选块",
    "channels": "通道",
    "stride": "步长",
    "output": "输出",
    "PreNet and PostNet": "PreNet 与 PostNet",
    "whole network": "整个网络",
    "generation": "代",
    "hypervolume": "超体积",
    "epoch": "轮",
    "loss": "损失",
    # head
    "{count} architectures within {limit}": "{count} 个网络满足约束：{limit}",
    "1 architecture within {limit}": "1 个网络满足约束：{limit}",
    "Unfinished: ": "未完成：",
    "Headline numbers": "主要数字",
    "best {accuracy}": "最高{accuracy}",
    "architecture {number}, {cost}": "网络 {number}，{cost}",
    "budget": "约束",
    "truly scored": "实际打分",
    "architectures, {failed} failed": "个结构，其中 {failed} 个失败",
    "after {count} generations": "{count} 代之后",
    "after 1 generation": "1 代之后",
    "separation ratio": "区分度",
    "clear: scores tell architectures apart": "足够：得分能区分结构",
    "below {enough}: much of the order is chance": "低于 {enough}：次序多半是偶然的",
    "The search is not finished: {state}. Accuracies are those of the search, with weights "
    "inherited from the supernet, {images}. They are measured again, and models with weights are "
    "written, when the search ends.": "搜索尚未完成：{state}。精度是搜索时的得分，"
    "使用从超网继承的权重，{images}。搜索结束时会重新测量，并写出模型和权重文件。",
    "generation {done} of at most {all}": "第 {done} 代，最多 {all} 代",
    "generation {done} of at most {all}, {begun} scored of the next": "第 {done} 代，"
    "最多 {all} 代，下一代已打分 {begun} 个",
    "on {scored} of {all} validation images": "在 {all} 张验证图像中的 {scored} 张上测得",
    "on all {all} validation images": "在全部 {all} 张验证图像上测得",
    "on the images of the search": "在搜索所用的图像上测得",
    # the front
    "The front": "帕累托前沿",
    "Cost on the axis": "横轴的代价",
    "Front": "前沿",
    "All scored": "全部打分结构",
    "With hand picks": "含人工设计网络",
    "Zoom in": "放大",
    "Zoom out": "缩小",
    "View": "视图",
    "Click a point to see its architecture; drag a box to zoom, double-click to reset. Arrow keys "
    "step through the front.": "点击一个点查看该网络；拖出一个框放大，双击复原。方向键逐个选择。",
    "Several costs were traded: choose the one to see above. Open points are beaten in it, and on "
    "the front for another.": "搜索权衡了几种代价：在上方选择要看的一种。"
    "空心点在该代价上不占优，但在另一种代价上属于前沿。",
    "The charts and drawings need JavaScript; the tables do not.": "图需要 JavaScript，"
    "表格不需要。",
    "member of the front": "前沿上的网络",
    "a cheaper one is as accurate": "被更便宜的网络支配",
    "scored in the search, later ones darker": "搜索中打过分的结构，越晚越深",
    "hand pick, trained alone": "人工设计网络，单独训练",
    "searched, trained alone": "搜索得到的网络，单独训练",
    "Scored, by widths:": "打过分的结构，按主干宽度：",
    "{title} (higher is better)": "{title}（越高越好）",
    "{y} over {x}": "{y} 与 {x}",
    "budget {cost}": "约束 {cost}",
    "Architecture {number}": "网络 {number}",
    "{name}: {accuracy}, trained alone for {epochs} epochs, seeds: {seeds}, on {images}": "{name}："
    "{accuracy}，单独训练 {epochs} 轮，随机种子 {seeds} 个，在 {images} 上测得",
    # table
    "Architectures": "网络列表",
    "accuracy: {where}.": "精度：{where}。",
    "in the search: the score that found the member, {where}, with weights inherited from the "
    "supernet.": "搜索时：选出该网络时的得分，{where}，使用从超网继承的权重。",
    "† A cheaper member is at least as accurate. The front was found with the scores of the "
    "search; measured {where}, the order can change.": "† 有更便宜且精度不更低的成员。"
    "前沿是按搜索时的得分选出的；{where}之后，次序可能改变。",
    "† A cheaper member is at least as accurate; this one is on the front for another cost, or the "
    "final scores changed the order.": "† 有更便宜且精度不更低的成员；"
    "它因另一种代价而属于前沿，或者最终得分改变了次序。",
    "dominated": "被支配",
    # choice
    "Which one to take?": "选哪个？",
    "most accurate within the budget": "约束之内精度最高",
    "knee: beyond it accuracy costs more": "拐点：过了它，提高精度的代价更大",
    "cheapest": "代价最小",
    "There is no knee: accuracy rises evenly with cost, or in too few steps.": "没有拐点："
    "精度随代价均匀上升，或者台阶太少。",
    "Train it in full, and export it:": "充分训练并导出：",
    "Export it with the weights of the search:": "用搜索得到的权重直接导出：",
    "Compare with networks picked by hand, at the same cost and epochs:": "与同等代价、"
    "同样轮数的人工设计网络比较：",
    "Continue the search:": "继续搜索：",
    "End it here, and write models with weights:": "就此结束，写出模型和权重：",
    "Copy": "复制",
    "Copied": "已复制",
    "Scores are those of the supernet; what counts is the network trained in full. A score of the "
    "search is good to ±{noise}: smaller differences mean nothing.": "这里是超网上的得分，"
    "最终要看充分训练后的网络。搜索时的得分误差约为 ±{noise}，更小的差别没有意义。",
    "Scores are those of the supernet; what counts is the network trained in full.": "这里是"
    "超网上的得分，最终要看充分训练后的网络。",
    # one architecture
    "Files in results/: ": "results/ 中的文件：",
    "The network as a chain of blocks": "网络中各候选块的连接",
    "↓2 halves the resolution": "↓2 表示分辨率减半",
    "{from} → {to} channels": "{from} → {to} 通道",
    "Architectures, layer by layer": "各网络的逐层代价",
    "Architecture {number}: {accuracy}, {cost}": "网络 {number}：{accuracy}，{cost}",
    # sections
    "Predictions on validation images": "验证图像上的预测示例",
    "Of up to 24 validation images, those on which the cheapest and the most accurate network "
    "differ most.": "从至多 24 张验证图像中，选出代价最小与精度最高的网络分歧最大的几张。",
    "Validation images, truth beside what architecture {number} finds": "验证图像：真实标注"
    "与网络 {number} 的结果并列",
    "architecture {number}: {accuracy} {value}, {cost}": "网络 {number}：{accuracy} {value}，"
    "{cost}",
    "Searched and picked by hand, at {cost}": "搜索得到的与人工设计的网络，代价 {cost}",
    "Hypervolume by generation": "每一代的超体积",
    "hypervolume (higher is better)": "超体积（越高越好）",
    "Shown from two generations on.": "两代之后显示。",
    "Generation {number}": "第 {number} 代",
    "hypervolume {value}": "超体积 {value}",
    "Training of the supernet": "超网的训练",
    "training loss (mean of an epoch)": "训练损失（每轮平均）",
    "Epoch {number}": "第 {number} 轮",
    "loss {value}": "损失 {value}",
    "Shown from two epochs on.": "两轮之后显示。",
    "As a table": "数据表",
    "What was searched, and how to repeat it": "搜索了什么，如何复现",
    "epochs of each: {epochs}, seeds: {seeds}, the last epoch's weights; mean ± 95 % interval on "
    "{images}.": "各训练 {epochs} 轮，随机种子 {seeds} 个，取最后一轮的权重；"
    "在 {images} 上的均值 ± 95 % 区间。",
    " The search chose its results on the same images; nothing chose the hand picks.": "搜索用"
    "同样的图像挑选结果；人工设计网络没有经过挑选。",
    " Nothing was chosen on these images.": "没有用这些图像做过任何挑选。",
    "not there": "缺少的网络",
    # facts
    "task": "任务",
    "framework": "框架",
    "constraint": "约束",
    "at most {cost}, whole network": "整个网络不超过 {cost}",
    "and": "并且",
    "at most {cost}": "不超过 {cost}",
    "also kept small": "同时减小",
    "the metric": "评价指标",
    "larger is better; metric_mode {mode}": "越大越好；metric_mode {mode}",
    "smaller is better (an error); metric_mode {mode}": "越小越好（误差）；metric_mode {mode}",
    "scored as": "打分方式",
    "int8: accuracies are those of the files in int8, whose rounding is imitated, with ranges from "
    "training images": "int8：精度是 int8 文件的精度，模拟其取整，激活范围来自训练图像",
    "accuracies": "精度",
    "of members of the front: {where}": "前沿成员：{where}",
    "grey points": "灰点",
    "scores of the search, {where}": "搜索时的得分，{where}",
    "searched layers": "搜索的层数",
    "proposed by": "候选来自",
    "evaluations": "打分次数",
    "{count} in {generations} generations": "{generations} 代，共 {count} 次",
    "{count} in {generations} generations, and {again} more of members of the front, on other "
    "images": "{generations} 代，共 {count} 次；另在其他图像上对前沿成员再打分 {again} 次",
    "separation": "区分度",
    "the variance between random architectures is {ratio} times that of one architecture's scores; "
    "{enough} or more is clear": "随机结构之间的方差是同一结构得分方差的 {ratio} 倍；"
    "不低于 {enough} 为足够",
    "scores did not vary": "得分没有波动",
    "noise of a score": "得分的噪声",
    "ended because": "结束原因",
    "seed": "随机种子",
    "scenario digest": "场景摘要",
    "nasea": "nasea",
    "written": "写于",
    "to repeat": "复现方法",
    "the same scenario, data and seed with this version of nasea; on a CPU with fixed threads the "
    "front comes out equal": "同样的场景、数据和随机种子，同一版本的 nasea；"
    "在固定线程数的 CPU 上得到相同的前沿",
    "{count} failed candidates": "{count} 个失败的候选",
}
"""English text, with fields in braces -> Chinese text with the same fields."""
