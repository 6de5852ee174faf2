"""The user's metric with PyTorch: the contract, and what it sees."""

from __future__ import annotations

from pathlib import Path

from contracts.metric import MetricContract
from nasea.backends.records import EvaluationSubset

from . import project as small_project
from .project import random_genomes, ready, write_module

WHOLE = EvaluationSubset()

PRIVATE = """
    from pathlib import Path

    class Lazy(Images):
        def __getitem__(self, index):
            assert Path("../beside.txt").read_text() == "5"
            return super().__getitem__(index)

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return Lazy(int(dataset_dir))

        def metrics_func(self, eval_dataloader, eval_function):
            list(eval_dataloader)
            written = Path("result.json")
            assert not written.exists(), "left over from another candidate"
            written.write_text("[]")
            return int(Path("annotations/val.txt").read_text())
"""


class TestMetric(MetricContract):
    kit = small_project
    out_of_memory = "raise torch.OutOfMemoryError('20 GiB')"
    numbers = ("torch.tensor([0.5])", "torch.tensor(0.5)")
    no_numbers = ("torch.zeros(2)",)
    private = PRIVATE


def test_the_metric_sees_the_slice_asked_for(project: Path) -> None:
    write_module(
        project,
        """
        class Numbered(Images):
            def __getitem__(self, index):
                return super().__getitem__(index)[0], index

        class UserModule(UserModule):
            def dataset_define(self, dataset_dir, is_training):
                return (Images if is_training else Numbered)(int(dataset_dir))

            def metrics_func(self, eval_dataloader, eval_function):
                self.seen = torch.cat([labels for _, labels in eval_dataloader]).tolist()
                return len(self.seen)
        """,
    )
    backend = ready(project)
    genome = random_genomes(backend.supernet.space, 1)[0]

    def seen(data: EvaluationSubset) -> list[int]:
        metric = backend.measure(genome, data).metric
        found: list[int] = backend.user._user.seen
        assert metric == len(found)
        return found

    for _ in range(2):  # read, then from memory
        assert seen(WHOLE) == seen(EvaluationSubset(images=500)) == list(range(20))
        ten = seen(EvaluationSubset(images=10))
        assert len(set(ten)) == 10 and ten == sorted(ten) and ten[0] == 0 and ten[-1] == 19
        halves = [seen(EvaluationSubset(images=10, half=half)) for half in (0, 1)]
        assert halves == [ten[0::2], ten[1::2]]
