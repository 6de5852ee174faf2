"""Ways in which people write modules, in any framework: what works, and what is told of the rest.

A framework joins by subclassing :class:`HabitsContract` where its project is at hand.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from nasea.backends.records import EvaluationSubset
from nasea.errors import DataError, UserModuleError

from .kit import Kit, same
from .module_errors import failure

SMALL = {
    "supernet__filters": [12],
    "supernet__strides": [2],
    "supernet__blocks": ["separable_k3", "basic_x0.5"],
}


class HabitsContract(ABC):
    """The suite."""

    kit: Kit

    works: ClassVar[Mapping[str, str]]
    """What a module may do -> what to append to it."""
    same_as_plain: ClassVar[Mapping[str, str]]
    """The same network and data written in another way -> what to append."""
    refused: ClassVar[Mapping[str, tuple[str, str, str]]]
    """What it may not -> (what to append, words of the message, words of the fix)."""
    fixed: ClassVar[Mapping[str, str]]
    """PreNet or PostNet -> what to append so that it returns eight outputs, whatever it gets."""
    images: ClassVar[Mapping[str, tuple[str, str]]]
    """Images of another type -> (what to append, how the message calls them)."""
    divided: ClassVar[Mapping[str, str]]
    """A data set whose images are not finite -> what to append."""
    shared: ClassVar[str]
    """Validation images that are among the training images."""
    unseen: ClassVar[str]
    """Validation labels that no training image has."""

    def whole(self, project: Path, changes: str) -> Any:
        """Probe, train and score a project with ``changes``; returns the backend."""
        self.kit.write_module(project, changes)
        backend = self.kit.ready(project, **SMALL)
        backend.try_candidates(lambda done, total: None)
        self.kit.train(backend, range(2))
        return backend

    def test_it_works(self, project: Path) -> None:
        for name, changes in self.works.items():
            backend = self.whole(project, changes)
            genomes = [(0,), (1,)]
            first = [backend.measure(genome, EvaluationSubset()) for genome in genomes]
            assert all(m.failure is None for m in first), (name, first)
            assert [backend.measure(genome, EvaluationSubset()) for genome in genomes] == first, (
                name
            )

    def test_the_same_written_otherwise_is_the_same(self, project: Path) -> None:
        plain = self.whole(project, "")
        expected = [plain.measure((gene,), EvaluationSubset()).metric for gene in (0, 1)]
        weights = list(self.kit.weights(plain).values())
        for name, changes in self.same_as_plain.items():
            backend = self.whole(project, changes)
            assert [backend.measure((g,), EvaluationSubset()).metric for g in (0, 1)] == expected, (
                name
            )
            found = list(self.kit.weights(backend).values())
            pairs = (dict(enumerate(arrays)) for arrays in (weights, found))
            assert same(*pairs), name

    def test_what_cannot_be_is_refused(self, project: Path) -> None:
        for name, (changes, text, fix) in self.refused.items():
            self.kit.write_module(project, changes)
            error = failure(UserModuleError, lambda: self.kit.attached(project, **SMALL))
            assert text in error.message and fix in str(error.fix or error.message), (name, error)

    def test_an_end_whose_number_of_images_is_fixed_is_refused(self, project: Path) -> None:
        text = {"PreNet": "changed the number of images from 1 to 8", "PostNet": "for 8 images and"}
        for name, changes in self.fixed.items():
            self.kit.write_module(project, changes)
            error = failure(UserModuleError, lambda: self.kit.attached(project, **SMALL))
            assert f"user_module.py: {name}." in error.message and text[name] in error.message
            assert "however many there are" in str(error.fix)

    def test_images_of_another_type_are_told(self, project: Path) -> None:
        for changes, text in self.images.values():
            self.kit.write_module(project, changes)
            error = failure(DataError, lambda: self.kit.attached(project, **SMALL))
            assert "floating-point" in error.message and text in error.message, error
            assert "convert the images in the data set" in str(error.fix)

    def test_images_that_are_not_finite_are_told(self, project: Path) -> None:
        for name, changes in self.divided.items():
            self.kit.write_module(project, changes)
            error = failure(DataError, lambda: self.kit.attached(project, **SMALL))
            assert f"the {name} data set gives images with values that are" in error.message
            assert "division by zero" in str(error.fix)

    def notices(self, project: Path, changes: str, **more: Any) -> str:
        """The notices about the data."""
        self.kit.write_module(project, changes)
        backend = self.kit.attached(project, **SMALL | more)
        backend.try_candidates(lambda done, total: None)
        return "\n".join(str(notice) for notice in backend.notices)

    def test_validation_images_among_the_training_images_are_told(self, project: Path) -> None:
        whole = {"searcher": {"bn_images": 44}}
        assert "training images" not in self.notices(project, "", **whole)
        assert "of 20 validation images at least 20 are" in self.notices(
            project, self.shared, **whole
        )

    def test_validation_labels_that_are_never_trained_are_told(self, project: Path) -> None:
        sizes: Any = {"dataset": {"train_dir": "200", "val_dir": "100"}}
        sizes["searcher"] = {"bn_images": 200}
        assert "labels" not in self.notices(project, "", **sizes)
        assert "labels 7, 8, 9" in self.notices(project, self.unseen, **sizes)
