"""How a wrong scenario is refused: everything at once, each with line, rule, find and fix."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nasea.config import load_scenario
from nasea.errors import ConfigError, Problem

from .builders import Refusals, line_of, optimizer, segmentation, set_keys, tensorflow


def one(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_all_errors_are_told_at_once_in_the_order_of_the_file(
    refusals: Refusals, minimal: str
) -> None:
    text = (
        minimal.replace("batch_size: 64", 'batch_size: "64"')
        .replace("epochs: 10", "epohcs: 10")
        .replace("constraint_type: size", "constraint_type: sizes")
        .replace("constraint_value: 2.5e6", "constraint_value: -1")
        .replace("      val_dir: /data/val\n", "")
        .replace("gpu_id: 0", "gpu_id: [0, -1, 0]")
    )
    text = set_keys(text, "supernet", "strides: [1, 3, x]", "pop_size: 5")
    problems = refusals(text)
    assert [(line_of(problem.where), problem.key) for problem in problems] == [
        (5, "strategy.batch_size"),
        (6, "strategy.epohcs"),
        (9, "constraint.constraint_type"),
        (10, "constraint.constraint_value"),
        (12, "supernet.strides[1]"),
        (12, "supernet.strides[2]"),
        (13, "supernet.pop_size"),
        (14, "dataset.val_dir"),
        (18, "resource.gpu_id[1]"),
    ]
    assert [problem.found for problem in problems] == [
        '"64"', None, "sizes", "-1", "3", "x", None, None, "-1",
    ]  # fmt: skip
    assert [problem.fix for problem in problems] == [
        "remove the quotes",
        "did you mean 'epochs'?",
        "did you mean 'size'?",
        None,
        None,
        None,
        "belongs under strategy.searcher",
        "give a path",
        None,
    ]


@pytest.mark.parametrize(
    ("old", "new", "rule", "fix"),
    [
        ("batch_size: 64", "batch_size: 64.0", "must be an integer > 0", "write 64"),
        ("batch_size: 64", "batch_size: true", "must be an integer > 0", None),
        ("batch_size: 64", "batch_size: 0", "must be an integer > 0", None),
        ("batch_size: 64", "batch_size: 010", "must be an integer > 0", "write 10"),
        (
            "batch_size: 64",
            "batch_size:",
            "must be an integer > 0",
            "give a value, or remove the key",
        ),
        ("batch_size: 64", "batch_size: [64]", "must be an integer > 0", None),
        ("batch_size: 64", "batch_size: {a: 1}", "must be an integer > 0", None),
        ("batch_size: 64", f"batch_size: {'9' * 5000}", "must be an integer > 0", None),
        ("name: NASEA", "name: NAS", "must be NASEA", "did you mean 'NASEA'?"),
        ("PyTorch", "Pytroch", "must be TensorFlow or PyTorch", "did you mean 'PyTorch'?"),
        ("PyTorch", "jax", "must be TensorFlow or PyTorch", None),
        ("2.5e6", ".nan", "must be a number > 0", "write it as 2500000, 2.5M or 2.5e6"),
        ("2.5e6", ".inf", "must be a number > 0", "write it as 2500000, 2.5M or 2.5e6"),
        ("2.5e6", "1e999", "must be a number > 0", None),
        ("epochs: 10", 'epochs: "10"', "must be an integer > 0", "remove the quotes"),
        ("2.5e6", "yes", "must be a number > 0", "write it as 2500000, 2.5M or 2.5e6"),
        ("/data/val", "", "must be a path", None),
        ("/data/val", '""', "must be a path", None),
        ("/data/val", "2012", "must be a path", 'write "2012"'),
        ("gpu_id: 0", "gpu_id: 0;1", "must be one device id or several: 0, 0,1 or [0, 1]", None),
        ("gpu_id: 0", "gpu_id: []", "must be one device id or several: 0, 0,1 or [0, 1]", None),
        ("gpu_id: 0", "gpu_id: -1", "must be one device id or several: 0, 0,1 or [0, 1]", None),
        ("gpu_id: 0", "gpu_id: 0,1,1", "must not name device 1 twice", None),
        ("image_class", "image class", None, "did you mean 'image_classification'?"),
        ("image_classification", "classification", None, "did you mean 'image_classification'?"),
        ("pytorch_standalone", "tensorflow_standalone", None, "write pytorch_standalone"),
    ],
)
def test_a_wrong_value_names_the_rule_and_the_fix(
    refusals: Refusals, minimal: str, old: str, new: str, rule: str | None, fix: str | None
) -> None:
    problem = one(refusals(minimal.replace(old, new)))
    assert rule is None or problem.rule == rule
    if fix is not None:
        assert problem.fix == fix


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("filters: 64", "supernet.filters", "a list of integers > 0"),
        ("filters: []", "supernet.filters", "a list of integers > 0"),
        ("strides: [1]\n      filters: [64, 64]", "supernet.strides", "as many items as filters"),
        ("strides: [1, 1]", "supernet.strides", "as many items as filters"),
        ("input_shape: [3, 224]", "supernet.input_shape", "3 integers > 0"),
        ("input_shape: [3, 224, 224, 1]", "supernet.input_shape", "3 integers > 0"),
        ("input_shape: [3, 224.5, 224]", "supernet.input_shape[1]", "an integer > 0"),
        ("input_shape: (224, 224, 3)", "supernet.input_shape", "(224, 224, 3) is channels_last"),
        ("data_format: channels_last", "supernet.data_format", "channels_first with PyTorch"),
        ("data_format: chanels_first", "supernet.data_format", "channels_first or channels_last"),
        ("blocks: []", "supernet.blocks", "a list of names"),
        ("blocks: [1]", "supernet.blocks[0]", "a name"),
        ("sharing: shared", "supernet.sharing", "entangled or independent"),
        ("paths_per_update: 0", "supernet.paths_per_update", "an integer > 0"),
    ],
)
def test_a_wrong_search_space_is_refused(
    refusals: Refusals, minimal: str, line: str, key: str, words: str
) -> None:
    problem = one(refusals(set_keys(minimal, "supernet", line)))
    assert problem.key == key
    assert words in problem.rule
    assert line_of(problem.where) == 12


def test_filters_and_strides_must_agree(refusals: Refusals, minimal: str) -> None:
    problem = one(refusals(set_keys(minimal, "supernet", "filters: [8, 8]", "strides: [1]")))
    assert (problem.key, line_of(problem.where)) == ("supernet.strides", 13)


def test_a_shape_that_contradicts_the_format_comes_with_the_right_one(
    refusals: Refusals, minimal: str
) -> None:
    torch = one(refusals(set_keys(minimal, "supernet", "input_shape: [480, 640, 3]")))
    assert torch.fix == "write [3, 480, 640]"
    keras = one(refusals(set_keys(tensorflow(minimal), "supernet", "input_shape: [3, 480, 640]")))
    assert keras.fix == "write [480, 640, 3]"
    assert "(3, 480, 640) is channels_first" in keras.rule


def test_a_feature_must_be_a_searched_layer(refusals: Refusals, minimal: str) -> None:
    problem = one(refusals(set_keys(segmentation(minimal), "supernet", "feature_choose: [4, 8]")))
    assert (problem.key, problem.found) == ("supernet.feature_choose[1]", "8")
    assert "from 0 to 7" in problem.rule


def test_dense_tasks_need_pre_training(refusals: Refusals, minimal: str) -> None:
    text = minimal.replace("image_classification", "object_detection")
    problem = one(refusals(text))
    assert problem.key == "dataset.pre_train_dir"
    assert "detection" in problem.rule
    assert line_of(problem.where) == 11


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("type: Momentum", "SGD or Adam with PyTorch"),
        ("type: AdamW", "SGD, Momentum or Adam"),
        ("learning_rate: 1", "between 0 and 1"),
        ("learning_rate: 0", "between 0 and 1"),
        ("betas: [0.9]", "2 numbers"),
        ("betas: [0.9, 1.0]", "between 0 and 1"),
    ],
)
def test_a_wrong_optimizer_is_refused(
    refusals: Refusals, minimal: str, line: str, words: str
) -> None:
    assert words in one(refusals(optimizer(minimal, line))).rule


def test_tensorflow_does_not_synchronise_normalisation(refusals: Refusals, minimal: str) -> None:
    asked = minimal.replace("gpu_id: 0", "gpu_id: 0,1\n    batch_norm: synchronised")
    text = asked.replace("PyTorch", "TensorFlow").replace("pytorch_", "tensorflow_")
    problem = one(refusals(text))
    assert problem.key == "resource.batch_norm"
    assert problem.rule.startswith("must be per_device with TensorFlow")
    assert problem.fix is not None and "per_device" in problem.fix


@pytest.mark.parametrize(
    ("section", "line", "fix"),
    [
        ("searcher", "popsize: 4", "did you mean 'pop_size'?"),
        ("searcher", "epochs: 4", "belongs under strategy"),
        ("searcher", "learningrate: 0.1", "did you mean 'learning_rate', under"),
        ("supernet", "zzz: 4", "known here: input_shape, "),
        ("dataset", "name: x", "belongs under strategy or resource"),
    ],
)
def test_an_unknown_key_is_led_home(
    refusals: Refusals, minimal: str, section: str, line: str, fix: str
) -> None:
    problems = refusals(set_keys(minimal, section, line))
    assert any((problem.fix or "").startswith(fix) for problem in problems)


def test_a_key_given_twice_is_refused(refusals: Refusals, minimal: str) -> None:
    problem = one(refusals(minimal.replace("    epochs: 10\n", "    epochs: 10\n    Epochs: 9\n")))
    assert problem.key == "strategy.epochs"
    assert problem.rule == "given twice, first in line 6"


def test_resource_may_not_stand_in_both_places(refusals: Refusals, minimal: str) -> None:
    text = set_keys(minimal, "resource", "name: pytorch_standalone", "gpu_id: 0")
    assert "given twice" in one(refusals(text)).rule


def test_a_missing_section_reports_its_required_keys_at_the_parent(
    refusals: Refusals, minimal: str
) -> None:
    section = minimal[minimal.index("    dataset:") : minimal.index("  resource:")]
    problems = refusals(minimal.replace(section, ""))
    assert {problem.key for problem in problems} == {"dataset.train_dir", "dataset.val_dir"}
    assert {line_of(problem.where) for problem in problems} == {2}


def test_a_section_must_hold_keys(refusals: Refusals, minimal: str) -> None:
    text = minimal.replace("      train_dir: /data/train\n      val_dir: /data/val\n", "")
    problem = one(refusals(text.replace("    dataset:\n", "    dataset: /data\n")))
    assert (problem.key, problem.found) == ("strategy.dataset", "/data")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("---\n", "scenario"),
        ("- a\n- b\n", "must contain the section 'scenario:'"),
        ("text", "must contain the section 'scenario:'"),
        ("scenario: 5", "must be a section"),
        ("scenario: &a [*a]", "refers to nothing before it"),
        ("a: *b", "refers to nothing before it"),
        ("a: b: c", "column 5"),
        ("a: 'b", "not valid YAML"),
        ("a: \x01", "control character"),
        ("a: 1\n---\nb: 2\n", "one YAML document"),
        ("? [a]\n: b", "single word"),
        ("a: !!python/object/apply:os.system [ls]", "tags"),
        ("a: !x b", "tags"),
        ("%YAML 1.0\n---\na: b", "not valid YAML"),
        ("[" * 5000, "levels deep"),
        ("a: {" * 5000, "levels deep"),
    ],
)
def test_what_is_no_scenario_at_all_is_one_clear_problem(
    refusals: Refusals, text: str, words: str
) -> None:
    assert words in str(one(refusals(text)))


def test_keys_outside_the_scenario_are_led_into_it(refusals: Refusals, minimal: str) -> None:
    problems = refusals(minimal.replace("scenario:\n  strategy", "strategy:\n  strategy", 1))
    assert problems[0].fix == "put it under 'scenario:'"


def test_a_missing_space_after_a_colon_is_pointed_at(refusals: Refusals, minimal: str) -> None:
    problem = one(refusals(minimal.replace("epochs: 10", "epochs:10")))
    assert problem.fix == "put a space after 'epochs:' in line 6"


def test_references_do_not_explode(refusals: Refusals) -> None:
    bomb = "a0: &a0 [1, 1]\n" + "".join(
        f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 200)
    )
    assert len(refusals(bomb)) == 201
    assert len(refusals(bomb + "x:\n\ty: 1\n")) == 202


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    binary, latin, utf16 = tmp_path / "binary", tmp_path / "latin", tmp_path / "utf16"
    binary.write_bytes(b"\x7fELF\0\0")
    latin.write_bytes("a: 1\nb: é\n".encode("latin-1"))
    utf16.write_text("a: 1", encoding="utf-16")
    large, pipe = tmp_path / "large", tmp_path / "pipe"
    large.write_text("#" * 70_000)
    os.mkfifo(pipe)
    expected = {
        tmp_path / "absent.yaml": "no such file",
        tmp_path: "is a directory",
        binary: "binary",
        latin: "latin:2: is not UTF-8",
        utf16: "UTF-16",
        large: "larger than 64 KiB",
        pipe: "not a regular file",
        tmp_path / ("x" * 300): "cannot be read",
        Path("a\0b"): "cannot be read",
    }
    for path, words in expected.items():
        with pytest.raises(ConfigError) as caught:
            load_scenario(path)
        assert words in str(caught.value)


@pytest.mark.parametrize("escape", [r"\ud800", r"\e[31m", r"\0", r"\UFFFFFFFF"])
def test_messages_can_always_be_printed(refusals: Refusals, minimal: str, escape: str) -> None:
    text = minimal.replace("/data/val", f'"{escape}"').replace("epochs:", f'"{escape}":')
    for problem in refusals(text):
        assert str(problem).replace("\n", "").isprintable()
