"""What files expect of TensorFlow, and what they find of it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
import tensorflow as tf

from nasea.backends.tensorflow.user.classic.importing import import_classic
from nasea.backends.tensorflow.user.classic.versions import Expected, expected
from nasea.errors import UserCodeError

Write = Callable[..., Path]

LADDER = """
import tensorflow as tf
if tf.__version__.startswith('2.8'):
    import math as chosen
elif tf.__version__ == '2.1.0':
    import cmath as chosen
elif tf.__version__ == '1.12.0':
    import json as chosen
value = chosen.pi
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, **others: str) -> Path:
        for name, content in {"user_module": text, **others}.items():
            (tmp_path / f"{name}.py").write_text(dedent(content))
        return tmp_path

    return written


@pytest.mark.parametrize(
    "text, version",
    [
        (LADDER, "2.8.0"),
        (LADDER.replace("2.8", "2.21"), None),
        (LADDER.replace("elif tf.__version__ == '1.12.0'", "else"), None),
        (LADDER.replace("value = chosen.pi", ""), None),
        (LADDER.replace("import tensorflow", "import math as chosen, tensorflow"), None),
        (LADDER.replace("if tf.__version__.startswith('2.8')", "if tf.__version__ < '2.8'"), None),
        (LADDER.replace("tf.", "tensorflow.").replace("tensorflow as tf", "tensorflow"), "2.8.0"),
        (
            """
            from tensorflow import __version__ as v
            short = v[:3]
            def which():
                if short == "2.4": return 1
                elif short in ("2.1", "2.0"): return 2
            """,
            "2.4.0",
        ),
        (
            """
            import tensorflow as tf
            class A:
                def __init__(self):
                    if "1.12" in tf.__version__:
                        self.a = 1
                    elif "1.15" in tf.__version__:
                        self.a = 2
                def b(self):
                    return self.a
            """,
            "1.15.0",
        ),
        ("import tensorflow as tf\nif tf.__version__ == '2.4.0':\n    tf.broken = 1\n", None),
    ],
)
def test_which_version_a_file_expects(write: Write, text: str, version: str | None) -> None:
    found = expected(write(text), "2.21.0")
    assert found.version == version
    assert bool(found.places) == (version is not None)


def test_files_that_it_imports_count(write: Write) -> None:
    home = write("from helper import value\n", helper=LADDER)
    assert expected(home, "2.21.0") == Expected("2.8.0", ("helper.py:3",))


def test_only_the_files_themselves_see_another_version(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("library")
    (other / "some_library.py").write_text("import tensorflow as tf\nv = tf.__version__\n")
    monkeypatch.syspath_prepend(str(other))
    truth = tf.__version__
    module, found = import_classic(
        write(LADDER + "import some_library\nfrom tensorflow import __version__ as seen\n"
              "def later():\n    return tf.__version__, tf.version.VERSION\n")
    )  # fmt: skip
    assert found.version == "2.8.0" and module.seen == "2.8.0"
    assert module.later() == ("2.8.0", "2.8.0")
    assert module.value == importlib.import_module("math").pi
    assert module.some_library.v == truth == tf.__version__ == tf.version.VERSION
    sys.modules.pop("some_library")


def test_one_keras_by_all_names(write: Write) -> None:
    module, found = import_classic(
        write(
            """
            import tensorflow.python.keras.backend as K
            from tensorflow.python import keras as old
            from tensorflow.python.keras.layers import Layer
            from tensorflow.python.keras.engine.topology import InputSpec
            from keras.layers import Dense
            import keras
            """
        )
    )
    assert "tensorflow.python.keras.engine.topology" in found.keras and "keras" in found.keras
    assert module.Layer is tf.keras.layers.Layer and module.Dense is tf.keras.layers.Dense
    assert module.InputSpec is tf.keras.layers.InputSpec
    assert module.K is tf.keras.backend or module.K.variable is tf.keras.backend.variable
    assert module.old is tf.keras
    inner = importlib.import_module("tensorflow.python.keras.engine.base_layer_utils")
    assert inner.__name__.startswith("tensorflow.python"), "what TensorFlow itself uses stays"


def test_a_name_that_is_missing_all_the_same_is_explained(write: Write) -> None:
    home = write(LADDER + "if tf.__version__ == '2.2.0':\n    late = 1\nprint(late)\n")
    with pytest.raises(UserCodeError) as caught:
        import_classic(home)
    assert "name 'late' is not defined" in caught.value.trace
    assert "user_module.py:3, user_module.py:10: no branch is for TensorFlow" in str(
        caught.value.fix
    )
