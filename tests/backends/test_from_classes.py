"""Classes of a notebook become a file that means the same in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from nasea.backends.user.from_classes import user_module_text, write_user_module
from nasea.errors import NaseaError, UserModuleError

CELLS = """\
from __future__ import annotations
import math, xml.dom.minidom
import collections.abc as abc
from pathlib import Path as P
# %%
SCALE = 2
NAMES = ['a']
NAMES.append('b')
HOME = P('some') / 'where'
images = 'not used'
# %%
def twice(x):
    return SCALE * x


def decorated(f):
    return f
# %%
class Base:
    kind = 'base'
# %%
class PreNet:
    pass
# %%
class PreNet(Base):
    '''The last one counts.'''

    @decorated
    def forward(self, inputs):
        images = twice(inputs)
        return images + math.floor(0.5)
# %%
class UserModule:
    def __init__(self, epoch, batch_size):
        self.names = NAMES, HOME
        self.sized: abc.Sized = xml.dom.minidom.Document
# %%
def PostNet():
    return PreNet()
# %%
SCALE = 3  # set anew after the function that uses it
""".split("# %%\n")


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of a notebook in which the cells were run."""
    module = types.ModuleType("cells_of_a_notebook")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    vars(module)["In"] = [*CELLS, "this cell ( was never run"]
    for cell in CELLS:
        exec(compile(cell, "<cell>", "exec"), vars(module))
    return module


def test_the_file_needs_nothing_of_the_notebook(notebook: Any, tmp_path: Path) -> None:
    parts = [notebook.PostNet, notebook.UserModule, notebook.PreNet]
    path = write_user_module(parts, tmp_path / "project")
    code = (
        "import user_module as found\n"
        "print(found.PreNet().forward(2), found.PostNet().kind, found.UserModule(1, 1).names)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=path.parent, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == f"6 base {(['a', 'b'], Path('some', 'where'))}", done.stderr
    text = path.read_text("utf-8")
    assert "not used" not in text and text.count("class PreNet") == 1
    before = path.stat().st_mtime_ns
    write_user_module(parts, path.parent)
    assert path.stat().st_mtime_ns == before, "the same file is left alone"


def test_classes_with_other_names(notebook: Any) -> None:
    parts = {"UserModule": notebook.UserModule, "PreNet": notebook.Base, "PostNet": notebook.Base}
    text = user_module_text(parts)
    assert "PreNet = Base" in text and "PostNet = Base" in text
    assert text.count("class Base") == 1


def test_classes_of_a_module_are_imported(notebook: Any) -> None:
    parts = {"UserModule": notebook.UserModule, "PreNet": Path, "PostNet": notebook.PostNet}
    text = user_module_text(parts)
    assert "from pathlib import Path\n" in text and "PreNet = Path" in text


def test_a_file_of_the_users_is_not_overwritten(notebook: Any, tmp_path: Path) -> None:
    mine = tmp_path / "user_module.py"
    mine.write_text("# mine\n")
    with pytest.raises(NaseaError, match="is there already") as caught:
        write_user_module([notebook.UserModule, notebook.PreNet, notebook.PostNet], tmp_path)
    assert "leave user_module= out" in str(caught.value.fix)
    assert mine.read_text() == "# mine\n"


def test_a_directory_that_cannot_be_written_is_told(notebook: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NaseaError, match=r"cannot write .*file/user_module\.py: File exists"):
        write_user_module(
            [notebook.UserModule, notebook.PreNet, notebook.PostNet], tmp_path / "file"
        )


def test_what_is_missing_is_told(notebook: Any) -> None:
    with pytest.raises(NaseaError, match="takes the classes UserModule, PreNet, PostNet; found Us"):
        user_module_text([notebook.UserModule])
    with pytest.raises(NaseaError, match="takes classes, found PreNet <"):
        user_module_text([notebook.UserModule, notebook.PreNet(), notebook.PostNet])
    vars(notebook)["In"] = CELLS[:-4]
    with pytest.raises(UserModuleError, match="the source of UserModule cannot be found"):
        user_module_text([notebook.UserModule, notebook.PreNet, notebook.PostNet])


def test_a_script_runs_with_classes_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    cells = "\n".join(CELLS).replace("import math", "import nasea.backends.user.from_classes, math")
    main = """
if __name__ == "__main__":
    write = nasea.backends.user.from_classes.write_user_module
    write([UserModule, PreNet, PostNet], P("."))
    import user_module
    print(user_module.PreNet().forward(2))
"""
    script.write_text(cells + main)
    done = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "6\n", done.stderr
