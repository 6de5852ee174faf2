"""What a user of TensorFlow reads when the module is wrong."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from contracts.metric import TINY
from contracts.module_errors import ModuleErrorsContract, failure
from nasea.backends import open_backend
from nasea.errors import NotAvailableError, TrainingError, UserCodeError, UserModuleError
from nasea.install import install_line

from ..torch.project import USER_MODULE as TORCH_MODULE
from . import project as small_project
from .project import attached, opened, ready, scenario, train, write_module


class TestModuleErrors(ModuleErrorsContract):
    kit = small_project
    other_module = TORCH_MODULE
    other = "PyTorch"

    @pytest.mark.parametrize(
        "owner, method, doing",
        [
            ("UserModule", "__init__(self, epoch, batch_size)", "UserModule(epoch, batch_size)"),
            ("UserModule", small_project.DATA, "build_dataset_search('44', is_training=True)"),
            ("UserModule", "lr_scheduler(self, lr_init, global_step)", "lr_scheduler"),
            ("UserModule", small_project.LOSS, "UserModule.loss_op(labels, logits)"),
            ("PreNet", "__init__(self)", "PreNet()"),
            ("PreNet", "call(self, inputs, training=True)", "PreNet.call(inputs, training)"),
            ("PostNet", "__init__(self)", "PostNet()"),
            ("PostNet", "call(self, inputs, training=True)", "PostNet.call(inputs, training)"),
        ],
    )
    @pytest.mark.parametrize(
        "statement, text",
        [("raise OSError('the disk')", "OSError: the disk"), ("exit(4)", "exit(4)")],
    )
    def test_an_exception_shows_the_users_frames(
        self, project: Path, owner: str, method: str, doing: str, statement: str, text: str
    ) -> None:
        self.expect_frames(project, owner, method, doing, statement, text)


def test_tensorflow_that_is_not_installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, package: str | None = None) -> ModuleType:
        if name == "tensorflow":
            raise ModuleNotFoundError("No module named 'tensorflow'", name=name)
        return importlib.__import__(name)

    monkeypatch.setattr("nasea.backends.tensorflow.environment.importlib.import_module", missing)
    error = failure(NotAvailableError, lambda: open_backend(scenario(), project))
    assert "TensorFlow cannot be imported: No module named 'tensorflow'" in error.message
    assert error.fix == install_line("tensorflow")


def test_another_keras_than_was_imported_is_told(project: Path) -> None:
    other = scenario(keras_version=3)
    error = failure(NotAvailableError, lambda: open_backend(other, project))
    assert "keras_version is 3" in error.message and "with Keras 2" in error.message


def test_an_end_that_is_no_model(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet:
            def call(self, inputs, training=True):
                return inputs
        """,
    )
    error = failure(UserModuleError, lambda: opened(project))
    assert "PreNet must be a tf.keras.Model (Keras 2." in error.message and error.fix


@pytest.mark.parametrize(
    "method, result, said",
    [
        (small_project.DATA, "None", "must return (dataset, data_num), found NoneType"),
        (small_project.DATA, "images_and_labels(4)[0], 4", "with a tf.data.Dataset, found ndarray"),
        (small_project.DATA, "iter([1]), 4", "Dataset.from_generator"),
        (small_project.DATA, "tf.data.Dataset.range(4), None", "data_num the number of images"),
        (small_project.DATA, "tf.data.Dataset.range(4), 4.5", "data_num the number of images"),
        ("lr_scheduler(self, lr_init, global_step)", "None", "must return a number"),
        ("lr_scheduler(self, lr_init, global_step)", "[0.1, 0.2]", "must return a number"),
        (small_project.LOSS, "0.5", "must return a floating-point tensor, found float"),
        (small_project.LOSS, "None", "found NoneType"),
        (small_project.LOSS, "tf.argmax(logits, 1)", "found int64 (8,)"),
        (small_project.LOSS, "tf.stop_gradient(tf.reduce_sum(logits))", "has no gradient"),
    ],
)
def test_a_wrong_result(project: Path, method: str, result: str, said: str) -> None:
    write_module(
        project,
        f"""
        class UserModule(UserModule):
            def {method}:
                return {result}
        """,
    )

    def run() -> None:
        ready(project, **TINY).try_candidates(lambda done, total: None)

    assert said in str(failure(UserModuleError, run))


@pytest.mark.parametrize(
    "rate, shown",
    [
        ("float('nan')", "is nan"),
        ("tf.constant(float('inf'))", "is inf"),
        ("-lr_init", "is -0.01"),
        ("lr_init if global_step < 17 else -1.0", "17) is -1.0"),
    ],
)
def test_a_learning_rate_that_cannot_be_is_told_before_training(
    project: Path, rate: str, shown: str
) -> None:
    write_module(project, f"UserModule.lr_scheduler = lambda self, lr_init, global_step: {rate}")
    backend = ready(project, **TINY)
    error = failure(TrainingError, lambda: backend.try_candidates(lambda done, total: None))
    assert shown in error.message and "lr_scheduler(0.01" in error.message
    assert "counts the batches from 0" in str(error.fix)


@pytest.mark.parametrize(
    "result, said",
    [
        ("(inputs, inputs)", "one tensor (N, H, W, C), found [float32 (8, 8, 8, 1)"),
        ("{'out': inputs}", "one tensor (N, H, W, C), found {out: float32"),
        ("tf.reshape(inputs, (8, 64))", "one tensor (N, H, W, C), found float32 (8, 64)"),
        ("inputs[:1]", "changed the number of images from 8 to 1"),
        ("tf.cast(inputs, tf.float64)", "float64"),
        ("tf.argmax(inputs, 3, tf.int32)[..., None]", "int32"),
    ],
)
def test_a_wrong_output_of_pre_net(project: Path, result: str, said: str) -> None:
    write_module(
        project,
        f"""
        class PreNet(tf.keras.Model):
            def call(self, inputs, training=True):
                return {result}
        """,
    )
    assert said in failure(UserModuleError, lambda: attached(project, **TINY)).message


def test_searched_layers_that_cannot_learn(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(PostNet):
            def call(self, inputs, training=True):
                return super().call(tf.stop_gradient(inputs), training)
        """,
    )
    error = failure(UserModuleError, lambda: attached(project, **TINY))
    assert "none for what PostNet gets" in error.message and "stop_gradient" in str(error.fix)


def test_a_call_that_cannot_be_a_graph(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet(PreNet):
            def call(self, inputs, training=True):
                return super().call(inputs * float(inputs.numpy().max()), training)
        """,
    )
    error = failure(UserCodeError, lambda: attached(project, **TINY))
    assert "as a graph" in error.doing and ".numpy()" in str(error.fix)
    assert 'user_module.py", line' in error.trace


def test_a_failure_inside_a_graph_is_the_users(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(PostNet):
            def __init__(self):
                super().__init__()
                self.calls = tf.Variable(0, trainable=False)

            def call(self, inputs, training=True):
                self.calls.assign_add(1)
                tf.debugging.assert_less(self.calls, 6, "too many calls")
                return super().call(inputs, training)
        """,
    )
    backend = ready(project, **TINY)
    error = failure(UserCodeError, lambda: train(backend))
    assert "PostNet.call" in error.doing and "too many calls" in error.trace


def test_tensorflow_is_left_out_of_a_search_with_torch() -> None:
    code = "import sys, nasea.backends; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
