"""Small images, pixel by pixel: which are ink, and of which digits; with PyTorch.

Outputs and labels are nested, and the metric is an error.
"""

from __future__ import annotations

from .files import Files
from .pytorch import CLASSIFYING, COSINE, PRE_NET, WITH_DIGITS, user_module
from .scenarios import scenario

_SCENARIO = scenario(
    "pytorch",
    "semantic_segmentation",
    strategy={"batch_size": 32, "epochs": 6},
    budget=14000,
    supernet={
        "input_shape": [1, 9, 11],
        "filters": [8, 8, 16],
        "strides": [1, 2, 1],
        "feature_choose": [0, 1],
        "blocks": "[separable_k3, basic_x0.5]",
    },
    optimizer={"type": "Adam", "learning_rate": 0.03},
    data="digits",
    searcher={"generation_num": 2, "pop_size": 4, "bn_images": 64},
    resource={"data_workers": 0},
)

_MODULE = (
    user_module(
        WITH_DIGITS
        + """
SPLITS = {"train": slice(0, 280), "val": slice(300, 400)}
UNKNOWN = 255


class Ink(torch.utils.data.Dataset):
    def __init__(self, folder):
        digits = load_digits()
        chosen = SPLITS[Path(folder).name]
        images = np.pad(digits.images[chosen] / 16, ((0, 0), (0, 1), (1, 2)))
        masks = np.where(images > 0.4, 1 + digits.target[chosen][:, None, None] % 2, 0)
        masks[:, :, 0] = UNKNOWN
        self.images = torch.tensor(images, dtype=torch.float32)[:, None]
        self.masks = torch.tensor(masks)

    def __len__(self):
        return len(self.masks)

    def __getitem__(self, index):
        return self.images[index], {"mask": self.masks[index]}
""",
        "Ink(dataset_dir)",
        """\
    class_names = ["ground", "even", "odd"]
""",
        COSINE,
        """\
    def loss_func(self, labels, logits):
        mask = labels["mask"]
        main = F.cross_entropy(logits["out"], mask, ignore_index=UNKNOWN)
        return main + 0.4 * F.cross_entropy(logits["aux"], mask, ignore_index=UNKNOWN)

    def metrics_func(self, eval_dataloader, eval_function):
        both, either = np.zeros(3), np.zeros(3)
        for images, labels in eval_dataloader:
            found = eval_function(images)["out"].argmax(1).numpy()
            truth = labels["mask"].numpy()
            for number in range(3):
                a, b = (found == number) & (truth != UNKNOWN), truth == number
                both[number] += (a & b).sum()
                either[number] += (a | b).sum()
        return 1 - float((both / np.maximum(either, 1)).mean())

    def pictures(self, images, labels, outputs):
        found = outputs["out"].argmax(1)
        truth = torch.where(labels["mask"] == UNKNOWN, 0, labels["mask"])
        pixels = (images[:, 0] * 255).round().to(torch.uint8).numpy()
        return [
            {"image": image, "truth": t.numpy(), "found": f.numpy()}
            for image, t, f in zip(pixels, truth, found)
        ]
""",
    )
    + PRE_NET
    + """

class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.low = nn.Conv2d(16, 8, 1)
        self.out = nn.Conv2d(24, 3, 1)
        self.aux = nn.Conv2d(8, 3, 1)

    def forward(self, inputs):
        first, second, last = inputs
        size = first.shape[2:]
        second = F.interpolate(second, size, mode="bilinear", align_corners=False)
        last = F.interpolate(last, size, mode="bilinear", align_corners=False)
        low = F.relu(self.low(torch.cat([first, second], 1)))
        return {"out": self.out(torch.cat([low, last], 1)), "aux": self.aux(first)}
"""
)

FILES = Files(_SCENARIO, _MODULE)

CLASSIFICATION_MODULE = (
    user_module(
        WITH_DIGITS
        + """
from user_module import PreNet


class Digits(torch.utils.data.Dataset):
    def __init__(self, chosen):
        digits = load_digits()
        images = torch.tensor(digits.images[chosen] / 16, dtype=torch.float32)[:, None]
        self.images = F.pad(images, (1, 2, 0, 1))
        self.labels = torch.tensor(digits.target[chosen])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]
""",
        "Digits(slice(0, 160) if is_training else slice(300, 360))",
        """\
    def scheduler_define(self, optimizer, steps_per_epoch):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
""",
        CLASSIFYING,
    )
    + """

class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(16, 10)

    def forward(self, inputs):
        return self.classifier(inputs.mean((2, 3)))
"""
)
"""For pre-training, as ``user_module_cls.py``: digits by their class, through the same PreNet."""
