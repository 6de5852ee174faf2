"""What a framework's exported files must keep; a subclass for each framework."""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from nasea.backends.export import formats
from nasea.backends.export.exporter import Array, Exporter, Run
from nasea.errors import DataError, ExportError, NotAvailableError, ResultsError
from nasea.pipeline.export.exported import ExportedFile
from nasea.pipeline.export.exporting import export
from nasea.results.card import card_paths
from nasea.results.front import Front, FrontMember

from .finished import FinishedSearchContract, N


def with_cards(name: str) -> set[str]:
    """The names of an exported file and its cards."""
    return {name, f"{name}.json", f"{name}.md"}


class ExportContract(FinishedSearchContract):
    """The suite."""

    other_format: ClassVar[str]
    exporter: ClassVar[type[Exporter]]
    strict_format: ClassVar[str]
    """One whose runtime insists on the number of images."""

    @pytest.fixture
    @classmethod
    @abstractmethod
    def unsupported(cls) -> tuple[str, str, str]:
        """A format, what to append to user_module.py, the operator that is not in the format."""

    @pytest.fixture
    @classmethod
    @abstractmethod
    def nested(cls) -> str:
        """What to append to user_module.py for PostNet to return a nesting with logits in it."""

    @pytest.fixture
    @classmethod
    @abstractmethod
    def not_finite(cls) -> str:
        """What to append to user_module.py for training images to be NaN from the second batch."""

    @property
    def int8(self) -> str:
        """A format in int8."""
        return next(n for n in self.names if n.endswith("-int8"))

    @property
    def names(self) -> list[str]:
        """The formats whose packages are installed here."""
        own = [each for each in formats.FORMATS.values() if each.framework == self.framework]
        return [each.name for each in own if not each.missing]

    @abstractmethod
    def model_outputs(self, model_file: Path, images: Array) -> Array:
        """What the network of a generated file computes, loaded as a user would."""

    @abstractmethod
    def run_file(self, path: Path, images: Array) -> Array:
        """What a file of the strict format computes, loaded as a user would."""

    def export(self, *names: str, number: int | None = N, **options: Any) -> list[ExportedFile]:
        return export(Path("scen.yaml"), number, names, **options)

    def images(self, home: Path, count: int) -> Array:
        text = (home / "scen.yaml").read_text()
        shape = json.loads(text.partition("input_shape: ")[2].splitlines()[0])
        return np.random.default_rng(0).normal(size=(count, *shape)).astype(np.float32)

    def test_every_file_does_what_the_network_does(self, home: Path) -> None:
        names = self.names
        member = Front.load(home / "results/front.json")[N]
        files = self.export(*names)
        assert [one.format.name for one in files] == names
        for one in files:
            assert one.path.exists() and one.path.parent == Path("results/exported")
            assert one.batch == (1 if one.format.fixed else None)
            if not one.format.runs_here:
                assert one.comparison is one.accuracy is one.milliseconds is None
                continue
            assert one.timed_images == 1
            assert one.comparison.images == one.comparison.predictions > 10
            assert one.milliseconds > 0 and one.size > 1000
            assert one.accuracy + one.drop == pytest.approx(member.accuracy, abs=1e-9)
            if one.format.exact:
                assert one.comparison.changed == one.comparison.ties
                assert one.comparison.difference < 1e-3
                assert one.drop == pytest.approx(0.0, abs=one.comparison.ties + 1e-9)
            else:
                assert 0 < one.comparison.difference < 0.5 * one.comparison.largest
                assert abs(one.drop) <= one.comparison.changed / one.comparison.images + 1e-9
        cards = [path for one in files for path in card_paths(one.path)]
        assert {path.name for path in Path("results/exported").iterdir()} == {
            path.name for path in (*(one.path for one in files), *cards)
        }
        self.assert_cards_are_true(files, member)

    def assert_cards_are_true(self, files: list[ExportedFile], member: FrontMember) -> None:
        for one in files:
            data, text = card_paths(one.path)
            card = json.loads(data.read_text())
            assert card["file"] == one.path.name and card["precision"] == one.format.precision
            count, *shape = card["input"]["tensor"]["shape"]
            assert count == ("N" if one.batch is None else one.batch)
            assert (card["input"]["layout"] == "NCHW") == (self.framework == "pytorch")
            assert len(shape) == 3 and card["input"]["low"] < card["input"]["high"]
            assert card["outputs"][0]["shape"][0] == count
            assert card["quality"]["accuracy"] == one.accuracy
            assert card["price"]["parameters"] == member.parameters
            assert card["price"]["bytes"] == one.size
            int8 = one.format.precision == "int8"
            assert (card["origin"]["calibration_images"] is not None) == int8
            assert f"--format {one.format.name}" in card["origin"]["command"]
            assert one.path.name in text.read_text()

    def test_any_number_of_images_or_just_so_many(self, home: Path) -> None:
        count = 3
        (free,) = self.export(self.strict_format)
        (fixed,) = self.export(self.strict_format, batch=count)
        assert fixed.batch == fixed.timed_images == count
        images = self.images(home, count)
        expected = self.model_outputs(Path(f"results/model_arch_result_{N}.py"), images)
        for one in (free, fixed):
            np.testing.assert_allclose(self.run_file(one.path, images), expected, atol=1e-4)
        several = self.images(home, count + 2)
        assert len(self.run_file(free.path, several)) == count + 2
        with pytest.raises(Exception, match=r"(?i)dimension"):
            self.run_file(fixed.path, several)

    def test_nested_outputs_keep_their_names_and_places(self, home: Path, nested: str) -> None:
        with (home / "user_module.py").open("a") as module:
            module.write(nested)
        member = Front.load(home / "results/front.json")[N]
        for one in self.export(*(n for n in self.names if "-" not in n)):
            if not one.format.runs_here:
                continue
            assert one.accuracy == pytest.approx(member.accuracy, abs=1e-9)
            assert one.comparison.predictions == 2 * one.comparison.images
            assert one.comparison.changed == one.comparison.ties

    def test_an_operator_that_the_format_lacks_is_named(
        self, home: Path, unsupported: tuple[str, str, str]
    ) -> None:
        name, code, operator = unsupported
        with (home / "user_module.py").open("a") as module:
            module.write(code)
        with pytest.raises(ExportError, match=operator) as caught:
            self.export(name)
        assert caught.value.fix
        assert not list(Path("results/exported").iterdir())

    def test_a_runtime_that_cannot_run_the_file(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (earlier,) = self.export()
        before = earlier.path.read_bytes()
        for said, fix in (
            (
                "Unsupported model IR version: 99, max supported IR version: 13",
                "older than the file: pip install --upgrade",
            ),
            ("something else\nand more", "use another --format"),
        ):

            def load(*given: Any, said: str = said) -> Run:
                raise RuntimeError(said)

            monkeypatch.setattr(self.exporter, "load", load)
            line = said.splitlines()[0]
            with pytest.raises(ExportError, match=f"cannot run .*not kept.*: {line}") as caught:
                self.export()
            assert fix in str(caught.value.fix)
            assert earlier.path.read_bytes() == before

    def test_images_that_cannot_calibrate(self, home: Path, not_finite: str) -> None:
        with pytest.raises(DataError, match="--calibration-images 281: .* only 280 im") as caught:
            self.export(self.int8, calibration_images=281)
        assert caught.value.fix == "use --calibration-images 280 or fewer"
        (one,) = self.export(self.int8, calibration_images=3)
        before = one.path.read_bytes()
        with (home / "user_module.py").open("a") as module:
            module.write(not_finite)
        with pytest.raises(DataError, match=r"of the 64 training .* not finite \(NaN or") as caught:
            self.export(self.int8)
        assert caught.value.fix
        assert one.path.read_bytes() == before
        assert {path.name for path in one.path.parent.iterdir()} == with_cards(one.path.name)

    def test_formats_that_cannot_be(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        own = ", ".join(formats.formats_of(self.framework))
        for name in (self.other_format, "docx"):
            with pytest.raises(NotAvailableError, match=f"--format {name}") as caught:
                self.export(name)
            assert own in str(caught.value.fix)
        monkeypatch.setattr(formats, "find_spec", lambda name: None)
        needy = [
            each
            for each in formats.FORMATS.values()
            if each.framework == self.framework and each.packages
        ]
        for each in needy:
            packages = [package for _, package in each.packages]
            with pytest.raises(NotAvailableError, match=f"needs {', '.join(packages)}") as caught:
                self.export(each.name)
            assert caught.value.fix == f"pip install {' '.join(packages)}"
        assert not Path("results/exported").exists()

    def test_networks_that_are_not_there(self, home: Path) -> None:
        front = Front.load(home / "results/front.json")
        for number in (len(front), -1):
            with pytest.raises(ResultsError, match=f"no architecture {number}") as caught:
                self.export(number=number)
            assert f"from 0 to {len(front) - 1}" in str(caught.value.fix)
        with pytest.raises(ResultsError, match="which one"):
            self.export(number=None)

    def test_weights_that_cannot_be_used(self, home: Path) -> None:
        front = Front.load(home / "results/front.json")
        mine, other = (home / "results" / front.files_of(front[n])[1] for n in (N, 0))
        for content, message in (
            (other.read_bytes(), "does not fit"),
            (b"not weights at all", "is not a weights file"),
            (None, "cannot read"),
        ):
            if content is None:
                mine.unlink()
                mine.mkdir()
            else:
                mine.write_bytes(content)
            with pytest.raises(ResultsError, match=message) as caught:
                self.export()
            assert caught.value.fix
