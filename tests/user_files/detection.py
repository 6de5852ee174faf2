"""One digit in a larger image, found by one box; with PyTorch."""

from __future__ import annotations

from .files import Files
from .pytorch import COSINE, PRE_NET, WITH_DIGITS, user_module
from .scenarios import scenario

_SCENARIO = scenario(
    "pytorch",
    "object_detection",
    strategy={"batch_size": 32, "epochs": 6},
    budget=14000,
    supernet={
        "input_shape": [1, 16, 16],
        "filters": [8, 8, 16],
        "strides": [1, 2, 1],
        "feature_choose": [1],
        "blocks": "[separable_k3, basic_x0.5]",
    },
    optimizer={"type": "Adam", "learning_rate": 0.03},
    data="digits",
    searcher={
        "generation_num": 2,
        "pop_size": 4,
        "bn_images": 64,
        "eval_images": 30,
        "metric_mode": "max",
    },
    resource={"data_workers": 0},
)

_MODULE = (
    user_module(
        WITH_DIGITS
        + """
SPLITS = {"train": slice(0, 200), "val": slice(300, 360)}


class Scenes(torch.utils.data.Dataset):
    def __init__(self, folder):
        digits = load_digits()
        chosen = SPLITS[Path(folder).name]
        rng = np.random.default_rng(chosen.start)
        self.images, self.targets = [], []
        for image, label in zip(digits.images[chosen], digits.target[chosen]):
            x, y = rng.integers(0, 9, 2)
            scene = np.zeros((1, 16, 16), np.float32)
            scene[0, y : y + 8, x : x + 8] = image / 16
            self.images.append(torch.from_numpy(scene))
            empty = label == 9
            boxes = torch.tensor([[x, y, x + 8, y + 8]][: 1 - empty], dtype=torch.float32)
            labels = torch.tensor([int(label)][: 1 - empty])
            self.targets.append({"boxes": boxes.reshape(-1, 4), "labels": labels})

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], self.targets[index]

    @staticmethod
    def collate_fn(samples):
        images, targets = zip(*samples)
        return torch.stack(images), list(targets)


def overlap(one, other):
    low, high = torch.maximum(one[:2], other[:2]), torch.minimum(one[2:], other[2:])
    both = (high - low).clamp(min=0).prod()
    return float(both / ((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - both))
""",
        "Scenes(dataset_dir)",
        """\
    class_names = [str(digit) for digit in range(10)]
""",
        COSINE,
        """\
    def loss_func(self, labels, logits):
        losses = [
            (found - target["boxes"]).abs().mean() / 16
            for found, target in zip(logits, labels)
            if len(target["boxes"])
        ]
        return torch.stack(losses)

    def metrics_func(self, eval_dataloader, eval_function):
        found = []
        for images, targets in eval_dataloader:
            for box, target in zip(eval_function(images), targets):
                found += [overlap(box, truth) for truth in target["boxes"]]
        return float(np.mean(found))

    def pictures(self, images, labels, outputs):
        return [
            {
                "image": (image[0] * 255).round().to(torch.uint8).numpy(),
                "truth": {"boxes": target["boxes"], "labels": target["labels"]},
                "found": {"boxes": box[None], "labels": [0], "scores": [0.9]},
            }
            for image, target, box in zip(images, labels, outputs)
        ]
""",
    )
    + PRE_NET
    + """

class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.box = nn.Linear(24 * 64, 2)

    def forward(self, inputs):
        corner = 16 * self.box(torch.cat(inputs, 1).flatten(1)).sigmoid()
        return torch.cat([corner, corner + 8], 1)
"""
)

FILES = Files(_SCENARIO, _MODULE)
