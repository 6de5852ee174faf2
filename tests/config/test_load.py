"""What a good scenario resolves to."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.config import Scenario, load_scenario
from nasea.errors import ConfigError

from .builders import Load, line_of, optimizer, segmentation, set_keys, tensorflow


def test_the_documented_sample_loads_as_it_stands(sample_path: Path) -> None:
    scenario = load_scenario(sample_path).scenario
    assert (scenario.framework, scenario.task) == ("tensorflow", "classification")
    assert (scenario.batch_size, scenario.epochs, scenario.seed) == (128, 60, 0)
    assert (scenario.constraint.type, scenario.constraint.value) == ("size", 11e6)
    assert scenario.supernet.input_shape == (224, 224, 3)
    assert scenario.supernet.input_chw == (3, 224, 224)
    assert scenario.supernet.filters == (64, 64, 128, 128, 256, 256)
    assert scenario.supernet.strides == (1, 1, 2, 1, 2, 1)
    assert scenario.supernet.feature_choose == ()
    assert scenario.optimizer.betas == (0.9, 0.999)
    assert scenario.optimizer.learning_rate == 1e-4
    assert scenario.dataset.pre_train_dir is None
    assert scenario.resource.gpu_ids == tuple(range(8))


def test_each_fault_of_the_documented_sample_is_one_notice(sample_path: Path) -> None:
    notices = load_scenario(sample_path).notices
    message = [(line_of(notice.where), notice.text) for notice in notices]
    assert [line for line, _ in message] == [13, 17, 24, 24, 30, 32]
    for (_, text), words in zip(
        message,
        [
            "tuple (224, 224, 3)",
            "feature_choose: ignored",
            "full-width colon after 'pre_train_dir'",
            "pre_train_dir: ignored",
            "'resource' under 'strategy'",
            "unquoted list 0,1,2,3,4,5,6,7",
        ],
        strict=True,
    ):
        assert words in text


def test_a_clean_scenario_gives_no_notice_and_the_documented_defaults(
    load: Load, minimal: str
) -> None:
    loaded = load(minimal)
    scenario = loaded.scenario
    assert loaded.notices == ()
    assert loaded.path.name == "scen.yaml"
    assert scenario.supernet.input_shape == scenario.supernet.input_chw == (3, 224, 224)
    assert scenario.supernet.data_format == "channels_first"
    assert scenario.supernet.filters == (64, 64, 128, 128, 256, 256, 512, 512)
    assert scenario.supernet.strides == (1, 1, 2, 1, 2, 1, 2, 1)
    assert scenario.optimizer.type == "adam"
    assert scenario.optimizer.learning_rate == 1e-4
    assert (scenario.searcher.generation_num, scenario.searcher.pop_size) == (100, 40)
    assert scenario.searcher.metric_mode == "auto"
    assert scenario.searcher.bn_images == 512
    assert scenario.supernet.blocks is None
    assert scenario.supernet.sharing == "entangled"
    assert (scenario.resource.device, scenario.resource.precision) == ("auto", "float32")


def test_defaults_follow_framework_and_task(load: Load, minimal: str) -> None:
    torch = load(segmentation(minimal)).scenario
    keras = load(segmentation(tensorflow(minimal))).scenario
    assert torch.supernet.strides == keras.supernet.strides == (1, 1, 2, 1, 2, 1, 1, 1)
    assert torch.optimizer.learning_rate == keras.optimizer.learning_rate == 1e-5
    assert (torch.optimizer.type, keras.optimizer.type) == ("adam", "momentum")
    assert keras.optimizer.momentum == 0.9
    assert keras.supernet.input_shape == (224, 224, 3)
    assert load(tensorflow(minimal)).scenario.optimizer.type == "adam"


def test_the_shape_default_follows_a_given_data_format(load: Load, minimal: str) -> None:
    text = set_keys(tensorflow(minimal), "supernet", "data_format: channels_first")
    assert load(text).scenario.supernet.input_shape == (3, 224, 224)


@pytest.mark.parametrize("written", ["tensorflow", "Tensorflow", "TENSORFLOW", '"TensorFlow"'])
def test_names_the_contract_frees_from_case_give_no_notice(
    load: Load, minimal: str, written: str
) -> None:
    text = tensorflow(minimal).replace("TensorFlow", written)
    text = text.replace("tensorflow_standalone", "TensorFlow_Standalone")
    loaded = load(optimizer(text, "type: ADAM"))
    assert loaded.scenario.framework == "tensorflow"
    assert loaded.notices == ()


@pytest.mark.parametrize("task", ["object_detection", "semantic_segmentation"])
def test_dense_tasks_keep_features_and_pre_training(load: Load, minimal: str, task: str) -> None:
    text = segmentation(minimal).replace("semantic_segmentation", task)
    loaded = load(set_keys(text, "supernet", "feature_choose: [5, 7]"))
    assert loaded.scenario.supernet.feature_choose == (5, 7)
    assert loaded.scenario.dataset.pre_train_dir == "/data/pre"
    assert loaded.notices == ()


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("0", (0,)),
        ("3", (3,)),
        ('"0,1"', (0, 1)),
        ("'0, 1'", (0, 1)),
        ("0,1,2", (0, 1, 2)),
        ("1, 0", (1, 0)),
        ("[0, 1]", (0, 1)),
        ("[2]", (2,)),
        ("(0, 1)", (0, 1)),
        ("0，1", (0, 1)),
        ("\n      - 0\n      - 1", (0, 1)),
    ],
)
def test_device_ids_may_be_written_in_many_ways(
    load: Load, minimal: str, written: str, ids: tuple[int, ...]
) -> None:
    assert load(minimal.replace("gpu_id: 0", f"gpu_id: {written}")).scenario.resource.gpu_ids == ids


@pytest.mark.parametrize("written", ["1e-4", "1.e-4", "1E-4", "0.0001", "1.0e-4", ".0001", "+1e-4"])
def test_every_usual_notation_of_a_float_is_one(load: Load, minimal: str, written: str) -> None:
    text = optimizer(minimal, f"learning_rate: {written}")
    assert load(text).scenario.optimizer.learning_rate == 1e-4


def test_a_latency_budget_names_its_processor(load: Load, minimal: str) -> None:
    text = minimal.replace("constraint_type: size", "constraint_type: latency")
    silent = load(text)
    assert silent.scenario.constraint.processor_version == "npu_v1"
    (notice,) = silent.notices
    assert line_of(notice.where) == 9 and "npu_v1" in notice.text
    message = load(set_keys(text, "constraint", "processor_version: my_phone"))
    assert message.scenario.constraint.processor_version == "my_phone"
    assert message.notices == ()


def test_a_processor_without_a_latency_budget_is_ignored_with_a_notice(
    load: Load, minimal: str
) -> None:
    loaded = load(set_keys(minimal, "constraint", "processor_version: npu_v1"))
    assert loaded.scenario.constraint.processor_version is None
    (notice,) = loaded.notices
    assert "ignored" in notice.text and line_of(notice.where) == 8


@pytest.mark.parametrize(
    ("kind", "key"),
    [("SGD", "betas: [0.8, 0.9]"), ("SGD", "momentum: 0.5"), ("Adam", "momentum: 0.5")],
)
def test_a_key_of_another_optimizer_is_ignored_with_a_notice(
    load: Load, minimal: str, kind: str, key: str
) -> None:
    loaded = load(optimizer(minimal, f"type: {kind}", key))
    (notice,) = loaded.notices
    assert "ignored" in notice.text
    assert (loaded.scenario.optimizer.betas, loaded.scenario.optimizer.momentum) == (
        (0.9, 0.999),
        0.9,
    )


def test_extension_keys_are_read(load: Load, minimal: str) -> None:
    text = set_keys(
        minimal, "supernet", "blocks: [basic, mb]", "sharing: independent", "paths_per_update: 2"
    )
    text = set_keys(
        text, "searcher", "metric_mode: min", "eval_images: 100", "bn_images: 64",
        "stall_generations: 5",
    )  # fmt: skip
    text = text.replace("    epochs: 10\n", "    epochs: 10\n    seed: 7\n")
    text += "    device: cpu\n    precision: auto\n    data_workers: 0\n    threads: 2\n"
    loaded = load(text)
    scenario = loaded.scenario
    assert loaded.notices == ()
    assert scenario.seed == 7
    assert scenario.supernet.blocks == ("basic", "mb")
    assert (scenario.supernet.sharing, scenario.supernet.paths_per_update) == ("independent", 2)
    assert (scenario.searcher.metric_mode, scenario.searcher.eval_images) == ("min", 100)
    assert (scenario.searcher.bn_images, scenario.searcher.stall_generations) == (64, 5)
    assert (scenario.resource.device, scenario.resource.precision) == ("cpu", "auto")
    assert (scenario.resource.data_workers, scenario.resource.threads) == (0, 2)


@pytest.mark.parametrize("empty", ["", "null", "~"])
def test_an_empty_value_means_none_where_none_is_the_default(
    load: Load, minimal: str, empty: str
) -> None:
    text = set_keys(minimal, "searcher", f"eval_images: {empty}")
    assert load(text).scenario.searcher.eval_images is None


def test_an_empty_section_means_its_defaults(load: Load, minimal: str) -> None:
    assert load(set_keys(minimal, "searcher")).scenario.searcher.pop_size == 40


def test_anchors_may_be_reused(load: Load, minimal: str) -> None:
    text = minimal.replace("/data/train", "&data /data/all").replace("/data/val", "*data")
    scenario = load(text).scenario
    assert scenario.dataset.train_dir == scenario.dataset.val_dir == "/data/all"


def test_many_channels_are_taken_with_a_notice(load: Load, minimal: str) -> None:
    loaded = load(set_keys(minimal, "supernet", "input_shape: [13, 64, 64]"))
    assert loaded.scenario.supernet.input_chw == (13, 64, 64)
    (notice,) = loaded.notices
    assert "13 channels" in notice.text


def test_second_budgets(load: Load, minimal: str) -> None:
    text = set_keys(minimal, "constraint", "also: {flops: 3.0e6, latency: 2}")
    scenario = load(text).scenario
    constraint = scenario.constraint
    assert constraint.also == {"flops": 3e6, "latency": 2.0}
    assert scenario.counts_latency
    assert constraint.processor_version == "npu_v1", "latency needs a processor"
    message = set_keys(minimal, "constraint", "processor_version: phone", "also: {latency: 2}")
    assert load(message).scenario.constraint.processor_version == "phone"
    assert not load(minimal).scenario.counts_latency
    alone = load(minimal).scenario.constraint
    assert (alone.also, alone.processor_version) == ({}, None)


def test_further_objectives(load: Load, minimal: str) -> None:
    kind = load(minimal).scenario.constraint.type
    assert load(minimal).scenario.searcher.objectives == ()
    other = next(name for name in ("size", "flops") if name != kind)
    scenario = load(set_keys(minimal, "searcher", f"objectives: [{other}, latency]")).scenario
    assert scenario.searcher.objectives == (other, "latency")
    assert scenario.counts_latency
    assert scenario.constraint.processor_version == "npu_v1", "latency needs a processor"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("objectives: [KIND]",), "objectives[0]: must be costs other than constraint_type; KIND"),
        (("objectives: [latency, latency]",), "objectives[1]: must not name latency twice"),
        (("objectives: [latncy]",), "must be size, flops or latency, found latncy"),
        (("objectives: latency",), "must be a list of size, flops or latency"),
        (("objectives: 3",), "must be a list of size, flops or latency"),
        (("objectives: {latency: 2}",), "must be a list of size, flops or latency"),
        (("objectives: [latency]", "mode: assisted"), "must be empty with mode: assisted"),
    ],
)
def test_objectives_that_make_no_sense(
    load: Load, minimal: str, keys: tuple[str, ...], message: str
) -> None:
    kind = load(minimal).scenario.constraint.type
    with pytest.raises(ConfigError) as caught:
        load(set_keys(minimal, "searcher", *(key.replace("KIND", kind) for key in keys)))
    assert message.replace("KIND", kind) in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "proposer"),
    [
        ((), "assisted"),
        (("mode: evolutionary",), "evolutionary"),
        (("objectives: [latency]",), "evolutionary"),
        (("objectives: []",), "assisted"),
    ],
)
def test_who_proposes_architectures(
    load: Load, minimal: str, keys: tuple[str, ...], proposer: str
) -> None:
    searcher = load(set_keys(minimal, "searcher", *keys) if keys else minimal).scenario.searcher
    assert searcher.proposer == proposer


def test_a_second_budget_is_of_another_cost(load: Load, minimal: str) -> None:
    kind = load(minimal).scenario.constraint.type
    with pytest.raises(ConfigError) as caught:
        load(set_keys(minimal, "constraint", f"also: {{{kind}: 5, latency: -1}}"))
    message = str(caught.value)
    assert f"constraint.also.{kind}: must be a cost other than constraint_type, {kind}" in message
    assert "constraint.also.latency: must be a number > 0, found -1" in message


INITIAL = """searcher:
      pop_size: 2
      initial:
        - [basic_x1, skip]
        - basic_x0.5, basic_x1; widths 8-16
"""


def test_networks_of_the_user_are_lists_or_texts(load: Load, minimal: str) -> None:
    text = minimal.replace("    dataset:\n", f"    {INITIAL}    dataset:\n")
    scenario = load(text).scenario
    assert scenario.searcher.initial == ("basic_x1, skip", "basic_x0.5, basic_x1; widths 8-16")
    assert scenario.training_digest() == load(minimal).scenario.training_digest()
    assert Scenario.from_dict(scenario.to_dict()) == scenario
    assert "initial" not in str(load(minimal).scenario.to_dict())


def test_networks_of_the_user_fit_a_generation(load: Load, minimal: str) -> None:
    text = minimal.replace("    dataset:\n", f"    {INITIAL}    dataset:\n")
    with pytest.raises(ConfigError, match=r"searcher\.initial: must be no more networks than"):
        load(text.replace("pop_size: 2", "pop_size: 1"))
    with pytest.raises(ConfigError, match=r"initial\[0\]: must be the blocks of a network"):
        load(text.replace("[basic_x1, skip]", "[[basic_x1], skip]"))
