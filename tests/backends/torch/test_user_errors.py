"""What a user reads when the module is wrong: what, where, and how to fix it."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.module_errors import ModuleErrorsContract
from nasea.backends.torch.framework import TorchFramework
from nasea.errors import UserCodeError, UserModuleError

from . import project as small_project
from .errors import failure, whole
from .project import scenario, write_module


def opening(directory: Path) -> TorchFramework:
    return TorchFramework(scenario(), directory)


class TestModuleErrors(ModuleErrorsContract):
    kit = small_project
    other_module = (
        "class UserModule:\n"
        "    def build_dataset_search(self, dataset_dir, is_training): ...\n"
        "    def metrics_op(self, inputs, outputs): ...\n"
    )
    other = "TensorFlow"


@pytest.mark.parametrize(
    "changes, found, expected",
    [
        (
            "UserModule.loss_func = lambda self, logits: 0",
            "(self, logits)",
            "(self, labels, logits)",
        ),
        ("UserModule.dataset_define = lambda self, d: 0", "(self, d)", "is_training"),
        ("PreNet.forward = lambda self, inputs, extra: 0", "extra", "PreNet.forward(self, inputs)"),
        ("PostNet.__init__ = lambda self, classes: None", "classes", "PostNet.__init__(self)"),
        ("UserModule.metrics_func = 3", "UserModule.metrics_func", "must be a method"),
    ],
)
def test_a_wrong_signature(project: Path, changes: str, found: str, expected: str) -> None:
    write_module(project, changes)
    error = failure(UserModuleError, lambda: opening(project))
    assert found in error.message and expected in error.message


def test_every_fault_of_the_interface_at_once(project: Path) -> None:
    write_module(project, "del PreNet, PostNet.forward, UserModule.loss_func")
    error = failure(UserModuleError, lambda: opening(project))
    for part in ("class PreNet", "PostNet.forward", "UserModule.loss_func"):
        assert part in error.message


def test_ways_of_writing_that_are_as_good(project: Path) -> None:
    write_module(
        project,
        """
        import functools

        class Base(UserModule):
            @staticmethod
            def loss_func(labels, logits):
                return F.cross_entropy(logits, labels)

            @functools.lru_cache(1)
            def dataset_define(self, dataset_dir, is_training, root="/"):
                return Images(int(dataset_dir))

            @classmethod
            def scheduler_define(cls, *args):
                return torch.optim.lr_scheduler.ConstantLR(args[0])

        UserModule = Base
        """,
    )
    whole(project)


def test_an_end_that_is_no_module(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet:
            def forward(self, inputs):
                return inputs
        """,
    )
    error = failure(UserModuleError, lambda: opening(project))
    assert "PreNet must be a torch.nn.Module" in error.message


@pytest.mark.parametrize("name", ["PreNet", "PostNet"])
@pytest.mark.parametrize("called", [True, False])
def test_layers_without_size_are_named_in_one_line(project: Path, name: str, called: bool) -> None:
    write_module(
        project,
        f"""
        class {name}(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))
                self.norm = nn.LazyBatchNorm2d(affine=False)

            def forward(self, inputs):
                return self.layers(self.norm(inputs)) if {called} else inputs
        """,
    )
    error = failure(UserModuleError, lambda: opening(project))
    found = f"{name}.layers.1 (LazyLinear), {name}.norm (LazyBatchNorm2d)"
    assert error.message == f"user_module.py: no shape before the first batch: {found}"
    assert "give the layer its size" in str(error.fix) and "never calls it" in str(error.fix)


# What the methods return


@pytest.mark.parametrize(
    "method, result, said",
    [
        ("dataset_define(self, d, t)", "None", "with a length and items by number, found NoneType"),
        ("dataset_define(self, d, t)", "iter([1])", "with a length"),
        (
            "dataset_define(self, d, t)",
            "Stream()",
            "with a length and items by number, found Stream",
        ),
        ("dataset_define(self, d, t)", "Lengthless()", "with a length"),
        ("scheduler_define(self, o, s)", "None", "lr_scheduler object, found NoneType"),
        ("scheduler_define(self, o, s)", "o", "lr_scheduler object, found Adam"),
        ("scheduler_define(self, o, s)", "[Lr.StepLR(o, 1)]", "lr_scheduler object, found list"),
        ("scheduler_define(self, o, s)", "Lr.ReduceLROnPlateau(o)", "ReduceLROnPlateau"),
        ("scheduler_define(self, o, s)", "Stateful(o)", "cannot be kept in a checkpoint"),
        ("loss_func(self, y, x)", "0.5", "must return a floating-point tensor, found float"),
        ("loss_func(self, y, x)", "None", "found NoneType"),
        ("loss_func(self, y, x)", "(x.argmax(1) != y).sum()", "found int64 ()"),
        ("loss_func(self, y, x)", "F.cross_entropy(x, y).detach()", "has no gradient"),
    ],
)
def test_a_wrong_result(project: Path, method: str, result: str, said: str) -> None:
    write_module(
        project,
        f"""
        Lr = torch.optim.lr_scheduler

        class Stream(torch.utils.data.IterableDataset):
            def __len__(self):
                return 44

            def __iter__(self):
                return iter(Images(44))

        class Lengthless(torch.utils.data.Dataset):
            def __getitem__(self, index):
                return index

        class Stateful(Lr.LRScheduler):
            def __init__(self, optimizer):
                self.rule = lambda step: 0.1
                super().__init__(optimizer)

            def get_lr(self):
                return [self.rule(self.last_epoch)]

        class UserModule(UserModule):
            def {method}:
                return {result}
        """,
    )
    assert said in failure(UserModuleError, lambda: whole(project)).message


@pytest.mark.parametrize(
    "result, said",
    [
        ("(inputs, inputs)", "one tensor (N, C, H, W), found tuple"),
        ("inputs.flatten(1)", "one tensor (N, C, H, W), found (8, 64)"),
        ("inputs[:1]", "changed the number of images from 8 to 1"),
    ],
)
def test_a_wrong_output_of_pre_net(project: Path, result: str, said: str) -> None:
    write_module(
        project,
        f"""
        class PreNet(PreNet):
            def forward(self, inputs):
                return {result}
        """,
    )
    assert said in failure(UserModuleError, lambda: whole(project)).message


@pytest.mark.parametrize(
    "where, doing",
    [
        ("UserModule.__init__(self, epoch, batch_size)", "UserModule(epoch, batch_size)"),
        ("UserModule.dataset_define(self, directory, is_training)", "dataset_define('44'"),
        ("UserModule.scheduler_define(self, optimizer, steps)", "scheduler_define(optimizer, 3)"),
        ("UserModule.loss_func(self, labels, logits)", "UserModule.loss_func(labels, logits)"),
        ("PreNet.__init__(self)", "PreNet()"),
        ("PreNet.forward(self, inputs)", "PreNet.forward(inputs), inputs of (8, 1, 8, 8)"),
        ("PostNet.__init__(self)", "PostNet()"),
        ("PostNet.forward(self, inputs)", "PostNet.forward(inputs), inputs of (8, 12, 4, 4)"),
        ("Images.__len__(self)", "len(data set)"),
        ("Images.__getitem__(self, index)", "reading the training data set"),
    ],
)
@pytest.mark.parametrize(
    "statement, text", [("raise OSError('the disk')", "OSError: the disk"), ("exit(4)", "exit(4)")]
)
def test_an_exception_shows_the_users_frames(
    project: Path, where: str, doing: str, statement: str, text: str
) -> None:
    owner, _, method = where.partition(".")
    write_module(
        project,
        f"""
        class {owner}({owner}):
            def {method}:
                {statement}
        """,
    )
    if owner == "Images":
        with (project / "user_module.py").open("a") as file:
            file.write("UserModule.dataset_define = lambda self, directory, training: Images(44)\n")
    error = failure(UserCodeError, lambda: whole(project))
    assert isinstance(error, UserCodeError)
    assert doing in error.doing
    line = (project / "user_module.py").read_text().splitlines().index(f"        {statement}") + 1
    assert f'File "{project}/user_module.py", line {line}, in {method.partition("(")[0]}' in (
        error.trace
    )
    assert statement in error.trace and text in error.trace
