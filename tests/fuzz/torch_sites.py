"""Where a PyTorch module can be odd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .mutations import Site

_SEGMENTATION = """

class Images(Images):
    def __getitem__(self, index):
        image, _ = super().__getitem__(index)
        mask = (image[0] > 0.6).long()
        mask[0] = 255
        return image, {"mask": mask}


class UserModule(UserModule):
    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels["mask"], ignore_index=255)

    def metrics_func(self, eval_dataloader, eval_function):
        right = known = 0
        for images, labels in eval_dataloader:
            found, mask = eval_function(images).argmax(1).cpu(), labels["mask"]
            right += (found == mask).sum().item()
            known += (mask != 255).sum().item()
        return right / known


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = nn.Conv2d(24, 2, 1)

    def forward(self, inputs):
        return F.interpolate(self.classifier(torch.cat(inputs, 1)), (8, 8))
"""

_DETECTION = """

class Images(Images):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        corner = torch.tensor([label % 4, label // 4]).float()
        boxes = torch.cat([corner, corner + 4])[None][: label < 9]
        return image, {"boxes": boxes, "labels": label[None][: len(boxes)]}

    @staticmethod
    def collate_fn(items):
        images, targets = zip(*items)
        return torch.stack(images), list(targets)


class UserModule(UserModule):
    def loss_func(self, labels, logits):
        pairs = [(x, y["boxes"][0]) for x, y in zip(logits, labels) if len(y["boxes"])]
        return torch.stack([(x - y).abs().mean() / 8 for x, y in pairs])

    def metrics_func(self, eval_dataloader, eval_function):
        far = []
        for images, targets in eval_dataloader:
            for box, target in zip(eval_function(images), targets):
                far += [(box - truth).abs().mean().item() for truth in target["boxes"]]
        return sum(far) / len(far)


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.box = nn.Linear(12 * 16, 2)

    def forward(self, inputs):
        corner = 8 * self.box(inputs.flatten(1)).sigmoid()
        return torch.cat([corner, corner + 4], 1)
"""

_BASE = """

def pick(outputs):
    if isinstance(outputs, torch.Tensor):
        return outputs if outputs.shape[1:] == {shape} and outputs.is_floating_point() else None
    inner = outputs.values() if isinstance(outputs, dict) else outputs
    found = [pick(x) for x in inner if isinstance(x, (torch.Tensor, dict, list, tuple))]
    return next((x for x in found if x is not None), None)


class UserModule(UserModule):
    def loss_func(self, labels, logits):
        return super().loss_func(labels, pick(logits))

    def metrics_func(self, eval_dataloader, eval_function):
        return super().metrics_func(eval_dataloader, lambda images: pick(eval_function(images)))
"""

BASES = {
    "classification": _BASE.replace("{shape}", "(10,)"),
    "segmentation": _SEGMENTATION + _BASE.replace("{shape}", "(2, 8, 8)"),
    "detection": _DETECTION + _BASE.replace("{shape}", "(4,)"),
}
"""Task -> what the module has besides the small project's."""

CHANGES: Mapping[str, dict[str, Any]] = {
    "classification": {},
    "segmentation": {"task": "segmentation", "supernet__feature_choose": [0]},
    "detection": {"task": "detection"},
}
"""Task -> what the scenario has besides the small project's."""

_DATA = ("data set", "dataset_define", "loss_func", "metrics_func", "PreNet", "input_shape")


def method(owner: str, head: str, given: tuple[str, ...], *blamed: str, first: str = "") -> Site:
    """A method of a class that stands."""
    name = head.partition("(")[0]
    code = f"\n\nclass {owner}({owner}):\n    def {head}:\n        {first}\n        {{body}}\n"
    return Site(f"{owner}.{name}", code, given, blamed or (name,))


_ITEM = """

class Changed(Images):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        {body}


class UserModule(UserModule):
    def dataset_define(self, dataset_dir, is_training):
        return Changed(int(dataset_dir))
"""

_FORWARD = "out = super().forward(inputs)"

SITES = {
    site.name: site
    for site in (
        Site("import", "\n\ndef _odd():\n    {body}\n\n\n_odd()\n", (), ("user_module.py",)),
        method("UserModule", "__init__(self, epoch, batch_size)", (), "UserModule("),
        method(
            "UserModule",
            "dataset_define(self, dataset_dir, is_training)",
            ("out", "[out[i] for i in range(len(out))]", "torch.utils.data.Subset(out, [0, 1])"),
            *_DATA,
            first="out = Images(int(dataset_dir))",
        ),
        Site(
            "item",
            _ITEM,
            ("(image, label)", "(image.double(), label)", "(image, (label, {'k': label}))"),
            _DATA,
        ),
        Site("length", _ITEM.replace("__getitem__(self, index)", "__len__(self)").replace(
            "        image, label = super().__getitem__(index)\n", ""), ("8",), (*_DATA, "len(")),
        method(
            "UserModule",
            "scheduler_define(self, optimizer, steps_per_epoch)",
            ("out", "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)", "optimizer"),
            "schedule",
            first="out = torch.optim.lr_scheduler.StepLR(optimizer, 1)",
        ),
        method(
            "UserModule",
            "loss_func(self, labels, logits)",
            ("out", "out.detach()", "out.item()", "out.double()", "torch.stack([out, out])",
             "out * float('nan')", "out * 0"),
            "loss",
            first="out = super().loss_func(labels, logits)",
        ),
        method(
            "UserModule",
            "metrics_func(self, eval_dataloader, eval_function)",
            ("out", "torch.tensor(out)", "np.float32(out)", "torch.tensor([out])"),
            "metric",
            first="out = super().metrics_func(eval_dataloader, eval_function)",
        ),
        method("PreNet", "__init__(self)", (), "PreNet", first="super().__init__()"),
        method(
            "PreNet",
            "forward(self, inputs)",
            ("out", "out.double()", "out[:3]", "out[:, :0]", "out * float('nan')", "out.mean()"),
            "PreNet", "loss",
            first=_FORWARD,
        ),
        method("PostNet", "__init__(self)", (), "PostNet", first="super().__init__()"),
        method(
            "PostNet",
            "forward(self, inputs)",
            ("out", "(out, inputs)", "{'a': out, 'b': None}", "out.detach()", "out[:1]",
             "out.double()", "out * float('nan')", "out.mT", "[out, 3, 'text']", "list(out)",
             "[{'out': x} for x in out]"),
            "PostNet", "loss_func", "metrics_func",
            first=_FORWARD,
        ),
    )
}  # fmt: skip

VALUES = (
    "torch.zeros(())",
    "torch.zeros(0)",
    "torch.zeros(8, 10)",
    "torch.ones(8, 8, 4, 4)",
    "torch.ones(8, 2, 8, 8)",
    "torch.ones(8, 4)",
    "torch.ones(8, 10, requires_grad=True)",
    "torch.full((8, 10), float('nan'))",
    "torch.ones(8, 10, dtype=torch.uint16)",
    "torch.ones(2, dtype=torch.complex64)",
    "torch.zeros(2).to_sparse()",
    "torch.zeros(2, device='meta')",
    "nn.Linear(2, 2)",
)
