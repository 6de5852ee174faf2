"""What a user of any framework reads when the module is wrong: what, where, and how to fix it.

A framework joins by subclassing :class:`ModuleErrorsContract` where its project is at hand.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasea.backends import open_backend
from nasea.errors import NaseaError, UserCodeError, UserModuleError

from .kit import Kit

OWN = ("nasea/backends", "nasea/space", "torch/nn", "torch/utils", "importlib", "tf_keras/src")


def failure(kind: type[NaseaError], run: Callable[[], object]) -> Any:
    """The error of exactly this kind that ``run`` ends in; only the user's frames may show."""
    with pytest.raises(NaseaError) as caught:
        run()
    assert type(caught.value) is kind, caught.value
    for own in (*OWN, "tensorflow/python", "{{node", "function_node"):
        assert own not in str(caught.value)
    return caught.value


class ModuleErrorsContract(ABC):
    """The suite."""

    kit: Kit

    other_module: str
    """A module written for the other framework."""
    other: str
    """Its name."""

    def whole(self, directory: Path, **changes: Any) -> None:
        """Everything from the import to an epoch of training."""
        backend = self.kit.ready(directory, **changes)
        backend.try_candidates(lambda done, total: None)
        self.kit.train(backend)

    def refused(self, project: Path) -> Any:
        return failure(UserModuleError, lambda: self.kit.opened(project))

    def test_the_backend_is_opened_by_the_scenario(self, project: Path) -> None:
        backend = open_backend(self.kit.scenario(), project)
        assert type(backend.framework) is type(self.kit.opened(project).framework)
        assert backend.environment["device"] == "CPU" and backend.environment["threads"]
        backend.close()

    def test_a_missing_module(self, tmp_path: Path) -> None:
        error = self.refused(tmp_path)
        assert "user_module.py was not found" in error.message and str(tmp_path) in error.message
        assert "nasea init" in str(error.fix)

    @pytest.mark.parametrize("name", ["UserModule", "PreNet", "PostNet"])
    def test_a_missing_class(self, project: Path, name: str) -> None:
        self.kit.write_module(project, f"del {name}")
        assert f"class {name} is missing" in self.refused(project).message

    def test_a_missing_method(self, project: Path) -> None:
        for name, methods in self.kit.INTERFACE.items():
            for method, arguments in methods.items():
                if method == "__init__" and not arguments:
                    continue  # object has one that will do
                self.kit.write_module(project, f"del {name}.{method}")
                expected = f"method {name}.{method}({', '.join(['self', *arguments])}) is missing"
                assert expected in self.refused(project).message

    def test_wrong_signatures_are_told_at_once(self, project: Path) -> None:
        loss, metric = (text.partition("(")[0] for text in (self.kit.LOSS, self.kit.METRIC))
        data = self.kit.DATA.partition("(")[0]
        self.kit.write_module(
            project,
            f"""
            UserModule.{loss} = lambda self, logits: 0
            UserModule.{data} = lambda self, d: 0
            UserModule.{metric} = 3
            PostNet.__init__ = lambda self, classes: None
            del PreNet
            """,
        )
        message = self.refused(project).message
        for part in (
            f"UserModule.{loss}(self, logits) must accept UserModule.{self.kit.LOSS}",
            f"UserModule.{data}(self, d) must accept UserModule.{self.kit.DATA}",
            f"UserModule.{metric} must be a method",
            "PostNet.__init__(self, classes) must accept PostNet.__init__(self)",
            "class PreNet is missing",
        ):
            assert part in message

    def test_a_module_of_the_other_framework(self, project: Path) -> None:
        (project / "user_module.py").write_text(self.other_module)
        error = self.refused(project)
        assert f"is written for {self.other}" in error.message
        assert f"framework: {self.other}" in str(error.fix)

    def test_a_syntax_error_shows_its_place(self, project: Path) -> None:
        (project / "user_module.py").write_text("import sys\n\ndef f(:\n    pass\n")
        error = failure(UserCodeError, lambda: self.kit.opened(project))
        assert f'File "{project}/user_module.py", line 3' in error.message
        assert "def f(:" in error.message and "SyntaxError" in error.message

    def test_an_exception_at_import_shows_its_frames(self, project: Path) -> None:
        (project / "helper.py").write_text("def load():\n    return {}['weights']\n")
        self.kit.write_module(project, "import helper\nhelper.load()")
        message = failure(UserCodeError, lambda: self.kit.opened(project)).message
        assert f'{project}/user_module.py"' in message and f'{project}/helper.py"' in message
        assert "KeyError: 'weights'" in message

    @pytest.mark.parametrize(
        "statement, shown",
        [
            ("exit(3)", "it called exit(3)"),
            ("import no_such_package_anywhere", "No module named 'no_such_package_anywhere'"),
        ],
    )
    def test_an_import_that_ends(self, project: Path, statement: str, shown: str) -> None:
        self.kit.write_module(project, statement)
        error = failure(UserCodeError, lambda: self.kit.opened(project))
        assert shown in error.message and "user_module.py" in error.message

    def test_each_directory_has_its_own_module(self, project: Path) -> None:
        other = project / "other"
        other.mkdir()
        self.kit.write_module(project, "WHICH = 'first'")
        self.kit.write_module(other, "WHICH = 'second'")
        order = (project, other, project, other)
        found = [self.kit.opened(where).user._module.WHICH for where in order]
        assert found == ["first", "second", "first", "second"]

    @pytest.mark.parametrize("owner", ["PreNet", "PostNet"])
    def test_an_exception_that_has_no_text(self, project: Path, owner: str) -> None:
        (method,) = set(self.kit.INTERFACE[owner]) - {"__init__"}
        self.kit.write_module(
            project,
            f"""
            class Mute(Exception):
                def __str__(self):
                    raise RuntimeError("no text")

            class {owner}({owner}):
                def {method}(self, inputs, *given, **named):
                    raise Mute
            """,
        )
        error = failure(UserCodeError, lambda: self.whole(project))
        assert f"{owner}.{method}" in error.doing and "Mute" in error.trace

    def expect_frames(
        self, project: Path, owner: str, method: str, doing: str, statement: str, text: str
    ) -> None:
        """A statement in a method of the user fails; the error shows just that."""
        self.kit.write_module(
            project, f"class {owner}({owner}):\n    def {method}:\n        {statement}\n"
        )
        error = failure(UserCodeError, lambda: self.whole(project))
        assert doing in error.doing
        lines = (project / "user_module.py").read_text().splitlines()
        line = lines.index(f"        {statement}") + 1
        where = f'File "{project}/user_module.py", line {line}, in {method.partition("(")[0]}'
        assert where in error.trace
        assert statement in error.trace and text in error.trace
