"""The user's metric: what it sees, what it may return, and how it may fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.backends.base import Slice
from nasea.errors import MetricError

from .project import random_genomes, ready, write_module

WHOLE = Slice()


@pytest.mark.parametrize(
    "statement, reason",
    [
        ("return float('nan')", "the metric is nan"),
        ("return torch.tensor(float('inf'))", "the metric is inf"),
        ("raise ValueError('no boxes')", "ValueError: no boxes"),
        ("raise RuntimeError('no boxes')", "RuntimeError: no boxes"),
        ("return undefined_name", "NameError"),
        ("return open('nowhere.json')", "FileNotFoundError"),
        ("assert False, 'nothing found'", "nothing found"),
        ("exit(-1)", "called exit(-1)"),
        ("raise torch.OutOfMemoryError('20 GiB')", "20 GiB"),
    ],
)
def test_a_metric_that_fails_is_a_failed_candidate(
    project: Path, statement: str, reason: str
) -> None:
    write_module(
        project,
        f"""
        class UserModule(UserModule):
            def metrics_func(self, eval_dataloader, eval_function):
                {statement}
        """,
    )
    backend = ready(project)
    measurement = backend.measure(random_genomes(backend.supernet.space, 1)[0], WHOLE)
    assert measurement.metric is None
    assert measurement.failure is not None and reason in measurement.failure
    assert "nasea/backends" not in measurement.failure
    assert Path.cwd() == project


def test_a_network_that_fails_in_evaluation_is_a_failed_candidate(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(PostNet):
            def forward(self, inputs):
                if not self.training and len(inputs) > 1:
                    raise ValueError("cannot evaluate batches")
                return super().forward(inputs)
        """,
    )
    backend = ready(project)
    measurement = backend.measure(random_genomes(backend.supernet.space, 1)[0], WHOLE)
    assert measurement.failure is not None
    assert "cannot evaluate batches" in measurement.failure
    assert "user_module.py" in measurement.failure


@pytest.mark.parametrize("value", ["'0.5'", "None", "[0.5]", "True", "torch.zeros(2)", "1j"])
def test_a_metric_that_is_not_a_number_is_refused(project: Path, value: str) -> None:
    write_module(
        project,
        f"""
        class UserModule(UserModule):
            def metrics_func(self, eval_dataloader, eval_function):
                return {value}
        """,
    )
    backend = ready(project)
    with pytest.raises(MetricError, match="must return a number"):
        backend.measure(random_genomes(backend.supernet.space, 1)[0], WHOLE)


@pytest.mark.parametrize(
    "value",
    ["0.5", "torch.tensor([0.5])", "np.float32(0.5)", "np.array([[0.5]])", "Fraction(1, 2)"],
)
def test_numbers_of_any_kind_are_metrics(project: Path, value: str) -> None:
    write_module(
        project,
        f"""
        from fractions import Fraction
        import numpy as np

        class UserModule(UserModule):
            def metrics_func(self, eval_dataloader, eval_function):
                return {value}
        """,
    )
    backend = ready(project)
    metric = backend.measure(random_genomes(backend.supernet.space, 1)[0], WHOLE).metric
    assert metric == 0.5 and type(metric) is float


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

    def seen(data: Slice) -> list[int]:
        metric = backend.measure(genome, data).metric
        found: list[int] = backend.user._user.seen
        assert metric == len(found)
        return found

    for _ in range(2):  # read, then from memory
        assert seen(WHOLE) == seen(Slice(images=500)) == list(range(20))
        ten = seen(Slice(images=10))
        assert len(set(ten)) == 10 and ten == sorted(ten) and ten[0] == 0 and ten[-1] == 19
        halves = [seen(Slice(images=10, half=half)) for half in (0, 1)]
        assert halves == [ten[0::2], ten[1::2]]


def test_a_metric_works_in_a_private_directory(project: Path) -> None:
    (project / "annotations").mkdir()
    (project / "annotations" / "val.txt").write_text("7")
    (project.parent / "beside.txt").write_text("5")
    write_module(
        project,
        """
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
        """,
    )
    backend = ready(project)
    for genome in random_genomes(backend.supernet.space, 2):
        measurement = backend.measure(genome, WHOLE)
        assert (measurement.metric, measurement.failure) == (7.0, None)
    assert sorted(path.name for path in project.iterdir() if path.name != "__pycache__") == [
        "annotations",
        "user_module.py",
    ]
    assert Path.cwd() == project
