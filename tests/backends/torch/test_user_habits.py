"""PyTorch keeps the contract of habits."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from contracts.habits import HabitsContract
from nasea.backends.torch.user.copying import copy_user_network
from nasea.backends.torch.user.describe import describe
from nasea.errors import UserModuleError

from . import project as small_project

HOOK = """
    class PreNet(PreNet):
        def __init__(self):
            super().__init__()
            self.kept = {}
            self.norm.register_forward_hook(self.keep("norm"))

        def keep(self, name):
            def hook(module, args, output):
                self.kept[name] = output
            return hook

        def forward(self, inputs):
            super().forward(inputs)
            return F.relu(self.kept["norm"])
"""

OWN_FORWARD = """
    import functools, weakref

    class PreNet(PreNet):
        def __init__(self):
            super().__init__()
            whole = weakref.ref(self)
            plain = self.norm.forward
            self.norm.forward = lambda x, again=plain: (again or whole())(x)
            self.conv.forward = functools.partial(type(self.conv).forward, self.conv)
"""

SUBSET = """
    class Items(Images):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return image, torch.rand(int(label), 4), label

        @staticmethod
        def collate_fn(items):
            images, boxes, labels = zip(*items)
            return torch.stack(images), (list(boxes), torch.stack(labels))

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            items = Items(int(dataset_dir))
            return torch.utils.data.Subset(items, range(len(items)))

        def loss_func(self, labels, logits):
            return super().loss_func(labels[1], logits)

        def metrics_func(self, loader, evaluate):
            return super().metrics_func([(x, y) for x, (_, y) in loader], evaluate)
"""

TIME_FIRST = """
    class PostNet(PostNet):
        def forward(self, inputs):
            return self.classifier(inputs.mean(2).permute(2, 0, 1))

    class UserModule(UserModule):
        def loss_func(self, labels, logits):
            return super().loss_func(labels, logits.mean(0))

        def metrics_func(self, loader, evaluate):
            return super().metrics_func(loader, lambda images: evaluate(images).mean(0))
"""

LEFT_OUT = """
    class PostNet(PostNet):
        def forward(self, inputs):
            return {"out": super().forward(inputs), "aux": None}

    class UserModule(UserModule):
        def loss_func(self, labels, logits):
            assert logits["aux"] is None
            return super().loss_func(labels, logits["out"])

        def metrics_func(self, loader, evaluate):
            return super().metrics_func(loader, lambda images: evaluate(images)["out"])
"""

FUNCTIONS = """
    _pre_net, _post_net = PreNet, PostNet

    def PreNet():
        return _pre_net()

    PostNet = lambda: _post_net()
"""

ITEM = """
    class Changed(Images):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return {}, label

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return Changed(int(dataset_dir))
"""

WRAPPED = """
    class Wrapper(torch.utils.data.Dataset):
        def __init__(self, dataset):
            self.dataset = dataset

        def __len__(self):
            return len(self.dataset)

        def __getitem__(self, index):
            return self.dataset[index]
"""


class TestHabits(HabitsContract):
    kit = small_project
    works = {
        "hook": HOOK,
        "own forward": OWN_FORWARD,
        "subset": SUBSET,
        "time first": TIME_FIRST,
        "left out": LEFT_OUT,
    }
    same_as_plain = {"hook": HOOK, "own forward": OWN_FORWARD, "functions": FUNCTIONS}
    refused = {
        "an object": (
            "PostNet = PostNet()",
            "PostNet must be a class, or a function",
            "user-module.md",
        ),
        "arguments": (
            "def PreNet(width): return None",
            "PreNet(width) must work without arguments",
            "user-module.md",
        ),
        "one for all": (
            "_one = PostNet()\nPostNet = lambda: _one",
            "PostNet() returns the same model",
            "inside of the function",
        ),
        "no module": (
            "def PreNet(): return 3",
            "PreNet must be a torch.nn.Module, found builtins.int",
            "nn.Module",
        ),
        "no copy": (
            "class PostNet(PostNet):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.lock = __import__('threading').Lock()\n",
            "PostNet cannot be copied",
            "locks, open files",
        ),
        "a cached method": (
            "import functools\n"
            "class PostNet(PostNet):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.kept = functools.lru_cache(self.classifier.forward)\n",
            "PostNet cannot be copied",
            "register hooks as methods",
        ),
    }
    fixed = {
        name: f"class {name}({name}):\n    def forward(self, inputs):\n        return {value}\n"
        for name, value in {
            "PreNet": "torch.ones(8, 8, 4, 4)",
            "PostNet": "{'a': torch.ones(8, 10), 'b': [None]}",
        }.items()
    }
    images = {
        name: (ITEM.format(f"(1000 * image).{call}"), f"{name} (8, 1, 8, 8) with values")
        for name, call in {
            "uint16": "to(torch.uint16)",
            "int16": "short()",
            "uint8": "byte()",
            "bool": "bool()",
        }.items()
    }
    divided = {
        "training": ITEM.format("image if len(self) == 20 else image / 0"),
        "validation": ITEM.format("image * float('nan') if len(self) == 20 else image"),
    }
    shared = """
        class UserModule(UserModule):
            def dataset_define(self, dataset_dir, is_training):
                return torch.utils.data.Subset(Images(44), range(44 if is_training else 20))
    """
    unseen = """
        class UserModule(UserModule):
            def dataset_define(self, dataset_dir, is_training):
                dataset = Images(int(dataset_dir))
                if is_training:
                    dataset.labels = dataset.labels % 7
                return dataset
    """


def test_a_wrapper_that_hides_a_collate_fn_is_named(project: Path) -> None:
    small_project.write_module(
        project,
        SUBSET.replace("torch.utils.data.Subset(items, range(len(items)))", "Wrapper(items)")
        + WRAPPED,
    )
    with pytest.raises(Exception, match="do not fit into one batch") as caught:
        small_project.attached(project)
    assert "Items.collate_fn is hidden by Wrapper" in str(caught.value)


BROKEN = """
    import PIL.Image

    class Files(Images):
        def __getitem__(self, index):
            if index == 30 or (index == 3 and len(self) == 20):
                load("broken.png")
            return super().__getitem__(index)

    def load(path):
        with open(path, "rb") as file:
            PIL.Image.open(file).load()

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return Files(int(dataset_dir))
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_the_item_and_the_file_that_cannot_be_read_are_named(project: Path, workers: int) -> None:
    (project / "broken.png").write_bytes(b"half of a picture")
    small_project.write_module(project, BROKEN.replace("len(self) == 20", "False"))
    with pytest.raises(Exception, match="UnidentifiedImageError") as caught:
        backend = small_project.ready(project, resource__data_workers=workers)
        small_project.train(backend)
    assert "at item 30, file broken.png" in str(caught.value)


def test_an_unreadable_validation_image_ends_the_run(project: Path) -> None:
    (project / "broken.png").write_bytes(b"half of a picture")
    small_project.write_module(project, BROKEN)
    with pytest.raises(Exception, match="reading the validation data set") as caught:
        small_project.attached(project)
    assert "at item 3, file broken.png" in str(caught.value)


@pytest.mark.parametrize("dtype", [d for d in vars(torch).values() if isinstance(d, torch.dtype)])
def test_every_type_can_be_told(dtype: torch.dtype) -> None:
    try:
        tensor = torch.zeros(2, 3).to(dtype)
    except (RuntimeError, TypeError):
        tensor = torch.empty(2, 3, dtype=torch.uint8)
    assert "(2, 3)" in describe(tensor)
    assert describe([tensor.to("meta"), torch.zeros(2).to_sparse()])


def test_a_copy_stands_by_itself() -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 2)
            self.seen: list[torch.Tensor] = []
            seen, layers = self.seen, [self.layer]
            self.layer.register_forward_hook(lambda *given: seen.append(given[2]))
            self.again = lambda x: layers[0](x)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.again(x)
            return self.seen[-1]

    net = Net()
    copied = copy_user_network(net)
    with torch.no_grad():
        copied.layer.weight.fill_(0.0)  # type: ignore[union-attr,operator]
        copied.layer.bias.fill_(3.0)  # type: ignore[union-attr,operator]
        assert copied(torch.ones(1, 2)).tolist() == [[3.0, 3.0]]
    assert not net.seen and net(torch.ones(1, 2)).tolist() != [[3.0, 3.0]]
    assert copy_user_network(net)(torch.ones(1, 2)).tolist() == net(torch.ones(1, 2)).tolist()
    with pytest.raises(UserModuleError, match="cannot be copied"):
        net.generator = (x for x in ())  # type: ignore[assignment]
        copy_user_network(net)
